import Channels
import Language
import Pools
import Posix
import Waits

/// The one task of `pool apply` and `pool submit`.
public final class FutureJob: PoolJob {
  private let arguments: [Value]
  private let named: MapObject?
  private(set) var outcome: TaskOutcome? {
    didSet {
      // It is kept until then, also where the script does not keep it.
      guard let (block, future) = onDone else { return }
      onDone = nil
      pool.session.callSoon(block, .handle(future))
    }
  }
  /// A block to be called with the future when that is done.
  var onDone: (block: Value, future: PoolFuture)?

  init(
    _ pool: Pool, _ function: PoolFunction, _ arguments: [Value], named: MapObject?,
    _ policy: PoolPolicy, at location: Location?
  ) {
    self.arguments = arguments
    self.named = named
    super.init(pool, function, policy, verb: "submit", at: location)
  }

  override func supply() { pool.scheduler.supply(tasks, upTo: 1, isWhole: true) }
  override var spreads: Bool { true }
  public override func item(_ index: Int) -> Value {
    arguments.count == 1 ? arguments[0] : .items(arguments)
  }
  override var isNamed: Bool { named != nil }
  public override func argument(_ index: Int) -> Value {
    guard let named else { return .items(arguments) }
    return .items([.items(arguments), .map(named)])
  }
  public override func deliver(_ index: Int, _ value: Value, isKnown: Bool) {
    outcome = .value(value)
  }
  public override func deliver(_ index: Int, failure: ErrorObject, isKnown: Bool) {
    outcome = .failure(failure)
  }
}

/// What `pool submit` yields.
public final class PoolFuture: Handle {
  private let job: FutureJob
  private let pool: Pool
  public let number: Int

  init(_ job: FutureJob, _ pool: Pool, _ number: Int) {
    self.job = job
    self.pool = pool
    self.number = number
  }

  public override var typeName: String { "future" }
  public override var text: String { "future \(number) of pool \(pool.name), \(word)" }
  public override var fieldNames: [String] { ["done", "ok", "value", "error"] }

  private var word: String {
    switch job.outcome {
    case nil: job.running > 0 ? "running" : "waiting"
    case .value: "done"
    case .failure: "failed"
    }
  }

  /// Whether its task is finished.
  public var isDone: Bool {
    if job.outcome == nil, !pool.isInherited { pool.look() }
    return job.outcome != nil
  }

  public override func field(_ name: String) -> Value? {
    guard fieldNames.contains(name) else { return nil }
    let isDone = isDone
    switch (name, job.outcome) {
    case ("done", _): return .bool(isDone)
    case ("ok", .value): return .bool(true)
    case ("ok", .failure): return .bool(false)
    case ("value", .value(let value)): return value
    case ("error", .failure(let error)): return .error(error)
    default: return .null
    }
  }

  /// Waits for the task; throws its error, or `timeout`.
  public func result(until deadline: Int64? = nil) throws -> Value {
    if job.outcome == nil { try pool.requireOwn() }
    let isDone = try pool.wait(until: deadline) { job.outcome != nil }
    switch job.outcome {
    case .value(let value): return value
    case .failure(let error): throw error.rethrown
    case nil:
      let state = isDone ? "was given up" : "is not done yet"
      throw ErrorObject(
        .timeout, "the task \(state)", help: "it goes on; ask again: pool result FUTURE")
    }
  }

  /// Whether nothing is to be waited for; does not look.
  var isSettled: Bool { job.outcome != nil || pool.isGone }

  /// Has a block called with this future when it is done.
  public func onDone(_ block: Value) {
    if job.outcome == nil {
      job.onDone = (block, self)
    } else {
      pool.session.callSoon(block, .handle(self))
    }
  }

  /// Waits for several futures: until all are done, or the first one is; yields those that are, in
  /// their order, fewer at the deadline.
  ///
  /// - Throws: `type` for a future of another process.
  public static func wait(
    for futures: [PoolFuture], first: Bool, until deadline: Int64?, _ session: Session,
    _ interpreter: Interpreter
  ) throws -> [PoolFuture] {
    var pools: [Pool] = []
    for future in futures where !future.isSettled {
      try future.pool.requireOwn()
      if !pools.contains(where: { $0 === future.pool }) { pools.append(future.pool) }
    }
    // Those that are done need not be asked again at each wake-up.
    var rest = futures[...]
    func isDone() -> Bool {
      if first { return futures.isEmpty || futures.contains(where: \.isSettled) }
      while let next = rest.first, next.isSettled { rest.removeFirst() }
      return rest.isEmpty
    }
    let targets = pools.map { WaitTarget($0.objectID, .result) }
    func sleep(_ pools: ArraySlice<Pool>) throws {
      guard let pool = pools.first else {
        _ = try session.pause(
          forResults: targets, interpreter, until: deadline, done: isDone)
        return
      }
      try pool.whileServing { try sleep(pools.dropFirst()) }
    }
    if !isDone() { try sleep(pools[...]) }
    try session.runDueCalls(interpreter)
    return futures.filter(\.isSettled)
  }

  /// Without waiting: its value, nil if it is not done yet; throws the task's error.
  public func takeResult() throws -> Value? {
    switch job.outcome {
    case .value(let value): return value
    case .failure(let error):
      throw error.rethrown.amended { $0.payload["future"] = .handle(self) }
    case nil:
      try pool.requireOwn()
      return nil
    }
  }

  /// Whether it will never be done: its pool has ended without it.
  public var isLost: Bool { job.outcome == nil && pool.isGone }

  /// The pool, as something that processes wait for.
  public var poolID: ObjectID { pool.objectID }

  /// Lets the task not start if it has not.
  public func cancel() { pool.cancel(job, endsRunning: true) }

  func cancelOwn() -> Bool { pool.cancel(0, of: job.tasks) }
}

extension Session {
  /// Sleeps as `pause` does, for results of pools, and lets other processes see that.
  func pause(
    forResults targets: [WaitTarget], _ interpreter: Interpreter, until deadline: Int64?,
    done: () throws -> Bool
  ) throws -> Bool {
    // As timers come and go, it may say something else later.
    func note() { WaitNote.keep(.other, targets, until: deadline ?? .max) }
    defer { WaitNote.letGo() }
    note()
    return try pause(interpreter, until: deadline) {
      if try done() { return true }
      note()
      return false
    }
  }
}
