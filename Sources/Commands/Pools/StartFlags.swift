import Language
import Session

/// The flags that hold starts back.
enum StartFlags {
  static let all: [Flag] = [
    Flag("delay", .duration, "wait this long between two starts"),
    Flag(
      "load", load,
      "start nothing while this many processes run on the machine, or N% of the usable CPUs"),
    Flag("mem-free", .size, "start nothing while less memory is free"),
  ]

  static let nice = Flag("nice", .niceness, "the priority of the programs, from -20 (most) to 19")

  private static let load = ParameterType(
    "number", "a number such as 4, or a percentage such as 80%"
  ) { input in
    if let word = input.word, word.hasSuffix("%") {
      return StopFlags.percent(word) == nil ? nil : .text(word)
    }
    return try ParameterType.number.converted(input)
  }

  static let details = """
    --load N starts no task while N processes or more run, or wait for a disk, on the whole machine, \
    --mem-free SIZE none while less memory is free for them; both are looked at before each start and \
    ten times a second. Tasks that have just begun may not have taken their memory yet: --delay gives \
    them time. Nothing is ended because of these.
    """

  static func apply(_ call: borrowing Call, to policy: inout PoolPolicy) throws {
    if let delay = call.nanoseconds("delay") { policy.gap = Int64(delay) }
    switch call.flag("load") {
    case .int(let load)?: policy.mostLoad = Double(load)
    case .float(let load)?: policy.mostLoad = load
    case .string(let text)?:
      policy.mostLoad =
        (StopFlags.percent(text.string) ?? 0) / 100 * Double(call.session.usableCPUs)
    default: break
    }
    if let load = policy.mostLoad, !(load > 0) {
      throw call.error(.range, "--load must be more than 0", flag: "load")
    }
    if case .size(let size)? = call.flag("mem-free") { policy.leastMemory = size }
  }

  static func apply(_ call: borrowing Call, to options: inout ProgramRun.Options) throws {
    guard case .int(let nice)? = call.flag("nice") else { return }
    try ForkCommand.requireRight(to: Int32(nice), call)
    options.niceness = Int32(nice)
  }
}
