import Language
import Posix
import Session

/// Running a function over many items in a pool.
enum PoolMapCommands {
  static let all = [map, starmap, imap]

  private static let work = [
    Parameter(
      "function", .work, .required,
      "gets the item, or item and index if it has two parameters"),
    Parameter("list", .work, .required, "a list, range, map or stream; may come first"),
  ]

  private static let fate = """
    Results are in the order of the items. If tasks fail, the others are done nevertheless, and \
    then the error of the first one is thrown: it has the fields index item attempts, and failures \
    and results for all of them. A script that it ends exits with 1, with 124 if all took too long.

    A worker that dies, killed or out of memory, is replaced; only the task in its hands is \
    affected. If a signal ended it the task is tried once more, or as often as --retries says, \
    which counts for tasks that throw, take too long or call `exit`, too. Then it fails with \
    `peer-died` or `timeout`.
    """

  private static let map = Command(
    "pool map", "List what a function makes of each item, the work shared by a pool's workers",
    details: """
      The block runs in other processes, on a snapshot of the variables that it uses; what it \
      assigns is lost when its task ends. \(fate)

      Ctrl-C ends the running tasks and starts no more; pressed again, at once.

      The block of --on-done gets a record for each task that is done, with the fields index item ok \
      value error, in the order of their ends. It runs in this process, while that waits; an error of \
      it ends the map.

      --results DIR gives each task a directory DIR/NUMBER-ITEM-KEY with the files stdout and \
      stderr, which get what it writes, and record.json, written last, with its value or failure \
      and the other fields of --records. A DIR that holds something already is an error; a run \
      with --journal goes on in it, and overwrites nothing.

      \(StartFlags.details)

      \(StopFlags.details) Results of tasks that were not done then are null.

      \(JournalFlags.details) A block is known by its text and the values of what it uses. Results \
      of tasks that are left out come from the journal.
      """,
    parameters: work,
    flags: PoolFlags.list + [PoolFlags.results, PoolFlags.progress, PoolFlags.onDone]
      + JournalFlags.all,
    rules: PoolFlags.rules + JournalFlags.rules, traits: .snapshots,
    examples: [
      Example("pool new 2\nprint (pool map { |x| $x * $x } [1, 2, 3])", "[1, 4, 9]"),
      Example(
        "try { pool map { |x| if $x == 2 { throw \"no luck\" }; $x } [1, 2, 3] } "
          + "catch e { print $e.message $e.index $e.item $e.results }",
        "no luck 1 2 [1, null, 3]"),
      Example(
        "let mark = (^mktemp -u)\nprint (1..4 |> pool map { |x| if $x == 3 and not (exists $mark) "
          + "{ write $mark \"\"; kill -9 $pid }; $x }) (exists $mark)\n^rm $mark",
        "[1, 2, 3, 4] true"),
      Example(
        "let out = (^mktemp -d)\nprint (pool map --results $out { |x| print \"on $x\"; $x * 10 } [4, 2])\n"
          + "let second = (glob \"$out/00002-2-*\")[0]\n"
          + "print (read $second/stdout) (json-parse (read $second/record.json)).value\n"
          + "^rm -r $out",
        "[40, 20]\non 2\n 20"),
      Example(
        "var sum = 0\npool map { |x| $x * $x } 1..4 --on-done { |t| sum += $t.value }\nprint $sum",
        "30"),
    ]
  ) { call in try run(call, verb: "map") }

  private static let starmap = Command(
    "pool starmap", "Like pool map, but each item is a list of arguments",
    parameters: work,
    flags: PoolFlags.list + [PoolFlags.results, PoolFlags.progress, PoolFlags.onDone]
      + JournalFlags.all,
    rules: PoolFlags.rules + JournalFlags.rules, traits: .snapshots,
    examples: [
      Example("print (pool starmap { |x, y| $x + $y } [[1, 2], [3, 4]])", "[3, 7]")
    ]
  ) { call in try run(call, verb: "starmap") }

  private static func run(_ call: borrowing Call, verb: String) throws -> Value {
    let (function, list) = try call.work()
    let policy = try PoolFlags.policy(call)
    let pool = try call.workingPool()
    let progress = TaskProgress(pool.name, call)
    defer { progress?.end() }
    let tasks = try Tasks(function, list, spreads: verb == "starmap", call)
    let journal = try journal(call, function, tasks, verb: verb)
    let files = try call.flag("results").map { path in
      try ResultsFlag.files(path.asText, call, columns: [])
    }
    if let files {
      let keys = try BlockKeys(
        function, spreads: tasks.spreads, call.interpreter,
        environment: JournalFlags.environment(call))
      files.key = { try? keys.key(of: $0).text }
    }
    journal?.journal.news.clearLine = { progress?.clear() }
    defer { journal?.journal.close() }
    let job = try pool.map(
      function, over: tasks.input, policy, verb: verb, at: call.location,
      takesTwo: tasks.takesTwo,
      spreads: tasks.spreads, isUnordered: call.isSet("unordered"), journal: journal?.tasks,
      files: files, onDone: call.flag("on-done"),
      onProgress: progress.map { progress in { progress.follow($0, pool) } })
    progress?.follow(job, pool)
    do {
      let results = try listed(try pool.results(of: job))
      try files?.finish()
      try journal?.journal.finish(call.interpreter)
      return results
    } catch let error as ErrorObject {
      try? files?.finish()
      progress?.end()
      throw placed(error, call, pool)
    } catch {
      progress?.end()
      throw error
    }
  }

  private static func journal(
    _ call: borrowing Call, _ function: Value, _ tasks: Tasks, verb: String
  ) throws -> (journal: TaskJournal, tasks: BlockTasks)? {
    guard let journal = try JournalFlags.markingUsage({ try JournalFlags.open(call) }) else {
      return nil
    }
    let keys = try BlockKeys(
      function, spreads: tasks.spreads, call.interpreter,
      environment: JournalFlags.environment(call))
    return (journal, BlockTasks(journal, function, verb: verb, keys, call.interpreter))
  }

  /// What a function is applied to, and how.
  private struct Tasks {
    let input: PoolInput
    var takesTwo = false
    var spreads: Bool

    init(
      _ function: Value, _ list: Value, spreads: Bool, _ call: borrowing Call
    ) throws {
      self.spreads = spreads
      let hasTwo = call.interpreter.parameterCount(function) == 2
      if !spreads { takesTwo = hasTwo }
      switch list {
      case .list(let list): input = .list(list.items)
      case .range(let range): input = .range(range)
      case .stream(let stream): input = .stream(stream)
      case .map(let map):
        // As `each` does: the key, or key and value.
        self.spreads = hasTwo
        takesTwo = false
        input = .list(map.pairs.map { hasTwo ? .items([$0, $1]) : $0 })
      default: input = .list(try call.interpreter.collect(list))
      }
      if case .range(let range) = input, call.command.name != "pool imap", range.count > mostItems {
        throw tooManyItems
      }
    }
  }

  /// Points at the call where the task's error points nowhere.
  private static func placed(
    _ error: ErrorObject, _ call: borrowing Call, _ pool: Pool
  ) -> ErrorObject {
    if error.kind == .interrupted {
      let session = call.session
      session.postponing { try session.output.flush() }
      // Behind the ^C that the terminal has echoed.
      let line = call.session.isInteractive ? "\n" : ""
      Session.say("\(line)pool '\(pool.name)': \(error.message)")
    }
    return error
  }

  private static let imap = Command(
    "pool imap", "Yield the results of pool map one by one, as they are asked for",
    details: """
      A source for `for`, `map`, `filter` and `each`. It takes only a few more items than the \
      workers need, so that a source without an end works; when the loop is left, nothing more is \
      started. A task's error is thrown when its turn comes.
      """,
    parameters: work, flags: PoolFlags.list + JournalFlags.all,
    rules: PoolFlags.rules + JournalFlags.rules,
    traits: .snapshots,
    examples: [
      Example("for x in (pool imap { |x| $x * 2 } 1..3) { print $x }", "2\n4\n6"),
      Example(
        "for x in (pool imap { |x| $x * $x } 1..1_000_000_000) { if $x > 20 { print $x; break } }",
        "25"),
    ]
  ) { call in
    let (function, list) = try call.work()
    let policy = try PoolFlags.policy(call)
    let pool = try call.workingPool()
    let tasks = try Tasks(function, list, spreads: false, call)
    let journal = try journal(call, function, tasks, verb: "imap")
    let job = try pool.map(
      function, over: tasks.input, policy, verb: "imap", at: call.location,
      takesTwo: tasks.takesTwo,
      spreads: tasks.spreads, isUnordered: call.isSet("unordered"), collects: false,
      journal: journal?.tasks)
    return .stream(PoolStream(job, pool, journal?.journal))
  }
}

/// The results of `pool imap`.
private final class PoolStream: StreamObject {
  private let job: MapJob
  private let pool: Pool
  private let journal: TaskJournal?

  init(_ job: MapJob, _ pool: Pool, _ journal: TaskJournal?) {
    self.job = job
    self.pool = pool
    self.journal = journal
  }

  override func next() throws -> Value? {
    try pool.requireOwn()
    try journal?.check()
    if let value = try pool.next(of: job) { return value }
    journal?.close()
    return nil
  }

  /// Tasks that are under way go on, but their ends are not told.
  override func close() {
    pool.abandon(job)
    journal?.close()
  }

  deinit { close() }
}
