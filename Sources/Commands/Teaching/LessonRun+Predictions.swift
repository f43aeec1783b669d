import Language
import Session
import Teaching

/// What a learner predicts, and what is so.
extension LessonRun {
  /// Whether what is typed next is the answer to a question.
  public var isAsking: Bool { stage == .asking }

  /// What stands before the line in which the question is answered.
  public var questionPrompt: String {
    let count = step.prediction?.options.count ?? 0
    return say(LessonPhrases.question) + (count > 0 ? " (1-\(count))" : "") + "> "
  }

  /// Takes the answer to the question of the step.
  public func take(answer text: String) throws {
    guard stage == .asking, let prediction = step.prediction else { return }
    let given = text.trimmed.lowercased()
    if !prediction.options.isEmpty {
      guard let number = Int(given), (1...prediction.options.count).contains(number) else {
        return try tell(LessonPhrases.options(upTo: prediction.options.count).text(language))
      }
      answer = "\(number)"
    } else {
      guard prediction.couldAnswer(given) else { return try tell(say(LessonPhrases.number)) }
      answer = given
    }
    let isRight = prediction.answers.contains(answer ?? "")
    let reason = isRight ? nil : prediction.reasons[answer ?? ""] ?? prediction.reasons[""]
    records.add(name, step.number, .predicted, answer: answer, isRight: isRight, reason: reason)
    if step.goal != nil {
      try tell(say(LessonPhrases.noted))
      return try arm()
    }
    stage = .done
    records.add(name, step.number, .done)
    try compare()
    try tell(say(LessonPhrases.enter))
  }

  /// Puts the prediction and what is so side by side.
  func compare() throws {
    guard let prediction = step.prediction, let answer else { return }
    if prediction.answers.contains(answer) {
      return try tell(say(LessonPhrases.right) + prediction.told(answer))
    }
    try tell(say(LessonPhrases.wrong) + prediction.told(answer))
    try tell(say(LessonPhrases.truth) + prediction.truth)
    guard let reason = prediction.reasons[answer] ?? prediction.reasons[""],
      let name = TextLibrary.topicName(for: reason),
      let topic = try TextLibrary.topic(name, language)
    else { return }
    try tell(LessonPhrases.misconception(topic.title, reason).text(language))
  }
}
