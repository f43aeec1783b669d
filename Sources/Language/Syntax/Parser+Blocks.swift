/// Blocks and the statements that contain them.
extension Parser {
  /// Parses `{ statements }`.
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
    let body = try inBraces { try $0.statements(until: UInt8(ascii: "}")) }
    guard byte == UInt8(ascii: "}"), !isAtEnd else {
      throw error("this '{' is never closed", Span(open, open + 1), partial: true)
    }
    position += 1
    return body
  }

  /// What stands in braces, where newlines end statements again.
  mutating func inBraces<R>(_ body: (inout Parser) throws -> R) throws -> R {
    let outer = newlinesAreBlank
    newlinesAreBlank = false
    blockDepth += 1
    defer {
      newlinesAreBlank = outer
      blockDepth -= 1
    }
    return try nested(body)
  }

  mutating func condition() throws -> Expression {
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
      expectKeyword(["else"])
      guard skipKeyword("else") else { return Conditional(branches: branches, otherwise: nil) }
      guard skipKeyword("if") else {
        return Conditional(branches: branches, otherwise: try block())
      }
    }
  }

  mutating func forLoop() throws -> ForLoop {
    if byte == UInt8(ascii: "(") {
      throw error("expected a name, not '('", help: "write: for i in 0..<3 { … }")
    }
    var names = [try variableName()]
    expectKeyword(["in"])
    skipBlanks()
    if byte == UInt8(ascii: ",") {
      position += 1
      skipBlanks()
      names.append(try variableName())
      expectKeyword(["in"])
      skipBlanks()
    }
    guard skipKeyword("in") else { throw unexpected(expecting: "'in'") }
    let start = position
    do {
      let sequence = try condition()
      return ForLoop(
        names: names.map { (name: $0.0, span: $0.1) }, sequence: sequence, body: try block())
    } catch let error as ErrorObject {
      // Inside the loop's block it is another matter.
      if !error.isPartial, isBeforeBlock(error, start),
        let help = loopHint(names.map(\.0).joined(separator: ", "), start)
      {
        throw error.amended { $0.help = help }
      }
      throw error
    }
  }

  mutating func tryStatement() throws -> TryStatement {
    let body = try block()
    var clauses: [CatchClause] = []
    expectKeyword(["catch", "finally"])
    while skipKeyword("catch") {
      clauses.append(try catchClause())
      expectKeyword(["catch", "finally"])
    }
    let finally = skipKeyword("finally") ? try block() : nil
    if clauses.isEmpty && finally == nil {
      skipBlanks()
      throw unexpected(expecting: "'catch' or 'finally' behind the '}'")
    }
    return TryStatement(body: body, clauses: clauses, finally: finally)
  }

  mutating func catchClause() throws -> CatchClause {
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
        expect(.errorKind, from: start)
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
}
