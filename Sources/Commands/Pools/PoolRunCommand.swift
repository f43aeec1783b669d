import Glibc
import Language
import Posix
import Processes
import Session
import ShellHost

/// `pool run`: a program for each of many inputs.
enum RunCommand {
  static let command = Command(
    "pool run", "Run a program for each of many inputs, some at a time",
    details: """
      In the words of the program {} is the input, {.} the input without its extension, {/} its \
      last part, {//} its directory, {/.} its last part without extension, {#} its number and {%} \
      the number of its place among those that run at once. Without any of them the input is \
      appended. Each word stays one argument, whatever is in it: nothing is parsed again.

      \(InputForm.details)

      \(RunProgram.details)

      \(PipeFlags.details)

      Output is shown whole, in the order of the inputs, standard error apart; what is large waits \
      on the disk ($env.TMPDIR, or /tmp), and if that is full, so do the programs. --line shows \
      each line as it comes, --ungrouped leaves writing to the programs.

      --results DIR gives each program a directory DIR/NUMBER-INPUT-KEY with the files stdout and \
      stderr, written while it runs, and record.json, written last. A DIR that holds something \
      already is an error, so that old results are never taken for new ones; a run with --journal \
      goes on in it, and overwrites nothing. \(ResultsFlag.details)

      What a program leaves in the background is ended with the run, and told; --keep-background \
      lets it go on. Programs read nothing from standard input, and cannot read the terminal; with \
      --tty, or with --jobs 1 --ungrouped, each gets it while it runs. Ctrl-Z stops the run with its \
      programs. `brood run` starts no further one after HUP and lets those that run end; a second HUP, \
      and one because the terminal is gone, ends them. USR1 has it tell how far it is. In a script \
      these signals end the script.

      As a statement it throws `failed` if a program failed, when all are done, and `timeout` if \
      all that failed took too long; the error's field `records` has those of the programs that \
      failed. Where its value is used it yields records of all instead, with the fields index key \
      item pid host attempts start elapsed cpu maxrss exit signal timed_out ok output error. What \
      was shown as it came is not in them, and output that is not UTF-8 is bytes.

      A script that it ends exits with 1, with 124 if programs failed only by taking too long. With \
      --status worst it is the highest status of all: 127 of one that was not found, 126 of one that \
      cannot be executed, 125 of one that a signal ended, 124 of one that took too long. \
      From another shell: brood run -j 4 -- gzip ::: a.log b.log; see brood run --help.

      \(ShownFlags.details)

      \(JobsFlag.details)

      \(StartFlags.details)

      \(StopFlags.details)

      \(JournalFlags.details) Output of programs that are left out is not shown again; with the \
      value of the run it is kept in the journal up to 1MiB, and records have skipped why, too.

      With --detach it yields a process that does all this, and goes on when the shell has ended, \
      however that ends. What the programs write goes to --results, or is dropped. To end it, \
      terminate that process, which ends its programs.

      \(FarFlags.detailsOfPrograms)
      """,
    parameters: [
      Parameter("program", .any, .optional, "its name or path; none with --shell"),
      Parameter("word", .any, .rest, "its arguments, ':::' and the inputs"),
    ],
    flags: [
      RunProgram.shell, JobsFlag.flag,
    ] + InputForm.flags + PipeFlags.flags + PoolFlags.policiesOfMany + RunSettings.flags + [
      Flag("dry-run", nil, "only print what would be run"), PoolFlags.progress, ShownFlags.eta,
      JobLog.flag,
    ] + JournalFlags.all + FarFlags.all + [FarFlags.fetch],
    rules: InputForm.rules + PipeFlags.rules + RunSettings.rules + JournalFlags.rules
      + FarFlags.rules + FarFlags.rulesOfPrograms,
    traits: [.passesWords, .takesInput],
    examples: [
      Example("pool run --jobs 2 -- echo got {} ::: a b 'c  d'", "got a\ngot b\ngot c  d"),
      Example(
        "pool run --inputs [x.jpg, y.jpg] --dry-run -- convert {} {.}.png",
        "convert x.jpg x.png\nconvert y.jpg y.png"),
      Example("pool run --max-inputs 2 -- echo ::: a b c", "a b\nc"),
      Example("pool run --jobs 1 --fill -- echo ::: a b c", "a b c"),
      Example(
        "pool run --shell 'echo {} | tr a-z A-Z' ::: 'a  b' '$(c)'", "A  B\n$(C)"),
      Example("[3, 4] |> pool run -- echo number", "number 3\nnumber 4"),
      Example("pool run -- echo {2}-{1} ::: a b ::: 1 2", "1-a\n2-a\n1-b\n2-b"),
      Example("pool run --dry-run -- mv {1} {2} ::: a b :::+ x y", "mv a x\nmv b y"),
      Example("^printf 'a\nb\nc\n' > f\npool run --pipepart f --lines 2 -- wc -l\n^rm f", "2\n1"),
      Example(
        "pool run --colsep , --header -- echo '{name} is {age}' ::: name,age Anna,41", "Anna is 41"),
      Example(
        "let r = pool run -- sh -c 'exit $1' sh ::: 0 3\nprint (map $r { |t| $t.exit })", "[0, 3]"),
      Example(
        "let out = (^mktemp -d)\npool run --results $out -- echo hello ::: world\n"
          + "print (read (glob \"$out/00001-world-*/stdout\")[0])\n^rm -r $out",
        "hello world\nhello world\n"),
    ],
    advice: { OptionAdvice.text($0, isLine: false) }
  ) { call in try JournalFlags.markingUsage { try start(call) } }

  private static func start(_ call: borrowing Call) throws -> Value {
    guard let host = call.interpreter.host as? BroodHost else {
      throw call.error(.system, "programs cannot be started here")
    }
    let (template, inputs) = try split(call)
    _ = try JobsFlag.count(call)
    if call.isSet("dry-run") {
      if PipeFlags.areGiven(call) {
        let words = try template.words(for: TaskInput("block 1"), index: 0, slot: 0)
        try call.interpreter.write(words.map(ShellWord.quoted).joined(separator: " ") + "\n")
        return .null
      }
      let journal = try self.journal(call, host, template, writing: false)
      defer { journal?.journal.close() }
      var index = 0
      let groups = InputCalls.groups(call, host, template, inputs)
      groups?.recall = journal.map { journal in
        { record throws in try journal.tasks.recall(&record) }
      }
      while let input = try groups.map({ try $0.nextInput() }) ?? inputs.next() {
        defer { index += 1 }
        var record = TaskRecord(index: index, input: input)
        if groups == nil, try journal?.tasks.recall(&record) == true { continue }
        let words = try template.words(for: input, index: index, slot: 0)
        try call.interpreter.write(words.map(ShellWord.quoted).joined(separator: " ") + "\n")
      }
      return .null
    }
    if call.isSet("detach") { return try detach(call, host, template, inputs) }
    return try run(call, host, template, inputs)
  }

  private static func journal(
    _ call: borrowing Call, _ host: BroodHost, _ template: ProgramTemplate, writing: Bool = true
  ) throws -> (journal: TaskJournal, tasks: ProgramTasks)? {
    guard let journal = try JournalFlags.open(call, writing: writing) else { return nil }
    let keys = try ProgramKeys(
      template, call.interpreter, environment: JournalFlags.environment(call))
    let tasks = ProgramTasks(journal, ProgramContent(template, keys)) { name in
      try? host.findProgram(name)
    }
    return (journal, tasks)
  }

  // MARK: What is to be run

  private static func split(
    _ call: borrowing Call
  ) throws -> (template: ProgramTemplate, inputs: RunInputs.Source) {
    let hasInput = call.site.inputCount > 0
    var words: [[UInt8]] = []
    for index in (hasInput ? 1 : 0)..<max(call.count, 1) where index < call.count {
      words.append(try word(index, call))
    }
    try OptionAdvice.refuseLetters(words, call)
    let form = try InputForm(call)
    let (program, behind) = try RunInputs.split(words, form, call)
    try RunProgram.check(program, call)
    var sources: [(name: String, make: (borrowing Call) throws -> RunInputs.Source)] = []
    if hasInput { sources.append(("'|>'", { try RunInputs.items($0[0], form, $0) })) }
    if let behind { sources.append(("':::'", { _ in behind })) }
    if let list = call.flag("inputs") {
      sources.append(("--inputs", { try RunInputs.items(list, form, $0) }))
    }
    if call.flag("file") != nil { sources.append(("--file", { try RunInputs.lines(form, $0) })) }
    if PipeFlags.areGiven(call) {
      let template = try PipeFlags.template(program, hasInputs: !sources.isEmpty, call)
      return (template, RunInputs.Source { nil })
    }
    guard sources.count <= 1 else {
      throw call.error(
        .arity, "inputs come from \(sources[0].name) and from \(sources[1].name)",
        help: "give them in one way; several ':::' make combinations")
    }
    if sources.isEmpty, Terminal.isTerminal(0) { try refuseMissing(program, call) }
    let inputs = try sources.first?.make(call) ?? RunInputs.lines(form, call)
    let template = try RunProgram.template(
      program, call, columns: inputs.columns, isMany: InputCalls.haveMany(call))
    try InputCalls.check(template, inputs, form, call)
    return (template, try RunInputs.taken(inputs, form, call))
  }

  /// Throws for a program that there is not, before a person types its inputs.
  private static func refuseMissing(_ program: [String], _ call: borrowing Call) throws {
    guard let name = program.first, !name.contains("{"), call.flag("via") == nil,
      !call.isSet("slurm"), let host = call.interpreter.host as? BroodHost
    else { return }
    do throws(SystemError) {
      _ = try host.findProgram(name)
    } catch {
      throw problem(error, name, typed: name, host).amended {
        $0.exitStatus = ErrorObject.usageStatus
      }
    }
  }

  private static func word(_ index: Int, _ call: borrowing Call) throws -> [UInt8] {
    switch call[index] {
    case .closure:
      throw call.error(
        .type, "a program's argument must be text, but is a block", at: index,
        help:
          "quote what stands in braces, if it is meant as it is: '{…}'; a {} that is no place for an "
          + "input is '{{}}'")
    case .handle(let handle):
      // A process goes by its number.
      return try Array((handle.field("pid") ?? call[index]).asText.utf8)
    case .bytes(let bytes): return bytes.bytes
    case let value: return Array(value.asText.utf8)
    }
  }

  // MARK: Running

  private static func make(
    _ call: borrowing Call, _ host: BroodHost, _ template: ProgramTemplate,
    _ options: ProgramRun.Options, _ inputs: RunInputs.Source
  ) throws -> ProgramRun {
    let environment = CStringBlock(host.environmentEntries)
    var found: (name: [UInt8], path: String)?
    let pipe = PipeFlags.areGiven(call) ? try PipeFlags.input(call) : nil
    let run = ProgramRun(
      call.session, call.interpreter, try PoolFlags.policy(call), options,
      next: pipe.map { pipe in { try pipe.next() } } ?? inputs.next
    ) { input, index, slot in
      let words = try template.words(for: input, index: index, slot: slot)
      if words.contains(where: { $0.contains(0) }) {
        throw ErrorObject(.type, "a program's argument cannot hold a null character")
      }
      if options.placement == nil, found?.name != words[0] {
        let name = String(decoding: words[0], as: UTF8.self)
        do throws(SystemError) {
          found = (words[0], try host.findProgram(name))
        } catch {
          throw ProgramRefusal(problem(error, name, typed: template.source.first ?? name, host))
        }
      }
      var request = SpawnRequest(path: found?.path ?? "", arguments: [], environment: [])
      request.argumentBytes = words
      request.environmentBlock = environment
      return request
    }
    let keys = try ProgramKeys(
      template, call.interpreter, environment: JournalFlags.environment(call))
    run.key = { try? keys.key(of: $0, $1).text }
    run.isOneProgram = template.isOneProgram
    run.groups = InputCalls.groups(call, host, template, inputs)
    run.pipe = pipe
    run.inputStream = run.groups.map(\.inputStream) ?? inputs.stream
    return run
  }

  /// Why a task's program cannot be run, and what to do about that.
  ///
  /// - Parameter typed: its name as it was given, with the places for an input.
  private static func problem(
    _ error: SystemError, _ name: String, typed: String, _ host: BroodHost
  ) -> ErrorObject {
    if error.code != ENOENT {
      return error.asProgramError(name, arguments: [], environment: [], at: nil)
    }
    if host.environmentVariable("BASH_FUNC_\(name)%%") != nil {
      return ErrorObject(
        .missing, "there is no program '\(name)'",
        help: "a function of bash is run by: bash -c '\(name) \"$@\"' \(name)")
    }
    if name.contains("/") {
      return ErrorObject(
        .missing, "there is no file '\(name)' to run", help: shellLineHint(typed))
    }
    if typed.hasPrefix("-") {
      return ErrorObject(
        .missing, "there is no program '\(name)'",
        help: "flags of pool run are long, as --jobs, and stand before the program's name")
    }
    if typed == ":" || Double(typed) != nil {
      return ErrorObject(
        .missing, "there is no program '\(name)'",
        help: "it stands where the program does: the flag in front of it takes no value")
    }
    return ErrorObject(
      .missing, "there is no program '\(name)'",
      help: shellLineHint(typed) ?? SpawnCommand.missingProgramHelp(name, host))
  }

  private static func run(
    _ call: borrowing Call, _ host: BroodHost, _ template: ProgramTemplate,
    _ inputs: RunInputs.Source
  ) throws -> Value {
    let options = try RunSettings.options(call, host, columns: inputs.columns)
    let inputs = try ShownFlags.whole(inputs, call)
    let run = try make(call, host, template, options, inputs)
    let log = try JobLog(template, call)
    defer { try? options.results?.finish() }
    run.onEnd = log.map { log in { log.note($0) } }
    // How many calls several inputs a call make is seen at the end.
    let count = run.groups == nil && run.pipe == nil ? inputs.count : nil
    let progress = TaskProgress("run", call)
    progress?.follow(run, of: count)
    defer { progress?.end() }
    let journal = try self.journal(call, host, template)
    journal?.journal.news.clearLine = { progress?.clear() }
    run.journal = journal?.tasks
    defer { journal?.journal.close() }
    return try finish(run, of: count, journal?.journal, progress, call) {
      try log?.finish()
      try options.results?.finish()
    }
  }

  /// Runs all to the end; yields what a call of it yields, and throws what it throws.
  ///
  /// - Parameters:
  ///   - count: how many programs there are, where that is known.
  ///   - done: what is to be done when all have ended.
  static func finish(
    _ run: ProgramRun, of count: Int?, _ journal: TaskJournal?, _ progress: TaskProgress?,
    _ call: borrowing Call, done: () throws -> Void = {}
  ) throws -> Value {
    let session = call.session
    let outcome = RunOutcome(run, of: count, call)
    do {
      try run.run()
    } catch let error as ErrorObject {
      guard error.kind == .interrupted else { throw outcome.placed(error) }
      progress?.end()
      session.postponing { try session.output.flush() }
      Session.say("\(call.command.name): \(outcome.interruption)")
      throw error
    }
    try journal?.finish(call.interpreter)
    try done()
    if call.site.wantsValue { return .items(run.records) }
    if let failure = outcome.failure { throw failure }
    return .null
  }

  // MARK: Detached

  private static func detach(
    _ call: borrowing Call, _ host: BroodHost, _ template: ProgramTemplate,
    _ inputs: RunInputs.Source
  ) throws -> Value {
    // What is wrong with the journal is told here; the process opens it itself.
    try self.journal(call, host, template, writing: false)?.journal.close()
    let options = try RunSettings.options(call, host, columns: inputs.columns)
    let interpreter = call.interpreter
    // Nothing reads on for it later.
    let run = try make(call, host, template, options, try inputs.whole(call.session, interpreter))
    let session = call.session
    let isWorst = RunOutcome.isWorst(call)
    var fork = ForkOptions(kind: .spawn, command: "pool run")
    fork.prefix = "run"
    fork.isDetached = true
    fork.prepare = {
      try mapErrors {
        let null = try Descriptors.open("/dev/null", O_RDWR)
        for fd: Int32 in 0...2 { try Descriptors.copy(null, onto: fd) }
        Descriptors.close(null)
        // So that its programs are ended with it.
        try Signals.set(.term, .record)
        try Signals.set(.int, .record)
      }
      session.output.descriptorChanged()
    }
    let process = try session.fork(fork, interpreter) {
      let journal = try self.journal(call, host, template)
      defer { journal?.journal.close() }
      run.journal = journal?.tasks
      try run.run()
      try journal?.journal.finish(interpreter)
      if run.hasFailed { throw ExitRequest(isWorst ? run.worstStatus : 1) }
      return .record([
        "count": .int(run.count), "succeeded": .int(run.succeeded), "failed": .int(run.failed),
      ])
    }
    return .handle(process)
  }
}
