import Glibc
import Posix
import Processes

/// Lines, bytes and frames through a connection.
///
/// All wait by a `Wait` and throw `ChannelError.timeout` at its end, `SocketError`, `SystemError`, and
/// what the sleeper throws to abandon the wait.
extension StreamSocket {
  /// Writes all of some bytes, waiting for room.
  ///
  /// - Parameters:
  ///   - isFrame: a part of it would make all that follows unreadable: none follows then.
  ///   - written: how many bytes went out, also where it throws.
  /// - Complexity: O(n), and a copy of none of them.
  public func write(
    _ bytes: UnsafeRawBufferPointer, isFrame: Bool = false, _ wait: Wait, written: inout Int
  ) throws {
    written = 0
    _ = try connection()
    if isCutShort { throw SocketError.cutShort }
    if isWriting { throw SocketError.busy }
    isWriting = true
    defer { isWriting = false }
    do {
      while written < bytes.count {
        let fd = try connection()
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        if let count = try ending({ try Socket.send(fd, rest) }) {
          written += count
        } else {
          try wait.sleep(on: fd, for: .write)
        }
      }
    } catch {
      if isFrame, written > 0 { cutShort() }
      throw error
    }
  }

  // MARK: Reading

  /// Reads what is there, at most 64 KiB, waiting for some; a Unicode scalar of which only a part has
  /// come waits for its rest.
  public func readSome(_ wait: Wait) throws -> [UInt8] {
    try reading(wait) { fd in
      let progress = try inbox.fill(to: 1 << 16, fd)
      let whole = inbox.bytes.count - (progress == .ended ? 0 : inbox.incompleteTail)
      if whole > 0 { return inbox.take(whole) }
      if progress == .ended { try atEnd() }
      return nil
    }
  }

  /// Reads a line, without its newline; the last one may have none.
  ///
  /// - Parameter limit: how many bytes it may have.
  public func readLine(limit: Int, _ wait: Wait) throws -> [UInt8] {
    try reading(wait) { fd in
      let (progress, end) = try inbox.fillLine(fd)
      switch progress {
      case .complete: return inbox.take(end + 1).dropLast()
      case .waiting:
        if inbox.bytes.count > limit { throw SocketError.tooLong(.line(limit: limit)) }
        return nil
      case .ended:
        try atEnd()
        return inbox.take(.max)
      }
    }
  }

  /// Reads so many bytes; fewer only at the end.
  public func readBytes(_ count: Int, _ wait: Wait) throws -> [UInt8] {
    try reading(wait) { fd in
      switch try inbox.fill(to: count, fd) {
      case .complete: return inbox.take(count)
      case .waiting: return nil
      case .ended:
        try atEnd()
        return inbox.take(.max)
      }
    }
  }

  /// Reads all that comes until the other side has no more.
  ///
  /// - Parameter limit: how many bytes that may be.
  public func readAll(limit: Int, _ wait: Wait) throws -> [UInt8] {
    try reading(wait) { fd in
      if try inbox.fill(to: limit + 1, fd) == .ended { return inbox.take(.max) }
      if inbox.bytes.count > limit { throw SocketError.tooLong(.text(limit: limit)) }
      return nil
    }
  }

  /// Waits until a step has a result.
  private func reading(_ wait: Wait, _ step: (Int32) throws -> [UInt8]?) throws -> [UInt8] {
    while true {
      let fd = try connection()
      if let bytes = try ending({ try step(fd) }) { return bytes }
      try wait.sleep(on: fd, for: .read)
    }
  }

  /// Throws if nothing was read before the end.
  private func atEnd() throws(SocketError) {
    if inbox.bytes.isEmpty { throw .ended(.betweenMessages) }
  }

  // MARK: Frames

  /// The length of a frame's head: that of its body in four bytes, the most significant first.
  private static let headSize = 4

  /// Sends bytes that the other side gets whole, waiting for room.
  ///
  /// - Parameter body: copied first, since a signal handler that runs meanwhile may use its memory.
  public func send(_ body: UnsafeRawBufferPointer, _ wait: Wait) throws {
    _ = try connection()
    guard let length = UInt32(exactly: body.count) else {
      throw ChannelError.tooLarge(limit: Int(UInt32.max))
    }
    var frame: [UInt8] = []
    frame.reserveCapacity(StreamSocket.headSize + body.count)
    withUnsafeBytes(of: length.bigEndian) { frame.append(contentsOf: $0) }
    frame.append(contentsOf: body)
    var written = 0
    try frame.withUnsafeBytes { try write($0, isFrame: true, wait, written: &written) }
  }

  /// The next frame's body, nil if it is not complete yet.
  ///
  /// - Parameter limit: how many bytes it may have.
  public func takeFrame(limit: Int) throws -> [UInt8]? {
    let fd = try connection()
    let head = StreamSocket.headSize
    guard try fill(to: head, fd) else { return nil }
    let length = inbox.bytes[..<head].reduce(0) { $0 << 8 | Int($1) }
    if length > limit { throw SocketError.tooLong(.frame(count: length)) }
    guard try fill(to: head + length, fd) else { return nil }
    return Array(inbox.take(head + length).dropFirst(head))
  }

  /// Sleeps until something came, or for no reason.
  public func awaitBytes(_ wait: Wait) throws { try wait.sleep(on: descriptor, for: .read) }

  /// Whether there are so many bytes now; throws if there never will be.
  private func fill(to count: Int, _ fd: Int32) throws -> Bool {
    switch try ending({ try inbox.fill(to: count, fd) }) {
    case .complete: return true
    case .waiting: return false
    case .ended:
      let had = inbox.bytes.count
      throw SocketError.ended(had == 0 ? .betweenMessages : .inFrame(had: had, count: count))
    }
  }

  /// Runs calls on the connection: what they fail of when the other side is gone is its end.
  private func ending<R>(_ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as SystemError {
      switch error.code {
      case EPIPE, ECONNRESET, ENOTCONN, ECONNABORTED: throw SocketError.ended(.betweenMessages)
      case ETIMEDOUT: throw SocketError.ended(.unreachable)
      default: throw error
      }
    }
  }
}

extension Wait {
  /// Sleeps until a descriptor is ready, or for no reason; throws `timeout` once the time is over.
  func sleep(on fd: Int32, for interest: Interest) throws {
    try check()
    let probe = interest == .write ? try WritableProbe(fd) : nil
    defer { probe?.close() }
    _ = try sleep(probe?.descriptor ?? fd)
  }
}
