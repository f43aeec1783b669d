import Language
import Posix
import Processes
import Session

/// Lines and bytes through a connection.
extension SocketHandle {
  /// Writes all of some bytes, waiting for room.
  ///
  /// - Parameter isFrame: a part of it would make all that follows unreadable.
  func write(_ bytes: [UInt8], _ what: String, isFrame: Bool = false, until deadline: Int64) throws
  {
    _ = try connection(what)
    if isCutShort {
      throw ErrorObject(
        .closed, "cannot \(what) \(shown): an earlier value went out in part only",
        help: "close it and connect again")
    }
    if isWriting {
      throw ErrorObject(
        .type, "cannot \(what) \(shown): this signal handler has interrupted a write to it",
        help: "leave a mark in a variable, and write when the other write is done")
    }
    isWriting = true
    defer { isWriting = false }
    var done = 0
    do {
      try bytes.withUnsafeBytes { all in
        while done < all.count {
          let fd = try connection(what)
          let rest = UnsafeRawBufferPointer(rebasing: all[done...])
          if let count = try working(what, { try Socket.send(fd, rest) }) {
            done += count
          } else {
            try session.sleep(on: fd, for: .write, until: deadline, isOver: timeout(what))
          }
        }
      }
    } catch {
      if isFrame, done > 0 { cutShort() }
      if !isFrame, let error = error as? ErrorObject { error.payload["written"] = .int(done) }
      throw error
    }
  }

  /// The other side shall see that the value ends early, rather than wait for the rest.
  private func cutShort() {
    isCutShort = true
    if descriptor >= 0 { Socket.endWriting(descriptor) }
  }

  /// Reads what is there; a Unicode scalar of which only a part has come waits for its rest.
  func readSome(until deadline: Int64) throws -> Value {
    try reading(until: deadline) { fd in
      let progress = try inbox.fill(to: 1 << 16, fd)
      let whole = inbox.bytes.count - (progress == .ended ? 0 : inbox.incompleteTail)
      return whole > 0 ? decoded(inbox.take(whole)) : progress == .ended ? try atEnd() : nil
    }
  }

  /// Reads a line, without its newline; the last one may have none.
  func readLine(until deadline: Int64) throws -> Value {
    try reading(until: deadline) { fd in
      let (progress, end) = try inbox.fillLine(fd)
      switch progress {
      case .complete:
        let line = inbox.take(end + 1)
        return decoded(Array(line.dropLast()))
      case .waiting:
        try checkSize("line")
        return nil
      case .ended: return try atEnd().map { _ in decoded(inbox.take(.max)) }
      }
    }
  }

  /// Reads so many bytes; fewer only at the end.
  func readBytes(_ count: Int, until deadline: Int64) throws -> Value {
    if count > mostBytes {
      throw ErrorObject(.limit, "at most \(sizeText(mostBytes)) can be read at once")
    }
    return try reading(until: deadline) { fd in
      switch try inbox.fill(to: count, fd) {
      case .complete: return decoded(inbox.take(count))
      case .waiting: return nil
      case .ended: return try atEnd().map { _ in decoded(inbox.take(.max)) }
      }
    }
  }

  /// Reads all that comes until the other side has no more.
  func readAll(until deadline: Int64) throws -> Value {
    try reading(until: deadline) { fd in
      if try inbox.fill(to: mostBytes + 1, fd) == .ended { return decoded(inbox.take(.max)) }
      try checkSize("text")
      return nil
    }
  }

  /// Waits until a step has a result.
  private func reading(until deadline: Int64, _ step: (Int32) throws -> Value?) throws -> Value {
    let what = "read from"
    while true {
      let fd = try connection(what)
      if let value = try working(what, { try step(fd) }) { return value }
      try session.sleep(on: fd, for: .read, until: deadline, isOver: timeout(what))
    }
  }

  /// What was read before the end; throws if nothing was.
  private func atEnd() throws -> Value? {
    if inbox.bytes.isEmpty { throw ended("read from") }
    return .null
  }

  private func checkSize(_ thing: String) throws {
    if inbox.bytes.count > mostBytes {
      throw ErrorObject(
        .limit, "cannot read from \(shown): the \(thing) is longer than \(sizeText(mostBytes))",
        help: "socket read --bytes reads it in parts")
    }
  }

  /// Text, or bytes where they are none.
  private func decoded(_ bytes: [UInt8]) -> Value {
    let text = bytes.withUnsafeBufferPointer { buffer in
      (try? UTF8Span(validating: buffer.span)) == nil ? nil : StringObject.make(valid: buffer)
    }
    return text.map { .string($0) } ?? .bytes(BytesObject(bytes))
  }
}
