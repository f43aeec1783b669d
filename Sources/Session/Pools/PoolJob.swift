import Language
import Posix

/// Tasks that belong together: a function, what it is applied to, and what becomes of the results.
///
/// A task is known by its index. At any moment it is in exactly one place: not yet taken, in a
/// batch at a worker, returned to be done again, waiting for its next attempt, or finished.
open class PoolJob {
  let function: PoolFunction
  public let policy: PoolPolicy
  /// For messages: `map`.
  let verb: String
  var spreads: Bool { false }
  /// Whether there are arguments by name, too.
  var isNamed: Bool { false }
  let pool: Pool
  /// Where in the source it was made.
  let location: Location?

  /// The first task that was never taken.
  private(set) var next = 0
  /// Tasks to be taken before that: taken back, or due again.
  private var returned: [Int] = []
  /// Failed attempts of tasks that are to be tried again.
  private var failures: [Int: Int] = [:]
  /// Waiting for the time of their next attempt.
  private var delayed: Set<Int> = []
  /// How many are in batches.
  var outstanding = 0
  public private(set) var succeeded = 0
  public private(set) var failed = 0
  /// Attempts that came to nothing and were made again.
  public private(set) var repeated = 0
  /// No further task is to be started.
  public private(set) var isHalted = false
  /// Whether `recall` is to be asked before a task is taken.
  var recalls = false
  /// A result is delivered that was known.
  private(set) var isRecalling = false
  /// The first task about which `recall` was not asked.
  private var unasked = 0
  /// The pool has given it up.
  private(set) var isAbandoned = false
  /// Whether the pool has it among those to take tasks from.
  var isQueued = false
  /// What a task takes, by the last batches (ns).
  private var perTask: Double?
  private var lastChunk = 1
  /// Whether its end was told.
  var isSettled = false
  /// Whether it counts as submitted work until then.
  var isSubmitted = false
  /// What its tasks draw random numbers from, where the user gave a seed; else 0.
  let seed: UInt32
  /// When the next task may be started, with a rate.
  var nextStart: Int64 = 0

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

  /// How many tasks are known of.
  open var supplied: Int { 0 }
  /// Whether no more will come.
  open var isWhole: Bool { true }
  /// What a task works on, for messages.
  open func item(_ index: Int) -> Value { .null }
  /// What is sent to the worker.
  open func argument(_ index: Int) -> Value { item(index) }
  /// Whether no task should be started for a while.
  var isHeld: Bool { false }
  /// What is known of a task that is not taken yet, so that it need not be done.
  func recall(_ index: Int) -> TaskOutcome? { nil }
  /// A task is finished.
  open func deliver(_ index: Int, _ value: Value) {}
  open func deliver(_ index: Int, failure: ErrorObject) {}
  /// Nothing more will happen.
  open func finish() {}

  // MARK: Taking

  /// Whether a task could be started now.
  var hasTask: Bool { upcoming != nil }

  /// The task that `take` would take.
  var upcoming: Int? {
    if isHalted { return nil }
    if let index = returned.last { return index }
    if recalls, !isRecalling { passOver() }
    return next < supplied ? next : nil
  }

  /// Delivers what is known already, up to the next task that is to be done.
  private func passOver() {
    isRecalling = true
    defer { isRecalling = false }
    while next < supplied, next == unasked {
      unasked += 1
      guard let outcome = recall(next) else { return }
      let index = next
      next += 1
      switch outcome {
      case .value(let value):
        succeeded += 1
        deliver(index, value)
      case .failure(let error):
        failed += 1
        add(facts: index, nil, to: error)
        deliver(index, failure: error)
      }
    }
  }

  func take() {
    if returned.isEmpty { next += 1 } else { returned.removeLast() }
    outstanding += 1
  }

  /// Tasks that were not started come back; no attempt was made.
  func giveBack(_ indices: some BidirectionalCollection<Int>) {
    outstanding -= indices.count
    returned.append(contentsOf: indices.reversed())
  }

  /// Whether nothing more will happen.
  public var isFinished: Bool {
    outstanding == 0 && delayed.isEmpty && (isHalted || isWhole && !hasTask)
  }

  /// Tasks that are not finished, of those known.
  public var unfinished: Int { max(0, supplied - succeeded - failed) }

  /// How many are in hand or on their way.
  public var running: Int { outstanding }

  /// How many tasks make a batch that is worth its way.
  var batchSize: Int {
    if let chunk = policy.chunk { return max(1, chunk) }
    guard !policy.isSingle, let perTask else { return 1 }
    let wanted = Double(PoolPolicy.batchTime) / max(perTask, 20)
    // Growing step by step, since the first tasks need not be like the others.
    return max(1, min(Int(min(wanted, 1e6)), lastChunk * 4, PoolPolicy.mostTasks))
  }

  /// How many tasks the next batch should have.
  func chunk(workers: Int) -> Int {
    if policy.chunk != nil, !isEager { return batchSize }
    let left = (returned.count + supplied - next) / max(1, workers * 2)
    return max(1, min(isEager ? PoolPolicy.mostEager : batchSize, left))
  }

  /// Whether tasks that are to go out one at a time are so short that a few lie with a worker
  /// already: each result is sent at once, and what is not begun can be taken back.
  var isEager: Bool {
    guard policy.chunk == 1, !policy.isSingle, let perTask else { return false }
    return perTask < Double(PoolPolicy.eagerTime)
  }

  /// A batch was done in so long.
  func note(_ count: Int, in elapsed: Int64) {
    guard count > 0, elapsed > 0 else { return }
    let measured = Double(elapsed) / Double(count)
    // Slower tasks count at once.
    perTask = perTask.map { measured > $0 ? measured : ($0 + measured) / 2 } ?? measured
    lastChunk = count
  }

  // MARK: Outcomes

  @inline(__always)
  func succeed(_ index: Int, _ value: Value) {
    outstanding -= 1
    succeeded += 1
    deliver(index, value)
  }

  /// An attempt failed: the task is tried again, or the failure delivered.
  ///
  /// - Parameter isDeath: a signal ended the worker, which nobody here sent.
  func fail(_ index: Int, _ error: ErrorObject, isDeath: Bool = false, mayRetry: Bool = true) {
    outstanding -= 1
    let failures = self.failures[index, default: 0] + 1
    let allowed = policy.retries ?? (isDeath ? 1 : 0)
    if mayRetry, !isHalted, failures <= allowed, error.payload["cancelled"] == nil {
      self.failures[index] = failures
      repeated += 1
      return retry(index, after: failures)
    }
    failed += 1
    add(facts: index, failures, to: error)
    self.failures[index] = failures - 1
    deliver(index, failure: error)
    self.failures[index] = nil
    if policy.halt != .never { halt() }
    if policy.halt == .now { pool.endTasks(of: self) }
  }

  /// How many attempts a task that is being finished took.
  func attempts(of index: Int) -> Int { failures[index, default: 0] + 1 }

  /// Takes a task that was not started, or waits for its next attempt, out; false if it is at a
  /// worker or finished.
  func takeOut(_ index: Int) -> Bool {
    if let place = returned.firstIndex(of: index) {
      returned.remove(at: place)
    } else if delayed.remove(index) == nil {
      guard !isHalted, index >= next, index < supplied else { return false }
      returned.append(contentsOf: (next..<index).reversed())
      next = index + 1
    }
    outstanding += 1
    return true
  }

  private func retry(_ index: Int, after failures: Int) {
    guard policy.backoff > 0 else {
      returned.insert(index, at: 0)
      return pool.enqueue(self)
    }
    delayed.insert(index)
    let factor = Int64(1) << Int64(min(failures - 1, 20))
    let (delay, overflow) = policy.backoff.multipliedReportingOverflow(by: factor)
    if !overflow { pool.delayed += 1 }
    pool.after(overflow ? .max / 2 : delay) { [weak self, weak home = pool] in
      home?.delayed -= 1
      guard let self, delayed.remove(index) != nil, !isHalted else { return }
      returned.insert(index, at: 0)
      pool.enqueue(self)
      pool.pump()
    }
  }

  /// Which task it was, on what, and how often it was tried.
  private func add(facts index: Int, _ attempts: Int?, to error: ErrorObject) {
    error.payload["index"] = .int(index)
    error.payload["item"] = item(index)
    if let attempts { error.payload["attempts"] = .int(attempts) }
    error.payload["pool"] = .text(pool.name)
    if let location {
      let (item, number) = (item(index), supplied > 1 || verb != "submit" ? " \(index + 1)" : "")
      let isNone = if case .null = item { true } else { false }
      let text = isNone ? "" : ", item \(TaskInput(item).shortText)"
      error.trace.append(
        TraceEntry(name: "task\(number) of pool \(verb)\(text)", location: location))
    }
  }

  /// Lets no further task start.
  public func halt() {
    isHalted = true
    returned = []
    delayed = []
  }

  /// The pool cannot do it any more: everything unfinished fails with the same error.
  func abandon(_ error: ErrorObject) {
    isAbandoned = true
    while let index = upcoming {
      take()
      fail(index, error.copied, mayRetry: false)
    }
    halt()
  }
}

extension ErrorObject {
  /// The same again, to be given facts of its own.
  var copied: ErrorObject {
    let copy = ErrorObject(kind, message, help: help, location: location)
    copy.payload = payload
    copy.trace = trace
    copy.exitStatus = exitStatus
    return copy
  }

  /// Whether a task failed only because it was not wanted any more.
  var isOfUnwantedTask: Bool {
    payload["cancelled"] != nil || kind == .closed && payload["worker"] != nil
  }
}

/// A function that workers were sent, or will be; they forget it when nobody needs it any more.
final class PoolFunction {
  let number: UInt32
  let message: KeptMessage
  /// Keeps handles alive whose descriptors the message has.
  private let value: Value
  private weak var pool: Pool?

  init(_ number: UInt32, _ value: Value, _ message: KeptMessage, _ pool: Pool) {
    self.number = number
    self.value = value
    self.message = message
    self.pool = pool
  }

  deinit { pool?.forget(number) }
}
