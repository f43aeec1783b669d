import Posix

/// Bytes that came through a connection and are not complete yet.
///
/// Nothing is read ahead of what was asked for, so that a forked child can go on where its parent
/// stopped. Memory grows with what came, never on the word of a length.
struct SocketInbox {
  enum Progress {
    case complete
    /// More must come.
    case waiting
    /// Nothing more will.
    case ended
  }

  private(set) var bytes: [UInt8] = []
  /// How many of them are known to have no newline.
  private var searched = 0

  /// - Parameter bytes: what had come elsewhere.
  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  private static let chunk = 1 << 16
  // After so many, signals and other sources have their turn.
  private static let rounds = 64

  /// Reads until there are `count` bytes.
  mutating func fill(to count: Int, _ fd: Int32) throws(SystemError) -> Progress {
    for _ in 0..<SocketInbox.rounds {
      if bytes.count >= count { return .complete }
      let room = min(count - bytes.count, SocketInbox.chunk)
      guard let got = try read(room, fd) else { return .waiting }
      if got == 0 { return .ended }
    }
    return bytes.count >= count ? .complete : .waiting
  }

  /// Reads until there is a newline, and not beyond it; tells where it is.
  mutating func fillLine(_ fd: Int32) throws(SystemError) -> (progress: Progress, end: Int) {
    for _ in 0..<SocketInbox.rounds {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) { return (.complete, end) }
      searched = bytes.count
      // A look without taking tells how much belongs to the line.
      let room = SocketInbox.chunk
      let length = try withUnsafeTemporaryAllocation(byteCount: room, alignment: 16) {
        buffer throws(SystemError) -> Int? in
        guard let count = try Socket.receive(fd, into: buffer, keeping: true) else { return nil }
        let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n"))
        return end.map { $0 + 1 } ?? count
      }
      guard let length else { return (.waiting, 0) }
      if length == 0 { return (.ended, 0) }
      if try read(length, fd) == nil { return (.waiting, 0) }
    }
    return (.waiting, 0)
  }

  /// Appends at most `room` bytes that are there; nil if none are, 0 at the end.
  private mutating func read(_ room: Int, _ fd: Int32) throws(SystemError) -> Int? {
    try withUnsafeTemporaryAllocation(byteCount: room, alignment: 16) {
      buffer throws(SystemError) -> Int? in
      guard let count = try Socket.receive(fd, into: buffer) else { return nil }
      bytes.append(contentsOf: buffer[..<count])
      return count
    }
  }

  /// Takes the first bytes out.
  mutating func take(_ count: Int) -> [UInt8] {
    searched = 0
    if count >= bytes.count {
      defer { bytes = [] }
      return bytes
    }
    let taken = Array(bytes[..<count])
    bytes.removeFirst(count)
    return taken
  }

  /// How many bytes at the end begin a Unicode scalar that is not complete.
  var incompleteTail: Int {
    for length in 1...3 where length <= bytes.count {
      let byte = bytes[bytes.count - length]
      if byte & 0xC0 == 0x80 { continue }
      let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return needed > length ? length : 0
    }
    return 0
  }
}
