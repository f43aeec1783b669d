import Glibc
import Language
import Pools
import Posix
import Processes

/// Taking results in.
extension Pool {
  /// Something has come from a worker.
  func receive(_ worker: WorkerExecutor) {
    // A few at a time, so that one worker does not keep the others waiting.
    for _ in 0..<4 {
      switch readPacket(worker) {
      case .packet: if worker.batchCount == 0 { return }
      case .nothing: return
      case .end:
        if let watch = worker.socketWatch { session.loop.remove(watch) }
        worker.socketWatch = nil
        return
      }
    }
  }

  /// All that a dead worker has sent.
  func drain(_ worker: WorkerExecutor) {
    while case .packet = readPacket(worker) {}
  }

  private enum Reading { case packet, nothing, end }

  /// The kernel lacks something now: the worker's socket is read again after a while.
  private func receiveLater(_ worker: WorkerExecutor) {
    if let watch = worker.socketWatch { session.loop.remove(watch) }
    worker.socketWatch = nil
    after(Pool.shortageTime) { [weak self, weak worker] in
      guard let self, let worker, !worker.isGone, worker.socketWatch == nil else { return }
      do throws(SystemError) {
        worker.socketWatch = try session.loop.watch(worker.socket, for: .read, as: .worker) {
          [self] in receive(worker)
        }
      } catch {
        receiveLater(worker)
      }
    }
  }

  /// How long to wait before something is tried again that the kernel had no room for (ns).
  private static let shortageTime: Int64 = 10_000_000

  private func readPacket(_ worker: WorkerExecutor) -> Reading {
    let message: ReceivedMessage?
    do throws(SystemError) {
      message = try Messages.receive(worker.socket, into: incoming)
    } catch {
      if [ENOMEM, ENOBUFS, EMFILE, ENFILE, EINTR].contains(error.code) {
        if !worker.isGone { receiveLater(worker) }
        return .nothing
      }
      return .end
    }
    guard let message else { return .nothing }
    if message.count == 0 { return .end }
    let bytes = incoming[..<min(message.count, incoming.count)]
    take(UnsafeRawBufferPointer(rebasing: bytes), message, from: worker)
    return .packet
  }

  private func take(
    _ bytes: UnsafeRawBufferPointer, _ message: ReceivedMessage, from worker: WorkerExecutor
  ) {
    guard let head = TaskPacket(bytes) else { return }
    let descriptors = message.descriptors
    switch head.kind {
    case .hello: becomeReady(worker)
    case .capture: takeCapture(descriptors, from: worker)
    case .unable: takeStartFailure(bytes, from: worker)
    case .results:
      if worker.isStarting { becomeReady(worker) }
      guard let batch = worker.batch(head) else {
        for fd in descriptors { Descriptors.close(fd) }
        return
      }
      let hasFailures = takeResults(bytes, descriptors, isCut: message.isCut, of: batch, worker)
      if head.flags.contains(.isFinished) {
        finished(batch, worker)
        act()
        if worker.batchCount == 0, worker.state == .working { worker.tell(waits: true) }
      } else if hasFailures {
        act()
      }
    default: break
    }
  }

  private func becomeReady(_ worker: WorkerExecutor) {
    guard let slot = worker.slot, worker.isStarting else { return }
    scheduler.ready(slot)
    if worker.batchCount == 0 { worker.tell(waits: true) }
    act()
  }

  /// A worker could not begin: the first of them that fails so is told of, the others likely share
  /// its fate.
  private func takeStartFailure(_ bytes: UnsafeRawBufferPointer, from worker: WorkerExecutor) {
    var entries = TaskEntries(bytes)
    guard let entry = entries.next(),
      case .error(let error)? = try? codec.value(entry.payload)
    else { return }
    worker.startFailure = error.message
    if !toldFailures.insert(error.message).inserted || toldFailures.count > 3 { return }
    session.report(error)
  }

  /// Results that a worker sent, or that were in its ledger when it died; yields whether attempts
  /// failed.
  ///
  /// What was sent and still stood in the ledger comes twice, and is passed over.
  @discardableResult
  func takeResults(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32], isCut: Bool = false,
    of batch: TaskBatch, _ worker: WorkerExecutor
  ) -> Bool {
    guard batch.job.client is PoolJob else {
      for fd in descriptors { Descriptors.close(fd) }
      return false
    }
    let first = batch.reported
    var isTaken = false
    let hasFailures = takeResults(bytes, of: batch) { payload in
      isTaken = true
      return try value(payload, descriptors, isCut: isCut)
    }
    if !isTaken { for fd in descriptors { Descriptors.close(fd) } }
    worker.tasksDone += batch.reported - first
    return hasFailures
  }

  /// Likewise of a worker wherever it is.
  ///
  /// - Parameters:
  ///   - host: where that is, for records; nil for here.
  ///   - decode: makes a value of its bytes.
  func takeResults(
    _ bytes: UnsafeRawBufferPointer, of batch: TaskBatch, host: String? = nil,
    _ decode: (UnsafeRawBufferPointer) throws -> Value
  ) -> Bool {
    guard let job = batch.job.client as? PoolJob else { return false }
    var entries = TaskEntries(bytes)
    let first = batch.reported
    // Those that succeed one after the other are told to the scheduler together.
    var place = first
    let (count, start) = (batch.count, batch.start)
    var failures = 0
    while let (mark, payload) = entries.next() {
      guard Int(mark >> 1) == place, place < count else { continue }
      let task = start.map { $0 + place } ?? batch[place]
      let failure: ErrorObject
      do {
        let value = try decode(payload)
        if mark & 1 == 0 {
          place += 1
          if let host, job.policy.isRecorded { TaskRecord.note(host, in: value) }
          job.deliver(task, value)
          continue
        }
        failure = if case .error(let error) = value { error } else { Pool.unreadable("no error") }
        if let host, let record = failure.payload["record"] { TaskRecord.note(host, in: record) }
      } catch {
        failure = Pool.unreadable(
          (error as? ErrorObject)?.message ?? "\(error)", error as? ErrorObject)
      }
      failures += 1
      scheduler.succeeded(batch, upTo: place)
      job.failed(batch, place, .error, failure)
      place += 1
    }
    scheduler.succeeded(batch, upTo: place)
    succeeded += place - first - failures
    job.hasProgressed()
    return failures > 0
  }

  @inline(__always)
  private func value(
    _ payload: UnsafeRawBufferPointer, _ descriptors: [Int32], isCut: Bool
  ) throws -> Value {
    if isCut {
      for fd in descriptors { Descriptors.close(fd) }
      throw ReceivedMessage.cut.asError("its descriptors are lost")
    }
    guard let memory = descriptors.first else { return try codec.value(payload) }
    defer { Descriptors.close(memory) }
    return try codec.value(memory: memory, descriptors.dropFirst())
  }

  private static func unreadable(_ message: String, _ error: ErrorObject? = nil) -> ErrorObject {
    ErrorObject(
      error?.kind ?? .system, "the result of a task cannot be read: \(message)", help: error?.help)
  }

  /// A worker has done with a batch; `act` follows.
  func finished(_ batch: TaskBatch, _ worker: WorkerExecutor) {
    worker.batches[batch.tag] = nil
    worker.batchCount -= 1
    scheduler.finished(batch)
  }
}
