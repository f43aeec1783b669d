import Language
import Processes

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
