import Language
import Posix

/// Lines that are broken at blanks where a terminal is narrower than they are.
public enum FoldedText {
  /// Breaks the lines of a text that are wider than a terminal; what is left of a line is indented.
  ///
  /// The last column of a table goes to a line of its own, if that is enough. A word that is wider than
  /// the terminal stays whole.
  public static func lines(_ text: String, width: Int) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { folded($0, width) }.joined(separator: "\n")
  }

  /// The same for what is written to a descriptor: lines stay whole where that is no terminal.
  public static func lines(_ text: String, for descriptor: Int32) -> String {
    guard Terminal.isTerminal(descriptor), let size = try? Terminal.size(descriptor),
      size.columns >= 20
    else { return text }
    return lines(text, width: Int(size.columns))
  }

  private static func folded(_ line: Substring, _ width: Int) -> String {
    if displayWidth(String(line)) <= width { return String(line) }
    let margin = line.prefix { $0 == " " }.count
    var lines: [String] = []
    var current = String(repeating: " ", count: margin)
    var used = margin
    var isEmpty = true
    for (gap, word) in words(line.dropFirst(margin), room: width - margin - 4) {
      let wide = displayWidth(word)
      if !isEmpty, gap == Int.max || used + gap + wide > width {
        lines.append(current)
        (current, used) = (String(repeating: " ", count: margin + 4), margin + 4)
        isEmpty = true
      }
      if !isEmpty {
        current += String(repeating: " ", count: gap)
        used += gap
      }
      current += word
      used += wide
      isEmpty = false
    }
    lines.append(current)
    return lines.joined(separator: "\n")
  }

  /// The words with the blanks before each; as many as `Int.max` before a last column that is to stand
  /// alone.
  private static func words(_ text: Substring, room: Int) -> [(gap: Int, word: String)] {
    var result: [(gap: Int, word: String)] = []
    var gap = 0
    for part in text.split(separator: " ", omittingEmptySubsequences: false) {
      if part.isEmpty {
        gap += 1
      } else {
        result.append((gap, String(part)))
        gap = 1
      }
    }
    guard let last = result.lastIndex(where: { $0.gap > 1 }), last > 0 else { return result }
    let rest = result[last...].map(\.word).joined(separator: " ")
    if displayWidth(rest) <= room { result[last].gap = Int.max }
    return result
  }
}
