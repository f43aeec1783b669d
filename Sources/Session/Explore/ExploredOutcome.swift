import Explore
import Language
import Waits

/// What came of some of the runs.
public struct ExploredOutcome {
  /// How a run ended.
  public enum Kind: String, Sendable {
    /// The block yielded a value.
    case value
    /// It threw.
    case error
    /// Processes were left that wait for each other, or for what nobody does.
    case deadlock
    /// A signal ended the first process.
    case signal
    /// It would go on for ever.
    case endless
  }

  /// How it ended.
  public var kind: Kind
  /// The value of the block; null if it has none.
  public var value: Value = .null
  /// Of an error its kind and message; of a deadlock who waits for what; of a signal its name.
  public var error = ""
  /// Of a deadlock: who waits for whom, until `fixes` is known.
  var graph: WaitGraph?
  /// Of a deadlock: what would keep it from happening, in words.
  public var fixes: [String] = []
  /// Whether a process was killed.
  var hasDeaths = false
  /// What was printed.
  public var output = ""
  /// How many runs came to it.
  public var count = 1
  /// A schedule with as few switches as any that was seen.
  public var schedule = Schedule()
  /// How often another process goes on in it.
  public var switches = 0
  /// What is wrong, in words, each once.
  public var findings: [String] = []

  var key: String {
    [kind.rawValue, value.asLiteral, error, output].joined(separator: "\u{1F}")
  }
}

/// All that was found.
public struct ExploredReport {
  /// What can come of it, in the order in which it was found.
  public var outcomes: [ExploredOutcome] = []
  /// How many runs there were.
  public var runs = 0
  /// Whether these are all the outcomes that there are; else why not.
  public var reasons: [String] = []
  /// How many of them end in a deadlock although only the first process and those that were not killed are
  /// left.
  public var stuckPoints = 0
  /// How many times a process was killed in some run, before an operation where it was not before.
  public var killPoints = 0
  /// Whether processes have the same pids in each run.
  public var hasFixedPids = false
  /// Whether some schedules were left out for a limit.
  public var isCut = false

  /// Whether these are all the outcomes that there are.
  public var isComplete: Bool { reasons.isEmpty && !isCut }
}
