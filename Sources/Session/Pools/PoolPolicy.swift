import Pools

/// How the tasks of one job are treated.
public struct PoolPolicy {
  /// What the failure of a task means for the others.
  public enum Halt: String, CaseIterable, Sendable {
    /// Nothing.
    case never
    /// No further task is started.
    case soon
    /// Likewise, and the running ones are ended.
    case now
  }

  /// How long a task may take (ns).
  public var timeout: Int64?
  /// How long a task has to obey TERM (ns).
  public var grace: Int64 = 2_000_000_000
  /// How often a task that failed is tried again; nil for the usual: a program never, a block once
  /// where a signal ended its worker.
  public var retries: Int?
  /// How long to wait before the first of them, doubled for each further one (ns).
  public var backoff: Int64 = 0
  public var halt = Halt.never
  /// How many tasks are started in a second at most.
  public var rate: Double?
  /// How many tasks go to a worker at a time; nil for what takes a few milliseconds.
  public var chunk: Int?
  /// Lines that tasks print get their item in front.
  public var isTagged = false
  /// What tasks write is kept, for records of them.
  public var isRecorded = false
  /// Results are these records, of failures too.
  public var yieldsRecords = false

  public init() {}

  /// For the scheduler, of a program.
  var ofProgram: TaskPolicy { scheduling }

  /// For the scheduler, of a block: where a signal ended its worker it is tried once more, since
  /// that is seldom the task's doing.
  var ofBlock: TaskPolicy {
    var result = scheduling
    result.deathRetries = 1
    result.chunk = chunk
    // A worker that is forked on a machine that is busy is no task that takes long.
    result.timeToBegin = 500_000_000
    return result
  }

  private var scheduling: TaskPolicy {
    var result = TaskPolicy()
    result.timeout = timeout
    result.grace = grace
    result.retries = retries
    result.backoff = backoff
    result.rate = rate
    switch halt {
    case .never: break
    case .soon: result.halt = TaskHalt(.soon)
    case .now: result.halt = TaskHalt(.now)
    }
    return result
  }
}
