import Language
import Posix
import Session
import Teaching

/// Goes through a lesson without a learner: as it is meant, and in each wrong way.
struct LessonProof {
  private let lesson: Lesson
  private let lessonRun: LessonRun
  private let interpreter: Interpreter
  private var session: Session { interpreter.session }

  /// How long a goal that must not be reached is looked at (ns).
  private static let timeToStay: Int64 = 150_000_000
  /// How long a goal is looked at after each line but the last one (ns).
  private static let timeAfterLine: Int64 = 120_000_000
  /// How long a goal may take to be reached, and a hint to come (ns).
  private let timeLimit: Int64

  init(
    _ lesson: Lesson, name: String, within timeLimit: Int64, _ interpreter: Interpreter
  ) throws {
    self.lesson = lesson
    self.timeLimit = timeLimit
    self.interpreter = interpreter
    let records = LessonRecords(interpreter)
    records.isKept = false
    // As at a prompt, where those who stand still are told of and go on.
    try interpreter.session.settings.set("stuck", .text("report"))
    interpreter.session.hooks.tellStuck = { _ in }
    lessonRun = try LessonRun(lesson, name: name, interpreter, records: records)
    lessonRun.beginProof()
  }

  /// Proves all of it; yields the number of steps.
  ///
  /// - Throws: what is wrong, at its place in the file.
  func run() throws -> Int {
    do {
      return try proveSteps()
    } catch {
      // Else the end of the session would wait for what the lesson has started.
      lessonRun.leave()
      throw error
    }
  }

  private func proveSteps() throws -> Int {
    for step in lesson.steps {
      try prepare(step)
      guard let goal = step.goal, let solution = step.solution else {
        if let solution = step.solution { try script.run(solution) }
        continue
      }
      var watch = try LessonGoalWatch(goal, script)
      try requireFalse(&watch, step, "the goal is true before anything was done")
      for wrong in step.wrongs { try prove(wrong, of: step, goal) }
      if !step.wrongs.isEmpty {
        try prepare(step)
        watch = try LessonGoalWatch(goal, script)
        try requireFalse(&watch, step, "the goal is true before anything was done")
      }
      // As for a person, who looks at what came of a line before the next one.
      let signs = try step.wrongs.map { (wrong: $0, sign: try LessonCondition($0.sign, script)) }
      var typed = script
      typed.didRun = {
        if try reach(&watch, within: LessonProof.timeAfterLine) { return }
        lessonRun.facts = [:]
        for (wrong, sign) in signs where try sign.holds() {
          throw fault(wrong.sign.line, "the right way gets the hint of this wrong way, too")
        }
      }
      try typed.run(solution)
      guard try reach(&watch, within: timeLimit) else {
        let count = watch.count
        throw fault(
          goal.parts.first?.condition.line ?? step.line,
          "the solution does not reach the goal within \(durationText(Int(timeLimit))) "
            + "(\(count.met) of \(count.all) parts)",
          help: unmet(goal))
      }
    }
    lessonRun.leave()
    let rest = lessonRun.world.living
    if !rest.isEmpty {
      throw fault(1, "\(rest.count) processes are left after the lesson: \(rest)")
    }
    return lesson.steps.count
  }

  private var script: LessonScript { LessonScript(interpreter, lesson.source) }

  private func fault(_ line: Int, _ message: String, help: String? = nil) -> ErrorObject {
    script.fault(line, message, help: help)
  }

  private func prepare(_ step: LessonStep) throws {
    try lessonRun.prepare(step.number - 1)
    lessonRun.beginStep()
  }

  private func prove(_ wrong: LessonWrong, of step: LessonStep, _ goal: LessonGoal) throws {
    try prepare(step)
    var watch = try LessonGoalWatch(goal, script)
    let sign = try LessonCondition(wrong.sign, script)
    lessonRun.facts = [:]
    _ = try watch.look()
    if try sign.holds() {
      throw fault(wrong.sign.line, "the sign of this wrong way is true before anything was done")
    }
    var patient = script
    patient.limit = 2_000_000_000
    // A person looks at what came of a line before the next one, and so does the goal.
    patient.didRun = {
      if try reach(&watch, within: LessonProof.timeAfterLine) {
        throw fault(wrong.code.line, "this wrong way reaches the goal")
      }
    }
    try patient.run(wrong.code, stopsAtError: false)
    let end = Clock.deadline(after: timeLimit)
    while true {
      lessonRun.facts = [:]
      if try watch.look() {
        throw fault(wrong.code.line, "this wrong way reaches the goal")
      }
      if try sign.holds() { break }
      if Clock.monotonic >= end {
        throw fault(
          wrong.code.line,
          "this wrong way does not get its hint within \(durationText(Int(timeLimit)))")
      }
      try rest()
    }
    try requireFalse(&watch, step, "this wrong way reaches the goal", at: wrong.code.line)
  }

  private func requireFalse(
    _ watch: inout LessonGoalWatch, _ step: LessonStep, _ message: String, at line: Int? = nil
  ) throws {
    let end = Clock.deadline(after: LessonProof.timeToStay)
    while true {
      lessonRun.facts = [:]
      let isReached = try watch.look()
      if isReached || !watch.hasBegun {
        throw fault(line ?? step.goal?.parts.first?.condition.line ?? step.line, message)
      }
      if Clock.monotonic >= end { return }
      try rest()
    }
  }

  private func reach(_ watch: inout LessonGoalWatch, within time: Int64) throws -> Bool {
    let end = Clock.deadline(after: time)
    while true {
      lessonRun.facts = [:]
      if try watch.look() { return true }
      if Clock.monotonic >= end { return false }
      try rest()
    }
  }

  private func rest() throws {
    _ = try session.pause(interpreter, until: Clock.deadline(after: 15_000_000)) { false }
  }

  /// What the first condition that is not met yields.
  private func unmet(_ goal: LessonGoal) -> String? {
    for part in goal.parts {
      guard let condition = try? LessonCondition(part.condition, script) else { continue }
      do {
        let value = try condition.outcome()
        if case .bool(true) = value { continue }
        return "line \(part.condition.line) yields \(value.described)"
      } catch {
        let message = (error as? ErrorObject)?.message ?? "\(error)"
        return "line \(part.condition.line) fails: \(message)"
      }
    }
    return nil
  }
}
