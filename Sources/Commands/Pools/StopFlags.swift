import Language
import Session

/// The flags that say when tasks are given up: one that takes too long, and all of them.
enum StopFlags {
  static let all: [Flag] = [
    Flag(
      "halt", halt,
      "when to stop: never, or start no more (soon) or end the running ones too (now), at the first "
        + "failure, or after fail=N, fail=N%, success=N, done=N"),
    Flag("deadline", .duration, "end all that runs, and start no more, after this long"),
  ]

  private static let halt = ParameterType.text.named(
    "when", "never, soon or now, and a condition behind a comma",
    completion: .choices(["never", "soon", "now"]))

  /// A duration, or percents of the median.
  static let timeLimit = ParameterType(
    "duration", "a duration such as 2s, or a percentage such as 200%"
  ) { input in
    guard let word = input.word, word.hasSuffix("%") else {
      return try ParameterType.duration.converted(input)
    }
    return percent(word) == nil ? nil : .text(word)
  }

  /// The number in front of a percent sign.
  static func percent(_ word: String) -> Double? {
    guard word.hasSuffix("%"), word.dropLast().allSatisfy({ ("0"..."9").contains($0) || $0 == "." })
    else { return nil }
    return Double(word.dropLast())
  }

  /// What they mean, for the details of a command.
  static let details = """
    --halt soon starts no further task after a failure, now ends the running ones too. A condition \
    stands behind a comma: fail=3 waits for three failures, fail=10% for so many of the inputs read \
    so far, from the tenth end on; success=1 stops when one has succeeded, and then no failure \
    counts; done=100 when so many have ended. --timeout 200% is twice the median of those that \
    succeeded, as soon as there are three, and at least 100ms more than it. --deadline is for all \
    tasks together: those that run then have taken too long.
    """

  static func apply(_ call: borrowing Call, to policy: inout PoolPolicy) throws {
    if let text = call.flag("halt")?.asText, let reason = policy.setHalt(text) {
      throw call.error(
        .range, "--halt \(reason), but is '\(text)'", flag: "halt",
        help: ["0", "1", "2"].contains(text)
          ? "it is never for 0 of GNU parallel, soon for 1, now for 2"
          : "as: --halt soon, --halt now,fail=3, --halt soon,fail=10%, --halt now,success=1")
    }
    if let deadline = call.nanoseconds("deadline") ?? call.nanoseconds("timeout-all") {
      policy.deadline = Int64(deadline)
    }
    guard case .string(let text)? = call.flag("timeout"), let percent = percent(text.string) else {
      return
    }
    guard percent > 100, percent <= 1e9 else {
      throw call.error(
        .range, "--timeout by percents must be more than 100%, but is \(text.string)",
        flag: "timeout", help: "it is a share of what tasks take that succeed: 200% is twice that")
    }
    policy.timeoutPercent = percent
  }
}
