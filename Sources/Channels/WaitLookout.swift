import CPosix
import Posix
import Processes
import Waits

/// The part of waiting that all processes of a session share: which of them looks at the waits of all,
/// and when (`LookSchedule`).
///
/// The moment of the next look stands in the session's table. Who begins a wait for ever asks for a
/// look, unless one is due by then; a look that is long overdue is for the one who notices that.
public enum WaitLookout {
  /// Told that a wait has begun of which no look would have taken notice in time, and when; set by the
  /// session.
  nonisolated(unsafe) public static var asked: ((Int64) -> Void)?

  /// A wait for ever has begun.
  @inline(__always)
  static func noteWait(_ now: Int64) {
    if brood_look_ask(now, now + LookSchedule.age) { asked?(now) }
  }

  /// A process has ended, stopped or gone on: a look soon.
  public static func noteChange(isStop: Bool = false) {
    brood_look_changed(isStop)
    let now = Clock.monotonic
    if brood_look_ask(now, now + soon) { asked?(now) }
  }

  /// Whether a process of the session was ever seen to stop.
  public static var hadStops: Bool { brood_look_had_stops() }

  private static let soon: Int64 = 100_000_000

  /// When the next look is due (monotonic ns); `Int64.max` for never.
  @inline(__always)
  public static var due: Int64 { brood_look_due() }

  /// Whether a look was due so long ago that who should have looked may be unable to.
  public static func isOverdue(_ now: Int64) -> Bool {
    let due = due
    return due != .max && due <= now - late
  }

  /// After how long that is (ns).
  public static let late: Int64 = 500_000_000

  /// Says when the next look is, unless a process has asked since `last` was seen.
  public static func plan(_ moment: Int64?, since last: Int64) {
    brood_look_plan(last, moment ?? .max)
  }

  /// What the records of all processes say together now.
  public static func scan(_ now: Int64) -> LookSchedule.Scan {
    var scan = brood_look_scan()
    brood_look_scan(now, LookSchedule.youth, &scan)
    let next = scan.next == .max ? nil : scan.next + (LookSchedule.age - LookSchedule.youth)
    return .init(signature: scan.signature, old: Int(scan.old), next: next)
  }

  // MARK: Reports

  /// Notes that a set of waits was told of; false if that was done before.
  public static func noteReport(of pids: [Int32], _ verdict: Verdict) -> Bool {
    var sum: UInt64 = 0
    for pid in pids {
      let number = brood_wait_number(pid)
      let start = number == 0 ? ProcessIdentity.stat(pid)?.startTicks ?? 0 : UInt64(number)
      var hash = (UInt64(UInt32(bitPattern: pid)) << 32 ^ start) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
      sum &+= hash
    }
    for byte in verdict.rawValue.utf8 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return brood_look_tell(sum | 1)
  }

  /// Wakes a process so that it ends its wait by an error, if it finds that it has to.
  public static func tellToThrow(_ pid: Int32) {
    brood_wait_choose(pid)
    tell(pid)
  }

  /// Whether this process's wait was chosen so, which is asked once.
  public static func isChosen() -> Bool { brood_wait_is_chosen() }

  // MARK: Being told

  /// Whether this process was told to look whether its wait can end; until its next wait.
  nonisolated(unsafe) static var isTold = false

  /// Wakes a process, which looks then whether its wait can end.
  public static func tell(_ pid: Int32) {
    if pid == Process.pid { isTold = true } else { _ = brood_nudge(pid) }
  }

  /// This process was told, has looked, and goes on with its wait.
  static func noteStay() { brood_wait_stay(Clock.monotonic) }

  /// When a process did that last (monotonic ns; 0 for never).
  public static func stayed(_ pid: Int32) -> Int64 { brood_wait_stayed(pid) }

  /// Changes whenever a process is seen to end, stop or go on.
  public static var changes: UInt64 { brood_look_changes() }

  /// To be called when a signal was recorded: whether it was a `tell`.
  @discardableResult
  public static func takeTold() -> Bool {
    let isSo = brood_nudge_take()
    if isSo { isTold = true }
    return isSo
  }
}
