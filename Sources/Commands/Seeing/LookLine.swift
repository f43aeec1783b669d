import Language
import Posix
import Seeing
import Session

/// `brood why`, `brood who`, `brood deadlock`, `brood tree` and `brood sessions`: looks at processes
/// from another shell.
public enum LookLine {
  public enum Verb: String, Sendable, CaseIterable {
    case why, who, deadlock, tree, sessions

    /// One line, for help and completions.
    public var summary: String { command.summary }

    var command: Command {
      switch self {
      case .why: SeeingCommands.why
      case .who: SeeingCommands.who
      case .deadlock: SeeingCommands.deadlock
      case .tree: TreeCommand.command
      case .sessions: SeeingCommands.sessions
      }
    }

    /// What may stand behind it, as `--json`.
    public var options: [(name: String, summary: String)] {
      var result = [("--json", "print the records as JSON")]
      result += command.flags.map { ("--\($0.name)", $0.summary) }
      result.append(("--help", "explain it with examples"))
      return result
    }
  }

  /// The only commands that are needed, so that nothing else is set up.
  public static let table = CommandTable([
    SeeingCommands.family, CommandFamily("Processes", [TreeCommand.command]),
  ])

  /// The exit status after a wrong command line, or any error.
  public static let failure: Int32 = 2

  /// Does what a command line says, and yields the exit status.
  ///
  /// - Parameter line: the words behind the verb.
  public static func run(
    _ verb: Verb, _ line: [String], _ interpreter: Interpreter
  ) throws -> Int32 {
    var isJSON = false
    var flags: Set<String> = []
    var words: [String] = []
    for (at, word) in line.enumerated() {
      if word == "--" {
        words += line[(at + 1)...]
        break
      }
      switch word {
      case "--help", "-h":
        try interpreter.write(help(verb))
        return 0
      case "--json": isJSON = true
      case _ where word.hasPrefix("-") && word.count > 1:
        guard verb.options.contains(where: { $0.name == word }) else {
          let near = nearest(word, among: verb.options.map(\.name))
          throw usage(
            "'brood \(verb.rawValue)' has no flag '\(word)'",
            near.map { "did you mean '\($0)'?" } ?? "see: brood \(verb.rawValue) --help")
        }
        flags.insert(String(word.dropFirst(2)))
      default: words.append(word)
      }
    }
    let report = try report(verb, words, flags, interpreter)
    if let report { try print(report, isJSON: isJSON, interpreter) }
    return report?.status ?? 0
  }

  private static func report(
    _ verb: Verb, _ words: [String], _ flags: Set<String>, _ interpreter: Interpreter
  ) throws -> LookReport? {
    let looks = Looks(nil)
    let hasSources = flags.contains("sources")
    switch verb {
    case .why:
      let pids = try words.map(pid)
      if pids.isEmpty { throw usage("'brood why' needs a pid", "as: brood why 4711") }
      if flags.contains("follow") {
        try Following(looks, pids) { try interpreter.write($0 + "\n") }
          .run(interpreter.session, interpreter)
        return nil
      }
      return looks.why(pids, sources: hasSources)
    case .who:
      guard words.count == 1, let word = words.first else {
        throw usage("'brood who' needs one thing", "as: brood who tcp:80")
      }
      guard let thing = Thing(word) else {
        throw usage(
          "'\(word)' is nothing that 'brood who' knows",
          "it knows pids, PID:FD, paths with '/', tcp:PORT, unix:PATH and pipe:INODE")
      }
      guard let report = looks.who(thing, sources: hasSources) else {
        throw ErrorObject(.missing, "no process has \(word)")
      }
      return report
    case .deadlock:
      return looks.deadlock(words.isEmpty ? nil : try words.map(pid), sources: hasSources)
    case .sessions:
      guard words.isEmpty else {
        throw usage("'brood sessions' takes no words", "see: brood sessions --help")
      }
      return SessionList(looks.reader, except: Process.pid).report(looks)
    case .tree:
      let value = try interpreter.invoke(
        TreeCommand.command, flags: [], words: try words.map { .int(Int(try pid($0))) })
      guard case .report(let report) = value else { return nil }
      return LookReport(records: records(report.value), text: report.text ?? "")
    }
  }

  private static func records(_ value: Value) -> [Value] {
    if case .list(let list) = value { return list.items }
    return [value]
  }

  private static func pid(_ word: String) throws -> Int32 {
    guard let pid = Int32(word), pid > 0 else {
      throw usage("'\(word)' is no pid", "ps -e lists the processes")
    }
    return pid
  }

  private static func usage(_ message: String, _ help: String) -> ErrorObject {
    ErrorObject(.arity, message, help: help)
  }

  private static func print(
    _ report: LookReport, isJSON: Bool, _ interpreter: Interpreter
  ) throws {
    if isJSON {
      var writer = JSONWriter(pretty: false)
      try writer.write(report.value)
      try interpreter.write(String(decoding: writer.bytes, as: UTF8.self) + "\n")
    } else {
      try interpreter.write(TerminalText.lines(report.text) + "\n")
    }
  }

  /// What `brood why` says of a process.
  public static func why(_ pid: Int32) -> String { Looks(nil).why([pid]).text }

  // MARK: Help

  private static func help(_ verb: Verb) -> String {
    let rows = verb.options.map { ($0.name, $0.summary) }
    return text(verb) + "\nFlags\n" + HelpText.columns(rows)
  }

  private static func text(_ verb: Verb) -> String {
    switch verb {
    case .why:
      """
      usage: brood why [FLAGS] PID…

      Tells why processes do not go on: what each waits for, who could bring that about, what these
      wait for in turn, and what would help. It works on any process that you may look into, whatever
      program it is. Nothing is stopped, signalled, traced or opened for that.

        brood why 4711
        brood why --json $(pgrep python3)

      Exit status: 0 if it was answered, 2 for a wrong command line or any error.

      """
    case .who:
      """
      usage: brood who [FLAGS] THING

      Tells which processes have a thing, and what they do with it. THING is a pid, PID:FD for what
      a descriptor of a process leads to, a path with a '/', tcp:PORT, unix:PATH, unix:@NAME, or
      pipe:INODE.

        brood who 4711:0
        brood who /var/lib/dpkg/lock
        brood who tcp:8080

      Exit status: 0 if it was answered, 2 for a wrong command line or any error.

      """
    case .deadlock:
      """
      usage: brood deadlock [FLAGS] [PID…]

      Finds processes that hold each other up: pipes, sockets, locks of files, semaphores and waits
      for children. Without PID it looks at all processes that you may look into.

        brood deadlock
        brood deadlock $(pgrep make)

      Exit status: 0 if there is none, 1 if there is one, 3 if there probably is one, or if not all
      could be judged, 2 for a wrong command line or any error.

      """
    case .tree:
      """
      usage: brood tree [PID]

      Draws a process and its descendants, with their states.

        brood tree 4711

      """
    case .sessions:
      """
      usage: brood sessions [FLAGS]

      Lists the sessions of Brood that run now and that you may look into: the pid to attach to, for
      how long each has run, what it runs, how many processes it has, how many of them can never go
      on, and how many prompts of `brood attach` are open there.

        brood sessions
        brood sessions --json

      """
    }
  }
}
