import Foundation
import TestSupport
import Testing

/// The usual lines of xargs and GNU parallel beside those of Brood: each must do the same.
@Suite("Lines of xargs and GNU parallel")
struct BatchLineTests {
  /// A block of `BatchLines/lines.txt`.
  struct Block: CustomTestStringConvertible {
    let title: String
    var isSorted = false
    var theirs = ""
    var ours = ""
    var output: [String] = []

    var testDescription: String { title }
    var needsParallel: Bool { theirs.contains("parallel") || theirs.hasPrefix("sem ") }
  }

  static let blocks: [Block] = {
    let file = Program.sourceTree.appending(path: "Tests/BatchLines/lines.txt")
    var blocks: [Block] = []
    for line in ((try? String(contentsOf: file, encoding: .utf8)) ?? "").components(
      separatedBy: "\n")
    where !line.isEmpty && !line.hasPrefix("#") {
      guard line.hasPrefix("  "), var block = blocks.popLast() else {
        blocks.append(Block(title: line))
        continue
      }
      let text = String(line.dropFirst(2))
      if text == "sorted", block.theirs.isEmpty {
        block.isSorted = true
      } else if block.theirs.isEmpty {
        block.theirs = text
      } else if block.ours.isEmpty {
        block.ours = text
      } else {
        block.output.append(text)
      }
      blocks.append(block)
    }
    return blocks
  }()

  /// - Parameter setup: what the shell is told before.
  private func output(_ line: String, _ block: Block, setup: String = "") throws -> [String] {
    let place = try TemporaryDirectory()
    for (name, count) in [("a.txt", 1), ("b.txt", 2), ("c d.txt", 3)] {
      try place.write((1...count).map { "line \($0)\n" }.joined(), to: name)
    }
    try place.write("a.txt\nb.txt\nc d.txt\n", to: "list")
    let program = "brood() { \(Program.brood) \"$@\"; }; "
    let output = try run(
      "/bin/sh", ["-c", program + setup + line], environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(60))
    var lines = output.standardOutput.components(separatedBy: "\n")
    if lines.last == "" { lines.removeLast() }
    return block.isSorted ? lines.sorted() : lines
  }

  @Test(arguments: blocks) func oursPrintsWhatIsExpected(_ block: Block) throws {
    #expect(!block.output.isEmpty)
    #expect(try output(block.ours, block) == block.output)
  }

  @Test(arguments: blocks.filter { !$0.needsParallel })
  func xargsPrintsTheSame(_ block: Block) throws {
    #expect(try output(block.theirs, block) == block.output)
  }

  @Test(
    .enabled(if: hasParallel, "GNU parallel is not installed"),
    arguments: blocks.filter(\.needsParallel))
  func parallelPrintsTheSame(_ block: Block) throws {
    #expect(try output(block.theirs, block) == block.output)
  }

  /// What their line is translated to does the same again; directories of results are others, and a
  /// line with --resume needs one that kept a journal.
  @Test(
    arguments: blocks.filter { !$0.theirs.contains("--results") && !$0.theirs.contains("--resume") }
  )
  func theirsIsTranslated(_ block: Block) throws {
    // A flag that a later version brings leaves a word behind, and nothing is run.
    let setup = """
      translated() {
        line=$(brood run "$@") || return
        for word in $line; do
          case $word in
            --) break ;;
            --*) brood run --help | grep -qe " $word" || { echo "$word" >> .missing; return 1; } ;;
          esac
        done
        eval "$line"
      }
      xargs() { translated --from-xargs "$@"; }
      parallel() { translated --from-parallel "$@"; }
      sem() { translated --from-parallel sem "$@"; }

      """
    let line = block.theirs + "\ntest ! -e .missing || echo missing flag"
    let lines = try output(line, block, setup: setup)
    if lines.contains("missing flag") { return }
    // Without -k theirs come as they end.
    let hasOrder = !block.needsParallel || block.theirs.contains(" -k")
    #expect(hasOrder ? lines == block.output : lines.sorted() == block.output.sorted())
  }

  /// A file's name need not be UTF-8 to be an input.
  @Test func namesOfAnyBytesArrive() throws {
    let line = #"touch "$(printf 'f\377')"; brood run -- ls -b ::: f*"#
    #expect(try output(line, Block(title: "names of any bytes")) == [#"f\377"#])
  }

  /// GNU parallel, and not another program of that name.
  static let hasParallel: Bool = {
    guard let place = try? TemporaryDirectory() else { return false }
    let output = try? run(
      "/bin/sh", ["-c", "parallel --version"], environment: Program.environment(home: place.path),
      directory: place.path)
    return output?.standardOutput.hasPrefix("GNU parallel") ?? false
  }()

  /// The table in the README has these lines and no others.
  @Test func theReadmeShowsThem() throws {
    let file = Program.sourceTree.appending(path: "README.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(BatchLineTests.blocks.count >= 40)
    for block in BatchLineTests.blocks {
      #expect(text.contains(BatchLineTests.row(block)), "\(BatchLineTests.row(block))")
    }
  }

  private static func row(_ block: Block) -> String {
    func cell(_ line: String) -> String { "`" + line.replacing("|", with: "\\|") + "`" }
    return "| \(block.title) | \(cell(block.theirs)) | \(cell(block.ours)) |"
  }
}
