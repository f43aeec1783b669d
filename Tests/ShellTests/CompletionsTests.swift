import Testing

@testable import Shell

/// What a list of candidates shows, and what of them is put into the line.
@Suite struct CompletionsTests {
  private func completions(_ names: [String], typed: String = "") -> Completions {
    Completions(start: 0, typed: typed, names.map { Candidate($0) })
  }

  @Test(arguments: [
    (["queue get", "queue put"], "queue "), (["fork"], "fork"), (["a", "b"], ""), ([], ""),
    (["é1", "é2"], "é"), (["日本", "日光"], "日"), (["ab", "abc", "abd"], "ab"),
  ]) func theCommonBeginning(_ names: [String], _ common: String) {
    #expect(completions(names).common == common)
  }

  /// Half of an escaped character is none.
  @Test func anEscapeIsNotCut() {
    #expect(completions(["a\\ b", "a\\$c"]).common == "a")
    #expect(completions(["a\\\\b", "a\\\\c"]).common == "a\\\\")
  }

  /// Names that differ in case share less than was typed.
  @Test func whatWasTypedStays() {
    #expect(completions(["Abc", "abd"], typed: "ab").common == "ab")
  }

  /// Names alone stand in columns from top to bottom, no line wider than the terminal.
  @Test(arguments: [20, 40, 80]) func namesStandInColumns(columns: Int) {
    let names = (1...30).map { "name\($0)" }
    let table = completions(names).table(columns: columns, rows: 40, isColored: false)
    let lines = table.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count < columns })
    #expect(
      names.allSatisfy { name in lines.contains { $0.split(separator: " ").contains(name[...]) } })
  }

  /// More than fit are counted.
  @Test func whatDoesNotFitIsCounted() {
    let table = completions((1...500).map { "name\($0)" }).table(
      columns: 20, rows: 12, isColored: false)
    #expect(table.split(separator: "\n").count == 10)
    #expect(table.hasSuffix(" more\n"))
  }

  /// Names of files are other people's: no control character comes through, no line breaks.
  @Test func controlCharactersAreShown() {
    let table = completions(["a\u{1B}[2Jb\nc"]).table(columns: 60, rows: 20, isColored: false)
    #expect(!table.contains("\u{1B}"))
    #expect(table.split(separator: "\n").count == 1)
  }

  @Test func notesAreCutToTheTerminal() {
    let candidates = [
      Candidate("fork", String(repeating: "long ", count: 50)), Candidate("ps", "short"),
    ]
    let table = Completions(start: 0, typed: "", candidates).table(
      columns: 40, rows: 20, isColored: false)
    let lines = table.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.count < 40 })
    #expect(lines.last == "ps    short")
  }
}
