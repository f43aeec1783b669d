/// Parses a program text in one pass over its bytes.
///
/// There is no token stream, because what a byte means depends on whether a command's words or an
/// expression is being read: `*` is a pattern in one and a product in the other.
struct Parser {
  let source: Source
  let bytes: [UInt8]
  var position = 0
  /// True inside `( )` and `[ ]`.
  var newlinesAreBlank = false
  /// Open `{` around the current place, so that `}` ends a word only inside a block.
  var blockDepth = 0
  private var nesting = 0

  /// Brackets, blocks and unary operators may be nested this deep.
  static let maximumNesting = 200
  /// Operators may be chained this long.
  static let maximumChain = 2000

  init(_ source: Source) {
    self.source = source
    bytes = source.bytes
  }

  /// Parses a whole text. Throws a `syntax` error, `isPartial` if more input could mend it.
  static func parse(_ source: Source) throws -> Block {
    var parser = Parser(source)
    if source.bytes.starts(with: [0x23, 0x21]) { parser.skipLine() }
    let block = Block(
      try parser.statements(until: nil), Span(0, source.bytes.count))
    return block
  }

  // MARK: Errors and nesting

  func error(
    _ message: String, _ span: Span? = nil, help: String? = nil, partial: Bool = false
  ) -> ErrorObject {
    let place = span ?? Span(position, min(position + 1, bytes.count))
    let error = ErrorObject(.syntax, message, help: help, location: Location(source, place))
    error.isPartial = partial
    return error
  }

  /// An error about what stands at the current position.
  func unexpected(expecting what: String, help: String? = nil) -> ErrorObject {
    if isAtEnd { return error("expected \(what), but the text ends here", help: help) }
    if byte == 0x0A { return error("expected \(what), but the line ends here", help: help) }
    let span = Span(position, tokenEnd(position))
    return error("expected \(what), not '\(source.text(span))'", span, help: help)
  }

  mutating func nested<R>(_ body: (inout Parser) throws -> R) throws -> R {
    nesting += 1
    defer { nesting -= 1 }
    if nesting > Parser.maximumNesting {
      throw error("this is nested more than \(Parser.maximumNesting) levels deep")
    }
    return try body(&self)
  }

  // MARK: Statements

  /// Statements up to the closing byte, which is left in place, or the end of the text.
  mutating func statements(until close: UInt8?) throws -> [Statement] {
    var result: [Statement] = []
    while true {
      skipSeparators()
      if isAtEnd || (close != nil && byte == close) { return result }
      result.append(try statement())
      skipBlanks()
      if isAtEnd || byte == 0x0A || byte == UInt8(ascii: ";") || (close != nil && byte == close) {
        continue
      }
      throw endOfStatementError()
    }
  }

  private func endOfStatementError() -> ErrorObject {
    switch byte {
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      return error("this '\(Character(Unicode.Scalar(byte)))' closes nothing")
    case UInt8(ascii: "|"):
      return error(
        "'|' connects processes, and this is a value", help: "pass a value on with '|>'")
    case UInt8(ascii: "="):
      return error("unexpected '='", help: "compare with '=='; assign as 'name = value'")
    case UInt8(ascii: ">"), UInt8(ascii: "<"):
      return error("only commands can be redirected", help: "use 'write FILE TEXT' for a value")
    default:
      for word in ["else", "catch", "finally"] where isKeyword(word) {
        return error("'\(word)' has no '}' before it on its line")
      }
      return unexpected(
        expecting: "the end of the statement", help: "separate statements by a newline or ';'")
    }
  }

  mutating func statement() throws -> Statement {
    let start = position
    let kind = try nested { parser in try parser.statementKind() }
    return Statement(kind: kind, span: Span(start, position))
  }

  private mutating func statementKind() throws -> StatementKind {
    if isNameStart(byte) {
      if let keyword = try keywordStatement() { return keyword }
      if let assignment = try assignment() { return assignment }
    }
    return .expression(try item())
  }

  private mutating func keywordStatement() throws -> StatementKind? {
    let end = wordNameEnd(position)
    switch source.text(Span(position, end)) {
    case "let": return try afterKeyword(end) { .declare(try $0.declaration(isConstant: true)) }
    case "var": return try afterKeyword(end) { .declare(try $0.declaration(isConstant: false)) }
    case "fn": return try afterKeyword(end) { .function(try $0.functionDeclaration()) }
    case "if": return try afterKeyword(end) { .ifElse(try $0.conditional()) }
    case "while":
      return try afterKeyword(end) {
        let condition = try $0.condition()
        return .whileLoop(condition: condition, body: try $0.block())
      }
    case "for": return try afterKeyword(end) { .forLoop(try $0.forLoop()) }
    case "try": return try afterKeyword(end) { .tryCatch(try $0.tryStatement()) }
    case "return":
      return try afterKeyword(end) { .returnValue($0.isAtStatementEnd ? nil : try $0.item()) }
    case "throw":
      return try afterKeyword(end) {
        if $0.isAtStatementEnd { throw $0.unexpected(expecting: "what to throw") }
        return .throwValue(try $0.item())
      }
    case "break" where isAloneAfter(end):
      position = end
      return .breakLoop
    case "continue" where isAloneAfter(end):
      position = end
      return .continueLoop
    case "else", "catch", "finally":
      throw endOfStatementError()
    default: return nil
    }
  }

  private mutating func afterKeyword(
    _ end: Int, _ rest: (inout Parser) throws -> StatementKind
  ) throws -> StatementKind? {
    guard end >= bytes.count || !isWordByte(bytes[end]) || bytes[end] == UInt8(ascii: "{") else {
      return nil
    }
    position = end
    skipBlanks()
    return try rest(&self)
  }

  private func isAloneAfter(_ end: Int) -> Bool {
    var copy = self
    copy.position = end
    copy.skipBlanks()
    return copy.isAtStatementEnd
  }

  /// At a newline, `;`, a closing bracket or the end.
  var isAtStatementEnd: Bool {
    isAtEnd || byte == 0x0A || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "}")
      || byte == UInt8(ascii: ")")
  }

  private mutating func declaration(isConstant: Bool) throws -> Declaration {
    let (name, span) = try variableName()
    skipBlanks()
    guard byte == UInt8(ascii: "="), byte(at: 1) != UInt8(ascii: "=") else {
      throw unexpected(
        expecting: "'=' and a value", help: "declare as '\(isConstant ? "let" : "var") \(name) = …'")
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
    return (source.text(span), span)
  }

  /// What stands after `=`: an expression, a command, an `if` or a `try`.
  private mutating func assignedValue() throws -> Expression {
    skipBlanks()
    if isAtStatementEnd { throw unexpected(expecting: "a value") }
    return try valueItem()
  }

  /// An item, or an `if` or `try` as a value.
  mutating func valueItem() throws -> Expression {
    let start = position
    for (word, isIf) in [("if", true), ("try", false)] where isKeyword(word) {
      position += word.utf8.count
      skipBlanks()
      let kind: ExpressionKind =
        isIf ? .ifElse(try conditional()) : .tryCatch(try tryStatement())
      return Expression(kind, Span(start, position))
    }
    return try item()
  }

  private mutating func assignment() throws -> StatementKind? {
    let start = position
    guard let opStart = assignmentOperator(position) else {
      try rejectGluedAssignment()
      return nil
    }
    let (name, nameSpan) = try variableName()
    var path: [PathStep] = []
    while position < opStart, byte == UInt8(ascii: ".") || byte == UInt8(ascii: "[") {
      let stepStart = position
      let key = try suffixKey()
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
  private func assignmentOperator(_ start: Int) -> Int? {
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

  /// The place behind the bracket that closes the one at `start`, on one line.
  private func bracketEnd(_ start: Int) -> Int? {
    var depth = 0
    var i = start
    while i < bytes.count {
      switch bytes[i] {
      case UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 { return i + 1 }
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let quote = bytes[i]
        i += 1
        while i < bytes.count, bytes[i] != quote {
          if quote == UInt8(ascii: "\""), bytes[i] == UInt8(ascii: "\\") { i += 1 }
          i += 1
        }
      case 0x0A: return nil
      default: break
      }
      i += 1
    }
    return nil
  }

  /// `x=5` is a slip from other shells.
  private func rejectGluedAssignment() throws {
    var i = position
    while i < bytes.count, isNameByte(bytes[i]) { i += 1 }
    var opEnd = i
    if opEnd < bytes.count, [0x2B, 0x2D, 0x2A, 0x2F].contains(bytes[opEnd]) { opEnd += 1 }
    guard opEnd < bytes.count, bytes[opEnd] == UInt8(ascii: "="),
      opEnd + 1 >= bytes.count || bytes[opEnd + 1] != UInt8(ascii: "=")
    else { return }
    let name = source.text(Span(position, i))
    let op = source.text(Span(i, opEnd + 1))
    let end = tokenEnd(opEnd + 1)
    let value = source.text(Span(opEnd + 1, end))
    throw error(
      "an assignment needs blanks around '\(op)'", Span(position, end),
      help: "write '\(name) \(op) \(value.isEmpty ? "…" : value)'")
  }

  // MARK: Compound statements

  /// `{ statements }`
  mutating func block() throws -> Block {
    skipBlanks()
    let start = position
    guard byte == UInt8(ascii: "{") else {
      throw unexpected(expecting: "'{'", help: "the '{' stands on the same line")
    }
    position += 1
    let body = try blockBody(open: start)
    return Block(body, Span(start, position))
  }

  /// The statements behind a `{` at `open`, and its `}`.
  mutating func blockBody(open: Int) throws -> [Statement] {
    let outer = newlinesAreBlank
    newlinesAreBlank = false
    blockDepth += 1
    defer {
      newlinesAreBlank = outer
      blockDepth -= 1
    }
    let body = try nested { try $0.statements(until: UInt8(ascii: "}")) }
    guard byte == UInt8(ascii: "}"), !isAtEnd else {
      throw error("this '{' is never closed", Span(open, open + 1), partial: true)
    }
    position += 1
    return body
  }

  private mutating func condition() throws -> Expression {
    skipBlanks()
    if byte == UInt8(ascii: "{") || isAtStatementEnd {
      throw unexpected(expecting: "a condition")
    }
    let result = try expression()
    skipBlanks()
    if byte == UInt8(ascii: "&"), byte(at: 1) == byte {
      throw error("a condition is an expression", help: "use 'and', or put ( … ) around it")
    }
    if byte == UInt8(ascii: "|"), byte(at: 1) == byte {
      throw error("a condition is an expression", help: "use 'or', or put ( … ) around it")
    }
    return result
  }

  mutating func conditional() throws -> Conditional {
    var branches: [(condition: Expression, body: Block)] = []
    while true {
      let test = try condition()
      branches.append((test, try block()))
      guard skipKeyword("else") else { return Conditional(branches: branches, otherwise: nil) }
      guard skipKeyword("if") else {
        return Conditional(branches: branches, otherwise: try block())
      }
    }
  }

  private mutating func forLoop() throws -> ForLoop {
    var names = [try variableName()]
    skipBlanks()
    if byte == UInt8(ascii: ",") {
      position += 1
      skipBlanks()
      names.append(try variableName())
      skipBlanks()
    }
    guard skipKeyword("in") else { throw unexpected(expecting: "'in'") }
    let sequence = try condition()
    return ForLoop(
      names: names.map { (name: $0.0, span: $0.1) }, sequence: sequence, body: try block())
  }

  mutating func tryStatement() throws -> TryStatement {
    let body = try block()
    var clauses: [CatchClause] = []
    while skipKeyword("catch") { clauses.append(try catchClause()) }
    let finally = skipKeyword("finally") ? try block() : nil
    if clauses.isEmpty && finally == nil {
      throw unexpected(expecting: "'catch' or 'finally' behind the '}'")
    }
    return TryStatement(body: body, clauses: clauses, finally: finally)
  }

  private mutating func catchClause() throws -> CatchClause {
    skipBlanks()
    var name: (String, Span)?
    if byte != UInt8(ascii: "{"), byte != UInt8(ascii: ":") { name = try variableName() }
    skipBlanks()
    var kinds: [ErrorKind] = []
    if byte == UInt8(ascii: ":") {
      repeat {
        position += 1
        skipBlanks()
        let start = position
        while isNameByte(byte) || byte == UInt8(ascii: "-"), !isAtEnd { position += 1 }
        let span = Span(start, position)
        let word = source.text(span)
        guard let kind = ErrorKind(rawValue: word) else {
          let names = ErrorKind.allCases.map(\.rawValue)
          throw error(
            "there is no error kind '\(word)'", span,
            help: nearest(word, among: names).map { "did you mean '\($0)'?" }
              ?? "the kinds are: " + names.joined(separator: " "))
        }
        kinds.append(kind)
        skipBlanks()
      } while byte == UInt8(ascii: ",")
    }
    return CatchClause(
      name: name?.0, nameSpan: name?.1 ?? Span(position, position), kinds: kinds,
      body: try block())
  }

  // MARK: Functions

  private mutating func functionDeclaration() throws -> FunctionDeclaration {
    let start = position
    guard isNameStart(byte) else { throw unexpected(expecting: "the function's name") }
    position = wordNameEnd(position)
    let nameSpan = Span(start, position)
    let name = source.text(nameSpan)
    skipBlanks()
    var parameters: [ParameterNode] = []
    if byte == UInt8(ascii: "(") {
      let open = position
      position += 1
      parameters = try bracketed(open, close: UInt8(ascii: ")")) { try $0.parameters(until: 0x29) }
    }
    let body = try block()
    let node = FunctionNode(
      name: name, parameters: parameters, hasParameterList: true, body: body,
      span: Span(start, position))
    return FunctionDeclaration(name: name, nameSpan: nameSpan, function: node)
  }

  /// Parameters up to the closing byte, which is left in place.
  mutating func parameters(until close: UInt8) throws -> [ParameterNode] {
    var result: [ParameterNode] = []
    skipBlanks()
    while byte != close {
      if isAtEnd { throw error("this list of parameters is not closed", partial: true) }
      let parameter = try parameter()
      if result.contains(where: { $0.name == parameter.name }) {
        throw error("two parameters are named '\(parameter.name)'", parameter.span)
      }
      if result.last?.role == .rest, parameter.role != .flag {
        throw error("nothing but flags can follow a rest parameter", parameter.span)
      }
      if parameter.role == .positional, parameter.defaultValue == nil,
        result.contains(where: { $0.role == .positional && $0.defaultValue != nil })
      {
        throw error("a parameter without a default follows one with a default", parameter.span)
      }
      result.append(parameter)
      skipBlanks()
      if byte == UInt8(ascii: ",") {
        position += 1
        skipBlanks()
      } else if byte != close, !isAtEnd {
        throw unexpected(expecting: "',' or '\(Character(Unicode.Scalar(close)))'")
      }
    }
    if result.count > 200 { throw error("a function can have at most 200 parameters") }
    return result
  }

  private mutating func parameter() throws -> ParameterNode {
    let start = position
    var role = ParameterNode.Role.positional
    var name: String
    if bytes[position...].starts(with: [0x2E, 0x2E, 0x2E]) {
      role = .rest
      position += 3
      (name, _) = try variableName()
    } else if byte == UInt8(ascii: "-"), byte(at: 1) == UInt8(ascii: "-") {
      role = .flag
      position += 2
      let nameStart = position
      guard isNameStart(byte) else { throw unexpected(expecting: "the flag's name") }
      position = wordNameEnd(position)
      name = source.text(Span(nameStart, position))
    } else {
      (name, _) = try variableName()
    }
    let nameEnd = position
    var typeName: String?
    var typeSpan = Span(position, position)
    skipBlanks()
    if byte == UInt8(ascii: ":") {
      position += 1
      skipBlanks()
      let typeStart = position
      position = wordNameEnd(position)
      typeSpan = Span(typeStart, position)
      typeName = source.text(typeSpan)
      skipBlanks()
    }
    var defaultValue: Expression?
    if byte == UInt8(ascii: "="), byte(at: 1) != UInt8(ascii: "=") {
      if role == .rest { throw error("a rest parameter has no default") }
      position += 1
      skipBlanks()
      defaultValue = try expression()
    }
    return ParameterNode(
      name: name, role: role, typeName: typeName, typeSpan: typeSpan, defaultValue: defaultValue,
      span: Span(start, max(nameEnd, start)))
  }
}
