import Language
import Testing

@testable import Teaching

@Suite struct TextLayoutTests {
  private func blocks(_ text: String) throws -> [MarkdownBlock] {
    try MarkdownFile(Source(name: "t.md", text: "# T\n\n" + text), fields: [])
      .introduction.blocks
  }

  private func shown(_ text: String, _ width: Int, isColored: Bool = false) throws -> String {
    TextLayout(width: width, isColored: isColored).text(try blocks(text))
  }

  @Test func wordsAreWrapped() throws {
    #expect(try shown("aa bb cc dd ee ff gg hh ii jj", 20) == "aa bb cc dd ee ff gg\nhh ii jj\n")
  }

  @Test func noLineIsWider() throws {
    let text = "进程结束以后，仍然留在内核的进程表里（状态为 `Z`），直到父进程用 wait 来询问它是怎样结束的。它是 **僵尸进程**。"
    for width in [20, 33, 40, 80] {
      for line in try shown(text, width).split(separator: "\n") {
        #expect(displayWidth(String(line)) <= width)
      }
    }
  }

  @Test func noChineseLineBeginsWithPunctuation() throws {
    let text = String(repeating: "一二三，四五六七。（八九）十", count: 20)
    for width in 20..<40 {
      for line in try shown(text, width).split(separator: "\n") {
        #expect(!"，。）".contains(line.first ?? " "))
        #expect(line.last != "（")
      }
    }
  }

  @Test func linesJoinWithoutBlankBetweenWideCharacters() throws {
    #expect(try shown("进程\n结束 and\nmore", 40) == "进程结束 and more\n")
  }

  @Test func codeKeepsItsTicksOrHasAColour() throws {
    #expect(try shown("use `ps -a`, then", 40) == "use `ps -a`, then\n")
    #expect(
      try shown("use `ps`, **now**", 40, isColored: true)
        == "use \u{1B}[36mps\u{1B}[0m, \u{1B}[1mnow\u{1B}[0m\n")
  }

  @Test func longWordsAreCut() throws {
    let lines = try shown(String(repeating: "x", count: 50), 20).split(separator: "\n")
    #expect(lines.map(\.count) == [20, 20, 10])
  }

  /// Each line but the last leaves the entry incomplete.
  @Test func typedLinesAreBrokenWhereTheyGoOn() {
    func typed(_ line: String) -> [String] { TypedText.wrapped([line], width: 30) }
    #expect(
      typed("fork; fork; print here $pid and no more") == [
        "fork; fork; \\", "  print here $pid and no more",
      ])
    #expect(
      typed("fork --name p { print one; print two; sleep 1h }") == [
        "fork --name p { print one;", "  print two; sleep 1h }",
      ])
    #expect(
      typed("for x in [1111, 2222, 3333, 4444, 5555] { |a b| x }") == [
        "for x in [1111, 2222, 3333,", "  4444, 5555] { |a b| x }",
      ])
    #expect(
      typed("print \"a string ${\"in \\\" $x\"} with blanks\" 'and ${another'") == [
        "print \\", "  \"a string ${\"in \\\" $x\"} with blanks\" \\", "  'and ${another'",
      ])
    #expect(
      typed("print aaaaaaaaaaaaaaaaaaaaaaaaaaaa  # error range") == [
        "print \\", "  aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "  # error range",
      ])
  }

  @Test func listsAndTables() throws {
    #expect(try shown("- one two\n- three", 20) == "- one two\n- three\n")
    #expect(try shown("| a | bb |\n|---|---|\n| ccc | d |", 20) == "a    bb\nccc  d\n")
    #expect(
      try shown("| name | meaning |\n|--|--|\n| zombie | ended and not waited for |", 20)
        == "zombie\n  meaning: ended and\n    not waited for\n")
  }
}
