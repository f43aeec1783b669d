import Foundation
import Posix
import Testing

/// Files of lines that may end anywhere.
@Suite("Journal files")
struct JournalFileTests {
  private let path = "\(NSTemporaryDirectory())/brood-journal-\(UUID().uuidString)"

  private func lines(_ file: JournalFile) throws -> [String] {
    var lines: [String] = []
    try file.forEachLine { line, place in
      lines.append(String(decoding: line, as: UTF8.self))
      let again = try file.part(at: place, length: line.count)
      #expect(again == Array(line))
    }
    return lines
  }

  private func written(_ lines: [String]) -> [UInt8] {
    lines.flatMap { Array($0.utf8) + [0x0A] }
  }

  /// Wherever a crash has cut it, whole lines stay, and a new one is not glued to a torn one.
  @Test func aFileCutAtAnyByteGoesOn() throws {
    defer { unlink(path) }
    let all = ["first", "", "a line of some length", String(repeating: "x", count: 300), "last"]
    let bytes = written(all)
    for cut in 0...bytes.count {
      try Data(bytes[..<cut]).write(to: URL(filePath: path))
      let whole = bytes[..<cut].split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        .map { String(decoding: $0, as: UTF8.self) }
      do {
        let file = try JournalFile(path)
        #expect(try lines(file) == whole)
        #expect(file.tornBytes == cut - written(whole).count)
        try file.cutTornLine()
        try file.append(Array("new".utf8))
        #expect(try lines(file) == whole + ["new"])
        #expect(file.tornBytes == 0)
      }
      let content = try Data(contentsOf: URL(filePath: path))
      #expect(Array(content) == written(whole + ["new"]))
    }
  }

  @Test func linesLongerThanAPieceAreWhole() throws {
    defer { unlink(path) }
    let all = (0..<5).map { String(repeating: "abc\($0)", count: 100_000 + $0) }
    let file = try JournalFile(path)
    for line in all { try file.append(Array(line.utf8)) }
    #expect(try lines(file) == all)
  }

  @Test func oneAtATime() throws {
    defer { unlink(path) }
    let first = try JournalFile(path)
    func refusal(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "none"
      } catch {
        return (error as? SystemError)?.name ?? "\(error)"
      }
    }
    #expect(refusal { _ = try JournalFile(path) } == "EAGAIN")
    // Looking is allowed.
    #expect(try lines(try JournalFile(path, writing: false)) == [])
    first.close()
    _ = try JournalFile(path)
    #expect(refusal { _ = try JournalFile("/dev/null") } == "EINVAL")
    #expect(refusal { _ = try JournalFile("/nowhere/at/all") } == "ENOENT")
  }
}
