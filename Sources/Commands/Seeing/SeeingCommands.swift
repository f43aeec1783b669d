import Language
import Posix
import Seeing
import Session

/// `why`, `who`, `deadlock`, `sessions`: who waits for whom, and where.
enum SeeingCommands {
  static let family = CommandFamily(
    "Seeing", [why, who, deadlock, sessions, TopCommand.command, TimelineCommand.command])

  static let sources = Flag("sources", nil, "say where each fact is from")

  static let why = Command(
    "why", "Tell why processes do not go on, and what would change that",
    details: """
      Of any process that this user may look into, whatever program it is: what it waits for, who \
      could bring that about and what these wait for, and so on. Without P it tells of each process \
      of the session that has slept for over a second.

      Nothing is stopped, signalled or opened for that. What is said comes from the kernel; what \
      cannot be read is named and never guessed. The verdict is `stuck` where no process can ever go \
      on, `probably-stuck` where one of them runs a program, whose next step is not known; \
      `stuck-unless-you-act`, `stuck-until-continued` and `stuck-unless-signal` where one thing would \
      help; else `waiting`, `busy`, `ready`, `ended`, or `unknown`.

      Where pools have machines, it tells without P of the processes there, too, and of those there \
      whose name is P where none here has it. With --host P is a name or a pid there.
      """,
    parameters: [Parameter("process", .processesAnywhere, .rest)],
    flags: [
      sources, Flag("follow", nil, "tell each change until the processes have ended"),
      FarLooks.host,
    ], rules: [.exclusive(["follow", "host"])], traits: .reports,
    examples: [
      Example(
        "let p = fork --name idler { sleep 10 }\nwhile (state $p) != \"S waiting\" { sleep 1ms }\n"
          + "print (why $p)[0].name\nkill $p\nwait $p", "idler")
    ]
  ) { call in
    try call.session.output.flush()
    let looks = Looks(call.session)
    if FarLooks.isElsewhere(call) { return call.shown(try FarLooks.why(call, call.typed(0))) }
    if !call.isSet("follow"), let words = call.unknownNames(0) {
      return call.shown(try FarLooks.why(call, words))
    }
    let targets = try call.processes(0)
    if targets.isEmpty {
      let question = FarQuestion(.why, sources: call.isSet("sources"))
      let pids = looks.sleepers()
      var report = looks.why(pids, sources: call.isSet("sources"))
      if pids.isEmpty { report.text = "no process of this session has slept for over a second" }
      return call.shown(try FarLooks.added(to: report, question, call))
    }
    if call.isSet("follow") {
      let interpreter = call.interpreter
      let following = Following(looks, targets) {
        try interpreter.write(FoldedText.lines($0, for: 1) + "\n")
      }
      try following.run(interpreter.session, interpreter)
      return .null
    }
    return call.shown(looks.why(targets, sources: call.isSet("sources")))
  }

  static let who = Command(
    "who", "Tell which processes have a thing, and what they do with it",
    details: """
      THING: a name of a process or a channel of the session, `pid:N` or a bare number for a \
      process, `PID:FD` for a descriptor of one, a path with `/`, `tcp:PORT`, `unix:PATH`, `unix:@NAME`, `pipe:INODE`. Of pipes each end is listed with all \
      who have it, of files the locks of all kinds; who waits longest comes first. The program of \
      that name is `^who`.

      Where pools have machines, it tells of those that have a path, a port or a socket there, too; \
      with --host of that one alone.
      """,
    parameters: [Parameter("thing", .thing)], flags: [sources, FarLooks.host], traits: .reports,
    examples: [
      Example(
        "let p = fork { sleep 10 }\nprint ((who $p)[0].pid == (getpid))\nkill $p\nwait $p", "true")
    ]
  ) { call in
    try call.session.output.flush()
    let word = call.text(0)
    let looks = Looks(call.session)
    if !FarLooks.isElsewhere(call), Thing(word) == nil,
      let report = looks.who(channel: word, sources: call.isSet("sources"))
    {
      return call.shown(report)
    }
    guard let thing = Thing(word) else {
      throw call.error(
        .missing, "there is nothing called '\(word)'", at: 0,
        help: Looks.pathHint(word)
          ?? "who knows names of processes and channels, pids, PID:FD, paths, tcp:PORT, unix:PATH and "
          + "pipe:INODE"
      )
    }
    let own = FarLooks.isElsewhere(call) ? nil : looks.who(thing, sources: call.isSet("sources"))
    let question = FarQuestion(.who, [word], sources: call.isSet("sources"))
    let asksOthers = FarLooks.isElsewhere(call) || FarLooks.isCommon(word)
    let report =
      asksOthers
      ? try FarLooks.added(to: own, question, call) : own ?? LookReport(records: [], text: "")
    guard own != nil || !report.records.isEmpty else {
      throw call.error(
        .missing, "no process has \(word)", at: 0, help: "ps --all lists the processes")
    }
    return call.shown(report)
  }

  static let deadlock = Command(
    "deadlock", "Find processes that hold each other up",
    details: """
      Each set is a record: `set`, who is in it; `cycle`, a shortest ring; `edges`, who waits for \
      what because of whom; `verdict` as of `why`; `fix`, what to type, each tried on what was seen; \
      and the text. Without P it looks at the processes of the session, and whom they wait for.
      """,
    parameters: [Parameter("process", .processes, .rest)], flags: [sources], traits: .reports,
    examples: [Example("deadlock", "no deadlock among 1 process")]
  ) { call in
    try call.session.output.flush()
    let pids = try call.processes(0)
    return call.shown(
      Looks(call.session).deadlock(pids.isEmpty ? nil : pids, sources: call.isSet("sources")))
  }

  static let sessions = Command(
    "sessions", "List the other sessions of Brood that run now",
    details: """
      One record for each that this user may look into: `pid`, the process to name in \
      `brood attach PID` and `brood why PID`; `user`; `since`, for how long it has run; `script`, the \
      words of its command line; `processes`, how many it has; `stuck`, how many of them can never go \
      on; `attached`, at how many prompts of `brood attach`.
      """,
    parameters: [], traits: .reports,
    examples: [Example("print (len (sessions |> filter { |s| $s.pid == (getpid) }))", "0")]
  ) { call in
    try call.session.output.flush()
    let own = call.session.rootPid
    return call.shown(try SessionList(call.session.reader, except: own).report(Looks(nil)))
  }
}

extension ParameterType {
  /// What `who` can be asked about: becomes a text.
  static let thing = ParameterType(
    "thing", "a process, or a word such as 4711:3 or tcp:80", completion: .live("process")
  ) { input in
    if let word = input.word, Thing(word) != nil { return .text(word) }
    switch input.value.plain {
    case .handle(let handle as ProcessHandle): return .text("pid:\(handle.pid)")
    case .handle(let object as ProcessObject): return .text("pid:\(try object.started().pid)")
    case .int(let number): return .text("pid:\(number)")
    default: break
    }
    guard let word = input.word else { return nil }
    if let handle = input.interpreter.session.names[word] as? ProcessHandle {
      return .text("pid:\(handle.pid)")
    }
    return .text(word)
  }
}

extension ParameterType {
  /// Processes here or on another machine: words stay as they are, since names mean others there.
  fileprivate static let processesAnywhere = ParameterType(
    "process", "a process, or a list of them", completion: .live("process")
  ) { input in
    if input.word != nil { return input.value.plain }
    return try processValues(input.value.plain, word: nil, input.interpreter.session)
  }
}

extension Call {
  /// The arguments from one on, and what lists of them have.
  private borrowing func given(_ first: Int) -> [Value] {
    var result: [Value] = []
    for index in first..<max(first, count) {
      if case .list(let list) = self[index] {
        result += list.items.map(\.plain)
      } else {
        result.append(self[index])
      }
    }
    return result
  }

  /// The pids of the arguments from one on, of lists of them too.
  fileprivate borrowing func processes(_ first: Int) throws -> [Int32] {
    var result: [Int32] = []
    for index in first..<max(first, count) {
      var values = [self[index]]
      if case .list(let list) = self[index] { values = list.items }
      for value in values {
        let pid = try pid(of: value.plain, index)
        if !result.contains(pid) { result.append(pid) }
      }
    }
    return result
  }

  private borrowing func pid(of value: Value, _ index: Int) throws -> Int32 {
    do {
      guard case .string(let text) = value else { return try ProcessTarget(value).pid }
      let known = try ParameterType.processValues(value, word: text.string, session)
      return try ProcessTarget(known ?? value).pid
    } catch let error as ErrorObject {
      error.location = error.location ?? location(index)
      throw error
    }
  }

  /// The arguments from one on as another machine understands them: names as typed, else pids.
  fileprivate borrowing func typed(_ first: Int) throws -> [String] {
    try given(first).map { value in
      if case .string(let text) = value { return text.string }
      return "\(try ProcessTarget(value).pid)"
    }
  }

  /// The arguments from one on, if all are names that no process here has and pools have machines.
  fileprivate borrowing func unknownNames(_ first: Int) -> [String]? {
    if session.farHostNames.isEmpty { return nil }
    var names: [String] = []
    for value in given(first) {
      guard case .string(let text) = value, Int(text.string) == nil,
        !text.string.hasPrefix("%"), session.names[text.string] == nil,
        session.processes.ended(named: text.string) == nil
      else { return nil }
      names.append(text.string)
    }
    return names.isEmpty ? nil : names
  }

  borrowing func shown(_ report: LookReport) -> Value {
    if site.wantsValue { return report.value }
    return .report(ReportObject(report.value, text: FoldedText.lines(report.text, for: 1)))
  }
}
