import CPosix
import Glibc
import Posix

/// What an open descriptor leads to.
public struct OpenDescriptor: Sendable, Equatable {
  /// What a descriptor leads to.
  public enum Kind: Sendable, Equatable {
    case pipe, socket, namedPipe, file, terminal, device, event, poll, process, timer, signals
    case watch, other
  }

  /// Its number in that process.
  public let number: Int32
  /// What it leads to.
  public let kind: Kind
  /// Whether it is open for reading.
  public let isReadable: Bool
  /// Whether it is open for writing.
  public let isWritable: Bool
  /// Device and inode; of pipes and sockets only the inode, which is theirs alone.
  public let file: FileID
}

/// A file, pipe or socket of this machine.
public struct FileID: Hashable, Sendable {
  /// The device of the file system (stat(2)).
  public let device: UInt64
  /// The inode on that device.
  public let inode: UInt64

  /// Makes one of both numbers.
  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

extension ProcFiles {
  /// The open descriptors of a process, in no order.
  public func descriptors(of pid: Int32) -> Reading<[OpenDescriptor]> {
    if hidden.contains(.descriptors) { return .hidden(errno: EACCES) }
    var capacity: Int32 = 256
    while true {
      var found: Int32 = 0
      let entries = [brood_fd_entry](unsafeUninitializedCapacity: Int(capacity)) { room, count in
        found = brood_proc_fds(pid, room.baseAddress, capacity)
        count = Int(min(capacity, max(0, found)))
      }
      if found < 0 { return .failed(Int(found)) }
      if found <= capacity { return .known(entries.map(OpenDescriptor.init)) }
      capacity = found + 64
    }
  }

  /// Facts of one descriptor (/proc/PID/fdinfo).
  public func facts(of pid: Int32, descriptor: Int32) -> Reading<DescriptorFacts> {
    if hidden.contains(.descriptors) { return .hidden(errno: EACCES) }
    return with(pid, "fdinfo/\(descriptor)", DescriptorFacts.init(lines:))
  }
}

extension OpenDescriptor {
  init(_ entry: brood_fd_entry) {
    number = entry.fd
    isReadable = entry.access & 1 != 0
    isWritable = entry.access & 2 != 0
    file = FileID(device: entry.device, inode: entry.inode)
    kind =
      switch Int(entry.kind) {
      case Int(BROOD_FD_PIPE): .pipe
      case Int(BROOD_FD_SOCKET): .socket
      case Int(BROOD_FD_FIFO): .namedPipe
      case Int(BROOD_FD_FILE): .file
      case Int(BROOD_FD_CHARACTER): OpenDescriptor.isTerminal(entry.special) ? .terminal : .device
      case Int(BROOD_FD_EVENT): .event
      case Int(BROOD_FD_EPOLL): .poll
      case Int(BROOD_FD_PROCESS): .process
      case Int(BROOD_FD_TIMER): .timer
      case Int(BROOD_FD_SIGNAL): .signals
      case Int(BROOD_FD_WATCH): .watch
      default: .other
      }
  }

  /// Terminals of consoles, serial lines and windows (Linux's devices.txt).
  private static func isTerminal(_ device: UInt64) -> Bool {
    let major = (device >> 8) & 0xfff
    return major == 4 || major == 5 || (136...143).contains(major) || major == 204
  }
}

/// What /proc/PID/fdinfo says of a descriptor, beyond its position.
public struct DescriptorFacts: Sendable, Equatable {
  /// Which eventfd it is, of all on the machine, and its count.
  public var eventID: Int?
  /// The count of an eventfd.
  public var eventCount: UInt64?
  /// The process of a pidfd; -1 once it was waited for.
  public var process: Int32?
  /// What an epoll descriptor watches.
  public var watched: [Awaited.Polled] = []
  /// The signals of a signalfd, by their numbers.
  public var signals: [Int32] = []
  /// What is left of a timerfd's time (ns); 0 if it is not set.
  public var timeLeft: Int64?
  /// The locks that this open file has: `FLOCK`, `POSIX` or `OFDLCK`, and who took it, as in
  /// /proc/locks.
  public var locks: [Lock] = []
  /// Descriptors that are on their way in messages of a Unix socket.
  public var inFlight = 0
  /// A lock as an open file shows it.
  public struct Lock: Sendable, Equatable {
    /// `FLOCK`, `POSIX` or `OFDLCK`.
    public let style: String
    /// Who took it; -1 for an open file description.
    public let pid: Int32
  }

  /// The status flags, as of open(2).
  public var flags: Int32 = 0

  /// - Parameter bytes: what the file says.
  init(lines bytes: UnsafeRawBufferPointer) {
    var lines = ProcLines(bytes)
    while var line = lines.next() {
      if line.isNamed("flags") {
        flags = line.nextNumber(radix: 8).map { Int32(truncatingIfNeeded: $0) } ?? 0
      } else if line.isNamed("eventfd-id") {
        eventID = line.nextNumber().map { Int(clamping: $0) }
      } else if line.isNamed("eventfd-count") {
        eventCount = line.nextNumber(radix: 16)
      } else if line.isNamed("Pid") {
        process = line.nextWord().flatMap(DescriptorFacts.pid)
      } else if line.isNamed("scm_fds") {
        inFlight = line.nextNumber().map { Int(clamping: $0) } ?? 0
      } else if line.isNamed("sigmask") {
        guard let mask = line.nextNumber(radix: 16) else { continue }
        signals = (1...64).filter { mask & (1 << UInt64($0 - 1)) != 0 }.map { Int32($0) }
      } else if line.isNamed("it_value") {
        timeLeft = DescriptorFacts.time(&line)
      } else if line.isNamed("lock") {
        addLock(&line)
      } else if line.isNamed("tfd") {
        addWatched(&line)
      }
    }
  }

  /// A pid; -1 is that of one that was waited for.
  private static func pid(_ word: UnsafeRawBufferPointer) -> Int32? {
    if word.count == 2, word[0] == UInt8(ascii: "-"), word[1] == UInt8(ascii: "1") { return -1 }
    return ProcLine.number(word).flatMap { Int32(exactly: $0) }
  }

  /// `it_value: (12, 345678901)`: seconds and nanoseconds.
  private static func time(_ line: inout ProcLine) -> Int64? {
    var numbers: [Int64] = []
    while numbers.count < 2, let word = line.nextWord() {
      let digits = word.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let number = digits.withUnsafeBytes({ ProcLine.number($0) }) else { continue }
      numbers.append(Int64(clamping: number))
    }
    return numbers.count < 2 ? nil : numbers[0] &* 1_000_000_000 &+ numbers[1]
  }

  /// `lock: 1: FLOCK ADVISORY WRITE 4711 08:01:77 0 EOF`.
  private mutating func addLock(_ line: inout ProcLine) {
    guard line.nextWord() != nil, let style = line.nextWord(), line.nextWord() != nil,
      line.nextWord() != nil, let word = line.nextWord(), let pid = DescriptorFacts.pid(word)
    else { return }
    locks.append(Lock(style: String(decoding: style, as: UTF8.self), pid: pid))
  }

  /// `tfd: 5 events: 19 data: 5 pos:0 ino:1f sdev:9`.
  private mutating func addWatched(_ line: inout ProcLine) {
    guard let number = line.nextNumber().flatMap({ Int32(exactly: $0) }),
      line.skip(behind: "events"),
      let events = line.nextNumber(radix: 16).map({ UInt32(truncatingIfNeeded: $0) })
    else { return }
    let inode = line.skip(behind: "ino") ? line.nextNumber(radix: 16) : nil
    // EPOLLIN and EPOLLOUT; without both it is told of the other side's end.
    let wantsRoom = events & 4 != 0
    watched.append(
      Awaited.Polled(
        descriptor: number, wantsInput: events & 1 != 0 || !wantsRoom, wantsRoom: wantsRoom,
        inode: inode))
  }
}
