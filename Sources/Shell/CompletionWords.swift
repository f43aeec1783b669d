/// Commands and their words.
extension CompletionFinder {
  /// Commands and expressions joined by `|`, `|>`, `&&` and `||`.
  mutating func item(isStatement: Bool) throws(CompletionPoint) {
    var isFirst = isStatement
    var hasInput = false
    while true {
      try skipBlanks()
      if isAtEnd { throw here(.command(isForced: false, isStatement: isFirst)) }
      if ["ok", "status", "time"].contains(keyword()), byte(at: 0) != 0 {
        skipWord()
        isFirst = false
        continue
      }
      if startsCommand {
        try command(isStatement: isFirst, hasInput: hasInput)
      } else {
        try expression()
      }
      isFirst = false
      try skipBlanks()
      guard byte == UInt8(ascii: "|") || byte == UInt8(ascii: "&") else { return }
      let isChain = byte == UInt8(ascii: "|") && byte(at: 1) == UInt8(ascii: ">")
      let isDouble = byte(at: 1) == byte
      // A single & ends the statement.
      let endsHere = byte == UInt8(ascii: "&") && !isDouble
      position += isChain || isDouble ? 2 : 1
      if endsHere { return }
      hasInput = isChain
      let outer = newlinesAreBlank
      newlinesAreBlank = true
      try skipBlanks()
      newlinesAreBlank = outer
    }
  }

  private var startsCommand: Bool {
    guard isWordByte(byte) else { return false }
    switch byte {
    case UInt8(ascii: "$"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "["),
      UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","),
      UInt8(ascii: "="), UInt8(ascii: "`"), UInt8(ascii: "#"), UInt8(ascii: "-"), 0x30...0x39:
      return false
    default: return keyword() != "not"
    }
  }

  mutating func command(
    isStatement: Bool, hasInput: Bool, isArm: Bool = false
  ) throws(CompletionPoint) {
    var command = CompletionCommand()
    command.hasInput = hasInput
    command.isArm = isArm
    if byte == UInt8(ascii: "^") {
      command.isForced = true
      position += 1
    }
    let head =
      isArm
      ? CompletionPoint.Kind.arm
      : .command(isForced: command.isForced, isStatement: isStatement && !command.isForced)
    if isAtEnd { throw here(head) }
    command.name = try word(head)
    while true {
      try skipBlanks()
      if isAtEnd { throw here(.argument(command)) }
      if isRedirection {
        try redirection()
        continue
      }
      guard isWordByte(byte) || byte == UInt8(ascii: "(") else { return }
      if byte == UInt8(ascii: "]"), blockDepth == 0 { return }
      let before = position
      switch byte {
      case UInt8(ascii: "["): try bracketed()
      case UInt8(ascii: "{") where !isPlainBraces:
        let isSelect = command.name == "select" && !command.isForced && !isArm
        try block(hasArms: isSelect && command.arguments.isEmpty)
      default:
        command.arguments.append(try word(.argument(command)))
        if position == before { return }
        continue
      }
      command.arguments.append(nil)
    }
  }

  private var isPlainBraces: Bool {
    var i = position + 1
    while i < bytes.count, "0123456789./#%+:".utf8.contains(bytes[i]) { i += 1 }
    return i < bytes.count && bytes[i] == UInt8(ascii: "}")
  }

  private var isRedirection: Bool {
    switch byte {
    case UInt8(ascii: ">"), UInt8(ascii: "<"): true
    case UInt8(ascii: "&"): byte(at: 1) == UInt8(ascii: ">")
    case 0x30...0x39: byte(at: 1) == UInt8(ascii: ">") || byte(at: 1) == UInt8(ascii: "<")
    default: false
    }
  }

  private mutating func redirection() throws(CompletionPoint) {
    while "0123456789&<>".utf8.contains(byte), !isAtEnd { position += 1 }
    // `2>&1` has no file.
    let isCopy = position > 1 && bytes[position - 2] == UInt8(ascii: "&")
    if isCopy, bytes[position - 1] != UInt8(ascii: ">") { return }
    try skipBlanks()
    if isAtEnd { throw here(.file) }
    _ = try word(.file)
  }

  /// A word made of bare text, strings, variables and `( … )`; its text if nothing is computed.
  private mutating func word(_ kind: CompletionPoint.Kind) throws(CompletionPoint) -> String? {
    let start = position
    var bare: [UInt8] = []
    var isComputed = false
    var braces = 0
    func point() -> CompletionPoint {
      CompletionPoint(
        kind: isComputed ? .nothing : kind, start: start,
        text: String(decoding: bare, as: UTF8.self))
    }
    while !isAtEnd {
      switch byte {
      case UInt8(ascii: "$"):
        isComputed = true
        try variable(inString: false)
      case UInt8(ascii: "("):
        isComputed = true
        try parenthesized()
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let isWhole = !isComputed && start == position
        let text = try string(isWhole ? kind : .nothing, wordStart: start)
        if let text { bare += text } else { isComputed = true }
      case UInt8(ascii: "\\"):
        position += 1
        if isAtEnd { throw point() }
        bare.append(byte)
        position += 1
      case UInt8(ascii: "}") where blockDepth > 0 && braces > 0:
        braces -= 1
        bare.append(byte)
        position += 1
      default:
        guard isWordByte(byte) else {
          return isComputed ? nil : String(decoding: bare, as: UTF8.self)
        }
        if byte == UInt8(ascii: "{") { braces += 1 }
        bare.append(byte)
        position += 1
      }
    }
    throw point()
  }

  /// A string; its bytes if nothing is interpolated.
  @discardableResult
  mutating func string(
    _ kind: CompletionPoint.Kind, wordStart: Int
  ) throws(CompletionPoint) -> [UInt8]? {
    let quote = byte
    let isRaw = quote == UInt8(ascii: "'")
    position += 1
    var text: [UInt8] = []
    var isComputed = false
    while !isAtEnd, byte != quote {
      if !isRaw, byte == UInt8(ascii: "\\"), position + 1 < bytes.count {
        position += 1
        text.append(byte)
        position += 1
      } else if !isRaw, byte == UInt8(ascii: "$"),
        position + 1 >= bytes.count || byte(at: 1) == 0x7B || isNameStart(byte(at: 1))
      {
        isComputed = true
        try variable(inString: true)
      } else {
        text.append(byte)
        position += 1
      }
    }
    if isAtEnd {
      throw CompletionPoint(
        kind: isComputed ? .nothing : kind, start: wordStart,
        text: String(decoding: text, as: UTF8.self), quote: isRaw ? .single : .double)
    }
    position += 1
    return isComputed ? nil : text
  }
}
