import Explore

/// How much is explored, and how.
public struct ExploreLimits: Sendable {
  /// At most so many deaths in a run.
  public var kills = 0
  /// At most so many preemptions; nil for any number.
  public var preemptions: Int?
  /// At most so many runs; nil for all that there are.
  public var runs: Int?
  /// No run is begun after so long, and one that has begun is given up (ns).
  public var time: Int64?
  /// So many runs with schedules that are drawn, in place of all.
  public var random: Int?
  /// What they are drawn from.
  public var seed: UInt64 = 0
  /// A run with more operations is taken for one without end.
  public var steps = 10_000
  /// Each deadline may come at any time.
  public var anyTimeouts = false
  /// What is printed tells outcomes apart.
  public var comparesOutput = true
  /// Effects outside of the run are had.
  public var isReal = false
  /// All schedules, those that differ in nothing that matters, too.
  public var isFull = false
  /// So many runs are made at a time.
  public var jobs = 1
  /// How long a process may compute before its next operation (ns).
  public var timeLimit: Int64 = 10_000_000_000

  /// All there are.
  public init() {}

  var search: SearchLimits {
    SearchLimits(isReduced: !isFull, preemptions: preemptions, kills: kills)
  }
}
