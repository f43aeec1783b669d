import Channels
import Glibc
import Language
import Pools
import Posix
import Processes
import Waits

/// Many calls of a program, some at a time: `pool run`.
///
/// The programs are this process's own children, without a worker in between. Which is started
/// when, and what follows from its end, the scheduler decides; this is its crew and its client.
/// Starting and ending is in `ProgramRunProcesses`, what they write in `ProgramRunOutput`.
public final class ProgramRun: ExecutorCrew, TaskClient {
  let session: Session
  let interpreter: Interpreter
  let policy: PoolPolicy
  let options: Options
  /// Makes the request for an input; throws where it cannot be made for this one.
  let request: (_ input: TaskInput, _ index: Int, _ place: Int) throws -> SpawnRequest
  /// The next input; nil at the end.
  private let next: () throws -> TaskInput?
  private(set) lazy var job = makeJob()
  private(set) lazy var scheduler = makeScheduler()

  /// How many inputs were taken.
  public internal(set) var count = 0
  /// Those whose output was not shown yet.
  var live: [Int: TaskRecord] = [:]
  /// Those that are wanted in the end: all, or those of programs that failed.
  public internal(set) var records: [Value] = []
  /// The first of those that failed, for messages.
  public private(set) var failures: [TaskRecord] = []
  /// What attempts wrote that are over, the last one last.
  var kept: [Int: [(output: TaskOutput, error: TaskOutput)]] = [:]
  var nextShown = 0
  /// Finished, but not shown.
  var finished: Set<Int> = []
  /// Counts what the loop has to look at.
  var changes = 0
  var marks: Set<UInt32> = []
  /// Of those, what was killed already, with a task that was ended or told.
  var killedMarks: Set<UInt32> = []
  var places = FreeNumbers(from: 0)
  var nullInput: Int32 = -1
  /// Of programs that get the terminal; -1 if they do not.
  var terminal: Int32 = -1
  /// HUP has come: no further program is started.
  public internal(set) var isDraining = false
  /// TSTP has stopped all, and when (ns).
  var isStopped = false
  var stoppedAt: Int64 = 0
  /// How long it was stopped before (ns).
  var stoppedTime: Int64 = 0
  /// How many processes that programs had left behind were ended.
  var leftBehind = 0
  /// Why no program can be started.
  var problem: ErrorObject?
  /// A handler has left the program.
  var exit: ExitRequest?
  /// Why there was no room for one.
  var shortage: ErrorObject?
  private var timer: TimerID?
  /// Where the programs run, if that is on other machines.
  private(set) lazy var far = options.placement.map {
    FarRun($0, jobsAt: options.jobsAt, session)
  }
  /// What holds starts back.
  var gates = Gates()
  public private(set) var succeeded = 0
  /// Of those, how many have been shown and written to `--results`.
  var handedOn = 0
  /// How many have succeeded whose output is not in `--results`.
  public var unsaved: Int { options.results == nil ? 0 : max(0, succeeded - handedOn) }
  public private(set) var failed = 0
  public private(set) var timedOut = 0
  /// Of those that failed: they were ended because they were not wanted any more.
  public private(set) var cancelled = 0
  /// The highest status of all that were not cancelled.
  public private(set) var worstStatus: Int32 = 0
  /// Those that did not begin, since one that they need had not succeeded; no failures.
  public private(set) var blocked = 0
  /// Which tasks need others, and what else depends on the task; nil where none does.
  public var plan: ProgramPlan?
  /// Of a plan's tasks: those that have ended without success.
  var unsuccessful: [Int: TaskEnd] = [:]
  /// Knows what became of programs in earlier runs.
  public var journal: (any RunJournal)?
  /// What an input's task is known by, with its number where that is part of the words.
  public var key: ((TaskInput, Int) -> String?)?
  /// What gives programs their standard input, if they get it in blocks.
  public var pipe: PipeInput?
  /// Where a call gets several inputs: what puts them together.
  public var groups: InputGroups?
  /// Whether all inputs mean the same program, so that one that is missing is for all.
  public var isOneProgram = true
  /// What tells whether the next input is there, so that waiting for it keeps nothing else waiting.
  public var inputStream: InputStream?
  private var inputWatch: Watch?
  /// Told when a task has begun or ended, and after something was shown.
  public var onProgress: (() -> Void)?
  /// Told before anything is shown.
  public var onShow: (() -> Void)?
  /// Told when a program that was started, or could not be, has come to its end.
  public var onEnd: ((TaskRecord) -> Void)?
  /// What ends the run at once.
  var fatal: ErrorObject?
  let store: OutputStore
  let writer: OutputWriter

  public init(
    _ session: Session, _ interpreter: Interpreter, _ policy: PoolPolicy, _ options: Options,
    next: @escaping () throws -> TaskInput?,
    request: @escaping (_ input: TaskInput, _ index: Int, _ place: Int) throws -> SpawnRequest
  ) {
    self.session = session
    self.interpreter = interpreter
    self.policy = policy
    self.options = options
    self.next = next
    self.request = request
    store = OutputStore(session.loop, directory: options.directory)
    writer = OutputWriter(session, interpreter)
    writer.failsWhenFull = options.failsWhenFull
    store.onFull = { [weak self] place, error in self?.tell(place, error) }
    writer.onFull = { [weak self] what, error in self?.tell(what, error) }
  }

  private func makeJob() -> TaskJob {
    var scheduling = policy.ofProgram
    if policy.losses == nil, policy.retries != 0, let losses = far?.hosts.placement.losses {
      scheduling.losses = losses
    }
    let job = TaskJob(scheduling, client: self, isOrdered: plan != nil)
    if let plan { job.terms = { plan.tasks[$0].terms } }
    return job
  }

  private func makeScheduler() -> TaskScheduler {
    let scheduler = TaskScheduler(crew: self, limit: far == nil ? options.jobs : 0, isEager: false)
    {
      Clock.monotonic
    }
    scheduler.onDeadline = { [weak self] moment in self?.setTimer(moment) }
    return scheduler
  }

  private func setTimer(_ moment: Int64?) {
    if let timer { session.loop.cancel(timer) }
    timer = moment.map { moment in
      session.loop.addTimer(at: moment) { [weak self] in
        guard let self else { return }
        timer = nil
        changes += 1
        if !isStopped { scheduler.advance() }
      }
    }
  }

  public var runningCount: Int { far?.busyCount ?? scheduler.running }
  /// Whether all inputs are known.
  public var isWhole: Bool { job.isWhole }

  /// When it was last said that there is no room, and how long it is not said again (ns).
  private var toldOfRoom: Int64?
  private static let timeBetweenNews: Int64 = 30_000_000_000

  private func tell(_ place: String, _ error: SystemError) {
    if options.failsWhenFull {
      fatal = fatal ?? ProgramRun.noRoom(place, error)
      changes += 1
      return
    }
    // A disk on which others write is full again and again.
    let now = Clock.monotonic
    if let last = toldOfRoom, now - last < ProgramRun.timeBetweenNews { return }
    toldOfRoom = now
    say("no room \(place) for the output of tasks (\(error.name)); they wait for it")
  }

  /// Says something on standard error, between outputs.
  func say(_ text: String) {
    onShow?()
    let name = plan == nil ? "pool run" : "pool tasks"
    Session.say("\(store.endShownLine() ? "\n" : "")\(name): \(text)")
  }

  static func noRoom(_ place: String, _ error: SystemError) -> ErrorObject {
    ErrorObject(.limit, "there is no room \(place) for the output of tasks (\(error.name))")
  }

  /// Runs all of it; throws what came between, after ending what ran.
  public func run() throws {
    nullInput = try mapErrors {
      try Descriptors.makePrivate(Descriptors.open("/dev/null", O_RDONLY))
    }
    terminal = openTerminal() ?? -1
    let signals = handleSignals()
    // Not before: Ctrl-Z would leave its line where the shell's prompt comes.
    onProgress?()
    openGates()
    defer {
      far?.hosts.end()
      closeGates()
      signals.end()
      stopWaitingForInput()
      pipe?.end()
      setTimer(nil)
      Descriptors.close(nullInput)
      Descriptors.close(terminal)
      endLeftBehind()
    }
    job.mostQueued = 1
    job.mostKept = plan == nil ? options.jobs * 65 : .max
    if journal != nil {
      groups?.recall = { [weak self] record in try self?.recall(&record) ?? false }
    }
    do {
      try begin()
      pipe?.onChange = { [weak self] in self?.changes += 1 }
      try pipe?.begin(store)
      scheduler.add(job)
      if let far {
        far.hosts.client = self
        far.hosts.speak = { [weak self] in self?.say($0) }
        far.hosts.memoryLimit = 0
        try far.hosts.begin()
      }
      while true {
        try supply()
        // What could not even be started waits to be told.
        try show()
        try journal?.check()
        try pipe?.check()
        if let exit { throw exit }
        if let problem, problem.kind == .interrupted { throw problem }
        if options.failsWhenFull, fatal == nil, journal?.isWaiting == true {
          fatal = ErrorObject(.limit, "there is no room for the journal")
        }
        if let fatal { throw fatal }
        if job.isFinished { break }
        let before = changes
        let stops = session.stops
        _ = try pauseForPrograms {
          changes != before || store.hasLines || mayTakeInput || session.stops != stops
        }
        if session.stops != stops { lookAtStopped() }
        lookAtGates()
        try show()
        onProgress?()
      }
      try show()
    } catch {
      stop()
      throw error
    }
    endLeftBehind()
    if leftBehind > 0 {
      say(
        "\(leftBehind) \(leftBehind == 1 ? "process that a program" : "processes that programs") "
          + "had left behind \(leftBehind == 1 ? "was" : "were") ended; --keep-background keeps "
          + "such")
    }
    if let problem = problem ?? (job.abortion == .noRoom ? shortage : nil) { throw problem }
  }

  /// Sleeps as `Session.pause` does, and lets those who look see for which programs.
  private func pauseForPrograms(done: () throws -> Bool) throws -> Bool {
    func note() {
      var targets: [WaitTarget] = []
      for attempt in attempts where targets.count <= WaitNote.mostTargets {
        targets.append(WaitTarget(.process(attempt.process.pid), .end))
      }
      // Without programs it waits for input, or a time.
      if targets.isEmpty { return WaitNote.letGo() }
      WaitNote.keep(.other, targets, until: .max, .busy)
    }
    defer { WaitNote.letGo() }
    note()
    return try session.pause(interpreter) {
      if try done() { return true }
      note()
      return false
    }
  }

  // MARK: Input

  /// Whether the next input may be taken: there is a place for it, or it is to be seen whether it
  /// was the last one before a rate makes it wait.
  private var mayTakeInput: Bool {
    job.wantsInput && inputWatch == nil && pipe?.hasNext != false
      && (policy.rate != nil || scheduler.running < scheduler.limit + (far?.ahead ?? 0))
  }

  /// Takes inputs as there is room for them, and starts what can be started.
  private func supply() throws {
    scheduler.pump()
    while mayTakeInput {
      if try isWaitingForInput() { return }
      guard let (record, isKnown) = try nextRecord() else {
        scheduler.supply(job, upTo: count, isWhole: true)
        break
      }
      let index = count
      count += 1
      live[index] = record
      if isKnown {
        scheduler.supplyKnown(job, record.isOk ? .succeeded : .failed)
        note(end: index, record)
      } else if let plan {
        scheduler.supply(job, after: plan.tasks[index].needed)
        scheduler.pump()
      } else {
        scheduler.supply(job, upTo: count, isWhole: false)
        scheduler.pump()
      }
    }
    scheduler.pump()
  }

  /// The next call, and whether it is known what became of it; nil at the end.
  private func nextRecord() throws -> (record: TaskRecord, isKnown: Bool)? {
    guard let groups else {
      guard let input = try next() else { return nil }
      var record = TaskRecord(index: count, input: input)
      let isKnown = try recall(&record)
      return (record, isKnown)
    }
    switch try groups.next() {
    case nil: return nil
    case .known(var record)?:
      record.index = count
      return (record, true)
    case .group(let members)?:
      let record = call(count, members.map(\.input)[...], members.compactMap(\.recalled))
      return (record, false)
    }
  }

  private func isWaitingForInput() throws -> Bool {
    guard let stream = inputStream else { return false }
    if inputWatch != nil { return true }
    if try stream.isReady() { return false }
    inputWatch = try mapErrors {
      try session.loop.watch(stream.descriptor, for: .read) { [weak self] in
        self?.stopWaitingForInput()
        self?.changes += 1
      }
    }
    return true
  }

  private func stopWaitingForInput() {
    if let inputWatch { session.loop.remove(inputWatch) }
    inputWatch = nil
  }

  /// Whether a program need not run, by what became of it earlier.
  private func recall(_ record: inout TaskRecord) throws -> Bool {
    guard let journal else { return false }
    // Many in a row must not keep Ctrl-C waiting.
    if record.index % 256 == 255 { try session.attend(interpreter) }
    return try journal.recall(&record)
  }

  // MARK: For the scheduler

  public func hire() -> HireOutcome {
    if let far { return hireFar(far) }
    return .hired(ProgramExecutor(self), credit: 1, isReady: true)
  }

  public func isHeld(_ job: TaskJob) -> Bool { journal?.isWaiting == true }

  /// A task is finished though no program of it has just ended.
  public func ended(_ task: Int, of job: TaskJob, _ end: TaskEnd) {
    if end == .blocked { return block(task) }
    guard var record = live[task] else { return }
    if end == .cancelled { record.isCancelled = true }
    finish(task, record)
  }

  public func finished(_ job: TaskJob) { changes += 1 }

  // MARK: Ends

  func note(end index: Int, _ record: TaskRecord) {
    changes += 1
    finished.insert(index)
    if plan != nil, !record.isOk { unsuccessful[index] = record.isBlocked ? .blocked : .failed }
    if record.isOk {
      succeeded += 1
    } else if record.isBlocked {
      blocked += 1
    } else {
      failed += 1
      if failures.count < 5, !record.isCancelled { failures.append(record) }
    }
    if record.hasTimedOut { timedOut += 1 }
    if record.isCancelled { cancelled += 1 } else { worstStatus = max(worstStatus, record.status) }
    onProgress?()
  }

  func finish(_ index: Int, _ record: TaskRecord) {
    live[index] = record
    pipe?.release(index)
    // What is to be shown counts as done only then, so that no output is lost when this process is.
    let last = kept[index]?.last
    if last == nil || !options.showsLater { writeDown(record, last?.output, last?.error) }
    onEnd?(record)
    note(end: index, record)
  }

  /// How long a reader that has stopped is waited for at the end (ns).
  private static let timeoutAtEnd: Int64 = 500_000_000

  /// Something came between: no further program is started, those that run are ended, at once if
  /// it comes again.
  private func stop() {
    scheduler.cancel(job, endsRunning: true)
    scheduler.pump()
    writer.timeout = ProgramRun.timeoutAtEnd
    do {
      _ = try session.pause(interpreter) { scheduler.running == 0 }
    } catch {
      scheduler.killEnding()
      let deadline = Clock.deadline(after: 1_000_000_000)
      session.postponing {
        _ = try session.pause(interpreter, until: deadline) { scheduler.running == 0 }
      }
    }
    session.postponing { try show() }
  }
}
