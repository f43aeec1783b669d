import Glibc
import Language
import Posix

/// Many calls of a program, some at a time: `pool run`.
///
/// The programs are this process's own children, without a worker in between. What they write, and
/// how it is shown, is in `ProgramRunOutput`.
public final class ProgramRun {
  let session: Session
  let interpreter: Interpreter
  let policy: PoolPolicy
  let options: Options
  /// Makes the request for an input; throws where the program cannot be found.
  private let request: (_ input: TaskInput, _ index: Int, _ slot: Int) throws -> SpawnRequest
  /// The next input; nil at the end.
  private let next: () throws -> TaskInput?

  /// How many inputs were taken.
  public private(set) var count = 0
  /// Those whose output was not shown yet.
  var live: [Int: ProgramRecord] = [:]
  /// Those that are wanted in the end: all, or those of programs that failed.
  public internal(set) var records: [Value] = []
  /// The first of those that failed, for messages.
  public private(set) var failures: [ProgramRecord] = []
  var kept: [Int: (output: TaskOutput, error: TaskOutput)] = [:]
  private var running: [ProgramAttempt] = []
  private var again: [Int] = []
  private var delayed: Set<Int> = []
  private var hasEnded = false
  private var isHalted = false
  var nextShown = 0
  /// Finished, but not shown.
  var finished: Set<Int> = []
  /// Counts what the loop has to look at.
  private var changes = 0
  private var nextStart: Int64 = 0
  private var marks: Set<UInt32> = []
  private var nullInput: Int32 = -1
  public private(set) var succeeded = 0
  public private(set) var failed = 0
  public private(set) var timedOut = 0
  /// Of those that failed: they were ended because they were not wanted any more.
  public private(set) var cancelled = 0
  /// Knows what became of programs in earlier runs.
  public var journal: (any ProgramJournal)?
  /// What an input's task is known by.
  public var key: ((TaskInput) -> String?)?
  /// What tells whether the next input is there, so that waiting for it keeps nothing else waiting.
  public var inputStream: InputStream?
  private var inputWatch: Watch?
  /// Told when a task has begun or ended, and after something was shown.
  public var onProgress: (() -> Void)?
  /// Told before anything is shown.
  public var onShow: (() -> Void)?
  let store: OutputStore
  let writer: OutputWriter

  public init(
    _ session: Session, _ interpreter: Interpreter, _ policy: PoolPolicy, _ options: Options,
    next: @escaping () throws -> TaskInput?,
    request: @escaping (_ input: TaskInput, _ index: Int, _ slot: Int) throws -> SpawnRequest
  ) {
    self.session = session
    self.interpreter = interpreter
    self.policy = policy
    self.options = options
    self.next = next
    self.request = request
    store = OutputStore(session.loop, directory: options.directory)
    writer = OutputWriter(session, interpreter)
    store.onFull = { [weak self] directory, error in self?.tell("in '\(directory)'", error) }
    writer.onFull = { [weak self] what, error in self?.tell(what, error) }
  }

  public var runningCount: Int { running.count }
  /// Whether all inputs are known.
  public var isWhole: Bool { hasEnded }

  private func tell(_ place: String, _ error: SystemError) {
    onShow?()
    try? Transfer.writeAll(
      2, "pool run: no room \(place) for the output of tasks (\(error.name)); they wait for it\n")
  }

  /// Runs all of it; throws what came between, after ending what ran.
  public func run() throws {
    nullInput = try asking { try Descriptors.makePrivate(Descriptors.open("/dev/null", O_RDONLY)) }
    defer {
      stopWaitingForInput()
      Descriptors.close(nullInput)
      Guardian.send(.kill, toTasks: marks)
    }
    do {
      try begin()
      while true {
        try startMore()
        // What could not even be started waits to be told.
        try show()
        try journal?.check()
        if running.isEmpty, delayed.isEmpty, again.isEmpty || isHalted, hasEnded || isHalted {
          break
        }
        let before = changes
        _ = try session.pause(interpreter, until: wakeTime) {
          changes != before || mayStart || store.hasLines
        }
        try show()
        onProgress?()
      }
      try show()
    } catch {
      stop()
      throw error
    }
  }

  // MARK: Starting

  private var wakeTime: Int64? { policy.rate != nil && hasRoom ? nextStart : nil }

  private var hasRoom: Bool {
    running.count < options.jobs && !isHalted && journal?.isWaiting != true
      && (!again.isEmpty || !hasEnded && inputWatch == nil)
  }

  private var mayStart: Bool {
    hasRoom && (policy.rate == nil || Clock.monotonic >= nextStart)
      && (finished.count < options.jobs * 64 || !again.isEmpty)
  }

  private func startMore() throws {
    while mayStart {
      let index: Int
      if let due = again.popLast() {
        index = due
      } else if try isWaitingForInput() {
        return
      } else if let input = try next() {
        index = count
        count += 1
        var record = ProgramRecord(index: index, input: input)
        let isKnown = try recall(&record)
        live[index] = record
        if isKnown {
          note(end: index, record)
          continue
        }
      } else {
        hasEnded = true
        return
      }
      if let rate = policy.rate {
        nextStart = max(nextStart, Clock.monotonic) + Int64(1e9 / max(rate, 1e-6))
      }
      try start(index)
    }
  }

  private func isWaitingForInput() throws -> Bool {
    guard let stream = inputStream else { return false }
    if inputWatch != nil { return true }
    if try stream.isReady() { return false }
    inputWatch = try asking {
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

  /// Whether a program need not run.
  private func recall(_ record: inout ProgramRecord) throws -> Bool {
    guard let journal else { return false }
    // Many in a row must not keep Ctrl-C waiting.
    if record.index % 256 == 255 { try session.attend(interpreter) }
    return try journal.recall(&record)
  }

  private func start(_ index: Int) throws {
    guard var record = live[index] else { return }
    var slot = 0
    while running.contains(where: { $0.slot == slot }) { slot += 1 }
    record.attempts += 1
    record.start = Clock.realtime
    live[index] = record
    var request: SpawnRequest
    do {
      request = try self.request(record.input, index, slot)
    } catch let error as ErrorObject where error.kind != .interrupted {
      return fail(toStart: index, error)
    }
    let (output, errors) = try makeOutputs(record)
    request.descriptors = [(from: nullInput, to: 0)]
    if let output, let errors {
      request.descriptors += [(from: output.writeEnd, to: 1), (from: errors.writeEnd, to: 2)]
    }
    request.group = .new
    let command = ProgramRun.text(request)
    let ticket = try session.prepareSpawn(name: nil, prefix: "run", command: command)
    if options.isDetached {
      request.task = 0
    } else if Guardian.isMarked, let slot = ticket.slot {
      request.task = Guardian.firstTask + UInt32(clamping: slot.place.number)
    }
    do throws(SystemError) {
      let (pid, pidfd) = try Posix.spawn(request)
      let process = session.register(
        ticket, pid: pid, pidfd: -1, command: command, kind: .helper, group: pid,
        isDetached: options.isDetached)
      live[index]?.pid = pid
      if let limit = options.memoryLimit {
        // It has hardly begun; the shell's own limit could not be lowered for the moment.
        try? Process.limitMemory(of: pid, to: limit)
        live[index]?.memoryLimit = limit
      }
      let mark = options.isDetached ? nil : request.task
      let attempt = ProgramAttempt(index, slot, process, pidfd, mark, output, errors)
      if let mark { marks.insert(mark) }
      running.append(attempt)
      if let journal, let record = live[index] { journal.began(record) }
      onProgress?()
      watch(attempt)
    } catch {
      session.abandon(ticket)
      output?.close()
      errors?.close()
      fail(toStart: index, error.asError("cannot start '\(request.path)'"))
    }
  }

  private static func text(_ request: SpawnRequest) -> String {
    guard let words = request.argumentBytes else { return request.arguments.joined(separator: " ") }
    return String(decoding: Array(words.joined(separator: [0x20])), as: UTF8.self)
  }

  /// Serves a program from now on; one that cannot be served does not run.
  private func watch(_ attempt: ProgramAttempt) {
    do {
      try attempt.output?.begin()
      try attempt.error?.begin()
      attempt.watch = try session.loop.watchExit(attempt.pidfd) { [weak self, weak attempt] in
        guard let self, let attempt else { return }
        attempt.watch = nil
        ended(attempt)
      }
    } catch {
      let error = error as? ErrorObject ?? (error as? SystemError)?.asError()
      return abandon(attempt, error ?? ErrorObject(.system, "cannot watch a program"))
    }
    guard let timeout = policy.timeout else { return }
    attempt.timer = session.loop.addTimer(at: Clock.deadline(after: timeout)) {
      [weak self, weak attempt] in
      guard let self, let attempt else { return }
      attempt.hasTimedOut = true
      end(attempt)
    }
  }

  /// A program whose end would never be seen is ended at once, and reaped when it has.
  private func abandon(_ attempt: ProgramAttempt, _ error: ErrorObject) {
    try? Process.send(.kill, toGroup: attempt.process.group)
    if let mark = attempt.mark { Guardian.send(.kill, toTask: mark) }
    running.removeAll { $0 === attempt }
    Descriptors.close(attempt.pidfd)
    attempt.output?.close()
    attempt.error?.close()
    fail(toStart: attempt.index, error)
  }

  // MARK: Ending

  /// TERM to a program and what it started, KILL after a while.
  private func end(_ attempt: ProgramAttempt) {
    let group = attempt.process.group
    try? Process.send(.term, toGroup: group)
    try? Process.send(.cont, toGroup: group)
    attempt.timer = session.loop.addTimer(at: Clock.deadline(after: policy.grace)) {
      [weak attempt] in
      guard let attempt else { return }
      try? Process.send(.kill, toGroup: group)
      if let mark = attempt.mark { Guardian.send(.kill, toTask: mark) }
    }
  }

  private func ended(_ attempt: ProgramAttempt) {
    let process = attempt.process
    if let timer = attempt.timer { session.loop.cancel(timer) }
    let ending = (try? session.reapNow(process)) ?? process.record
    Descriptors.close(attempt.pidfd)
    running.removeAll { $0 === attempt }
    attempt.output?.drain()
    attempt.error?.drain()
    // Something that it has started is left, or was meant to be ended with it.
    let isHeld = attempt.output?.hasEnded == false || attempt.error?.hasEnded == false
    if isHeld || attempt.hasTimedOut || attempt.isCancelled, let mark = attempt.mark {
      Guardian.send(.kill, toTask: mark)
      attempt.output?.drain()
      attempt.error?.drain()
    }
    attempt.output?.seal()
    attempt.error?.seal()
    let index = attempt.index
    guard var record = live[index] else { return }
    record.elapsed = Clock.monotonic - attempt.begun
    record.info = ending?.info
    record.hasTimedOut = attempt.hasTimedOut
    record.isCancelled = attempt.isCancelled
    record.lastLine = record.isOk ? nil : attempt.error?.lastLine
    live[index] = record
    let isDeath = ending?.signal != nil && !attempt.hasTimedOut
    let allowed = policy.retries ?? (isDeath && ending?.signal == .kill ? 1 : 0)
    if !record.isOk, !attempt.isCancelled, !isHalted, record.attempts <= allowed {
      attempt.output?.close()
      attempt.error?.close()
      return retry(index, after: record.attempts)
    }
    if let output = attempt.output, let error = attempt.error { kept[index] = (output, error) }
    finish(index, record)
  }

  private func fail(toStart index: Int, _ error: ErrorObject) {
    live[index]?.problem = error.message
    live[index]?.remedy = error.help
    if let record = live[index] { finish(index, record) }
  }

  private func note(end index: Int, _ record: ProgramRecord) {
    changes += 1
    finished.insert(index)
    if record.isOk {
      succeeded += 1
    } else {
      failed += 1
      if failures.count < 5, !record.isCancelled { failures.append(record) }
    }
    if record.hasTimedOut { timedOut += 1 }
    if record.isCancelled { cancelled += 1 }
    onProgress?()
  }

  private func finish(_ index: Int, _ record: ProgramRecord) {
    // What is to be shown counts as done only then, so that no output is lost when this process is.
    if kept[index] == nil || !options.showsLater {
      writeDown(record, kept[index]?.output, kept[index]?.error)
    }
    note(end: index, record)
    guard !record.isOk, policy.halt != .never, !isHalted else { return }
    halt()
    if policy.halt == .now { for other in running { cancel(other) } }
  }

  /// Nothing more is started; the last attempt of those that were to be tried again counts.
  private func halt() {
    isHalted = true
    let rest = again + delayed
    again = []
    delayed = []
    for index in rest { if let record = live[index] { finish(index, record) } }
  }

  private func retry(_ index: Int, after attempts: Int) {
    changes += 1
    guard policy.backoff > 0 else { return again.insert(index, at: 0) }
    delayed.insert(index)
    let factor = Int64(1) << Int64(min(attempts - 1, 20))
    let (delay, overflow) = policy.backoff.multipliedReportingOverflow(by: factor)
    let moment = Clock.deadline(after: overflow ? .max / 2 : delay)
    _ = session.loop.addTimer(at: moment) { [weak self] in
      guard let self, delayed.remove(index) != nil else { return }
      changes += 1
      again.insert(index, at: 0)
    }
  }

  private func cancel(_ attempt: ProgramAttempt) {
    if attempt.isCancelled { return }
    attempt.isCancelled = true
    end(attempt)
  }

  /// How long a reader that has stopped is waited for at the end (ns).
  private static let patienceAtEnd: Int64 = 500_000_000

  /// Something came between: no further program is started, those that run are ended, at once if
  /// it comes again.
  private func stop() {
    halt()
    writer.patience = ProgramRun.patienceAtEnd
    for attempt in running { cancel(attempt) }
    do {
      _ = try session.pause(interpreter) { running.isEmpty }
    } catch {
      for attempt in running { try? Process.send(.kill, toGroup: attempt.process.group) }
      let deadline = Clock.deadline(after: 1_000_000_000)
      session.postponing {
        _ = try session.pause(interpreter, until: deadline) { running.isEmpty }
      }
    }
    session.postponing { try show() }
  }
}
