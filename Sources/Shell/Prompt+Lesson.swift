import Commands
import Language
import Session
import ShellHost

/// The lesson that runs at the prompt: it takes answers and single words, and looks at what is so.
extension Prompt {
  /// What a line means to the lesson.
  enum LessonLine {
    /// Nothing: it is an entry as any other.
    case entry(String)
    /// The lesson has dealt with it.
    case taken
  }

  /// Hands a first line to the lesson, if one runs.
  func offer(_ line: String) -> LessonLine {
    if let command = LessonRun.completed(line) { return .entry(command) }
    guard let lesson = LessonRun.current else { return .entry(line) }
    let first = line.split(separator: " ").first ?? ""
    let isQuestion = lesson.isAsking && !["lesson", "explain", "help", "exit"].contains(first)
    guard isQuestion || first.isEmpty else { return .entry(line) }
    isDisturbed = true
    attempt {
      if isQuestion { try lesson.take(answer: line) } else { try lesson.enter() }
    }
    return .taken
  }

  /// Looks whether the goal of the step is reached, after an entry or an event.
  func lookAtLesson() {
    guard let lesson = LessonRun.current else { return }
    attempt { try lesson.look() }
  }

  /// Ctrl-D leaves the lesson first: it is easily typed where a question stands before the line.
  ///
  /// - Returns: whether a lesson was left, so that the shell stays.
  func leaveLesson() -> Bool {
    guard LessonRun.current != nil else { return false }
    isDisturbed = true
    attempt { _ = try LessonRun.quitCurrent() }
    return true
  }

  /// An error of a lesson is shown, and the prompt goes on.
  private func attempt(_ body: () throws -> Void) {
    do {
      try body()
      if session.isBranch { session.end(0, interpreter) }
    } catch let exit as ExitRequest {
      if session.isBranch { session.end(exit.status, interpreter) }
      session.postponing { throw exit }
    } catch {
      if session.isBranch { session.end(session.status(of: error), interpreter) }
      report(error)
    }
  }

  /// What stands before the line in which a lesson's question is answered; nil for the usual.
  var lessonPrompt: PromptText? {
    guard let lesson = LessonRun.current, lesson.isAsking else { return nil }
    return PromptText(lesson.questionPrompt, isColored: editor.isColored)
  }
}
