import Language
import Posix
import Seeing
import Session

/// `brood why`, `brood who`, `brood deadlock`, `brood tree` and `brood sessions`: looks at processes
/// from another shell.
public enum LookLine {
  public enum Verb: String, Sendable, CaseIterable {
    case why, who, deadlock, tree, sessions, timeline, blackbox

    var command: Command {
      switch self {
      case .why: SeeingCommands.why
      case .who: SeeingCommands.who
      case .deadlock: SeeingCommands.deadlock
      case .tree: TreeCommand.command
      case .sessions: SeeingCommands.sessions
      case .timeline: TimelineCommand.command
      case .blackbox: BlackBoxReport.command
      }
    }

    /// What may stand behind it.
    public var line: CommandLine {
      let (operands, parameters): (String, [Parameter]) =
        switch self {
        case .why:
          ("PID…", [Parameter("pid", .otherPid), Parameter("pid", .otherPid, .rest)])
        case .who: ("THING", [Parameter("thing", .path)])
        case .deadlock: ("[PID…]", [Parameter("pid", .otherPid, .rest)])
        case .tree: ("[PID]", [Parameter("pid", .otherPid, .optional)])
        case .sessions: ("", [])
        case .timeline: ("FILE…", [Parameter("file", .path), Parameter("file", .path, .rest)])
        case .blackbox: ("[N]", [Parameter("n", .int.atLeast(1), .optional)])
        }
      return CommandLine(
        "brood \(rawValue)", command.summary,
        operands: "[FLAGS]" + (operands.isEmpty ? "" : " " + operands), details: details,
        flags: command.flags.contains { $0.name == "json" }
          ? command.flags : [Flag("json", nil, "print the records as JSON")] + command.flags,
        parameters: parameters, rules: command.rules)
    }
  }

  /// The only commands that are needed, so that nothing else is set up.
  public static let table = CommandTable([
    SeeingCommands.family, RecordCommands.family, CommandFamily("Processes", [TreeCommand.command]),
  ])

  /// The exit status after a wrong command line, or any error.
  public static let failure: Int32 = 2

  /// Does what a command line says, and yields the exit status.
  ///
  /// - Parameter words: those behind the verb.
  public static func run(
    _ verb: Verb, _ words: [String], _ interpreter: Interpreter
  ) throws -> Int32 {
    let line = verb.line
    let reading = try line.read(words)
    if reading.wantsHelp {
      try interpreter.write(HelpText.page(line))
      return 0
    }
    if verb == .timeline {
      try draw(reading, interpreter)
      return 0
    }
    guard var report = try report(verb, reading, interpreter) else { return 0 }
    if [.why, .who, .deadlock].contains(verb) {
      report.text = FoldedText.lines(report.text, for: 1)
    }
    try print(report, isJSON: reading.has("json"), interpreter)
    return report.status
  }

  private static func report(
    _ verb: Verb, _ reading: CommandLine.Reading, _ interpreter: Interpreter
  ) throws -> LookReport? {
    let looks = Looks(nil)
    let words = reading.words
    let hasSources = reading.has("sources")
    switch verb {
    case .why:
      let pids = try words.map(pid)
      if reading.has("follow") {
        try Following(looks, pids) { try interpreter.write($0 + "\n") }
          .run(interpreter.session, interpreter)
        return nil
      }
      return looks.why(pids, sources: hasSources)
    case .who:
      let word = words[0]
      guard let thing = Thing(word) else {
        throw ErrorObject(
          .arity, "'\(word)' is nothing that 'brood who' knows",
          help: Looks.pathHint(word)
            ?? "it knows pids, PID:FD, paths with '/', tcp:PORT, unix:PATH and pipe:INODE")
      }
      guard let report = looks.who(thing, sources: hasSources) else {
        throw ErrorObject(.missing, "no process has \(word)")
      }
      return report
    case .deadlock:
      return looks.deadlock(words.isEmpty ? nil : try words.map(pid), sources: hasSources)
    case .timeline: return nil
    case .sessions:
      return try SessionList(looks.reader, except: Process.pid).report(looks)
    case .blackbox:
      let number = words.first.map { Int($0) ?? 0 } ?? 1
      guard number > 0 else {
        throw ErrorObject(
          .arity, "'\(words[0])' is no number of a black box", help: "1 is the latest")
      }
      return try BlackBoxReport.report(
        number, isList: reading.has("list"), to: reading.value(of: "to"), interpreter.session)
    case .tree:
      let value = try interpreter.invoke(
        TreeCommand.command, flags: [], words: try words.map { .int(Int(try pid($0))) })
      guard case .report(let report) = value else { return nil }
      return LookReport(records: records(report.value), text: report.text ?? "")
    }
  }

  private static func draw(_ reading: CommandLine.Reading, _ interpreter: Interpreter) throws {
    let flags = reading.flags.map { (name: $0.flag.name, word: $0.word) }
    let value = try interpreter.invoke(
      TimelineCommand.command, flags: flags, words: reading.words.map { .text($0) })
    if case .report(let report) = value { try interpreter.write(report.text ?? "") }
  }

  private static func records(_ value: Value) -> [Value] {
    if case .list(let list) = value { return list.items }
    return [value]
  }

  /// The pid that a word of a command line is.
  public static func pid(_ word: String) throws(ErrorObject) -> Int32 {
    guard let pid = Int32(word), pid > 0 else {
      throw ErrorObject(.arity, "'\(word)' is no pid", help: "ps -e lists the processes")
    }
    return pid
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
}

extension LookLine.Verb {
  /// What help says of it.
  private var details: String {
    switch self {
    case .blackbox:
      """
      Shows what a session of yours has left that was killed, that a signal ended, or that left
      processes: what each process waited for, how those ended that did before, what was recorded.
      N counts from the latest, which is 1; the last eight are kept.

        brood blackbox
        brood blackbox --list
        brood blackbox 2 --to run.jsonl

      Exit status: 0, or 2 if there is none.

      """
    case .why:
      """
      Tells why processes do not go on: what each waits for, who could bring that about, what these
      wait for in turn, and what would help. It works on any process that you may look into, whatever
      program it is. Nothing is stopped, signalled, traced or opened for that.

        brood why 4711
        brood why --json $(pgrep python3)

      Exit status: 0 if it was answered, 2 for a wrong command line or any error.

      """
    case .who:
      """
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
      Finds processes that hold each other up: pipes, sockets, locks of files, semaphores and waits
      for children. Without PID it looks at all processes that you may look into.

        brood deadlock
        brood deadlock $(pgrep make)

      Exit status: 0 if there is none, 1 if there is one, 3 if there probably is one, or if not all
      could be judged, 2 for a wrong command line or any error.

      """
    case .tree:
      """
      Draws a process and its descendants, with their states.

        brood tree 4711

      """
    case .timeline:
      """
      Shows a recording: a lane for each process, with what it did and what it slept for, and arrows
      from a fork to the child, from a put to the get of the same item, from a kill to the handler,
      from who released a lock to who had waited for it. Several files are shown on one axis of time.

        brood --record run.jsonl script.brood
        brood timeline run.jsonl
        brood timeline --html run.html run.jsonl
        brood timeline --last 2s --of worker1 run.jsonl

      Exit status: 0, or 2 for a wrong command line or any error.

      """
    case .sessions:
      """
      Lists the sessions of Brood that run now and that you may look into: the pid to attach to, for
      how long each has run, what it runs, how many processes it has, how many of them can never go
      on, and how many prompts of `brood attach` are open there.

        brood sessions
        brood sessions --json

      """
    }
  }
}

extension ParameterType {
  /// A process of any program, for command lines.
  public static let otherPid = ParameterType("pid", "a pid", completion: .live("process")) {
    input in
    input.value
  }
}
