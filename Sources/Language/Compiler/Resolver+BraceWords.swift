/// Words that other shells expand, and that stay as they are here: `{1..3}`, `d/{a,b}`; and ranges
/// that become a single input.
extension Resolver {
  func warnOfBraces(_ node: CommandNode) {
    for argument in node.arguments {
      // What is in quotes is meant as it is.
      guard case .positional = argument.role, let word = argument.spelling,
        source.text(argument.span) == word, let inner = Resolver.bracesInside(word)
      else { continue }
      let help =
        inner.contains("..")
        ? "numbers are spread by ...(\(inner)), if they are numbers; in quotes it is meant as it is"
        : "write each word out; in quotes it is meant as it is"
      warn("braces are not expanded: '\(word)' stays as it is", argument.span, help: help)
      return
    }
  }

  /// Warns of a range behind `:::`, as in `pool run -- echo ::: 1..200`.
  func warnOfRangeInput(_ node: CommandNode) {
    guard let sign = node.arguments.firstIndex(where: { $0.spelling?.hasPrefix(":::") ?? false })
    else { return }
    for argument in node.arguments[(sign + 1)...] {
      guard let word = argument.spelling, source.text(argument.span) == word,
        case .value(.range) = literal(word)
      else { continue }
      warn(
        "'\(word)' is a single input, as it stands", argument.span,
        help: "write ...(\(word)) for each of its numbers, or in quotes for the text")
      return
    }
  }

  /// What stands in the braces that a shell would expand; nil if there are none.
  static func bracesInside(_ word: String) -> String? {
    guard let open = word.firstIndex(of: "{"),
      let close = word[open...].firstIndex(of: "}")
    else { return nil }
    let inner = String(word[word.index(after: open)..<close])
    let isWord = { (part: Substring) in
      !part.isEmpty
        && part.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == "." }
    }
    if let dots = inner.firstRange(of: "..") {
      let isPart = isWord(inner[..<dots.lowerBound]) && isWord(inner[dots.upperBound...])
      return isPart ? inner : nil
    }
    let parts = inner.split(separator: ",", omittingEmptySubsequences: false)
    // {1,3} is a number of times in a regular expression.
    let isList = parts.count > 1 && parts.allSatisfy(isWord)
    return isList && !parts.allSatisfy { $0.allSatisfy(\.isNumber) } ? inner : nil
  }
}
