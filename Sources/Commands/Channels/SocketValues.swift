import Channels
import Language
import Posix
import Session

/// Values, lines and bytes through a connection, each value a frame.
extension SocketHandle {
  /// Sends a value, waiting for room.
  func send(_ value: Value, _ wait: Wait) throws {
    let verb = "send to"
    _ = try working(verb) { try socket.connection() }
    if let type = value.boundToProcess {
      throw ErrorObject(
        .type, "cannot \(verb) \(shown): a \(type) means something on this side only",
        help: "send data, such as its name or address; a pipe or queue carries a \(type)")
    }
    let body = try ValueCodec.data.message(value).bytes
    if body.count > mostBytes {
      throw ErrorObject(
        .limit,
        "cannot \(verb) \(shown): the value takes \(sizeText(body.count)), and at most "
          + "\(sizeText(mostBytes)) are possible", help: "send it in parts")
    }
    try working(verb) { try socket.send(body, wait) }
  }

  /// Receives the next value, waiting for it.
  func receive(_ wait: Wait) throws -> Value {
    while true {
      if let value = try takeValue() { return value }
      try working("receive from") { try socket.awaitBytes(wait) }
    }
  }

  /// The next value, nil if it is not complete yet.
  func takeValue() throws -> Value? {
    let verb = "receive from"
    guard let body = try working(verb, { try socket.takeFrame(limit: mostBytes) }) else {
      return nil
    }
    do {
      let value = try body.withUnsafeBytes { try ValueCodec.data.value($0) }
      if value.boundToProcess == nil { return value }
    } catch let error as ErrorObject where error.kind != .limit {
      // The next frame can still be a value.
    }
    throw ErrorObject(
      .type, "cannot \(verb) \(shown): what came is no value", help: SocketHandle.otherSide)
  }

  /// What to do where no values come.
  static let otherSide = "the other side may send no values: socket read takes lines and bytes"

  /// Writes all of some bytes, waiting for room; an error has the field `written`.
  func write(_ bytes: [UInt8], _ wait: Wait) throws {
    var written = 0
    do {
      try working("write to") {
        try bytes.withUnsafeBytes { try socket.write($0, wait, written: &written) }
      }
    } catch let error as ErrorObject {
      throw error.amended { $0.payload["written"] = .int(written) }
    }
  }

  /// Reads bytes, as text where they are one.
  func read(_ body: (StreamSocket) throws -> [UInt8]) throws -> Value {
    let bytes = try working("read from") { try body(socket) }
    let text = bytes.withUnsafeBufferPointer { buffer in
      (try? UTF8Span(validating: buffer.span)) == nil ? nil : StringObject.make(valid: buffer)
    }
    return text.map { .string($0) } ?? .bytes(BytesObject(bytes))
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
