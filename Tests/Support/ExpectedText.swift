import Foundation

/// Expected output with holes for what differs from run to run.
///
/// - `…` in a line stands for any text, a line `…` for any number of lines;
/// - `⟨pid⟩` stands for a number, the same one wherever the name comes again;
/// - `⟨when:[0-9:]+⟩` stands for what the regular expression matches.
///
/// In a line with holes two or more blanks stand for one or more, for columns move with their content.
public struct ExpectedText {
  public let lines: [String]

  public init(_ lines: [String]) { self.lines = lines }

  /// What named holes turned out to be.
  public typealias Bindings = [String: String]

  /// Whether the text fits as a whole; named holes that it fills are added to the bindings.
  public func matches(_ actual: [String], binding bindings: inout Bindings) -> Bool {
    var pattern = HolePattern(bound: bindings)
    for line in lines {
      if line.isLineHole { pattern.addLineHole() } else { pattern.add(line) }
    }
    guard let found = pattern.match(actual.map { $0 + "\n" }.joined()) else { return false }
    bindings.merge(found) { old, _ in old }
    return true
  }

  /// The expected text brought up to date: lines that still fit stay, with their holes.
  public func updated(to actual: [String], bindings: Bindings) -> [String] {
    var unused = bindings
    if matches(actual, binding: &unused) { return lines }
    return gaps(actual).flatMap { gap -> [String] in
      let onlyHoles = !gap.expected.isEmpty && gap.expected.allSatisfy(\.isLineHole)
      return (onlyHoles ? ["…"] : gap.actual) + gap.common
    }
  }

  /// The difference as text, a `-` before what was expected and a `+` before what came instead.
  public func difference(from actual: [String]) -> String {
    var result: [String] = []
    for gap in gaps(actual) {
      let onlyHoles = !gap.expected.isEmpty && gap.expected.allSatisfy(\.isLineHole)
      if !onlyHoles { result += gap.expected.map { "- \($0)" } }
      result += gap.actual.map { (onlyHoles ? "  " : "+ ") + $0 }
      result += gap.common.map { "  \($0)" }
    }
    if !result.contains(where: { $0.hasPrefix("- ") || $0.hasPrefix("+ ") }) {
      result.append("(each line fits, but a named hole has two different values)")
    }
    return result.joined(separator: "\n")
  }

  /// Lines that differ, and the lines after them that are alike.
  private struct Gap {
    var expected: [String] = []
    var actual: [String] = []
    var common: [String] = []
  }

  /// Align both texts by the longest common subsequence, where alike means that a line fits.
  private func gaps(_ actual: [String]) -> [Gap] {
    let fits = lines.map { line -> [Bool] in
      if line.isLineHole { return actual.map { _ in false } }
      var pattern = HolePattern(bound: [:])
      pattern.add(line)
      return actual.map { pattern.match($0 + "\n") != nil }
    }
    var longest = Array(
      repeating: Array(repeating: 0, count: actual.count + 1), count: lines.count + 1)
    for i in lines.indices.reversed() {
      for j in actual.indices.reversed() {
        longest[i][j] =
          fits[i][j] ? longest[i + 1][j + 1] + 1 : max(longest[i + 1][j], longest[i][j + 1])
      }
    }
    var result = [Gap()]
    var (i, j) = (0, 0)
    while i < lines.count || j < actual.count {
      if i < lines.count, j < actual.count, fits[i][j] {
        result[result.count - 1].common.append(lines[i])
        (i, j) = (i + 1, j + 1)
        continue
      }
      if result.last?.common.isEmpty == false { result.append(Gap()) }
      if j == actual.count || (i < lines.count && longest[i + 1][j] >= longest[i][j + 1]) {
        result[result.count - 1].expected.append(lines[i])
        i += 1
      } else {
        result[result.count - 1].actual.append(actual[j])
        j += 1
      }
    }
    return result
  }
}

extension String {
  fileprivate var isLineHole: Bool { trimmingCharacters(in: .whitespaces) == "…" }
}

/// The regular expression that lines with holes stand for.
private struct HolePattern {
  private var source = ""
  private let bound: ExpectedText.Bindings
  /// Names in the order of their groups: the group of the first name is `h0`.
  private var names: [String] = []

  init(bound: ExpectedText.Bindings) { self.bound = bound }

  mutating func addLineHole() { source += #"(?:[^\n]*\n)*?"# }

  mutating func add(_ line: String) {
    let hasHole = line.contains("…") || line.contains("⟨")
    var rest = line[...]
    while let character = rest.first {
      if character == "…" {
        source += #"[^\n]*?"#
        rest.removeFirst()
      } else if character == "⟨", let end = rest.firstIndex(of: "⟩") {
        addHole(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
      } else if hasHole, rest.hasPrefix("  ") {
        source += " +"
        rest = rest.drop { $0 == " " }
      } else {
        source += NSRegularExpression.escapedPattern(for: String(character))
        rest.removeFirst()
      }
    }
    source += #"\n"#
  }

  private mutating func addHole(_ content: Substring) {
    let parts = content.split(separator: ":", maxSplits: 1)
    let name = String(parts.first ?? "")
    if let value = bound[name] {
      source += NSRegularExpression.escapedPattern(for: value)
    } else if let group = names.firstIndex(of: name) {
      source += #"\k<h\#(group)>"#
    } else {
      source += "(?<h\(names.count)>\(parts.count > 1 ? String(parts[1]) : "[0-9]+"))"
      names.append(name)
    }
  }

  func match(_ text: String) -> ExpectedText.Bindings? {
    guard let expression = try? NSRegularExpression(pattern: #"\A"# + source + #"\z"#),
      let found = expression.firstMatch(
        in: text, range: NSRange(text.startIndex..., in: text))
    else { return nil }
    var result: ExpectedText.Bindings = [:]
    for (group, name) in names.enumerated() {
      if let range = Range(found.range(withName: "h\(group)"), in: text) {
        result[name] = String(text[range])
      }
    }
    return result
  }
}
