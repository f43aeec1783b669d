/// A control sequence: `ESC [`, numbers, and the letter that says what to do.
struct ControlSequence {
  var numbers: [Int?]
  var isPrivate: Bool
  var final: Character

  /// A number that was given, or nil.
  subscript(index: Int) -> Int? { index < numbers.count ? numbers[index] : nil }
}

/// Takes a terminal's bytes apart into characters, controls and escape sequences.
struct EscapeParser {
  enum Event {
    case none
    case text(Unicode.Scalar)
    case control(UInt8)
    case escape(UInt8)
    case sequence(ControlSequence)
  }

  private enum State {
    case ground, escape, charset, sequence, string, stringEscape
  }

  private var state = State.ground
  private var parameters = ""
  /// A UTF-8 character that is not complete, and how many bytes it still lacks.
  private var partial: (bytes: [UInt8], missing: Int) = ([], 0)

  mutating func next(_ byte: UInt8) -> Event {
    switch state {
    case .ground: return ground(byte)
    case .escape: return escape(byte)
    case .charset: state = .ground
    case .sequence: return sequence(byte)
    case .string:
      if byte == 0x07 { state = .ground } else if byte == 0x1b { state = .stringEscape }
    case .stringEscape: state = .ground
    }
    return .none
  }

  private mutating func ground(_ byte: UInt8) -> Event {
    switch byte {
    case 0x1b: state = .escape
    case 0..<0x20, 0x7f: return .control(byte)
    case 0x20..<0x7f: return .text(Unicode.Scalar(byte))
    case 0x80..<0xc0:
      partial.bytes.append(byte)
      partial.missing -= 1
      if partial.missing == 0 {
        return String(decoding: partial.bytes, as: UTF8.self).unicodeScalars.first.map { .text($0) }
          ?? .none
      }
    default: partial = ([byte], byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1)
    }
    return .none
  }

  private mutating func escape(_ byte: UInt8) -> Event {
    state = .ground
    switch byte {
    case UInt8(ascii: "["):
      parameters = ""
      state = .sequence
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"): state = .string
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "#"): state = .charset
    default: return .escape(byte)
    }
    return .none
  }

  private mutating func sequence(_ byte: UInt8) -> Event {
    let character = Character(Unicode.Scalar(byte))
    guard (0x40...0x7e).contains(byte) else {
      parameters.append(character)
      return .none
    }
    state = .ground
    let marks = "?><="
    let numbers = parameters.drop { marks.contains($0) }
    return .sequence(
      ControlSequence(
        numbers: numbers.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) },
        isPrivate: numbers.startIndex != parameters.startIndex, final: character))
  }
}
