import Foundation
import TestSupport
import Testing

/// What `brood run --from-xargs` and `--from-parallel` print for a line.
@Suite("Lines translated") struct TranslationTests {
  struct Block: CustomTestStringConvertible {
    let line: String
    var output: [String] = []
    var testDescription: String { line }
  }

  static let blocks: [Block] = {
    let file = Program.sourceTree.appending(path: "Tests/BatchLines/translations.txt")
    var blocks: [Block] = []
    for line in ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n")
    where !line.hasPrefix("#") {
      if line.hasPrefix("  "), !blocks.isEmpty {
        blocks[blocks.count - 1].output.append(String(line.dropFirst(2)))
      } else {
        blocks.append(Block(line: String(line)))
      }
    }
    return blocks
  }()

  private func translate(_ line: String) throws -> Output {
    let flag = line.hasPrefix("xargs") ? "--from-xargs" : "--from-parallel"
    return try runBash("exec < /dev/null; brood run \(flag) \(line)", within: .seconds(20))
  }

  @Test(arguments: blocks) func aLineIsTranslated(_ block: Block) throws {
    let output = try translate(block.line)
    let lines = (output.standardOutput + output.standardError).split(separator: "\n")
    #expect(lines.map(String.init) == block.output)
    #expect(output.status == .exited(output.standardError.isEmpty ? 0 : 2))
  }

  @Test func thereAreEnough() { #expect(TranslationTests.blocks.count > 50) }

  /// Nothing of the line is run, and what is printed can be pasted.
  @Test func whatIsPrintedIsOneLineAndComments() throws {
    for block in TranslationTests.blocks {
      let output = try translate(block.line)
      for line in output.standardOutput.split(separator: "\n").dropFirst() {
        #expect(line.hasPrefix("# "), "\(block.line): \(line)")
      }
    }
  }

  @Test func theFlagStandsFirst() throws {
    let output = try runBash("brood run -j 4 --from-xargs gzip", within: .seconds(20))
    #expect(output.status == .exited(2))
    #expect(output.standardError.contains("stands first"), "\(output.standardError)")
  }

  @Test func exportedFunctionsOfBashNeedAShell() throws {
    let output = try runBash(
      "f() { echo $1; }; export -f f; brood run --from-parallel f ::: a", within: .seconds(20))
    #expect(output.standardOutput == "brood run --shell 'f {}' ::: a\n")
  }
}
