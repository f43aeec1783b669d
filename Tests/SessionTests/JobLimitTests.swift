import Testing

@testable import Session

/// What `--jobs` says of how many programs run at a time.
@Suite struct JobLimitTests {
  @Test(arguments: [
    ("4", 4), ("+1", 9), ("-1", 7), ("-8", 1), ("-100", 1), ("50%", 4), ("1%", 1), ("200%", 16),
    ("94%", 8), ("99999", 30_000), ("+0", 8), ("-0", 8), ("0%", 1),
  ])
  func aTextIsANumber(_ text: String, _ count: Int) {
    #expect(JobLimit(text, cpus: 8) == .count(count))
  }

  @Test func nullIsAsManyAsPossible() {
    #expect(JobLimit("0", cpus: 8) == .unbounded)
    #expect(JobLimit("00", cpus: 8) == .unbounded)
  }

  @Test(arguments: ["", "+", "-", "%", "x", "4x", "1.5", "+50%", "4 ", "9999999999", "--4", "4%%"])
  func otherTextsAreNone(_ text: String) { #expect(JobLimit(text, cpus: 8) == nil) }
}
