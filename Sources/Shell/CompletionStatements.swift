/// Statements, blocks and expressions, as far as completion must follow them.
extension CompletionFinder {
  static let keywords = [
    "let", "var", "fn", "if", "while", "for", "try", "return", "throw", "break", "continue",
  ]

  mutating func statements(until close: UInt8?) throws(CompletionPoint) {
    while true {
      try skipSeparators()
      if isAtEnd { throw here(.command(isForced: false, isStatement: true)) }
      if byte == close { return }
      let before = position
      try statement()
      // What cannot be a statement here is passed over.
      if position == before { position += 1 }
    }
  }

  private mutating func statement() throws(CompletionPoint) {
    switch keyword() {
    case "let", "var":
      position += 3
      try skipBlanks()
      try declareName()
      try skipBlanks()
      if byte == UInt8(ascii: "=") { position += 1 }
      try value()
    case "return", "throw":
      skipWord()
      try value()
    case "fn":
      skipWord()
      try skipBlanks()
      skipWord()
      try skipBlanks()
      if byte == UInt8(ascii: "(") { try parameters(until: UInt8(ascii: ")")) }
      try body()
    case "for":
      skipWord()
      try skipBlanks()
      try declareName()
      try skipBlanks()
      if byte == UInt8(ascii: ",") {
        position += 1
        try skipBlanks()
        try declareName()
        try skipBlanks()
      }
      if keyword() == "in" { skipWord() }
      try compound()
    case "if", "while", "try", "else", "finally":
      skipWord()
      try compound()
    case "catch":
      skipWord()
      try skipBlanks()
      if isNameStart(byte) { try declareName() }
      try compound()
    default:
      if try assignment() { return try value() }
      try item(isStatement: true)
    }
  }

  /// A condition, if there is one, and a block.
  private mutating func compound() throws(CompletionPoint) {
    try skipBlanks()
    if keyword() == "if" || keyword() == "while" { skipWord() }
    if byte != UInt8(ascii: "{") { try expression(endsAtBrace: true) }
    try body()
  }

  /// A block of statements, if one begins here.
  private mutating func body() throws(CompletionPoint) {
    try skipBlanks()
    if isAtEnd { throw nothing }
    if byte == UInt8(ascii: "{") { try block() }
  }

  /// `NAME suffixes =` with blanks around the sign.
  private mutating func assignment() throws(CompletionPoint) -> Bool {
    guard isNameStart(byte) else { return false }
    var i = position
    while i < bytes.count, isNameByte(bytes[i]) || bytes[i] == UInt8(ascii: ".") { i += 1 }
    if i < bytes.count, bytes[i] == UInt8(ascii: "[") {
      while i < bytes.count, bytes[i] != UInt8(ascii: "]"), bytes[i] != 0x0A { i += 1 }
      i += 1
    }
    let end = i
    while i < bytes.count, bytes[i] == 0x20 { i += 1 }
    guard i > end, i < bytes.count else { return false }
    if "+-*/".utf8.contains(bytes[i]) { i += 1 }
    guard i + 1 < bytes.count, bytes[i] == UInt8(ascii: "="), bytes[i + 1] == 0x20 else {
      return false
    }
    position = i + 1
    return true
  }

  /// What stands behind `=`: an item, an `if` or a `try`.
  private mutating func value() throws(CompletionPoint) {
    try skipBlanks()
    if keyword() == "if" || keyword() == "try" {
      skipWord()
      return try compound()
    }
    try item(isStatement: false)
  }

  /// The plain word here, if the text goes on behind it.
  func keyword() -> String? {
    var end = position
    while end < bytes.count, isNameByte(bytes[end]) || bytes[end] == UInt8(ascii: "-") { end += 1 }
    guard end > position, end < bytes.count, !isWordByte(bytes[end]) || bytes[end] == 0x7B else {
      return nil
    }
    return text(position, end)
  }

  mutating func skipWord() {
    while !isAtEnd, isNameByte(byte) || byte == UInt8(ascii: "-") { position += 1 }
  }

  // MARK: Brackets

  /// `{ … }` with parameters in `| |` or without.
  ///
  /// - Parameter hasArms: whether arms of `select` stand in it rather than statements.
  mutating func block(hasArms: Bool = false) throws(CompletionPoint) {
    try nested { (finder) throws(CompletionPoint) in
      let outer = finder.newlinesAreBlank
      finder.newlinesAreBlank = false
      finder.blockDepth += 1
      finder.position += 1
      try finder.skipBlanks()
      if finder.byte == UInt8(ascii: "|") { try finder.parameters(until: UInt8(ascii: "|")) }
      if hasArms {
        try finder.arms()
      } else {
        try finder.statements(until: UInt8(ascii: "}"))
      }
      finder.position += 1
      finder.blockDepth -= 1
      finder.newlinesAreBlank = outer
    }
  }

  /// The arms of `select`, up to the `}`.
  private mutating func arms() throws(CompletionPoint) {
    while true {
      try skipSeparators()
      if isAtEnd { throw here(.arm) }
      if byte == UInt8(ascii: "}") { return }
      let before = position
      try command(isStatement: false, hasInput: false, isArm: true)
      if position == before { position += 1 }
    }
  }

  private mutating func parameters(until close: UInt8) throws(CompletionPoint) {
    position += 1
    while !isAtEnd, byte != close {
      if isNameStart(byte) { try declareName() } else { position += 1 }
    }
    if isAtEnd { throw nothing }
    position += 1
  }

  /// `( … )`, an item.
  mutating func parenthesized() throws(CompletionPoint) {
    try nested { (finder) throws(CompletionPoint) in
      let outer = finder.newlinesAreBlank
      finder.newlinesAreBlank = true
      finder.position += 1
      while true {
        try finder.skipBlanks()
        if finder.isAtEnd { throw finder.here(.command(isForced: false, isStatement: false)) }
        if finder.byte == UInt8(ascii: ")") { break }
        let before = finder.position
        try finder.item(isStatement: false)
        if finder.position == before { finder.position += 1 }
      }
      finder.position += 1
      finder.newlinesAreBlank = outer
    }
  }

  /// `[ … ]`, a list, a map or an index.
  mutating func bracketed() throws(CompletionPoint) {
    try nested { (finder) throws(CompletionPoint) in
      let outer = finder.newlinesAreBlank
      finder.newlinesAreBlank = true
      finder.position += 1
      while true {
        try finder.skipBlanks()
        if finder.isAtEnd { throw finder.nothing }
        if finder.byte == UInt8(ascii: "]") { break }
        let before = finder.position
        try finder.expression()
        if finder.position == before { finder.position += 1 }
      }
      finder.position += 1
      finder.newlinesAreBlank = outer
    }
  }

  // MARK: Expressions

  /// An expression, up to what cannot belong to one; only variables in it can be completed.
  mutating func expression(endsAtBrace: Bool = false) throws(CompletionPoint) {
    while true {
      try skipBlanks()
      if isAtEnd { throw nothing }
      switch byte {
      case UInt8(ascii: "("): try parenthesized()
      case UInt8(ascii: "["): try bracketed()
      case UInt8(ascii: "{"):
        if endsAtBrace { return }
        try block()
      case UInt8(ascii: "$"): try variable(inString: false)
      case UInt8(ascii: "\""), UInt8(ascii: "'"): try string(.nothing, wordStart: position)
      case 0x0A, UInt8(ascii: ";"), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"),
        UInt8(ascii: "|"), UInt8(ascii: "&"):
        return
      default: position += 1
      }
    }
  }
}
