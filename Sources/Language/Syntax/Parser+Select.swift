/// `select { ARM… }`, whose arms look like commands.
extension Parser {
  /// Whether `select` and a `{` stand here.
  var startsSelect: Bool {
    guard isKeyword("select") else { return false }
    var probe = self
    probe.position += 6
    probe.skipBlanks()
    return probe.byte == UInt8(ascii: "{")
  }

  mutating func select() throws -> CommandNode {
    let start = position
    position += 6
    let headSpan = Span(start, position)
    skipBlanks()
    let open = position
    position += 1
    let arms = try inBraces { try $0.arms(open) }
    return CommandNode(
      head: .word("select"), headSpan: headSpan, isForcedProgram: false, arguments: [],
      span: Span(start, position), arms: arms)
  }

  /// The arms behind a `{` at `open`, and its `}`.
  private mutating func arms(_ open: Int) throws -> [CommandNode] {
    var result: [CommandNode] = []
    while true {
      let isSeparated = skipSeparators()
      if isSeparated || result.isEmpty { expect(.arm) }
      if isAtEnd { throw error("this '{' is never closed", Span(open, open + 1), partial: true) }
      if byte == UInt8(ascii: "}") {
        position += 1
        return result
      }
      result.append(try arm())
      if result.count > 1000 { throw error("'select' can have at most 1000 arms") }
      skipBlanks()
      guard isAtEnd || [0x0A, UInt8(ascii: ";"), UInt8(ascii: "}")].contains(byte) else {
        throw unexpected(
          expecting: "the end of the arm", help: "separate arms by a newline or ';'")
      }
    }
  }

  private mutating func arm() throws -> CommandNode {
    let help = "an arm is a word, what it waits for and a block, as: after 1s { … }"
    let start = position
    let end = wordNameEnd(position)
    let word = source.text(Span(start, end))
    if isNameStart(byte), Parser.statementWords.contains(word), isKeyword(word) {
      throw error("'\(word)' stands where an arm must begin", Span(start, end), help: help)
    }
    guard startsCommand() else { throw unexpected(expecting: "an arm", help: help) }
    var redirections: [RedirectionNode] = []
    sink?.nextIsArm = true
    let node = try command(&redirections)
    if let first = redirections.first {
      throw error(
        "an arm cannot be redirected", first.span, help: "redirect the commands in its block")
    }
    return node
  }

  private static let statementWords: Set<String> = [
    "let", "var", "fn", "if", "else", "while", "for", "try", "catch", "finally", "return", "throw",
    "break", "continue",
  ]
}
