import Explore
import Language
import Session

/// The flags of `explore` and its relatives.
enum ExploreFlags {
  static let kills = Flag("kill", .int.atLeast(0), "also with up to this many deaths by kill -9")
  static let preemptions = Flag(
    "preemptions", .int.atLeast(0), "only schedules with at most this many preemptions")
  static let runs = Flag("runs", .int.atLeast(1), "at most this many runs")
  static let time = Flag("for", .duration, "stop after this long")
  static let steps = Flag(
    "steps", .int.atLeast(1), "take a run with more operations for endless; default: 10000")
  static let timeouts = Flag(
    "timeouts", .choice(["last", "any"]), "`any`: a time limit may be over at any moment")
  static let ignore = Flag("ignore", .choice(["output"]), "do not tell outcomes apart by this")
  static let until = Flag(
    "until", .any,
    "stop at the first outcome of that kind, as deadlock, or for which a block yields true")

  static let random = Flag(
    "random", .int.atLeast(1), "this many schedules, drawn at random, in place of all")
  static let seed = Flag("seed", .int, "what they are drawn from")
  static let jobs = Flag(
    "jobs", .int.atLeast(1), "so many runs at a time; what is found is the same")
  static let outcome = Flag("outcome", .function, "what counts of the value: the block gets it")
  static let real = Flag("real", nil, "have effects outside of the block, in each run")
  static let full = Flag("full", nil, "also schedules that differ in nothing that matters")
  static let json = Flag("json", nil, "as JSON")

  static let all = [
    kills, preemptions, runs, time, jobs, random, seed, until, outcome, ignore, timeouts, steps,
    full, real, json,
  ]

  static let rules: [FlagRule] = [
    .exclusive(["random", "preemptions"]), .exclusive(["random", "full"]),
    .exclusive(["jobs", "real"]),
  ]

  static func limits(_ call: borrowing Call) throws -> ExploreLimits {
    var limits = ExploreLimits()
    if case .int(let number)? = call.flag("kill") { limits.kills = number }
    if case .int(let number)? = call.flag("preemptions") { limits.preemptions = number }
    if case .int(let number)? = call.flag("runs") { limits.runs = number }
    if case .int(let number)? = call.flag("steps") { limits.steps = number }
    if case .int(let number)? = call.flag("random") { limits.random = number }
    if case .int(let number)? = call.flag("jobs") { limits.jobs = number }
    if case .int(let number)? = call.flag("seed") {
      limits.seed = UInt64(bitPattern: Int64(number))
    }
    limits.time = call.nanoseconds("for").map { Int64($0) }
    limits.anyTimeouts = call.flag("timeouts")?.asText == "any"
    limits.comparesOutput = call.flag("ignore") == nil
    limits.isReal = call.isSet("real")
    limits.isFull = call.isSet("full")
    return limits
  }

  /// Whether an outcome is the one that --until waits for.
  static func until(_ call: borrowing Call) throws -> (ExploredOutcome) throws -> Bool {
    guard let wanted = call.flag("until") else { return { _ in false } }
    if case .closure = wanted {
      let interpreter = call.interpreter
      return { outcome in
        let answer = try interpreter.invoke(wanted, [ExploreCalls.record(outcome)])
        guard case .bool(let isEnough) = answer.plain else {
          throw ErrorObject.badValue("value of --until's block", must: "true or false", is: answer)
        }
        return isEnough
      }
    }
    guard let kind = ExploredOutcome.Kind(rawValue: wanted.asText) else {
      throw call.error(
        .type, "'\(wanted.asText)' is no kind of outcome", flag: "until",
        help: "value, error, deadlock, signal, endless, or a block such as { |o| $o.value == 1 }")
    }
    return { $0.kind == kind }
  }
}
