/// Declarations and assignments.
extension Parser {
  mutating func declaration(isConstant: Bool) throws -> Declaration {
    let (name, span) = try variableName()
    skipBlanks()
    guard byte == UInt8(ascii: "="), byte(at: 1) != UInt8(ascii: "=") else {
      let keyword = isConstant ? "let" : "var"
      throw unexpected(
        expecting: "'=' and a value",
        help: byte == UInt8(ascii: ",")
          ? "a declaration has one name; take items out one by one: \(keyword) \(name) = $list[0]"
          : "declare as '\(keyword) \(name) = …'")
    }
    position += 1
    return Declaration(
      name: name, nameSpan: span, isConstant: isConstant, value: try assignedValue())
  }

  /// A plain variable name; a `$` before it is a common slip and named as such.
  mutating func variableName() throws -> (String, Span) {
    let start = position
    if byte == UInt8(ascii: "$") {
      throw error("the name stands without '$' where it is declared")
    }
    guard isNameStart(byte) else { throw unexpected(expecting: "a name") }
    while isNameByte(byte), !isAtEnd { position += 1 }
    let span = Span(start, position)
    if byte == UInt8(ascii: "-"), isNameByte(byte(at: 1)) {
      throw error(
        "a variable's name has no '-'", Span(start, tokenEnd(position)), help: "use '_' instead")
    }
    let name = source.text(span)
    declaredNames.insert(name)
    return (name, span)
  }

  /// What stands after `=`: an expression, a command, an `if` or a `try`.
  mutating func assignedValue() throws -> Expression {
    let end = position
    skipBlanks()
    if position > end { expect(.command(isForced: false, isStatement: false)) }
    if isAtStatementEnd { throw unexpected(expecting: "a value") }
    return try valueItem()
  }

  /// An item, or an `if` or `try` as a value.
  mutating func valueItem() throws -> Expression {
    let start = position
    if sink != nil, isNameStart(byte), wordNameEnd(position) == bytes.count {
      note(
        .command(isForced: false, isStatement: false), from: position,
        text: source.text(Span(position, bytes.count)))
    }
    for (word, isIf) in [("if", true), ("try", false)] where isKeyword(word) {
      position += word.utf8.count
      skipBlanks()
      let kind: ExpressionKind =
        isIf ? .ifElse(try conditional()) : .tryCatch(try tryStatement())
      return Expression(kind, Span(start, position))
    }
    for word in Parser.valuelessWords where isKeyword(word) {
      throw error(
        "'\(word)' stands where a value is expected, and yields none",
        Span(start, start + word.utf8.count),
        help: word == "fn"
          ? "a function as a value is a block: { |x| … }" : "it is a statement of its own")
    }
    return try item()
  }

  /// Keywords of statements that are no expressions.
  static let valuelessWords = ["let", "var", "fn", "while", "for", "return", "throw"]

  mutating func assignment() throws -> StatementKind? {
    let start = position
    guard let opStart = assignmentOperator(position) else {
      try rejectGluedAssignment()
      try rejectTarget()
      return nil
    }
    let (name, nameSpan) = try variableName()
    var path: [PathStep] = []
    while position < opStart, byte == UInt8(ascii: ".") || byte == UInt8(ascii: "[") {
      let stepStart = position
      let key = try suffixKey(of: nil)
      path.append(PathStep(key: key, span: Span(stepStart, position)))
    }
    skipBlanks()
    let op: BinaryOperator? =
      switch byte {
      case UInt8(ascii: "+"): .add
      case UInt8(ascii: "-"): .subtract
      case UInt8(ascii: "*"): .multiply
      case UInt8(ascii: "/"): .divide
      default: nil
      }
    position += op == nil ? 1 : 2
    let value = try assignedValue()
    return .assign(
      Assignment(
        name: name, nameSpan: nameSpan, path: path, op: op, value: value,
        span: Span(start, position)))
  }

  /// Where the operator of `NAME suffixes = …` stands, nil if this is no assignment.
  func assignmentOperator(_ start: Int) -> Int? {
    var i = start
    while i < bytes.count, isNameByte(bytes[i]) { i += 1 }
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "."), i + 1 < bytes.count, isNameStart(bytes[i + 1]) {
        i += 1
        while i < bytes.count, isNameByte(bytes[i]) { i += 1 }
      } else if bytes[i] == UInt8(ascii: "[") {
        guard let end = bracketEnd(i) else { return nil }
        i = end
      } else {
        break
      }
    }
    let suffixEnd = i
    while i < bytes.count, bytes[i] == 0x20 || bytes[i] == 0x09 { i += 1 }
    guard i > suffixEnd, i < bytes.count else { return nil }
    let opStart = i
    if [0x2B, 0x2D, 0x2A, 0x2F].contains(bytes[i]) { i += 1 }
    guard i < bytes.count, bytes[i] == UInt8(ascii: "=") else { return nil }
    i += 1
    guard i >= bytes.count || [0x20, 0x09, 0x0A, 0x0D].contains(bytes[i]) else { return nil }
    return opStart
  }

  /// `counts.404 += 1`, and `xs[` without its other bracket.
  private func rejectTarget() throws {
    var i = position
    while i < bytes.count, isNameByte(bytes[i]) { i += 1 }
    while i < bytes.count, i > position {
      if bytes[i] == UInt8(ascii: "[") {
        switch bracketMatch(i) {
        case .end(let end): i = end
        case .mismatch: throw error("this '[' is never closed", Span(i, i + 1))
        case .open:
          expectKey(position, i)
          throw error("this '[' is never closed", Span(i, i + 1), partial: true)
        }
      } else if bytes[i] == UInt8(ascii: "."), i + 1 < bytes.count, isNameStart(bytes[i + 1]) {
        i += 1
        while i < bytes.count, isNameByte(bytes[i]) { i += 1 }
      } else {
        break
      }
    }
    guard i + 1 < bytes.count, bytes[i] == UInt8(ascii: "."), isDigit(bytes[i + 1]) else { return }
    var end = i + 1
    while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
    // With another key in its place it would be an assignment.
    var copy = self
    copy.position = end
    copy.skipBlanks()
    let op = source.text(Span(copy.position, copy.tokenEnd(copy.position)))
    guard copy.position > end, ["=", "+=", "-=", "*=", "/="].contains(op) else { return }
    throw numberedField(Span(position, i), Span(i, end), op: " \(op) …")
  }

  /// Tells what could stand behind the bracket at `open`, behind a name that begins at `start`.
  private func expectKey(_ start: Int, _ open: Int) {
    guard sink != nil else { return }
    var copy = self
    copy.position = open
    let name = Span(start, open)
    let base = Expression(.variable(VariableUse(source.text(name), name)), name)
    _ = try? copy.suffixKey(of: base)
  }

  /// `.404` is no field.
  func numberedField(_ base: Span, _ field: Span, op: String = "") -> ErrorObject {
    let key = source.text(field).dropFirst()
    return error(
      "'.\(key)' is no field, since its name begins with a digit", field,
      help: "write \(source.text(base))[\"\(key)\"]\(op)")
  }

  /// The place behind the bracket that closes the one at `start`; nil if there is none.
  func bracketEnd(_ start: Int) -> Int? {
    if case .end(let end) = bracketMatch(start) { return end }
    return nil
  }

  private enum BracketMatch {
    case end(Int)
    /// Another bracket stands in its place.
    case mismatch
    /// The text ends before.
    case open
  }

  private func bracketMatch(_ start: Int) -> BracketMatch {
    var closers: [UInt8] = []
    var skim = Skim(bytes, from: start)
    while let byte = skim.next() {
      switch byte {
      case UInt8(ascii: "["): closers.append(UInt8(ascii: "]"))
      case UInt8(ascii: "("): closers.append(UInt8(ascii: ")"))
      case UInt8(ascii: "{"): closers.append(UInt8(ascii: "}"))
      case 0x0A, UInt8(ascii: ";"): continue
      default: if closers.popLast() != byte { return .mismatch }
      }
      if closers.isEmpty { return .end(skim.position) }
      if closers.count > Parser.maximumNesting { return .mismatch }
    }
    return .open
  }

  /// `x=5` is a slip from other shells.
  func rejectGluedAssignment() throws {
    var i = position
    while i < bytes.count, isNameByte(bytes[i]) { i += 1 }
    var opEnd = i
    if opEnd < bytes.count, [0x2B, 0x2D, 0x2A, 0x2F].contains(bytes[opEnd]) { opEnd += 1 }
    guard opEnd < bytes.count, bytes[opEnd] == UInt8(ascii: "="),
      opEnd + 1 >= bytes.count || bytes[opEnd + 1] != UInt8(ascii: "=")
    else { return }
    let name = source.text(Span(position, i))
    let op = source.text(Span(i, opEnd + 1))
    let end = gluedValueEnd(opEnd + 1)
    let value = source.text(Span(opEnd + 1, end))
    let assignment = "\(name) \(op) \(value.isEmpty ? "…" : gluedValue(value))"
    let list = value.hasPrefix("(") ? "; a list is written [a, b]" : ""
    let new = (op == "=" ? ", or 'let \(assignment)' for a new variable" : "") + list
    throw error(
      "an assignment needs blanks around '\(op)'", Span(position, end),
      help: gluedHint(name, end, assignment) ?? "write '\(assignment)'\(new)")
  }
}
