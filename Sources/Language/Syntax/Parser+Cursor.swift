extension Parser {
  var isAtEnd: Bool { position >= bytes.count }

  /// The current byte, 0 at the end.
  var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

  /// The byte `offset` behind the current one, 0 at the end.
  func byte(at offset: Int) -> UInt8 {
    let i = position + offset
    return i < bytes.count ? bytes[i] : 0
  }

  func byteBefore() -> UInt8 { position > 0 ? bytes[position - 1] : 0x0A }

  /// Whether a byte can continue a command's word.
  func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "&"),
      UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "("), UInt8(ascii: ")"):
      false
    case UInt8(ascii: "}"): blockDepth == 0
    default: true
    }
  }

  /// Where a name with `-` in it, as commands and functions have, ends.
  func wordNameEnd(_ start: Int) -> Int {
    var i = start
    while i < bytes.count, isNameByte(bytes[i]) || (bytes[i] == UInt8(ascii: "-") && i > start) {
      i += 1
    }
    return i
  }

  /// The end of whatever stands at a place, for messages: at least one scalar.
  func tokenEnd(_ start: Int) -> Int {
    var i = start
    while i < bytes.count, isWordByte(bytes[i]), bytes[i] != UInt8(ascii: ","),
      bytes[i] != UInt8(ascii: "]"), i - start < 40
    {
      i += 1
    }
    if i == start, i < bytes.count { i += 1 }
    while i < bytes.count, bytes[i] & 0xC0 == 0x80 { i += 1 }
    return i
  }

  mutating func skipLine() {
    while !isAtEnd, byte != 0x0A { position += 1 }
  }

  /// Passes blanks, comments and continued lines; newlines too where they are blanks.
  mutating func skipBlanks() {
    while !isAtEnd {
      switch byte {
      case 0x20, 0x09, 0x0D: position += 1
      case 0x0A:
        guard newlinesAreBlank else { return }
        position += 1
      case UInt8(ascii: "\\"):
        guard byte(at: 1) == 0x0A else { return }
        position += 2
      case UInt8(ascii: "#"):
        guard isCommentStart else { return }
        skipLine()
        expect(.nothing)
      default: return
      }
    }
  }

  private var isCommentStart: Bool { Parser.beginsComment(behind: byteBefore()) }

  /// Whether a `#` behind this byte begins a comment.
  static func beginsComment(behind byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ";"), UInt8(ascii: "{"), UInt8(ascii: "("),
      UInt8(ascii: "["), UInt8(ascii: "}"), UInt8(ascii: "|"):
      true
    default: false
    }
  }

  /// Passes everything between statements; yields whether anything separates them.
  @discardableResult
  mutating func skipSeparators() -> Bool {
    var isSeparated = false
    while true {
      skipBlanks()
      guard !isAtEnd, byte == 0x0A || byte == UInt8(ascii: ";") else { return isSeparated }
      isSeparated = true
      position += 1
    }
  }

  /// Passes blanks, comments and newlines, as behind a trailing `|`.
  mutating func skipContinuation(after what: String) throws {
    let outer = newlinesAreBlank
    newlinesAreBlank = true
    skipBlanks()
    newlinesAreBlank = outer
    expect(.command(isForced: false, isStatement: false))
    if isAtEnd { throw error("nothing follows '\(what)'", partial: true) }
  }

  /// Whether a keyword stands here, not merely its letters.
  func isKeyword(_ word: String) -> Bool {
    let end = position + word.utf8.count
    guard end <= bytes.count, bytes[position..<end].elementsEqual(word.utf8) else { return false }
    guard end < bytes.count else { return true }
    return !isNameByte(bytes[end]) && bytes[end] != UInt8(ascii: "-")
  }

  /// Passes blanks and a keyword, if it is there.
  mutating func skipKeyword(_ word: String) -> Bool {
    let start = position
    skipBlanks()
    if isKeyword(word) {
      position += word.utf8.count
      skipBlanks()
      return true
    }
    position = start
    return false
  }

  /// Reads what stands between brackets, the opening one of which has been passed.
  ///
  /// - Parameter expected: what could stand where the text ends behind the opening one.
  mutating func bracketed<R>(
    _ open: Int, close: UInt8, expecting expected: (Parser) -> CursorPlace.Kind = { _ in .nothing },
    _ body: (inout Parser) throws -> R
  ) throws -> R {
    let outer = newlinesAreBlank
    newlinesAreBlank = true
    defer { newlinesAreBlank = outer }
    skipBlanks()
    expect(expected(self))
    let result: R
    do {
      result = try nested { parser in
        if parser.isAtEnd { throw parser.neverClosed(open) }
        return try body(&parser)
      }
    } catch let error as ErrorObject {
      // At the end of the text the open bracket is the better news, and more input may help.
      if isAtEnd, !error.isPartial { throw neverClosed(open) }
      if beginsStatement { throw neverClosed(open, partial: false) }
      throw error
    }
    skipBlanks()
    if isAtEnd { throw neverClosed(open) }
    if beginsStatement { throw neverClosed(open, partial: false) }
    guard byte == close else {
      throw unexpected(expecting: "'\(Character(Unicode.Scalar(close)))'")
    }
    position += 1
    return result
  }

  private func neverClosed(_ open: Int, partial: Bool = true) -> ErrorObject {
    let bracket = open < bytes.count ? Character(Unicode.Scalar(bytes[open])) : "("
    return error("this '\(bracket)' is never closed", Span(open, open + 1), partial: partial)
  }
}
