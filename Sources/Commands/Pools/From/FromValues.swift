import Language

/// Numbers, times, sizes and delimiters, as xargs and GNU parallel write them.
enum FromValues {
  /// A time with a unit, in seconds where it has none; nil if it is no time.
  static func duration(_ text: String) -> String? {
    let full = text.hasPrefix(".") ? "0" + text : text
    switch literal(full) {
    case .value(.int(let seconds)) where seconds >= 0: return "\(seconds)s"
    case .value(.float(let seconds)) where seconds >= 0: return "\(full)s"
    case .value(.duration): return full
    default: return nil
    }
  }

  /// A size, where K, M and G are powers of 1024, k, m and g of 1000; nil if it is none.
  static func size(_ text: String) -> String? {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits), number > 0 else { return nil }
    switch text.dropFirst(digits.count) {
    case "": return "\(digits)B"
    case "K", "M", "G", "T", "P": return "\(digits)\(text.suffix(1))iB"
    case "k", "m", "g", "t", "p": return "\(digits)\(text.suffix(1).uppercased())B"
    default: return nil
    }
  }

  /// The character that a delimiter means, which may be written as `\t`, `\0`, `\x2c` or `\054`.
  static func delimiter(_ text: String) -> String? {
    guard text.hasPrefix("\\"), text.count > 1 else { return text.isEmpty ? nil : text }
    let escape = text.dropFirst()
    switch escape {
    case "n": return "\n"
    case "t": return "\t"
    case "r": return "\r"
    case "f": return "\u{0C}"
    case "v": return "\u{0B}"
    case "a": return "\u{07}"
    case "b": return "\u{08}"
    case "\\": return "\\"
    default:
      let code =
        escape.hasPrefix("x") ? UInt8(escape.dropFirst(), radix: 16) : UInt8(escape, radix: 8)
      return code.flatMap { $0 < 0x80 ? String(Unicode.Scalar($0)) : nil }
    }
  }

  /// The value of `--halt` for `when,why=how` of GNU parallel; nil for never.
  ///
  /// - Throws: `arity` if it is none.
  static func halt(_ text: String) throws -> String? {
    func wrong() -> ErrorObject {
      ErrorObject(
        .arity, "'\(text)' is no value of GNU parallel's option '--halt'",
        help: "as: never, soon,fail=1 or now,success=3")
    }
    switch text {
    case "never", "0": return nil
    case "1": return "soon"
    case "2": return "now"
    case _ where text.hasSuffix("%") && Double(text.dropLast()) != nil: return "soon,fail=\(text)"
    default: break
    }
    let parts = text.split(separator: ",", maxSplits: 1).map(String.init)
    guard ["soon", "now"].contains(parts.first) else { throw wrong() }
    guard parts.count > 1 else { return parts[0] }
    let condition = parts[1].split(separator: "=", maxSplits: 1).map(String.init)
    guard condition.count == 2, ["fail", "success", "done"].contains(condition[0]),
      let last = condition.last,
      let number = Double(last.hasSuffix("%") ? last.dropLast() : last[...]),
      number > 0
    else { throw wrong() }
    return parts[1] == "fail=1" ? parts[0] : text
  }
}
