import Glibc
import Language
import Machines
import Posix
import Processes

/// Who has hosts: a pool, or a run of programs.
protocol FarClient: AnyObject {
  /// A host's agent has greeted.
  func isReady(_ host: FarHost)
  func take(_ message: FarMessage, from host: FarHost) throws(FieldReader.Malformed)
  /// What ran there is lost.
  func isLost(_ host: FarHost, _ reason: String)
  /// Nothing further is to be begun there.
  func drains(_ host: FarHost)
  /// No host is left, and none is tried any more.
  func lostAll(_ reasons: [String])
}

/// One host: its launcher, the connection to its agent, and what is known of it.
final class FarHost {
  enum State: Equatable {
    /// Not started yet, or to be started again.
    case waiting
    /// What starts the agent runs.
    case starting
    case ready
    /// It finishes what it has.
    case draining
    case drained
    case lost(String)
  }

  unowned let hosts: FarHosts
  let place: FarPlacement.Place
  private(set) var state = State.waiting
  private(set) var since = Clock.realtime
  /// Why it was lost last.
  private(set) var lastReason: String?
  private(set) var hello: Hello?
  private(set) var connection: FarConnection?
  private var process: ProcessHandle?
  private var pidfd: Int32 = -1
  private var exitWatch: Watch?
  private var errorEnd: Int32 = -1
  private var errorWatch: Watch?
  private var errors: [UInt8] = []
  private var timer: TimerID?
  private var installer: FarInstaller?
  /// Why the connection was given up, until it is known how its launcher ended.
  private var cause: String?
  private var isFinal = false
  /// Starts that failed, one after the other.
  private var failures = 0
  /// Time of the way there and back, by the last answers (ns).
  private(set) var roundTrip: Int64?
  private var pingedAt: Int64 = 0
  /// When it could take tasks first, since it was started.
  private(set) var readyAt: Int64 = 0
  /// Its machine wants it gone: what runs there has a time.
  private(set) var isEnding = false
  var tasksDone = 0
  /// Attempts that went with it.
  var lost = 0
  /// Functions and the directory that its agent knows.
  var known: Set<UInt32> = []
  /// The directory that it was told last.
  var directory = ""
  /// What goes between this machine and it.
  private(set) var files: FarFiles?
  /// What it was asked and has not answered, by the number of the question.
  private var questions: [UInt64: (FarAnswer) -> Void] = [:]
  private var questionCount: UInt64 = 0
  /// It has settled, and gets the files that all tasks there need.
  private var isPlacing = false

  init(_ hosts: FarHosts, _ place: FarPlacement.Place) {
    self.hosts = hosts
    self.place = place
  }

  var name: String { place.name }
  private var session: Session { hosts.session }
  var isReady: Bool { state == .ready }
  var isConnected: Bool { state == .ready || state == .draining }

  /// How many it may run at a time; nil before it has greeted.
  var capacity: Int? {
    place.workers ?? hello.map { hosts.jobsAt?($0.cpus) ?? $0.cpus }
  }

  func send(_ message: FarMessage) { connection?.send(message) }

  private func set(_ state: State) {
    self.state = state
    since = Clock.realtime
  }

  // MARK: Starting

  func start() {
    guard state == .waiting else { return }
    set(.starting)
    cause = nil
    isEnding = false
    isFinal = false
    errors = []
    do {
      try launch()
      startGreetingTimer()
    } catch {
      let object =
        (error as? SystemError)?.asError("cannot start '\(place.words.first ?? "")'")
        ?? error as? ErrorObject
      isFinal = object?.kind == .missing
      release()
      fail(object?.message ?? "\(error)")
    }
  }

  private func launch() throws {
    let words = place.words
    guard let name = words.first else { throw ErrorObject(.arity, "there is no launcher") }
    var request = SpawnRequest(
      path: try hosts.placement.find(name), arguments: words,
      environment: hosts.placement.environment)
    request.group = .new
    var theirs: [Int32] = []
    defer { for fd in theirs { Descriptors.close(fd) } }
    func pipe(readsHere: Bool) throws -> Int32 {
      let (read, write) = try mapErrors("cannot make a pipe") { try Descriptors.pipe() }
      theirs.append(readsHere ? write : read)
      return try mapErrors { try Descriptors.makePrivate(readsHere ? read : write) }
    }
    let output = try pipe(readsHere: false)
    let input: Int32
    do {
      input = try pipe(readsHere: true)
      errorEnd = try pipe(readsHere: true)
    } catch {
      Descriptors.close(output)
      throw error
    }
    let connection = FarConnection(session.loop, input: input, output: output)
    self.connection = connection
    for (number, fd) in theirs.enumerated() {
      request.descriptors.append((from: fd, to: Int32(number)))
    }
    let ticket = try session.prepareSpawn(
      name: nil, prefix: "host", command: words.prefix(1).joined() + " " + self.name)
    do {
      let (pid, pidfd) = try Processes.spawn(request)
      self.pidfd = pidfd
      process = session.register(
        ticket, pid: pid, pidfd: -1, command: "\(name) for \(self.name)", kind: .helper,
        group: pid, isDaemon: true)
    } catch {
      session.abandon(ticket)
      throw error
    }
    exitWatch = try session.loop.watchExit(pidfd, as: .worker) { [weak self] in self?.hasEnded() }
    errorWatch = try session.loop.watch(errorEnd, for: .read, as: .worker) { [weak self] in
      self?.readErrors()
    }
    connection.onMessage = { [weak self] in self?.take($0) }
    connection.onEnd = { [weak self] in self?.hasClosed($0) }
    connection.onSkipped = { [weak self] in self?.look(at: $0) }
    try connection.begin()
  }

  /// What a launcher says of itself is kept, since it is the reason when it fails.
  private func readErrors() {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    defer { buffer.deallocate() }
    for _ in 0..<16 where errorEnd >= 0 {
      guard let count = try? Transfer.readNow(errorEnd, into: buffer) else { return }
      if count == 0 {
        if let errorWatch { session.loop.remove(errorWatch) }
        errorWatch = nil
        return
      }
      errors += buffer[..<count]
      if errors.count > 4096 { errors.removeFirst(errors.count - 4096) }
    }
  }

  // MARK: Greeting

  /// Before the agent greets, the line for the shell there may say that there is none.
  private func look(at skipped: [UInt8]) {
    let lines = String(decoding: skipped, as: UTF8.self).split(whereSeparator: \.isNewline)
    if let line = lines.last(where: { $0.hasPrefix("FAIL ") }) {
      return giveUp("brood cannot be put there: \(line.dropFirst(5))", isFinal: true)
    }
    guard let line = lines.last(where: { $0.hasPrefix("NEED ") }), installer == nil else { return }
    let words = line.dropFirst(5).split(separator: " ")
    let version = words.last.flatMap { $0 == "none" ? nil : $0 }
    let kind = words.dropLast().joined(separator: " ")
    guard let install = hosts.placement.installs else {
      let what = version.map {
        "the brood there speaks wire version \($0), this one \(Frame.version)"
      }
      return giveUp(
        (what ?? "there is no brood there") + "; --install puts this one there", isFinal: true)
    }
    guard kind == FarInstaller.machine else {
      return giveUp(
        "this program runs on \(FarInstaller.machine), and that machine is \(kind): install brood there",
        isFinal: true)
    }
    guard let connection else { return }
    do throws(SystemError) {
      installer = try FarInstaller(install, connection, session.loop) { [weak self] failure in
        self?.wasSent(failure)
      }
    } catch {
      return giveUp("cannot read \(install.path): \(error.message)", isFinal: true)
    }
    installer?.send()
  }

  /// A program was sent, or could not be.
  private func wasSent(_ failure: SystemError?) {
    if let failure {
      return giveUp("brood cannot be put there: \(failure.message)", isFinal: false)
    }
    // From now on it has the time that any agent has to greet.
    if let timer { session.loop.cancel(timer) }
    startGreetingTimer()
  }

  private func startGreetingTimer() {
    timer = session.loop.addTimer(at: Clock.deadline(after: FarTimes.greeting)) { [weak self] in
      self?.greetingIsLate()
    }
  }

  private func greetingIsLate() {
    timer = nil
    guard state == .starting else { return }
    if case .changed(let old, let new)? = connection?.change {
      return giveUp(FarHost.text(changed: old, new), isFinal: true)
    }
    if installer?.isSent == false { return startGreetingTimer() }
    let text = connection.map { String(decoding: $0.skipped.suffix(200), as: UTF8.self) } ?? ""
    let said =
      text.isEmpty ? "" : "; it said: \(text.split(whereSeparator: \.isNewline).last ?? "")"
    giveUp("no agent greeted within \(durationText(Int(FarTimes.greeting)))\(said)", isFinal: false)
  }

  static func text(changed old: UInt8, _ new: UInt8) -> String {
    "the launcher changes bytes (\(old) to \(new)): it must connect input and output without a "
      + "terminal, as ssh -T does"
  }

  private func greeted(_ message: FarMessage) {
    let hello: Hello
    do throws(FieldReader.Malformed) {
      hello = try Hello(message)
    } catch {
      return giveUp("its greeting means nothing", isFinal: true)
    }
    guard hello.version == Frame.version else {
      return giveUp(
        "the brood there speaks wire version \(hello.version), this one \(Frame.version)",
        isFinal: true)
    }
    self.hello = hello
    known = []
    directory = hosts.placement.settings.directory
    failures = 0
    roundTrip = nil
    installer = nil
    files = FarFiles { [weak self] in self?.send($0) }
    send(hosts.hello.message)
    var settings = AgentSettings()
    settings.directory = hosts.placement.settings.directory
    settings.environment = hosts.placement.settings.environment
    settings.memoryLimit = hosts.memoryLimit
    settings.sharesVariables = hosts.sharesVariables
    settings.timeout = FarTimes.timeout
    settings.job = hosts.placement.grant?.job ?? ""
    send(settings.message)
    if let initializer = hosts.initializer { send(FarOrder.code(.initializer, 0, initializer)) }
    // It answers when it has settled in the directory, or says why it cannot.
    ping()
  }

  /// It gets what all tasks there need, and is ready then.
  private func settle() {
    if isPlacing { return }
    if let timer { session.loop.cancel(timer) }
    timer = nil
    isPlacing = true
    var rest = hosts.placement.files.count
    if rest == 0 { return becomeReady() }
    for file in hosts.placement.files {
      _ = files?.put(file, isOfTask: false) { [weak self] problem in
        guard let self, isPlacing else { return }
        if let problem {
          return giveUp("cannot send '\(FarPath.text(file.path))': \(problem)", isFinal: true)
        }
        rest -= 1
        if rest == 0 { becomeReady() }
      }
    }
  }

  private func becomeReady() {
    isPlacing = false
    readyAt = Clock.monotonic
    set(.ready)
    hosts.noteChange()
    hosts.client?.isReady(self)
  }

  // MARK: Messages

  private func take(_ message: FarMessage) {
    if hello == nil {
      guard state == .starting, message.kind == .hello else {
        return giveUp("something else than a greeting came first", isFinal: true)
      }
      return greeted(message)
    }
    do throws(FieldReader.Malformed) {
      switch message.kind {
      case .pong:
        guard message.bytes.count == 8 else { return }
        var reader = FieldReader(message.bytes)
        let trip = Clock.monotonic - (try reader.number(Int64.self))
        guard trip >= 0, trip < FarTimes.hold else { throw FieldReader.Malformed() }
        roundTrip = roundTrip.map { min($0, trip) } ?? trip
        if state == .starting { settle() }
      case .drain:
        isEnding = true
        drain()
      case .file: try files?.take(message)
      case .answer:
        questions.removeValue(forKey: message.attempt)?(try FarAnswer(message, from: name))
      case .window:
        var reader = FieldReader(message.bytes)
        files?.grant(message.attempt, Int(try reader.number(UInt32.self)))
      case .bye:
        let reason = String(decoding: message.bytes.prefix(500), as: UTF8.self)
        if state == .draining, reason.isEmpty {
          set(.drained)
          hosts.noteChange()
        } else {
          // What an agent says of its settings will be so the next time, too.
          giveUp(reason.isEmpty ? "its agent has ended" : reason, isFinal: !reason.isEmpty)
        }
      default: try hosts.client?.take(message, from: self)
      }
    } catch {
      giveUp("it sends what means nothing", isFinal: false)
    }
  }

  /// It is to finish what it has, and to end; one that is not there is not tried any more.
  func drain() {
    if state == .draining || state == .drained { return }
    guard state == .ready else {
      set(.drained)
      kill()
      if process == nil || process?.record != nil { release() }
      return hosts.hasDrained(self)
    }
    set(.draining)
    hosts.noteChange()
    hosts.client?.drains(self)
  }

  /// Nothing is left to be done there.
  func dismiss() {
    guard isConnected else { return }
    set(.draining)
    send(FarOrder.bye())
  }

  /// Asks about processes there.
  func ask(_ question: FarQuestion, answer: @escaping (FarAnswer) -> Void) {
    questionCount += 1
    questions[questionCount] = answer
    send(FarMessage(.ask, questionCount, question.bytes))
  }

  private func ping() {
    pingedAt = Clock.monotonic
    send(FarOrder.ping(.ping, pingedAt))
  }

  /// Looks whether it lives; called a few times in each period.
  func check(_ now: Int64) {
    guard isConnected || isPlacing, let connection else { return }
    if now - pingedAt >= FarTimes.period { ping() }
    guard now - connection.lastHeard >= FarTimes.lost else { return }
    // This process may have stood still itself: what has come counts.
    connection.receive(rounds: .max)
    guard isConnected || isPlacing,
      Clock.monotonic - connection.lastHeard >= FarTimes.lost
    else { return }
    giveUp("nothing was heard for \(durationText(Int(FarTimes.lost)))", isFinal: false)
  }

  /// How long nothing was heard, if that is long (ns).
  var silence: Int64? {
    guard isConnected, let connection else { return nil }
    let silence = Clock.monotonic - connection.lastHeard
    return silence > FarTimes.period + FarTimes.period / 5 ? silence : nil
  }

  // MARK: The end

  /// The connection is of no use: what ran there is lost at once.
  func giveUp(_ reason: String, isFinal: Bool) {
    guard state != .waiting, cause == nil else { return }
    cause = reason
    self.isFinal = isFinal
    connection?.close()
    kill()
    if process == nil || process?.record != nil { hasEnded() }
  }

  private func hasClosed(_ end: FarConnection.End) {
    switch end {
    case .broken(.changed(let old, let new)):
      return giveUp(FarHost.text(changed: old, new), isFinal: true)
    case .broken(.garbage): return giveUp("something else than messages came", isFinal: false)
    case .broken(.tooLarge): return giveUp("it sends more than there may be", isFinal: false)
    case .broken(.noFrame): return giveUp("no agent greeted; much else came", isFinal: true)
    case .closed, .failed: break
    }
    if state == .drained { return }
    // How the launcher ended says more; it is not waited for long.
    let process = process
    _ = session.loop.addTimer(at: Clock.deadline(after: FarTimes.second)) { [weak self] in
      guard let self, self.process === process, process != nil else { return }
      giveUp("its connection was closed", isFinal: false)
    }
  }

  private func kill() {
    guard let process, process.record == nil else { return }
    try? Process.send(.kill, toGroup: process.group)
  }

  /// Its launcher has ended.
  private func hasEnded() {
    connection?.receive(rounds: .max)
    readErrors()
    let record = process.flatMap { (try? session.reapNow($0)) ?? $0.record }
    let wasOrderly = state == .drained
    var reason = cause ?? "its agent has ended"
    if cause == nil, let record {
      let text = String(decoding: errors, as: UTF8.self)
      let line = text.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
      let how = record.exit.map { "exit \($0)" } ?? "ended by \(record.signal?.name ?? "a signal")"
      reason = "\(place.words.first ?? ""): \(how)\(TerminalText.line(line))"
      // A program that is not there, or cannot be run (POSIX, sh).
      isFinal =
        hello == nil && (126...127).contains(record.exit ?? 0)
        || FarHost.finalTexts.contains { text.contains($0) }
      if let connection, !connection.skipped.isEmpty, hello == nil {
        look(at: connection.skipped)
        if let cause { reason = cause }
      }
    }
    release()
    if wasOrderly { return hosts.hasDrained(self) }
    fail(reason)
  }

  /// What ssh says where trying again does not help.
  private static let finalTexts = [
    "Permission denied", "Host key verification failed", "Could not resolve hostname",
    "Too many authentication failures", "no matching host key",
  ]

  private func release() {
    installer = nil
    isPlacing = false
    files?.close()
    files = nil
    let unanswered = questions.values
    questions = [:]
    for answer in unanswered { answer(FarAnswer(problem: "it is lost")) }
    connection?.close()
    connection = nil
    for watch in [exitWatch, errorWatch] { if let watch { session.loop.remove(watch) } }
    (exitWatch, errorWatch) = (nil, nil)
    Descriptors.close(errorEnd)
    Descriptors.close(pidfd)
    (errorEnd, pidfd) = (-1, -1)
    if let timer { session.loop.cancel(timer) }
    timer = nil
    process = nil
  }

  private func fail(_ reason: String) {
    // The client may let go of all hosts on the way.
    let hosts = hosts
    let wasConnected = isConnected
    let wasDraining = state == .draining
    set(.lost(reason))
    lastReason = reason
    cause = nil
    hello = wasConnected ? hello : nil
    if wasConnected { hosts.client?.isLost(self, reason) }
    if hosts.isEnding { return }
    failures += 1
    if !isFinal, !wasDraining {
      let wait = min(FarTimes.firstRetry << Int64(min(failures - 1, 6)), FarTimes.mostRetry)
      let moment = Clock.deadline(after: wait / 2 + Int64.random(in: 0...(wait / 2)))
      timer = session.loop.addTimer(at: moment) { [weak self] in
        guard let self else { return }
        timer = nil
        hello = nil
        set(.waiting)
        hosts.startMore()
      }
    }
    hosts.hasLost(self, reason, isFinal: isFinal || wasDraining, wasConnected: wasConnected)
  }

  /// Ends it, whatever it does.
  func end() {
    if isConnected {
      send(FarOrder.bye())
      connection?.finish(within: FarTimes.second / 10)
    }
    set(.drained)
    connection?.onEnd = nil
    // Its launcher ends by itself, or is ended after a while.
    if let process {
      _ = session.loop.addTimer(at: Clock.deadline(after: 2 * FarTimes.second)) {
        if process.record == nil { try? Process.send(.kill, toGroup: process.group) }
      }
    }
    release()
  }
}
