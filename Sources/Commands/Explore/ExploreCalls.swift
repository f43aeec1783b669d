import Explore
import Language
import Session

/// Exploring as other commands use it.
enum ExploreCalls {
  /// Explores a block; yields the record that `explore` yields.
  ///
  /// Throws `type` inside of what is explored, and what the block throws before it is run.
  static func explore(
    _ interpreter: Interpreter, _ block: Value, _ arguments: [Value], _ limits: ExploreLimits
  ) throws -> Value {
    try interpreter.session.explore(
      limits, interpreter, prepare: { ExploredCalls.watch($0, interpreter) },
      body: { try interpreter.invoke(block, arguments) }, summary: record)
  }

  /// Runs a block by a schedule; yields the record of its outcome.
  static func replay(
    _ interpreter: Interpreter, _ schedule: Schedule, _ block: Value, _ arguments: [Value],
    _ limits: ExploreLimits
  ) throws -> Value {
    try interpreter.session.replay(
      schedule, limits, interpreter, prepare: { ExploredCalls.watch($0, interpreter) },
      body: { try interpreter.invoke(block, arguments) }, summary: record)
  }

  private static func record(_ report: ExploredReport) -> Value {
    .record([
      "outcomes": .items(report.outcomes.map(record)),
      "runs": .int(report.runs),
      "complete": .bool(report.isComplete),
      "reasons": .items(report.reasons.map { .text($0) }),
      "kill_points": .int(report.killPoints),
    ])
  }

  private static func record(_ outcome: ExploredOutcome) -> Value {
    .record([
      "kind": .text(outcome.kind.rawValue),
      "value": outcome.value,
      "error": outcome.error.isEmpty ? .null : .text(outcome.error),
      "output": .text(outcome.output),
      "count": .int(outcome.count),
      "schedule": .text("\(outcome.schedule)"),
      "findings": .items(outcome.findings.map { .text($0) }),
    ])
  }
}
