import Foundation
import TestSupport
import Testing

/// Numbers at their ends in place of every number of every example, and in every flag that takes
/// one: whatever a command makes of them, it does not end the process.
@Suite("Numbers at their ends")
struct ArgumentTests {
  private static let numbers = ["9223372036854775807", "-9223372036854775808", "-1", "0"]
  private static let durations = ["9223372036854775807ns", "2562047h", "-1s", "0s", "1e300"]
  private static let sizes = ["9223372036854775807", "8191PiB", "-1", "0B"]
  /// So many in the ordinary run, which takes other ones each time.
  private static let few = 120

  struct Case: Hashable, CustomStringConvertible {
    let code: String
    var description: String { code.replacingOccurrences(of: "\n", with: "; ") }
  }

  @Test func noArgumentEndsTheProcess() throws {
    let place = try TemporaryDirectory()
    var cases = try ArgumentTests.all(place)
    #expect(cases.count > 2000)
    let seed = UInt64.random(in: 0 ... .max)
    if !Program.runsLongTests {
      var generator = SeededGenerator(seed)
      cases = Array(cases.shuffled(using: &generator).prefix(ArgumentTests.few))
    }
    for one in cases + ArgumentTests.known {
      let output = try run(
        Program.brood, ["-c", one.code], environment: Program.environment(home: place.path),
        directory: place.path, within: .seconds(1), grace: .zero)
      if case .killed(let signal)? = output.status, ArgumentTests.traps.contains(signal) {
        Issue.record("\(output.status.map { "\($0)" } ?? ""), seed \(seed): \(one)")
      }
    }
  }

  private static let traps: Set<Int32> = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGFPE, SIGBUS]

  /// What has ended it once, or would where numbers of several commands meet.
  private static let known = [
    "for x in (pool imap --chunk 9223372036854775807 { |x| $x } 1..3) { print $x }",
    "pool map --chunk 9223372036854775807 { |x| $x } 1..3",
    """
    pool new w 2
    pool submit { sleep 1s } --timeout 9223372036854775807ns
    try { pool apply { sleep 1s } --timeout 20ms } catch e: timeout { }
    _exit 0
    """,
    "print [1, 2][-9223372036854775808..9223372036854775807] (slice abc -9223372036854775808)",
    "for i in 9223372036854775806..9223372036854775807 { print $i }",
  ].map(Case.init)

  // MARK: Cases

  private struct Example: Decodable {
    let command: String
    let code: String
  }

  private static func all(_ place: TemporaryDirectory) throws -> [Case] {
    func ask(_ words: String) throws -> String {
      try run(
        Program.brood, ["-c", words], environment: Program.environment(home: place.path),
        directory: place.path
      ).standardOutput
    }
    let json = try ask("help --examples-json")
    let examples = try JSONDecoder().decode([Example].self, from: Data(json.utf8))
    var cases: Set<Case> = []
    var flags: [String: [(name: String, values: [String])]] = [:]
    for example in examples {
      for code in replacingNumbers(in: example.code) { cases.insert(Case(code: code)) }
      if flags[example.command] == nil {
        flags[example.command] = numericFlags(try ask("help \(example.command)"))
      }
      guard let words = example.code.range(of: example.command) else { continue }
      for flag in flags[example.command] ?? [] {
        for value in flag.values {
          var code = example.code
          code.insert(contentsOf: " --\(flag.name) \(value)", at: words.upperBound)
          cases.insert(Case(code: code))
        }
      }
    }
    return cases.sorted { $0.code < $1.code }
  }

  private static func replacingNumbers(in code: String) -> [String] {
    let pattern =
      /(?:^|[^\w.$"-])(?<number>-?\d[\d_]*(?:\.\d+)?(?<unit>ns|us|ms|s|m|h|d|[KMG]?i?B)?)(?![\w.])/
    return code.matches(of: pattern).flatMap { match in
      let unit = match.output.unit.map(String.init) ?? ""
      let values = unit.isEmpty ? numbers : unit.hasSuffix("B") ? sizes : durations
      let number = match.output.number
      return values.map { "\(code[..<number.startIndex])\($0)\(code[number.endIndex...])" }
    }
  }

  /// The flags of a command's help whose values are numbers.
  private static func numericFlags(_ help: String) -> [(name: String, values: [String])] {
    let usage = help.split(separator: "\n\n").first?.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    return (usage ?? "").matches(of: /--([a-z-]+) (INT|COUNT|NUMBER|DURATION|SIZE)\b/).map {
      match in
      let values =
        match.output.2 == "DURATION" ? durations : match.output.2 == "SIZE" ? sizes : numbers
      return (String(match.output.1), values)
    }
  }
}

/// Numbers that a seed decides (splitmix64).
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
