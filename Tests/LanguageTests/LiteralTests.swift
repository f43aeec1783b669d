import Testing

@testable import Language

@Suite("Bare words that are values")
struct LiteralTests {
  @Test(arguments: [
    ("5", "5"), ("-5", "-5"), ("007", "7"), ("1_000", "1000"), ("0x1f", "31"), ("-0x10", "-16"),
    ("0b101", "5"), ("1.5", "1.5"), ("1e3", "1000.0"), ("-2.5e-1", "-0.25"), ("true", "true"),
    ("null", "null"), ("250ms", "250ms"), ("2s", "2s"), ("90s", "1m30s"), ("1m30s", "1m30s"),
    ("1.5s", "1.5s"), ("2h", "2h"), ("64KiB", "64KiB"), ("10MB", "10MB"), ("1024B", "1KiB"),
    ("1..5", "1..5"), ("9223372036854775807", "9223372036854775807"),
    ("-9223372036854775808", "-9223372036854775808"), ("0s", "0s"), ("-3ms", "-3ms"),
  ])
  func isValue(_ word: String, _ shown: String) {
    guard case .value(let value) = literal(word) else {
      Issue.record("\(word) is not a value")
      return
    }
    #expect(value.asText == shown)
  }

  @Test(arguments: ["9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "1e999"])
  func doesNotFit(_ word: String) {
    guard case .overflow = literal(word) else {
      Issue.record("\(word) fits")
      return
    }
  }

  @Test(arguments: [
    "x", "", "-", "--5", "5x", "1.2.3", "_1", "5 ", "0x", "0xg", "1e", "ms", "5m5", "1..", "..5",
    "2KiBs", "é5", "5..a", "+5",
  ])
  func isText(_ word: String) {
    guard case .none = literal(word) else {
      Issue.record("\(word) is a value")
      return
    }
  }
}
