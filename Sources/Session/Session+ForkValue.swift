import Language
import Posix
import Processes

/// What a forked block returns (KERNEL.md).
extension Session {
  /// In the child, at its end: leaves the value for the parent to read when it waits.
  func store(_ result: Value, _ slot: SlotID?) throws {
    // A report was printed, which may be all that was meant.
    var isReport = false
    if case .report = result { isReport = true }
    let value = result.plain
    // A block that ends with `fork` or `spawn` does not mean to return the process.
    switch value {
    case .null, .missing: return
    case .stream:
      if isReport { return }
      warn(
        "process '\(ownName ?? "")' returns null: a stream cannot leave its process; "
          + "'[...STREAM]' takes its items along")
      return
    case .handle(let handle as ProcessHandle) where processes.child(handle.pid) === handle: return
    default: break
    }
    guard let slot, let slots else { return }
    let encoder = codec.encoder
    var lost: ErrorObject?
    encoder.onLoss = { lost = lost ?? $0 }
    defer { encoder.onLoss = nil }
    codec.travel?.outgoing = .withoutDescriptors
    var size = 0
    do {
      try encoder.encode(value) { bytes in
        try slots.store(bytes, at: size, in: slot)
        size += bytes.count
      }
    } catch let error as SystemError {
      if isReport { return }
      let size = try encoder.encodedSize(of: value)
      throw error.asError(
        "cannot return a value of \(sizeText(size))",
        help: "write it to a file, or send it in parts")
    }
    if case .handle = value, lost != nil { return }
    slots.publish(slot, size: size)
    if let lost, !isReport {
      warn("process '\(ownName ?? "")' returns null in part: \(lost.message)")
    }
  }

  /// In the parent: what an ended child left.
  public func value(of process: ProcessHandle) -> Value {
    guard let slot = process.slot, let slots, let size = slots.size(of: slot) else {
      return .null
    }
    let decoder = codec.decoder
    var lost: ErrorObject?
    decoder.onLoss = { lost = lost ?? $0 }
    defer { decoder.onLoss = nil }
    do {
      let result = try read(slots, slot, size, decoder)
      if let lost {
        warn("null stands in the value of process '\(process.name)': \(lost.message)")
      }
      return result
    } catch {
      let reason = (error as? ErrorObject)?.message ?? "\(error)"
      warn("the value of process '\(process.name)' is lost: \(reason)")
      return .null
    }
  }

  private func read(
    _ slots: ProcessSlots, _ slot: SlotID, _ size: Int, _ decoder: WireDecoder
  ) throws -> Value {
    if size <= 4096 {
      return try withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { buffer in
        try slots.read(into: buffer, at: 0, of: slot)
        return try decoder.decode(UnsafeRawBufferPointer(buffer))
      }
    }
    var place = 0
    return try decoder.decode(length: size) { buffer in
      try slots.read(into: buffer, at: place, of: slot)
      place += buffer.count
      return buffer.count
    }
  }

  private func warn(_ message: String) {
    tell("warning: \(message)", "warning of a value")
  }
}
