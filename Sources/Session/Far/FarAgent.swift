import Glibc
import Language
import Machines
import Pools
import Posix
import Processes

/// The agent of a session on another machine: `brood --worker`.
///
/// It runs no user's code: it forks workers and starts programs as the session tells it, and passes
/// on what goes there and comes back. It ends, with all that it has started, when its input does or
/// when nothing was heard for a while.
public final class FarAgent {
  /// After so much silence, or standing still for so long, it ends (ns).
  public static var timeout: Int64 { FarTimes.timeout }

  let session: Session
  let interpreter: Interpreter
  private(set) var connection: FarConnection
  var workers: [UInt32: AgentWorker] = [:]
  var programs: [UInt64: AgentProgram] = [:]
  /// Programs that run one after the other, by the numbers of the session's places.
  var lanes: [UInt32: AgentLane] = [:]
  let ledgers = TaskLedgers()
  /// Messages of functions, by number.
  var functions: [UInt32: [UInt8]] = [:]
  var initializer: [UInt8]?
  var directory = (version: 0, path: "")
  private(set) var settings = AgentSettings()
  /// Sets a variable that programs and tasks inherit.
  private let setEnvironment: (String, String) throws -> Void
  /// Tells about processes here.
  private let answer: (FarQuestion) -> FarAnswer
  private let watchdog: Watchdog?
  private let step: AllocationStep?
  private var isGreeted = false
  private var isDone = false
  private var heldUntil: Int64?
  let packet = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  /// What workers write: the ends that they have are 1 and 2 of this process.
  private var relays: [AgentRelay] = []
  private(set) lazy var files = AgentFiles(
    directory: { [weak self] in self?.directory.path ?? "" },
    alive: { [weak self] in self?.watchdog?.tell() }, send: { [weak self] in self?.send($0) })
  /// Its session is gone, and its allocation is looked after.
  private var isLeaving = false
  /// When it is looked for results that workers have not sent.
  var resultTimer: TimerID?
  /// The signals that said that its machine wants it gone.
  private var drained: Set<Int32> = []

  /// - Parameters:
  ///   - input: a private descriptor that the session writes to.
  ///   - output: a private descriptor that the session reads from.
  ///   - watchdog: told that this process goes on.
  ///   - answer: tells about processes here.
  ///   - step: what it is in an allocation of Slurm.
  public init(
    _ session: Session, _ interpreter: Interpreter, input: Int32, output: Int32,
    watchdog: Watchdog?, step: AllocationStep?, answer: @escaping (FarQuestion) -> FarAnswer,
    setEnvironment: @escaping (String, String) throws -> Void
  ) {
    self.answer = answer
    self.session = session
    self.interpreter = interpreter
    self.setEnvironment = setEnvironment
    self.watchdog = watchdog
    self.step = step
    connection = FarConnection(session.loop, input: input, output: output)
  }

  deinit { packet.deallocate() }

  /// Serves the session until that ends it.
  ///
  /// - Parameter program: the version of this program.
  public func run(program: String) throws {
    let signals = RunSignals(session)
    for signal in Signal.ofDrains + (step == nil ? [] : [.winch]) {
      signals.on(signal) { [weak self] in self?.drain(signal) }
    }
    signals.on(.int) {}
    signals.on(.hup) {}
    connection.onMessage = { [weak self] in self?.take($0) }
    connection.onEnd = { [weak self] _ in self?.lose() }
    try mapErrors {
      try Heartbeat.begin(Frame.frames(of: FarMessage(.pong))[0], every: FarTimes.period)
    }
    try mapErrors { try connection.begin() }
    var hello = Hello()
    hello.program = program
    hello.host = Machine.hostName
    hello.boot = Machine.bootID
    hello.pid = Process.pid
    hello.cpus = session.usableCPUs
    send(hello.message)
    tick()
    _ = try session.pause(interpreter) { isDone }
  }

  func send(_ message: FarMessage) { connection.send(message) }

  /// Whether the session takes what comes, so that more may be sent.
  var hasRoom: Bool { connection.waiting < 1 << 20 }

  // MARK: Life

  private func tick() {
    watchdog?.tell()
    let now = Clock.monotonic
    if let heldUntil, now > heldUntil { self.heldUntil = nil }
    if heldUntil == nil, !isLeaving, now - connection.lastHeard > settings.timeout {
      // What has come while this process stood still counts.
      connection.receive(rounds: 4)
      if now - connection.lastHeard > settings.timeout { lose() }
    }
    _ = session.loop.addTimer(at: Clock.deadline(after: FarTimes.timeout / 30)) { [weak self] in
      self?.tick()
    }
  }

  /// The session is gone, or cannot be reached.
  private func lose() {
    if isLeaving { return }
    files.removeAll()
    let job = settings.job.isEmpty ? step?.ownJob : settings.job
    guard let job, let step else { die() }
    // An agent that ends ends its step, with all in it, so that it has to wait for this.
    isLeaving = true
    connection.close()
    lanes = [:]
    for worker in workers.values { worker.send(.kill, session) }
    for program in programs.values { program.end(.kill) }
    do {
      try step.cancel(job: job, interpreter) { [weak self] in self?.die() }
    } catch {
      die()
    }
  }

  /// All that it has started ends with it: its guardian sees to that.
  private func die() -> Never {
    files.removeAll()
    kill(getpid(), SIGKILL)
    Process.exitNow(1)
  }

  /// The machine, or who runs it, wants this agent gone.
  private func drain(_ signal: Signal) {
    drained.insert(signal.number)
    send(FarMessage(.drain, 0, [UInt8(truncatingIfNeeded: signal.number)]))
    giveBackAll()
  }

  private func fail(_ reason: String) {
    send(FarOrder.bye(reason))
    connection.finish(within: FarTimes.second)
    die()
  }

  // MARK: Messages

  private func take(_ message: FarMessage) {
    do throws(FieldReader.Malformed) {
      if !isGreeted {
        guard message.kind == .hello else { throw FieldReader.Malformed() }
        let hello = try Hello(message)
        if hello.version != Frame.version { fail("the session has another wire version") }
        isGreeted = true
        return
      }
      try obey(message)
    } catch {
      fail("a message came that means nothing")
    }
  }

  private func obey(_ message: FarMessage) throws(FieldReader.Malformed) {
    switch message.kind {
    case .ping: send(FarMessage(.pong, 0, message.bytes))
    case .code: try learn(message)
    case .worker: try obeyWorker(message)
    case .task: try takeTask(message)
    case .cancel: try cancel(message)
    case .hold: try hold(message)
    case .window:
      var reader = FieldReader(message.bytes)
      let count = Int(try reader.number(UInt32.self))
      if message.attempt >= FileOrder.firstNumber { return files.grant(message.attempt, count) }
      programs[message.attempt]?.grant(count, self)
    case .file: try files.take(message)
    case .bye:
      send(FarOrder.bye())
      connection.finish(within: FarTimes.second)
      files.removeAll()
      isDone = true
      connection.onEnd = nil
    case .ask:
      let question = try FarQuestion(message.bytes)
      send(FarMessage(.answer, message.attempt, answer(question).bytes(interpreter)))
    case .hello, .start, .result, .output, .back, .pong, .drain, .answer: break
    }
  }

  private func learn(_ message: FarMessage) throws(FieldReader.Malformed) {
    if message.attempt == 0 {
      settings = try AgentSettings(message)
      return begin()
    }
    var reader = FieldReader(message.bytes)
    guard let code = FarOrder.Code(rawValue: try reader.number()) else {
      throw FieldReader.Malformed()
    }
    let number = UInt32(truncatingIfNeeded: message.attempt - 1)
    switch code {
    case .function: functions[number] = Array(reader.rest)
    case .initializer: initializer = Array(reader.rest)
    case .directory:
      directory = (directory.version + 1, String(decoding: reader.rest, as: UTF8.self))
    case .forget:
      functions[number] = nil
      for worker in workers.values { worker.forget(number, self) }
    }
  }

  /// The session has told where and how its tasks run.
  private func begin() {
    do {
      try Directory.change(to: settings.directory)
    } catch {
      fail("there is no directory '\(settings.directory)' there; --cwd DIR names another one")
    }
    directory = (1, settings.directory)
    for entry in settings.environment {
      guard let equal = entry.firstIndex(of: "=") else { continue }
      try? setEnvironment(String(entry[..<equal]), String(entry[entry.index(after: equal)...]))
    }
    do {
      relays = try [(1, UInt8(1)), (2, 2)].map { try makeRelay(onto: $0.0, $0.1) }
    } catch {
      fail("cannot make pipes for what tasks write: \(error)")
    }
  }

  private func makeRelay(onto number: Int32, _ stream: UInt8) throws -> AgentRelay {
    let (read, write) = try Descriptors.pipe()
    try Descriptors.copy(write, onto: number)
    Descriptors.close(write)
    let relay = AgentRelay(self, try Descriptors.makePrivate(read), stream, attempt: 0)
    try relay.begin()
    return relay
  }

  private func hold(_ message: FarMessage) throws(FieldReader.Malformed) {
    var reader = FieldReader(message.bytes)
    let isHeld = try reader.flag()
    heldUntil = isHeld ? Clock.monotonic + FarTimes.hold : nil
    let signal: Signal = isHeld ? .stop : .cont
    for worker in workers.values { try? Process.send(signal, toGroup: worker.process.group) }
    for program in programs.values { try? Process.send(signal, toGroup: program.process.group) }
  }
}

extension FarEnd {
  /// The signal that ended it, or what it waited for, as shells tell by their status; 0 if none.
  var causeBySignal: Int32 { exit.map { $0 > 128 ? $0 - 128 : 0 } ?? signal }
}

extension Signal {
  /// What says to an agent that its machine wants it gone.
  ///
  /// A cluster sends it to all processes there, so that tasks are ended by it, too.
  static let ofDrains: [Signal] = [.term, .usr1]
}

extension FarAgent {
  /// Tells of an end; where that may be the machine's doing, after what says so to this agent.
  func tell(_ end: FarEnd, wasWanted: Bool, _ body: @escaping () -> Void) {
    guard !wasWanted, !drained.contains(end.causeBySignal),
      Signal.ofDrains.contains(where: { $0.number == end.causeBySignal })
    else { return body() }
    _ = session.loop.addTimer(at: Clock.deadline(after: WaitRecord.timeOfEndings), body)
  }
}

/// Passes on what is written to a pipe.
final class AgentRelay {
  /// It lives as long as its process.
  private let agent: FarAgent
  private var readEnd: Int32
  private let stream: UInt8
  private let attempt: UInt64
  private var watch: Watch?
  private(set) var hasEnded = false
  /// How much may be sent until the session grants more.
  private var room = AgentRelay.window

  static let window = 256 << 10

  init(_ agent: FarAgent, _ readEnd: Int32, _ stream: UInt8, attempt: UInt64) {
    self.agent = agent
    self.readEnd = readEnd
    self.stream = stream
    self.attempt = attempt
  }

  func begin() throws {
    watch = try mapErrors {
      try agent.session.loop.watch(readEnd, for: .read, as: .worker) { [weak self] in
        self?.pass(rounds: 8)
      }
    }
  }

  /// Passes on what is there; without a bound for the window where all is to be passed on.
  func pass(rounds: Int, isLast: Bool = false) {
    for _ in 0..<rounds {
      if readEnd < 0 || hasEnded { return }
      if !isLast, room <= 0 || !agent.hasRoom { return wait() }
      let size = min(agent.packet.count - 64, isLast ? .max : room)
      let buffer = UnsafeMutableRawBufferPointer(rebasing: agent.packet[..<size])
      guard let count = try? Transfer.readNow(readEnd, into: buffer) else { return }
      if count == 0 {
        hasEnded = true
        stop()
        return
      }
      var writer = FieldWriter()
      writer.add(stream)
      writer.add(rest: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      // What workers write has no window of its own: `hasRoom` bounds it.
      if attempt != 0 { room -= count }
      agent.send(FarMessage(.output, attempt, writer.bytes))
    }
  }

  private func wait() {
    stop()
    // Of the window `grant` tells.
    if room <= 0 { return }
    _ = agent.session.loop.addTimer(at: Clock.deadline(after: 10_000_000)) { [weak self] in
      self?.goOn()
    }
  }

  private func goOn() {
    guard watch == nil, readEnd >= 0, !hasEnded else { return }
    try? begin()
  }

  func grant(_ count: Int) {
    room = min(room + count, AgentRelay.window)
    goOn()
  }

  private func stop() {
    if let watch { agent.session.loop.remove(watch) }
    watch = nil
  }

  func close() {
    stop()
    Descriptors.close(readEnd)
    readEnd = -1
  }
}
