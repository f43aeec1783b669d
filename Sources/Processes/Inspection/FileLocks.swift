/// A lock of a file, or a wait for one (/proc/locks).
public struct FileLock: Sendable, Equatable {
  /// By which call it is taken: flock(2), fcntl(2) for a record or an open file, a lease.
  public enum Style: Sendable, Equatable { case whole, record, open, lease, other }

  /// The same number for a lock and those that wait for it.
  public let number: Int
  /// By which call it is taken.
  public let style: Style
  /// Whether no other may have it at the same time.
  public let isExclusive: Bool
  /// Who took it or waits; of a lock of an open file -1, and 0 where it is of another namespace.
  public let pid: Int32
  /// Whether it is waited for, and not held.
  public let isWaiting: Bool
  /// The device as `major:minor` in hexadecimal digits, as it stands there, and the inode.
  public let device: String
  /// The inode of the file.
  public let inode: UInt64
  /// The first byte and the last, nil for the end of the file.
  public let range: (first: UInt64, last: UInt64?)

  /// Compares all that tells locks apart.
  public static func == (one: FileLock, other: FileLock) -> Bool {
    one.number == other.number && one.style == other.style && one.pid == other.pid
      && one.isWaiting == other.isWaiting && one.isExclusive == other.isExclusive
      && one.device == other.device && one.inode == other.inode && one.range == other.range
  }

  /// One line: `1: -> FLOCK  ADVISORY  WRITE 4711 08:01:77 0 EOF`.
  init?(line: Substring) {
    var fields = line.split(separator: " ")[...]
    guard let head = fields.popFirst(), head.last == ":", let number = Int(head.dropLast()) else {
      return nil
    }
    self.number = number
    isWaiting = fields.first == "->"
    if isWaiting { fields.removeFirst() }
    guard fields.count >= 7 else { return nil }
    let words = Array(fields)
    style =
      switch words[0] {
      case "FLOCK": .whole
      case "POSIX": .record
      case "OFDLCK": .open
      case "LEASE", "DELEG": .lease
      default: .other
      }
    isExclusive = words[2] == "WRITE" || words[2] == "RW"
    guard let pid = Int32(words[3]) else { return nil }
    self.pid = pid
    let file = words[4].split(separator: ":")
    guard file.count == 3, let inode = UInt64(file[2]) else { return nil }
    device = "\(file[0]):\(file[1])"
    self.inode = inode
    guard let first = UInt64(words[5]) else { return nil }
    range = (first, UInt64(words[6]))
  }
}

extension ProcFiles {
  /// The locks of all files and the waits for them, as far as the kernel shows them here.
  public func locks() -> Reading<[FileLock]> {
    text(0, "locks").map { $0.split(separator: "\n").compactMap(FileLock.init(line:)) }
  }
}
