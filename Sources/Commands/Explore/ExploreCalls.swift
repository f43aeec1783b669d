import Explore
import Language
import Posix
import Seeing
import Session
import ShellHost
import Waits

/// Exploring as other commands use it.
enum ExploreCalls {
  /// Explores a block, or the script of a path; yields the record that `explore` yields.
  ///
  /// - Parameters:
  ///   - block: a function, or a path as text.
  ///   - arguments: what the function, or the script, gets.
  ///   - outcome: a function that makes of the value what counts; null for the value itself.
  ///   - until: whether nothing need be tried after an outcome.
  /// - Throws: `type` inside of what is explored, or where an effect outside of it would be had;
  ///   `failed` where a run cannot be repeated.
  static func explore(
    _ interpreter: Interpreter, _ block: Value, _ arguments: [Value], _ limits: ExploreLimits,
    outcome: Value = .null, until: @escaping (ExploredOutcome) throws -> Bool = { _ in false }
  ) throws -> Value {
    let body = try body(interpreter, block, arguments)
    if limits.isReal {
      let number = limits.random ?? limits.runs
      Session.say(
        "explore: what has effects outside of the block is done in each run, "
          + (number.map { "at most \($0) times" } ?? "as often as there are runs; --runs bounds it")
      )
    }
    return try interpreter.session.explore(
      limits, interpreter, prepare: { prepare(interpreter, block) }, until: until,
      advise: fixes,
      body: {
        let value = try body()
        return outcome.isNull ? value : try interpreter.invoke(outcome, [value])
      }, summary: record)
  }

  /// Runs a block, or the script of a path, by a schedule; yields the record of its outcome.
  static func replay(
    _ interpreter: Interpreter, _ schedule: Schedule, _ block: Value, _ arguments: [Value],
    _ limits: ExploreLimits
  ) throws -> Value {
    try interpreter.session.replay(
      schedule, limits, interpreter, prepare: { prepare(interpreter, block) },
      advise: fixes, body: body(interpreter, block, arguments), summary: record)
  }

  /// What is done once for all runs.
  static func prepare(_ interpreter: Interpreter, _ block: Value) {
    ExploredCalls.watch(interpreter)
    guard case .string(let text) = block else { return }
    // What is wrong with it is seen in the run.
    interpreter.compileAhead(text.string)
  }

  /// What the first process of a run does.
  static func body(
    _ interpreter: Interpreter, _ block: Value, _ arguments: [Value]
  ) throws -> () throws -> Value {
    if case .closure = block { return { try interpreter.invoke(block, arguments) } }
    guard case .string(let text) = block else {
      throw ErrorObject.badValue("block", must: "a block or the path of a script", is: block)
    }
    let path = text.string
    let source = Source(name: path, text: "")
    return {
      let host = interpreter.host as? BroodHost
      host?.arguments = arguments.map(\.asText)
      _ = try interpreter.runSource(path, from: source)
      if interpreter.global("main") != nil {
        _ = try interpreter.invoke(interpreter.function(named: "main"), arguments)
      }
      // A script joins its children at its end.
      let session = interpreter.session
      for process in session.processes.users
      where process.record == nil && !process.isDaemon && !process.isDetached {
        try ExploredProcesses.join(process, interpreter)
      }
      return .null
    }
  }

  private static func record(_ report: ExploredReport) -> Value {
    .record([
      "outcomes": .items(report.outcomes.map(record)),
      "runs": .int(report.runs),
      "complete": .bool(report.isComplete),
      "reasons": .items(report.reasons.map { .text($0) }),
      "kill_points": .int(report.killPoints),
      "stuck": .int(report.stuckPoints),
      "pids": .text(report.hasFixedPids ? "fixed" : "masked"),
    ])
  }

  static func record(_ outcome: ExploredOutcome) -> Value {
    let findings = outcome.findings + outcome.fixes
    return .record([
      "kind": .text(outcome.kind.rawValue),
      "value": outcome.value,
      "error": outcome.error.isEmpty ? .null : .text(outcome.error),
      "output": .text(outcome.output),
      "count": .int(outcome.count),
      "schedule": .text("\(outcome.schedule)"),
      "findings": .items(findings.map { .text($0) }),
    ])
  }

  /// What would keep a deadlock from happening.
  static func fixes(_ graph: WaitGraph) -> [String] {
    graph.stuckSets().compactMap { Advice(graph, $0).text.map { "to mend it: \($0)" } }
  }
}
