import Language
import Testing

/// Bytes as text and back (RFC 4648, section 10).
@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ]) func vectors(_ text: String, _ coded: String) {
    #expect(Base64.text(Array(text.utf8)) == coded)
    #expect(Base64.bytes(coded) == Array(text.utf8))
  }

  @Test func allBytes() {
    for count in 0...70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(Base64.bytes(Base64.text(bytes)) == bytes)
    }
  }

  /// Padding stands at the end alone, and nothing else is skipped.
  @Test(arguments: [
    "Zg", "Zg=", "Z===", "====", "Zm=v", "=Zm9", "Zm9v\n", "Zm 9", "Zm9-", "Zg==Zg==", "é===",
  ])
  func whatIsNone(_ text: String) { #expect(Base64.bytes(text) == nil) }
}
