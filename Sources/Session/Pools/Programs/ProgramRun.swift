import Glibc
import Language
import Posix

/// Many calls of a program, some at a time: `pool run`.
///
/// The programs are this process's own children, without a worker in between.
public final class ProgramRun {
  /// What becomes of the output.
  public struct Options {
    /// How many run at a time.
    public var jobs = 1
    /// Shown whole and in the order of the inputs; else in the order in which they end.
    public var isOrdered = true
    /// Written by the programs themselves, as it comes.
    public var isUngrouped = false
    /// Kept for the records instead of shown.
    public var keepsOutput = false

    public init() {}
  }

  private let session: Session
  private let interpreter: Interpreter
  private let policy: PoolPolicy
  private let options: Options
  /// Makes the request for an input; throws where the program cannot be found.
  private let request: (_ input: String, _ index: Int, _ slot: Int) throws -> SpawnRequest
  /// The next input; nil at the end.
  private let next: () throws -> String?

  public private(set) var records: [ProgramRecord] = []
  private var kept: [Int: (output: TaskOutput, error: TaskOutput)] = [:]
  private var running: [Attempt] = []
  private var again: [Int] = []
  private var delayed = 0
  private var hasEnded = false
  private var isHalted = false
  private var nextShown = 0
  private var finished: Set<Int> = []
  private var nextStart: Int64 = 0
  private var marks: Set<UInt32> = []
  private var nullInput: Int32 = -1
  public private(set) var succeeded = 0
  public private(set) var failed = 0
  public private(set) var timedOut = 0
  /// Knows what became of programs in earlier runs.
  public var journal: (any ProgramJournal)?
  /// Told when a task has ended.
  public var onProgress: (() -> Void)?

  /// One program that runs.
  private final class Attempt {
    let index: Int
    let slot: Int
    let process: ProcessHandle
    let pidfd: Int32
    let mark: UInt32?
    let output: TaskOutput?
    let error: TaskOutput?
    let begun = Clock.monotonic
    var watch: Watch?
    var timer: TimerID?
    var hasTimedOut = false
    var isCancelled = false

    init(
      _ index: Int, _ slot: Int, _ process: ProcessHandle, _ pidfd: Int32, _ mark: UInt32?,
      _ output: TaskOutput?, _ error: TaskOutput?
    ) {
      self.index = index
      self.slot = slot
      self.process = process
      self.pidfd = pidfd
      self.mark = mark
      self.output = output
      self.error = error
    }
  }

  public init(
    _ session: Session, _ interpreter: Interpreter, _ policy: PoolPolicy, _ options: Options,
    next: @escaping () throws -> String?,
    request: @escaping (_ input: String, _ index: Int, _ slot: Int) throws -> SpawnRequest
  ) {
    self.session = session
    self.interpreter = interpreter
    self.policy = policy
    self.options = options
    self.next = next
    self.request = request
  }

  public var runningCount: Int { running.count }
  /// Whether all inputs are known.
  public var isWhole: Bool { hasEnded }

  /// Runs all of it; throws what came between, after ending what ran.
  public func run() throws {
    nullInput = try asking { try Descriptors.makePrivate(Descriptors.open("/dev/null", O_RDONLY)) }
    defer {
      Descriptors.close(nullInput)
      for mark in marks { Guardian.send(.kill, toTask: mark) }
    }
    do {
      while true {
        try startMore()
        try journal?.check()
        if running.isEmpty, delayed == 0, again.isEmpty || isHalted, hasEnded || isHalted { break }
        let before = finished.count + again.count
        _ = try session.pause(interpreter, until: wakeTime) {
          finished.count + again.count != before || mayStart
        }
        try show()
      }
    } catch {
      stop()
      throw error
    }
    try show()
  }

  // MARK: Starting

  private var wakeTime: Int64? { policy.rate != nil && hasRoom ? nextStart : nil }

  private var hasRoom: Bool {
    running.count < options.jobs && !isHalted && journal?.isWaiting != true
      && (!again.isEmpty || !hasEnded)
  }

  private var mayStart: Bool {
    hasRoom && (policy.rate == nil || Clock.monotonic >= nextStart)
      && (options.keepsOutput || kept.count < options.jobs * 64 || !options.isOrdered)
  }

  private func startMore() throws {
    while mayStart {
      let index: Int
      if let due = again.popLast() {
        index = due
      } else if let input = try next() {
        index = records.count
        records.append(ProgramRecord(index: index, input: input))
        if try recall(index) { continue }
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

  /// Whether a program need not run.
  private func recall(_ index: Int) throws -> Bool {
    guard let journal else { return false }
    // Many in a row must not keep Ctrl-C waiting.
    if index % 256 == 255 { try session.attend(interpreter) }
    guard try journal.recall(&records[index]) else { return false }
    count(index)
    return true
  }

  private func start(_ index: Int) throws {
    var slot = 0
    while running.contains(where: { $0.slot == slot }) { slot += 1 }
    records[index].attempts += 1
    records[index].start = Clock.realtime
    var request: SpawnRequest
    do {
      request = try self.request(records[index].input, index, slot)
    } catch let error as ErrorObject where error.kind != .interrupted {
      return fail(toStart: index, error)
    }
    let output = options.isUngrouped ? nil : try TaskOutput(session.loop)
    let errors = options.isUngrouped ? nil : try TaskOutput(session.loop)
    request.descriptors = [(from: nullInput, to: 0)]
    if let output, let errors {
      request.descriptors += [(from: output.writeEnd, to: 1), (from: errors.writeEnd, to: 2)]
    }
    request.group = .new
    let ticket = try session.prepareSpawn(name: nil, prefix: "run")
    if Guardian.isMarked, let slot = ticket.slot {
      request.task = Guardian.firstTask + UInt32(clamping: slot.place.number)
    }
    do throws(SystemError) {
      let (pid, pidfd) = try Posix.spawn(request)
      let process = session.register(
        ticket, pid: pid, pidfd: -1, command: request.arguments.joined(separator: " "),
        kind: .helper, group: pid)
      records[index].pid = pid
      let attempt = Attempt(index, slot, process, pidfd, request.task, output, errors)
      if let mark = request.task { marks.insert(mark) }
      running.append(attempt)
      journal?.began(records[index])
      try? watch(attempt)
    } catch {
      session.abandon(ticket)
      output?.close()
      errors?.close()
      fail(toStart: index, error.asError("cannot start '\(request.path)'"))
    }
  }

  private func watch(_ attempt: Attempt) throws {
    try attempt.output?.begin()
    try attempt.error?.begin()
    attempt.watch = try session.loop.watchExit(attempt.pidfd) { [unowned self, unowned attempt] in
      attempt.watch = nil
      ended(attempt)
    }
    guard let timeout = policy.timeout else { return }
    attempt.timer = session.loop.addTimer(at: Clock.deadline(after: timeout)) {
      [weak self, weak attempt] in
      guard let self, let attempt else { return }
      attempt.hasTimedOut = true
      end(attempt)
    }
  }

  // MARK: Ending

  /// TERM to a program and what it started, KILL after a while.
  private func end(_ attempt: Attempt) {
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

  private func ended(_ attempt: Attempt) {
    let process = attempt.process
    if let timer = attempt.timer { session.loop.cancel(timer) }
    let record = (try? session.reapNow(process)) ?? process.record
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
    records[index].elapsed = Clock.monotonic - attempt.begun
    records[index].info = record?.info
    records[index].hasTimedOut = attempt.hasTimedOut
    records[index].isCancelled = attempt.isCancelled
    let isOk = records[index].isOk
    records[index].lastLine = isOk ? nil : attempt.error?.lastLine
    let isDeath = record?.signal != nil && !attempt.hasTimedOut
    let allowed = policy.retries ?? (isDeath && record?.signal == .kill ? 1 : 0)
    if !isOk, !attempt.isCancelled, !isHalted, records[index].attempts <= allowed {
      attempt.output?.close()
      attempt.error?.close()
      return retry(index)
    }
    if let output = attempt.output, let error = attempt.error { kept[index] = (output, error) }
    finish(index)
  }

  private func fail(toStart index: Int, _ error: ErrorObject) {
    records[index].problem = error.message
    finish(index)
  }

  private func count(_ index: Int) {
    finished.insert(index)
    if records[index].isOk { succeeded += 1 } else { failed += 1 }
    if records[index].hasTimedOut { timedOut += 1 }
    onProgress?()
  }

  private func finish(_ index: Int) {
    // What is to be shown counts as done only then, so that no output is lost when this process is.
    if kept[index] == nil || options.keepsOutput { note(index) }
    count(index)
    guard !records[index].isOk, policy.halt != .never else { return }
    isHalted = true
    again = []
    if policy.halt == .now { for other in running { cancel(other) } }
  }

  private func retry(_ index: Int) {
    guard policy.backoff > 0 else { return again.insert(index, at: 0) }
    delayed += 1
    let factor = Int64(1) << Int64(min(records[index].attempts - 1, 20))
    let (delay, overflow) = policy.backoff.multipliedReportingOverflow(by: factor)
    let moment = Clock.deadline(after: overflow ? .max / 2 : delay)
    _ = session.loop.addTimer(at: moment) { [weak self] in
      guard let self else { return }
      delayed -= 1
      if !isHalted { again.insert(index, at: 0) }
    }
  }

  private func cancel(_ attempt: Attempt) {
    if attempt.isCancelled { return }
    attempt.isCancelled = true
    end(attempt)
  }

  /// Something came between: no further program is started, those that run are ended, at once if
  /// it comes again.
  private func stop() {
    isHalted = true
    again = []
    for attempt in running { cancel(attempt) }
    do {
      _ = try session.pause(interpreter) { running.isEmpty }
    } catch {
      for attempt in running { try? Process.send(.kill, toGroup: attempt.process.group) }
      let deadline = Clock.deadline(after: 1_000_000_000)
      _ = try? session.pause(interpreter, until: deadline) { running.isEmpty }
    }
    try? show()
  }

  // MARK: Output

  /// Shows what is due of the outputs that are whole.
  private func show() throws {
    if options.isUngrouped || options.keepsOutput { return }
    if options.isOrdered {
      while finished.contains(nextShown) {
        try show(nextShown)
        nextShown += 1
      }
    } else {
      for index in kept.keys.sorted() { try show(index) }
    }
  }

  private func show(_ index: Int) throws {
    guard let (output, error) = kept.removeValue(forKey: index) else { return }
    defer {
      output.close()
      error.close()
    }
    let tag = policy.isTagged ? records[index].input + "\t" : nil
    try write(output, to: 1, tag)
    try write(error, to: 2, tag)
    note(index)
  }

  /// Has the journal note what became of a program.
  private func note(_ index: Int) {
    guard let journal else { return }
    let texts = options.keepsOutput ? kept[index] : nil
    journal.ended(records[index], output: try? texts?.output.bytes, error: try? texts?.error.bytes)
  }

  private func write(_ output: TaskOutput, to fd: Int32, _ tag: String?) throws {
    if output.size == 0 { return }
    let attend: OnAttention = { [self] in try session.attend(interpreter) }
    try session.output.flush()
    do {
      guard let tag else {
        return try output.forEachPiece { try Transfer.writeAll(fd, $0, onAttention: attend) }
      }
      var tagged: [UInt8] = []
      for line in try output.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        .dropLastEmpty
      {
        tagged += Array(tag.utf8) + line + [0x0A]
      }
      try Transfer.writeAll(fd, tagged, onAttention: attend)
    } catch let error as SystemError {
      if error.name == "EPIPE", fd == 1 {
        // Nobody reads any more, which ends this process as it would end a program.
        if let error = session.outputBroke() { throw error }
        try session.attend(interpreter)
      }
      throw error.asError("cannot write the output of a task")
    }
  }

  /// A task's record, with what it wrote where that was kept.
  public func value(of record: ProgramRecord) -> Value {
    let kept = kept[record.index]
    let recalled = record.recalled
    let value = record.value(
      output: (try? kept?.output.bytes) ?? recalled?.output,
      error: (try? kept?.error.bytes) ?? recalled?.error)
    if let recalled, case .map(let map) = value {
      map.set("key", .text(recalled.key))
      map.set("skipped", .bool(recalled.isSkipped))
      map.set("why", recalled.why.map { .text($0) } ?? .null)
    }
    return value
  }
}

extension Array where Element: Collection {
  /// Without an empty last element, which a final newline leaves.
  fileprivate var dropLastEmpty: ArraySlice<Element> {
    last?.isEmpty == true ? dropLast() : self[...]
  }
}
