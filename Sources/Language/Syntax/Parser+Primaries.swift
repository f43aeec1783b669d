/// What stands between operators: numbers, texts, variables, lists, maps, blocks.
extension Parser {
  mutating func primary() throws -> Expression {
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
        let isSum = self.byte(at: 1) == byte
        throw error(
          "'$(' is not needed", Span(start, position + 1),
          help: isSum ? "write ( … ) alone, as ($x + 1)" : "write ( … ) alone")
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
