/// Expressions, loosest binding first: `or`; `and`; `not`; comparisons; `??`; ranges; sums;
/// products; unary minus; suffixes.
extension Parser {
  mutating func expression() throws -> Expression { try orExpression() }

  private mutating func leftChain(
    _ operand: (inout Parser) throws -> Expression,
    _ next: (inout Parser) throws -> ((Expression, Expression) -> ExpressionKind)?
  ) throws -> Expression {
    var left = try operand(&self)
    var length = 0
    while true {
      let before = position
      skipBlanks()
      guard let combine = try next(&self) else {
        position = before
        return left
      }
      length += 1
      if length > Parser.maximumChain { throw error("this expression is too long") }
      skipBlanks()
      let right = try operand(&self)
      left = Expression(combine(left, right), left.span.joined(right.span))
    }
  }

  private mutating func orExpression() throws -> Expression {
    try leftChain({ try $0.andExpression() }) { $0.takeKeyword("or") ? { .or($0, $1) } : nil }
  }

  private mutating func andExpression() throws -> Expression {
    try leftChain({ try $0.notExpression() }) { $0.takeKeyword("and") ? { .and($0, $1) } : nil }
  }

  private mutating func takeKeyword(_ word: String) -> Bool {
    guard isKeyword(word) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func notExpression() throws -> Expression {
    let start = position
    guard isKeyword("not") else { return try comparison() }
    position += 3
    skipBlanks()
    let operand = try nested { try $0.notExpression() }
    return Expression(.not(operand), Span(start, Int(operand.span.end)))
  }

  private mutating func comparison() throws -> Expression {
    try leftChain({ try $0.coalescing() }) { parser in
      let (first, second) = (parser.byte, parser.byte(at: 1))
      let op: BinaryOperator
      switch (first, second) {
      case (UInt8(ascii: "="), UInt8(ascii: "=")): op = .equal
      case (UInt8(ascii: "!"), UInt8(ascii: "=")): op = .notEqual
      case (UInt8(ascii: "<"), UInt8(ascii: "=")): op = .lessEqual
      case (UInt8(ascii: ">"), UInt8(ascii: "=")): op = .greaterEqual
      case (UInt8(ascii: "<"), _): op = .less
      case (UInt8(ascii: ">"), _): op = .greater
      default:
        if parser.takeKeyword("in") { return { .binary(.contained, $0, $1) } }
        let before = parser.position
        if parser.takeKeyword("not") {
          parser.skipBlanks()
          if parser.takeKeyword("in") {
            return { left, right in
              .not(
                Expression(.binary(.contained, left, right), left.span.joined(right.span)))
            }
          }
          parser.position = before
        }
        return nil
      }
      parser.position += op.rawValue.utf8.count
      return { .binary(op, $0, $1) }
    }
  }

  private mutating func coalescing() throws -> Expression {
    try leftChain({ try $0.rangeExpression() }) { parser in
      guard parser.byte == UInt8(ascii: "?"), parser.byte(at: 1) == UInt8(ascii: "?") else {
        return nil
      }
      parser.position += 2
      return { .coalesce($0, $1) }
    }
  }

  private mutating func rangeExpression() throws -> Expression {
    let left = try sum()
    let before = position
    skipBlanks()
    guard byte == UInt8(ascii: "."), byte(at: 1) == UInt8(ascii: "."),
      byte(at: 2) != UInt8(ascii: ".")
    else {
      position = before
      return left
    }
    position += 2
    let isInclusive = byte != UInt8(ascii: "<")
    if !isInclusive { position += 1 }
    skipBlanks()
    let right = try sum()
    return Expression(
      .range(left, right, inclusive: isInclusive), left.span.joined(right.span))
  }

  private mutating func sum() throws -> Expression {
    try leftChain({ try $0.product() }) { parser in
      let op: BinaryOperator
      switch parser.byte {
      case UInt8(ascii: "+"): op = .add
      case UInt8(ascii: "-"): op = .subtract
      default: return nil
      }
      if parser.byte(at: 1) == UInt8(ascii: "=") { return nil }
      parser.position += 1
      return { .binary(op, $0, $1) }
    }
  }

  private mutating func product() throws -> Expression {
    try leftChain({ try $0.unary() }) { parser in
      var op: BinaryOperator
      switch parser.byte {
      case UInt8(ascii: "*"): op = .multiply
      case UInt8(ascii: "/"): op = .divide
      case UInt8(ascii: "%"): op = .remainder
      default: return nil
      }
      if parser.byte(at: 1) == UInt8(ascii: "=") { return nil }
      parser.position += 1
      if op == .divide, parser.byte == UInt8(ascii: "/") {
        parser.position += 1
        op = .floorDivide
      }
      return { .binary(op, $0, $1) }
    }
  }

  private mutating func unary() throws -> Expression {
    guard byte == UInt8(ascii: "-") else { return try suffixed() }
    let start = position
    if isDigit(byte(at: 1)) { return try suffixed() }
    position += 1
    skipBlanks()
    let operand = try nested { try $0.unary() }
    return Expression(.negate(operand), Span(start, Int(operand.span.end)))
  }

  private mutating func suffixed() throws -> Expression {
    let value = try suffixes(of: try primary())
    if byte == UInt8(ascii: "."), isDigit(byte(at: 1)) {
      var end = position + 1
      while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
      throw numberedField(value.span, Span(position, end))
    }
    return value
  }

  /// `.key` and `[index]` directly behind a value.
  mutating func suffixes(of base: Expression) throws -> Expression {
    var result = base
    var length = 0
    while (byte == UInt8(ascii: ".") && isNameStart(byte(at: 1))) || byte == UInt8(ascii: "[") {
      length += 1
      if length > Parser.maximumChain { throw error("this expression is too long") }
      let isField = byte == UInt8(ascii: ".")
      let start = position + 1
      let key = try suffixKey(of: result)
      if isField { expect(member(of: result), from: start) }
      let span = Span(Int(base.span.start), position)
      if isField, case .constant(.string(let name)) = key.kind {
        result = Expression(.field(result, name.string), span)
      } else {
        result = Expression(.index(result, key), span)
      }
    }
    if byte == UInt8(ascii: "."), position + 1 == bytes.count {
      note(member(of: result), from: position + 1)
    }
    return result
  }

  /// The key of `.key` (as a constant text) or `[index]` at the current place.
  ///
  /// - Parameter base: what stands in front of it, for what could stand where the text ends.
  mutating func suffixKey(of base: Expression?) throws -> Expression {
    let start = position
    if byte == UInt8(ascii: ".") {
      position += 1
      let nameStart = position
      while isNameByte(byte), !isAtEnd { position += 1 }
      let name = source.text(Span(nameStart, position))
      return Expression(.constant(.text(name)), Span(start, position))
    }
    position += 1
    return try bracketed(start, close: UInt8(ascii: "]"), expecting: { $0.key(of: base) }) {
      parser in
      if parser.byte == UInt8(ascii: "]") { throw parser.unexpected(expecting: "an index") }
      return try parser.listElement(in: base)
    }
  }

  // MARK: Primaries

  private mutating func primary() throws -> Expression {
    let start = position
    switch byte {
    case UInt8(ascii: "$"): return try variable()
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return try string()
    case UInt8(ascii: "("): return try parenthesized()
    case UInt8(ascii: "["): return try listOrMap()
    case UInt8(ascii: "{"): return try closure()
    case 0x30...0x39, UInt8(ascii: "-"): return try number()
    default: break
    }
    for (word, value) in [("true", Value.bool(true)), ("false", .bool(false)), ("null", .null)]
    where isKeyword(word) {
      position += word.utf8.count
      return Expression(.constant(value), Span(start, position))
    }
    if !isAtEnd,
      isNameStart(byte) || byte == UInt8(ascii: "^") || byte == UInt8(ascii: "/")
        || byte == UInt8(ascii: "~") || byte == UInt8(ascii: ".")
    {
      let span = Span(start, tokenEnd(start))
      let word = source.text(span)
      throw error(
        "'\(word)' is a bare word in an expression", span, help: bareWordHelp(word, span))
    }
    if byte == UInt8(ascii: "!"), byte(at: 1) != UInt8(ascii: "=") {
      var probe = self
      probe.position += 1
      probe.skipBlanks()
      let operand = source.text(Span(probe.position, tokenEnd(probe.position)))
      let isOperand = !probe.isAtEnd && probe.byte != 0x0A && probe.byte != UInt8(ascii: "!")
      throw unexpected(
        expecting: "a value", help: "write 'not \(isOperand ? operand : "…")'")
    }
    throw unexpected(expecting: "a value")
  }

  /// A number, duration or size.
  private mutating func number() throws -> Expression {
    let start = position
    if byte == UInt8(ascii: "-") { position += 1 }
    while !isAtEnd {
      if isNameByte(byte) {
        let isExponent = byte | 0x20 == UInt8(ascii: "e") && isDigit(byteBefore())
        position += 1
        if isExponent, byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"), isDigit(byte(at: 1)),
          !source.text(Span(start, position)).contains("x")
        {
          position += 1
        }
      } else if byte == UInt8(ascii: "."), isDigit(byte(at: 1)) {
        position += 1
      } else {
        break
      }
    }
    let span = Span(start, position)
    let text = source.text(span)
    switch literal(text) {
    case .value(let value): return Expression(.constant(value), span)
    case .overflow: throw error("'\(text)' does not fit in 64 bits", span)
    case .none:
      throw error(
        "'\(text)' is not a number, a duration or a size", span,
        help: "units are ns us ms s m h d and B kB MB GB KiB MiB GiB")
    }
  }

  /// `$name` or `${ … }`.
  mutating func variable() throws -> Expression {
    let start = position
    position += 1
    expect(.variable)
    if byte == UInt8(ascii: "{") { return try braced(start) }
    guard isNameStart(byte), !isAtEnd else {
      if isDigit(byte) {
        throw error(
          "'$' is followed by a digit", Span(start, position + 1),
          help: "a script's arguments are $args[0], $args[1], …; quote '\\$' to mean a dollar sign")
      }
      if byte == UInt8(ascii: "(") {
        throw error(
          "'$(' is not needed", Span(start, position + 1), help: "write ( … ) alone")
      }
      let sign = Character(Unicode.Scalar(byte))
      let hint = HintTable.parameters.first { $0.sign == sign && !isAtEnd }?.help
      throw error(
        "'$' stands without a name", Span(start, position),
        help: (hint.map { $0 + "; " } ?? "") + "quote it as '\\$' to mean a dollar sign")
    }
    let nameStart = position
    while isNameByte(byte), !isAtEnd { position += 1 }
    let span = Span(start, position)
    expect(.variable, from: nameStart)
    return Expression(
      .variable(VariableUse(source.text(Span(nameStart, position)), span)), span)
  }

  /// `${name}` or `${ expression }`, at its `{`.
  private mutating func braced(_ start: Int) throws -> Expression {
    let open = position
    position += 1
    let inner = try bracketed(open, close: UInt8(ascii: "}"), expecting: { _ in .variable }) {
      parser in
      let nameStart = parser.position
      var end = nameStart
      while end < parser.bytes.count, isNameByte(parser.bytes[end]) { end += 1 }
      var probe = parser
      probe.position = end
      probe.expect(.variable, from: nameStart)
      probe.skipBlanks()
      if end > nameStart, isNameStart(parser.bytes[nameStart]), probe.byte == UInt8(ascii: "}") {
        let span = Span(nameStart, end)
        parser.position = end
        return Expression(.variable(VariableUse(parser.source.text(span), span)), span)
      }
      if parser.byte == UInt8(ascii: "}") { throw parser.unexpected(expecting: "an expression") }
      return try parser.expression()
    }
    return Expression(inner.kind, Span(start, position))
  }

  /// `( … )`: an expression or a command.
  mutating func parenthesized() throws -> Expression {
    let open = position
    position += 1
    let inner = try bracketed(
      open, close: UInt8(ascii: ")"),
      expecting: { _ in .command(isForced: false, isStatement: false) }
    ) { parser in
      if parser.byte == UInt8(ascii: ")") {
        throw parser.unexpected(expecting: "an expression or a command")
      }
      return try parser.valueItem()
    }
    return Expression(inner.kind, Span(open, position), isParenthesized: true)
  }

  mutating func listOrMap() throws -> Expression {
    let open = position
    position += 1
    let kind: ExpressionKind = try bracketed(open, close: UInt8(ascii: "]")) { parser in
      if parser.byte == UInt8(ascii: ":") {
        let colon = parser.position
        parser.position += 1
        parser.skipBlanks()
        if parser.byte == UInt8(ascii: "]") { return .map([]) }
        parser.position = colon
      }
      var items: [ListItem] = []
      var entries: [(key: Expression, value: Expression)] = []
      while parser.byte != UInt8(ascii: "]"), !parser.isAtEnd {
        let start = parser.position
        if parser.bytes[start...].starts(with: [0x2E, 0x2E, 0x2E]) {
          parser.position += 3
          items.append(ListItem(value: try parser.expression(), isSpread: true))
        } else {
          let element = try parser.listElement()
          parser.skipBlanks()
          if parser.byte == UInt8(ascii: ":") {
            parser.position += 1
            parser.skipBlanks()
            entries.append((element, try parser.listElement()))
          } else {
            items.append(ListItem(value: element, isSpread: false))
          }
        }
        if !items.isEmpty, !entries.isEmpty {
          throw parser.error(
            "a list's items and a map's 'key: value' entries are mixed",
            Span(start, parser.position))
        }
        parser.skipBlanks()
        if parser.byte == UInt8(ascii: ",") {
          parser.position += 1
          parser.skipBlanks()
        } else if parser.byte != UInt8(ascii: "]"), !parser.isAtEnd {
          throw parser.unexpected(
            expecting: "',' or ']'", help: "items are separated by commas; quote text with blanks")
        }
      }
      return entries.isEmpty ? .list(items) : .map(entries)
    }
    return Expression(kind, Span(open, position))
  }

  /// An item of a list: an expression, or a lone bare word as text.
  ///
  /// - Parameter base: where it is an index, what stands in front of it.
  mutating func listElement(in base: Expression? = nil) throws -> Expression {
    let start = position
    var end = position
    while end < bytes.count, isListWordByte(bytes[end]) {
      if bytes[end] == UInt8(ascii: ":") {
        let isURL = end + 2 < bytes.count && bytes[end + 1] == 0x2F && bytes[end + 2] == 0x2F
        if !isURL { break }
      }
      end += 1
    }
    let word = source.text(Span(start, end))
    guard end > start, let first = word.utf8.first,
      isNameStart(first) || [0x2E, 0x2F, 0x7E, 0x2B, 0x40, 0x25, 0x3A].contains(first)
        || (first == 0x2D && !isDigit(byte(at: 1)) && end > start + 1)
    else { return try expression() }
    if case .value = literal(word) { return try expression() }
    if word == "not" || word == "if" || word == "try" { return try expression() }
    var probe = self
    probe.position = end
    probe.skipBlanks()
    guard probe.isAtEnd || [0x2C, 0x5D, 0x3A].contains(probe.byte) else {
      return try expression()
    }
    position = end
    expect(key(of: base), from: start)
    return Expression(.constant(.text(word)), Span(start, end))
  }

  private func isListWordByte(_ byte: UInt8) -> Bool {
    isNameByte(byte)
      || [0x2D, 0x2E, 0x2F, 0x7E, 0x2B, 0x40, 0x25, 0x3A].contains(byte)
  }

  /// Parses `{ |x| … }` or `{ … }`.
  mutating func closure() throws -> Expression {
    let node = try functionBlock()
    return Expression(.closure(node), node.span)
  }

  mutating func functionBlock() throws -> FunctionNode {
    try refuseBracedMap()
    let open = position
    if let kept, kept.start == open {
      position = kept.end
      return kept.node
    }
    position += 1
    var parameters: [ParameterNode] = []
    var hasList = false
    let before = position
    while [0x20, 0x09, 0x0A, 0x0D].contains(byte), !isAtEnd { position += 1 }
    if byte == UInt8(ascii: "|") {
      hasList = true
      position += 1
      parameters = try self.parameters(until: UInt8(ascii: "|"))
      position += 1
    } else {
      position = before
    }
    let body = try blockBody(open: open)
    let span = Span(open, position)
    return FunctionNode(
      name: nil, parameters: parameters, hasParameterList: hasList, body: Block(body, span),
      span: span)
  }
}
