import Language
import Posix
import Session

/// `pool`: processes that are forked once and work on one task after the other.
public enum PoolCommands {
  public static let family = CommandFamily(
    "Pools",
    [new, PoolWithCommand.command, apply, submit] + PoolFutureCommands.all + PoolMapCommands.all + [
      RunCommand.command, TasksCommand.command, PoolCancelCommand.command, size, pause, resume,
      drain, info, list,
    ]
      + PoolEndCommands.all + [PoolTorture.command])

  private static let new = Command(
    "pool new", "Fork a pool of N workers that do tasks for this process",
    details: """
      `pool new 4` is a size, `pool new w 4` has a name; without a size there is a worker for each \
      CPU that may be used, by affinity and the control group's limit. Workers are children of this \
      process named NAME.1, NAME.2 and so on, which `ps` shows and `wait` without a process does not see. \
      They are ended with this process. A forked child cannot use its parent's pools.

      Commands of pools use the one of --pool NAME, else the one made last, else a new one. A closed \
      or terminated pool counts as the one made last, and takes no tasks, until pool join has waited \
      for it; from then on the one before it counts.

      What the block of --init sets and defines is there for the tasks of its worker: variables are \
      its own, and stay as its tasks leave them; functions are known by their names.

      With --memory a task that needs more ends its worker, and fails with `peer-died`. A worker \
      that is replaced because of --max-tasks or --max-age finishes the task it has; the others that \
      were to follow go elsewhere.

      \(FarFlags.details)
      """,
    parameters: [
      Parameter("name", .any, .optional, "chosen by Brood if it is left out"),
      Parameter("n", .int, .optional, "how many workers"),
    ],
    flags: PoolFlags.workers + FarFlags.all, rules: FarFlags.rules,
    examples: [
      Example("pool new w 2\nprint (pool size) (pool map { |x| $x + 1 } [1, 2])", "2 [2, 3]"),
      Example(
        "var start = 0\npool new 2 --init { start = 5; fn more(x) { $x + $start } }\n"
          + "print (pool map { |x| more $x } 1..3) $start", "[6, 7, 8] 0"),
      Example("pool new 3\nprint ((unique (pool map { $ppid } 1..20)) == [$pid])", "true"),
      Example("pool new 1 --max-tasks 2\nprint (len (unique (pool map { $pid } 1..6)))", "3"),
    ]
  ) { call in
    var name = call.has(0) ? call.spelled(0) : nil
    var size = call.has(1) ? call.int(1) : call.session.usableCPUs
    var place = 1
    if case .int(let number) = call[0], call.count == 1 { (name, size, place) = (nil, number, 0) }
    try check(size, at: place, call)
    var options = PoolFlags.options(call, size: size)
    let isSized = call.has(1) || place == 0
    options.placement = try FarFlags.placement(call, workers: isSized ? size : nil)
    if options.placement != nil { try FarFlags.addFiles(call, to: &options.placement) }
    return .handle(try call.session.makePool(name, options, call.interpreter))
  }

  private static func check(_ size: Int, at place: Int, _ call: borrowing Call) throws {
    guard PoolFlags.sizes.contains(size) else {
      throw call.outOfBounds("argument 'n'", .within(PoolFlags.sizes), size, at: place)
    }
  }

  // MARK: Single tasks

  private static let task = [
    Parameter("function", .function, .required, "a block or a function"),
    Parameter("argument", .any, .rest),
  ]

  private static let keywords = Flag(
    "kwargs", .map, "arguments by the names of the function's parameters")

  /// A mistake in the arguments by name is told here, not by a worker.
  private static func submitted(to pool: Pool, _ call: borrowing Call) throws -> PoolFuture {
    let arguments = call.rest(from: 1).map(\.plain)
    var named: MapObject?
    if case .map(let map)? = call.flag("kwargs"), case .closure(let closure) = call[0] {
      named = map
      try call.at(flag: "kwargs") {
        _ = try NamedArguments(of: closure.function).arranged(arguments, map)
      }
    }
    return try pool.submit(
      call[0], arguments, named: named, try PoolFlags.policy(call), at: call.location)
  }

  private static let apply = Command(
    "pool apply", "Run a function in a worker, wait, and yield what it returns",
    details: "An error of the function is thrown here.",
    parameters: task, flags: [.pool, keywords] + PoolFlags.policies, traits: .snapshots,
    examples: [
      Example("pool new 2\nfn add(x, y) { $x + $y }\nprint (pool apply add 1 2)", "3"),
      Example(
        "pool new 1\nfn show(x, unit = \"s\") { \"$x$unit\" }\n"
          + "print (pool apply show 5 --kwargs [unit: ms])", "5ms"),
    ]
  ) { call in
    let future = try submitted(to: try call.workingPool(), call)
    do {
      return try future.result()
    } catch  where ExitRequest.isStop(error) {
      future.cancel()
      throw error
    }
  }

  private static let submit = Command(
    "pool submit", "Let a worker run a function, and yield a future for its result",
    details: """
      A future has the fields done ok value error; `pool result` and `pool wait` wait for it. The \
      work goes on while this process does other things, and is finished when a script ends or calls \
      `exit`; after an error, INT, TERM or `_exit` it is dropped, and how much is said.

      The block of --on-done gets the future when that is done. It runs in this process, where \
      handlers of signals do: at calls, at each turn of a loop and inside verbs that wait.
      """,
    parameters: task, flags: [.pool, keywords, PoolFlags.onDone] + PoolFlags.policies,
    traits: .snapshots,
    examples: [
      Example(
        "pool new 2\nlet a = pool submit { |x| $x * 10 } 1\nlet b = pool submit { |x| $x * 10 } 2\n"
          + "print (pool result $a) (pool result $b) $a.done", "10 20 true"),
      Example(
        "pool new 1\nlet f = pool submit { 6 * 7 } --on-done { |f| print got $f.value }\npool wait $f",
        "got 42"),
    ]
  ) { call in
    let pool = try call.workingPool()
    let future = try submitted(to: pool, call)
    if let block = call.flag("on-done") { future.onDone(block) }
    pool.serveInBackground()
    return .handle(future)
  }

  // MARK: The pool itself

  private static let size = Command(
    "pool size", "How many workers a pool has, or set another number",
    details: """
      `pool size` tells, `pool size 8` and `pool size NAME 8` change it at once, also while tasks \
      run: a worker that is too many does what it has in hand and ends.
      """,
    parameters: [
      Parameter("pool", .any, .optional, "its name or handle"),
      Parameter("n", .int, .optional, "the new number of workers"),
    ],
    flags: [.pool],
    examples: [
      Example("pool new w 2\npool size w 5\nprint (pool size w)", "5"),
      Example(
        "pool new 4\npool size 1\nprint (pool size) (len (unique (pool map { $pid } 1..9)))",
        "1 1"),
    ]
  ) { call in
    var pool: Pool?
    var wanted: (size: Int, place: Int)?
    if case .int(let number) = call[0], call.count == 1 {
      wanted = (number, 0)
    } else if call.has(0) {
      let input = ParameterType.Input(
        value: call[0], spelling: call.spelling(0), interpreter: call.interpreter)
      guard case .handle(let handle)? = try ParameterType.pool.converted(input) else {
        throw call.bad("pool", must: ParameterType.pool.phrase, at: 0)
      }
      pool = handle as? Pool
      if call.has(1) { wanted = (call.int(1), 1) }
    }
    let target = try pool ?? call.existingPool(9)
    try target.requireOwn()
    if let wanted {
      try check(wanted.size, at: wanted.place, call)
      try target.resize(to: wanted.size)
    }
    return .int(target.target)
  }

  private static let named = [Parameter("pool", .pool, .optional, "its name or handle")]

  private static let pause = Command(
    "pool pause", "Pause a pool: no task starts until pool continue; running ones go on",
    parameters: named, flags: [.pool],
    examples: [
      Example(
        "pool new 1\npool pause\nlet f = pool submit { 7 }\nsleep 20ms\nprint $f.done\n"
          + "pool continue\nprint (pool result $f)", "false\n7")
    ]
  ) { call in
    try call.existingPool().pause()
    return .null
  }

  private static let resume = Command(
    "pool continue", "Resume a pool that was paused", parameters: named,
    flags: [.pool], examples: [Example("pool new 1\npool pause\npool continue\nprint on", "on")]
  ) { call in
    let pool = try call.existingPool()
    try pool.resume()
    pool.serveInBackground()
    return .null
  }

  private static let drain = Command(
    "pool drain", "Let hosts of a pool finish what they do, and begin nothing further there",
    details: """
      What has begun on a host goes on; what waits there goes to the others. When all of it is done the \
      host is let go, and `pool info` calls it drained. When no host is left, tasks that have not begun \
      fail. TERM or USR1 to `brood --worker` on a host does the same, as Slurm does at the end of an \
      allocation.
      """,
    parameters: [
      Parameter("host", .text, .required, "its name, as pool info has it"),
      Parameter("more", .text, .rest, "further hosts"),
    ],
    flags: [.pool],
    examples: [
      Example(
        "pool new w 1\ntry { pool drain node1 } catch e { print $e.message }",
        "the pool 'w' has its workers on this machine")
    ]
  ) { call in
    let pool = try call.existingPool(9)
    try pool.requireOwn()
    let names = (0..<call.count).map { call[$0].asText }
    try call.at(0) { try pool.drain(names) }
    pool.serveInBackground()
    return .null
  }

  private static let info = Command(
    "pool info", "Show details of a pool and of each of its workers",
    details: """
      Fields of workers: name pid state task age done memory (its own, not shared). `deaths` counts \
      workers that ended without being told to. A pool on other machines has `hosts` instead, with the \
      fields host state workers busy done lost rtt version since: `lost` counts attempts that went with \
      the host, the state of one that is lost says why.
      """,
    parameters: named, flags: [.pool], traits: .reports,
    examples: [
      Example(
        "pool new w 2\npool map { |x| $x } 1..10\nlet i = pool info w\n"
          + "print $i.size $i.done (len $i.workers)", "2 10 2")
    ]
  ) { call in
    let pool = try call.existingPool()
    try pool.requireOwn()
    return PoolReports.info(pool)
  }

  private static let list = Command(
    "pool list", "List this process's pools", traits: .reports,
    examples: [Example("pool new w 1\nprint (pool list)[0].name", "w")]
  ) { call in .items(call.session.pools.all.map(PoolReports.record)) }
}

/// The end of pools.
enum PoolEndCommands {
  static let all = [close, join, terminate]

  private static let named = [Parameter("pool", .pool, .optional, "its name or handle")]

  private static let close = Command(
    "pool close", "Accept no further tasks; the workers end when all is done",
    parameters: named, flags: [.pool],
    examples: [
      Example(
        "pool new w 2\nlet f = pool submit { 5 }\npool close w\n"
          + "try { pool map { 1 } [1] --pool w } catch e: closed { print $e.kind }\n"
          + "print (pool result $f)\npool join w", "closed\n5")
    ]
  ) { call in
    let pool = try call.existingPool()
    try pool.close()
    pool.serveInBackground()
    return .null
  }

  private static let join = Command(
    "pool join", "Wait until the workers of a closed pool have ended",
    details: "After that the pool made before it is the one that commands mean without a name.",
    parameters: named, flags: [.pool, .timeout],
    examples: [
      Example("pool new w 2\npool close w\npool join w\nprint (len (ps))", "1"),
      Example("pool new a 1\npool new b 1\npool close\npool join\nprint (pool info).name", "a"),
    ]
  ) { call in
    let pool = try call.existingPool()
    let deadline = call.deadline
    if try pool.join(until: deadline) {
      pool.wasJoined()
      return .null
    }
    throw call.error(
      .timeout,
      "the pool '\(pool.name)' has not ended within "
        + call.timeoutText,
      help: "it goes on; pool info \(pool.name) tells what it does, pool terminate ends it")
  }

  private static let terminate = Command(
    "pool terminate", "End a pool's workers, whatever they do: TERM, and KILL after a while",
    details: "Tasks that are not finished fail with `closed`.",
    parameters: named, flags: [.pool],
    examples: [
      Example(
        "pool new 2\nlet f = pool submit { sleep 1h }\npool terminate\nprint $f.error.kind\n"
          + "print (len (ps))", "closed\n1")
    ]
  ) { call in
    let pool = try call.existingPool()
    try pool.requireOwn()
    pool.terminate()
    _ = try pool.join(until: Clock.deadline(after: 10_000_000_000))
    return .null
  }
}
