import TestSupport
import Testing

/// What the small terminal emulation makes of control sequences.
@Suite struct ScreenTests {
  private func screen(_ output: String, columns: Int = 10, rows: Int = 4) -> Screen {
    var screen = Screen(columns: columns, rows: rows)
    screen.feed(output.utf8)
    return screen
  }

  /// Output and what it leaves on the screen, named so that no escape gets into a report.
  struct Case: CustomTestStringConvertible {
    let output: String
    let expected: String
    var testDescription: String { output.debugDescription }

    init(_ output: String, _ expected: String) { (self.output, self.expected) = (output, expected) }
  }

  @Test(arguments: [
    Case("one\r\ntwo", "one\ntwo"),
    Case("one\rT", "Tne"),
    Case("abc\u{8}\u{8}X", "aXc"),
    Case("a\tb", "a       b"),
    Case("0123456789abc", "0123456789\nabc"),
    Case("0123456789\r\nabc", "0123456789\nabc"),
    Case("1\r\n2\r\n3\r\n4\r\n5", "2\n3\n4\n5"),
    Case("abcdef\u{1b}[3D\u{1b}[K", "abc"),
    Case("abc\u{1b}[2J\u{1b}[2;3Hx", "\n  x"),
    Case("abcdef\u{1b}[1G\u{1b}[2P", "cdef"),
    Case("abc\u{1b}[1G\u{1b}[2@", "  abc"),
    Case("1\r\n2\r\n3\u{1b}[1;1H\u{1b}[L0", "0\n1\n2\n3"),
    Case("1\r\n2\r\n3\u{1b}[1;1H\u{1b}[M", "2\n3"),
    Case("1\r\n2\r\n3\r\n4\u{1b}[2;3r\u{1b}[3;1H\r\nx", "1\n3\nx\n4"),
    Case("\u{1b}[1;31mred\u{1b}[0m", "red"),
    Case("\u{1b}]0;title\u{7}text\u{1b}(B", "text"),
    Case("\u{1b}[?2004hgo\u{1b}[?2004l", "go"),
    Case("shell\u{1b}[?1049hfull\u{1b}[?1049l", "shell"),
    Case("日本 é e\u{301}", "日本 é e\u{301}"),
    Case("12345678日本", "12345678日\n本"),
  ])
  func shows(_ each: Case) {
    #expect(screen(each.output).text == each.expected)
  }

  @Test func keepsWhatScrolledOff() {
    let screen = screen("1\r\n2\r\n3\r\n4\r\n5\r\nlong long long\r\nend ")
    #expect(screen.cursorPosition == 7)
    #expect(screen.lines(from: 0) == ["1", "2", "3", "4", "5", "long long ", "long", "end "])
    #expect(screen.lines(from: 5, joiningWrapped: true) == ["long long long", "end "])
    #expect(screen.cursorLine == "end ")
  }

  @Test func answersWhereTheCursorIs() {
    var screen = screen("ab\r\nc\u{1b}[6n")
    #expect(screen.takeAnswers() == "\u{1b}[2;2R")
    #expect(screen.takeAnswers() == "")
  }

  @Test func resizes() {
    var screen = screen("1\r\n2\r\n3\r\n4")
    screen.resize(columns: 5, rows: 2)
    #expect(screen.text == "3\n4")
    #expect(screen.cursorRow == 1)
    screen.feed("abcdef".utf8)
    #expect(screen.text == "4abcd\nef")
  }
}
