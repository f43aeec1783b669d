import Language
import Session
import Teaching

/// Explores the solutions of a lesson: a solution that can also end in another way is told of,
/// unless the lesson is about that.
struct LessonExploration {
  private let lesson: Lesson
  private let interpreter: Interpreter

  /// No run of a solution is begun after so long (ns).
  private static let time: Int64 = 2_000_000_000
  /// How long a process may compute before its next operation (ns).
  private static let timeLimit: Int64 = 3_000_000_000

  /// What came of exploring one lesson.
  struct Count {
    var explored = 0
    /// Solutions with effects that exploring refuses.
    var refused = 0
    var runs = 0
  }

  init(_ lesson: Lesson, _ interpreter: Interpreter) {
    self.lesson = lesson
    self.interpreter = interpreter
  }

  /// Explores each solution in the world that the steps before it leave.
  ///
  /// - Throws: `failed` at a solution that can end in several ways, or whose effects cannot be explored,
  ///   where the lesson does not say so.
  func prove() throws -> Count {
    var count = Count()
    for step in lesson.steps where step.solution != nil {
      guard let record = try explored(step) else {
        count.refused += 1
        continue
      }
      count.explored += 1
      if case .int(let runs) = ExploreText.field(record, "runs") { count.runs += runs }
      try requireOne(ExploreText.list(record, "outcomes"), step)
    }
    return count
  }

  /// What `explore` says of a step's solution; nil where it is refused, as the lesson says.
  private func explored(_ step: LessonStep) throws -> Value? {
    var limits = ExploreLimits()
    limits.time = LessonExploration.time
    limits.timeLimit = LessonExploration.timeLimit
    limits.steps = 1000
    do {
      return try ExploreCalls.explore(interpreter, try block(of: step), [], limits)
    } catch let error as ErrorObject
      where error.kind == .type
      && (error.help?.contains("--real") ?? false || error.message.contains("cannot be explored"))
    {
      if lesson.isReal { return nil }
      throw fault(step, error.message, help: "the lesson should say `real: yes`")
    }
  }

  private func requireOne(_ outcomes: [Value], _ step: LessonStep) throws {
    if lesson.hasManyOutcomes { return }
    var seen: [(kind: String, lines: [Substring])] = []
    for outcome in outcomes {
      let kind = ExploreText.field(outcome, "kind").asText
      // In which order lines come is no difference here, nor is a measured time.
      let lines = ExploreText.field(outcome, "output").asText.split(separator: "\n").sorted()
      if let first = seen.first, first.kind != kind || first.lines != lines {
        throw fault(
          step,
          "this solution can also end otherwise: \(ExploreText.title(outcome)), by the schedule "
            + ExploreText.field(outcome, "schedule").asText,
          help: "the lesson should say `outcomes: many` if it is about that")
      }
      seen.append((kind, lines))
    }
  }

  private func fault(_ step: LessonStep, _ message: String, help: String) -> ErrorObject {
    LessonScript(interpreter, lesson.source)
      .fault(step.solution?.line ?? step.line, message, help: help)
  }

  /// A block that sets the scene of a step and does what its solution does.
  private func block(of step: LessonStep) throws -> Value {
    let at = step.number - 1
    var text = ""
    for other in lesson.steps[lesson.beginning(of: at)...at] {
      for code in [other.setup, other.solution] {
        for entry in code.map(LessonScript.entries) ?? []
        where !LessonScript.isPause(entry.code.text) {
          guard let kind = entry.error else {
            text += entry.code.text + "\n"
            continue
          }
          text += "try {\n\(entry.code.text)\n} catch failure: \(kind) { }\n"
        }
      }
    }
    let source = Source(
      name: lesson.source.name, text: "let solution = {\n\(text)null\n}\n$solution")
    let findings = interpreter.compile(source)
    if let error = findings.errors.first { throw error }
    guard let function = findings.function else {
      throw fault(step, "nothing to explore", help: "")
    }
    return try interpreter.value(of: function)
  }
}
