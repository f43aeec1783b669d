import Explore
import Language
import Session

/// `explore` and its relatives: be the scheduler of real processes.
enum ExploreCommands {
  static let family = CommandFamily(
    "Exploring schedules", [explore, replay, checkAll, StepCommand.command])

  private static let block = Parameter(
    "block", .any, .required, "a block, or the path of a script")
  private static let arguments = Parameter("argument", .any, .rest, "the script's arguments")

  private static let race =
    "{\n  shm new x int 0\n  let both = (map [1, 2] { fork { shm set x ((shm get x) + 1) } })\n"
    + "  wait ...$both\n  shm get x\n}"

  private static let explore = Command(
    "explore", "Find every outcome that the processes of a block can have",
    details: """
      The block, or the script of a path, is run again and again by real processes, of which one at a \
      time goes on, from each operation on what they share to the next. Another order is tried \
      wherever it could make a difference, until none is left. An outcome is the block's value, \
      what was printed, and how it ended: value, error, deadlock, signal, endless. Pids in it \
      are shown as <2.1>, except where all processes of the pid namespace are the session's, as \
      behind `unshare --map-root-user --pid --fork --mount-proc`: there they are the same in each run.

      Processes are named by the way of forks: 0 is the block itself, 2.1 the first child of its \
      second child. A schedule such as 1x3,2x4,1 tells who went on, and how many operations; `replay` \
      repeats it. k2 is the death of process 2, t2 the end of its time limit, or its alarm; s2 has it \
      handle a signal before its operation, which it does behind it otherwise. e2 is its end, and w2 \
      the beginning of its wait, which are steps only where a process looks at who lives or who waits, \
      as `kill`, `state`, `wait --any` and `lock info` do. Time and random \
      numbers are those of the run: `sleep 1h` takes no time, and comes after all that can happen now.

      With --kill 1 each process is also killed by KILL before each of its operations. `kill_points` \
      counts, at each moment of the first run, each process that lives then but the first one, which \
      is not killed; `stuck` those of them whose death there, in some order, leaves others waiting \
      for ever.

      Each run begins in an empty directory, which is TMPDIR, too, and may write there. What has an \
      effect elsewhere is refused: a program, a file, a socket to outside, a channel that was made before. \
      Sockets between processes of the run are explored; nobody else can reach their addresses, and \
      each run has them to itself. With \
      --real there is no such directory, and all that is done, in each run anew. Pools, and what \
      looks at processes as `why` does, cannot be explored.

      --jobs 4 makes four runs at a time, on as many cores; what is found, and how many runs it \
      took, is the same as with one. With --for 10s a run that is not over by then is given up.

      `complete` says that these are all outcomes. It is false where runs were left out, where \
      something else than the processes decides, as a file elsewhere, and where a handler of a \
      signal changes a variable of its process. `reasons` says why.
      """,
    parameters: [block, arguments], flags: ExploreFlags.all, rules: ExploreFlags.rules,
    traits: .reports,
    examples: [
      Example(
        "explore \(race)",
        "value 2  1x2,2x2\nvalue 1  1,2x2,1\n…\nall 4 classes of schedules seen"),
      Example(
        "let r = (explore { queue new q; fork { queue put q 1 }; fork { queue put q 2 }; "
          + "[(queue get q), (queue get q)] })\nprint (map $r.outcomes { |o| $o.value })",
        "[[1, 2], [2, 1]]"),
    ]
  ) { call in
    let record = try ExploreCalls.explore(
      call.interpreter, call.value(0), call.rest(from: 1), try ExploreFlags.limits(call),
      outcome: call.flag("outcome") ?? .null, until: try ExploreFlags.until(call))
    return .report(ReportObject(record, text: try ExploreText.text(record, call)))
  }

  private static let replay = Command(
    "replay", "Run a block by a schedule, as `explore` shows it",
    details: """
      Behind the last step it goes on as usual: a process goes on as long as it can, then the lowest \
      one does. `-` is no step at all. Yields the outcome as a record of `explore`.
      """,
    parameters: [Parameter("schedule", .spelled), block, arguments],
    flags: [ExploreFlags.real, ExploreFlags.steps, ExploreFlags.timeouts],
    examples: [Example("let r = (replay 1,2x2,1 \(race))\nprint $r.value", "1")]
  ) { call in
    let schedule = try schedule(call)
    var limits = try ExploreFlags.limits(call)
    limits.kills = schedule.steps.count { $0.act == .kill }
    return try ExploreCalls.replay(
      call.interpreter, schedule, call.value(1), call.rest(from: 2), limits)
  }

  private static func schedule(_ call: borrowing Call) throws -> Schedule {
    if let schedule = Schedule(call.spelled(0)) { return schedule }
    throw call.error(
      .syntax, "'\(call.spelled(0))' is no schedule", at: 0,
      help: "as explore shows it: processes with commas between them, 1x3,2x4,1")
  }

  private static let checkAll = Command(
    "check-all", "Make sure that a block has one outcome only, whatever the schedule",
    details: """
      Throws `failed` where another value is possible, an error, a deadlock, or where not all \
      schedules could be seen; its message has the schedule. Yields how many were run.
      """,
    parameters: [block, Parameter("value", .any, .required, "what it is to yield")],
    flags: [
      ExploreFlags.kills, ExploreFlags.runs, ExploreFlags.time, ExploreFlags.jobs,
      ExploreFlags.ignore, ExploreFlags.timeouts, ExploreFlags.steps, ExploreFlags.real,
    ], rules: [.exclusive(["jobs", "real"])],
    examples: [
      Example(
        "check-all {\n  shm new x int 0\n  let both = (map [1, 2] { fork { shm add x 1 } })\n  "
          + "wait ...$both\n  shm get x\n} 2"),
      Example(
        "try { check-all \(race) 2 } catch e { print $e.message }",
        "1 is possible, not only 2: replay 1,2x2,1"),
    ]
  ) { call in
    let wanted = call.value(1)
    let record = try ExploreCalls.explore(
      call.interpreter, call.value(0), [], try ExploreFlags.limits(call))
    for outcome in ExploreText.list(record, "outcomes") {
      let isValue = ExploreText.field(outcome, "kind").asText == "value"
      let value = ExploreText.field(outcome, "value")
      if isValue, Interpreter.shown(value) == Interpreter.shown(wanted) { continue }
      let title = isValue ? value.asLiteral : ExploreText.title(outcome)
      throw call.error(
        .failed,
        "\(title) is possible, not only \(wanted.asLiteral): replay "
          + ExploreText.field(outcome, "schedule").asText
      ).amended { $0.payload["outcome"] = outcome }
    }
    guard case .bool(true) = ExploreText.field(record, "complete") else {
      throw call.error(
        .failed,
        "not all schedules were seen: \(ExploreText.field(record, "runs").asText) runs, all with the "
          + "value \(wanted.asLiteral)",
        help: ExploreText.list(record, "reasons").first?.asText ?? "let it run for longer")
    }
    return ExploreText.field(record, "runs")
  }
}
