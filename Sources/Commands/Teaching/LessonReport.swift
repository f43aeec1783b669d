import Language
import Session
import Teaching

/// `lesson report`: what a learner has done, for the learner and for who teaches.
enum LessonReport {
  static let command = Command(
    "lesson report", "Tell what was done of the lessons",
    details: """
      A row for each lesson that was begun: steps that were done and skipped, hints, predictions that \
      were right and wrong, and the misconceptions that explain the wrong ones. `--json` prints it as \
      JSON, with each event.
      """,
    flags: [Flag("json", nil, "print JSON, with all events")], traits: .reports,
    examples: [Example("print (len (lesson report))", "0")]
  ) { call in
    let language = call.session.textLanguage(call.interpreter)
    let progress = LessonRecords(call.interpreter).progress
    let rows = progress.lessons.map { row($0, progress, language) }
    guard call.isSet("json") else {
      if rows.isEmpty {
        let none = Phrase("No lesson was begun.", "还没有开始任何一课。").text(language)
        return .report(ReportObject(.items([]), text: none))
      }
      return .items(rows)
    }
    let events = progress.events.map { event in
      Value.record([
        "at": .time(event.time * 1_000_000_000), "lesson": .text(event.lesson),
        "step": .int(event.step), "what": .text(event.what.rawValue),
        "answer": event.answer.map { .text($0) } ?? .null,
        "right": event.isRight.map { .bool($0) } ?? .null,
        "why": event.reason.map { .text($0) } ?? .null,
      ])
    }
    var writer = JSONWriter(pretty: true)
    try writer.write(.record(["lessons": .items(rows), "events": .items(events)]))
    return .report(
      ReportObject(.items(rows), text: String(decoding: writer.bytes, as: UTF8.self)))
  }

  private static func row(
    _ name: String, _ progress: LessonProgress, _ language: TextLanguage
  ) -> Value {
    let state = progress.state(of: name)
    let count = TextLibrary.entry(name).flatMap { try? TextLibrary.lesson($0, language) }?
      .steps.count
    return .record([
      "lesson": .text(name), "steps": count.map { .int($0) } ?? .null,
      "done": .int(state.done.count), "skipped": .int(state.skipped.count),
      "hints": .int(state.hints), "right": .int(state.right), "wrong": .int(state.wrong),
      "misconceptions": .text(state.reasons.joined(separator: " ")),
    ])
  }
}
