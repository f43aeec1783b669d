/// What is a step of its own only where some process looks at it: it would make schedules longer, and runs
/// more, for all others.
public struct RunDetail: OptionSet, Sendable {
  /// One bit each.
  public let rawValue: UInt8

  /// Those of a number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// That a process begins to wait for a channel: others look at who waits.
  public static let waiters = RunDetail(rawValue: 1)
  /// That a process ends, which otherwise is part of the last thing that it does: others look at whether it
  /// lives, wait for the first of several to end, or send it signals.
  public static let ends = RunDetail(rawValue: 2)
}
