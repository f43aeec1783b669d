import CPosix
import Glibc
import Posix

/// What /proc/PID/stat says about a process (proc_pid_stat(5)).
public struct ProcessStat: Sendable {
  /// The pid.
  public var pid: Int32 = 0

  /// The name, at most 15 bytes, with whatever characters the process gave itself.
  public var name = ""

  /// One letter: R S D T t Z X I.
  public var state: UInt8 = 0
  /// The pid of its parent.
  public var parent: Int32 = 0
  /// Its process group.
  public var group: Int32 = 0
  /// Its session (setsid(2)).
  public var session: Int32 = 0

  /// The controlling terminal's device number; 0 is none.
  public var terminal: Int32 = 0

  /// The terminal's foreground group; -1 is none.
  public var foregroundGroup: Int32 = -1

  /// CPU time in nanoseconds, in steps of a clock tick.
  public var userTime: Int64 = 0
  /// CPU time in the kernel, in nanoseconds.
  public var systemTime: Int64 = 0
  /// Its niceness, -20 to 19.
  public var nice: Int32 = 0
  /// How many threads it has.
  public var threads: Int32 = 0

  /// Start in clock ticks after boot: with the pid it names a process for ever.
  public var startTicks: UInt64 = 0

  /// Address space and resident memory, in bytes.
  public var virtualSize: Int64 = 0
  /// Memory that is there, in bytes.
  public var residentSize: Int64 = 0

  /// The CPU it last ran on.
  public var processor: Int32 = 0

  /// Whether it is on its way out: killed, or past its last instruction.
  public var isEnding = false

  /// Whether it is a thread of the kernel, which has no descriptors and no memory of its own.
  public var isKernelThread = false

  /// How a zombie ended, as waitpid(2) will tell; of one that was stopped the signal, until its
  /// parent has waited for that; else 0.
  public var exitCode: Int32 = 0

  /// Whether it is a zombie, or about to be reaped.
  public var hasEnded: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

  /// Now, as `startTicks` counts (CLOCK_BOOTTIME, clock_gettime(2)).
  public static var ticksNow: UInt64 {
    var now = timespec()
    guard clock_gettime(CLOCK_BOOTTIME, &now) == 0 else { return 0 }
    return UInt64(max(0, Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))) / UInt64(ticks)
  }

  /// Whether the first of two processes, each by the tick of its start and its pid, is the older one.
  ///
  /// Behind the largest pid the kernel begins with small ones again, so of two with the same tick
  /// that with the smaller pid need not be older.
  public static func isOlder(
    _ one: (ticks: UInt64, pid: Int32), than other: (ticks: UInt64, pid: Int32)
  ) -> Bool {
    if one.ticks != other.ticks { return one.ticks < other.ticks }
    // Half of pid_max as it is by default: so many processes are not made in one tick.
    let farthest: Int32 = 32768 / 2
    let distance = other.pid - one.pid
    return abs(distance) > farthest ? distance < 0 : distance > 0
  }

  /// Start in nanoseconds after boot.
  public var startTime: Int64 { Int64(startTicks) * ticks }
}

private let ticks = 1_000_000_000 / max(1, brood_clock_ticks())
private let page = brood_page_size()

extension ProcReader {
  /// Reads a process's stat line.
  public func stat(_ pid: Int32) -> ProcessStat? { with(pid, "stat", ProcessStat.init(line:)) }

  /// The same; nil only where there is no such process.
  public func statIfThere(_ pid: Int32) throws(SystemError) -> ProcessStat? {
    let line: UnsafeRawBufferPointer
    do throws(SystemError) {
      line = try lend(pid, "stat")
    } catch {
      if error.code == ENOENT || error.code == ESRCH { return nil }
      throw error
    }
    guard let stat = ProcessStat(line: line) else {
      throw SystemError(call: "read", code: EIO, detail: "/proc/\(pid)/stat")
    }
    return stat
  }
}

extension ProcessStat {
  /// Parses the line; the name may hold blanks and parentheses, so its end is the last `)`.
  public init?(line: UnsafeRawBufferPointer) {
    guard let open = line.firstIndex(of: UInt8(ascii: "(")),
      let close = line.lastIndex(of: UInt8(ascii: ")")), close + 2 < line.count, open < close
    else { return nil }
    var head = NumberReader(rest: line[..<open])
    pid = Int32(truncatingIfNeeded: head.next())
    name = String(decoding: line[(open + 1)..<close], as: UTF8.self)
    state = line[close + 2]
    var fields = NumberReader(rest: line[(close + 3)...])
    parent = Int32(truncatingIfNeeded: fields.next())
    group = Int32(truncatingIfNeeded: fields.next())
    session = Int32(truncatingIfNeeded: fields.next())
    terminal = Int32(truncatingIfNeeded: fields.next())
    foregroundGroup = Int32(truncatingIfNeeded: fields.next())
    let flags = fields.next()
    isEnding = flags & 0x4 != 0  // PF_EXITING of the kernel
    isKernelThread = flags & 0x20_0000 != 0  // PF_KTHREAD
    fields.skip(4)
    userTime = fields.next() * ticks
    systemTime = fields.next() * ticks
    fields.skip(3)
    nice = Int32(truncatingIfNeeded: fields.next())
    threads = Int32(truncatingIfNeeded: fields.next())
    fields.skip(1)
    startTicks = UInt64(bitPattern: fields.next())
    virtualSize = fields.next()
    residentSize = fields.next() &* page
    fields.skip(14)
    processor = Int32(truncatingIfNeeded: fields.next())
    fields.skip(12)
    exitCode = Int32(truncatingIfNeeded: fields.next())
  }
}

/// Takes decimal numbers out of a line, without making strings.
private struct NumberReader {
  var rest: Slice<UnsafeRawBufferPointer>

  mutating func next() -> Int64 {
    var index = rest.startIndex
    while index < rest.endIndex, rest[index] == UInt8(ascii: " ") { index += 1 }
    let isNegative = index < rest.endIndex && rest[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var value: Int64 = 0
    while index < rest.endIndex, case let digit = rest[index] &- UInt8(ascii: "0"), digit < 10 {
      value = value &* 10 &+ Int64(digit)
      index += 1
    }
    rest = rest[index...]
    return isNegative ? -value : value
  }

  mutating func skip(_ count: Int) {
    for _ in 0..<count { _ = next() }
  }
}
