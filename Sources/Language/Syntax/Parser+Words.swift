/// A word of a command, as read.
struct Word {
  /// Its value: a literal, a variable's value, or text joined of pieces.
  let value: Expression
  /// As typed (less backslashes), if it is one bare word.
  let spelling: String?
  /// With quoted parts escaped, if it has unquoted `*`, `?`, `[` or begins with `~`.
  let pattern: Expression?
  let span: Span

  /// The word as a file's name: text as typed, `~` left for the host to expand.
  var pathValue: Expression {
    guard let spelling else { return value }
    return Expression(.constant(.text(spelling)), value.span)
  }
}

/// Words and strings.
extension Parser {
  /// A word of a command: bare text, `$name`, strings and `( … )`, joined where they touch.
  ///
  /// - Parameter place: what it is, for what could stand where the text ends.
  mutating func word(_ place: WordPlace = .other) throws -> Word {
    let start = position
    var pieces: [Expression] = []
    var bare: [UInt8] = []
    var bareStart = position
    var isPlain = true  // one run of bare text, nothing quoted
    var isEscaped = false
    var hasPattern = byte == UInt8(ascii: "~")
    var pattern: [Expression] = []
    var patternBare: [UInt8] = []
    var braces = 0

    func text(_ bytes: [UInt8], _ from: Int, _ to: Int) -> Expression {
      Expression(.constant(.string(StringObject.make(decoding: bytes))), Span(from, to))
    }
    func flush(_ end: Int) {
      if !bare.isEmpty { pieces.append(text(bare, bareStart, end)) }
      if !patternBare.isEmpty { pattern.append(text(patternBare, bareStart, end)) }
      bare = []
      patternBare = []
    }

    scan: while !isAtEnd {
      switch byte {
      case UInt8(ascii: "$"):
        flush(position)
        isPlain = false
        let piece = try suffixes(of: try variable())
        pieces.append(piece)
        pattern.append(Expression(.quoted(piece), piece.span))
        bareStart = position
      case UInt8(ascii: "("):
        flush(position)
        isPlain = false
        let piece = try suffixes(of: try parenthesized())
        pieces.append(piece)
        pattern.append(Expression(.quoted(piece), piece.span))
        bareStart = position
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        flush(position)
        isPlain = false
        let piece = try string(pieces.isEmpty ? place : .other)
        pieces.append(piece)
        pattern.append(Expression(.quoted(piece), piece.span))
        bareStart = position
      case UInt8(ascii: "\\"):
        guard position + 1 < bytes.count else {
          noteWord(place, from: start, pieces, bare)
          throw error("nothing follows the backslash", partial: true)
        }
        if byte(at: 1) == 0x0A { break scan }
        isEscaped = true
        position += 1
        patternBare.append(UInt8(ascii: "\\"))
        repeat {
          bare.append(byte)
          patternBare.append(byte)
          position += 1
        } while byte & 0xC0 == 0x80
      case UInt8(ascii: "`"):
        throw error(
          "a backquote means nothing here", Span(position, position + 1),
          help: "( … ) gives a program's output")
      case UInt8(ascii: "}"):
        if blockDepth > 0 {
          if braces == 0 { break scan }
          braces -= 1
        }
        bare.append(byte)
        patternBare.append(byte)
        position += 1
      default:
        guard isWordByte(byte) else { break scan }
        if byte == UInt8(ascii: "{") { braces += 1 }
        if [0x2A, 0x3F].contains(byte) || (byte == UInt8(ascii: "[") && !bare.isEmpty) {
          hasPattern = true
        }
        bare.append(byte)
        patternBare.append(byte)
        position += 1
      }
    }
    let span = Span(start, position)
    if isAtEnd { noteWord(place, from: start, pieces, bare) }
    if isPlain {
      let spelled = String(decoding: bare, as: UTF8.self)
      var value: Value = .text(spelled)
      if !isEscaped {
        switch literal(spelled) {
        case .value(let found): value = found
        case .overflow, .none: break
        }
      }
      return Word(
        value: Expression(.constant(value), span), spelling: spelled,
        pattern: hasPattern ? text(patternBare, start, position) : nil, span: span)
    }
    flush(position)
    let value =
      pieces.count == 1
      ? pieces[0] : range(of: pieces, span) ?? Expression(.text(pieces), span)
    return Word(
      value: value, spelling: nil, pattern: hasPattern ? Expression(.text(pattern), span) : nil,
      span: span)
  }

  /// A joined word as a range, `1..$n`, `$a..$b` or `(size)..9`: whole numbers only where they are
  /// spelled as they are shown, so that the text of the range is the text of the word.
  private func range(of pieces: [Expression], _ span: Span) -> Expression? {
    func text(_ place: Int) -> String? {
      // A piece in quotes covers more than its text.
      guard case .constant(.string(let text)) = pieces[place].kind,
        text.byteCount == pieces[place].span.end - pieces[place].span.start
      else { return nil }
      return text.string
    }
    func number(_ spelled: Substring, _ place: Int) -> Expression? {
      guard let number = Int(spelled), String(number) == spelled else { return nil }
      return Expression(.constant(.int(number)), pieces[place].span)
    }
    func isComputed(_ place: Int) -> Bool {
      switch pieces[place].kind {
      case .constant, .text: false
      default: true
      }
    }
    if pieces.count == 3, isComputed(0), text(1) == "..", isComputed(2) {
      return Expression(.wordRange(pieces[0], pieces[2]), span)
    }
    guard pieces.count == 2 else { return nil }
    if isComputed(1), let low = text(0), low.hasSuffix(".."), let low = number(low.dropLast(2), 0) {
      return Expression(.wordRange(low, pieces[1]), span)
    }
    if isComputed(0), let high = text(1), high.hasPrefix(".."),
      let high = number(high.dropFirst(2), 1)
    {
      return Expression(.wordRange(pieces[0], high), span)
    }
    return nil
  }

  // MARK: Strings

  /// A string in double quotes, which interpolates, or in single quotes, which does not.
  ///
  /// - Parameter place: what the word is that begins with it; nil where it is no word.
  mutating func string(_ place: WordPlace? = nil) throws -> Expression {
    byte == UInt8(ascii: "'") ? try rawString(place) : try interpolatedString(place)
  }

  private mutating func rawString(_ place: WordPlace?) throws -> Expression {
    let start = position
    position += 1
    let textStart = position
    while byte != UInt8(ascii: "'") || isAtEnd {
      if isAtEnd {
        noteString(place, from: start, [], Array(bytes[textStart...]), quote: .single)
        throw error("this ' is never closed", Span(start, start + 1), partial: true)
      }
      position += 1
    }
    let text = StringObject.make(decoding: bytes[textStart..<position])
    position += 1
    return Expression(.constant(.string(text)), Span(start, position))
  }

  private mutating func interpolatedString(_ place: WordPlace?) throws -> Expression {
    let start = position
    position += 1
    var pieces: [Expression] = []
    var run: [UInt8] = []
    func flush(_ run: inout [UInt8], _ end: Int) {
      guard !run.isEmpty else { return }
      let text = Value.string(StringObject.make(decoding: run))
      pieces.append(Expression(.constant(text), Span(end - run.count, end)))
      run = []
    }
    while true {
      if isAtEnd {
        noteString(place, from: start, pieces, run, quote: .double)
        throw error("this \" is never closed", Span(start, start + 1), partial: true)
      }
      switch byte {
      case UInt8(ascii: "\""):
        flush(&run, position)
        position += 1
        let span = Span(start, position)
        if pieces.isEmpty { return Expression(.constant(.text("")), span) }
        if pieces.count == 1, case .constant(let value) = pieces[0].kind {
          return Expression(.constant(.text(value.asText)), span)
        }
        return Expression(.text(pieces), span)
      case UInt8(ascii: "\\"):
        if position + 1 >= bytes.count {
          noteString(place, from: start, pieces, run, quote: .double)
        }
        try escape(&run)
      case UInt8(ascii: "$") where byte(at: 1) == UInt8(ascii: "{") || isNameStart(byte(at: 1)):
        flush(&run, position)
        pieces.append(try variable())
      default:
        if byte == UInt8(ascii: "$"), position + 1 == bytes.count {
          note(.variable, from: position + 1)
        }
        run.append(byte)
        position += 1
      }
    }
  }

  private mutating func escape(_ run: inout [UInt8]) throws {
    let start = position
    position += 1
    let escaped = byte
    position += 1
    switch escaped {
    case UInt8(ascii: "n"): run.append(0x0A)
    case UInt8(ascii: "t"): run.append(0x09)
    case UInt8(ascii: "r"): run.append(0x0D)
    case UInt8(ascii: "e"): run.append(0x1B)
    case UInt8(ascii: "0"): run.append(0)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "$"), UInt8(ascii: "'"):
      run.append(escaped)
    case 0x0A: break
    case UInt8(ascii: "u") where byte == UInt8(ascii: "{"):
      var value: UInt32 = 0
      var digits = 0
      position += 1
      while let digit = hexDigit(byte), digits < 8 {
        value = value << 4 | digit
        digits += 1
        position += 1
      }
      guard byte == UInt8(ascii: "}"), digits > 0, let scalar = Unicode.Scalar(value) else {
        throw error(
          "this is not a Unicode scalar", Span(start, position),
          help: "write its number in hexadecimal, as \\u{e9}")
      }
      position += 1
      run.append(contentsOf: Array(String(Character(scalar)).utf8))
    default:
      if position > bytes.count {
        throw error("this string is never closed", Span(start, start + 1), partial: true)
      }
      throw error(
        "'\\\(Character(Unicode.Scalar(escaped)))' is not an escape", Span(start, position),
        help: "the escapes are \\n \\t \\r \\e \\0 \\\\ \\\" \\$ \\u{…}; '…' takes all as it is")
    }
  }

  private func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x30...0x39: UInt32(byte - 0x30)
    case 0x41...0x46: UInt32(byte - 0x41 + 10)
    case 0x61...0x66: UInt32(byte - 0x61 + 10)
    default: nil
    }
  }
}
