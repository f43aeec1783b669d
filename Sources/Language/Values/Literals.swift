import Glibc

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

/// A letter, `_`, or a byte of a scalar beyond ASCII.
@inline(__always)
func isNameStart(_ byte: UInt8) -> Bool {
  (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || byte == 0x5F || byte >= 0x80
}

@inline(__always)
func isNameByte(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }

/// What a bare word means as a value.
public enum LiteralResult {
  case value(Value)
  /// Spelled like a number, but does not fit 64 bits.
  case overflow
  case none
}

/// Reads a bare word as a number, truth value, null, duration, size or range of whole numbers.
public func literal(_ word: String) -> LiteralResult {
  switch word {
  case "true": return .value(.bool(true))
  case "false": return .value(.bool(false))
  case "null": return .value(.null)
  default: break
  }
  var bytes = Array(word.utf8)
  var isNegative = false
  if bytes.first == UInt8(ascii: "-") {
    isNegative = true
    bytes.removeFirst()
  }
  guard let first = bytes.first, isDigit(first) else { return .none }
  if let range = rangeLiteral(word) { return range }
  if bytes.count > 2, bytes[0] == UInt8(ascii: "0") {
    let radix: Int? =
      switch bytes[1] {
      case UInt8(ascii: "x"): 16
      case UInt8(ascii: "o"): 8
      case UInt8(ascii: "b"): 2
      default: nil
      }
    if let radix { return integer(Array(bytes[2...]), radix: radix, negative: isNegative) }
  }
  if bytes.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") }) {
    return integer(bytes, radix: 10, negative: isNegative)
  }
  return floatOrUnits(bytes, negative: isNegative)
}

private func rangeLiteral(_ word: String) -> LiteralResult? {
  let bytes = Array(word.utf8)
  var dots = 1
  while dots + 1 < bytes.count, !(bytes[dots] == 0x2E && bytes[dots + 1] == 0x2E) { dots += 1 }
  guard dots + 2 < bytes.count else { return nil }
  let left = literal(String(decoding: bytes[..<dots], as: UTF8.self))
  let right = literal(String(decoding: bytes[(dots + 2)...], as: UTF8.self))
  guard case .value(.int(let start)) = left, case .value(.int(let end)) = right else { return nil }
  return .value(.range(RangeObject(start, end, inclusive: true)))
}

private func integer(_ digits: [UInt8], radix: Int, negative: Bool) -> LiteralResult {
  guard areGrouped(digits[...]) else { return .none }
  var result = 0
  var isOver = false
  for byte in digits where byte != UInt8(ascii: "_") {
    let digit: Int =
      switch byte {
      case 0x30...0x39: Int(byte) - 0x30
      case 0x61...0x66: Int(byte) - 0x61 + 10
      case 0x41...0x46: Int(byte) - 0x41 + 10
      default: 99
      }
    if digit >= radix { return .none }
    // Counted downwards, since the least number has no positive twin.
    let (product, over1) = result.multipliedReportingOverflow(by: radix)
    let (sum, over2) = product.subtractingReportingOverflow(digit)
    isOver = isOver || over1 || over2
    result = sum
  }
  if isOver || (!negative && result == Int.min) { return .overflow }
  return .value(.int(negative ? result : -result))
}

/// Whether each `_` stands between two digits.
public func areGrouped(_ digits: some BidirectionalCollection<UInt8>) -> Bool {
  var last = UInt8(ascii: "_")
  for byte in digits {
    if byte == UInt8(ascii: "_"), last == byte { return false }
    last = byte
  }
  return last != UInt8(ascii: "_")
}

/// `1.5`, `1e9`, `250ms`, `1m30s`, `64KiB`.
private func floatOrUnits(_ bytes: [UInt8], negative: Bool) -> LiteralResult {
  var i = 0
  var nanoseconds: Int128 = 0
  var isFirst = true
  while i < bytes.count {
    let start = i
    while i < bytes.count, isDigit(bytes[i]) || bytes[i] == UInt8(ascii: "_") { i += 1 }
    if !areGrouped(bytes[start..<i]) { return .none }
    if i + 1 < bytes.count, bytes[i] == UInt8(ascii: "."), isDigit(bytes[i + 1]) {
      i += 1
      while i < bytes.count, isDigit(bytes[i]) { i += 1 }
    }
    let exponent = exponentEnd(bytes, i)
    let digits = bytes[start..<(exponent ?? i)].filter { $0 != UInt8(ascii: "_") }
    i = exponent ?? i
    guard let number = Double(String(decoding: digits, as: UTF8.self)) else { return .none }
    let unitStart = i
    while i < bytes.count, !isDigit(bytes[i]) { i += 1 }
    let unit = String(decoding: bytes[unitStart..<i], as: UTF8.self)
    if unit.isEmpty {
      guard isFirst, i == bytes.count else { return .none }
      if number.isInfinite { return .overflow }
      return .value(.float(negative ? -number : number))
    }
    // With an exponent it is as exact as a float is.
    func times(_ factor: Int) -> Int128? {
      if exponent == nil { return Exact.product(decimal: digits, factor) }
      return Exact.product(factor, number).map { Int128($0) }
    }
    if isFirst, i == bytes.count, let factor = sizeUnits[unit] {
      return fitting(times(factor), negative) { .size($0) }
    }
    guard let factor = durationUnits[unit] else { return .none }
    guard let part = times(factor) else { return .overflow }
    let (sum, isOver) = nanoseconds.addingReportingOverflow(part)
    if isOver { return .overflow }
    nanoseconds = sum
    isFirst = false
  }
  return fitting(nanoseconds, negative) { .duration($0) }
}

/// The place behind `e9` or `e-9`; nil where none begins.
private func exponentEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
  guard start < bytes.count, bytes[start] | 0x20 == UInt8(ascii: "e") else { return nil }
  var digits = start + 1
  if digits < bytes.count, [0x2B, 0x2D].contains(bytes[digits]) { digits += 1 }
  var end = digits
  while end < bytes.count, isDigit(bytes[end]) { end += 1 }
  return end > digits ? end : nil
}

private func fitting(
  _ magnitude: Int128?, _ negative: Bool, _ make: (Int) -> Value
) -> LiteralResult {
  guard let magnitude, let whole = Int(exactly: negative ? -magnitude : magnitude) else {
    return .overflow
  }
  return .value(make(whole))
}

private let durationUnits: [String: Int] = [
  "ns": 1, "us": 1000, "µs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
  "m": 60_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
]

private let sizeUnits: [String: Int] = [
  "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
  "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
]
