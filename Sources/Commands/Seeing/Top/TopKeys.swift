/// A key of a terminal.
enum TopKey: Equatable {
  case character(Unicode.Scalar)
  case up, down, pageUp, pageDown, home, end
  case enter, escape, backspace
  /// Ctrl and a letter.
  case control(Character)
}

/// Makes keys of what a terminal sends (ECMA-48, xterm, the Linux console).
struct TopKeyReader {
  private var rest: [UInt8] = []

  /// Keys of what has come; what could be the beginning of another one waits for its end.
  mutating func take(_ bytes: some Sequence<UInt8>) -> [TopKey] {
    rest += bytes
    var keys: [TopKey] = []
    var at = 0
    while at < rest.count {
      guard let length = TopKeyReader.length(rest[at...]) else { break }
      if let key = TopKeyReader.key(rest[at..<(at + length)]) { keys.append(key) }
      at += length
    }
    rest.removeFirst(at)
    // No key has a sequence that long.
    if rest.count > 32 { rest = [] }
    return keys
  }

  /// How many bytes the first key has; nil if its end has not come.
  private static func length(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard let first = bytes.first else { return nil }
    guard first == 0x1B else {
      // UTF-8: a text that was cut is waited for, whatever is no text is a byte.
      let wanted = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
      let tail = bytes.dropFirst().prefix(wanted - 1)
      if let wrong = tail.firstIndex(where: { $0 & 0xC0 != 0x80 }) {
        return wrong - bytes.startIndex
      }
      return tail.count == wanted - 1 ? wanted : nil
    }
    let tail = bytes.dropFirst()
    // One that comes alone is the key Escape: a sequence comes as a whole.
    guard let second = tail.first else { return 1 }
    switch second {
    case UInt8(ascii: "["):
      let body = tail.dropFirst()
      // The Linux console's function keys: ESC [ [ A.
      if body.first == UInt8(ascii: "[") { return body.count > 1 ? 4 : nil }
      guard let end = body.firstIndex(where: { $0 >= 0x40 }) else { return nil }
      return end - bytes.startIndex + 1
    case UInt8(ascii: "O"): return tail.count > 1 ? 3 : nil
    default: return 1
    }
  }

  private static func key(_ bytes: ArraySlice<UInt8>) -> TopKey? {
    guard let first = bytes.first else { return nil }
    if bytes.count == 1 {
      switch first {
      case 0x0D, 0x0A: return .enter
      case 0x1B: return .escape
      case 0x7F, 0x08: return .backspace
      case 1...26: return .control(Character(Unicode.Scalar(first + 96)))
      case 0x20..<0x7F: return .character(Unicode.Scalar(first))
      default: return nil
      }
    }
    if first != 0x1B {
      return String(decoding: bytes, as: UTF8.self).unicodeScalars.first.map { .character($0) }
    }
    switch String(decoding: bytes.dropFirst(2), as: UTF8.self) {
    case "A": return .up
    case "B": return .down
    case "H", "1~", "7~": return .home
    case "F", "4~", "8~": return .end
    case "5~": return .pageUp
    case "6~": return .pageDown
    case "M" where bytes.dropFirst().first == UInt8(ascii: "O"): return .enter
    default: return nil
    }
  }
}
