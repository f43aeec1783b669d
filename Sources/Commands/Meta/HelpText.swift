import Language

/// The pages of `help`, made of a command's declaration.
public enum HelpText {
  static let width = 80

  /// All about one command.
  static func page(_ command: Command) -> String {
    var text = head(command.usage, summary(of: command), command.details)
    let arguments = command.parameters.map { parameter in
      (parameter.usage, parameter.summary.isEmpty ? parameter.type.phrase : parameter.summary)
    }
    if !arguments.isEmpty { text += "\nArguments\n" + columns(arguments) }
    let arms = command.choice?.arms.map { ($0.usage, $0.parameter.summary) } ?? []
    if !arms.isEmpty { text += "\nArms\n" + columns(arms) }
    if !command.flags.isEmpty {
      text += "\nFlags\n" + columns(command.flags.map { ($0.usage, summary($0)) })
    }
    text += paragraph(command.flagSentences)
    text += fields(RecordFields.of(command.name))
    return text + examples(command.examples)
  }

  /// What `--help` of a command line prints.
  public static func page(_ line: CommandLine) -> String {
    var text = "usage: \(line.usage)\n"
    if !line.details.isEmpty { text += "\n" + line.details }
    let arguments = line.parameters.filter { !$0.summary.isEmpty }.map { ($0.usage, $0.summary) }
    let widest = (arguments + rows(line)).reduce(0) { max($0, displayWidth($1.0)) }
    let column = min(widest, 28) + 4
    if !arguments.isEmpty { text += "\nArguments\n" + columns(arguments, column: column) }
    return text + "\nFlags\n" + flags(line, column: column) + paragraph(line.flagSentences)
  }

  /// The flags of a command line, each with what it does.
  ///
  /// - Parameter column: where that begins, at least.
  public static func flags(_ line: CommandLine, column: Int = 0) -> String {
    columns(rows(line), column: column)
  }

  private static func rows(_ line: CommandLine) -> [(String, String)] {
    (line.flags + [CommandLine.help]).map { flag in
      let letter = flag.isLetter ? nil : flag.letter
      return ((letter.map { "-\($0), " } ?? "") + flag.usage, summary(flag))
    }
  }

  private static func paragraph(_ sentences: [String]) -> String {
    sentences.isEmpty ? "" : "\n" + wrapped(sentences.joined(separator: " "), indent: 0)
  }

  /// What a flag does, and which numbers it takes.
  private static func summary(_ flag: Flag) -> String {
    guard let type = flag.type, type.isBounded else { return flag.summary }
    return "\(flag.summary) (\(type.phrase))"
  }

  /// What every page begins with.
  static func head(_ usage: String, _ summary: String, _ details: String) -> String {
    var text = wrapped(usage, indent: 0, hanging: 4)
    let isWide = summary.last.map { displayWidth(String($0)) == 2 } ?? false
    text += "\n" + wrapped(summary + (isWide ? "。" : "."), indent: 0)
    for paragraph in details.split(separator: "\n") {
      text += "\n" + wrapped(String(paragraph), indent: 0)
    }
    return text
  }

  static func fields(_ fields: [(String, String)]) -> String {
    fields.isEmpty ? "" : "\nFields\n" + columns(fields)
  }

  /// The examples of a page.
  static func examples(_ examples: [Example]) -> String {
    if examples.isEmpty { return "" }
    return "\n" + (examples.count == 1 ? "Example" : "Examples") + "\n"
      + examples.map(example).joined(separator: "\n")
  }

  /// A line for each command.
  static func list(_ commands: [Command]) -> String {
    columns(
      commands.filter { !$0.traits.contains(.hidden) }.map { ($0.name, summary(of: $0)) },
      indent: 0)
  }

  /// Summaries in the language that is shown, by the names of the commands; English without.
  nonisolated(unsafe) static var summaries: [String: String] = [:]

  static func summary(of command: Command) -> String {
    summaries[command.name] ?? command.summary
  }

  /// As one would type it, with what it prints.
  private static func example(_ example: Example) -> String {
    var lines: [String] = []
    for (i, line) in example.code.split(separator: "\n", omittingEmptySubsequences: false)
      .enumerated()
    {
      lines.append((i == 0 ? "  brood> " : "    ...> ") + line)
    }
    if !example.output.isEmpty {
      lines += example.output.split(separator: "\n", omittingEmptySubsequences: false)
        .map { "  " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Labels with what they mean beside them, wrapped.
  static func columns(
    _ rows: [(String, String)], indent: Int = 2, column least: Int = 0
  ) -> String {
    let widest = rows.reduce(0) { max($0, displayWidth($1.0)) }
    let column = max(least, min(widest, 28) + indent + 2)
    var text = ""
    for (label, meaning) in rows {
      let head = String(repeating: " ", count: indent) + label
      let room = column - displayWidth(head)
      text += head
      if meaning.isEmpty {
        text += "\n"
        continue
      }
      let lines = wrapped(meaning, indent: column)
      if room < 2 {
        text += "\n" + lines
      } else {
        text += String(repeating: " ", count: room) + lines.drop { $0 == " " }
      }
    }
    return text
  }

  /// Lines of at most 80 columns, each ending in a newline.
  static func wrapped(_ text: String, indent: Int, hanging: Int = 0) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      let margin = indent + (lines.isEmpty ? 0 : hanging)
      if line.isEmpty {
        line = String(repeating: " ", count: margin) + word
      } else if displayWidth(line) + 1 + displayWidth(String(word)) > width {
        lines.append(line)
        line = String(repeating: " ", count: indent + hanging) + word
      } else {
        line += " " + word
      }
    }
    lines.append(line)
    return lines.joined(separator: "\n") + "\n"
  }
}
