import Language
import Posix
import Session

/// The flags that say how tasks are treated.
enum PoolFlags {
  /// - Parameter timeout: the type of a time limit.
  private static func policies(_ timeout: ParameterType) -> [Flag] {
    [
      Flag("timeout", timeout, "end a task that takes longer: TERM, and KILL after --grace"),
      Flag("grace", .duration, "how long a task has to obey TERM; 2s by default"),
      Flag(
        "retries", .count,
        "try a task that failed again, up to this many times; by default a program never, and a block once where a "
          + "signal ended its worker that Brood had not sent"),
      Flag("backoff", .duration, "wait before trying again, twice as long each time"),
    ]
  }

  /// Of one task.
  static let policies = policies(.duration)

  /// Of many tasks.
  static let policiesOfMany =
    policies(StopFlags.timeLimit) + StopFlags.all + [
      Flag("rate", .number.positive, "start at most this many tasks in a second")
    ] + StartFlags.all

  static let list: [Flag] =
    [.pool] + policiesOfMany + [
      Flag(
        "chunk", .int.atLeast(1),
        "how many tasks go to a worker at a time; by default what takes 4ms"),
      Flag("unordered", nil, "results in the order in which they come"),
      Flag("timeout-all", .duration, "the same as --deadline"),
      Flag("records", nil, "results are records, of tasks that failed too, with what each wrote"),
      Flag("tag", nil, "put the item in front of each line that its task and its programs write"),
    ]

  static let rules: [FlagRule] = [.exclusive(["deadline", "timeout-all"])]

  /// How much memory a task may have; nil for as much as there is.
  static func memory(_ call: borrowing Call) -> Int? {
    guard case .size(let bytes)? = call.flag("memory") else { return nil }
    return bytes
  }

  /// How many workers a pool may have.
  static let sizes = 1...30_000

  /// How the workers of a new pool are to be.
  static let workers = [
    Flag("init", .function, "run in each worker before its first task"),
    Flag("memory", .size.atLeast(1 << 20), "how much memory each worker may have of its own"),
    Flag("max-tasks", .int.atLeast(1), "replace a worker after this many tasks"),
    Flag("max-age", .duration.positive, "replace a worker that began this long ago"),
  ]

  /// What they say.
  static func options(_ call: borrowing Call, size: Int) -> PoolOptions {
    var options = PoolOptions(size: size)
    options.initializer = call.flag("init")
    options.memoryLimit = memory(call)
    if case .int(let tasks)? = call.flag("max-tasks") { options.mostTasks = tasks }
    options.mostAge = call.nanoseconds("max-age").map { Int64($0) }
    return options
  }

  static let onDone = Flag(
    "on-done", .function, "called in this process when a task is done", runsHere: true)

  static let results = Flag(
    "results", .path,
    "a new directory that gets a directory for each task, NUMBER-ITEM-KEY or as places say; or a file "
      + "for all: .csv, .json or .jsonl")

  static let progress = Flag("progress", nil, "show at the terminal how far it is")

  /// What the flags of a call say.
  static func policy(_ call: borrowing Call) throws -> PoolPolicy {
    var policy = PoolPolicy()
    if !call.hasFlags { return policy }
    if let timeout = call.nanoseconds("timeout") {
      guard timeout > 0 else { throw timeIsOver(call) }
      policy.timeout = Int64(timeout)
    }
    if let grace = call.nanoseconds("grace") { policy.grace = Int64(grace) }
    if case .int(let retries)? = call.flag("retries") { policy.retries = retries }
    if let backoff = call.nanoseconds("backoff") { policy.backoff = Int64(backoff) }
    try StopFlags.apply(call, to: &policy)
    try StartFlags.apply(call, to: &policy)
    switch call.flag("rate") {
    case .int(let rate)?: policy.rate = Double(rate)
    case .float(let rate)?: policy.rate = rate
    default: break
    }
    // More than that is no limit.
    policy.rate = policy.rate.map { min($0, 1e9) }
    if case .int(let chunk)? = call.flag("chunk") { policy.chunk = chunk }
    policy.isTagged = call.isSet("tag")
    policy.yieldsRecords = call.isSet("records")
    policy.isRecorded = policy.yieldsRecords || call.flag("results") != nil
    return policy
  }

  /// No task could end in time, so none is begun.
  private static func timeIsOver(_ call: borrowing Call) -> ErrorObject {
    call.error(
      .timeout, "the time of --timeout is over before a task could begin", flag: "timeout",
      help: "without --timeout a task may take as long as it needs"
    ).amended { $0.exitStatus = ErrorObject.timeoutStatus }
  }
}
