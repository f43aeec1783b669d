import Explore
import Language
import Session

/// `explore` and `replay`: be the scheduler of real processes.
enum ExploreCommands {
  static let family = CommandFamily("Exploring schedules", [explore, replay])

  private static let explore = Command(
    "explore", "Find every outcome that a block of processes can have",
    details: """
      The block is run again and again, each time by real processes of which one at a time goes on, \
      until every order of what they do to each other was seen that could make a difference.
      """,
    parameters: [Parameter("block", .function)],
    flags: ExploreFlags.all,
    traits: .reports,
    examples: [
      Example(
        "let r = (explore {\n  shm new x int 0\n  let both = (map [1, 2] { fork { shm set x ((shm get "
          + "x) + 1) } })\n  wait ...$both\n  shm get x\n})\n"
          + "print (sort (map $r.outcomes { |o| $o.value })) $r.complete", "[1, 2] true")
    ]
  ) { call in
    let limits = try ExploreFlags.limits(call)
    let record = try ExploreCalls.explore(call.interpreter, call[0], [], limits)
    return .report(ReportObject(record, text: ExploreText.text(record)))
  }

  private static let replay = Command(
    "replay", "Run a block by a schedule, as `explore` shows it",
    details: "Behind the last step of the schedule it goes on as usual: the same process as long as it can.",
    parameters: [Parameter("schedule", .spelled), Parameter("block", .function)],
    flags: [],
    examples: [
      Example(
        "let r = (replay 1,2x2,1 {\n  shm new x int 0\n  let both = (map [1, 2] { fork { shm set x "
          + "((shm get x) + 1) } })\n  wait ...$both\n  shm get x\n})\nprint $r.value", "1")
    ]
  ) { call in
    guard let schedule = Schedule(call.spelled(0)) else {
      throw call.error(
        .syntax, "'\(call.spelled(0))' is no schedule", at: 0,
        help: "as explore shows it: processes with commas between them, 1x3,2x4,1")
    }
    return try ExploreCalls.replay(call.interpreter, schedule, call[1], [], ExploreLimits())
  }
}
