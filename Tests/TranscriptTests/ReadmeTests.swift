import Foundation
import TestSupport
import Testing

/// Each program in the README prints what stands below it.
@Suite("README")
struct ReadmeTests {
  @Test func programsPrintWhatIsShown() throws {
    let file = Program.sourceTree.appending(path: "README.md")
    let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
    var pairs: [(line: Int, code: [String], output: [String])] = []
    var index = 0
    while index < lines.count {
      if lines[index] == "```brood" {
        let (code, end) = block(lines, from: index + 1)
        guard end + 2 < lines.count, lines[end + 2] == "```text" else {
          Issue.record("README.md:\(index + 1): no output below the program")
          return
        }
        let (output, last) = block(lines, from: end + 3)
        pairs.append((index + 1, code, output))
        index = last
      }
      index += 1
    }
    #expect(pairs.count >= 6)
    for pair in pairs {
      let place = try TemporaryDirectory()
      try place.write(pair.code.joined(separator: "\n") + "\n", to: "script.brood")
      var environment = Program.environment(home: place.path)
      environment["TMPDIR"] = try place.temporaries()
      let output = try run(
        Program.brood, ["script.brood"], environment: environment, directory: place.path)
      #expect(place.contents() == ["script.brood"], "README.md:\(pair.line)")
      var actual = (output.standardOutput + output.standardError).components(separatedBy: "\n")
      if actual.last == "" { actual.removeLast() }
      let expected = ExpectedText(pair.output)
      var bindings: ExpectedText.Bindings = [:]
      #expect(
        expected.matches(actual, binding: &bindings),
        "README.md:\(pair.line)\n\(expected.difference(from: actual))")
      #expect(output.leftBehind.isEmpty)
    }
  }

  /// The lines up to the closing fence, and where that stands.
  private func block(_ lines: [String], from start: Int) -> ([String], Int) {
    let end = lines[start...].firstIndex(of: "```") ?? lines.count
    return (Array(lines[start..<end]), end)
  }
}
