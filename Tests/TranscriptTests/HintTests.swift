import Foundation
import TestSupport
import Testing

/// Habits of other languages get the line to write, and valid texts are left in peace.
@Suite("Hints")
struct HintTests {
  /// A block of `Hints/lines.txt`.
  struct Block: CustomTestStringConvertible {
    var lines: [String] = []
    var help: String?
    var warning: String?
    var advice: String?
    var isFine = false
    /// The issue because of which it fails today.
    var known: String?

    var testDescription: String { lines.joined(separator: "; ") }
    var text: String { lines.joined(separator: "\n") + "\n" }
  }

  static let blocks: [Block] = {
    let file = Program.sourceTree.appending(path: "Tests/Hints/lines.txt")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    var blocks = [Block()]
    for line in text.components(separatedBy: "\n") where !line.hasPrefix("#") {
      if line.isEmpty {
        if blocks.last?.lines.isEmpty == false { blocks.append(Block()) }
        continue
      }
      let last = blocks.count - 1
      func value(of word: String) -> String? {
        line.hasPrefix("  \(word) ") ? String(line.dropFirst(word.count + 3)) : nil
      }
      if let help = value(of: "help") {
        blocks[last].help = help
      } else if let warning = value(of: "warning") {
        blocks[last].warning = warning
      } else if let advice = value(of: "advice") {
        blocks[last].advice = advice
      } else if let known = value(of: "known") {
        blocks[last].known = known
      } else if line == "  fine" {
        blocks[last].isFine = true
      } else {
        blocks[last].lines.append(line)
      }
    }
    return blocks.filter { !$0.lines.isEmpty }
  }()

  @Test(arguments: blocks) func isAdvised(_ block: Block) throws {
    guard let known = block.known else { return try check(block) }
    withKnownIssue("\(known): no hint, or a wrong one") { try check(block) }
  }

  private func check(_ block: Block) throws {
    let place = try TemporaryDirectory()
    try place.write(block.text, to: "script.brood")
    try place.write("fn f(a, b) { $a }\n", to: "other.brood")
    let isChecked = block.help == nil
    let output = try run(
      Program.brood, (isChecked ? ["--check"] : []) + ["script.brood"],
      environment: Program.environment(home: place.path), directory: place.path)
    let lines = output.standardError.components(separatedBy: "\n")
    if block.isFine { #expect(output.standardError == "") }
    if let help = block.help { #expect(lines.contains { $0.hasSuffix(" = help: \(help)") }) }
    if let warning = block.warning {
      #expect(lines.filter { $0.hasPrefix("warning: ") } == ["warning: \(warning)"])
    }
    if let advice = block.advice { #expect(lines.contains { $0.hasSuffix(" = help: \(advice)") }) }
  }

  @Test func thereAreMany() { #expect(HintTests.blocks.count > 150) }

  /// Every example of help is free of warnings.
  @Test func examplesOfHelpAreFine() throws {
    struct Example: Decodable { let code: String }
    let place = try TemporaryDirectory()
    func brood(_ arguments: [String]) throws -> Output {
      try run(
        Program.brood, arguments, environment: Program.environment(home: place.path),
        directory: place.path, within: .seconds(60))
    }
    let listing = try brood(["-c", "help --examples-json"])
    let examples = try JSONDecoder().decode(
      [Example].self, from: Data(listing.standardOutput.utf8))
    for (i, example) in examples.enumerated() {
      try place.write(example.code + "\n", to: "example\(i).brood")
    }
    let output = try brood(["--check"] + examples.indices.map { "example\($0).brood" })
    #expect(output.standardError == "")
    #expect(examples.count > 200)
  }

  @Test(arguments: ["scripts/examples", "scripts/examples/classics", "Tests/Differential"])
  func scriptsAreFine(_ directory: String) throws {
    let place = Program.sourceTree.appending(path: directory)
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path)
      .filter { $0.hasSuffix(".brood") }.sorted()
    #expect(!files.isEmpty)
    let output = try run(
      Program.brood, ["--check"] + files,
      environment: Program.environment(home: place.path), directory: place.path)
    // One of them is about an assignment that is lost.
    let warnings = output.standardError.components(separatedBy: "\n")
      .filter { $0.hasPrefix("warning: ") || $0.hasPrefix("error: ") }
    #expect(
      warnings.allSatisfy { $0.hasSuffix("'n' happens in the child and is lost") } == true
        && warnings.count <= 1, "\(output.standardError)")
  }
}
