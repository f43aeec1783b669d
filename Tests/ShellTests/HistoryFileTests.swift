import Foundation
import Testing

@testable import Shell

/// The file of the prompt's entries, without a prompt.
@Suite struct HistoryFileTests {
  private typealias Entry = HistoryFile.Entry

  private static func file() -> HistoryFile {
    HistoryFile(path: NSTemporaryDirectory() + "/brood-history-\(UUID().uuidString)/a/history")
  }

  /// What is written comes back, of whatever lines an entry consists.
  @Test(arguments: [
    "print 1", "", "if $x {\n  print 1\n}", "\tprint 1", "#1700000000", "a\n#12\nb", "a\n\n\nb",
    "a\n\tb",
    "é 日本 🐣",
  ])
  func anEntryComesBack(_ text: String) {
    let written = HistoryFile.format(Entry(time: 1_700_000_000, text: text))
    let behind = HistoryFile.format(Entry(time: 5, text: "next"))
    let read = HistoryFile.parse(Array((written + behind).utf8)[...])
    #expect(read == [Entry(time: 1_700_000_000, text: text), Entry(time: 5, text: "next")])
  }

  /// Lines that were written by hand, without a time, are entries; blank ones are none.
  @Test func linesWithoutATime() {
    let read = HistoryFile.parse(Array("ls\n\nps\n#12\njobs\n".utf8)[...])
    #expect(
      read == [
        Entry(time: 0, text: "ls"), Entry(time: 0, text: "ps"), Entry(time: 12, text: "jobs"),
      ])
  }

  /// A last entry without the end of its line counts; a time without an entry does not.
  @Test func tornEnds() {
    #expect(HistoryFile.parse(Array("#1\na".utf8)[...]) == [Entry(time: 1, text: "a")])
    #expect(HistoryFile.parse(Array("#1\na\n#2".utf8)[...]) == [Entry(time: 1, text: "a")])
    #expect(HistoryFile.parse([0xFF, 0x0A][...]).count == 1)
  }

  /// The file and its directories are made, for their owner alone.
  @Test func theFileIsPrivate() throws {
    let history = HistoryFileTests.file()
    defer {
      try? FileManager.default.removeItem(
        atPath: (history.path as NSString).deletingLastPathComponent)
    }
    try history.append(Entry(time: 1, text: "one"))
    try history.append(Entry(time: 2, text: "two\nlines"))
    let mode = try FileManager.default.attributesOfItem(atPath: history.path)[.posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
    let (entries, isWhole) = history.load()
    #expect(entries.map(\.text) == ["one", "two\nlines"])
    #expect(isWhole)
  }

  /// Of a long file the end is read; more where one entry is larger than what is commonly read.
  @Test(arguments: [10, 5000]) func theEndOfALongFile(count: Int) throws {
    let history = HistoryFileTests.file()
    defer {
      try? FileManager.default.removeItem(
        atPath: (history.path as NSString).deletingLastPathComponent)
    }
    try history.append(Entry(time: 0, text: String(repeating: "x", count: 400_000)))
    var text = ""
    for i in 0..<count { text += HistoryFile.format(Entry(time: Int64(i), text: "entry \(i)")) }
    let file = try #require(FileHandle(forWritingAtPath: history.path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
    let (entries, isWhole) = history.load()
    #expect(entries.last?.text == "entry \(count - 1)")
    #expect(entries.count == min(count + 1, HistoryFile.keptEntries))
    #expect(isWhole == (count < HistoryFile.keptEntries))
  }

  @Test func nothingToRead() {
    #expect(HistoryFile(path: "/nonexistent/history").load().entries.isEmpty)
    #expect(HistoryFile(path: "/dev/zero").load().entries.isEmpty)
    #expect(HistoryFile(environment: { _ in nil }) == nil)
    #expect(
      HistoryFile(environment: { $0 == "HOME" ? "/h" : nil })?.path
        == "/h/.local/state/brood/history")
    #expect(
      HistoryFile(environment: { $0 == "HOME" ? "/h" : $0 == "XDG_STATE_HOME" ? "/s" : nil })?.path
        == "/s/brood/history")
  }
}
