import Pools

/// How the tasks of one job are treated.
public struct PoolPolicy {
  /// How long a task may take (ns).
  public var timeout: Int64?
  /// Instead: in percents of the median of tasks that succeeded.
  public var timeoutPercent: Double?
  /// How long all of them may take together (ns).
  public var deadline: Int64?
  /// How long a task has to obey TERM (ns).
  public var grace: Int64 = 2_000_000_000
  /// How often a task that failed is tried again; nil for the usual: a program never, a block once
  /// where a signal ended its worker.
  public var retries: Int?
  /// How often an attempt that went with its host is made again; nil for 3, and 0 where `retries`
  /// is 0.
  public var losses: Int?
  /// How long to wait before the first of them, doubled for each further one (ns).
  public var backoff: Int64 = 0
  /// When the others are given up; nil for never.
  public internal(set) var halt: TaskHalt?
  /// How many tasks are started in a second at most.
  public var rate: Double?
  /// The least time between two starts (ns).
  public var gap: Int64 = 0
  /// No task is started while so many processes run on the machine.
  public var mostLoad: Double?
  /// Nor while less memory is free (bytes).
  public var leastMemory: Int?
  /// How many tasks go to a worker at a time; nil for what takes a few milliseconds.
  public var chunk: Int?
  /// Lines that tasks print get their item in front.
  public var isTagged = false
  /// What tasks write is kept, for records of them.
  public var isRecorded = false
  /// Results are these records, of failures too.
  public var yieldsRecords = false

  public init() {}

  /// Sets when the others are given up, from a text as `soon,fail=3`; yields what is wrong with it.
  public mutating func setHalt(_ text: String) -> String? {
    switch TaskHalt.request(text) {
    case .never: halt = nil
    case .halt(let request): halt = request
    case .wrong(let reason): return reason
    }
    return nil
  }

  /// Whether tasks have a time limit.
  var isTimed: Bool { timeout != nil || timeoutPercent != nil }

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
    result.timeoutPercent = timeoutPercent
    result.deadline = deadline
    result.gap = gap
    result.mostLoad = mostLoad
    result.leastMemory = leastMemory
    result.halt = halt
    result.losses = losses ?? (retries == 0 ? 0 : 3)
    return result
  }
}
