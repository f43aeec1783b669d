import Language

/// Lines of Brood in a lesson, and where they stand.
public struct LessonCode: Equatable, Sendable {
  public let text: String
  /// The line of the file that it begins in (from 1).
  public let line: Int

  public init(text: String, line: Int) {
    self.text = text
    self.line = line
  }
}

/// What a learner is to reach: conditions on the state of the world.
public struct LessonGoal: Equatable, Sendable {
  public struct Part: Equatable, Sendable {
    /// Counts only when all before it have been true.
    public let isThen: Bool
    /// A block's body that yields true or false.
    public let condition: LessonCode
  }

  public let parts: [Part]
}

/// A question that is asked before anything is done.
public struct LessonPrediction: Equatable, Sendable {
  /// What it is about: `processes lines order value state outcomes`.
  public let kind: String
  public var question: String
  public var options: [String]
  /// The right spellings; the number of an option where there are options.
  public var answers: [String]
  /// The misconception that explains a wrong answer, by that answer.
  public var reasons: [String: String]
  public let line: Int

  /// An answer as it is told: an option by its text.
  public func told(_ answer: String) -> String {
    guard let number = Int(answer), options.indices.contains(number - 1) else { return answer }
    return options[number - 1]
  }

  /// The right answer as it is told.
  public var truth: String { told(answers.first ?? "") }

  /// Whether a text, which is no option's number, can be meant as an answer: where all right ones are
  /// numbers, only numbers can.
  public func couldAnswer(_ text: String) -> Bool {
    func isNumeric(_ text: String) -> Bool {
      text.contains { $0.isNumber } && text.allSatisfy { $0.isNumber || " ,，、.-".contains($0) }
    }
    return !text.isEmpty && (isNumeric(text) || !answers.allSatisfy(isNumeric))
  }
}

/// What a learner may do instead of what was asked for.
public struct LessonWrong: Equatable, Sendable {
  public let code: LessonCode
  /// How the state of the world tells that it was done.
  public let sign: LessonCode
  public var hint: [MarkdownBlock]
}

public struct LessonStep: Equatable, Sendable {
  /// From 1.
  public let number: Int
  public var title: String
  public var prose: [MarkdownBlock] = []
  public var setup: LessonCode?
  /// Whether the setup goes on in the world of the step before.
  public var keepsWorld = true
  public var prediction: LessonPrediction?
  public var goal: LessonGoal?
  public var hints: [[MarkdownBlock]] = []
  public var wrongs: [LessonWrong] = []
  public var solution: LessonCode?
  public let line: Int
}

/// A lesson: steps, each with what is to be reached.
public struct Lesson {
  public var title: String
  public let topics: [String]
  /// Its solutions may end in several ways.
  public let hasManyOutcomes: Bool
  /// Its solutions have effects outside of the session.
  public let isReal: Bool
  public var introduction: [MarkdownBlock]
  public var steps: [LessonStep]
  public let source: Source

  /// The same lesson with the texts of a translation; what that lacks stays.
  ///
  /// - Throws: `syntax` if the translation has other steps or blocks.
  public func translated(by other: Lesson) throws(ErrorObject) -> Lesson {
    var result = self
    if other.steps.count != steps.count {
      throw other.source.fault(
        1, "a translation has the steps of its lesson: \(steps.count), not \(other.steps.count)")
    }
    result.title = other.title
    if !other.introduction.isEmpty { result.introduction = other.introduction }
    for (at, step) in other.steps.enumerated() {
      result.steps[at].title = step.title
      if !step.prose.isEmpty { result.steps[at].prose = step.prose }
      if step.hints.count > result.steps[at].hints.count
        || step.wrongs.count > result.steps[at].wrongs.count
      {
        throw other.source.fault(step.line, "this step has more hints than that of its lesson")
      }
      for (number, hint) in step.hints.enumerated() { result.steps[at].hints[number] = hint }
      for (number, wrong) in step.wrongs.enumerated() where !wrong.hint.isEmpty {
        result.steps[at].wrongs[number].hint = wrong.hint
      }
      guard let prediction = step.prediction else { continue }
      guard let own = result.steps[at].prediction,
        own.options.count == prediction.options.count
      else {
        throw other.source.fault(
          prediction.line, "this question has other options than that of its lesson")
      }
      result.steps[at].prediction?.question = prediction.question
      result.steps[at].prediction?.options = prediction.options
      if own.options.isEmpty {
        result.steps[at].prediction?.answers += prediction.answers.filter {
          !own.answers.contains($0)
        }
      }
    }
    return result
  }

  /// The step from which a step's world is made anew: where the last empty world began.
  public func beginning(of step: Int) -> Int {
    var at = min(step, steps.count - 1)
    while at > 0, steps[at].keepsWorld { at -= 1 }
    return max(0, at)
  }
}
