import Language
import Posix
import Processes
import Session

/// Whole values through a connection: each is a frame, its length in four bytes, the most
/// significant first, and then the value's bytes.
extension SocketHandle {
  private static let headerSize = 4

  // Without an interpreter and a coder of handles, only data passes in either direction.
  nonisolated(unsafe) private static let encoder = WireEncoder()
  nonisolated(unsafe) private static let decoder = WireDecoder()

  /// Sends a value, waiting for room.
  ///
  /// - Parameter deadline: monotonic ns.
  func send(_ value: Value, until deadline: Int64) throws {
    let what = "send to"
    _ = try connection(what)
    if let type = value.boundToProcess {
      throw ErrorObject(
        .type, "cannot \(what) \(shown): a \(type) means something on this side only",
        help: "send data, such as its name or address; a pipe or queue carries a \(type)")
    }
    let body = try SocketHandle.encoder.encode(value)
    if body.count > mostBytes {
      throw ErrorObject(
        .limit,
        "cannot \(what) \(shown): the value takes \(sizeText(body.count)), and at most "
          + "\(sizeText(mostBytes)) are possible", help: "send it in parts")
    }
    // Copied, since a signal handler that runs while this waits may send something too.
    var frame: [UInt8] = []
    frame.reserveCapacity(SocketHandle.headerSize + body.count)
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: body.count).bigEndian) {
      frame.append(contentsOf: $0)
    }
    frame.append(contentsOf: body)
    try write(frame, what, isFrame: true, until: deadline)
  }

  /// Receives the next value, waiting for it.
  func receive(until deadline: Int64) throws -> Value {
    while true {
      if let value = try takeValue() { return value }
      try session.sleep(
        on: descriptor, for: .read, until: deadline, isOver: timeout("receive from"))
    }
  }

  /// The next value, nil if it is not complete yet.
  func takeValue() throws -> Value? {
    let what = "receive from"
    let fd = try connection(what)
    let size = SocketHandle.headerSize
    guard try fill(to: size, fd, what) else { return nil }
    let length = inbox.bytes[..<size].reduce(0) { $0 << 8 | Int($1) }
    if length > mostBytes {
      throw ErrorObject(
        .limit, "cannot \(what) \(shown): what comes would take \(sizeText(length))",
        help: "the other side may send no values: socket read takes lines and bytes")
    }
    guard try fill(to: size + length, fd, what) else { return nil }
    let frame = inbox.take(size + length)
    do {
      let value = try frame[size...].withUnsafeBytes { try SocketHandle.decoder.decode($0) }
      if value.boundToProcess == nil { return value }
    } catch let error as ErrorObject where error.kind != .limit {
      // The next frame can still be a value.
    }
    throw ErrorObject(
      .type, "cannot \(what) \(shown): what came is no value",
      help: "the other side may send no values: socket read takes lines and bytes")
  }

  /// Whether there are so many bytes now; throws if there never will be.
  private func fill(to count: Int, _ fd: Int32, _ what: String) throws -> Bool {
    switch try working(what, { try inbox.fill(to: count, fd) }) {
    case .complete: return true
    case .waiting: return false
    case .ended:
      let had = inbox.bytes.count
      throw had == 0
        ? ended(what)
        : ended(what, "in the middle of a value (\(had) of \(count) bytes came)")
    }
  }
}

extension Value {
  /// The type of something in a value that means nothing outside of its process; nil for data.
  var boundToProcess: String? {
    switch self {
    case .handle, .closure, .stream: return typeName
    case .list(let list):
      for item in list.items { if let type = item.boundToProcess { return type } }
    case .map(let map):
      for (_, item) in map.pairs { if let type = item.boundToProcess { return type } }
    case .report(let report): return report.value.boundToProcess
    case .cell(let cell): return cell.value.boundToProcess
    default: break
    }
    return nil
  }
}
