/// How the tasks of one job are treated; all times are nanoseconds.
public struct TaskPolicy: Sendable {
  /// How long a task may take, from its start; where a worker does not begin, from when it could
  /// have begun.
  public var timeout: Int64?
  /// Instead: how long, in percents of the median of those that succeeded.
  public var timeoutPercent: Double?
  /// How long the whole job may take, from when it was added.
  public var deadline: Int64?
  /// However short the time limit, an executor has so long to begin on a task.
  public var timeToBegin: Int64 = 0
  /// How long a task has between being asked to end and being killed.
  public var grace: Int64 = 2_000_000_000
  /// How often a task that failed is tried again; nil for `deathRetries` where a foreign signal
  /// ended it and 0 elsewhere.
  public var retries: Int?
  /// Retries after an attempt that a signal ended which was not sent by this program, if `retries`
  /// is nil.
  public var deathRetries = 0
  /// How often an attempt that went with its host or link is made again; not counted as a retry.
  public var losses = 3
  /// How long to wait before the first retry; doubled for each further one.
  public var backoff: Int64 = 0
  /// When the job starts no further task; nil for never.
  public var halt: TaskHalt?
  /// How many tasks may be started in a second at most.
  public var rate: Double?
  /// The least time between two starts.
  public var gap: Int64 = 0
  /// No task is started while so many processes run on the machine.
  public var mostLoad: Double?
  /// Nor while less memory is free (bytes).
  public var leastMemory: Int?
  /// How many tasks make a batch; nil for what takes `batchTime`, as measured.
  public var chunk: Int?
  /// What an automatic batch should take: as long as its way, at least.
  public var batchTime = 4_000_000.0
  /// Whether the way is longer than what an automatic batch takes anyway.
  var hasWay: Bool { batchTime > 4_000_000 }
  /// Tasks go to executors one by one, so that it is known which of them were begun when one is lost.
  public var isExact = false

  /// No retries, no limits: a task is tried once, as soon as there is an executor.
  public init() {}

  /// Whether tasks go to executors one by one, with none ahead.
  var isSingle: Bool {
    isExact || interval != nil || looksAtMachine || timeoutPercent != nil || halt?.isWanted == true
  }

  /// Whether tasks may lie with an executor behind another one, whatever becomes of that.
  public var allowsWaiting: Bool { !isSingle && losses > 0 && halt == nil }

  /// Whether failures are none if enough tasks succeed.
  public var awaitsSuccesses: Bool {
    if case .successes? = halt?.condition { return true }
    return false
  }

  /// Whether how busy the machine is decides on starts.
  var looksAtMachine: Bool { mostLoad != nil || leastMemory != nil }

  /// Whether tasks have a time limit.
  public var isTimed: Bool { timeout != nil || timeoutPercent != nil }

  /// The time between two starts.
  var interval: Int64? {
    let ofRate = rate.map { Int64(clamping: Int(min(1e9 / max($0, 1e-6), 4e18))) }
    if gap <= 0 { return ofRate }
    return max(ofRate ?? 0, gap)
  }

  /// A relative time limit is at least so much more than the median, since a busy machine delays
  /// short tasks by many times what they take.
  static let leastSlack: Int64 = 100_000_000

  /// The wait before the retry that follows so many failures.
  ///
  /// - Parameter backoff: the wait before the first one, if it is another than the policy's.
  func delay(after failures: Int, backoff: Int64? = nil) -> Int64 {
    let backoff = backoff ?? self.backoff
    let factor = Int64(1) << Int64(max(0, min(failures - 1, 20)))
    let (delay, overflow) = backoff.multipliedReportingOverflow(by: factor)
    return overflow ? .max / 2 : delay
  }

  /// The largest automatic batch.
  static let mostTasks = 8192
  /// Tasks that are shorter lie with a worker by so many, even where each is a batch.
  static let eagerTime = 200_000.0
  static let mostEager = 8
}

/// How one task is treated otherwise than the others of its job; nil for no difference.
public struct TaskTerms: Sendable {
  /// How long it may take (ns).
  public var timeout: Int64?
  /// How often it is tried again after it has failed.
  public var retries: Int?
  /// How long to wait before its first retry (ns).
  public var backoff: Int64?

  /// Terms that differ from the policy in what is given.
  public init(timeout: Int64? = nil, retries: Int? = nil, backoff: Int64? = nil) {
    self.timeout = timeout
    self.retries = retries
    self.backoff = backoff
  }
}

/// What became of a task.
public enum TaskEnd: Equatable, Sendable {
  case succeeded
  case failed
  /// It took longer than its time limit.
  case timedOut
  /// It was not wanted any more.
  case cancelled
  /// It could not begin, since one that it needs had not succeeded.
  case blocked
  /// What ran it was lost with its host or link, more often than is tried again.
  case lost
}

/// Why an attempt came to nothing, as its executor knows it.
public enum TaskFault: Equatable, Sendable {
  /// The task itself failed.
  case error
  /// A signal ended what ran it, and this program had not sent it.
  case died
  /// What ran it was ended as the scheduler had asked.
  case ended
  /// What ran it was lost with its host or link.
  case lost
  /// It could not be begun, and trying again would not help.
  case unstartable
  /// What ran it was lost, and the next will be lost, too.
  case futile
}

/// What follows from a failed attempt.
public enum TaskVerdict: Equatable, Sendable {
  /// The attempt was superseded; nothing follows.
  case dropped
  /// The task is tried again, after so long (ns).
  case again(failures: Int, delay: Int64)
  /// The task is finished.
  case final(TaskEnd)
}

/// After what an executor ends and is replaced, though nothing is wrong with it: against memory
/// that grows, and the like.
public struct ExecutorLife: Sendable {
  /// After so many attempts.
  public var mostTasks = Int.max
  /// So long after it was made (ns), when it has finished what it is at.
  public var mostAge: Int64?

  /// Executors that are kept as long as they are needed.
  public init() {}
}
