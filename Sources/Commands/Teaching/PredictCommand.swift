import Glibc
import Language
import Posix
import Processes
import Session
import Teaching

/// `predict`: asks what will happen, runs it, and shows both.
enum PredictCommand {
  static let command = Command(
    "predict", "Ask what a block will do, run it, and compare",
    details: """
      The question comes first: how many processes, how many lines, in which order, which value, in \
      which state. It is chosen from the block, or by --ask. Then the block runs in a process of its \
      own, and both answers stand side by side, with the misconception that may explain the \
      difference. At a terminal the answer is typed; in a script --answer has it.

      Lines in an order are written with slashes: `--answer a/b`; `any` says that it is not fixed, \
      which `explore` finds out, or ten runs where it cannot. Possible outcomes are written with commas and \
      graded by `explore`, as is a value that depends on which process comes first.
      """,
    parameters: [Parameter("block", .function, .required, "what runs after the question")],
    flags: [
      Flag("answer", .text, "the prediction, instead of a question at the terminal"),
      Flag(
        "ask", .choice(PredictQuestion.allCases.map(\.rawValue)),
        "what is asked, whatever the block is"),
    ], traits: .reports,
    examples: [
      Example(
        "predict { fork; fork; exit } --ask processes --answer 3",
        "You predicted: 3\nIt was:        4\nMany believe this: … (explain M1)"),
      Example("print (predict { 6 * 7 } --answer 42).right", "true"),
    ]
  ) { call in
    let interpreter = call.interpreter
    let language = call.session.textLanguage(interpreter)
    let shape = PredictShape(call[0], interpreter)
    let asked = call.flag("ask").flatMap { PredictQuestion(rawValue: $0.asText) }
    let question = asked ?? shape.question
    if question == .outcomes, interpreter.table["explore"] == nil {
      throw call.error(
        .missing, "possible outcomes cannot be found out by this version", flag: "ask",
        help: "ask for value, lines or order")
    }
    let answer: String
    if let given = call.flag("answer")?.asText {
      answer = given.trimmed
    } else {
      answer = try ask(question, call, language)
    }
    let result = try PredictRun(call[0], interpreter).answer(
      question, mayRace: shape.mayRace && interpreter.table["explore"] != nil)
    return report(question, answer, result, shape, interpreter, language)
  }

  /// Asks at the terminal.
  private static func ask(
    _ question: PredictQuestion, _ call: borrowing Call, _ language: TextLanguage
  ) throws -> String {
    guard call.session.isInteractive || Terminal.isTerminal(0),
      let input = call.interpreter.table["input"]
    else {
      throw call.error(
        .missing, "there is no terminal to ask at", help: "--answer TEXT has the prediction")
    }
    try call.interpreter.write(question.text(language) + "\n")
    try call.session.output.flush()
    let function = try call.interpreter.function(named: input.name)
    let prompt = Value.text(LessonPhrases.question.text(language) + "> ")
    return try call.interpreter.invoke(function, [prompt]).asText.trimmed
  }

  private static func report(
    _ question: PredictQuestion, _ answer: String, _ result: PredictResult, _ shape: PredictShape,
    _ interpreter: Interpreter, _ language: TextLanguage
  ) -> Value {
    let isRight = result.accepts(answer)
    let reason = isRight ? nil : shape.reason(question, answer, result)
    if interpreter.session.isInteractive {
      LessonRecords(interpreter).add(
        "predict", 0, .predicted, answer: answer, isRight: isRight, reason: reason)
    }
    let layout = TextLayout(for: interpreter, isReport: true)
    var text = Phrase("You predicted: ", "你的预测： ").text(language) + TerminalText.line(answer) + "\n"
    text += Phrase("It was:        ", "实际结果： ").text(language) + result.told(language) + "\n"
    if isRight { text += Phrase("Right.", "预测正确。").text(language) + "\n" }
    if let reason, let name = TextLibrary.topicName(for: reason),
      let topic = try? TextLibrary.topic(name, language)
    {
      text += layout.paragraph(
        LessonPhrases.misconception(topic.title, reason, ticks: false).text(language))
    }
    return .report(
      ReportObject(
        .record([
          "kind": .text(question.rawValue), "predicted": .text(answer),
          "actual": .text(result.text), "right": .bool(isRight),
          "why": reason.map { .text($0) } ?? .null, "output": .text(result.output),
        ]), text: text))
  }
}

/// What can be asked about a block.
enum PredictQuestion: String, CaseIterable {
  case processes, lines, order, value, state, outcomes

  func text(_ language: TextLanguage) -> String {
    switch self {
    case .processes:
      Phrase(
        "How many processes will there be in all, the one that begins included?",
        "一共会有多少个进程（包括最初的那个）？"
      ).text(language)
    case .lines: Phrase("How many lines will be printed?", "会输出多少行？").text(language)
    case .order:
      Phrase(
        "In which order will the lines come? As a/b/c, or any if it is not fixed.",
        "各行以什么次序输出？写成 a/b/c；次序不定就写 any。"
      ).text(language)
    case .value: Phrase("Which value will it yield?", "它会给出什么值？").text(language)
    case .state:
      Phrase("Which state letter will it yield: R S D T Z?", "它会给出哪个状态字母：R S D T Z？")
        .text(language)
    case .outcomes:
      Phrase(
        "Which values are possible in the end? With commas between them.",
        "最后可能有哪些值？用逗号分开。"
      ).text(language)
    }
  }
}

/// What stands in a block, as far as it decides what is worth asking.
struct PredictShape {
  private var counts: [String: Int] = [:]
  private var assigns = false

  init(_ block: Value, _ interpreter: Interpreter) {
    guard case .closure(let closure) = block else { return }
    let source = Source(name: "block", text: "let block = " + closure.function.text)
    let box = Counter()
    let faults = interpreter.effects(of: source, despiteErrors: true) { command, _ in
      box.counts[command.name, default: 0] += 1
      return true
    }
    counts = box.counts
    assigns = faults.contains { $0.message.hasPrefix("this changes") }
  }

  private final class Counter { var counts: [String: Int] = [:] }

  private func has(_ names: String...) -> Bool { names.contains { counts[$0] != nil } }

  private var forks: Int { (counts["fork"] ?? 0) + (counts["process start"] ?? 0) }

  /// Whether other processes have a part in what comes out.
  var mayRace: Bool { forks > 0 }

  var question: PredictQuestion {
    if forks > 0, has("state") { return .state }
    if forks > 0, has("shm set", "shm get", "shm add") { return .value }
    if forks > 0, has("print", "echo") { return forks > 1 ? .lines : .order }
    if forks > 1 { return .processes }
    if has("print", "echo") { return .lines }
    return .value
  }

  /// The misconception that may explain a wrong answer; nil where none would lead to it.
  func reason(
    _ question: PredictQuestion, _ answer: String, _ result: PredictResult
  ) -> String? {
    switch question {
    case .processes, .lines: return forks > 0 ? "M1" : nil
    // Where one order is certain, its author did not overlook that there are several.
    case .order: return forks > 0 && result.texts.count > 1 ? "M2" : nil
    case .value where !result.isSet:
      if forks == 0 { return nil }
      if has("shm set"), let more = Int(answer), let less = Int(result.text), more > less {
        return "M15"
      }
      return assigns ? "M3" : nil
    case .state:
      if result.text == "Z", has("kill") { return "M7" }
      return result.text == "T" && has("kill") ? "M21" : nil
    case .outcomes, .value:
      // Who names too few has not thought of all orders.
      let named = PredictResult.parts(answer)
      let all = Set(result.texts.map(PredictResult.bare))
      guard named.count < all.count, named.isSubset(of: all) else { return nil }
      return has("shm set") ? "M15" : "M34"
    }
  }
}

/// What was found out by running.
struct PredictResult {
  /// What a right answer is, one after another where several are.
  var texts: [String]
  var output = ""
  /// In how many runs each order was seen.
  var runs = 1

  var text: String { texts.joined(separator: ", ") }

  /// Whether all of several texts must be named, as possible outcomes.
  var isSet = false

  func told(_ language: TextLanguage) -> String {
    let lines = texts.map { TerminalText.line($0) }
    if runs == 1 { return lines.joined(separator: ", ") }
    if lines.count == 1 {
      return lines[0] + Phrase(" in \(runs) of \(runs) runs", "（\(runs) 次运行都是）").text(language)
    }
    return Phrase("not fixed: ", "次序不定：").text(language)
      + lines.joined(separator: Phrase(" or ", " 或 ").text(language))
      + Phrase(" in \(runs) runs", "（\(runs) 次运行）").text(language)
  }

  func accepts(_ answer: String) -> Bool {
    if isSet { return PredictResult.parts(answer) == Set(texts.map(PredictResult.bare)) }
    if runs > 1, texts.count > 1 { return answer.lowercased() == "any" }
    return texts.first.map { PredictResult.plain($0) == PredictResult.plain(answer) }
      ?? answer.isEmpty
  }

  /// The values that an answer names.
  ///
  /// They stand with commas, `or` or `and` between them, in braces or without. Commas within brackets and
  /// quotes are of a value.
  static func parts(_ answer: String) -> Set<String> {
    var text = answer.trimmed
    if text.hasPrefix("{"), text.hasSuffix("}") { text = String(text.dropFirst().dropLast()) }
    for word in [" or ", " and ", " 或 ", " 和 "] { text = text.replacing(word, with: ",") }
    var parts: [String] = [""]
    var depth = 0
    var isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      if character == "[" { depth += 1 }
      if character == "]" { depth -= 1 }
      if depth == 0, !isQuoted, ",，、".contains(character) {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    let found = Set(parts.map(bare).filter { !$0.isEmpty })
    // Numbers may stand with blanks alone between them.
    let words = text.split(separator: " ")
    if parts.count == 1, words.count > 1, words.allSatisfy({ Int($0) != nil }) {
      return Set(words.map(String.init))
    }
    return found
  }

  /// Without the quotes around it, and as if lists had no blanks.
  static func bare(_ text: String) -> String {
    let text = plain(text)
    guard text.hasPrefix("[") else { return text }
    return text.replacing(", ", with: ",").replacing(": ", with: ":")
  }

  /// Without the quotes around.
  private static func plain(_ text: String) -> String {
    let text = text.trimmed
    return text.count > 1 && text.hasPrefix("\"") && text.hasSuffix("\"")
      ? String(text.dropFirst().dropLast()) : text
  }
}
