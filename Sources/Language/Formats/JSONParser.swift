/// Reads JSON (RFC 8259, strictly) from UTF-8 that is known to be valid.
public struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  var place = 0
  /// Keys seen lately, by a few of their bytes: records share theirs.
  var keys = [StringObject?](repeating: nil, count: 64)

  /// Where and why the text is no JSON.
  public struct Failure: Error {
    public let message: String
    /// In bytes, from 0.
    public let offset: Int
    public internal(set) var kind = ErrorKind.syntax
    /// What ended the parsing instead, as Ctrl-C.
    public internal(set) var stop: (any Error)?
  }

  /// Looks whether a signal asks for attention.
  private let attend: () throws -> Void

  /// - Parameters:
  ///   - bytes: the text, which must live as long as the parser.
  ///   - attend: called for each item; what it throws ends the parsing.
  public init(_ bytes: UnsafeBufferPointer<UInt8>, attend: @escaping () throws -> Void = {}) {
    self.bytes = bytes
    self.attend = attend
  }

  private func checkAttention() throws(Failure) { try require(attend) }

  /// Does what may throw an error of another kind, which ends the parsing too.
  func require(_ body: () throws -> Void) throws(Failure) {
    do {
      try body()
    } catch {
      throw Failure(message: "", offset: place, stop: error)
    }
  }

  /// The one value of the text; linear in its length.
  public mutating func parse() throws(Failure) -> Value {
    skipBlanks()
    let value = try value(depth: 0)
    skipBlanks()
    if place < bytes.count { throw unexpected("the end of the text behind the value") }
    return value
  }

  /// For what stands where something else was wanted.
  func unexpected(_ wanted: String) -> Failure {
    guard place < bytes.count else {
      return Failure(message: "\(wanted) was expected, but the text ends", offset: place)
    }
    var end = place + 1
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    let found = Value.string(text(place, end)).asLiteral
    return Failure(message: "\(wanted) was expected, not \(found)", offset: place)
  }

  /// The text of a part that begins and ends at scalars.
  func text(_ start: Int, _ end: Int) -> StringObject {
    StringObject.make(valid: UnsafeBufferPointer(rebasing: bytes[start..<max(start, end)]))
  }

  /// The byte that comes next, 0 at the end.
  @inline(__always)
  var byte: UInt8 { place < bytes.count ? bytes[place] : 0 }

  @inline(__always)
  private mutating func skipBlanks() {
    while place < bytes.count {
      let byte = bytes[place]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      place += 1
    }
  }

  private mutating func value(depth: Int) throws(Failure) -> Value {
    switch byte {
    case UInt8(ascii: "\""): return .string(try string(isKey: false))
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), 0x30...0x39: return try number()
    default: throw unexpected("a value")
    }
  }

  private mutating func word(_ word: StaticString, _ value: Value) throws(Failure) -> Value {
    let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[place...].starts(with: expected) else { throw unexpected("a value") }
    place += expected.count
    return value
  }

  private func checkDepth(_ depth: Int) throws(Failure) {
    if depth > maximumDepth {
      throw Failure(message: "it is nested more than \(maximumDepth) levels deep", offset: place)
    }
  }

  private mutating func array(depth: Int) throws(Failure) -> Value {
    try checkDepth(depth)
    var items: [Value] = []
    place += 1
    skipBlanks()
    if byte == UInt8(ascii: "]") {
      place += 1
      return .items(items)
    }
    while true {
      skipBlanks()
      try checkAttention()
      let item = try value(depth: depth)
      let count = items.count
      if count == items.capacity {
        try require { try LargeMemory.require(count * 2, of: MemoryLayout<Value>.stride) }
      }
      items.append(item)
      skipBlanks()
      switch byte {
      case UInt8(ascii: ","): place += 1
      case UInt8(ascii: "]"):
        place += 1
        return .items(items)
      default: throw unexpected("',' or ']'")
      }
    }
  }

  private mutating func object(depth: Int) throws(Failure) -> Value {
    try checkDepth(depth)
    let map = MapObject()
    place += 1
    skipBlanks()
    if byte == UInt8(ascii: "}") {
      place += 1
      return .map(map)
    }
    while true {
      skipBlanks()
      try checkAttention()
      guard byte == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try string(isKey: true)
      skipBlanks()
      guard byte == UInt8(ascii: ":") else { throw unexpected("':'") }
      place += 1
      skipBlanks()
      let item = try value(depth: depth)
      try require { try map.requireRoom() }
      map.set(.string(key), item)
      skipBlanks()
      switch byte {
      case UInt8(ascii: ","): place += 1
      case UInt8(ascii: "}"):
        place += 1
        return .map(map)
      default: throw unexpected("',' or '}'")
      }
    }
  }

  // MARK: Numbers

  private mutating func number() throws(Failure) -> Value {
    let start = place
    let isNegative = byte == UInt8(ascii: "-")
    if isNegative { place += 1 }
    let firstDigit = place
    var mantissa = 0  // counted downwards, since the least int has no positive twin
    var isExact = true
    try digits { digit in
      let (product, isOver) = mantissa.multipliedReportingOverflow(by: 10)
      let (sum, isBelow) = product.subtractingReportingOverflow(digit)
      isExact = isExact && !isOver && !isBelow
      mantissa = sum
    }
    if bytes[firstDigit] == UInt8(ascii: "0"), place > firstDigit + 1 {
      place = firstDigit
      throw Failure(message: "a number cannot begin with 0", offset: place)
    }
    var isWhole = true
    var exponent = 0
    if byte == UInt8(ascii: ".") {
      place += 1
      isWhole = false
      let point = place
      try digits { digit in
        let (product, isOver) = mantissa.multipliedReportingOverflow(by: 10)
        let (sum, isBelow) = product.subtractingReportingOverflow(digit)
        isExact = isExact && !isOver && !isBelow
        mantissa = sum
      }
      exponent = point - place
    }
    if byte | 0x20 == UInt8(ascii: "e") {
      place += 1
      isWhole = false
      let isBelow = byte == UInt8(ascii: "-")
      if isBelow || byte == UInt8(ascii: "+") { place += 1 }
      var given = 0
      try digits { given = min(given * 10 + $0, 100_000) }
      exponent += isBelow ? -given : given
    }
    if isWhole, isExact {
      if isNegative { return .int(mantissa) }
      if mantissa > Int.min { return .int(-mantissa) }
    }
    if isWhole {
      throw Failure(message: "the number does not fit in 64 bits", offset: start, kind: .range)
    }
    // Exact where both numbers are: one rounding gives the nearest float (Clinger 1990).
    if isExact, mantissa > -(1 << 53), abs(exponent) <= 22, mantissa != 0 || !isNegative {
      let whole = Double(isNegative ? mantissa : -mantissa)
      return .float(exponent < 0 ? whole / powersOfTen[-exponent] : whole * powersOfTen[exponent])
    }
    guard let float = Double(String(decoding: bytes[start..<place], as: UTF8.self)),
      float.isFinite
    else { throw Failure(message: "the number is too great", offset: start, kind: .range) }
    return .float(float)
  }

  /// At least one digit.
  @inline(__always)
  private mutating func digits(_ use: (Int) -> Void) throws(Failure) {
    let start = place
    while place < bytes.count, bytes[place] &- 0x30 < 10 {
      use(Int(bytes[place] &- 0x30))
      place += 1
    }
    if place == start { throw unexpected("a digit") }
  }
}

private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
  1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]
