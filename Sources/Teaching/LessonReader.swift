import Language

extension Lesson {
  static let kinds = ["processes", "lines", "order", "value", "state", "outcomes"]

  /// Reads a lesson's file.
  ///
  /// - Parameter isTranslation: whether code may be missing, which its lesson has.
  /// - Throws: `syntax` where the file is none.
  public init(_ source: Source, isTranslation: Bool = false) throws(ErrorObject) {
    let file = try MarkdownFile(source, fields: ["topics", "outcomes", "real"])
    self.source = source
    title = file.title
    topics = Topic.list(file.fields["topics"])
    hasManyOutcomes = file.fields["outcomes"] == "many"
    isReal = file.fields["real"] == "yes"
    introduction = file.introduction.blocks
    steps = []
    if file.sections.isEmpty { throw source.fault(1, "a lesson needs steps: ## TITLE") }
    for (number, section) in file.sections.enumerated() {
      steps.append(
        try StepReader(source, isTranslation: isTranslation).step(section, number: number + 1))
    }
  }
}

/// Makes a step of the blocks of a section.
private struct StepReader {
  let source: Source
  let isTranslation: Bool

  init(_ source: Source, isTranslation: Bool) {
    self.source = source
    self.isTranslation = isTranslation
  }

  func step(
    _ section: MarkdownFile.Section, number: Int
  ) throws(ErrorObject) -> LessonStep {
    var step = LessonStep(number: number, title: section.title, line: section.line)
    for block in section.blocks {
      guard case .code(let fence) = block else {
        step.prose.append(block)
        continue
      }
      switch fence.kind {
      case "setup":
        try once(step.setup == nil, fence)
        step.keepsWorld = fence.words.first == "more"
        step.setup = code(fence)
      case "predict":
        try once(step.prediction == nil, fence)
        step.prediction = try prediction(fence)
      case "goal":
        try once(step.goal == nil, fence)
        step.goal = try goal(fence)
      case "hint": step.hints.append(try blocks(fence.lines, fence.line))
      case "wrong": step.wrongs.append(try wrong(fence))
      case "solution":
        try once(step.solution == nil, fence)
        step.solution = code(fence)
      case "text", "brood", "python", "c", "sh", "console": step.prose.append(block)
      default:
        throw source.fault(
          fence.line - 1, "there is no block '\(fence.kind)' in a lesson",
          help: "setup, predict, goal, hint, wrong, solution; shown: text, brood, python, c, sh")
      }
    }
    if isTranslation { return step }
    if step.goal != nil, step.solution == nil {
      throw source.fault(section.line, "a step with a goal needs a solution")
    }
    if step.goal == nil, let wrong = step.wrongs.first {
      throw source.fault(wrong.code.line, "a step without a goal has no wrong ways")
    }
    return step
  }

  private func once(_ isFirst: Bool, _ fence: Fence) throws(ErrorObject) {
    if !isFirst { throw source.fault(fence.line - 1, "a step has one block '\(fence.kind)'") }
  }

  private func code(_ fence: Fence) -> LessonCode { LessonCode(text: fence.text, line: fence.line) }

  /// Markdown within a fence.
  private func blocks(_ lines: [String], _ line: Int) throws(ErrorObject) -> [MarkdownBlock] {
    let text = "# -\n\n" + lines.joined(separator: "\n")
    return try MarkdownFile(Source(name: source.name, text: text), fields: []).introduction.blocks
  }

  // MARK: Predictions

  private func prediction(_ fence: Fence) throws(ErrorObject) -> LessonPrediction {
    let kind = fence.words.first ?? "value"
    if !Lesson.kinds.contains(kind) {
      throw source.fault(
        fence.line - 1, "there is no question about '\(kind)'",
        help: "predict " + Lesson.kinds.joined(separator: "|"))
    }
    var question = ""
    var options: [String] = []
    var answers: [String] = []
    var reasons: [String: String] = [:]
    for (at, line) in fence.lines.enumerated() where !line.isBlank {
      if let answer = line.after("answer:") {
        answers = answer.split(separator: "|").map { $0.trimmed.lowercased() }
      } else if line.hasPrefix("why "), let colon = line.firstIndex(of: ":") {
        let answer = line[line.index(line.startIndex, offsetBy: 4)..<colon].trimmed
        reasons[answer.lowercased()] = line[line.index(after: colon)...].trimmed
      } else if line.hasPrefix("why:") {
        reasons[""] = line.dropFirst(4).trimmed
      } else if line.hasPrefix("- ") {
        options.append(line.dropFirst(2).trimmed)
      } else if options.isEmpty {
        let parts = question.isEmpty ? line.components(of: " | ") : [line]
        question += (question.isEmpty ? "" : " ") + parts[0].trimmed
        options += parts.dropFirst().map(\.trimmed)
      } else {
        throw source.fault(fence.line + at, "this line is no option, answer or reason")
      }
    }
    if question.isEmpty { throw source.fault(fence.line, "the question is missing") }
    if answers.isEmpty, !isTranslation {
      throw source.fault(fence.line, "the answer is missing: answer: N")
    }
    if !options.isEmpty, !answers.isEmpty {
      guard let number = Int(answers[0]), (1...options.count).contains(number) else {
        throw source.fault(
          fence.line, "the answer must be the number of an option, 1 to \(options.count)")
      }
    }
    return LessonPrediction(
      kind: kind, question: question, options: options, answers: answers, reasons: reasons,
      line: fence.line)
  }

  // MARK: Goals

  private func goal(_ fence: Fence) throws(ErrorObject) -> LessonGoal {
    let words = BraceReader.parts(fence.text, ["seen", "then"])
    guard let words else {
      throw source.fault(fence.line, "after `seen { … }` only `seen` and `then` blocks may follow")
    }
    if words.isEmpty { return LessonGoal(parts: [.init(isThen: false, condition: code(fence))]) }
    return LessonGoal(
      parts: words.map { part in
        .init(
          isThen: part.word == "then",
          condition: LessonCode(text: part.body, line: fence.line + part.line))
      })
  }

  private func wrong(_ fence: Fence) throws(ErrorObject) -> LessonWrong {
    guard let bar = fence.lines.firstIndex(where: { $0.trimmed == "---" }) else {
      if isTranslation {
        let empty = LessonCode(text: "", line: fence.line)
        return LessonWrong(
          code: empty, sign: empty, hint: try blocks(fence.lines, fence.line))
      }
      throw source.fault(fence.line, "a wrong way needs a line --- and the hint below it")
    }
    let hint = try blocks(Array(fence.lines[(bar + 1)...]), fence.line + bar + 1)
    let lines = Array(fence.lines[..<bar])
    let start = lines.lastIndex { $0.hasPrefix("when ") || $0.hasPrefix("when{") }
    var sign = LessonCode(text: "", line: fence.line)
    if let start {
      let text = lines[start...].joined(separator: "\n")
      guard let part = BraceReader.parts(text, ["when"])?.first else {
        throw source.fault(fence.line + start, "the sign must be one block: when { … }")
      }
      sign = LessonCode(text: part.body, line: fence.line + start + part.line)
    } else if !isTranslation {
      throw source.fault(
        fence.line, "a wrong way needs a sign by which the state of things tells it: when { … }")
    }
    let code = LessonCode(
      text: lines[..<(start ?? lines.count)].joined(separator: "\n"), line: fence.line)
    return LessonWrong(code: code, sign: sign, hint: hint)
  }
}

/// Finds blocks behind words, as `seen { … } then { … }`, without understanding what is in them.
enum BraceReader {
  struct Part {
    let word: String
    let body: String
    /// How many lines stand before the body.
    let line: Int
  }

  /// The blocks of a text that consists of them; none if it begins otherwise, nil if it goes on
  /// otherwise.
  static func parts(_ text: String, _ words: [String]) -> [Part]? {
    let bytes = Array(text.utf8)
    var at = 0
    var line = 0
    var parts: [Part] = []
    func skipBlanks() {
      while at < bytes.count, bytes[at] <= 0x20 || bytes[at] == UInt8(ascii: ";") {
        if bytes[at] == 0x0A { line += 1 }
        at += 1
      }
    }
    while true {
      skipBlanks()
      if at == bytes.count { return parts }
      var end = at
      while end < bytes.count, (0x61...0x7A).contains(bytes[end]) { end += 1 }
      let word = String(decoding: bytes[at..<end], as: UTF8.self)
      at = end
      skipBlanks()
      guard words.contains(word), at < bytes.count, bytes[at] == UInt8(ascii: "{"),
        let close = closing(bytes, at)
      else { return parts.isEmpty ? [] : nil }
      let body = bytes[(at + 1)..<close]
      parts.append(Part(word: word, body: String(decoding: body, as: UTF8.self), line: line))
      line += body.count { $0 == 0x0A }
      at = close + 1
    }
  }

  /// The brace that closes the one at a place; strings are passed over.
  private static func closing(_ bytes: [UInt8], _ start: Int) -> Int? {
    var depth = 0
    var quote: UInt8?
    var at = start
    while at < bytes.count {
      let byte = bytes[at]
      if let open = quote {
        if byte == UInt8(ascii: "\\"), open == UInt8(ascii: "\"") {
          at += 1
        } else if byte == open {
          quote = nil
        }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: "{") {
        depth += 1
      } else if byte == UInt8(ascii: "}") {
        depth -= 1
        if depth == 0 { return at }
      }
      at += 1
    }
    return nil
  }
}

extension String {
  func after(_ prefix: String) -> String? {
    hasPrefix(prefix) ? dropFirst(prefix.count).trimmed : nil
  }

  /// What stands between separators.
  public func components(of separator: String) -> [String] {
    var result: [String] = [""]
    var rest = Substring(self)
    while let first = rest.first {
      if rest.hasPrefix(separator) {
        result.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        result[result.count - 1].append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
