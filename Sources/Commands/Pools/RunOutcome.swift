import Language
import Session

/// What `pool run` says of its end: the error if there is one, and its status.
struct RunOutcome: ~Copyable {
  static let status = Flag(
    "status", .choice(["any", "worst"]),
    "the exit status: 1 if a program failed (any), or the highest of all programs (worst)")

  static func isWorst(_ call: borrowing Call) -> Bool { call.flag("status")?.asText == "worst" }

  private let run: ProgramRun
  /// How many inputs there are, where that is known.
  private let known: Int?
  private let isWorst: Bool
  private let location: Location?

  init(_ run: ProgramRun, of known: Int?, _ call: borrowing Call) {
    self.run = run
    self.known = known
    isWorst = RunOutcome.isWorst(call)
    location = call.location
  }

  private var total: Int { max(run.count, known ?? run.count) }
  private var left: Int { total - run.succeeded - run.failed - run.blocked }

  /// How far it was, as `of 3 programs 0 succeeded, 2 failed or were ended, 1 was not started`.
  var interruption: String {
    if total == 0 {
      return "no program was run" + (known == nil && !run.isWhole ? ": no input had come" : "")
    }
    var report =
      "of \(total) programs \(run.succeeded - run.unsaved) succeeded, \(run.failed) failed or were ended"
    if run.unsaved > 0 { report += ", of \(run.unsaved) the output could not be written" }
    if let notStarted { report += ", \(notStarted)" }
    if known == nil, !run.isWhole { report += "; further inputs were not read" }
    return report
  }

  private var notStarted: String? {
    left > 0 ? "\(left) \(left == 1 ? "was" : "were") not started" : nil
  }

  private var notRun: String? {
    run.blocked > 0
      ? "\(run.blocked) \(run.blocked == 1 ? "was" : "were") not run, lacking what failed" : nil
  }

  /// An error that ended the run.
  func placed(_ error: ErrorObject) -> ErrorObject {
    guard isWorst, error.exitStatus == nil else { return error }
    return error.amended { $0.exitStatus = error.statusOfProgram }
  }

  /// Why it has failed, all in all; nil if it has not.
  var failure: ErrorObject? {
    let isComplete = run.isWhole && left <= 0 && run.cancelled == 0
    let isCut = !isComplete && (run.isDraining || run.isOverdue)
    guard run.hasFailed || isCut else { return nil }
    let bad = run.failed - run.cancelled
    let isTimeout = bad > 0 ? run.timedOut == bad : run.isOverdue
    let hints = [notRun, notStarted, run.failures.first { $0.remedy != nil }?.remedy].compactMap {
      $0
    }
    var status = isTimeout ? ErrorObject.timeoutStatus : nil
    if isWorst, run.worstStatus > 0 { status = run.worstStatus }
    return ErrorObject(
      isTimeout ? .timeout : .failed, message(bad),
      help: hints.isEmpty ? nil : hints.joined(separator: "; "), location: location,
      payload: ["records": .items(run.records)], exitStatus: status)
  }

  private func message(_ bad: Int) -> String {
    let cause =
      run.isOverdue ? "the time of --deadline is over" : run.isDraining ? "HUP has come" : nil
    if bad <= 0, let cause {
      if total == 0 { return "\(cause): no program was run" }
      return "\(cause): of \(total) programs \(run.succeeded) were run"
    }
    let lines = run.failures.map { "\($0.input.shortText): \($0.phrase)" }
    return (run.isOverdue ? "the time of --deadline is over: " : "")
      + "\(bad) of \(run.succeeded + run.failed) programs failed"
      + (run.cancelled > 0
        ? ", \(run.cancelled) \(run.cancelled == 1 ? "was" : "were") ended: " : ": ")
      + lines.joined(separator: "; ") + (bad > lines.count ? "; …" : "")
  }
}
