import Language
import Posix

/// A pool of processes: workers that are forked once and work on one task after the other.
///
/// Each has a socket of its own, so the pool knows which task is with whom, and a worker that dies
/// takes nothing with it but the attempt in its hands. All work happens in callbacks of the
/// session's event loop, also while the user's code computes.
public final class Pool: Handle, NameHolder {
  public let name: String
  public unowned(unsafe) let session: Session  // lives as long as the process
  /// How many workers it should have.
  public internal(set) var target: Int
  /// No further tasks are accepted.
  public internal(set) var isClosed = false
  /// Whether it was ended at once, rather than left to finish what it had.
  var wasTerminated = false
  /// Its workers have ended after that, and it is forgotten.
  public internal(set) var isGone = false
  /// Somebody has waited for that, so that it is not meant any more.
  public private(set) var isJoined = false
  /// No task is started.
  public internal(set) var isPaused = false
  let interpreter: Interpreter
  let coder: TaskCoder
  let packet = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
  let incoming = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  let ledgers = TaskLedgers()
  private let depth = Process.forkDepth
  private let owner = Process.pid

  // Workers.
  var members: [PoolMember] = []
  /// Those that have nothing to do.
  var idle: [PoolMember] = []
  /// Runs in each worker before its first task.
  let initializer: Value?
  /// How much memory each worker may have of its own.
  let memoryLimit: Int?
  var freeNumbers: [Int] = []
  var highestNumber = 0
  /// Workers that ended before they were ready, one after the other.
  var failedStarts = 0
  var lastStartFailure: String?
  /// Errors of workers that could not begin, which were shown.
  var toldFailures: Set<String> = []
  var isRestartDue = false
  public internal(set) var deaths = 0

  // Work.
  /// Jobs that have tasks to be started, in their order.
  var queue: [PoolJob] = []
  /// Tasks that wait for their next attempt.
  var delayed = 0
  /// Jobs that are not finished, for reports.
  var pending = 0
  public internal(set) var succeeded = 0
  public internal(set) var failed = 0
  private var functions: [[UInt8]: PoolFunction] = [:]
  private var functionCount: UInt32 = 0
  var directory = (version: 0, path: "")
  var isPumping = false
  var needsPump = false
  var checkTimer: (id: TimerID, deadline: Int64)?
  var pumpTimer: TimerID?
  var waiters = 0
  var isStealing = false
  var futures = 0
  /// How many tasks of `pool submit` are not finished.
  var submitted = 0
  /// Of workers that have ended: the numbers that mark what they started, and when they ended.
  var endedMarks: [UInt32: UInt64] = [:]
  /// With more workers it costs more to switch their signals off and on than to take them.
  private static let fewMembers = 16

  init(
    _ name: String, _ size: Int, initializer: Value?, memoryLimit: Int?, _ session: Session,
    _ runs: Interpreter
  ) {
    self.name = name
    self.memoryLimit = memoryLimit
    self.session = session
    self.initializer = initializer
    target = size
    interpreter = runs
    coder = TaskCoder(session, runs)
  }

  deinit {
    packet.deallocate()
    incoming.deallocate()
  }

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
    let (bytes, descriptors) = try coder.encode(sent)
    let key = Array(bytes)
    if descriptors.isEmpty, let known = functions[key] { return known }
    functionCount += 1
    let made = PoolFunction(
      functionCount, value, KeptMessage(bytes: key, descriptors: descriptors), self)
    if descriptors.isEmpty {
      if functions.count >= 32 { functions = [:] }
      functions[key] = made
    }
    return made
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

  /// Nobody needs a function any more.
  func forget(_ number: UInt32) {
    if isInherited { return }
    for member in members where member.known.remove(number) != nil {
      if member.isOpen { sendHead(TaskPacket(.forget, number: number), to: member) }
    }
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
    pending += 1
    failedStarts = 0
    waiters += 1
    enqueue(job)
    settle(job)
    fill()
    pump()
    waiters -= 1
  }

  /// A job has tasks again.
  func enqueue(_ job: PoolJob) {
    if job.isQueued || !job.hasTask { return }
    job.isQueued = true
    queue.append(job)
    needsPump = true
  }

  /// Calls `body` after some time (ns).
  func after(_ delay: Int64, _ body: @escaping () -> Void) {
    _ = session.loop.addTimer(at: Clock.deadline(after: delay), body)
  }

  /// Whether no task is left.
  public var isIdle: Bool { queue.isEmpty && members.allSatisfy { $0.batchCount == 0 } }

  /// Its workers that have a task in hand.
  var workingProcesses: [ProcessHandle] {
    members.compactMap { $0.inHand == nil ? nil : $0.process }
  }

  /// Whether tasks are under way or will be, though this process sleeps.
  var hasWork: Bool {
    if isInherited { return false }
    return members.contains { $0.batchCount > 0 } || !isPaused && (!queue.isEmpty || delayed > 0)
  }

  // MARK: Waiting

  /// Sleeps until something holds that the pool's work brings about; false at the deadline.
  ///
  /// Meanwhile results need not interrupt anything.
  func wait(until deadline: Int64? = nil, done: () throws -> Bool) throws -> Bool {
    if try done() { return true }
    waiters += 1
    if members.count <= Pool.fewMembers { setAsynchronous(false) }
    defer {
      waiters -= 1
      if waiters == 0 { serveInBackground() }
    }
    return try session.pause(interpreter, until: deadline, done: done)
  }

  /// The user's code goes on: if tasks are under way, their results interrupt it.
  public func serveInBackground() { if !isIdle, !isInherited { setAsynchronous(true) } }

  /// Looks at what has come, without waiting.
  func look() { _ = try? session.loop.poll(timeout: 0) }

  /// Whether results shall interrupt code that computes (KERNEL.md).
  func setAsynchronous(_ on: Bool) {
    session.loop.interruptsForTimers = on
    var isChanged = false
    for member in members where member.isAsynchronous != on {
      if on {
        guard (try? Attention.signalWhenReady(member.socket)) != nil else { continue }
      } else {
        try? Attention.signalWhenReady(member.socket, false)
      }
      member.isAsynchronous = on
      isChanged = true
    }
    // What came before the switch raises no signal.
    if on, isChanged { look() }
  }
}

extension Session {
  /// Makes a pool and forks its workers.
  ///
  /// - Parameter name: nil for one that Brood chooses.
  public func makePool(
    _ name: String?, size: Int, initializer: Value? = nil, memoryLimit: Int? = nil,
    _ interpreter: Interpreter
  ) throws -> Pool {
    if let name { try names.check(name) }
    let pool = Pool(
      name ?? names.fresh("pool"), size, initializer: initializer, memoryLimit: memoryLimit, self,
      interpreter)
    try names.claim(pool.name, for: pool)
    do {
      try pool.start()
    } catch {
      pool.terminate()
      names.release(pool.name, of: pool)
      throw error
    }
    pools.add(pool)
    return pool
  }

  /// How many workers a pool has if nobody says.
  public var usableCPUs: Int { Process.usableCPUs(reader) }
}

/// The pools that this process has made.
public final class PoolList {
  private var pools: [Pool] = []

  /// In the order in which they were made, without those that are gone or a parent's.
  public var all: [Pool] { pools.filter { !$0.isGone && !$0.isInherited } }

  /// One that was closed and whose workers have ended meanwhile, so that it can be joined still.
  public func ended(named name: String) -> Pool? {
    pools.last { $0.isGone && !$0.isInherited && $0.name == name }
  }

  /// The one that is meant if nobody says: the last one, closed or not; once it was joined, the
  /// last one before that was not ended.
  public var latest: Pool? {
    let own = pools.filter { !$0.isInherited }
    if let last = own.last, !last.isJoined { return last }
    return own.last { !$0.isJoined && !$0.wasTerminated }
  }

  /// Whether tasks of this process's pools may do something while it sleeps.
  var haveWork: Bool { pools.contains(where: \.hasWork) }

  /// How often it is looked whether submitted work can still be done (ns).
  private static let lookTime: Int64 = 500_000_000

  /// So many that were closed and never joined are remembered.
  private static let mostUnjoined = 16

  /// How many tasks of `pool submit` are not finished.
  public var submitted: Int { all.reduce(0) { $0 + $1.submitted } }

  /// At the end of a script: its submitted work is done; not that of a pool that is paused, nor what
  /// waits for what only this process or a daemon could do.
  func finishSubmitted(_ session: Session, _ interpreter: Interpreter) throws {
    let busy = all.filter { $0.submitted > 0 && !$0.isPaused }
    if busy.isEmpty { return }
    // Nothing more will come from this process: a task that waits for it alone shall know.
    session.channels.leave()
    while try !session.pause(
      interpreter, until: Clock.deadline(after: PoolList.lookTime),
      done: { busy.allSatisfy { $0.submitted == 0 } })
    {
      let working = busy.flatMap(\.workingProcesses)
      let isStuck = !working.isEmpty && working.allSatisfy(session.channels.waitsForEver)
      if isStuck, session.joinable.isEmpty { return }
    }
  }

  /// At the end of the session: nothing more is begun, and nothing done again.
  func terminate() { for pool in all { pool.terminate() } }

  func add(_ pool: Pool) {
    pools.removeAll { $0.isGone && !$0.isInherited && ($0.isJoined || $0.wasTerminated) }
    if pools.count(where: \.isGone) >= PoolList.mostUnjoined,
      let oldest = pools.firstIndex(where: \.isGone)
    {
      pools.remove(at: oldest)
    }
    pools.append(pool)
  }
}
