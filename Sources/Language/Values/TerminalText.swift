/// The one place that makes text of others harmless: what Brood shows of names, command lines and
/// inputs can neither move a terminal's cursor nor turn the direction of what stands beside it.
///
/// Such characters are shown in the form of a literal, as `\e` and `\u{202e}`. What programs write
/// themselves, and what `print` is given, goes out as it is.
public enum TerminalText {
  /// Whether a terminal obeys a character, or shows text in another place because of it: the
  /// controls of ASCII and ISO 6429, and those of direction, lines and hidden text in Unicode.
  ///
  /// The joiners stay, which scripts and emoji are written with.
  public static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if value < 0x20 || (0x7F..<0xA0).contains(value) { return true }
    if value < 0x600 { return false }
    switch value {
    case 0x061C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFFF9...0xFFFB, 0xE0000...0xE007F:
      return true
    default: return false
    }
  }

  /// How a character stands in a literal.
  public static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\t": "\\t"
    case "\r": "\\r"
    case "\u{1B}": "\\e"
    case "\0": "\\0"
    default: "\\u{" + String(scalar.value, radix: 16) + "}"
    }
  }

  /// A text of several lines; its newlines and tabs stay.
  public static func lines(_ text: String) -> String {
    cleaned(text) { isControl($0) && $0 != "\n" && $0 != "\t" }
  }

  /// A text that is to stay on its line.
  public static func line(_ text: String) -> String { cleaned(text, isControl) }

  /// Bytes that are to stay on their line; of what is not UTF-8 only C1 controls are changed.
  public static func line(_ bytes: [UInt8]) -> [UInt8] {
    if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return bytes }
    if let text = String(validating: bytes, as: UTF8.self) { return Array(line(text).utf8) }
    var out: [UInt8] = []
    var rest = bytes[...]
    while let first = rest.first {
      let size = (1...4).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
      if let size {
        out += line(String(decoding: rest.prefix(size), as: UTF8.self)).utf8
      } else if (0x80..<0xA0).contains(first) {
        out += "\\x\(String(first, radix: 16))".utf8
      } else {
        out.append(first)
      }
      rest = rest.dropFirst(size ?? 1)
    }
    return out
  }

  private static func cleaned(_ text: String, _ isWrong: (Unicode.Scalar) -> Bool) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    guard text.unicodeScalars.contains(where: isWrong) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      if isWrong(scalar) { out += escape(scalar) } else { out.unicodeScalars.append(scalar) }
    }
    return out
  }
}
