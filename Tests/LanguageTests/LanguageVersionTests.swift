import Testing

@testable import Language

/// The version that a script's first line names.
@Suite struct LanguageVersionTests {
  @Test(arguments: [
    ("#brood 0.2\nprint 1", "0.2"), ("#brood 0.2", "0.2"), ("#brood   1.14.3  \n", "1.14"),
    ("#!/usr/bin/env brood\n#brood 0.3\n", "0.3"), ("#!/usr/bin/brood\n# a comment", nil),
    ("# brood 0.2\n", nil), ("#brood\n", nil), ("#brood two\n", nil), ("#brood 0\n", nil),
    ("#brood 0.2 or so\n", nil), (" #brood 0.2\n", nil), ("print 1\n#brood 0.2\n", nil), ("", nil),
    ("#brood 0.99999999999999999999\n", nil), ("#brood -1.2\n", nil), ("#!", nil),
  ])
  func aFirstLineNamesIt(_ text: String, _ version: String?) {
    let found = LanguageVersion.pinned(in: Source(name: "script", text: text))
    #expect(found.map { "\($0.version)" } == version, "\(text)")
  }

  @Test func theSpanIsThatOfTheLine() throws {
    let source = Source(name: "script", text: "#!/usr/bin/brood\n#brood 0.3\nprint 1")
    let found = try #require(LanguageVersion.pinned(in: source))
    #expect(source.text(found.span) == "#brood 0.3")
  }

  @Test func versionsAreOrderedByNumbers() {
    #expect(LanguageVersion(0, 9) < LanguageVersion(0, 10))
    #expect(LanguageVersion(0, 10) < LanguageVersion(1, 0))
    #expect(!(LanguageVersion(1, 0) < LanguageVersion(1, 0)))
  }

  @Test func aTableLeavesNamesOut() {
    let table = CommandTable([
      CommandFamily(
        "A", [Command("one", "One") { _ in .null }, Command("two", "Two") { _ in .null }])
    ])
    let less = table.without(["two"])
    #expect(less["one"] != nil)
    #expect(less["two"] == nil)
    #expect(table["two"] != nil)
  }
}
