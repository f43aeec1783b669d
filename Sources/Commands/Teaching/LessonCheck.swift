import Language
import Teaching

/// What is wrong with the text of a lesson, without running it: `brood --check FILE.md`.
public enum LessonCheck {
  /// Mistakes of form, of the code in it, and goals that have an effect.
  ///
  /// O(n) in the text.
  public static func faults(in path: String, _ interpreter: Interpreter) -> [ErrorObject] {
    let lesson: Lesson
    do {
      lesson = try LessonShelf.file(path, interpreter)
    } catch {
      return [error as? ErrorObject ?? ErrorObject(.system, "\(error)")]
    }
    let script = LessonScript(interpreter, lesson.source)
    var faults: [ErrorObject] = []
    for step in lesson.steps {
      for code in [step.setup].compactMap({ $0 }) + step.wrongs.map(\.code)
        + [step.solution].compactMap({ $0 })
      {
        // Names stay known to the steps behind.
        faults += interpreter.compile(script.placed(code), isPersistent: true).errors
      }
      let conditions = (step.goal?.parts.map(\.condition) ?? []) + step.wrongs.map(\.sign)
      for condition in conditions {
        faults += interpreter.effects(
          of: script.placed(condition), allows: LessonCondition.onlyLooks)
      }
    }
    return faults
  }
}
