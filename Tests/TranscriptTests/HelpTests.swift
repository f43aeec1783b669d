import Foundation
import TestSupport
import Testing

/// What help shows is run, and what the completions directory holds is current.
@Suite("Help and completions")
struct HelpTests {
  private struct Example: Decodable {
    let command: String
    let code: String
    let output: String
  }

  /// Every example of every command prints what help says it prints.
  @Test func examplesRun() throws {
    let listing = try shell(["-c", "help --examples-json"])
    let examples = try JSONDecoder().decode(
      [Example].self, from: Data(listing.standardOutput.utf8))
    #expect(examples.count > 100)
    for example in examples {
      let place = try TemporaryDirectory()
      let output = try shell(["-c", example.code], in: place)
      #expect(place.contents() == [], "\(example.command): it writes where the user is")
      #expect(!example.code.contains("/tmp/"), "\(example.command): a fixed name in /tmp")
      var lines = output.standardOutput.components(separatedBy: "\n")
      if lines.last == "" { lines.removeLast() }
      let expected = ExpectedText(
        example.output.isEmpty ? [] : example.output.components(separatedBy: "\n"))
      var bindings: ExpectedText.Bindings = [:]
      #expect(
        expected.matches(lines, binding: &bindings),
        "\(example.command): \(example.code)\n\(expected.difference(from: lines))")
    }
  }

  /// `help` knows every command, and each has a summary and usage.
  @Test func everyCommandHasHelp() throws {
    let listing = try shell(["-c", "help --examples-json"])
    let examples = try JSONDecoder().decode(
      [Example].self, from: Data(listing.standardOutput.utf8))
    for name in Set(examples.map(\.command)) {
      let help = try shell(["-c", "help \(name)"])
      #expect(help.status == .exited(0), "\(name)")
      #expect(help.standardOutput.hasPrefix(name), "\(name)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completionsAreCurrent(_ kind: String) throws {
    let file = Program.sourceTree.appending(path: "completions/brood.\(kind)")
    let printed = try shell(["--completions", kind])
    #expect(try String(contentsOf: file, encoding: .utf8) == printed.standardOutput)
  }

  private func shell(
    _ arguments: [String], in place: TemporaryDirectory? = nil
  ) throws -> Output {
    let place = try place ?? TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["TMPDIR"] = try place.temporaries()
    return try run(
      Program.brood, arguments, environment: environment, directory: place.path)
  }
}
