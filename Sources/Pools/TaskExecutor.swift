/// What runs tasks: a forked worker, the place for a program, a worker on another machine.
///
/// The scheduler calls these functions; what happens of itself the executor's owner reports to the
/// scheduler: `ready`, `succeeded`, `failed`, `finished`, `returned` and `ended`.
public protocol TaskExecutor: AnyObject {
  /// Set by the scheduler while it has the executor.
  var slot: ExecutorSlot? { get set }

  /// Whether it goes on when its task was ended.
  var survives: Bool { get }

  /// Whether tasks may lie with it that it has not begun.
  var holdsTasks: Bool { get }

  /// Takes tasks by `batch.take()`, one or more as `batch.upcoming` has them, and begins on them,
  /// or has them wait behind a batch that it already has.
  func start(_ batch: TaskBatch) -> StartOutcome

  /// Takes tasks back that were not begun, from the batch's end, and yields how many; nil if
  /// `returned` will tell.
  func takeBack(_ batch: TaskBatch, most: Int) -> Int?

  /// How many tasks of a batch were not begun.
  func unbegun(_ batch: TaskBatch) -> Int

  /// The task that it is at, and since when (ns); those before it in the batch are done. Asked for
  /// deadlines and where a task is cancelled.
  var inHand: TaskInHand? { get }

  /// Asks what is in hand to end, or kills it.
  func end(_ how: EndStep)

  /// It has nothing and gets nothing more: `ended` is expected.
  func leave()
}

/// What an executor makes of tasks that it was given.
public enum StartOutcome: Equatable, Sendable {
  /// It has taken at least one.
  case started
  /// There is no room now for as little as a further task: it waits until something ends, or is
  /// tried some times more if nothing runs.
  case noRoom
  /// The first task cannot be started, and is finished.
  case failed
  /// No task of the job can be started: the job ends.
  case impossible
  /// The executor is of no use any more; its tasks go elsewhere.
  case unavailable
}

/// How a task in hand is ended: asked to (TERM), or killed (KILL).
public enum EndStep: Equatable, Sendable { case terminate, kill }

/// The task that an executor is at.
public struct TaskInHand {
  /// The batch that it is of.
  public let batch: TaskBatch
  /// Its place in the batch, from 0 on.
  public let place: Int
  /// When it was begun (ns, by the scheduler's clock).
  public let since: Int64

  /// The task at a place of a batch, begun at a moment (ns).
  public init(_ batch: TaskBatch, place: Int, since: Int64) {
    self.batch = batch
    self.place = place
    self.since = since
  }
}

/// Makes executors.
public protocol ExecutorCrew: AnyObject {
  /// Makes one; called while fewer live than the limit allows and tasks wait.
  func hire() -> HireOutcome
}

/// What came of making an executor.
public enum HireOutcome {
  /// There is a new one.
  ///
  /// - Parameters:
  ///   - credit: how many batches may lie with it.
  ///   - isReady: false if `ready` will tell.
  case hired(any TaskExecutor, credit: Int, isReady: Bool)
  /// There is no room for a further one now.
  case noRoom
  /// None can be made now; `roomCame` tells when that may be otherwise.
  case awaited
  /// It went wrong; several times in a row end the job (`Abortion.noExecutors`).
  case failed
}

/// Who has a job done: knows what its tasks are.
public protocol TaskClient: AnyObject {
  /// What became of a task earlier, if it need not be done; asked where `job.recalls` is set.
  func recall(_ task: Int, of job: TaskJob) -> TaskEnd?

  /// Whether nothing should be started for a while.
  func isHeld(_ job: TaskJob) -> Bool

  /// A task did not begin in time at an executor: `ended`, or another attempt, follows.
  func late(_ task: Int, of job: TaskJob, at slot: ExecutorSlot)

  /// A task ended without a report of its executor: it was recalled or cancelled, could not be
  /// started, was given up, or its last failed attempt counts.
  func ended(_ task: Int, of job: TaskJob, _ end: TaskEnd)

  /// Nothing more will happen; tasks that never ended were not started.
  func finished(_ job: TaskJob)
}

extension TaskClient {
  /// Nothing is known of earlier.
  public func recall(_ task: Int, of job: TaskJob) -> TaskEnd? { nil }
  /// Tasks are started as soon as they can be.
  public func isHeld(_ job: TaskJob) -> Bool { false }
  /// Nothing is told of it.
  public func late(_ task: Int, of job: TaskJob, at slot: ExecutorSlot) {}
}

/// An executor, as the scheduler knows it.
public final class ExecutorSlot {
  /// Why an executor was asked to end.
  public enum Reason: Equatable, Sendable {
    /// The task in hand took too long.
    case timeout
    /// The task in hand was not wanted any more.
    case cancelled
    /// The whole executor is not wanted any more.
    case retired
  }

  /// What it does, as far as the scheduler was told.
  public enum State: Equatable, Sendable {
    /// Not heard of yet; tasks may be on their way to it.
    case starting
    /// It takes tasks.
    case working
    /// It finishes what it has, and ends.
    case leaving
    /// Asked to end, and killed after a while.
    case ending(Reason)
    /// It is gone, and the scheduler forgets it.
    case ended
  }

  /// What runs the tasks; nil once it has ended.
  public internal(set) var executor: (any TaskExecutor)?
  /// By the events that were reported.
  public internal(set) var state: State
  /// How many batches may lie with it.
  public internal(set) var credit: Int
  /// The oldest, which it works on, first.
  public internal(set) var batches: [TaskBatch] = []
  /// It gets no tasks for a while.
  public internal(set) var isHeld = false
  /// How long the way there and back is (ns): so much of a batch's time its tasks did not take.
  public var way: Int64 = 0
  /// When it last reported, so that it could begin something else.
  var reportedAt: Int64 = 0
  /// Whether it has reported what became of an attempt.
  var hasReported = false
  /// Whether it goes on when its task was ended.
  let survives: Bool
  /// Whether it was `leaving` when it was asked to end its task.
  var isLeaving = false
  var isIdleListed = false
  var isSpareListed = false
  var isEmptiedListed = false
  /// Among those with tasks that may be taken back, by the logarithm of their number.
  var bucket = -1
  /// When its time limit is looked at next.
  var checkAt = Int64.max
  /// When it is killed.
  var killAt = Int64.max
  /// How many tasks it may get in all.
  let mostTasks: Int
  /// How many it was given, without those that came back from it.
  var given = 0
  /// When it is too old (ns); it finishes what it has then, and ends.
  var ageAt = Int64.max
  /// It was too old before it had done anything.
  var isOld = false
  /// Its place in the scheduler's list.
  var place = 0

  init(_ executor: any TaskExecutor, credit: Int, _ state: State, mostTasks: Int) {
    self.executor = executor
    self.mostTasks = mostTasks
    survives = executor.survives
    self.credit = credit
    self.state = state
  }

  /// Whether it may get tasks.
  var isOpen: Bool {
    switch state {
    case .starting, .working: !isHeld && given < mostTasks
    case .leaving, .ending, .ended: false
    }
  }

  /// Whether it has nothing to do: no batch, or, before it was heard of, only such from which all
  /// tasks were taken back. (One that is heard of tells at once that it is done with these.)
  var isFree: Bool { batches.isEmpty || state == .starting && isEmptied }

  /// Whether all tasks of its batches were taken back or reported, and there is room for another.
  var isEmptied: Bool { batches.count < credit && batches.allSatisfy { $0.rest == 0 } }

  /// Whether it may get tasks, and has nothing to do.
  var isIdle: Bool { isOpen && isFree }

  /// Whether it was asked to end and has not ended.
  public var isEnding: Bool { reason != nil }

  /// What it was asked to end for.
  public var reason: Reason? {
    if case .ending(let reason) = state { return reason }
    return nil
  }

  /// Whether it counts among those that the limit allows.
  var isLiving: Bool {
    switch state {
    case .starting, .working: true
    case .ending: survives && !isLeaving
    case .leaving, .ended: false
    }
  }
}
