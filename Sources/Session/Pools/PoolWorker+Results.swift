import Language
import Posix

/// What tasks yield gathers in the ledger, and is sent from there.
extension PoolWorker {
  func begin(_ head: TaskPacket) {
    ledger.replaceResults {
      TaskPacket(.results, slot: head.slot, batch: head.batch).write(to: ledger.results)
      ledger.gathered = TaskPacket.headSize
    }
  }

  func gather(
    _ value: Value, _ index: Int, _ isFailed: Bool, _ head: TaskPacket
  ) throws {
    var isFailed = isFailed
    var message: (bytes: UnsafeRawBufferPointer, descriptors: [Int32])
    do {
      message = try codec.message(value)
    } catch {
      // A result that cannot travel is the task's error.
      isFailed = true
      message = try codec.message(.error(PoolWorker.unsendable(asObject(error), isFailed)))
    }
    let mark = UInt32(truncatingIfNeeded: index) << 1 | (isFailed ? 1 : 0)
    let size = TaskPacket.entryHeadSize + message.bytes.count
    if size > TaskPacket.mostBytes || !message.descriptors.isEmpty {
      do {
        return try sendAlone(message, mark, head)
      } catch let error as ErrorObject where error.kind == .limit && !isFailed {
        return try gather(.error(PoolWorker.unsendable(error, true)), index, true, head)
      }
    }
    if ledger.gathered + size > TaskPacket.mostBytes { try flush(head, isFinished: false) }
    let place = ledger.gathered
    _ = TaskEntries.write(message.bytes, mark: mark, to: ledger.results + place)
    ledger.gathered = place + size
  }

  private static func unsendable(_ error: ErrorObject, _ isFailed: Bool) -> ErrorObject {
    ErrorObject(
      error.kind, "the result of a task cannot be sent: \(error.message)", help: error.help)
  }

  /// Sends what has gathered; it stands in the ledger until it was sent.
  func flush(_ head: TaskPacket, isFinished: Bool) throws {
    if ledger.gathered <= TaskPacket.headSize, !isFinished { return }
    try ledger.replaceResults {
      TaskPacket(
        .results, slot: head.slot, flags: isFinished ? .isFinished : [], batch: head.batch
      ).write(to: ledger.results)
      try send(UnsafeRawBufferPointer(start: ledger.results, count: ledger.gathered))
      ledger.gathered = isFinished ? 0 : TaskPacket.headSize
    }
  }

  private func sendAlone(
    _ message: (bytes: UnsafeRawBufferPointer, descriptors: [Int32]), _ mark: UInt32,
    _ head: TaskPacket
  ) throws {
    var descriptors = message.descriptors
    // An entry with the mark alone; what belongs to it lies in the memory beside it.
    let memory = try mapErrors("cannot send a result of \(message.bytes.count) bytes") {
      try MemoryFile.sealed("brood result", message.bytes)
    }
    defer { Descriptors.close(memory) }
    descriptors.insert(memory, at: 0)
    try flush(head, isFinished: false)
    try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { buffer in
      guard let base = buffer.baseAddress else { return }
      TaskPacket(.results, slot: head.slot, flags: .isLarge, batch: head.batch).write(to: base)
      let empty = UnsafeRawBufferPointer(start: nil, count: 0)
      let size = TaskEntries.write(empty, mark: mark, to: base + TaskPacket.headSize)
      try send(
        UnsafeRawBufferPointer(start: base, count: TaskPacket.headSize + size), descriptors)
    }
  }
}
