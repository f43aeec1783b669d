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
  /// Mistakes behind which parsing went on, and the texts of the statements that were given up.
  var mistakes: [ErrorObject] = []
  var skipped: [Span] = []
  /// There were too many of them.
  private var hasStopped = false
  /// A block that was read to see what follows it, for when it is read as part of something else.
  var kept: (start: Int, end: Int, node: FunctionNode)?
  /// Variables that were declared so far, for hints and completion alone.
  var declaredNames: Set<String> = []
  /// Where it tells what could stand at the end of the text; its owner keeps it.
  unowned(unsafe) let sink: CursorSink?

  /// Brackets, blocks and unary operators may be nested this deep.
  static let maximumNesting = 200
  /// Operators may be chained this long.
  static let maximumChain = 2000
  /// Behind the last of so many mistakes nothing is read any more.
  static let mostMistakes = 5

  init(_ source: Source, _ sink: CursorSink? = nil) {
    self.source = source
    self.sink = sink
    bytes = source.bytes
  }

  /// What reading a text found.
  struct Reading {
    var block: Block
    /// In the order of the text; the last one `isPartial` if more input could mend it.
    var mistakes: [ErrorObject]
    /// What is missing in the block.
    var skipped: [Span]
  }

  /// Parses a whole text, behind a mistake from the next statement on.
  ///
  /// - Parameter sink: is told what could stand at the end of the text.
  static func read(_ source: Source, _ sink: CursorSink? = nil) -> Reading {
    var parser = Parser(source, sink)
    if source.bytes.starts(with: [0x23, 0x21]) { parser.skipLine() }
    let statements = parser.topLevel()
    return Reading(
      block: Block(statements, Span(0, source.bytes.count)), mistakes: parser.mistakes,
      skipped: parser.skipped)
  }

  /// Parses a whole text.
  ///
  /// Throws a `syntax` error, `isPartial` if more input could mend it.
  static func parse(_ source: Source) throws -> Block {
    let reading = read(source)
    if let mistake = reading.mistakes.first { throw mistake }
    return reading.block
  }

  // MARK: Errors and nesting

  func error(
    _ message: String, _ span: Span? = nil, help: String? = nil, partial: Bool = false
  ) -> ErrorObject {
    let place = span ?? Span(position, min(position + 1, bytes.count))
    return ErrorObject(
      .syntax, message, help: help, location: Location(source, place), isPartial: partial)
  }

  /// An error about what stands at the current position.
  func unexpected(expecting what: String, help: String? = nil) -> ErrorObject {
    if isAtEnd { return error("expected \(what), but the text ends here", help: help) }
    let help = hint(expecting: what) ?? help
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

  private mutating func topLevel() -> [Statement] {
    var result: [Statement] = []
    var start = 0
    do {
      try statements(until: nil, into: &result, from: &start)
    } catch {
      let mistake = error as? ErrorObject ?? self.error("\(error)")
      if !hasStopped { mistakes.append(mistake) }
      skipped.append(Span(start, bytes.count))
    }
    return result
  }

  /// Statements up to the closing byte, which is left in place, or the end of the text.
  mutating func statements(until close: UInt8?) throws -> [Statement] {
    var result: [Statement] = []
    var start = position
    try statements(until: close, into: &result, from: &start)
    return result
  }

  private mutating func statements(
    until close: UInt8?, into result: inout [Statement], from start: inout Int
  ) throws {
    var isFirst = true
    while true {
      let isSeparated = skipSeparators()
      if isFirst || isSeparated { expect(.command(isForced: false, isStatement: true)) }
      isFirst = false
      if isAtEnd || (close != nil && byte == close) { return }
      start = position
      do {
        let statement = try statement()
        result.append(statement)
        skipBlanks()
        if isAtEnd || byte == 0x0A || byte == UInt8(ascii: ";") || (close != nil && byte == close) {
          continue
        }
        throw endOfStatementError(after: statement)
      } catch let mistake as ErrorObject where !mistake.isPartial && !hasStopped {
        mistakes.append(mistake)
        hasStopped = mistakes.count == Parser.mostMistakes
        if hasStopped { throw mistake }
        skipStatement(from: start)
        skipped.append(Span(start, position))
      }
    }
  }

  func endOfStatementError(after statement: Statement? = nil) -> ErrorObject {
    let wanted = "the end of the statement"
    if let help = statement.flatMap({ callHint(after: $0) }) {
      return unexpected(expecting: wanted, help: help)
    }
    if byte == UInt8(ascii: "="), [UInt8(ascii: ">"), byte].contains(self.byte(at: 1)) {
      return unexpected(expecting: wanted)
    }
    switch byte {
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      return error(
        "this '\(Character(Unicode.Scalar(byte)))' closes nothing",
        help: hints.head(before: position).flatMap { hints.statement(at: Int($0.start)) })
    case UInt8(ascii: "|"):
      return error(
        "'|' connects processes, and this is a value", help: "pass a value on with '|>'")
    case UInt8(ascii: "=") where byteBefore() != UInt8(ascii: "="):
      let line = source.text(Span(lineStart, position))
      if line.hasPrefix("$"), byte(at: 1) != UInt8(ascii: "=") {
        return error(
          "unexpected '='", help: "assign without '$': \(line.dropFirst())= …")
      }
      return error("unexpected '='", help: "compare with '=='; assign as 'name = value'")
    case UInt8(ascii: ">"), UInt8(ascii: "<"):
      return error(
        "only commands can be redirected",
        help: "put statements in a block: { … } > FILE; 'write FILE TEXT' writes a value")
    default:
      for word in ["else", "catch", "finally"] where isKeyword(word) {
        return error("'\(word)' has no '}' before it on its line")
      }
      return unexpected(expecting: wanted, help: "separate statements by a newline or ';'")
    }
  }

  /// Where the text of the current line begins, behind its blanks.
  var lineStart: Int {
    var i = position
    while i > 0, bytes[i - 1] != 0x0A, bytes[i - 1] != UInt8(ascii: ";") { i -= 1 }
    while i < position, bytes[i] == 0x20 || bytes[i] == 0x09 { i += 1 }
    return i
  }

  mutating func statement() throws -> Statement {
    let start = position
    sink?.statementStart = start
    let kind = try nested { parser in try parser.statementKind() }
    return Statement(kind: kind, span: Span(start, position))
  }

  mutating func statementKind() throws -> StatementKind {
    if isNameStart(byte) {
      if let keyword = try keywordStatement() { return keyword }
      if let assignment = try assignment() { return assignment }
    }
    let start = position
    do {
      return .expression(try item())
    } catch let error as ErrorObject where !error.isPartial {
      // A statement of another language is the better news than where it does not fit.
      guard let help = statementHint(start, error) else { throw error }
      throw error.amended { $0.help = help }
    }
  }

  /// Words that cannot name a function, since a statement would not call it.
  static let keywords: Set<String> = [
    "let", "var", "fn", "if", "while", "for", "try", "return", "throw", "break", "continue", "else",
    "catch", "finally",
  ]

  mutating func keywordStatement() throws -> StatementKind? {
    let end = wordNameEnd(position)
    if sink != nil, end == bytes.count {
      note(
        .command(isForced: false, isStatement: true), from: position,
        text: source.text(Span(position, end)))
    }
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
      return try afterKeyword(end) {
        $0.expect(.command(isForced: false, isStatement: false))
        return .returnValue($0.isAtStatementEnd ? nil : try $0.valueItem())
      }
    case "throw":
      return try afterKeyword(end) {
        $0.expect(.command(isForced: false, isStatement: false))
        if $0.isAtStatementEnd { throw $0.unexpected(expecting: "what to throw") }
        return .throwValue(try $0.valueItem())
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

  mutating func afterKeyword(
    _ end: Int, _ rest: (inout Parser) throws -> StatementKind
  ) throws -> StatementKind? {
    guard end >= bytes.count || !isWordByte(bytes[end]) || bytes[end] == UInt8(ascii: "{") else {
      return nil
    }
    position = end
    skipBlanks()
    return try rest(&self)
  }

  func isAloneAfter(_ end: Int) -> Bool {
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
}

/// A text that was read and not compiled yet.
public struct ReadText {
  public let source: Source
  let reading: Parser.Reading

  public init(_ source: Source) {
    self.source = source
    reading = Parser.read(source)
  }

  public var text: String { source.text(Span(0, source.bytes.count)) }

  /// Whether more lines could make it whole.
  ///
  /// After a mistake, too, a block that is open has its end first, or what is meant as its rest would
  /// be run.
  public var isIncomplete: Bool {
    guard let last = reading.mistakes.last else { return false }
    return last.isPartial || isAboutTheEnd(last)
  }

  /// Whether a mistake is the backslash that ends the text: what it continues is still to come.
  private func isAboutTheEnd(_ mistake: ErrorObject) -> Bool {
    guard source.bytes.last == UInt8(ascii: "\\"), let span = mistake.location?.span else {
      return false
    }
    return span.end >= source.bytes.count - 1
  }
}
