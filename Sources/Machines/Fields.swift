/// Puts the fields of a message one after the other: numbers with their low byte first, texts with
/// their length in front.
public struct FieldWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func add<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }

  public mutating func add(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

  public mutating func add(_ text: String) { add(block: Array(text.utf8)) }

  public mutating func add(block: [UInt8]) {
    add(UInt32(truncatingIfNeeded: block.count))
    bytes += block
  }

  /// What is left, without a length.
  public mutating func add(rest: UnsafeRawBufferPointer) { bytes += rest }
  public mutating func add(rest: [UInt8]) { bytes += rest }

  public mutating func add(_ texts: [String]) {
    add(UInt32(truncatingIfNeeded: texts.count))
    for text in texts { add(text) }
  }
}

/// Takes the fields of a message that came; nothing in it is trusted.
public struct FieldReader {
  /// The message is shorter than its fields, or one has a value that it cannot have.
  public struct Malformed: Error, Equatable {
    public init() {}
  }

  public private(set) var rest: ArraySlice<UInt8>

  public init(_ bytes: [UInt8]) { rest = bytes[...] }

  public mutating func number<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self
  ) throws(Malformed) -> Number {
    let count = Number.bitWidth / 8
    guard rest.count >= count else { throw Malformed() }
    var value: Number = 0
    for (i, byte) in rest.prefix(count).enumerated() {
      value |= Number(truncatingIfNeeded: byte) << (i * 8)
    }
    rest = rest.dropFirst(count)
    return value
  }

  public mutating func flag() throws(Malformed) -> Bool {
    let byte: UInt8 = try number()
    guard byte < 2 else { throw Malformed() }
    return byte == 1
  }

  public mutating func block() throws(Malformed) -> [UInt8] {
    let count = Int(try number(UInt32.self))
    guard rest.count >= count else { throw Malformed() }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// A text; what is no UTF-8 in it is replaced.
  public mutating func text() throws(Malformed) -> String {
    String(decoding: try block(), as: UTF8.self)
  }

  public mutating func blocks() throws(Malformed) -> [[UInt8]] {
    let count = Int(try number(UInt32.self))
    // Each has a length of its own.
    guard count <= rest.count / 4 else { throw Malformed() }
    var result: [[UInt8]] = []
    for _ in 0..<count { result.append(try block()) }
    return result
  }

  public mutating func texts() throws(Malformed) -> [String] {
    try blocks().map { String(decoding: $0, as: UTF8.self) }
  }
}
