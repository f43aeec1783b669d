/// What a value is, in 128 bits: equal for equal content, wherever it comes from.
///
/// The first half of a SHA-256 of the value's bytes on the wire, with functions by their texts and
/// captured values, without file and line, and handles by their names.
public struct ContentKey: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64

  /// 32 hexadecimal digits.
  public var text: String {
    [high, low].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  fileprivate init(_ words: [UInt32]) {
    high = UInt64(words[0]) << 32 | UInt64(words[1])
    low = UInt64(words[2]) << 32 | UInt64(words[3])
  }

  /// Reads `text`; nil if it is none.
  public init?(_ text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 32,
      let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
      let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
    else { return nil }
    self.high = high
    self.low = low
  }
}

/// Makes keys of values; meant to be kept.
public final class ContentKeys {
  private let encoder: WireEncoder

  /// - Parameter interpreter: whose closures they are.
  public init(_ interpreter: Interpreter?) {
    encoder = WireEncoder(interpreter)
    encoder.isIdentity = true
  }

  /// - Throws: `type` for a stream, which has no content before it is run through.
  public func key(of value: Value) throws -> ContentKey {
    var digest = SHA256()
    try encoder.encode(value) { digest.add($0) }
    return ContentKey(digest.finish())
  }
}
