import Language

/// A line of a shell, as the one that GNU parallel makes of its command.
enum FromShellText {
  /// Its words where they mean nothing else than themselves; nil where a shell is needed.
  static func words(_ text: String) -> [String]? {
    var words: [String] = []
    var word = ""
    var isWord = false
    var rest = text[...]
    while let next = rest.popFirst() {
      switch next {
      case " ", "\t":
        if isWord { words.append(word) }
        (word, isWord) = ("", false)
        continue
      case "'":
        guard let end = rest.firstIndex(of: "'") else { return nil }
        word += rest[..<end]
        rest = rest[end...].dropFirst()
      case "\"":
        guard let content = quoted(&rest) else { return nil }
        word += content
      case "\\":
        // A brace that was escaped must not become a place.
        guard let next = rest.popFirst(), next != "\n", next != "{", next != "}" else { return nil }
        word.append(next)
      case "|", "&", ";", "<", ">", "(", ")", "$", "`", "*", "?", "[", "\n": return nil
      case "#" where !isWord, "~" where !isWord, "!" where !isWord && words.isEmpty: return nil
      case "~" where word.last == "=" || word.last == ":": return nil
      case "=" where words.isEmpty && isName(word): return nil
      case "{" where isExpansion(rest): return nil
      default: word.append(next)
      }
      isWord = true
    }
    if isWord { words.append(word) }
    guard let first = words.first, !keywords.contains(first) else { return nil }
    return words
  }

  /// What stands up to the closing quote; nil if the shell would change something in it.
  private static func quoted(_ rest: inout Substring) -> String? {
    var content = ""
    while let next = rest.popFirst() {
      switch next {
      case "\"": return content
      case "$", "`": return nil
      case "\\":
        guard let escaped = rest.popFirst(), escaped != "\n" else { return nil }
        if !"\"\\$`".contains(escaped) { content.append("\\") }
        content.append(escaped)
      default: content.append(next)
      }
    }
    return nil
  }

  private static func isName(_ word: String) -> Bool {
    !word.isEmpty && !(word.first?.isNumber ?? true)
      && word.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
  }

  /// Whether `{` begins what bash makes several words of: {a,b} or {1..3}.
  private static func isExpansion(_ rest: Substring) -> Bool {
    guard let end = rest.firstIndex(of: "}") else { return false }
    let inner = rest[..<end]
    return inner.contains(",") || inner.contains("..") && inner.count > 3
  }

  /// First words that only a shell knows.
  private static let keywords: Set = [
    "if", "for", "while", "until", "case", "{", "}", "function", "time", "cd", "export", "source",
    ".", "eval", "exec", "set", "unset", "trap", "ulimit", "umask", "type", "command", "read",
    "shift", "wait", "local", "declare", "typeset", "alias", "exit", "return", ":", "builtin",
    "shopt", "select", "let", "hash", "jobs",
  ]

  /// What of bash's own stands in a line, so that sh may not take it.
  static func bashSign(in text: String) -> String? {
    let signs = ["[[", "<(", ">(", "<<<", "&>", "|&", "$'", "=(", "+=", "${!", "BASH", "RANDOM"]
    if let sign = signs.first(where: { text.contains($0) }) { return sign }
    var rest = text[...]
    while let start = rest.firstRange(of: "${") {
      rest = rest[start.upperBound...]
      let behind = rest.drop { $0 == "_" || $0.isLetter || $0.isNumber }
      if let sign = behind.first, "/^,:@[".contains(sign) {
        // ${x:-y} and its like are of sh.
        let isOfSh = sign == ":" && behind.dropFirst().first.map { "-=?+".contains($0) } ?? false
        if !isOfSh { return "${…\(sign)…}" }
      }
    }
    return nil
  }
}
