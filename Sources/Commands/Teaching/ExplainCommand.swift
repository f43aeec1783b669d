import Language
import Session
import Teaching

/// `explain`: one screen for each idea.
enum ExplainCommand {
  private static let word = ParameterType(
    "topic", "a topic, or the number of a misconception as M7", completion: .live("topic")
  ) { input in .text(input.word ?? input.value.asText) }

  static let explain = Command(
    "explain", "Explain an idea of processes on one screen",
    details: """
      Without a topic it lists them. Each page ends with what is so in this session now, and with \
      three lines to try. `explain M7` is about a wrong belief that many have. `config lang zh` has \
      the pages in Chinese.
      """,
    parameters: [Parameter("topic", word, .rest)], traits: .reports,
    examples: [
      Example("print (explain zombie).title", "Zombie process"),
      Example("config lang zh\nprint (explain zombie).title", "僵尸进程"),
    ]
  ) { call in
    let language = call.session.textLanguage(call.interpreter)
    let asked = (0..<call.count).map { call.spelled($0) }.joined(separator: " ")
    if asked.isEmpty {
      return try list(language, TextLayout(for: call.interpreter, isReport: true))
    }
    guard let name = TextLibrary.topicName(for: asked),
      let topic = try TextLibrary.topic(name, language)
    else {
      let near = nearest(asked, among: TextLibrary.topicWords)
      let isCommand = call.interpreter.table[asked] != nil
      throw call.error(
        .missing, "there is no topic '\(asked)'", at: 0,
        help: isCommand
          ? "it is a command: help \(asked)"
          : near.map { "did you mean '\($0)'?" } ?? "explain lists all topics")
    }
    return page(topic, language, call.interpreter)
  }

  /// All that is known of a topic, as a report.
  static func page(
    _ topic: Topic, _ language: TextLanguage, _ interpreter: Interpreter
  ) -> Value {
    let layout = TextLayout(for: interpreter, isReport: true)
    let facts = Facts(interpreter, language)
    let told = topic.facts.flatMap { facts.told($0) }
    let shown = TextLibrary.places(of: topic.name).prefix(2).map {
      "lesson \($0.number) \($0.step)"
    }
    // All of it fits on a screen of 24 lines, so blank lines are few.
    var text = layout.title(topic.title) + "\n" + layout.text(topic.blocks)
    if !told.isEmpty {
      let head = Phrase("Now: ", "现在：").text(language)
      text += "\n" + layout.paragraph(head + told.joined(separator: " "))
    }
    if !topic.trials.isEmpty {
      if told.isEmpty { text += "\n" }
      text += layout.paragraph(Phrase("Try:", "试一试：").text(language))
      text += topic.trials.map { layout.typed([$0], prompt: "  brood> ") }.joined()
    }
    let also = topic.related.map { "explain \($0.misconception ?? $0)" } + shown
    if !also.isEmpty {
      text += layout.paragraph(
        Phrase("See also: ", "另见：").text(language)
          + also.map { "`\($0)`" }.joined(separator: Phrase(", ", "、").text(language)))
    }
    return .report(
      ReportObject(
        .record([
          "name": .text(topic.name), "title": .text(topic.title),
          "text": .text(TextLayout(width: 80).text(topic.blocks)),
          "facts": .items(told.map { .text($0) }),
          "try": .items(topic.trials.map { .text($0) }),
          "see": .items(topic.related.map { .text($0) }),
          "lessons": .items(shown.map { .text($0) }),
        ]), text: text))
  }

  private static func list(_ language: TextLanguage, _ layout: TextLayout) throws -> Value {
    let topics = try TextLibrary.topicNames.compactMap { try TextLibrary.topic($0, language) }
    let beliefs = topics.filter { $0.name.misconception != nil }
    let ideas = topics.filter { $0.name.misconception == nil }
    var text = layout.paragraph(
      Phrase(
        "`explain TOPIC` explains one; `explain M7` a wrong belief.",
        "`explain 主题` 解释一个主题；`explain M7` 解释一个常见的误解。"
      ).text(language))
    text += "\n" + rows(ideas, layout)
    if !beliefs.isEmpty {
      let head = Phrase("Wrong beliefs:", "常见的误解：").text(language)
      text += "\n" + layout.paragraph(head) + rows(beliefs, layout)
    }
    return .report(
      ReportObject(
        .items(topics.map { .record(["name": .text($0.name), "title": .text($0.title)]) }),
        text: text))
  }

  private static func rows(_ topics: [Topic], _ layout: TextLayout) -> String {
    func label(_ topic: Topic) -> String {
      topic.name.misconception ?? topic.name
    }
    let column = topics.reduce(0) { max($0, label($1).count) } + 2
    return topics.map { topic in
      let head = label(topic)
      let lines = layout.paragraph(topic.title, indent: column)
      return head + String(lines.dropFirst(head.count))
    }.joined()
  }
}

extension String {
  /// The number of a page about a wrong belief: `M7` for `m07`; nil for any other topic.
  var misconception: String? {
    guard first == "m" || first == "M", (2...3).contains(count), let number = Int(dropFirst())
    else { return nil }
    return "M\(number)"
  }
}
