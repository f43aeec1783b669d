/// What is being typed at the end of a text, as far as completion needs to know.
struct CompletionPoint: Error {
  enum Kind: Equatable {
    /// The first word of a command; `isForced` behind `^`, `isStatement` where a keyword may stand.
    case command(isForced: Bool, isStatement: Bool)
    /// The first word of an arm of `select`.
    case arm
    /// An argument behind the words of a command.
    case argument(CompletionCommand)
    /// The target of a redirection.
    case file
    /// A variable's name behind `$` or `${`.
    case variable
    /// A field behind a variable and the fields before it; an index is a step of digits.
    case field(variable: String, path: [String])
    /// Nothing that could be known: a number, an operator, the inside of a text.
    case nothing
  }

  enum Quote: Equatable {
    case none, single, double
  }

  var kind: Kind
  /// The first byte of what a completion replaces.
  var start: Int
  /// What was typed of it, without quotes and backslashes.
  var text = ""
  var quote = Quote.none
  /// Names that the text itself declares: variables, parameters.
  var declared: [String] = []
}

/// The words of a command that are complete.
struct CompletionCommand: Equatable {
  /// The first word, nil if it is computed.
  var name: String?
  var isForced = false
  /// A value comes from `|>` in front of the arguments.
  var hasInput = false
  /// It is an arm of `select`.
  var isArm = false
  /// The arguments, nil where one is computed.
  var arguments: [String?] = []
}

/// Finds out what is being typed at the end of a text.
///
/// It goes through the text by the rules of the language's parser, of which it is a shadow: errors
/// are passed over, and reaching the end of the text is the result, thrown from wherever it
/// happens.
struct CompletionFinder {
  let bytes: [UInt8]
  var position = 0
  var newlinesAreBlank = false
  var blockDepth = 0
  var nesting = 0
  var declared: [String] = []

  static let maximumNesting = 100

  /// What is being typed at the end of a text.
  static func point(in text: String) -> CompletionPoint {
    var finder = CompletionFinder(bytes: Array(text.utf8))
    do throws(CompletionPoint) {
      try finder.statements(until: nil)
      return CompletionPoint(kind: .nothing, start: finder.bytes.count)
    } catch {
      var point = error
      point.declared = finder.declared
      return point
    }
  }

  // MARK: Bytes

  var isAtEnd: Bool { position >= bytes.count }
  var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

  func byte(at offset: Int) -> UInt8 {
    position + offset < bytes.count ? bytes[position + offset] : 0
  }

  func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0A, 0x0D, 0x3B, 0x7C, 0x26, 0x3C, 0x3E, 0x28, 0x29: false
    case UInt8(ascii: "}"): blockDepth == 0
    default: true
    }
  }

  func text(_ start: Int, _ end: Int) -> String {
    String(decoding: bytes[start..<max(start, min(end, bytes.count))], as: UTF8.self)
  }

  func isNameByte(_ byte: UInt8) -> Bool {
    byte == 0x5F || byte >= 0x80 || (0x30...0x39).contains(byte)
      || (0x41...0x5A).contains(byte & 0xDF)
  }

  func isNameStart(_ byte: UInt8) -> Bool {
    isNameByte(byte) && !(0x30...0x39).contains(byte)
  }

  /// Passes blanks, comments and continued lines; newlines too where they are blanks.
  mutating func skipBlanks() throws(CompletionPoint) {
    while !isAtEnd {
      switch byte {
      case 0x20, 0x09, 0x0D: position += 1
      case 0x0A where newlinesAreBlank: position += 1
      case UInt8(ascii: "\\") where byte(at: 1) == 0x0A: position += 2
      case UInt8(ascii: "#")
      where position == 0 || " \t\n;{([}|".utf8.contains(bytes[position - 1]):
        while !isAtEnd, byte != 0x0A { position += 1 }
        if isAtEnd { throw nothing }
      default: return
      }
    }
  }

  mutating func skipSeparators() throws(CompletionPoint) {
    while true {
      try skipBlanks()
      guard byte == 0x0A || byte == UInt8(ascii: ";") else { return }
      position += 1
    }
  }

  var nothing: CompletionPoint { CompletionPoint(kind: .nothing, start: bytes.count) }

  func here(_ kind: CompletionPoint.Kind) -> CompletionPoint {
    CompletionPoint(kind: kind, start: position)
  }

  mutating func nested(
    _ body: (inout CompletionFinder) throws(CompletionPoint) -> Void
  ) throws(CompletionPoint) {
    nesting += 1
    defer { nesting -= 1 }
    if nesting > CompletionFinder.maximumNesting { throw nothing }
    try body(&self)
  }

  /// Takes a plain name, if one is here and ends before the text does.
  mutating func declareName() throws(CompletionPoint) {
    let start = position
    while !isAtEnd, isNameByte(byte) { position += 1 }
    if isAtEnd { throw nothing }
    if position > start { declared.append(text(start, position)) }
  }
}
