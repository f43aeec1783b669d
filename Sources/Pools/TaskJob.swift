/// Tasks that belong together, known by their numbers from 0 on, and where each of them is.
///
/// A task is in exactly one place: waiting for its input, queued, delayed until its next attempt,
/// in a batch at an executor, or finished. Where it is queued says how it came there: `returned`
/// tasks were taken back unbegun and go first, then the `due` ones, which are tried again, then
/// those from `next` on that were never taken. A task that waits for others is passed over, and
/// stands behind the due ones when its turn has come.
public final class TaskJob {
  /// How its tasks are treated.
  public let policy: TaskPolicy
  /// Until it is finished.
  public internal(set) var client: (any TaskClient)?
  /// Whether the client is asked what became of a task earlier.
  public let recalls: Bool
  /// How a task is treated otherwise than the policy says.
  public var terms: ((Int) -> TaskTerms?)?
  /// Which tasks wait for others; nil where none can.
  var order: TaskOrder?

  /// How many tasks are known of.
  public internal(set) var supplied = 0
  /// Whether no more will come.
  public internal(set) var isWhole = false
  /// So many may be queued before further input is wanted.
  public var mostQueued = Int.max
  /// So many may be known and not handed over by the client.
  public var mostKept = Int.max
  /// How many finished tasks the client has handed over.
  public var handedOver = 0

  /// How many tasks have succeeded.
  public internal(set) var succeeded = 0
  /// Those that were cancelled or took too long are among them.
  public internal(set) var failed = 0
  /// How many of these took longer than their time limit.
  public internal(set) var timedOut = 0
  /// How many of these were cancelled.
  public internal(set) var cancelled = 0
  /// Those that could not begin, since one that they need had not succeeded; among those that failed.
  public internal(set) var blocked = 0
  /// Attempts that came to nothing and were made again.
  public internal(set) var repeated = 0
  /// How many are at executors.
  public internal(set) var outstanding = 0
  /// No further task is started.
  public internal(set) var isHalted = false
  /// That was decided, and not carried out.
  var isHalting = false
  /// What runs is ended, for this reason, also what seemed not to be begun.
  var endReason: ExecutorSlot.Reason?
  /// Why, if not because of its tasks.
  public internal(set) var abortion: Abortion?
  /// Nothing more will happen.
  public internal(set) var isFinished = false

  /// Why a job has ended before all of its tasks had.
  public enum Abortion: Equatable, Sendable {
    /// An executor found that no task can be started.
    case impossible
    /// There was no room for a task though nothing ran.
    case noRoom
    /// No executor can be had.
    case noExecutors
    /// Executors ended before they reported anything of what they had, one after the other.
    case noProgress
    /// All executors were ended.
    case terminated
    /// It was not wanted any more.
    case cancelled
    /// Its time is over.
    case deadline
  }

  private(set) var next = 0
  private var returned: [Int] = []
  private var due = FIFO<Int>()
  /// When they are due (ns).
  private var delayed: [Int: Int64] = [:]
  /// Of those not taken yet: finished, since they were cancelled or blocked.
  private var skipped: Set<Int> = []
  /// Those that wait for others and were passed over, so that `next` is behind them.
  private var passed: Set<Int> = []
  /// Those of them whose turn has come, which go behind the due ones.
  private var freed = FIFO<Int>()
  private var failures: [Int: Int] = [:]
  private var losses: [Int: Int] = [:]
  /// Those whose last attempt went with its host, which says nothing about them.
  private var lostLast: Set<Int> = []
  /// The first task about which `recall` was not asked.
  private var unasked = 0
  private var isRecalling = false

  // Kept by the scheduler.
  var batches: [TaskBatch] = []
  var isQueued = false
  var place = -1
  var nextStart = Int64.min
  var timerAt = Int64.max
  /// When its time is over.
  var deadlineAt = Int64.max
  /// Why none of its tasks is started now, and since when (ns).
  public internal(set) var hold: StartHold?
  /// Since when `hold` is so (ns, by the scheduler's clock).
  public internal(set) var heldSince: Int64 = 0
  var durations = TaskDurations()
  /// The highest relative time limit that running tasks are looked at for.
  var armedLimit = Int64.max
  /// Tasks to be cancelled when a distant executor has returned them.
  var unwanted: Set<Int> = []
  /// Tasks that did not begin in time, which a distant executor has not returned yet.
  var late: Set<Int> = []

  /// What a task takes, by the last batches (ns).
  var perTask: Double?
  var lastChunk = 1
  let countsSuccesses: Bool

  /// - Parameters:
  ///   - recalls: ask the client what became of a task earlier before it is taken.
  ///   - isOrdered: tasks may wait for others.
  public init(
    _ policy: TaskPolicy, client: any TaskClient, recalls: Bool = false, isOrdered: Bool = false
  ) {
    self.policy = policy
    self.client = client
    self.recalls = recalls
    if isOrdered { order = TaskOrder() }
    switch policy.halt?.condition {
    case .successes, .finished, .failedPercent: countsSuccesses = true
    case .failures, nil: countsSuccesses = false
    }
  }

  // MARK: What is known

  /// How many wait to be started now.
  public var queued: Int {
    returned.count + due.count + freed.count + supplied - next - skipped.count
      - ((order?.count ?? 0) - passed.count)
  }

  /// How many wait for others.
  public var ordered: Int { order?.count ?? 0 }

  /// How many wait for their next attempt.
  public var waiting: Int { delayed.count }

  /// How many are not finished, of those known.
  public var unfinished: Int { supplied - succeeded - failed }

  /// Whether the client should supply more.
  public var wantsInput: Bool {
    !isWhole && !isHalted && queued < mostQueued && supplied - handedOver < mostKept
  }

  /// How often a task was tried and failed.
  public func failures(of task: Int) -> Int { failures[task] ?? 0 }

  /// Where a task can be; it is in one place at a time.
  public enum Place: Equatable, Sendable {
    case waitingForInput
    case queued
    /// Tasks that it needs have not ended.
    case ordered
    case delayed(until: Int64)
    /// At an executor, under an attempt.
    case atExecutor(attempt: UInt64, place: Int)
    /// It has ended; or, of a halted job, it was not started.
    case finished
  }

  /// Where a task is: for reports and tests, since it looks at all batches of the job.
  public func place(of task: Int) -> Place {
    if task >= supplied { return .waitingForInput }
    if let moment = delayed[task] { return .delayed(until: moment) }
    if !isHalted, order?.waits(task) == true { return .ordered }
    for batch in batches {
      if let place = (batch.reported..<batch.count).first(where: { batch[$0] == task }) {
        return .atExecutor(attempt: batch.number, place: place)
      }
    }
    let waits = task >= next && !skipped.contains(task)
    if !isHalted,
      waits || returned.contains(task) || due.all.contains(task) || freed.all.contains(task)
    {
      return .queued
    }
    return .finished
  }

  /// Calls `body` with each task that was not started, once the job has halted.
  public func forEachNotStarted(_ body: (Int) -> Void) {
    guard isHalted else { return }
    for task in (returned + passed + freed.all).sorted() { body(task) }
    for task in next..<max(next, supplied) where !skipped.contains(task) { body(task) }
  }

  var isDone: Bool {
    outstanding == 0 && delayed.isEmpty
      && (isHalted || isWhole && upcoming == nil && order?.count ?? 0 == 0)
  }

  // MARK: Taking

  var hasTask: Bool { upcoming != nil }

  /// The task that `take` would take.
  var upcoming: Int? {
    if isHalted { return nil }
    if let task = returned.last { return task }
    if let task = due.first { return task }
    if let task = freed.first { return task }
    if recalls || !skipped.isEmpty || order != nil { passOver() }
    return next < supplied ? next : nil
  }

  /// The task that `take` would take, and those after it that follow one by one and were never
  /// taken; at most so many.
  func upcomingRun(most: Int) -> Range<Int> {
    guard let task = upcoming else { return 0..<0 }
    if most > 1, returned.isEmpty, due.isEmpty, !recalls, skipped.isEmpty, order == nil {
      return next..<min(supplied, next + most)
    }
    return task..<(task + 1)
  }

  /// Takes so many that were never taken.
  func takeNew(_ count: Int) {
    next += count
    outstanding += count
  }

  func take() {
    if !returned.isEmpty {
      returned.removeLast()
    } else if due.popFirst() == nil, freed.popFirst() == nil {
      next += 1
    }
    outstanding += 1
  }

  /// Goes on to the next task that is to be done.
  private func passOver() {
    if isRecalling { return }
    isRecalling = true
    defer { isRecalling = false }
    while next < supplied {
      let task = next
      if skipped.remove(task) != nil {
        next += 1
        continue
      }
      if order?.waits(task) == true {
        passed.insert(task)
        next += 1
        continue
      }
      guard recalls, unasked <= task, !isHalted else { return }
      unasked = task + 1
      guard let end = client?.recall(task, of: self) else { return }
      next += 1
      count(task, end)
      client?.ended(task, of: self, end)
    }
  }

  /// Tasks that were not begun come back; no attempt was made.
  func giveBack(_ tasks: [Int]) {
    outstanding -= tasks.count
    if unwanted.isEmpty, !isHalted { return returned.append(contentsOf: tasks.reversed()) }
    for task in tasks.reversed() {
      if unwanted.remove(task) != nil {
        finish(task, .cancelled)
      } else if isHalted, wasTried(task) {
        finishTried(task)
      } else {
        returned.append(task)
      }
    }
  }

  /// Takes out a task that is not at an executor, as if it were; false if it is elsewhere.
  func takeOut(_ task: Int) -> Bool {
    if delayed.removeValue(forKey: task) != nil {
    } else if let index = returned.lastIndex(of: task) {
      returned.remove(at: index)
    } else if due.all.contains(task) {
      due.removeAll { $0 == task }
    } else if freed.all.contains(task) {
      freed.removeAll { $0 == task }
    } else if order?.waits(task) == true {
      order?.remove(task)
      leaveQueue(task)
    } else if !isHalted, task >= next, task < supplied, skipped.insert(task).inserted {
    } else {
      return false
    }
    outstanding += 1
    return true
  }

  // MARK: Waiting for others

  /// The next task is known, and those with lower numbers that must succeed before it.
  func supply(after needed: [Int]) {
    order?.add(supplied, after: needed)
    supplied += 1
  }

  /// One that waited for others is not queued any more.
  private func leaveQueue(_ task: Int) {
    if passed.remove(task) == nil { skipped.insert(task) }
  }

  /// Queues tasks whose turn has come, and ends those that cannot begin any more.
  func takeTurns() {
    while !isHalted, let turn = order?.takeTurn() {
      if turn.isFreed {
        if passed.remove(turn.task) != nil { freed.append(turn.task) }
      } else {
        leaveQueue(turn.task)
        finish(turn.task, .blocked)
      }
    }
  }

  // MARK: Outcomes

  /// Tasks at places of a batch have succeeded.
  func count(successesOf batch: TaskBatch, _ places: Range<Int>) {
    succeeded += places.count
    guard order != nil else { return }
    for place in places { order?.ended(batch[place], succeeded: true) }
  }

  func count(_ task: Int, _ end: TaskEnd) {
    order?.ended(task, succeeded: end == .succeeded)
    if end == .succeeded {
      succeeded += 1
      return
    }
    failed += 1
    if end == .timedOut { timedOut += 1 }
    if end == .cancelled { cancelled += 1 }
    if end == .blocked { blocked += 1 }
  }

  /// A task is finished without a report.
  private func finish(_ task: Int, _ end: TaskEnd) {
    count(task, end)
    client?.ended(task, of: self, end)
  }

  /// A task that is out ends without having been begun.
  func finishOut(_ task: Int, _ end: TaskEnd) {
    outstanding -= 1
    finish(task, end)
  }

  /// An attempt failed: says whether the task is tried again, and counts it if it is not.
  ///
  /// - Parameter reason: what the executor was asked to end for.
  func fail(_ task: Int, _ fault: TaskFault, _ reason: ExecutorSlot.Reason?) -> TaskVerdict {
    outstanding -= 1
    // It was cancelled before it was known that it had begun.
    if !unwanted.isEmpty, unwanted.remove(task) != nil { return end(task, .cancelled) }
    // What was to be ended anyway is not made again because its host was lost meanwhile.
    let fault = fault == .lost && reason != nil ? .ended : fault
    if fault == .lost {
      let lost = (losses[task] ?? 0) + 1
      losses[task] = lost
      if lost > policy.losses { return end(task, .lost) }
      // It would be made again.
      if isHalted { return end(task, .cancelled) }
      lostLast.insert(task)
      repeated += 1
      return .again(failures: failures[task] ?? 0, delay: 0)
    }
    if !lostLast.isEmpty { lostLast.remove(task) }
    let count = (failures[task] ?? 0) + 1
    failures[task] = count
    var final = TaskEnd.failed
    let retries = retries(of: task)
    var allowed = retries ?? 0
    switch (fault, reason) {
    case (.ended, .cancelled), (.ended, .retired): return end(task, .cancelled)
    case (.ended, .timeout): final = .timedOut
    case (.ended, nil), (.died, _): allowed = retries ?? policy.deathRetries
    case (.unstartable, _), (.futile, _): return end(task, .failed)
    case (.error, _), (.lost, _): break
    }
    if isHalted || count > allowed { return end(task, final) }
    repeated += 1
    let delay = policy.delay(after: count, backoff: terms?(task)?.backoff)
    return .again(failures: count, delay: delay)
  }

  /// How often a task that failed is tried again; nil for the usual.
  public func retries(of task: Int) -> Int? { terms?(task)?.retries ?? policy.retries }

  private func end(_ task: Int, _ end: TaskEnd) -> TaskVerdict {
    count(task, end)
    return .final(end)
  }

  /// A task is to be tried again, at once or at a moment.
  func retry(_ task: Int, at moment: Int64?) {
    if let moment { delayed[task] = moment } else { due.append(task) }
  }

  /// Whether a task's next attempt is expected at that moment.
  func isDelayed(_ task: Int, until moment: Int64) -> Bool { delayed[task] == moment }

  /// The time of a task's next attempt has come.
  func makeDue(_ task: Int) {
    if delayed.removeValue(forKey: task) != nil { due.append(task) }
  }

  /// Whether what became of its tasks halts it.
  var mustHalt: Bool {
    guard !isHalted, let halt = policy.halt else { return false }
    return halt.isMet(
      succeeded: succeeded, failed: failed - cancelled - blocked, supplied: supplied)
  }

  /// Whether it was halted because what was wanted has come.
  public var isFulfilled: Bool {
    guard isHalted, abortion == nil, let halt = policy.halt, halt.isWanted else { return false }
    return halt.isMet(
      succeeded: succeeded, failed: failed - cancelled - blocked, supplied: supplied)
  }

  /// Whether it was halted because enough tasks have succeeded.
  public var forgivesFailures: Bool { policy.awaitsSuccesses && isFulfilled }

  /// How long a task may take; nil for as long as it needs, or while that is not known.
  public var timeout: Int64? {
    guard let percent = policy.timeoutPercent else { return policy.timeout }
    guard let median = durations.median else { return nil }
    let limit = Int64(clamping: Int(min(Double(median) * percent / 100, 4e18)))
    return max(limit, median + TaskPolicy.leastSlack)
  }

  /// Nothing more is started; the last attempt counts of what was to be tried again, unless it went
  /// with its host.
  func halt() {
    isHalted = true
    var tried = delayed.keys + due.all
    if !failures.isEmpty || !lostLast.isEmpty { tried += returned.filter(wasTried) }
    delayed = [:]
    due = FIFO()
    returned.removeAll(where: wasTried)
    for task in tried.sorted() { finishTried(task) }
  }

  private func wasTried(_ task: Int) -> Bool { failures[task] != nil || lostLast.contains(task) }

  /// A task ends that was to be tried again; no attempt counts where nobody waits for what becomes of it.
  private func finishTried(_ task: Int) {
    let isUnwanted =
      abortion == .terminated || abortion == .cancelled && endReason == .cancelled
    finish(task, isUnwanted || lostLast.contains(task) ? .cancelled : .failed)
  }
}
