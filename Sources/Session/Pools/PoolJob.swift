import Language
import Pools
import Posix

/// Tasks that belong together: a function, what it is applied to, and what becomes of the results.
///
/// Where each task is, and how often it was tried, its `TaskJob` knows; this is the client of that,
/// which knows what the tasks are: values and errors.
open class PoolJob: TaskClient {
  let function: PoolFunction
  public let policy: PoolPolicy
  /// For messages: `map`.
  let verb: String
  let pool: Pool
  /// Where in the source it was made.
  let location: Location?
  private(set) lazy var tasks = TaskJob(pool.scheduling(policy), client: self, recalls: recalls)
  /// What its tasks draw random numbers from, where the user gave a seed; else 0.
  let seed: UInt32
  /// What the last attempts failed with of tasks that are to be tried again, or have come to their
  /// end meanwhile.
  private var errors: [Int: ErrorObject] = [:]
  /// The hosts that attempts of a task were lost with.
  var lostWith: [Int: [String]] = [:]
  /// How often the time of a host ended before a task that had had most of it.
  var cutOffs: [Int: Int] = [:]
  /// How often a worker elsewhere died alone at a task, while its agent lived.
  var deaths: [Int: Int] = [:]
  /// What became of the task that is being recalled.
  private var recalled: TaskOutcome?
  /// How many tasks were given up without having been started.
  private var givenUp = 0
  /// Whether it counts as submitted work until it is finished.
  var isSubmitted = false

  init(
    _ pool: Pool, _ function: PoolFunction, _ policy: PoolPolicy, verb: String, at: Location?
  ) {
    location = at
    self.pool = pool
    self.function = function
    self.policy = policy
    self.verb = verb
    seed = pool.session.random.jobSeed()
  }

  // MARK: For kinds of jobs

  /// Whether the worker gets a list of arguments instead of one.
  var spreads: Bool { false }
  /// Whether there are arguments by name, too.
  var isNamed: Bool { false }
  /// Whether `recall` is to be asked before a task is taken.
  var recalls: Bool { false }
  /// Tells the scheduler which tasks are known by now.
  func supply() {}
  /// What a task works on, for messages.
  open func item(_ index: Int) -> Value { .null }
  /// What is sent to the worker.
  open func argument(_ index: Int) -> Value { item(index) }
  /// Whether no task should be started for a while.
  var isHeld: Bool { false }
  /// What is known of a task that is not taken yet, so that it need not be done.
  func recall(_ index: Int) -> TaskOutcome? { nil }
  /// A task is finished.
  ///
  /// - Parameter isKnown: it was recalled, and not done.
  open func deliver(_ index: Int, _ value: Value, isKnown: Bool) {}
  open func deliver(_ index: Int, failure: ErrorObject, isKnown: Bool) {}
  /// Some tasks have come to their ends.
  func hasProgressed() {}

  @inline(__always)
  final func deliver(_ index: Int, _ value: Value) { deliver(index, value, isKnown: false) }

  // MARK: What is known

  /// How many tasks are known of.
  public var supplied: Int { tasks.supplied }
  /// Whether no more will come.
  public var isWhole: Bool { tasks.isWhole }
  public var succeeded: Int { tasks.succeeded }
  public var failed: Int { tasks.failed + givenUp }
  /// How many are in hand or on their way.
  public var running: Int { tasks.outstanding }
  /// No further task is started.
  public var isHalted: Bool { tasks.isHalted }
  /// Whether nothing more will happen.
  public var isFinished: Bool { tasks.isFinished }
  /// Whether its pool cannot do the rest.
  var isAbandoned: Bool { pool.cause(tasks.abortion) != nil }

  /// How a worker is to treat its tasks.
  private(set) lazy var flags: TaskPacket.Flags = {
    var flags: TaskPacket.Flags = spreads ? .spreads : []
    if isNamed { flags.insert(.isNamed) }
    if policy.isTimed || policy.isRecorded { flags.insert(.isTimed) }
    if policy.isRecorded { flags.insert(.isRecorded) }
    if policy.isTagged { flags.insert(.isTagged) }
    if policy.halt != nil { flags.insert(.mayHalt) }
    return flags
  }()

  // MARK: For the pool

  /// Remembers why a task will end or be tried again.
  func note(_ error: ErrorObject, of task: Int) { errors[task] = error }

  /// The next task of a batch cannot be sent.
  func refuse(_ batch: TaskBatch, _ error: ErrorObject) {
    if let task = pool.scheduler.refuseUpcoming(of: batch) { end(task, error) }
  }

  /// An attempt failed: the task is tried again, which is yielded, or the failure delivered.
  @discardableResult
  func failed(
    _ batch: TaskBatch, _ place: Int, _ fault: TaskFault, _ error: ErrorObject
  ) -> Bool {
    let task = batch[place]
    switch pool.scheduler.failed(batch, place, fault) {
    case .dropped: return false
    case .again:
      errors[task] = error
      return true
    case .final(let verdict):
      errors[task] = nil
      let isUnwanted = fault == .lost && verdict == .cancelled
      end(task, isUnwanted ? error.amended { $0.payload["cancelled"] = .bool(true) } : error)
      return false
    }
  }

  private func end(_ task: Int, _ error: ErrorObject) {
    pool.failed += 1
    deliver(task, failure: placed(error, task), isKnown: false)
  }

  // MARK: For the scheduler

  public func recall(_ task: Int, of job: TaskJob) -> TaskEnd? {
    recalled = recall(task)
    switch recalled {
    case nil: return nil
    case .value: return .succeeded
    case .failure: return .failed
    }
  }

  public func isHeld(_ job: TaskJob) -> Bool { isHeld }

  public func late(_ task: Int, of job: TaskJob, at slot: ExecutorSlot) {
    switch slot.executor {
    case let worker as WorkerExecutor:
      errors[task] = pool.causeOfDelay(worker.process.name, worker.process.pid, job)
    case let worker as FarWorker: errors[task] = pool.causeOfDelay(worker.name, worker.pid, job)
    default: break
    }
  }

  public func ended(_ task: Int, of job: TaskJob, _ end: TaskEnd) {
    let failure = errors.removeValue(forKey: task)
    if let outcome = recalled {
      recalled = nil
      switch outcome {
      case .value(let value): deliver(task, value, isKnown: true)
      case .failure(let error):
        deliver(task, failure: placed(error, task), isKnown: true)
      }
    } else if end == .cancelled, !isAbandoned || failure == nil {
      let since = failure.map { "was tried again: \($0.message)" } ?? "began"
      self.end(
        task,
        ErrorObject(
          .failed, "the task was cancelled before it \(since)", payload: ["cancelled": .bool(true)])
      )
    } else {
      self.end(task, failure ?? ErrorObject(.failed, "the task was given up"))
    }
    hasProgressed()
  }

  public func finished(_ job: TaskJob) {
    if let cause = pool.cause(job.abortion) {
      // Counted first: who looks at the numbers meanwhile shall find them whole.
      var rest: [Int] = []
      job.forEachNotStarted { rest.append($0) }
      givenUp = rest.count
      for task in rest { end(task, cause) }
    }
    if isSubmitted { pool.submitted -= 1 }
    hasProgressed()
  }

  /// An error with the facts of its task: which it was, on what, and how often it was tried.
  private func placed(_ error: ErrorObject, _ index: Int) -> ErrorObject {
    let attempts = tasks.failures(of: index)
    let error = error.amended {
      $0.payload["index"] = .int(index)
      $0.payload["item"] = item(index)
      if attempts > 0 { $0.payload["attempts"] = .int(attempts) }
      $0.payload["pool"] = .text(pool.name)
    }
    if let location {
      let (item, number) = (item(index), supplied > 1 || verb != "submit" ? " \(index + 1)" : "")
      let isNone = if case .null = item { true } else { false }
      let text = isNone ? "" : ", item \(TaskInput(item).shortText)"
      error.trace.append(
        TraceEntry(name: "task\(number) of pool \(verb)\(text)", location: location))
    }
    return error
  }
}

extension ErrorObject {
  /// Whether a task failed only because it was not wanted any more.
  var isOfUnwantedTask: Bool {
    payload["cancelled"] != nil || kind == .closed && payload["worker"] != nil
  }
}

/// A function that workers were sent, or will be; they forget it when no job needs it any more.
final class PoolFunction {
  let number: UInt32
  /// The descriptors belong to the handles in the value.
  let message: (bytes: [UInt8], descriptors: [Int32])
  /// Keeps handles alive whose descriptors the message has.
  private let value: Value
  private weak var pool: Pool?

  init(
    _ number: UInt32, _ value: Value, _ message: (bytes: [UInt8], descriptors: [Int32]),
    _ pool: Pool
  ) {
    self.number = number
    self.value = value
    self.message = message
    self.pool = pool
  }

  deinit { pool?.forget(number) }
}
