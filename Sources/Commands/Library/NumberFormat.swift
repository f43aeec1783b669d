import Glibc
import Language

/// A float with a fixed number of digits behind the point.
func fixedText(_ float: Double, digits: Int) -> String { printed("%.*f", float, digits) }

private func printed(_ format: String, _ float: Double, _ digits: Int) -> String {
  withVaList([Int32(clamping: digits), float]) { arguments in
    // The longest: 309 digits, a sign, a point and the digits behind it.
    let room = 320 + max(0, digits)
    let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      count = buffer.withMemoryRebound(to: CChar.self) { buffer in
        Int(vsnprintf(buffer.baseAddress, room, format, arguments))
      }
      count = min(max(0, count), room - 1)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The small language of `format` for numbers and texts, much as in Python:
/// `[[FILL]ALIGN][SIGN][0][WIDTH][,][.DIGITS][TYPE]`.
struct NumberFormat {
  private var fill: Unicode.Scalar = " "
  private var align: Unicode.Scalar?
  private var sign: Unicode.Scalar?
  private var width = 0
  private var groups = false
  private var digits: Int?
  private var type: Unicode.Scalar?

  /// Nil if the text is no such format.
  init?(_ text: String) {
    let scalars = Array(text.unicodeScalars)
    var place = 0
    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
      place + offset < scalars.count ? scalars[place + offset] : nil
    }
    func number() -> Int? {
      let start = place
      var value = 0
      while let digit = peek(), ("0"..."9").contains(digit) {
        value = min(value * 10 + Int(digit.value - 48), 1_000_000)
        place += 1
      }
      return place > start ? value : nil
    }
    if let second = peek(1), "<>^".unicodeScalars.contains(second) {
      (fill, align) = (scalars[0], second)
      place = 2
    } else if let first = peek(), "<>^".unicodeScalars.contains(first) {
      align = first
      place = 1
    }
    if let first = peek(), first == "+" || first == " " {
      sign = first
      place += 1
    }
    if peek() == "0", align == nil { (fill, align) = ("0", "=") }
    width = number() ?? 0
    if peek() == "," {
      groups = true
      place += 1
    }
    if peek() == "." {
      place += 1
      guard let given = number() else { return nil }
      digits = given
    }
    if let last = peek(), "dxXobfeg%".unicodeScalars.contains(last) {
      type = last
      place += 1
    }
    if place < scalars.count || width > 10_000 || digits ?? 0 > 1000 { return nil }
  }

  /// The text of a value, nil if the format is not for values like it.
  func apply(to value: Value) -> String? {
    switch value {
    case .int(let int), .size(let int): return isFloat ? text(of: Double(int)) : text(of: int)
    case .duration(let nanoseconds): return text(of: Double(nanoseconds) / 1e9)
    case .float(let float): return text(of: float)
    case .string, .bool:
      guard sign == nil, !groups, type == nil, align != "=" else { return nil }
      let text = value.asText
      return aligned(digits.map { String(text.prefix($0)) } ?? text, negative: false, isText: true)
    default: return nil
    }
  }

  private var isFloat: Bool {
    switch type {
    case "f", "e", "g", "%": true
    case nil: digits != nil
    default: false
    }
  }

  private func text(of int: Int) -> String {
    let radix =
      switch type {
      case "x", "X": 16
      case "o": 8
      case "b": 2
      default: 10
      }
    let text = String(int.magnitude, radix: radix, uppercase: type == "X")
    return aligned(groups ? grouped(text, every: radix == 10 ? 3 : 4) : text, negative: int < 0)
  }

  private func text(of float: Double) -> String? {
    guard isFloat || type == nil else { return nil }
    let magnitude = float.magnitude
    let isNegative = float.sign == .minus && !float.isNaN
    if !float.isFinite { return aligned(floatText(magnitude), negative: isNegative) }
    let text =
      switch type {
      case nil where digits == nil: floatText(magnitude)
      case "e": printed("%.*e", magnitude, digits ?? 6)
      case "g": printed("%.*g", magnitude, digits ?? 6)
      case "%": printed("%.*f", magnitude * 100, digits ?? 0) + "%"
      default: printed("%.*f", magnitude, digits ?? 6)
      }
    return aligned(groups ? grouped(text, every: 3) : text, negative: isNegative)
  }

  /// Puts commas between the groups of the leading digits.
  private func grouped(_ text: String, every size: Int) -> String {
    let whole = text.prefix { $0.isHexDigit && (size == 4 || $0.isNumber) }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % size == 0 { result += "," }
      result.append(digit)
    }
    return result + text.dropFirst(whole.count)
  }

  private func aligned(_ text: String, negative: Bool, isText: Bool = false) -> String {
    let sign = negative ? "-" : sign.map(String.init) ?? ""
    let lacking = max(0, width - displayWidth(text) - sign.count)
    func filling(_ count: Int) -> String { String(repeating: String(fill), count: count) }
    switch align ?? (isText ? "<" : ">") {
    case "<": return sign + text + filling(lacking)
    case "^": return filling(lacking / 2) + sign + text + filling(lacking - lacking / 2)
    case "=": return sign + filling(lacking) + text
    default: return filling(lacking) + sign + text
    }
  }
}
