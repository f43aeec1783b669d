import Commands
import Glibc
import Language
import Posix
import Processes
import Session

/// The side of `brood attach` at the user's terminal: asks the session, then hands on what is typed
/// and shown.
///
/// The prompt has a terminal of its own (pty(7)), so that Ctrl-C, Ctrl-Z and the window's size mean
/// there what they always mean; a text to run gets the descriptors of this process, and is sent its
/// signals.
final class AttachClient {
  private let session: Session
  private let interpreter: Interpreter
  private let target: Int32
  private var helper: Int32 = 0
  private var status: Int32?
  private var refusal: String?
  private var isOver = false

  /// - Parameter target: the pid of a session.
  init(_ session: Session, _ interpreter: Interpreter, target: Int32) {
    self.session = session
    self.interpreter = interpreter
    self.target = target
  }

  /// Serves the session's prompt at this terminal, or has it run a text; yields the exit status.
  func run(_ text: String?) throws -> Int32 {
    let pidfd = try mapErrors("cannot watch process \(target)") {
      try Process.descriptor(of: target)
    }
    defer { Descriptors.close(pidfd) }
    let socket = try connect()
    defer { Descriptors.close(socket) }
    let watch = try mapErrors {
      try session.loop.watch(socket, for: .read) { [self] in hear(socket) }
    }
    defer {
      session.loop.remove(watch)
      // A signal may come until the end of the process, which this client does not live to see.
      for signal in AttachClient.passed { session.handlers.hooks[signal] = nil }
    }
    if let text { try pass(text, socket) } else { try relay(socket) }
    if let refusal { throw ErrorObject(.failed, refusal) }
    if let status { return status }
    if text == nil {
      // The line that was being typed stands there, and pastes are still marked.
      let marks = Process.startEnvironment().contains { $0 == ("TERM", "dumb") }
      try? Transfer.writeAll(1, (marks ? "" : "\u{1B}[?2004l") + "\r\n")
    }
    Session.say(
      hasEnded(pidfd)
        ? "brood: session \(target) has ended"
        : "brood: the process that served this in session \(target) was ended")
    return 1
  }

  /// What the session says.
  private func hear(_ socket: Int32) {
    guard let message = try? Messages.receive(socket) else { return }
    if message.length == 0 {
      isOver = true
      return
    }
    for answer in AttachAnswer.answers(message.bytes) {
      switch answer {
      case .served(let pid): helper = pid
      case .ended(let status): self.status = status
      case .refused(let text): refusal = text
      }
    }
  }

  /// Whether the session ends, too: it may take a moment longer than its process for this.
  private func hasEnded(_ pidfd: Int32) -> Bool {
    var ended = false
    let watch = try? session.loop.watchExit(pidfd) { ended = true }
    defer { if let watch { session.loop.remove(watch) } }
    let deadline = Clock.deadline(after: 500_000_000)
    _ = try? session.pause(interpreter, until: deadline) { ended }
    return ended
  }

  /// What is handed on in place of what it does to this process.
  private static let passed: [Signal] = [.quit, .tstp, .winch]

  // MARK: Asking

  /// How often the session is asked, and when the user is told that it does not answer (ns).
  private static let interval: Int64 = 200_000_000
  private static let timeout: Int64 = 1_000_000_000

  /// A connection that the session has made.
  private func connect() throws -> Int32 {
    let address = Session.attachAddress(of: Process.pid)
    let listener = try mapErrors("cannot listen for the session") {
      let fd = try Socket.make(for: address)
      try Socket.bind(fd, to: address)
      try Socket.listen(fd)
      return fd
    }
    defer { Descriptors.close(listener) }
    var connection: Int32?
    let watch = try mapErrors {
      try session.loop.watch(listener, for: .read) { [target] in
        guard connection == nil, let made = try? Socket.accept(listener) else { return }
        // Any process can connect; only the session is meant.
        if Socket.peerProcess(of: made.fd) == target {
          connection = made.fd
        } else {
          Descriptors.close(made.fd)
        }
      }
    }
    defer { session.loop.remove(watch) }
    let begin = Clock.monotonic
    var wasTold = false
    while connection == nil {
      try mapErrors("cannot attach to \(target)") {
        try Process.send(Session.attachSignal, to: target)
      }
      let deadline = Clock.deadline(after: AttachClient.interval)
      _ = try session.pause(interpreter, until: deadline) { connection != nil }
      if connection == nil, !wasTold, Clock.monotonic - begin > AttachClient.timeout {
        wasTold = true
        tellOfWaiting()
      }
    }
    return connection ?? -1
  }

  private func tellOfWaiting() {
    let report = AttachLine.why(target)
    Session.say(
      "brood: session \(target) does not answer yet: \(report); Ctrl-C gives up, "
        + "and `brood why \(target)` tells more")
  }

  private func terminal(_ text: String?) -> AttachRequest {
    var request = AttachRequest(text: text)
    let environment = Process.startEnvironment()
    for (name, value) in environment where AttachRequest.variables.contains(name) {
      request.terminal[name] = value
    }
    return request
  }

  private func send(_ request: AttachRequest, _ socket: Int32, _ standard: [Int32]) throws {
    let isTaken = try mapErrors("cannot attach to \(target)") {
      try request.send(socket, standard: standard)
    }
    if !isTaken { throw ErrorObject(.system, "cannot attach to \(target): it takes no message") }
  }

  // MARK: A text

  /// Has a text run on the descriptors of this process, and waits for its end.
  private func pass(_ text: String, _ socket: Int32) throws {
    try send(terminal(text), socket, [0, 1, 2])
    for signal in [Signal.quit, .tstp] {
      session.handlers.hooks[signal] = { [self] in pass(signal) }
      try? Signals.set(signal, .record)
    }
    while !isOver {
      do {
        _ = try session.pause(interpreter) { isOver }
      } catch let error as ErrorObject where error.kind == .interrupted {
        signal(.int)
      } catch {
        // TERM and HUP: this process ends, and the other one with it.
        signal(.term)
        throw error
      }
    }
  }

  private func pass(_ which: Signal) {
    signal(which)
    guard which == .tstp else { return }
    try? Process.send(.stop, to: Process.pid)
    signal(.cont)
  }

  /// For the process that serves this, and the programs that it has in the foreground.
  private func signal(_ signal: Signal) {
    if helper > 0 { try? Process.send(signal, toGroup: helper) }
  }

  // MARK: A prompt

  /// Bytes that were typed and not taken yet; reading stops beyond some.
  private var typed: [UInt8] = []
  private static let mostTyped = 1 << 16

  /// Joins this terminal with that of the prompt until the prompt is left.
  private func relay(_ socket: Int32) throws {
    let modes = try mapErrors { try Terminal.modes(0) }
    let (main, slave) = try mapErrors {
      try Terminal.openPty(size: try? Terminal.size(0))
    }
    defer { Descriptors.close(main) }
    do {
      defer { Descriptors.close(slave) }
      try mapErrors { try Terminal.setModes(slave, modes) }
      try send(terminal(nil), socket, [slave, slave, slave])
    }
    func begin() { try? Terminal.setModes(0, Terminal.raw(modes)) }
    func resize() {
      if let size = try? Terminal.size(0) { try? Terminal.setSize(main, size) }
    }
    session.handlers.hooks[.winch] = resize
    session.handlers.hooks[.quit] = { [self] in typed.append(0x1C) }
    session.handlers.hooks[.tstp] = {
      try? Terminal.setModes(0, modes)
      try? Process.send(.stop, to: Process.pid)
      begin()
      resize()
    }
    for signal in [Signal.winch, .quit, .tstp] { try? Signals.set(signal, .record) }
    begin()
    defer { try? Terminal.setModes(0, modes) }
    while !isOver {
      do {
        try join(main)
      } catch let error as ErrorObject where error.kind == .interrupted {
        typed.append(0x03)
      }
    }
    show(main)
  }

  /// Hands on in both directions until the prompt is left or a signal comes.
  private func join(_ main: Int32) throws {
    var watches: [Watch] = []
    defer { for watch in watches { session.loop.remove(watch) } }
    try mapErrors {
      watches.append(try session.loop.watch(main, for: .read) { [self] in show(main) })
      watches.append(try session.loop.watch(0, for: .read) { [self] in read() })
    }
    _ = try session.pause(interpreter) {
      try type(main)
      return isOver
    }
  }

  /// Shows what there is.
  private func show(_ main: Int32) {
    withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 16) { buffer in
      for _ in 0..<64 {
        // EIO: no process has the other side open now.
        guard let count = try? Transfer.readNow(main, into: buffer), count > 0 else { return }
        try? Transfer.writeAll(1, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
  }

  private func read() {
    if typed.count > AttachClient.mostTyped { return }
    withUnsafeTemporaryAllocation(byteCount: 1 << 12, alignment: 16) { buffer in
      guard let count = try? Transfer.readNow(0, into: buffer) else { return }
      typed.append(contentsOf: buffer[..<count])
      // The terminal has gone.
      if count == 0 { isOver = true }
    }
  }

  private func type(_ main: Int32) throws {
    while !typed.isEmpty {
      let count = typed.withUnsafeBytes { try? Transfer.writeNow(main, $0) }
      guard let count, count > 0 else { return }
      typed.removeFirst(count)
    }
  }
}
