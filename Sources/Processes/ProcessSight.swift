import CPosix
import Glibc
import Posix

/// What is seen of a process at one moment.
public struct ProcessSight: Sendable {
  public var stat: ProcessStat
  /// How often it gave up its CPU to wait; nil if it cannot be read.
  public var switches: Int?
  public var signals = Signals()
  public var user: UInt32 = 0
  public var tracer: Int32 = 0
  /// What its first thread does.
  public var activity: Activity
  /// When its first thread was on a CPU last (ns of CLOCK_MONOTONIC), about; nil if unknown.
  public var lastRun: Int64?

  /// Its signals, each set as bits from 1 << 0 for the first.
  public struct Signals: Sendable, Equatable {
    public var pending: UInt64 = 0
    public var blocked: UInt64 = 0
    public var ignored: UInt64 = 0
    public var caught: UInt64 = 0

    public init() {}

    /// The numbers of a set.
    public static func numbers(_ set: UInt64) -> [Int32] {
      (1...64).filter { set & (1 << UInt64($0 - 1)) != 0 }.map { Int32($0) }
    }

    public func catches(_ signal: Int32) -> Bool { caught & (1 << UInt64(signal - 1)) != 0 }
  }
}

extension ProcFiles {
  /// Looks at a process's state; the call of its first thread too.
  public func sight(of pid: Int32) -> Reading<ProcessSight> {
    guard pid > 0 else { return .ended }
    let stat: ProcessStat
    switch with(pid, "stat", ProcessStat.init(line:)) {
    case .known(let found): stat = found
    case .ended: return .ended
    case .hidden(let code): return .hidden(errno: code)
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
    return .known(sight)
  }

  /// When a process's first thread was on a CPU last (/proc/PID/sched), in ns of CLOCK_MONOTONIC.
  ///
  /// The scheduler's clock is not quite that clock: the difference is taken from this very process.
  public func lastRun(of pid: Int32) -> Int64? {
    guard let then = lastStart(pid), let here = lastStart(getpid()) else { return nil }
    var time = timespec()
    guard clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return nil }
    let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    return now - max(0, here - then)
  }

  /// `se.exec_start : 12345.678901`, in milliseconds.
  private func lastStart(_ pid: Int32) -> Int64? {
    with(pid, "sched") { bytes -> Int64? in
      guard let at = find("se.exec_start", in: bytes) else { return nil }
      var value: Int64 = 0
      var places = -1
      var isInside = false
      for byte in bytes[at...].dropFirst("se.exec_start".utf8.count) {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          isInside = true
          if places >= 6 { continue }
          value = value &* 10 &+ Int64(byte - UInt8(ascii: "0"))
          if places >= 0 { places += 1 }
        case UInt8(ascii: ".") where isInside: places = 0
        case _ where isInside:
          for _ in max(0, places)..<6 { value = value &* 10 }
          return value
        default: continue
        }
      }
      return nil
    }.value
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
