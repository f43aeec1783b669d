/// Finds the hint that fits a place in a text, and fills it in.
struct HintSearch {
  let source: Source

  init(_ source: Source) { self.source = source }

  private var bytes: [UInt8] { source.bytes }

  // MARK: Statements

  /// The hint for the statement that begins at a place; none where a function has its name.
  func statement(at start: Int) -> String? {
    guard start < bytes.count else { return nil }
    let text = source.text(Span(start, statementEnd(start)))
    let word = text.prefix { $0 != " " && $0 != "\t" }
    guard !source.text(Span(0, bytes.count)).contains("fn \(word)") else { return nil }
    return statement(String(word), rest: String(text.dropFirst(word.count)))
  }

  /// The hint for a statement's first word.
  func statement(_ word: String, rest: String) -> String? {
    let rest = rest.drop { $0 == " " || $0 == "\t" }
    let found = HintTable.statements.first { entry in
      if entry.start == word { return true }
      guard let space = entry.start.firstIndex(of: " ") else { return false }
      return entry.start[..<space] == word
        && rest.hasPrefix(entry.start[entry.start.index(after: space)...])
    }
    return found.map { fill($0.help, rest: String(rest)) }
  }

  /// What to write instead of a built-in that is called as another shell's of that name.
  ///
  /// - Parameter span: where its word stands.
  func misused(_ name: String, _ span: Span) -> String? {
    let end = Int(span.end)
    guard end <= bytes.count else { return nil }
    let words = self.words(source.text(Span(end, statementEnd(end)))[...])
    let found = HintTable.misused.first { entry in
      let parts = entry.start.split(separator: " ")
      guard parts[0] == name else { return false }
      guard parts.count > 1 else { return words.isEmpty }
      if parts[1] == "…" { return words.count > 1 && words.allSatisfy { isName(String($0)) } }
      return words.first?.hasPrefix(parts[1]) ?? false
    }
    return found.map { filled($0.help, ["last": lastName(words)]) }
  }

  /// The words of a command, without what is redirected or follows.
  private func words(_ text: Substring) -> [Substring] {
    text.split { $0 == " " || $0 == "\t" }.prefix { !"|&>#".contains($0.first ?? " ") }.map { $0 }
  }

  private func lastName(_ words: [Substring]) -> String {
    guard let last = words.last, isName(String(last)) else { return "NAME" }
    return String(last)
  }

  /// The first word of the statement that a place belongs to, where that is another one.
  func head(before place: Int) -> Span? {
    var start = min(place, bytes.count)
    while start > 0, ![0x0A, UInt8(ascii: ";"), UInt8(ascii: "{")].contains(bytes[start - 1]) {
      start -= 1
    }
    while start < place, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    var end = start
    while end < place, bytes[end] != 0x20, bytes[end] != 0x09 { end += 1 }
    return start < end && end < place ? Span(start, end) : nil
  }

  /// `f"…"`, a formatted text of Python.
  func formattedText(_ span: Span) -> String? {
    let text = source.text(span)
    let mark = text.prefix { $0.isLetter }
    guard ["f", "F", "rf", "fr", "b", "r", "u"].contains(mark),
      let quote = text.dropFirst(mark.count).first, quote == "\"" || quote == "'"
    else { return nil }
    if mark == "r" { return "'…' takes all as it is" }
    if mark == "b" { return "bytes are made by: bytes \(text.dropFirst())" }
    var shown = ""
    var rest = text.dropFirst(mark.count)
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      let name = rest[rest.index(after: open)..<close]
      shown += rest[..<open] + (isName(String(name)) ? "$\(name)" : "${ … }")
      rest = rest[rest.index(after: close)...]
    }
    return "values stand in a text with '$': \(shown)\(rest)"
  }

  /// Where a statement that begins here ends: at the end of its line or at a `;`.
  func statementEnd(_ start: Int) -> Int {
    var end = start
    var quote: UInt8 = 0
    while end < bytes.count, bytes[end] != 0x0A {
      let byte = bytes[end]
      if quote != 0 {
        if byte == quote { quote = 0 }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: ";") {
        break
      }
      end += 1
    }
    return end
  }

  private func fill(_ help: String, rest: String) -> String {
    guard help.contains("{") else { return help }
    let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    var call = String(name)
    let behind = rest.dropFirst(name.count).drop { $0 == " " }
    if behind.first == "(", let close = closing(behind) {
      let list = behind[...close]
      call += list == "()" ? "" : String(list)
    }
    var value: Substring = "…"
    if let sign = rest.firstIndex(of: "=") {
      value = rest[rest.index(after: sign)...].drop { $0 == " " }
      if help.contains("\"{value}\"") || help.contains("^{value}") { value = unquoted(value) }
      if help.contains("\"{value}\"") { return fillEnvironment(help, String(name), value) }
    }
    return filled(
      help,
      [
        "name": name.isEmpty ? "NAME" : String(name), "call": call.isEmpty ? "NAME" : call,
        "value": value.isEmpty ? "…" : String(value), "rest": rest.isEmpty ? "…" : rest,
        "last": lastName(words(rest[...])),
      ])
  }

  /// The value of a variable of the environment, in which others stand as `$NAME`.
  private func fillEnvironment(_ help: String, _ name: String, _ value: Substring) -> String {
    var text = ""
    var rest = value
    while let sign = rest.firstIndex(of: "$") {
      text += rest[..<sign]
      rest = rest[sign...].dropFirst()
      let other = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let isKnown = isName(String(other))
      text += isKnown ? "${$env.\(other)}" : "$"
      rest = rest.dropFirst(isKnown ? other.count : 0)
    }
    text += rest
    return help.replacing("{name}", with: name.isEmpty ? "NAME" : name)
      .replacing("{value}", with: text.isEmpty ? "…" : text)
  }

  /// Where the parenthesis ends that a text begins with; those in strings do not count.
  private func closing(_ text: Substring) -> Substring.Index? {
    var (depth, quote, isEscaped) = (0, nil as Character?, false)
    for index in text.indices {
      let character = text[index]
      if isEscaped {
        isEscaped = false
      } else if let open = quote {
        if character == open { quote = nil }
        isEscaped = character == "\\" && open == "\""
      } else if character == "\"" || character == "'" {
        quote = character
      } else if character == "(" {
        depth += 1
      } else if character == ")" {
        depth -= 1
        if depth == 0 { return index }
      }
    }
    return nil
  }

  private func unquoted(_ text: Substring) -> Substring {
    guard let quote = text.first, quote == "\"" || quote == "'", text.count > 1,
      let end = text.dropFirst().firstIndex(of: quote)
    else { return text }
    return text[text.index(after: text.startIndex)..<end]
  }

  private func filled(_ text: String, _ values: [String: String]) -> String {
    var out = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      out += rest[..<open]
      rest = rest[open...]
      guard let close = rest.firstIndex(of: "}"),
        let value = values[String(rest[rest.index(after: open)..<close])]
      else {
        out += "{"
        rest = rest.dropFirst()
        continue
      }
      out += value
      rest = rest[rest.index(after: close)...]
    }
    // What was left out leaves no second blank.
    return (out + rest).split(separator: " ", omittingEmptySubsequences: true)
      .joined(separator: " ")
  }

  // MARK: Calls

  /// What to write instead of a call as other languages have it, `os.fork()` or `f(1, x)`.
  ///
  /// - Parameters:
  ///   - span: the name in front of the `(`, perhaps with a `$`.
  ///   - isOperand: whether it stands in an expression, so that brackets go around it.
  func call(_ span: Span, isOperand: Bool = false) -> String {
    var name = source.text(span)
    let isVariable = name.hasPrefix("$")
    if isVariable { name.removeFirst() }
    let arguments = self.arguments(Int(span.end))
    var parts = name.split(separator: ".").map(String.init)
    let last = parts.popLast() ?? name
    let object = parts.joined(separator: ".")
    let isModule = !isVariable && HintTable.modules.contains(object)
    let values = values(arguments, object: isModule ? "" : object)
    let count = arguments?.count ?? -1
    let first = arguments?.first ?? ""
    let entry = HintTable.calls.first { entry in
      guard let open = entry.name.firstIndex(of: "(") else { return entry.name == last }
      let wanted = entry.name[entry.name.index(after: open)...].dropLast()
      return entry.name[..<open] == last && (wanted == "\(count)" || wanted == first)
    }
    func advice(_ line: String) -> String {
      isOperand && !line.hasPrefix("(") && !line.contains(" = ") && !line.hasPrefix("$")
        ? "write (\(line))" : "write '\(line)'"
    }
    if let entry, isVariable || !object.isEmpty || isForeign(entry.line, last) {
      return advice(filled(entry.line, values))
    }
    if isVariable, object.isEmpty { return advice(filled("call $\(last) {args}", values)) }
    if !object.isEmpty, !isModule {
      return "a command comes first: \(filled("\(last) {object} {args}", values))"
    }
    let line = filled("\(last) {args}", values)
    if isOperand || isModule || ["print", "echo", "exit"].contains(last) { return advice(line) }
    return "write '\(line)', and (\(line)) for its value in an expression"
  }

  /// Whether a name alone, as `Queue`, means what the table has: `run` may be anybody's function.
  private func isForeign(_ line: String, _ name: String) -> Bool {
    !line.contains("{object}") && !line.contains("{target}") && name != "run" && name != "log"
  }

  private func values(_ arguments: [String]?, object: String) -> [String: String] {
    var values = [
      "args": arguments?.map { word($0) }.joined(separator: " ") ?? "…",
      "object": object.isEmpty ? "" : "$" + object, "target": object, "1": "…", "2": "…",
    ]
    for (i, argument) in (arguments ?? []).prefix(2).enumerated() {
      values["\(i + 1)"] = word(argument)
    }
    return values
  }

  /// The arguments of a call whose `(` stands at a place; nil if they are too much for a hint.
  private func arguments(_ open: Int) -> [String]? {
    var depth = 0
    var start = open + 1
    var result: [String] = []
    var i = open
    var quote: UInt8 = 0
    func take(_ end: Int) {
      let text = source.text(Span(start, end)).split(separator: " ").joined(separator: " ")
      if !text.isEmpty { result.append(text) }
      start = end + 1
    }
    while i < bytes.count, i - open < 200, bytes[i] != 0x0A {
      switch bytes[i] {
      case quote where quote != 0: quote = 0
      case _ where quote != 0: break
      case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = bytes[i]
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 {
          take(i)
          return result
        }
      case UInt8(ascii: ",") where depth == 1: take(i)
      default: break
      }
      i += 1
    }
    return nil
  }

  /// An argument of such a call as a word of a command.
  private func word(_ text: String) -> String {
    if case .value = literal(text) { return text }
    if isName(text) { return ["true", "false", "null"].contains(text) ? text : "$" + text }
    if let sign = text.firstIndex(of: "="), isName(String(text[..<sign])) {
      let value = text[text.index(after: sign)...]
      return "--\(text[..<sign]) \(word(String(value)))"
    }
    guard let first = text.first else { return "…" }
    if first == "\"" || first == "'" || first == "[" || first == "{" || first == "$" {
      let isOne = first == "\"" || first == "'" ? isOneText(text) : first != "$"
      return text.contains(" ") && !isOne ? "(\(text))" : text
    }
    return "…"
  }

  /// Whether a text in quotes ends where the whole does.
  private func isOneText(_ text: String) -> Bool {
    guard let quote = text.first else { return false }
    return text.dropFirst().firstIndex(of: quote) == text.index(before: text.endIndex)
  }

  // MARK: Signs

  /// The hint for a sign that stands at a place, where no expression can go on.
  func sign(at place: Int) -> (span: Span, help: String)? {
    // `$i++` at the end of a line is an operand short only behind it.
    let isAtEnd =
      place >= bytes.count || [0x0A, 0x29, 0x7D, UInt8(ascii: ";")].contains(bytes[place])
    for (sign, help) in HintTable.signs {
      let length = sign.utf8.count
      let first = max(0, place - length + (isAtEnd && length == 2 ? 0 : 1))
      for start in stride(from: place, through: first, by: -1) where start + length <= bytes.count {
        guard bytes[start..<start + length].elementsEqual(sign.utf8) else { continue }
        if start + length == place, sign != "++", sign != "--" { continue }
        let span = Span(start, start + length)
        let left = operand(before: start)
        let right = operand(behind: start + length)
        let name = left.hasPrefix("$") ? String(left.dropFirst()) : left == "…" ? "name" : left
        return (span, filled(help, ["left": left, "right": right, "name": name]))
      }
    }
    return nil
  }

  private func operand(before end: Int) -> String {
    var end = end
    while end > 0, bytes[end - 1] == 0x20 { end -= 1 }
    var start = end
    while start > 0, isOperandByte(bytes[start - 1]) { start -= 1 }
    return start == end ? "…" : source.text(Span(start, end))
  }

  private func operand(behind start: Int) -> String {
    var start = start
    while start < bytes.count, bytes[start] == 0x20 { start += 1 }
    var end = start
    while end < bytes.count, isOperandByte(bytes[end]) { end += 1 }
    return start == end ? "…" : source.text(Span(start, end))
  }

  private func isOperandByte(_ byte: UInt8) -> Bool {
    isNameByte(byte) || byte == UInt8(ascii: "$") || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "\"") || byte >= 0x80
  }
}
