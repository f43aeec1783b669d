import Channels
import Commands
import Glibc
import Language
import Posix
import Processes
import Session

/// `brood attach [PID] [-c TEXT]`: a prompt in a session that runs.
enum AttachLine {
  static let line = CommandLine(
    "brood attach", "Open a prompt in a session that runs", operands: "[PID] [-c TEXT]",
    details: details, flags: [Flag(letter: "c", .text, "run a text there, and leave")],
    parameters: [Parameter("pid", .otherPid, .optional)])

  /// Does what a command line says; yields the exit status.
  ///
  /// - Parameter words: those behind `attach`.
  static func run(_ words: [String], _ interpreter: Interpreter) throws -> Int32 {
    let reading = try line.read(words)
    if reading.wantsHelp {
      try interpreter.write(HelpText.page(line))
      return 0
    }
    var text = reading.value(of: "c")
    let pid = try reading.words.first.map { try LookLine.pid($0) }
    let session = interpreter.session
    let target = try pid ?? onlySession(session)
    try check(target, session)
    if text == nil, !Terminal.isTerminal(0) || !Terminal.isTerminal(1) {
      guard !Terminal.isTerminal(0) else {
        throw usage("a prompt needs a terminal", "to run a text: brood attach \(target) -c TEXT")
      }
      let bytes = try Transfer.readAll(0) { try interpreter.host.attend(interpreter) }
      text = String(decoding: bytes, as: UTF8.self)
    }
    return try AttachClient(session, interpreter, target: target).run(text)
  }

  private static func usage(_ message: String, _ help: String? = nil) -> ErrorObject {
    ErrorObject(.arity, message, help: help ?? "see: brood attach --help")
  }

  // MARK: Which one

  private static func onlySession(_ session: Session) throws -> Int32 {
    let all = try SessionList(session.reader, except: Process.pid).entries
    if all.count == 1, let only = all.first { return only.pid }
    if all.isEmpty {
      throw ErrorObject(.missing, "there is no session to attach to", help: "see: brood sessions")
    }
    let list = all.prefix(10).map { "\n  brood attach \($0.pid)   \($0.script)" }.joined()
    throw usage("\(all.count) sessions run: which one?", "one of:\(list)")
  }

  /// Throws unless this is a session's own process that can be asked.
  private static func check(_ pid: Int32, _ session: Session) throws {
    guard let stat = session.reader.stat(pid), !stat.hasEnded else {
      throw ErrorObject(.missing, "there is no process \(pid)", help: "see: brood sessions")
    }
    let memory: SessionMemory
    do throws(SessionMemory.Failure) {
      memory = try SessionMemory.of(pid)
    } catch {
      switch error {
      case .none:
        throw ErrorObject(
          .missing, "process \(pid) is no session of Brood", help: "see: brood sessions")
      case .otherLayout:
        throw ErrorObject(
          .failed, "session \(pid) is of another version of Brood",
          help: "attach with the brood that runs it")
      case .denied(let reason):
        throw ErrorObject(
          .system, "session \(pid) may not be looked into: \(reason.message)",
          help: "only its own user, and root, can attach to it")
      }
    }
    let root = memory.rootPid
    guard root == pid else {
      throw ErrorObject(
        .missing, "process \(pid) belongs to session \(root)", help: "as: brood attach \(root)")
    }
    if let status = session.reader.status(pid), status.effectiveUser != geteuid(), geteuid() != 0 {
      throw ErrorObject(
        .system, "session \(pid) is another user's", help: "only its own user, and root, can attach"
      )
    }
    if stat.state == UInt8(ascii: "T") || stat.state == UInt8(ascii: "t") {
      throw ErrorObject(
        .failed, "session \(pid) is stopped, and can answer nothing",
        help: "kill -CONT \(pid) lets it go on; `brood why \(pid)` works meanwhile")
    }
  }

  /// What a session does, in a few words.
  static func why(_ pid: Int32) -> String {
    let told = LookLine.why(pid)
    return String(told.prefix { $0 != "\n" })
  }

  private static let details = """
    Opens a prompt in a session of Brood that runs, whatever it is doing: a script, or a prompt at
    another terminal. Without PID it takes the only session that there is; `brood sessions` lists
    them. With -c it runs a text there in place of a prompt; without a terminal it runs what standard
    input has.

    The prompt is a process of its own, which the session forks and then goes on. It knows the
    session's names, channels and functions, and has a copy of the variables that the script had at
    that moment. `queue put`, `event set`, `lock list`, `why` and the like work on what the session
    has; `wait` and `fg` work on what is started at this prompt, and pools belong to the process that
    made them. It has no ends of the session's pipes and sockets. Leaving it, or killing it, does
    nothing to the session.

      brood attach 4711
      brood attach 4711 -c 'queue list'
      echo 'event set go' | brood attach 4711

    A session that sorts or computes in one long call answers when that is done; one that is stopped
    does not answer.

    Exit status: what `exit` said, 1 after an error, 2 for a text with mistakes or a wrong command
    line, 130 after Ctrl-C while it waits for the session.

    """
}
