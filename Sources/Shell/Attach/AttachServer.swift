import Commands
import Glibc
import Language
import Posix
import Processes
import Session
import ShellHost

/// The process that a session has forked to serve `brood attach`: a prompt, or a text to run.
///
/// It stands in the middle of what the session was doing, and never goes on with that.
struct AttachServer {
  let host: BroodHost
  let interpreter: Interpreter

  /// Lets a session be attached to.
  static func start(_ host: BroodHost, _ interpreter: Interpreter) {
    host.session.hooks.onAttach = { socket in
      AttachServer(host: host, interpreter: interpreter).serve(socket)
    }
  }

  private var session: Session { host.session }

  /// Serves a connection; the process ends then.
  func serve(_ socket: Int32) -> Never {
    do {
      // Children of this process do not keep the connection.
      let socket = try mapErrors { try Descriptors.makePrivate(socket) }
      let request = try receive(socket)
      try endWithClient(socket)
      answer(socket, .served(by: Process.pid))
      interpreter.publishLocals()
      if let text = request.text { end(run(text), socket) }
      let prompt = try mapErrors {
        try Prompt(
          session: session, interpreter: interpreter, host: host, attachedTo: session.rootPid)
      }
      // What the session asks of a prompt it may ask until the end of the process.
      withExtendedLifetime(prompt) { end(prompt.run(), socket) }
    } catch {
      end(session.status(of: error), socket)
    }
  }

  private func end(_ status: Int32, _ socket: Int32) -> Never {
    // A signal that ends this process is for the client to find out about: it is the session's end.
    if !session.isEnding { answer(socket, .ended(status: status)) }
    host.endJobControl()
    session.end(status, interpreter)
  }

  private func answer(_ socket: Int32, _ answer: AttachAnswer) {
    // A client that has gone wants none.
    _ = try? Messages.send(socket, answer.bytes)
  }

  // MARK: Beginning

  /// How long the request may take to come (ns).
  private static let timeout: Int64 = 5_000_000_000

  /// Takes the client's descriptors, and a session of the kernel's own.
  private func receive(_ socket: Int32) throws -> AttachRequest {
    var message: Message?
    let watch = try mapErrors {
      try session.loop.watch(socket, for: .read) { message = try? Messages.receive(socket) }
    }
    defer { session.loop.remove(watch) }
    let deadline = Clock.deadline(after: AttachServer.timeout)
    guard try session.pause(interpreter, until: deadline, done: { message != nil }), let message,
      let request = AttachRequest(message)
    else { Process.exitNow(1) }
    try mapErrors {
      for (at, fd) in message.descriptors.prefix(3).enumerated() {
        try Descriptors.copy(fd, onto: Int32(at))
      }
    }
    message.descriptors.forEach(Descriptors.close)
    session.output.descriptorChanged()
    for name in AttachRequest.variables {
      try host.setEnvironment(name, request.terminal[name].map { .text($0) } ?? .null)
      // The line editor asks the process's own.
      if let value = request.terminal[name] { setenv(name, value, 1) } else { unsetenv(name) }
    }
    try mapErrors {
      if request.text == nil { try Terminal.takeControl(0) } else { try Process.newSession() }
    }
    return request
  }

  /// Without its client this process has nothing to do: it ends as at a terminal that hangs up.
  private func endWithClient(_ socket: Int32) throws {
    try mapErrors {
      _ = try session.loop.watch(socket, for: .read) {
        guard let message = try? Messages.receive(socket), message.length > 0 else {
          Attention.silence(socket)
          try? Process.send(.hup, to: Process.pid)
          return
        }
      }
      // Also while it computes.
      try Attention.signalWhenReady(socket)
    }
  }

  // MARK: Work

  /// Runs a text in which the session's names and values are known.
  private func run(_ text: String) -> Int32 {
    let findings = interpreter.compile(Source(name: "-c", text: text), isPersistent: true)
    if let stop = findings.stop { return stop.status }
    for error in findings.errors { host.printError(error) }
    guard let function = findings.function else { return 2 }
    do {
      try interpreter.printReport(try interpreter.run(function))
      try host.flush()
      return 0
    } catch {
      return session.status(of: error)
    }
  }
}
