/// What the parser advises where a text goes on in a way that only other languages know.
extension Parser {
  var hints: HintSearch { HintSearch(source) }

  /// The hint for what stands at the current position, which cannot stand there.
  func hint(expecting what: String) -> String? {
    if isAtEnd { return nil }
    if byte == UInt8(ascii: ","), !["the end of the statement", "')'"].contains(what) {
      return nil
    }
    if byte == UInt8(ascii: "`") { return "( … ) gives a program's output" }
    if what == "a file behind the redirection" { return redirectionHint }
    if what == "')'", byte == UInt8(ascii: ";") {
      return "( ) holds one expression or command; several in a process of their own: fork { …; … }"
    }
    if what == "a value", byte == UInt8(ascii: "="), position > 0, byteBefore() == UInt8(ascii: "{")
    {
      return "there is no place {= … =}; a shell computes from an input: "
        + "pool run --shell 'x={}; echo ${x%.*}'"
    }
    // `$x.len()`
    if byte == UInt8(ascii: "("), let call = callBefore(position) {
      return hints.call(call, isOperand: what != "the end of the statement")
    }
    if let sign = hints.sign(at: position) { return sign.help }
    if what == "a value", byte == UInt8(ascii: "|") {
      return "a function as a value is a block: { |x| … }"
    }
    if what == "a name", byte == UInt8(ascii: "[") || byte == UInt8(ascii: "(") {
      return "a declaration has one name; take items out one by one: let a = $list[0]"
    }
    if what == "'{'", byte == UInt8(ascii: "=") {
      return "compare with '=='; assign as 'name = value'"
    }
    guard ["'{'", "the end of the statement", "'catch' or 'finally' behind the '}'"].contains(what)
    else { return nil }
    var probe = self
    if probe.byte == UInt8(ascii: ";"), what == "'{'" { probe.position += 1 }
    probe.skipBlanks()
    return HintTable.connectives.first { probe.isConnective($0.word) }?.help
  }

  /// The hint for `>| f` and `3<>f`.
  private var redirectionHint: String? {
    switch byte {
    case UInt8(ascii: "|"): "'>' writes to a file that is there, too"
    case UInt8(ascii: ">"):
      "a file is opened for reading by '<', for writing by '>'; pipe new --raw makes both ends of a pipe"
    default: nil
    }
  }

  private func isConnective(_ word: String) -> Bool {
    word == ":" ? byte == UInt8(ascii: ":") : isKeyword(word)
  }

  /// The name with its suffixes that ends at a place, as `$p.join`.
  private func callBefore(_ end: Int) -> Span? {
    var start = end
    while start > 0, isNameByte(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: ".") {
      start -= 1
    }
    if start > 0, start < end, bytes[start - 1] == UInt8(ascii: "$") { start -= 1 }
    return start < end ? Span(start, end) : nil
  }

  /// `$f 3` and `$f(3)`, where a function in a variable was to be called.
  func callHint(after statement: Statement) -> String? {
    let value: Expression
    switch statement.kind {
    case .expression(let expression): value = expression
    case .declare(let declaration): value = declaration.value
    case .assign(let assignment): value = assignment.value
    case .returnValue(let expression?): value = expression
    default: return nil
    }
    guard case .variable(let use) = value.kind else { return nil }
    if byte == UInt8(ascii: "("), isNameByte(byteBefore()) { return nil }
    let isArgument =
      isDigit(byte) || [0x22, 0x24, 0x27, 0x28, 0x5B, UInt8(ascii: "{")].contains(byte)
    guard isArgument else { return nil }
    let rest = source.text(Span(position, hints.statementEnd(position)))
    return "a function in a variable is called by: call $\(use.name) \(rest)"
  }

  /// Throws where a command's word is called as functions of other languages are: `f(1, 2)`.
  func refuseCall() throws {
    var end = position
    while end < bytes.count,
      isNameByte(bytes[end]) || bytes[end] == UInt8(ascii: ".")
        || (bytes[end] == UInt8(ascii: "-") && end > position)
    {
      end += 1
    }
    guard end > position, isNameStart(byte), end < bytes.count, bytes[end] == UInt8(ascii: "(")
    else { return }
    let name = source.text(Span(position, end))
    throw error(
      "'\(name)' takes its arguments without parentheses around them",
      Span(position, callEnd(end)),
      help: functionHint(end) ?? variableCallHint(name, end) ?? hints.call(Span(position, end)))
  }

  /// The hint for a statement that begins at a place and does not parse, on its line.
  func statementHint(_ start: Int, _ error: ErrorObject) -> String? {
    guard let place = error.location?.span, place.start >= start,
      Int(place.start) <= hints.statementEnd(start)
    else { return nil }
    return hints.statement(at: start)
  }

  /// Whether an error of a loop stands in front of its block.
  func isBeforeBlock(_ error: ErrorObject, _ start: Int) -> Bool {
    guard let place = error.location?.span, place.start >= start else { return false }
    let between = bytes[start..<min(Int(place.start), bytes.count)]
    return !between.contains(UInt8(ascii: "{")) && !between.contains(0x0A)
  }

  /// Where the value of `NAME=value` ends, which may be quoted.
  func gluedValueEnd(_ start: Int) -> Int {
    let isCommand = start + 1 < bytes.count && bytes[start] == UInt8(ascii: "$")
    if let open = isCommand ? start + 1 : start < bytes.count ? start : nil,
      bytes[open] == UInt8(ascii: "("), let end = lineBracketEnd(open)
    {
      return end
    }
    let quote = start < bytes.count ? bytes[start] : 0
    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return tokenEnd(start) }
    var end = start + 1
    while end < bytes.count, bytes[end] != quote, bytes[end] != 0x0A { end += 1 }
    return min(end + 1, bytes.count)
  }

  /// The value of `NAME=value` as it is written here: `$(date)` and `$((i+1))` are others.
  func gluedValue(_ text: String) -> String {
    if text.hasPrefix("$(("), text.hasSuffix("))") {
      let inner = text.dropFirst(3).dropLast(2)
      var result = ""
      for character in inner {
        let isInName =
          result.last.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" } ?? false
        if "+-*/%".contains(character) {
          result += " \(character) "
          continue
        }
        if character.isLetter || character == "_", !isInName { result += "$" }
        result.append(character)
      }
      return result.split(separator: " ").joined(separator: " ")
    }
    if text.hasPrefix("$("), text.hasSuffix(")") { return "(^\(text.dropFirst(2).dropLast()))" }
    return text
  }

  /// What follows `NAME=value`: a command, as shells have it, or `&&`.
  func gluedHint(_ name: String, _ end: Int, _ assignment: String) -> String? {
    var probe = self
    probe.position = end
    probe.skipBlanks()
    guard probe.position > end else { return nil }
    let rest = source.text(Span(probe.position, hints.statementEnd(probe.position)))
    if rest.hasPrefix("&&") {
      return "write '\(assignment); \(rest.dropFirst(2).drop { $0 == " " })'"
    }
    guard probe.startsCommand() else { return nil }
    return "write 'env \(source.text(Span(position, hints.statementEnd(position))))' to give "
      + "one program a variable, 'env.\(name) = …' for all that follow"
  }

  /// The place behind the `)` of a call on one line.
  private func callEnd(_ open: Int) -> Int { lineBracketEnd(open) ?? open + 1 }

  /// The place behind the bracket that closes the one at a place, if it stands on the same line.
  private func lineBracketEnd(_ open: Int) -> Int? {
    bracketEnd(open).flatMap { bytes[open..<$0].contains(0x0A) ? nil : $0 }
  }

  /// `f(3)` of a variable that holds a function.
  private func variableCallHint(_ name: String, _ open: Int) -> String? {
    guard declaredNames.contains(name), !source.text(Span(0, bytes.count)).contains("fn \(name)")
    else { return nil }
    let call = hints.call(Span(position, open), isOperand: true)
    return call.hasPrefix("write (\(name)")
      ? "a function in a variable is called by: call $" + call.dropFirst("write (".count).dropLast()
      : nil
  }

  /// `f() { … }`, as shells define a function.
  private func functionHint(_ open: Int) -> String? {
    var probe = self
    probe.position = callEnd(open)
    probe.skipBlanks()
    guard probe.byte == UInt8(ascii: "{") else { return nil }
    let name = source.text(Span(position, open))
    let list = source.text(Span(open, callEnd(open)))
    return "a function is written: fn \(name)\(list == "()" ? "" : list) { … }"
  }

  /// Throws for a block that was meant as a map: `{a: 1}`.
  func refuseBracedMap() throws {
    var probe = self
    probe.position += 1
    while [0x20, 0x09, 0x0A, 0x0D].contains(probe.byte), !probe.isAtEnd { probe.position += 1 }
    let quote = probe.byte
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      probe.position += 1
      while !probe.isAtEnd, probe.byte != quote, probe.byte != 0x0A { probe.position += 1 }
      probe.position += 1
    } else {
      guard isNameStart(probe.byte) else { return }
      while isNameByte(probe.byte) || probe.byte == UInt8(ascii: "-") { probe.position += 1 }
    }
    guard probe.byte == UInt8(ascii: ":") else { return }
    guard
      [0x20, 0x09, 0x0A, 0x22, 0x27, 0x5B, 0x7B, 0x24].contains(probe.byte(at: 1))
        || isDigit(probe.byte(at: 1))
    else { return }
    let end = bracketEnd(position)
    var map = "[a: 1]"
    if let end, end - position <= 60 {
      let inner = source.text(Span(position + 1, end - 1)).split { $0 == " " || $0 == "\n" }
      let text = inner.joined(separator: " ")
      if !text.contains("{") { map = "[\(text)]" }
    }
    throw error(
      "braces hold a block, and this looks like a map",
      Span(position, lineBracketEnd(position) ?? position + 1), help: "a map is written \(map)")
  }

  /// The hint for a `for` over what is no list: `for x in 1 2 3 { … }`.
  ///
  /// - Parameters:
  ///   - names: the loop's variables.
  ///   - start: where what is behind `in` begins.
  func loopHint(_ names: String, _ start: Int) -> String? {
    var end = start
    while end < bytes.count, ![0x0A, UInt8(ascii: ";"), UInt8(ascii: "{")].contains(bytes[end]) {
      end += 1
    }
    let text = source.text(Span(start, end))
    let words = text.split(separator: " ").map(String.init)
    guard let first = words.first else {
      // `{1..3}`
      guard end < bytes.count, bytes[end] == UInt8(ascii: "{"), let close = lineBracketEnd(end),
        case let range = source.text(Span(end + 1, close - 1)), range.contains("..")
      else { return nil }
      return "a range stands alone: for \(names) in \(range) { … }"
    }
    if let list = loopList(first, words, text) { return "write: for \(names) in \(list) { … }" }
    guard words.count > 1, words.allSatisfy({ isPlainItem($0) }) else { return nil }
    return "the items are one list: for \(names) in [\(words.joined(separator: ", "))] { … }"
  }

  /// What `range(3)`, `$(seq 3)` or `*.txt` is in Brood.
  private func loopList(_ first: String, _ words: [String], _ text: String) -> String? {
    if first.hasPrefix("range(") {
      let list = text.dropFirst(6).prefix { $0 != ")" }.split(separator: ",")
        .map { $0.split(separator: " ").joined() }
      switch list.count {
      case 1: return "0..<\(list[0])"
      case 2: return "\(list[0])..<\(list[1])"
      default: return "(range \(list.joined(separator: " ")))"
      }
    }
    if first == "range" { return "(\(words.joined(separator: " ")))" }
    if ["seq", "$(seq", "`seq"].contains(first) { return "1..3" }
    if first.contains("*"), words.count == 1 { return "(glob \"\(first)\")" }
    return nil
  }

  private func isPlainItem(_ word: String) -> Bool {
    let bytes = Array(word.utf8)
    guard let first = bytes.first else { return false }
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      return bytes.count > 1 && bytes.last == first
    }
    let isVariable = first == UInt8(ascii: "$")
    if ["and", "or", "not", "in", "then", "do", "if"].contains(word) { return false }
    return bytes.dropFirst(isVariable ? 1 : 0).allSatisfy {
      isNameByte($0) || [0x2D, 0x2E, 0x2F].contains($0)
    } && word != "-" && word != "/" && word != "//"
  }

  /// What to advise of a bare word in an expression.
  func bareWordHelp(_ word: String, _ span: Span) -> String {
    let name = String(word.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    if declaredNames.contains(name), !word.contains("(") { return "did you mean '$\(word)'?" }
    if word == "fn" || word == "lambda" { return "a function as a value is a block: { |x| … }" }
    if let constant = HintTable.constants[word] { return "write '\(constant)'" }
    if word.hasSuffix(":"), let constant = HintTable.constants[String(word.dropLast())] {
      return "write '\(constant)', and the block in braces behind it: { … }"
    }
    if let help = bracedHelp(span) ?? conditionHelp(word, span) { return help }
    let end = Int(span.end)
    if isComprehension(end) {
      return "a list of computed items is made by map: (map 0..<3 { |\(name)| … })"
    }
    if end < bytes.count, bytes[end] == UInt8(ascii: "("), isNameStart(bytes[Int(span.start)]) {
      return hints.call(span, isOperand: true)
    }
    if isInTest(span) {
      return "[ … ] is a list; write 'ok ^test \(testText(span))', or (exists \"…\") for a file"
    }
    if ["eq", "ne", "lt", "le", "gt", "ge"].contains(word), Int(span.start) > 0,
      bytes[Int(span.start) - 1] == UInt8(ascii: "-")
    {
      return "numbers and texts are compared by == != < <= > >=, as: if $n == 2 { … }"
    }
    return "quote it, write $\(isName(word) ? word : "name") for a variable,"
      + " or write ( \(word) … ) to call it"
  }

  /// The hint for `${x:-3}` and `${x[0]}`, where an expression stands in braces.
  private func bracedHelp(_ span: Span) -> String? {
    let start = Int(span.start)
    guard start > 1, bytes[start - 1] == UInt8(ascii: "{"), bytes[start - 2] == UInt8(ascii: "$")
    else { return nil }
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "}"), bytes[end] != 0x0A { end += 1 }
    let text = source.text(Span(start, end))
    let name = String(text.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    guard isName(name), name.count < text.count else { return nil }
    let value = VariableNames.value(name)
    let rest = text.dropFirst(name.count)
    if rest.hasPrefix(":-") || rest.hasPrefix(":=") {
      return "write ${\(value) ?? \"\(rest.dropFirst(2))\"} for a value where there is none"
    }
    if rest.first == "[" { return "write ${\(value)\(rest)}" }
    return "an expression stands in ${ }, with '$' before names: ${\(value) …}"
  }

  /// The hint for `if test -f x; then`, where a program decides.
  private func conditionHelp(_ word: String, _ span: Span) -> String? {
    let start = Int(span.start)
    let isIf = source.text(Span(0, start)).hasSuffix("if ")
    guard isIf || source.text(Span(0, start)).hasSuffix("while "), isName(word) else { return nil }
    if word == "read" {
      return "write: for line in (lines (read \"FILE\")) { … }; 'input' reads a line of standard "
        + "input"
    }
    var end = Int(span.end)
    while end < bytes.count, ![0x0A, UInt8(ascii: ";"), UInt8(ascii: "{")].contains(bytes[end]) {
      end += 1
    }
    let text = source.text(Span(start, end)).split(separator: " ").joined(separator: " ")
    let words = text.split(separator: " ")
    // Behind an operator it is a variable whose '$' was forgotten.
    guard words.count > 1, let next = words.dropFirst().first,
      next.first.map({ $0.isLetter || $0.isNumber || "-$/\"'.".contains($0) }) ?? false,
      !["and", "or", "in", "not", "is"].contains(next)
    else { return nil }
    return "where a program decides write: \(isIf ? "if" : "while") (ok \(text)) { … }"
  }

  /// Whether `for` follows, as in `[x for x in xs]`.
  private func isComprehension(_ end: Int) -> Bool {
    var probe = self
    probe.position = end
    probe.skipBlanks()
    return probe.isKeyword("for")
  }

  /// Whether a word stands as in `[ -f x ]`, behind a bracket and a dash.
  private func isInTest(_ span: Span) -> Bool {
    let start = Int(span.start)
    guard start > 1, span.end - span.start == 1, bytes[start - 1] == UInt8(ascii: "-") else {
      return false
    }
    var i = start - 2
    while i > 0, bytes[i] == 0x20 { i -= 1 }
    return bytes[i] == UInt8(ascii: "[")
  }

  private func testText(_ span: Span) -> String {
    var end = Int(span.end)
    while end < bytes.count, ![0x5D, 0x0A, UInt8(ascii: ";")].contains(bytes[end]) { end += 1 }
    return source.text(Span(Int(span.start) - 1, end)).split(separator: " ").joined(separator: " ")
  }
}
