import Language
import Posix
import Session
import ShellHost

/// `pool tasks`: programs that need each other.
enum TasksCommand {
  static let command = Command(
    "pool tasks", "Run programs in an order, each when those have succeeded that it needs",
    details: """
      The tasks are a list of maps in a file, which is only read and not run, or such a list:

      [[name: build, run: "make"], [name: test, run: "make test", after: [build]]]

      A file may be JSON as well. Fields are `name`; `run`, a line of sh or a list of words; `after`, \
      the names of those that must succeed before; `retries`, `timeout` and `backoff`, as the flags \
      of these names, which are for tasks that do not say it; `cwd`, where it runs; `env`, a map of \
      variables; `key`, any value that makes it another task for a journal.

      Each task runs as soon as it may and there is a place. Output is shown whole, in the order in \
      which tasks end; --tag puts the name in front of each line. A task is not run if one fails \
      that it needs, which is told; the others go on.

      --only runs some tasks, with all that they need; --dry-run shows the order.

      \(JournalFlags.details) A task runs also if one runs that it needs.

      With --via the tasks run on other machines, as programs of `pool run --via` do: see there. A `cwd` \
      is a directory there, and each may run on another host, so that what one makes for another must be \
      on a file system that they share.

      From another shell: brood run -j 4 build.tasks; see brood run --help.
      """,
    parameters: [
      Parameter("tasks", .any, .required, "the name of a file, or a list of maps")
    ],
    flags: [
      JobsFlag.flag,
      Flag(
        "only", names, "run these tasks and what they need", isRepeatable: true),
    ] + PoolFlags.policiesOfMany
      + RunSettings.flags.filter { settings.contains($0.name) } + [
        Flag("dry-run", nil, "only print the order"), PoolFlags.progress,
      ] + JournalFlags.all + FarFlags.all,
    rules: [
      .exclusive(["line", "ungrouped", "json", "csv"]),
      .excludes(["results"], ["line", "ungrouped"]), FarFlags.rulesOfTasks,
    ] + JournalFlags.rules + FarFlags.rules,
    examples: [
      Example(
        "pool tasks [[name: b, run: 'echo second', after: a], [name: a, run: 'echo first']]",
        "first\nsecond"),
      Example(
        "pool tasks [[name: b, run: 'make test', after: a], [name: a, run: 'make']] --dry-run",
        "a: make\nb: make test  # after a"),
    ]
  ) { call in try JournalFlags.markingUsage { try start(call) } }

  /// What of the flags of `pool run` means something here.
  private static let settings: Set = [
    "line", "ungrouped", "tag", "json", "csv", "results", "memory", "keep-background", "status",
    "nice", "color", "on-full",
  ]

  static let names = ParameterType(
    "names", "names of tasks, as [build, test] or build,test"
  ) { input in
    if case .list = input.value { return input.value }
    guard let word = input.word else { return nil }
    return .items(word.split(separator: ",").map { .text(String($0)) })
  }

  // MARK: What is to be run

  private static func start(_ call: borrowing Call) throws -> Value {
    guard let host = call.interpreter.host as? BroodHost else {
      throw call.error(.system, "programs cannot be started here")
    }
    var list = try tasks(call)
    if case .list(let lists)? = call.flag("only") {
      let names = lists.items.flatMap { value -> [String] in
        if case .list(let list) = value { return list.items.map(\.asText) }
        return [value.asText]
      }
      let all = list
      list = try call.at(flag: "only") { try all.only(names) }
    }
    if call.isSet("dry-run"), call.flag("journal") == nil {
      try call.interpreter.write(list.text)
      return .null
    }
    return try run(TaskListRun(list, host), call, host)
  }

  private static func tasks(_ call: borrowing Call) throws -> TaskList {
    let session = call.session
    let interpreter = call.interpreter
    switch call[0].plain {
    case .string(let path):
      return try TaskReader.read(path.string) { try session.attend(interpreter) }
    case .list:
      let location = call.location(0) ?? Location(Source(name: "", text: ""), Span(0, 0))
      return try TaskReader.read(call[0], at: location)
    case let other:
      throw call.error(
        .type, "tasks are a file or a list of maps, not \(other.described)", at: 0,
        help: "as: pool tasks [[name: build, run: \"make\"]]")
    }
  }

  // MARK: Running

  private static func run(
    _ work: TaskListRun, _ call: borrowing Call, _ host: BroodHost
  ) throws -> Value {
    let isDry = call.isSet("dry-run")
    let journal = try JournalFlags.open(call, writing: !isDry)
    defer { journal?.close() }
    let file: Value = if case .string = call[0].plain { call[0] } else { .null }
    let content = try work.content(
      file, call.interpreter, environment: JournalFlags.environment(call))
    let tasks = journal.map { journal in
      ProgramTasks(journal, content) { name in try? host.findProgram(name) }
    }
    var ran: Set<Int> = []
    tasks?.follows = { work.follower(of: ran, $0) }
    tasks?.onVerdict = { index, isSkipped in if !isSkipped { ran.insert(index) } }
    if isDry {
      try call.interpreter.write(try order(work, tasks))
      return .null
    }
    var options = try RunSettings.options(call, host)
    options.isOrdered = false
    let run = try work.make(call, options)
    run.key = { try? content.key($0, $1).text }
    run.journal = tasks
    let progress = TaskProgress("tasks", call)
    progress?.follow(run, of: work.list.tasks.count)
    defer { progress?.end() }
    journal?.news.clearLine = { progress?.clear() }
    let results = options.results
    defer { try? results?.finish() }
    return try RunCommand.finish(run, of: work.list.tasks.count, journal, progress, call) {
      try results?.finish()
    }
  }

  /// The order of those that a journal lets run.
  private static func order(_ work: TaskListRun, _ tasks: ProgramTasks?) throws -> String {
    guard let tasks else { return work.list.text }
    let lines = work.list.text.split(separator: "\n", omittingEmptySubsequences: true)
    var result = ""
    for (index, task) in work.list.tasks.enumerated() {
      var record = TaskRecord(index: index, input: TaskInput(task.name))
      if try !tasks.recall(&record) { result += lines[index] + "\n" }
    }
    return result
  }
}
