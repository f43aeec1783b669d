import Language
import Posix
import Processes

/// What turns values into bytes and back, for every way between processes.
///
/// Made when first needed, so that a fork has less to copy.
public final class Transport {
  private(set) var usedEncoder: WireEncoder?
  private(set) var usedDecoder: WireDecoder?

  /// Makes what knows how handles travel, when it is first needed; set by a layer above.
  public var makeHandles: () -> any HandleCoder = { ProcessCoder() }
  private lazy var handles = makeHandles()

  /// The same, if it knows of handles with descriptors.
  private(set) lazy var coder = handles as? any DescriptorCoder

  func close(_ descriptor: Int32) { Descriptors.close(descriptor) }

  /// The session's encoder, for one message at a time.
  public func encoder(_ interpreter: Interpreter) -> WireEncoder {
    if let usedEncoder { return usedEncoder }
    let encoder = WireEncoder(interpreter, handles: handles)
    usedEncoder = encoder
    return encoder
  }

  /// The session's decoder, for one message at a time.
  public func decoder(_ interpreter: Interpreter) -> WireDecoder {
    if let usedDecoder { return usedDecoder }
    let decoder = WireDecoder(interpreter, handles: handles)
    usedDecoder = decoder
    return decoder
  }

  /// Runs something else while a message may be waiting to go out: what it sends is encoded
  /// elsewhere.
  func setAside<R>(_ body: () throws -> R) rethrows -> R {
    let (encoder, decoder) = (usedEncoder, usedDecoder)
    let (outgoing, incoming) = (coder?.outgoing ?? Outgoing(), coder?.incoming ?? [])
    (usedEncoder, usedDecoder) = (nil, nil)
    defer {
      (usedEncoder, usedDecoder) = (encoder, decoder)
      coder?.outgoing = outgoing
      coder?.incoming = incoming
    }
    return try body()
  }
}

/// What a forked block returns (KERNEL.md).
extension Session {
  /// In the child, at its end: leaves the value for the parent to read when it waits.
  func store(_ result: Value, _ slot: SlotID?, _ interpreter: Interpreter) throws {
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
    let encoder = transport.encoder(interpreter)
    var lost: ErrorObject?
    encoder.onLoss = { lost = lost ?? $0 }
    defer { encoder.onLoss = nil }
    transport.coder?.outgoing = .withoutDescriptors
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
    guard let slot = process.slot, let slots, let size = slots.size(of: slot), let interpreter
    else { return .null }
    let decoder = transport.decoder(interpreter)
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
    postponing { try output.flush() }
    Session.say("warning: \(message)")
  }
}

/// Lets the handle of a process travel: by its number and name, which the receiver has to know.
public final class ProcessCoder: HandleCoder {
  /// The kind of its handles on the wire.
  public static let kind: UInt8 = 1

  public init() {}

  public func encode(_ handle: Handle) throws -> (kind: UInt8, bytes: [UInt8]) {
    guard let process = handle as? ProcessHandle else { throw Wire.cannotSend(handle) }
    let pid = withUnsafeBytes(of: process.pid.bigEndian, Array.init)
    return (ProcessCoder.kind, pid + Array(process.name.utf8))
  }

  public func encodedCount(of handle: Handle) throws -> Int {
    guard let process = handle as? ProcessHandle else { throw Wire.cannotSend(handle) }
    return 4 + process.name.utf8.count
  }

  public func decode(kind: UInt8, bytes: UnsafeRawBufferPointer) throws -> Handle {
    guard kind == ProcessCoder.kind, bytes.count >= 4 else {
      throw ErrorObject(.type, "a handle of an unknown kind arrived")
    }
    let pid = Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))
    let name = String(decoding: bytes.dropFirst(4), as: UTF8.self)
    guard let process = Session.current.known(pid, name) else {
      throw ErrorObject(
        .missing, "the process '\(name)' (\(pid)) is not known to this process",
        help: "only the process that made it, and those forked later, know it")
    }
    return process
  }
}

extension Session {
  /// A process that this one made or was told of when it was forked.
  fileprivate func known(_ pid: Int32, _ name: String) -> ProcessHandle? {
    for candidate in [processes.child(pid), names[name] as? ProcessHandle] {
      if let candidate, candidate.pid == pid, candidate.name == name { return candidate }
    }
    if let ended = processes.ended(pid: pid), ended.name == name { return ended }
    return nil
  }
}
