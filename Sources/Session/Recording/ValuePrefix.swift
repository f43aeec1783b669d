/// The beginning of a value as it travels (`WireFormat`), as text for people.
///
/// What was cut off is an ellipsis: `[id: 7, …`. Any bytes are taken; what is no value is `?`.
struct ValuePrefix {
  private let bytes: [UInt8]
  private var at = 0
  private var text = ""
  private var isCut = false

  /// - Parameters:
  ///   - bytes: of the encoded value, from the first on.
  ///   - size: how many it has in all.
  static func text(_ bytes: [UInt8], of size: Int) -> String {
    if bytes.isEmpty { return size > 0 ? "…" : "" }
    var prefix = ValuePrefix(bytes: bytes)
    prefix.value(0)
    return prefix.text
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func cut() {
    if !isCut { text += "…" }
    isCut = true
  }

  private mutating func byte() -> UInt8? {
    guard at < bytes.count else {
      cut()
      return nil
    }
    at += 1
    return bytes[at - 1]
  }

  private mutating func number(_ width: Int) -> UInt64? {
    guard bytes.count - at >= width else {
      cut()
      return nil
    }
    defer { at += width }
    return bytes[at..<at + width].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func value(_ depth: Int) {
    if isCut { return }
    guard let head = byte() else { return }
    switch head {
    case 0x00...0x7F: text += "\(head)"
    case 0xE0...0xFF: text += "\(Int8(bitPattern: head))"
    case 0x80...0x8F: map(Int(head & 0xF), depth)
    case 0x90...0x9F: list(Int(head & 0xF), depth)
    case 0xA0...0xBF: string(Int(head & 0x1F))
    case 0xC0: text += "null"
    case 0xC2: text += "false"
    case 0xC3: text += "true"
    case 0xC4, 0xC5, 0xC6:
      if let count = number(1 << Int(head - 0xC4)) { text += "<\(count) bytes>" }
      isCut = true
    case 0xCA: if let bits = number(4) { text += "\(Float(bitPattern: UInt32(bits)))" }
    case 0xCB: if let bits = number(8) { text += "\(Double(bitPattern: bits))" }
    case 0xCC...0xCF: if let number = number(1 << Int(head - 0xCC)) { text += "\(number)" }
    case 0xD0: if let bits = number(1) { text += "\(Int8(truncatingIfNeeded: bits))" }
    case 0xD1: if let bits = number(2) { text += "\(Int16(truncatingIfNeeded: bits))" }
    case 0xD2: if let bits = number(4) { text += "\(Int32(truncatingIfNeeded: bits))" }
    case 0xD3: if let bits = number(8) { text += "\(Int64(bitPattern: bits))" }
    case 0xD9, 0xDA, 0xDB:
      if let count = number(1 << Int(head - 0xD9)) { string(Int(clamping: count)) }
    case 0xDC, 0xDD:
      if let count = number(head == 0xDC ? 2 : 4) { list(Int(clamping: count), depth) }
    case 0xDE, 0xDF:
      if let count = number(head == 0xDE ? 2 : 4) { map(Int(clamping: count), depth) }
    default: cut()  // an extension: what it says is not for people
    }
  }

  private mutating func string(_ count: Int) {
    let end = min(bytes.count, at + count)
    text += "\"" + String(decoding: bytes[at..<end], as: UTF8.self)
    if end - at < count { cut() } else { text += "\"" }
    at = end
  }

  private mutating func list(_ count: Int, _ depth: Int) {
    items(count, "[", "]", depth) { $0.value(depth + 1) }
  }

  private mutating func map(_ count: Int, _ depth: Int) {
    if count == 0 {
      text += "[:]"
      return
    }
    items(count, "[", "]", depth) { prefix in
      prefix.key(depth + 1)
      if !prefix.isCut { prefix.text += ": " }
      prefix.value(depth + 1)
    }
  }

  /// A plain word has no quotes.
  private mutating func key(_ depth: Int) {
    let start = text.endIndex
    value(depth)
    guard let key = Optional(text[start...]), key.count > 2, key.first == "\"", key.last == "\""
    else { return }
    let word = key.dropFirst().dropLast()
    if word.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "_" || $0.isNumber) }),
      word.first?.isLetter ?? false
    {
      text = String(text[..<start]) + word
    }
  }

  private mutating func items(
    _ count: Int, _ open: String, _ close: String, _ depth: Int,
    _ item: (inout ValuePrefix) -> Void
  ) {
    text += open
    if depth >= 8 { return cut() }
    for i in 0..<count {
      if isCut { return }
      if i > 0 { text += ", " }
      item(&self)
    }
    if !isCut { text += close }
  }
}
