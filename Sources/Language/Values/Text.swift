extension Value {
  /// The value as a string object, made only where it is not one already.
  public var textObject: StringObject {
    if case .string(let string) = self { return string }
    return StringObject.make(asText)
  }

  /// The value as `print` and interpolation write it: strings bare, the rest as a literal.
  public var asText: String {
    switch self {
    case .string(let string): return string.string
    case .error(let error): return error.message
    case .report(let report): return report.text ?? report.value.asText
    default:
      var out = ""
      write(to: &out, quoted: false)
      return out
    }
  }

  /// The same; throws `limit` where there is no memory for it, as for a list that has others again
  /// and again.
  public func requiredText() throws -> String {
    switch self {
    case .list, .map:
      var out = ""
      var room = TextRoom()
      try write(to: &out, quoted: false, room: &room)
      return out
    default: return asText
    }
  }

  /// The value as the prompt shows it: as a literal that gives it back where there is one.
  public var asLiteral: String {
    var out = ""
    write(to: &out, quoted: true)
    return out
  }

  /// A short form for messages, with its type where that is not plain to see.
  public var described: String {
    let literal = asLiteral
    let short = literal.unicodeScalars.count > 60 ? String(literal.prefix(57)) + "…" : literal
    switch self {
    case .null, .missing, .string, .bool, .list, .map: return short
    default: return "\(short) (\(typeName))"
    }
  }

  /// Writes the value as a literal; false if it left something out beyond so many bytes.
  public func writeLiteral(to out: inout String, limit: Int) -> Bool {
    write(to: &out, quoted: true, limit: limit)
    return out.utf8.count <= limit
  }

  private func write(to out: inout String, quoted: Bool, limit: Int = .max) {
    var room = TextRoom(limit: limit)
    // Only what asks throws.
    try? write(to: &out, quoted: quoted, room: &room)
  }

  private func write(to out: inout String, quoted: Bool, room: inout TextRoom) throws {
    switch self {
    case .null, .missing: out += "null"
    case .bool(let bool): out += bool ? "true" : "false"
    case .int(let int): out += String(int)
    // No literal means them, and the word 'inf' in a list is a text.
    case .float(let float) where quoted && !float.isFinite: out += "(float \(floatText(float)))"
    case .float(let float): out += floatText(float)
    case .duration(let nanoseconds): out += durationText(nanoseconds)
    case .size(let bytes): out += sizeText(bytes)
    case .time(let nanoseconds): out += timeText(nanoseconds)
    case .string(let string):
      if !quoted {
        out += string.string
      } else if string.byteCount > room.limit {
        let part = string.string.unicodeScalars.prefix(room.limit)
        writeQuoted(String(String.UnicodeScalarView(part)), to: &out)
      } else {
        writeQuoted(string.string, to: &out)
      }
    case .bytes(let bytes):
      out += "<\(bytes.bytes.count) bytes"
      for byte in bytes.bytes.prefix(16) {
        out += byte < 16 ? " 0" : " "
        out += String(byte, radix: 16)
      }
      out += bytes.bytes.count > 16 ? " …>" : ">"
    case .list(let list):
      out += "["
      for (i, item) in list.items.enumerated() {
        if i > 0 { out += ", " }
        if try room.isFull(out.utf8.count) { return }
        try item.write(to: &out, quoted: true, room: &room)
      }
      out += "]"
    case .map(let map):
      if map.count == 0 {
        out += "[:]"
        return
      }
      var first = true
      for place in 0..<map.end {
        guard let (key, value) = map.entry(at: place) else { continue }
        out += first ? "[" : ", "
        if try room.isFull(out.utf8.count) { return }
        first = false
        if case .string(let name) = key, isPlainKey(name.string) {
          out += name.string
        } else {
          try key.write(to: &out, quoted: true, room: &room)
        }
        out += ": "
        try value.write(to: &out, quoted: true, room: &room)
      }
      out += "]"
    case .range(let range):
      let end = range.isInclusive ? range.last : range.last &+ 1
      out += "\(range.start)\(range.isInclusive ? ".." : "..<")\(end)"
    case .closure(let closure): out += closure.function.shownName
    case .error(let error):
      out += "<error \(error.kind.rawValue): \(TerminalText.line(error.message))>"
    case .stream: out += "<stream>"
    case .handle(let handle): out += TerminalText.line(handle.text)
    case .report(let report): try report.value.write(to: &out, quoted: quoted, room: &room)
    case .cell(let cell): try cell.value.write(to: &out, quoted: quoted, room: &room)
    }
  }
}

/// How long a text may become while it is written.
private struct TextRoom {
  /// After so many bytes what follows need not be written.
  let limit: Int
  /// At which length something is to be done: the limit, or memory is to be asked for.
  private var next: Int
  private let asks: Bool

  init(limit: Int) { (self.limit, next, asks) = (limit, limit, false) }

  /// Asks for memory.
  init() { (limit, next, asks) = (.max, LargeMemory.small / 2, true) }

  @inline(__always)
  mutating func isFull(_ count: Int) throws -> Bool {
    if count <= next { return false }
    if !asks { return true }
    // The text grows to twice its size, and is copied then.
    try LargeMemory.require(count * 3)
    next = count / 4 * 5
    return false
  }
}

/// Names for a message, the rest of many as `…`.
public func namesText(_ names: [String], limit: Int = 20) -> String {
  names.prefix(limit).joined(separator: ", ") + (names.count > limit ? ", …" : "")
}

/// A number of things, as `1 item` or `3 items`.
public func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// Whether a text is a name: letters, digits and `_`, not beginning with a digit.
public func isName(_ text: String) -> Bool {
  guard let first = text.unicodeScalars.first else { return false }
  if first.value < 128, !isNameStart(UInt8(first.value)) { return false }
  return text.utf8.allSatisfy(isNameByte)
}

/// Whether a text can stand for itself as a map's key: a name that means nothing else there, without
/// characters that would control a terminal.
private func isPlainKey(_ text: String) -> Bool {
  guard isName(text) else { return false }
  switch text {
  case "true", "false", "null", "not", "if", "try": return false
  default: return !text.unicodeScalars.contains(where: TerminalText.isControl)
  }
}

/// A float as the shortest text that gives it back.
public func floatText(_ float: Double) -> String {
  if float.isNaN { return "nan" }
  if float.isInfinite { return float < 0 ? "-inf" : "inf" }
  // All of them whole; Swift writes exponents from 2^53 on, others from 10^16.
  if (0x1p53..<1e16).contains(float.magnitude) { return "\(Int(float)).0" }
  return float.description
}

/// Writes a string as a literal in double quotes.
func writeQuoted(_ string: String, to out: inout String) {
  out += "\""
  for scalar in string.unicodeScalars {
    switch scalar {
    case "\\": out += "\\\\"
    case "\"": out += "\\\""
    case "$": out += "\\$"
    default:
      if TerminalText.isControl(scalar) {
        out += TerminalText.escape(scalar)
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
  }
  out += "\""
}

/// A duration in the largest units that fit, as `1m30s` or `250ms`; reads back as a literal.
public func durationText(_ nanoseconds: Int) -> String {
  if nanoseconds == 0 { return "0s" }
  var rest = nanoseconds.magnitude
  var out = nanoseconds < 0 ? "-" : ""
  let second: UInt = 1_000_000_000
  if rest >= 60 * second {
    for (unit, length) in [("d", 86400 * second), ("h", 3600 * second), ("m", 60 * second)]
    where rest >= length {
      out += "\(rest / length)\(unit)"
      rest %= length
    }
    if rest == 0 { return out }
  }
  if rest >= second { return out + decimal(rest, second) + "s" }
  if rest >= 1_000_000 { return out + decimal(rest, 1_000_000) + "ms" }
  if rest >= 1000 { return out + decimal(rest, 1000) + "us" }
  return out + "\(rest)ns"
}

/// A size in the largest unit of which it is a whole number, as `64KiB` or `10MB`; reads back as a
/// literal.
public func sizeText(_ bytes: Int) -> String {
  if bytes == 0 { return "0B" }
  for (unit, size) in descendingUnits where bytes % size == 0 { return "\(bytes / size)\(unit)" }
  return "\(bytes)B"
}

private let descendingUnits = [
  ("TiB", 1 << 40), ("TB", 1_000_000_000_000), ("GiB", 1 << 30), ("GB", 1_000_000_000),
  ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("kB", 1000),
]

/// A time as ISO 8601 in UTC, with milliseconds where it has any.
public func timeText(_ nanoseconds: Int) -> String {
  let parts = civilTime(nanoseconds)
  func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
  var out = "\(parts.year)-\(two(parts.month))-\(two(parts.day))"
  out += "T\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))"
  let milliseconds = parts.nanosecond / 1_000_000
  if milliseconds > 0 { out += "." + String(1000 + milliseconds).dropFirst() }
  return out + "Z"
}

/// The parts of a time in UTC (Howard Hinnant, "chrono-compatible low-level date algorithms").
func civilTime(_ nanoseconds: Int) -> (
  year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, nanosecond: Int
) {
  func floorDivide(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }
  let seconds = nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : ~(~nanoseconds / 1_000_000_000)
  let nanosecond = nanoseconds &- seconds &* 1_000_000_000
  let days = floorDivide(seconds, 86400)
  let rest = seconds - days * 86400
  let shifted = days + 719_468
  let era = floorDivide(shifted, 146_097)
  let dayOfEra = shifted - era * 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthIndex = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
  let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
  let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return (year, month, day, rest / 3600, rest / 60 % 60, rest % 60, nanosecond)
}
