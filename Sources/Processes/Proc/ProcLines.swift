import Glibc
import Posix

/// Goes through the lines of a file of /proc, as `Threads:	1` or `pos: 0`, without making texts of them.
struct ProcLines {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  /// - Parameter bytes: to stay as they are as long as the lines are used.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next line with a word in it; nil behind the last one.
  mutating func next() -> ProcLine? {
    while at < bytes.count {
      let start = at
      while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { at += 1 }
      var line = ProcLine(rest: UnsafeRawBufferPointer(rebasing: bytes[start..<at]))
      at += 1
      if line.start() { return line }
    }
    return nil
  }
}

/// A line of words: its first one, and those behind it one by one.
///
/// Blanks and colons part words.
struct ProcLine {
  private var word: UnsafeRawBufferPointer
  private var rest: UnsafeRawBufferPointer

  fileprivate init(rest: UnsafeRawBufferPointer) {
    word = UnsafeRawBufferPointer(start: nil, count: 0)
    self.rest = rest
  }

  fileprivate mutating func start() -> Bool {
    guard let first = nextWord() else { return false }
    word = first
    return true
  }

  /// Whether the first word is this one.
  func isNamed(_ name: StaticString) -> Bool { ProcLine.isEqual(word, name) }

  /// Takes the next word; nil behind the last one.
  mutating func nextWord() -> UnsafeRawBufferPointer? {
    var at = 0
    while at < rest.count, ProcLine.isBetween(rest[at]) { at += 1 }
    let start = at
    while at < rest.count, !ProcLine.isBetween(rest[at]) { at += 1 }
    if start == at { return nil }
    let found = UnsafeRawBufferPointer(rebasing: rest[start..<at])
    rest = UnsafeRawBufferPointer(rebasing: rest[at...])
    return found
  }

  /// Takes the next word as a number; nil if there is none, or it is no number of 64 bits.
  mutating func nextNumber(radix: UInt64 = 10) -> UInt64? {
    nextWord().flatMap { ProcLine.number($0, radix: radix) }
  }

  /// Takes words up to this one; false if it does not come.
  mutating func skip(behind name: StaticString) -> Bool {
    while let word = nextWord() {
      if ProcLine.isEqual(word, name) { return true }
    }
    return false
  }

  /// A word as a number; nil if it is none of 64 bits.
  static func number(_ word: UnsafeRawBufferPointer, radix: UInt64 = 10) -> UInt64? {
    var value: UInt64 = 0
    for byte in word {
      let digit: UInt64
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a")) + 10
      default: return nil
      }
      let (product, isLarge) = value.multipliedReportingOverflow(by: radix)
      let (sum, isLarger) = product.addingReportingOverflow(digit)
      if digit >= radix || isLarge || isLarger { return nil }
      value = sum
    }
    return word.isEmpty ? nil : value
  }

  private static func isEqual(_ word: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
    guard word.count == name.utf8CodeUnitCount, let base = word.baseAddress else { return false }
    return memcmp(base, name.utf8Start, word.count) == 0
  }

  private static func isBetween(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: ":")
  }
}
