import Language
import Posix

/// Errors and warnings as text: what happened, where, through which calls, and what to do.
///
///     error: no process is named 'worker2'
///       --> demo.brood:12:6
///        |
///     12 | wait worker2
///        |      ^^^^^^^
///        = help: live processes: worker1, worker3
public struct Diagnostics {
  /// Whether to use colours.
  public var isColored: Bool
  /// The columns that a source line may take.
  public var width: Int
  /// Whether messages are broken at blanks to fit the width too, as a person at a terminal wants.
  public var wraps = false
  /// What stands behind the word `error`, as ` in process 'worker1' (4711)`.
  public var origin = ""

  public init(isColored: Bool = false, width: Int = 100) {
    self.isColored = isColored
    self.width = width
  }

  /// For what is written to standard error: coloured on a terminal that can and may.
  ///
  /// - Parameter environment: asks for a variable of the environment.
  public init(standardErrorOf environment: (String) -> String?) {
    let isTerminal = Terminal.isTerminal(2)
    let isPlain = environment("NO_COLOR").map { !$0.isEmpty } ?? false
    let columns = isTerminal ? (try? Terminal.size(2)).map { Int($0.columns) } ?? 0 : 0
    self.init(
      isColored: isTerminal && !isPlain && (environment("TERM") ?? "dumb") != "dumb",
      width: columns >= 40 ? columns : 100)
    wraps = columns >= 40
  }

  /// An error, ending in a newline.
  public func text(_ error: ErrorObject) -> String {
    // For people alone: what programs read stays as it is.
    let topic = wraps ? ErrorObject.topic(error) : nil
    return text(
      "error" + TerminalText.line(origin), error.message, at: error.location, help: error.help,
      see: topic.map { "explain \($0)" }, trace: error.trace, color: Color.red)
  }

  /// A warning, ending in a newline.
  public func text(_ warning: Warning) -> String {
    text(
      "warning", warning.message, at: warning.location, help: warning.help, trace: [],
      color: Color.yellow)
  }

  private func text(
    _ label: String, _ message: String, at location: Location?, help: String?,
    see: String? = nil, trace: [TraceEntry], color: Color
  ) -> String {
    let head = wrapped(TerminalText.lines(message), indent: 2, taken: displayWidth(label))
    var out = paint(label, color) + paint(": " + head, .bold) + "\n"
    var margin = " "
    // Calls that no source text made have an empty source.
    if let location, !location.source.bytes.isEmpty {
      let at = location.source.position(location.span.start)
      let number = String(at.line)
      margin = String(repeating: " ", count: number.count)
      let excerpt = Excerpt(location, width: max(40, width - number.count - 3))
      let bar = paint("|", .blue)
      let name = TerminalText.line(location.source.name)
      out += "\(margin)\(paint("-->", .blue)) \(name):\(at.line):\(at.column)\n"
      out += "\(margin) \(bar)\n"
      out += "\(paint(number, .blue)) \(bar)\(excerpt.line.isEmpty ? "" : " " + excerpt.line)\n"
      out += "\(margin) \(bar) \(paint(excerpt.carets, color))\n"
    }
    let note = "\(margin) \(paint("=", .blue)) "
    if let help {
      let lines = wrapped(TerminalText.lines(help), indent: margin.count + 9)
      out += note + paint("help:", .bold) + " " + lines + "\n"
    }
    if let see { out += note + paint("see:", .bold) + " " + see + "\n" }
    for line in Diagnostics.calls(trace) { out += note + line + "\n" }
    return out
  }

  /// A text whose further lines are indented, as those are that wrapping makes.
  ///
  /// - Parameter taken: the columns that stand before it, by default as many as the indent.
  private func wrapped(_ text: String, indent: Int, taken: Int? = nil) -> String {
    let margin = "\n" + String(repeating: " ", count: indent)
    var used = taken.map { $0 + 2 } ?? indent
    var out = ""
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if number > 0 {
        out += margin
        used = indent
      }
      for (place, word) in line.split(separator: " ", omittingEmptySubsequences: false).enumerated()
      {
        let size = displayWidth(String(word))
        if place > 0 {
          // One column stays free: some terminals wrap when it is filled.
          let isTooLong = wraps && used + 1 + size >= width && size < width - indent
          out += isTooLong ? margin : " "
          used = isTooLong ? indent : used + 1
        }
        out += word
        used += size
      }
    }
    return out
  }

  /// The calls that led to an error, repeated ones counted: recursion is deep.
  private static func calls(_ trace: [TraceEntry]) -> [String] {
    var lines: [(text: String, count: Int)] = []
    for (i, entry) in trace.enumerated() where !entry.location.source.bytes.isEmpty {
      // A task is no function: its name says which it is, and on what.
      let isTask = entry.name.contains(" ")
      var text = isTask ? "in \(TerminalText.line(entry.name)), " : ""
      text += "called from \(TerminalText.line(entry.location.description))"
      if i + 1 < trace.count {
        let caller = trace[i + 1].name
        text +=
          caller == "block" || caller.contains(" ")
          ? " in a block" : " in '\(TerminalText.line(caller))'"
      }
      if lines.last?.text == text {
        lines[lines.count - 1].count += 1
      } else {
        lines.append((text, 1))
      }
    }
    // Long traces are cut off by the machine.
    let more = trace.count < 20 ? "" : " or more"
    return lines.map { $0.count == 1 ? $0.text : "\($0.text), \($0.count) times\(more)" }
  }

  private enum Color: String {
    case red = "1;31"
    case yellow = "1;33"
    case blue = "1;34"
    case bold = "1"
  }

  private func paint(_ text: String, _ color: Color) -> String {
    isColored ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
  }
}
