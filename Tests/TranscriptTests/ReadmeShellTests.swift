import Foundation
import TestSupport
import Testing

/// Each bash script in the README prints what stands below it.
@Suite("README, bash")
struct ReadmeShellTests {
  @Test func scriptsPrintWhatIsShown() throws {
    let file = Program.sourceTree.appending(path: "README.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    let scripts = text.components(separatedBy: "```bash\n").dropFirst()
    #expect(scripts.count >= 1)
    for script in scripts {
      let parts = script.components(separatedBy: "```")
      let code = parts[0]
      guard parts.count > 2, parts[1] == "\n\n", parts[2].hasPrefix("text\n") else {
        // Beside it stands no output.
        #expect(Bool(false), "no output below the script\n\(code)")
        continue
      }
      let place = try TemporaryDirectory()
      var environment = Program.environment(home: place.path)
      environment["PATH"] = "\(try place.withBrood()):\(environment["PATH"] ?? "")"
      environment["TMPDIR"] = try place.temporaries()
      let output = try run(
        "/bin/bash", ["-c", code], environment: environment, directory: place.path)
      #expect(place.contents() == [])
      let actual = (output.standardOutput + output.standardError).split(separator: "\n")
        .map(String.init)
      let expected = ExpectedText(
        parts[2].dropFirst("text\n".count).split(separator: "\n").map(String.init))
      var bindings: ExpectedText.Bindings = [:]
      #expect(
        expected.matches(actual, binding: &bindings),
        "\(code)\n\(expected.difference(from: actual))")
      #expect(output.leftBehind.isEmpty)
    }
  }
}
