import Glibc
import Language
import Machines
import Posix
import Processes

/// How what starts the agent is started, and what comes before the host is ready.
extension FarHost {
  // MARK: Starting

  func start() {
    guard state == .waiting else { return }
    set(.starting)
    cause = nil
    isEnding = false
    endings = []
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
  func readErrors() {
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
  func look(at skipped: [UInt8]) {
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

  func greeted(_ message: FarMessage) {
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
  func settle() {
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
}
