import Foundation
import TestSupport
import Testing

/// No command goes without a transcript: each stands in some session that the tests run.
@Suite("Coverage of the commands")
struct CoverageTests {
  @Test func everyCommandIsInATranscript() throws {
    let place = try TemporaryDirectory()
    let listing = try run(
      Program.brood, ["-c", "for c in (help) { print $c.name }"],
      environment: Program.environment(home: place.path), directory: place.path)
    let names = listing.standardOutput.split(separator: "\n").map(String.init)
    #expect(names.count > 100)
    var lines: [Substring] = []
    for file in SessionFile.all() {
      let text = try String(contentsOf: file, encoding: .utf8)
      lines += text.split(separator: "\n").filter { $0.hasPrefix("    ") && !$0.hasPrefix("    !") }
    }
    let missing = names.filter { name in !lines.contains { calls($0, name) } }
    #expect(missing == [], "add them to Tests/Transcripts")
  }

  /// Whether a line holds the words of a command, not as parts of longer ones.
  private func calls(_ line: Substring, _ name: String) -> Bool {
    func isPart(_ character: Character) -> Bool {
      character.isLetter || character.isNumber || "_-$.".contains(character)
    }
    var rest = line
    while let found = rest.range(of: name) {
      let before =
        found.lowerBound == line.startIndex ? nil : line[line.index(before: found.lowerBound)]
      let after = found.upperBound == line.endIndex ? nil : line[found.upperBound]
      if !(before.map(isPart) ?? false), !(after.map(isPart) ?? false) { return true }
      rest = rest[found.upperBound...]
    }
    return false
  }
}
