import Explore
import Language
import Session

/// The flags of `explore` and its relatives.
enum ExploreFlags {
  static let kills = Flag("kill", .int.atLeast(0), "also with up to so many deaths by kill -9")
  static let preemptions = Flag(
    "preemptions", .int.atLeast(0), "only schedules with at most so many preemptions")
  static let runs = Flag("runs", .int.atLeast(1), "at most so many runs")
  static let time = Flag("for", .duration, "begin no run after so long")
  static let steps = Flag(
    "steps", .int.atLeast(1), "take a run with more operations for endless; 10000 if it is left out")
  static let timeouts = Flag(
    "timeouts", .choice(["last", "any"]), "`any`: a time limit may be over at any moment")
  static let ignore = Flag("ignore", .choice(["output"]), "do not tell outcomes apart by this")
  static let until = Flag(
    "until", .choice(["deadlock", "error", "signal", "endless"]), "stop at the first such outcome")

  static let all = [kills, preemptions, runs, time, steps, timeouts, ignore, until]

  static func limits(_ call: borrowing Call) throws -> ExploreLimits {
    var limits = ExploreLimits()
    if case .int(let number)? = call.flag("kill") { limits.kills = number }
    if case .int(let number)? = call.flag("preemptions") { limits.preemptions = number }
    if case .int(let number)? = call.flag("runs") { limits.runs = number }
    if case .int(let number)? = call.flag("steps") { limits.steps = number }
    limits.time = call.nanoseconds("for").map { Int64($0) }
    limits.anyTimeouts = call.flag("timeouts")?.asText == "any"
    limits.comparesOutput = call.flag("ignore") == nil
    limits.until = (call.flag("until")?.asText).flatMap { ExploredOutcome.Kind(rawValue: $0) }
    return limits
  }
}
