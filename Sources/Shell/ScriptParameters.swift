import Language

/// The parameters of a script's `main`, as its text declares them.
///
/// The text was parsed before, so that splitting it is all that is left to do.
struct ScriptParameters {
  struct Item: Equatable {
    enum Role { case positional, rest, flag }

    let name: String
    let role: Role
    let typeName: String?
    /// The text of its default.
    let standard: String?

    /// A flag without type and default is given or not.
    var isSwitch: Bool { role == .flag && (typeName ?? "bool") == "bool" && standard == nil }

    /// As usage lines show it.
    var label: String {
      switch role {
      case .flag: isSwitch ? "--\(name)" : "--\(name) \((typeName ?? "value").uppercased())"
      case .rest: "[\(name.uppercased())…]"
      case .positional: standard == nil ? name.uppercased() : "[\(name.uppercased())]"
      }
    }

    /// What must be given, for messages and help.
    var meaning: String {
      var parts = isSwitch ? [] : [typeName ?? "text"]
      if let standard { parts.append("default: \(standard)") }
      return parts.joined(separator: ", ")
    }
  }

  let items: [Item]

  var positional: [Item] { items.filter { $0.role == .positional } }
  var flags: [Item] { items.filter { $0.role == .flag } }
  var takesRest: Bool { items.contains { $0.role == .rest } }

  init(_ function: Function) {
    items = ScriptParameters.split(function.text).compactMap(ScriptParameters.item)
  }

  /// The pieces between the parentheses of `fn main(…)`.
  static func split(_ text: String) -> [String] {
    var pieces: [String] = []
    var piece: [UInt8] = []
    var depth = 0
    var quote: UInt8?
    var isEscaped = false
    var isComment = false
    for byte in text.utf8 {
      if isComment {
        isComment = byte != 0x0A
        continue
      }
      if let open = quote {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\"), open == UInt8(ascii: "\"") {
          isEscaped = true
        } else if byte == open {
          quote = nil
        }
      } else {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
        case UInt8(ascii: "#") where piece.last.map { $0 <= 0x20 } ?? true:
          isComment = true
          continue
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
          // `fn main { … }` has none.
          if depth == 0, byte != UInt8(ascii: "(") { return [] }
          depth += 1
          if depth == 1 {
            piece = []
            continue
          }
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
          depth -= 1
          if depth == 0 { return pieces + [String(decoding: piece, as: UTF8.self)] }
        case UInt8(ascii: ",") where depth == 1:
          pieces.append(String(decoding: piece, as: UTF8.self))
          piece = []
          continue
        default: break
        }
      }
      piece.append(byte)
    }
    return []
  }

  /// `count: int = 4`, `--verbose`, `...rest`.
  static func item(_ text: String) -> Item? {
    var rest = trimmed(Substring(text))
    var role = Item.Role.positional
    if rest.hasPrefix("...") {
      role = .rest
      rest = rest.dropFirst(3)
    } else if rest.hasPrefix("--") {
      role = .flag
      rest = rest.dropFirst(2)
    }
    let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    rest = trimmed(rest.dropFirst(name.count))
    if name.isEmpty { return nil }
    var typeName: String?
    if rest.first == ":" {
      rest = trimmed(rest.dropFirst())
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
      typeName = String(word)
      rest = trimmed(rest.dropFirst(word.count))
    }
    var standard: String?
    if rest.first == "=" { standard = String(trimmed(rest.dropFirst())) }
    return Item(name: String(name), role: role, typeName: typeName, standard: standard)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0.isWhitespace }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
