import Language

/// A word of a program as other shells read it back, for `--dry-run`.
enum ShellWord {
  /// Bare, in single quotes, or as `$'…'` where it holds what must not reach a terminal.
  ///
  /// That form gives every byte back in bash, zsh and ksh.
  static func quoted(_ bytes: [UInt8]) -> String {
    guard let word = String(validating: bytes, as: UTF8.self),
      !word.unicodeScalars.contains(where: TerminalText.isControl)
    else { return escaped(bytes) }
    let isPlain =
      !word.isEmpty
      && word.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0)
          || "_-./=:,+@%".unicodeScalars.contains($0)
      }
    if isPlain { return word }
    let parts = word.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.joined(separator: "'\\''") + "'"
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    var out = "$'"
    for byte in bytes {
      switch byte {
      case 0x07: out += "\\a"
      case 0x09: out += "\\t"
      case 0x0A: out += "\\n"
      case 0x0D: out += "\\r"
      case 0x1B: out += "\\e"
      case UInt8(ascii: "'"), UInt8(ascii: "\\"): out += "\\\(Unicode.Scalar(byte))"
      case 0x20..<0x7F: out.unicodeScalars.append(Unicode.Scalar(byte))
      default: out += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return out + "'"
  }
}
