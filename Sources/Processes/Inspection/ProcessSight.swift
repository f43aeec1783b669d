import CPosix
import Glibc
import Posix

/// What is seen of a process at one moment.
public struct ProcessSight: Sendable {
  /// What /proc/PID/stat says.
  public var stat: ProcessStat
  /// How often it gave up its CPU to wait; nil if it cannot be read.
  public var switches: Int?
  /// Its signals.
  public var signals = Signals()
  /// The user to whom it belongs.
  public var user: UInt32 = 0
  /// The process that traces it; 0 for none.
  public var tracer: Int32 = 0
  /// What its first thread does.
  public var activity: Activity
  /// Of a process with several threads: how many of them are on a CPU or ready for one.
  public var runningThreads = 0
  /// What its first thread has had of CPUs so far; nil if it is not told.
  public var turn: Turn?

  /// How long and how often a thread has been on a CPU (/proc/PID/schedstat): as long as neither has
  /// changed it has not run, so that it is in the same sleep.
  public struct Turn: Sendable, Equatable {
    /// Nanoseconds on a CPU.
    public var time: Int64
    /// Times on a CPU.
    public var count: Int64
  }

  /// Its signals, each set as bits from 1 << 0 for the first.
  public struct Signals: Sendable, Equatable {
    /// Those that wait, as bits from signal 1 on.
    public var pending: UInt64 = 0
    /// Those that are blocked, likewise.
    public var blocked: UInt64 = 0
    /// Those that are ignored, likewise.
    public var ignored: UInt64 = 0
    /// Those with a handler, likewise.
    public var caught: UInt64 = 0

    /// Makes an empty one.
    public init() {}

    /// The numbers of a set.
    public static func numbers(_ set: UInt64) -> [Int32] {
      (1...64).filter { set & (1 << UInt64($0 - 1)) != 0 }.map { Int32($0) }
    }

    /// Whether a signal waits that ends the process: HUP, INT, QUIT, USR1, USR2, ALRM or TERM, neither
    /// caught nor ignored nor blocked.
    public var hasDeadly: Bool {
      let deadly = [1, 2, 3, 10, 12, 14, 15].reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }
      return pending & deadly & ~(caught | ignored | blocked) != 0
    }

    /// Whether it has a handler for a signal.
    public func catches(_ signal: Int32) -> Bool { caught & (1 << UInt64(signal - 1)) != 0 }
  }
}

/// How far CLOCK_MONOTONIC is ahead of the scheduler's clock of each CPU.
public struct SchedulerClocks: Sendable {
  fileprivate var distances: [Int32: Int64] = [:]

  /// Makes an empty one.
  public init() {}

  fileprivate static var now: Int64 { read(CLOCK_MONOTONIC) }

  /// The moment of the boot: starts are counted on a clock that goes on while the machine sleeps.
  fileprivate static var boot: Int64 { read(CLOCK_MONOTONIC) - read(CLOCK_BOOTTIME) }

  private static func read(_ clock: Int32) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension ProcFiles {
  /// Looks at a process's state; the call of its first thread too.
  ///
  /// - Parameter known: what its stat file said just now, if it was read.
  public func sight(of pid: Int32, known: ProcessStat? = nil) -> Reading<ProcessSight> {
    guard pid > 0 else { return .ended }
    let stat: ProcessStat
    if let known {
      stat = known
    } else {
      switch with(pid, "stat", ProcessStat.init(line:)) {
      case .known(let found): stat = found
      case .ended: return .ended
      case .hidden(let code): return .hidden(errno: code)
      }
    }
    var sight = ProcessSight(stat: stat, activity: .ended)
    if stat.hasEnded { return .known(sight) }
    _ = with(pid, "status") { bytes -> Bool? in
      sight.switches = number(in: bytes, after: "\nvoluntary_ctxt_switches:", radix: 10).map {
        Int(truncatingIfNeeded: $0)
      }
      sight.user = UInt32(truncatingIfNeeded: number(in: bytes, after: "\nUid:", radix: 10) ?? 0)
      sight.tracer = Int32(
        truncatingIfNeeded: number(in: bytes, after: "\nTracerPid:", radix: 10) ?? 0)
      func set(_ name: StaticString) -> UInt64 { number(in: bytes, after: name, radix: 16) ?? 0 }
      sight.signals.pending = set("\nSigPnd:") | set("\nShdPnd:")
      sight.signals.blocked = set("\nSigBlk:")
      sight.signals.ignored = set("\nSigIgn:")
      sight.signals.caught = set("\nSigCgt:")
      return true
    }
    sight.activity = activity(of: pid)
    sight.turn = turn(of: pid)
    if stat.threads > 1, let names = try? Directory.names("/proc/\(pid)/task") {
      for name in names {
        guard let thread = Int32(name), thread != pid,
          let state = with(pid, "task/\(thread)/stat", ProcessStat.init(line:)).value?.state
        else { continue }
        if state == UInt8(ascii: "R") { sight.runningThreads += 1 }
      }
    }
    return .known(sight)
  }

  /// When a process's first thread was on a CPU last (/proc/PID/sched), in ns of CLOCK_MONOTONIC,
  /// about; nil if it is not told.
  ///
  /// - Parameters:
  ///   - stat: of the process, for the CPU that it was on.
  ///   - clocks: of CPUs; keep it for further calls.
  public func lastRun(of stat: ProcessStat, _ clocks: inout SchedulerClocks) -> Int64? {
    guard let then = with(stat.pid, "sched", lastStart).value else { return nil }
    let distance: Int64
    if let known = clocks.distances[stat.processor] {
      distance = known
    } else {
      // Each CPU's clock stands still while the machine's host takes that CPU for itself, so only
      // what is read on the same one can be compared.
      let length = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { room -> Int64? in
        let count = brood_sched_on(stat.processor, room.baseAddress, room.count)
        guard count > 0 else { return nil }
        return lastStart(UnsafeRawBufferPointer(rebasing: room.prefix(Int(count))))
      }
      guard let length else { return nil }
      distance = SchedulerClocks.now - length
      clocks.distances[stat.processor] = distance
    }
    // Not before it began, not after now.
    let begin = stat.startTime + SchedulerClocks.boot
    return min(SchedulerClocks.now, max(begin, then + distance))
  }

  /// `se.exec_start : 12345.678901`, in milliseconds.
  private func lastStart(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard let at = find("se.exec_start", in: bytes) else { return nil }
    var value: Int64 = 0
    var places = -1
    for byte in bytes[at...].dropFirst("se.exec_start".utf8.count) {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if places >= 6 { continue }
        value = value &* 10 &+ Int64(byte - UInt8(ascii: "0"))
        if places >= 0 { places += 1 }
      case UInt8(ascii: "."): places = 0
      case UInt8(ascii: "\n"):
        for _ in max(0, places)..<6 { value = value &* 10 }
        return value
      default: continue
      }
    }
    return nil
  }

  /// What a process's first thread has had of CPUs; nil where the kernel does not count.
  public func turn(of pid: Int32) -> ProcessSight.Turn? {
    let numbers = with(pid, "schedstat") { bytes -> [Int64]? in
      var numbers: [Int64] = [0]
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          numbers[numbers.count - 1] =
            numbers[numbers.count - 1] &* 10 &+ Int64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: " "): numbers.append(0)
        default: break
        }
      }
      return numbers
    }.value
    guard let numbers, numbers.count >= 3, numbers[2] > 0 else { return nil }
    return .init(time: numbers[0], count: numbers[2])
  }

  private func find(_ name: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
    let at = brood_find(bytes.baseAddress, bytes.count, name.utf8Start, name.utf8CodeUnitCount)
    return at < 0 ? nil : Int(at)
  }

  private func number(
    in bytes: UnsafeRawBufferPointer, after name: StaticString, radix: UInt64
  ) -> UInt64? {
    guard let at = find(name, in: bytes) else { return nil }
    var value: UInt64 = 0
    var isInside = false
    for byte in bytes[(at + name.utf8CodeUnitCount)...] {
      let digit: UInt64
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f") where radix == 16:
        digit = UInt64(byte - UInt8(ascii: "a")) + 10
      case _ where isInside: return value
      default: continue
      }
      isInside = true
      value = value &* radix &+ digit
    }
    return isInside ? value : nil
  }
}
