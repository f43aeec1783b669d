import Channels
import Language
import Pools
import Posix
import Processes
import Waits

/// A pool of processes: workers that are forked once and work on one task after the other.
///
/// Each has a socket of its own, so the pool knows which task is with whom, and a worker that dies
/// takes nothing with it but the attempt in its hands. Who gets which task, and what follows from
/// what becomes of it, the scheduler decides; this is its crew. All work happens in callbacks of
/// the session's event loop, also while the user's code computes.
public final class Pool: Handle, NameHolder {
  public let name: String
  /// Counts the pools of this process, from 1.
  let ordinal: Int32
  private(set) lazy var scheduler = makeScheduler()
  private let options: PoolOptions
  /// Whether it was ended at once, rather than left to finish what it had.
  var wasTerminated = false
  /// Its workers have ended after that, and it is forgotten.
  public internal(set) var isGone = false
  /// It was waited for, so that it is not meant any more.
  private(set) var isJoined = false
  let interpreter: Interpreter
  let codec: ValueCodec
  let packet = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
  let incoming = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  let ledgers = TaskLedgers()
  private let depth = Process.forkDepth
  private let owner = Process.pid

  // Workers.
  var workers: [WorkerExecutor] = []
  var initializer: Value? { options.initializer }
  var memoryLimit: Int? { options.memoryLimit }
  var numbers = FreeNumbers(from: 1)
  var lastStartFailure: String?
  /// Errors of workers that could not begin, which were shown.
  var toldFailures: Set<String> = []
  public internal(set) var deaths = 0

  // Work.
  public internal(set) var succeeded = 0
  public internal(set) var failed = 0
  /// Why a task could not be sent for which there was no room.
  var shortage: ErrorObject?
  /// Where its workers are, if that is on other machines.
  let far: FarCrew?
  private var functions: [[UInt8]: PoolFunction] = [:]
  private var functionCount: UInt32 = 0
  var directory = (version: 0, path: "")
  /// The moment when the scheduler wants to be called, or an earlier one.
  private var timer: (id: TimerID, moment: Int64)?
  var waiters = 0
  /// A worker was given something while nothing waits here, so that a signal has to tell of results.
  var wantsSignals = false
  var futures = 0
  /// How many tasks of `pool submit` are not finished.
  var submitted = 0
  /// Of workers that have ended: the numbers that mark what they started, and when they ended.
  var endedMarks: [UInt32: UInt64] = [:]
  /// With more workers it costs more to switch their signals off and on than to take them.
  private static let fewWorkers = 16

  init(_ name: String, _ options: PoolOptions, _ runs: Interpreter) {
    let session = Session.current
    self.name = name
    ordinal = session.pools.takeNumber()
    self.options = options
    interpreter = runs
    codec = session.ownCodec(runs)
    far = options.placement.map { FarCrew($0, name, session, runs) }
  }

  deinit {
    packet.deallocate()
    incoming.deallocate()
  }

  // MARK: The scheduler

  private func makeScheduler() -> TaskScheduler {
    let scheduler = TaskScheduler(crew: self, limit: far == nil ? options.size : 0, isEager: true) {
      Clock.monotonic
    }
    scheduler.life = options.life
    scheduler.onDeadline = { [weak self] moment in self?.setTimer(moment) }
    scheduler.machine = { [weak self] in
      self?.session.machineState() ?? MachineState(load: 0, freeMemory: .max)
    }
    return scheduler
  }

  /// A timer that is earlier than what is wanted now stays, so that tasks with a time limit do not
  /// cost a new one each.
  private func setTimer(_ moment: Int64?) {
    guard let moment else { return }
    if let timer {
      if timer.moment <= moment { return }
      session.loop.cancel(timer.id)
    }
    let id = session.loop.addTimer(at: moment) { [weak self] in
      guard let self else { return }
      timer = nil
      scheduler.advance()
      act()
      if let next = scheduler.deadline { setTimer(next) }
    }
    timer = (id, moment)
  }

  func stopTimer() {
    if let timer { session.loop.cancel(timer.id) }
    timer = nil
  }

  /// After each event: starts what can be started, and sees whether all has come to its end.
  func act() {
    scheduler.pump()
    // Not while a task is being started: it looks for results, and the scheduler does not know yet
    // whose they are.
    if wantsSignals {
      wantsSignals = false
      if waiters == 0 { setAsynchronous(true) }
    }
    if scheduler.isClosed { leaveIfDone() }
  }

  /// How many workers it should have.
  public var target: Int { scheduler.limit }
  /// No further tasks are accepted.
  public var isClosed: Bool { scheduler.isClosed }
  /// No task is started.
  public var isPaused: Bool { scheduler.isPaused }

  // MARK: As a handle

  public override var typeName: String { "pool" }
  public override var text: String { "pool \(name)" }
  public override var fieldNames: [String] { ["name", "size"] }

  public override func field(_ name: String) -> Value? {
    switch name {
    case "name": .text(self.name)
    case "size": .int(isInherited ? 0 : target)
    default: nil
    }
  }

  /// Whether it belongs to the process that this one was forked from.
  public var isInherited: Bool { depth != Process.forkDepth }

  public var holdsName: Bool { !isInherited && !isGone }

  /// Throws unless this process made the pool and it takes tasks.
  func requireOpen() throws {
    try requireOwn()
    if isClosed {
      let open = session.pools.all.filter { !$0.isClosed }.map(\.name)
      let other = open.isEmpty ? "" : ", or use another: --pool \(open.joined(separator: " or "))"
      throw ErrorObject(
        .closed, "the pool '\(name)' is closed",
        help:
          "make another one: pool new \(name == "pool1" ? "" : "other ")\(max(1, target))\(other)")
    }
  }

  /// It was waited for.
  public func wasJoined() { isJoined = isGone }

  /// Throws unless this process made the pool.
  public func requireOwn() throws {
    guard isInherited else { return }
    throw ErrorObject(
      .type, "the pool '\(name)' belongs to process \(owner), which this one was forked from",
      help: "its workers are not this process's children; make a pool here: pool new")
  }

  // MARK: Functions

  /// A function as its workers get it: sent once to each of them, as long as it stays the same.
  func function(_ value: Value) throws -> PoolFunction {
    let sent = initialized.isEmpty ? value : .items([value, .items(sharedNames(of: value))])
    try refuseHandles(in: value)
    let (key, descriptors) = try encoded(sent)
    if descriptors.isEmpty, let known = functions[key] { return known }
    functionCount += 1
    let made = PoolFunction(
      functionCount, value, (key, descriptors), self)
    if descriptors.isEmpty {
      if functions.count >= 32 { functions = [:] }
      functions[key] = made
    }
    return made
  }

  private func encoded(_ function: Value) throws -> (bytes: [UInt8], descriptors: [Int32]) {
    if let far { return (try far.codec.copied(function), []) }
    let message = try codec.message(function)
    return (Array(message.bytes), message.descriptors)
  }

  /// The variables that --init may set, by name.
  private(set) lazy var initialized: [String: Cell] = {
    guard case .closure(let closure)? = initializer,
      let outer = try? closure.outerVariables(interpreter)
    else { return [:] }
    return Dictionary(outer.map { ($0.name, $0.cell) }) { first, _ in first }
  }()

  /// The names by which a function, and those that it calls, mean the same variables as --init.
  private func sharedNames(of value: Value) -> [Value] {
    var (same, others): (Set<String>, Set<String>) = ([], [])
    var seen: Set<ObjectIdentifier> = []
    func look(_ closure: Closure) {
      guard seen.count < 1000, seen.insert(ObjectIdentifier(closure)).inserted,
        let outer = try? closure.outerVariables(interpreter)
      else { return }
      for variable in outer {
        if let cell = initialized[variable.name] {
          if cell === variable.cell {
            same.insert(variable.name)
          } else {
            others.insert(variable.name)
          }
        }
        if case .closure(let inner) = variable.cell.value { look(inner) }
      }
      for inner in (try? closure.outerFunctions(interpreter)) ?? [] { look(inner) }
    }
    if case .closure(let closure) = value { look(closure) }
    return same.subtracting(others).sorted().map { .text($0) }
  }

  /// Where tasks that are added now shall run.
  func noteDirectory() {
    guard let path = try? Directory.current(), path != directory.path else { return }
    directory = (directory.version + 1, path)
  }

  // MARK: Jobs

  /// Adds a job and starts what can be started of it.
  func add(_ job: PoolJob) throws {
    try requireOpen()
    try session.output.flushBeforeOthersKnow()
    noteDirectory()
    waiters += 1
    scheduler.add(job.tasks)
    job.supply()
    // That no host can be had was found before, and is news for this one.
    if far?.hosts.isHopeless == true { scheduler.giveUp() }
    act()
    waiters -= 1
  }

  /// Calls `body` after some time (ns).
  func after(_ delay: Int64, _ body: @escaping () -> Void) {
    _ = session.loop.addTimer(at: Clock.deadline(after: delay), body)
  }

  /// Whether no task is left.
  public var isIdle: Bool {
    scheduler.running == 0 && scheduler.jobs.allSatisfy { $0.isHalted || $0.queued == 0 }
  }

  /// Its workers that have a task in hand.
  var workingProcesses: [ProcessHandle] {
    workers.compactMap { $0.taskInHand == nil ? nil : $0.process }
  }

  /// Whether tasks are under way or will be, though this process sleeps.
  var hasWork: Bool {
    if isInherited { return false }
    if scheduler.running > 0 { return true }
    return !isPaused
      && scheduler.jobs.contains { !$0.isHalted && ($0.queued > 0 || $0.waiting > 0) }
  }

  // MARK: Waiting

  /// Sleeps until something holds that the pool's work brings about; false at the deadline.
  func wait(until deadline: Int64? = nil, done: () throws -> Bool) throws -> Bool {
    let isDone =
      try done()
      || whileServing {
        try session.pause(forResults: awaited, interpreter, until: deadline, done: done)
      }
    // What shall follow a task's end has happened when a wait for it is over.
    try session.runDueCalls(interpreter)
    return isDone
  }

  /// While `body` sleeps results need not interrupt anything.
  func whileServing<R>(_ body: () throws -> R) rethrows -> R {
    waiters += 1
    if workers.count <= Pool.fewWorkers { setAsynchronous(false) }
    defer {
      waiters -= 1
      if waiters == 0 { serveInBackground() }
    }
    return try body()
  }

  private lazy var awaited = [WaitTarget(objectID, .result)]

  /// As something that processes wait for: its owner for results, its workers for tasks.
  public var objectID: ObjectID { .pool(ordinal, of: owner) }

  /// The user's code goes on: if tasks are under way, their results interrupt it.
  public func serveInBackground() { if !isIdle, !isInherited { setAsynchronous(true) } }

  /// Looks at what has come, without waiting.
  func look() { _ = try? session.loop.poll(timeout: 0) }

  /// Whether results shall interrupt code that computes (KERNEL.md).
  func setAsynchronous(_ on: Bool) {
    session.loop.interruptsForTimers = on
    far?.hosts.setAsynchronous(on)
    var isChanged = far != nil
    for worker in workers where worker.isAsynchronous != on {
      if on {
        guard (try? Attention.signalWhenReady(worker.socket)) != nil else { continue }
      } else {
        try? Attention.signalWhenReady(worker.socket, false)
      }
      worker.isAsynchronous = on
      isChanged = true
    }
    // What came before the switch raises no signal.
    if on, isChanged { look() }
  }
}
