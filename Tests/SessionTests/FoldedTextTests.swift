import Language
import Session
import Testing

@Suite struct FoldedTextTests {
  @Test func linesThatFitStayAsTheyAre() {
    let text = "stuck: a  and b\n\n  c (12)  waits   for d"
    #expect(FoldedText.lines(text, width: 40) == text)
  }

  @Test func aLineIsBrokenAtBlanks() {
    #expect(
      FoldedText.lines("readers: brood (22942) by descriptor 3 and itself", width: 24)
        == "readers: brood (22942)\n    by descriptor 3 and\n    itself")
  }

  @Test func theLastColumnStandsAlone() {
    let line = "  philosopher (13467)  wants lock b  prompt:1: lock acquire b"
    #expect(
      FoldedText.lines(line, width: 50)
        == "  philosopher (13467)  wants lock b\n      prompt:1: lock acquire b")
  }

  @Test func wideCharactersCountTwice() {
    #expect(FoldedText.lines("僵尸进程 孤儿进程 信号量", width: 18) == "僵尸进程 孤儿进程\n    信号量")
  }

  /// Nothing but blanks is lost or added, and no line is wider than it must be.
  @Test func noWordIsBroken() {
    let line = "  kid (4711)  reads pipe:[2702496], which is empty; writers: itself  t:12: read"
    for width in 0...100 {
      let folded = FoldedText.lines(line, width: width)
      #expect(folded.split(whereSeparator: \.isWhitespace) == line.split(separator: " "))
      for part in folded.split(separator: "\n") where displayWidth(String(part)) > width {
        #expect(part.split(separator: " ").count == 1, "\(width): \(part)")
      }
    }
  }
}
