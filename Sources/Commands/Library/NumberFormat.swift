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
    case .duration(let nanoseconds): return text(ofSeconds: nanoseconds)
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
    return aligned(text, every: radix == 10 ? 3 : 4, negative: int < 0)
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
    return aligned(text, every: 3, negative: isNegative)
  }

  /// A duration as seconds: with all its digits, or rounded from them.
  private func text(ofSeconds nanoseconds: Int) -> String? {
    let plain = type == nil || type == "f"
    guard plain else { return text(of: Exact.quotient(nanoseconds, 1_000_000_000)) }
    let places = digits ?? (type == nil ? nil : 6)
    guard let places else {
      let text = String(secondsText(nanoseconds).drop { $0 == "-" })
      return aligned(text.contains(".") ? text : text + ".0", every: 3, negative: nanoseconds < 0)
    }
    // As printf rounds what is exact: halves to even.
    var unit: UInt = 1
    for _ in 0..<max(0, 9 - places) { unit *= 10 }
    var (whole, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: unit)
    if rest > unit - rest || (rest == unit - rest && whole & 1 == 1) { whole += 1 }
    var text = String(whole)
    let point = min(places, 9)
    text = String(repeating: "0", count: max(0, point + 1 - text.count)) + text
    if places > 0 {
      text.insert(".", at: text.index(text.endIndex, offsetBy: -point))
      text += String(repeating: "0", count: places - point)
    }
    return aligned(text, every: 3, negative: nanoseconds < 0)
  }

  /// Puts commas between the groups of the leading digits, if they are wanted, and fills up.
  private func aligned(_ text: String, every size: Int, negative: Bool) -> String {
    guard groups else { return aligned(text, negative: negative) }
    let digits = text.prefix { $0.isHexDigit && (size == 4 || $0.isNumber) }
    var whole = String(digits)
    if align == "=" {
      // The zeros that fill it up are digits like the others.
      let others = text.count - whole.count + (negative || sign != nil ? 1 : 0)
      var count = whole.count
      while count + (count - 1) / size + others < width { count += 1 }
      whole = String(repeating: "0", count: count - whole.count) + whole
    }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % size == 0 { result += "," }
      result.append(digit)
    }
    return aligned(result + text.dropFirst(digits.count), negative: negative)
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
