import Language
import Posix
import Session

/// `pool run`: a program for each of many inputs.
enum RunCommand {
  static let command = Command(
    "pool run", "Run a program for each of many inputs, some at a time",
    details: """
      In the words of the program {} is the input, {.} the input without its extension, {/} its \
      last part, {//} its directory, {/.} its last part without extension, {#} its number and {%} \
      the number of its place among those that run at once. Without any of them the input is \
      appended. Each word stays one argument, whatever is in it: nothing is parsed again.

      Inputs stand behind ':::', or are the items of --inputs, or the lines of --file \
      or of standard input. Output is shown whole, in the order of the inputs, standard error apart.

      As a statement it throws `failed` if a program failed, when all are done, and `timeout` if \
      all that failed took too long. Where its value is used it yields records instead, with the \
      fields index item pid attempts start elapsed cpu maxrss exit signal timed_out ok output error.
      A script that it ends exits with 1, with 124 if programs failed only by taking too long. \
      From another shell: brood run -j 4 -- gzip ::: a.log b.log; see brood run --help.

      \(JournalFlags.details) Output of programs that are left out is not shown again; with the \
      value of the run it is kept in the journal up to 1MiB, and records have key skipped why, too.
      """,
    parameters: [
      Parameter("program", .any, .required, "its name or path"),
      Parameter("word", .spelled, .rest, "its arguments, ':::' and the inputs"),
    ],
    flags: [
      Flag("jobs", .int, "how many run at a time; by default one for each usable CPU"),
      Flag("inputs", .list, "the inputs"),
      Flag("file", .path, "a file whose lines are the inputs"),
      Flag("null", nil, "inputs end with a null character instead of a line's end"),
    ] + PoolFlags.policies + [
      PoolFlags.halt, PoolFlags.rate,
      Flag("unordered", nil, "show outputs in the order in which the programs end"),
      Flag("ungrouped", nil, "let the programs write at once themselves"),
      Flag("tag", nil, "put the input in front of each line of output"),
      Flag("dry-run", nil, "only print what would be run"), PoolFlags.progress,
    ] + JournalFlags.all,
    traits: .passesWords,
    examples: [
      Example("pool run --jobs 2 -- echo got {} ::: a b 'c  d'", "got a\ngot b\ngot c  d"),
      Example(
        "pool run --inputs [x.jpg, y.jpg] --dry-run -- convert {} {.}.png",
        "convert x.jpg x.png\nconvert y.jpg y.png"),
      Example(
        "let r = pool run -- sh -c 'exit $1' sh ::: 0 3\nprint (map $r { |t| $t.exit })", "[0, 3]"),
    ]
  ) { call in try JournalFlags.markingUsage { try start(call) } }

  private static func start(_ call: borrowing Call) throws -> Value {
    let (words, inputs) = try split(call)
    let template = ProgramTemplate(words)
    if call.isSet("dry-run") {
      let journal = try self.journal(call, template, writing: false)
      defer { journal?.journal.close() }
      var index = 0
      while let input = try inputs() {
        defer { index += 1 }
        var record = ProgramRecord(index: index, input: input)
        if try journal?.tasks.recall(&record) == true { continue }
        let words = template.words(for: input, index: index, slot: 0)
        try call.interpreter.write(words.map(quoted).joined(separator: " ") + "\n")
      }
      return .null
    }
    return try run(call, template, inputs)
  }

  private static func journal(
    _ call: borrowing Call, _ template: ProgramTemplate, writing: Bool = true
  ) throws -> (journal: TaskJournal, tasks: ProgramTasks)? {
    guard let journal = try JournalFlags.open(call, writing: writing) else { return nil }
    let host = call.interpreter.host as? BroodHost
    let tasks = try ProgramTasks(
      journal, template, call.interpreter, environment: JournalFlags.environment(call)
    ) { name in try? host?.findProgram(name) }
    return (journal, tasks)
  }

  // MARK: What is to be run

  private static func split(
    _ call: borrowing Call
  ) throws -> (words: [String], inputs: () throws -> String?) {
    var words: [String] = []
    var given: [Value]?
    if case .list(let list)? = call.flag("inputs") { given = list.items }
    for index in 0..<call.count {
      if given == nil, call.spelled(index) == ":::" {
        given = call.rest(from: index + 1)
        break
      }
      words.append(index == 0 ? call.spelled(0) : call[index].asText)
    }
    guard !words.isEmpty else {
      throw call.error(
        .arity, "'pool run' needs a program", help: "as: pool run -- gzip {} ::: a.txt b.txt")
    }
    if let given {
      var place = 0
      return (
        words,
        {
          guard place < given.count else { return nil }
          place += 1
          return given[place - 1].plain.asText
        }
      )
    }
    return (words, try lines(call))
  }

  /// The lines of a file or of standard input, read as they are needed.
  private static func lines(_ call: borrowing Call) throws -> () throws -> String? {
    var fd: Int32 = 0
    if let path = call.flag("file")?.asText {
      fd = try asking("cannot read the inputs") { try Descriptors.open(path, 0) }
    }
    let end: UInt8 = call.isSet("null") ? 0 : 0x0A
    let interpreter = call.interpreter
    var buffer: [UInt8] = []
    var place = 0
    var hasEnded = false
    return {
      while true {
        if let stop = buffer[place...].firstIndex(of: end) {
          defer { place = stop + 1 }
          return String(decoding: buffer[place..<stop], as: UTF8.self)
        }
        if hasEnded {
          defer { place = buffer.count }
          return place < buffer.count ? String(decoding: buffer[place...], as: UTF8.self) : nil
        }
        buffer.removeFirst(place)
        place = 0
        let count = try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
          let count = try Transfer.read(fd, into: chunk) {
            try interpreter.session.attend(interpreter)
          }
          buffer.append(contentsOf: chunk[..<count])
          return count
        }
        hasEnded = count == 0
        if hasEnded, fd > 2 { Descriptors.close(fd) }
      }
    }
  }

  /// A word as a shell would have to be given it.
  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0)
          || "_-./=:,+@%".unicodeScalars.contains($0)
      }
    return isPlain
      ? word
      : "'"
        + word.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "'\\''") + "'"
  }

  // MARK: Running

  private static func run(
    _ call: borrowing Call, _ template: ProgramTemplate, _ inputs: @escaping () throws -> String?
  ) throws -> Value {
    let session = call.session
    guard let host = call.interpreter.host as? BroodHost else {
      throw call.error(.system, "programs cannot be started here")
    }
    var options = ProgramRun.Options()
    options.jobs = session.usableCPUs
    if case .int(let jobs)? = call.flag("jobs") {
      guard jobs > 0 else { throw call.error(.range, "--jobs must be 1 or more, but is \(jobs)") }
      options.jobs = min(jobs, 30_000)
    }
    options.isOrdered = !call.isSet("unordered")
    options.isUngrouped = call.isSet("ungrouped")
    options.keepsOutput = call.site.wantsValue && !options.isUngrouped
    let environment = host.environmentEntries
    var found: (name: String, path: String)?
    let run = ProgramRun(
      session, call.interpreter, try PoolFlags.policy(call), options, next: inputs
    ) { input, index, slot in
      let words = template.words(for: input, index: index, slot: slot)
      if words.contains(where: { $0.utf8.contains(0) }) {
        throw ErrorObject(.type, "a program's argument cannot hold a null character")
      }
      if found?.name != words[0] {
        do throws(SystemError) {
          found = (words[0], try host.findProgram(words[0]))
        } catch {
          throw ErrorObject(.missing, "there is no program '\(words[0])'")
        }
      }
      return SpawnRequest(
        path: found?.path ?? words[0], arguments: words, environment: environment)
    }
    let journal = try self.journal(call, template)
    run.journal = journal?.tasks
    defer { journal?.journal.close() }
    let progress = call.isSet("progress") ? PoolProgress("run") : nil
    if let progress {
      journal?.journal.news.clearLine = progress.clear
      run.onProgress = { [unowned run] in
        progress.show(
          done: run.succeeded + run.failed, of: run.isWhole ? run.records.count : nil,
          running: run.runningCount, failed: run.failed)
      }
    }
    defer { progress?.clear() }
    do {
      try run.run()
    } catch let error as ErrorObject where error.kind == .interrupted && error.control == nil {
      let report =
        "of \(run.records.count) programs \(run.succeeded) succeeded, "
        + "\(run.failed) failed or were ended"
      progress?.clear()
      try? session.output.flush()
      try? Transfer.writeAll(2, "pool run: \(report)\n")
      throw error
    }
    try journal?.journal.finish(call.interpreter)
    let records = run.records.map { run.value(of: $0) }
    if call.site.wantsValue { return .items(records) }
    if run.failed > 0 { throw failure(run, records, call) }
    return .null
  }

  private static func failure(
    _ run: ProgramRun, _ records: [Value], _ call: borrowing Call
  ) -> ErrorObject {
    let bad = run.records.filter { !$0.isOk && !$0.isCancelled }
    let lines = bad.prefix(5).map { "\($0.input): \($0.phrase)" }
    let isTimeout = run.timedOut > 0 && run.timedOut == bad.count
    let error = call.error(
      isTimeout ? .timeout : .failed,
      "\(run.failed) of \(run.records.count) programs failed: " + lines.joined(separator: "; ")
        + (bad.count > lines.count ? "; …" : ""))
    error.payload["records"] = .items(records)
    if isTimeout { error.exitStatus = ErrorObject.timeoutStatus }
    return error
  }
}
