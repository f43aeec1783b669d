/// When it is looked whether the processes of a session can go on: decided by what their wait records
/// say together and by a clock, and by nothing else.
///
/// A wait is looked at when it has lasted for a second, and whenever a process or an end of a channel
/// has changed; else after 2, 4 … 60 seconds, and never more often than once a second.
public struct LookSchedule: Sendable {
  /// How old a wait is when it is looked at (ns).
  public static let age: Int64 = 1_000_000_000
  /// Waits that are younger than this do not count at a look (ns): those that began together are
  /// looked at together.
  public static let youth: Int64 = 900_000_000
  private static let second: Int64 = 1_000_000_000
  private static let longest: Int64 = 60 * second

  /// What the wait records say together; waits with a deadline do not count.
  public struct Scan: Sendable {
    /// Stands for the waits that are old, and for what has changed beside them.
    public var signature: UInt64
    /// How many waits are old.
    public var old: Int
    /// When the next one is (monotonic ns); nil for none.
    public var next: Int64?

    public init(signature: UInt64, old: Int, next: Int64? = nil) {
      self.signature = signature
      self.old = old
      self.next = next
    }
  }

  private var signature: UInt64?
  private var last = Int64.min
  private var pause = second
  /// How many looks there were at the same waits before the last one.
  public private(set) var repeats = 0

  public init() {}

  /// What is to be done now: whether to look, and when to scan again (nil: when asked).
  public mutating func step(_ scan: Scan, at now: Int64) -> (looks: Bool, next: Int64?) {
    guard scan.old > 0 else {
      signature = nil
      return (false, scan.next)
    }
    let earliest = last == .min ? now : last + LookSchedule.second
    if scan.signature != signature {
      if now < earliest { return (false, earliest) }
      signature = scan.signature
      pause = LookSchedule.second
      repeats = -1
    } else if now < last + pause {
      return (false, later(min(last + pause, scan.next ?? .max), earliest))
    }
    last = now
    repeats += 1
    pause = min(2 * pause, LookSchedule.longest)
    return (true, later(min(now + pause, scan.next ?? .max), now + LookSchedule.second))
  }

  private func later(_ moment: Int64, _ earliest: Int64) -> Int64 { max(moment, earliest) }
}
