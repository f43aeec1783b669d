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
}
