/// Commands, pipelines and what connects them.
extension Parser {
  /// A statement that is no keyword's, or what stands in `( )`: chains joined by `&&` and `||`.
  mutating func item() throws -> Expression {
    var left = try chain()
    var length = 0
    while true {
      let before = position
      skipBlanks()
      let isAnd = byte == UInt8(ascii: "&") && byte(at: 1) == UInt8(ascii: "&")
      let isOr = byte == UInt8(ascii: "|") && byte(at: 1) == UInt8(ascii: "|")
      guard isAnd || isOr else {
        position = before
        return left
      }
      length += 1
      if length > Parser.maximumChain { throw error("this statement is too long") }
      position += 2
      try skipContinuation(after: isAnd ? "&&" : "||")
      let right = try chain()
      let span = left.span.joined(right.span)
      left = Expression(isAnd ? .andThen(left, right) : .orElse(left, right), span)
    }
  }

  /// A value passed on by `|>`.
  private mutating func chain() throws -> Expression {
    var left = try simpleItem()
    var length = 0
    while true {
      let before = position
      skipBlanks()
      guard byte == UInt8(ascii: "|"), byte(at: 1) == UInt8(ascii: ">") else {
        position = before
        return left
      }
      length += 1
      if length > Parser.maximumChain { throw error("this statement is too long") }
      position += 2
      try skipContinuation(after: "|>")
      let start = position
      let target: ChainTarget
      if byte == UInt8(ascii: "{") {
        target = .value(try closure())
      } else if byte == UInt8(ascii: "$") {
        target = .value(try suffixes(of: try variable()))
      } else if byte == UInt8(ascii: "(") {
        target = .value(try suffixes(of: try parenthesized()))
      } else {
        guard startsCommand() else { throw unexpected(expecting: "a command behind '|>'") }
        sink?.nextHasInput = true
        let node = try command()
        if node.writtenArms != nil {
          throw error("no value can be passed to 'select'", node.headSpan)
        }
        target = .command(node)
      }
      left = Expression(.chain(left, target), Span(Int(left.span.start), max(start, position)))
    }
  }

  /// A pipeline of commands, or an expression.
  private mutating func simpleItem() throws -> Expression {
    let start = position
    if let prefixed = try prefixedPipeline() { return prefixed }
    if startsCommand() { return try pipeline(start, prefix: .none) }
    if let stage = try blockStage() {
      return try pipeline(start, prefix: .none, first: stage)
    }
    return try expression()
  }

  /// `ok CMD`, `status CMD`, `time CMD`.
  private mutating func prefixedPipeline() throws -> Expression? {
    let start = position
    for word in ["ok", "status", "time"] where isKeyword(word) {
      var probe = self
      probe.position += word.utf8.count
      guard probe.byte == 0x20 || probe.byte == 0x09 else { return nil }
      probe.skipBlanks()
      probe.expect(.command(isForced: false, isStatement: false))
      let isBlock = probe.byte == UInt8(ascii: "{")
      let isWord = probe.startsCommand(asStage: true)
      guard isBlock || isWord else { return nil }
      position = probe.position
      if word == "time" {
        let inner = try nested { parser -> Expression in
          if isBlock {
            let block = try parser.functionBlock()
            return Expression(.closure(block), block.span)
          }
          return try parser.simpleItem()
        }
        return Expression(.timed(inner), Span(start, position))
      }
      return try pipeline(start, prefix: word == "ok" ? .ok : .status)
    }
    return nil
  }

  /// A `{ … }` that is piped, redirected or put into the background.
  private mutating func blockStage() throws -> StageNode? {
    guard byte == UInt8(ascii: "{") else { return nil }
    let start = position
    let saved = self
    let block = try functionBlock()
    let end = position
    skipBlanks()
    let isPiped = byte == UInt8(ascii: "|") && ![0x7C, 0x3E].contains(byte(at: 1))
    let isBackground = byte == UInt8(ascii: "&") && byte(at: 1) != UInt8(ascii: "&")
    guard
      isPiped || isBackground || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "<")
        || isRedirection
    else {
      let (mistakes, skipped) = (mistakes, skipped)
      self = saved
      self.mistakes = mistakes
      self.skipped = skipped
      kept = (start, end, block)
      return nil
    }
    let redirections = try self.redirections()
    return StageNode(work: .block(block), redirections: redirections, span: Span(start, position))
  }

  /// Whether the first token is a bare word, so that a command follows.
  ///
  /// - Parameter asStage: whether only commands can stand here, so that `true` is the program.
  func startsCommand(asStage: Bool = false) -> Bool {
    guard !isAtEnd, isWordByte(byte) else { return false }
    switch byte {
    case UInt8(ascii: "$"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "["),
      UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","),
      UInt8(ascii: "="), UInt8(ascii: "`"), UInt8(ascii: "#"), 0:
      return false
    case UInt8(ascii: "-"):
      var operand = 1
      while byte(at: operand) == UInt8(ascii: "-") { operand += 1 }
      let next = byte(at: operand)
      if [0x24, 0x28].contains(next) || (next == 0x20 && operand == 1) { return false }
      if isDigit(next) { return startsNumberedWord(position + operand) }
      return true
    case 0x30...0x39: return startsNumberedWord(position)
    default: break
    }
    if !asStage {
      for word in ["true", "false", "null"] where isKeyword(word) {
        var probe = self
        probe.position += word.utf8.count
        probe.skipBlanks()
        let isPiped = probe.byte == UInt8(ascii: "|") && ![0x7C, 0x3E].contains(probe.byte(at: 1))
        let isBackground = probe.byte == UInt8(ascii: "&") && probe.byte(at: 1) != 0x26
        return word != "null" && (isPiped || isBackground)
      }
      if isKeyword("not") { return false }
    }
    return true
  }

  /// Whether a word that begins with a digit is a program's name, as `7z`, and no number.
  private func startsNumberedWord(_ start: Int) -> Bool {
    var end = start
    while end < bytes.count, isNameByte(bytes[end]) || bytes[end] == UInt8(ascii: "-") { end += 1 }
    let word = source.text(Span(start, end))
    guard end >= bytes.count || [0x20, 0x0A, 0x09, 0x3B].contains(bytes[end]) else { return false }
    guard word.utf8.contains(where: { isNameStart($0) && $0 != 0x5F }) else { return false }
    if word.contains("-") { return false }
    if case .none = literal(word) { return !isNumberLike(word) }
    return false
  }

  /// Digits followed by a unit that does not exist are a slip, not a program.
  private func isNumberLike(_ word: String) -> Bool { word.hasPrefix("0x") }

  /// Stages connected by `|`, perhaps in the background.
  private mutating func pipeline(
    _ start: Int, prefix: PipelineNode.Prefix, first: StageNode? = nil
  ) throws -> Expression {
    var stages = [try first ?? stage()]
    var isBackground = false
    while true {
      let before = position
      skipBlanks()
      if byte == UInt8(ascii: "|"), byte(at: 1) != UInt8(ascii: "|"), byte(at: 1) != 0x3E {
        position += 1
        try skipContinuation(after: "|")
        if stages.count >= 500 { throw error("a pipeline can have at most 500 commands") }
        stages.append(try stage())
        continue
      }
      if byte == UInt8(ascii: "&"), byte(at: 1) != UInt8(ascii: "&") {
        position += 1
        isBackground = true
      } else {
        position = before
      }
      break
    }
    let span = Span(start, position)
    if stages.count == 1, prefix == .none, !isBackground, stages[0].redirections.isEmpty,
      case .command(let node) = stages[0].work
    {
      return Expression(.command(node), span)
    }
    return Expression(
      .pipeline(
        PipelineNode(stages: stages, prefix: prefix, isBackground: isBackground, span: span)),
      span)
  }

  private mutating func stage() throws -> StageNode {
    let start = position
    if byte == UInt8(ascii: "{") {
      let block = try functionBlock()
      let redirections = try self.redirections()
      return StageNode(
        work: .block(block), redirections: redirections, span: Span(start, position))
    }
    guard startsCommand(asStage: true) else { throw unexpected(expecting: "a command") }
    var redirections: [RedirectionNode] = []
    let node = try command(&redirections)
    return StageNode(
      work: .command(node), redirections: redirections, span: Span(start, position))
  }

  // MARK: One command

  private mutating func command() throws -> CommandNode {
    var redirections: [RedirectionNode] = []
    let node = try command(&redirections)
    if let first = redirections.first {
      throw error("a command behind '|>' cannot be redirected", first.span)
    }
    return node
  }

  mutating func command(_ redirections: inout [RedirectionNode]) throws -> CommandNode {
    if startsSelect {
      let node = try select()
      redirections += try self.redirections()
      return node
    }
    let start = position
    sink?.open(at: start)
    defer { sink?.close() }
    var isForced = false
    if byte == UInt8(ascii: "^") {
      isForced = true
      sink?.innermost.typed.isForced = true
      position += 1
    } else {
      try refuseCall()
    }
    let head: CommandNode.Head
    if isForced, [0x24, 0x22, 0x27, 0x28].contains(byte) {
      head = .value(try word(.head).value)
    } else {
      let word = try self.word(.head)
      guard let spelling = word.spelling else {
        throw error(
          "a command's name must be a plain word", word.span,
          help: hints.formattedText(word.span)
            ?? "force a computed program's name with '^$name'")
      }
      head = .word(spelling)
      sink?.innermost.typed.name = spelling
    }
    let headSpan = Span(start, position)
    var arguments: [ArgumentNode] = []
    var flagsEnded = false
    while true {
      let before = position
      skipBlanks()
      expectArgument(behind: before)
      if isRedirection {
        redirections.append(try redirection())
        continue
      }
      guard !isAtEnd, isWordByte(byte) || byte == UInt8(ascii: "(") else {
        // A newline or a closing bracket is the enclosing construct's business.
        if byte != 0x0A { position = before }
        if byte == 0x0A { position = before }
        break
      }
      if byte == UInt8(ascii: "]") && blockDepth == 0 && newlinesAreBlank {
        position = before
        break
      }
      let argument = try argument(&flagsEnded)
      arguments.append(argument)
      keep(argument)
      if arguments.count > 10_000 { throw error("a command can have at most 10000 arguments") }
    }
    return CommandNode(
      head: head, headSpan: headSpan, isForcedProgram: isForced, arguments: arguments,
      span: Span(start, position))
  }

  private mutating func argument(_ flagsEnded: inout Bool) throws -> ArgumentNode {
    let start = position
    if byte == UInt8(ascii: "."), byte(at: 1) == 0x2E, byte(at: 2) == 0x2E,
      [0x24, 0x28, 0x5B].contains(byte(at: 3))
    {
      position += 3
      let value: Expression
      if byte == UInt8(ascii: "[") {
        value = try listOrMap()
      } else {
        value = try suffixes(
          of: byte == UInt8(ascii: "$") ? try variable() : try parenthesized())
      }
      return ArgumentNode(role: .spread, value: value, span: Span(start, position))
    }
    if !flagsEnded, byte == UInt8(ascii: "-"), byte(at: 1) == UInt8(ascii: "-") {
      if let flag = try flag(&flagsEnded) { return flag }
    }
    switch byte {
    case UInt8(ascii: "["):
      let value = try listOrMap()
      try expectWordEnd("the list")
      return ArgumentNode(role: .positional, value: value, span: Span(start, position))
    case UInt8(ascii: "{") where !isPlainBraces:
      let value = try closure()
      try expectWordEnd("the block")
      return ArgumentNode(role: .positional, value: value, span: Span(start, position))
    default:
      let word = try self.word(.argument)
      return ArgumentNode(
        role: .positional, value: word.value, spelling: word.spelling, pattern: word.pattern,
        span: Span(start, position))
    }
  }

  private func expectWordEnd(_ what: String) throws {
    if !isAtEnd, isWordByte(byte) || byte == UInt8(ascii: "("), byte != UInt8(ascii: "]") {
      throw unexpected(expecting: "a blank behind \(what)")
    }
  }

  /// `--`, `--name` or `--name=value`; nil for a word such as `---`.
  private mutating func flag(_ flagsEnded: inout Bool) throws -> ArgumentNode? {
    let start = position
    let next = byte(at: 2)
    if position + 2 >= bytes.count || !isWordByte(next) {
      position += 2
      flagsEnded = true
      if isAtEnd { noteWord(.argument, from: start, [], Array(bytes[start...])) }
      return ArgumentNode(
        role: .endOfFlags, value: nil, spelling: "--", span: Span(start, position))
    }
    guard isNameStart(next) else { return nil }
    position = wordNameEnd(position + 2)
    let name = source.text(Span(start + 2, position))
    guard byte == UInt8(ascii: "=") else {
      guard isAtEnd || !isWordByte(byte) || byte == UInt8(ascii: "]") else {
        position = start
        return nil
      }
      if isAtEnd { noteWord(.argument, from: start, [], Array(bytes[start...])) }
      return ArgumentNode(
        role: .flag(name: name), value: nil, spelling: "--" + name, span: Span(start, position))
    }
    position += 1
    sink?.innermost.flag = name
    defer { sink?.innermost.flag = nil }
    if isAtEnd { noteWord(.argument, from: position) }
    guard !isAtEnd, isWordByte(byte) || byte == UInt8(ascii: "(") else {
      return ArgumentNode(
        role: .flag(name: name), value: Expression(.constant(.text("")), Span(position, position)),
        spelling: "", span: Span(start, position))
    }
    var noFlags = true
    let value = try argument(&noFlags)
    return ArgumentNode(
      role: .flag(name: name), value: value.value, spelling: value.spelling,
      pattern: value.pattern, span: Span(start, position))
  }

  /// `{}` `{.}` `{/}` `{#}` `{1}` `{-1}`… are plain words, as other batch tools spell placeholders.
  var isPlainBraces: Bool {
    var i = position + 1
    if i + 1 < bytes.count, bytes[i] == UInt8(ascii: "-"), isDigit(bytes[i + 1]) { i += 1 }
    while i < bytes.count,
      isDigit(bytes[i]) || [0x2E, 0x2F, 0x23, 0x25, 0x2B, 0x3A].contains(bytes[i])
    {
      i += 1
    }
    return i < bytes.count && bytes[i] == UInt8(ascii: "}")
  }
}
