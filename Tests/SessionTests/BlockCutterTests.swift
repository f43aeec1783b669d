import Testing

@testable import Session

/// Where blocks of records end, however the input is read.
@Suite struct BlockCutterTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    var end = "\n"
    var start = ""
    let measure: BlockCutter.Measure
    let blocks: [String]
    var testDescription: String { "\(text.debugDescription) \(measure)" }
  }

  static let cases = [
    Case(text: "ab\ncd\nef\n", measure: .bytes(1), blocks: ["ab\n", "cd\n", "ef\n"]),
    Case(text: "ab\ncd\nef\n", measure: .bytes(3), blocks: ["ab\n", "cd\n", "ef\n"]),
    Case(text: "ab\ncd\nef\n", measure: .bytes(4), blocks: ["ab\ncd\n", "ef\n"]),
    Case(text: "ab\ncd\nef", measure: .bytes(2), blocks: ["ab\n", "cd\n", "ef"]),
    Case(text: "abcdefgh\ni\n", measure: .bytes(2), blocks: ["abcdefgh\n", "i\n"]),
    Case(text: "\n\n\na", measure: .bytes(2), blocks: ["\n\n", "\na"]),
    Case(text: "abc", measure: .bytes(1), blocks: ["abc"]),
    Case(
      text: "a\n\nb\nc\n\nd", end: "\n\n", measure: .bytes(2), blocks: ["a\n\n", "b\nc\n\n", "d"]),
    Case(text: "a\n\n\n\nb", end: "\n\n", measure: .bytes(1), blocks: ["a\n\n", "\n\n", "b"]),
    Case(
      text: ">a\nx\n>b\n>c\n", end: "\n", start: ">", measure: .bytes(1),
      blocks: [">a\nx\n", ">b\n", ">c\n"]),
    Case(
      text: ">a>b>>c", end: "", start: ">", measure: .bytes(1), blocks: [">a", ">b", ">", ">c"]),
    Case(text: "x--a--b", end: "", start: "--", measure: .bytes(2), blocks: ["x--a", "--b"]),
    Case(
      text: "x--a---b--", end: "", start: "--", measure: .bytes(1),
      blocks: ["x", "--a", "-", "--b", "--"]),
    Case(text: "a\nb\nc\nd", measure: .records(2), blocks: ["a\nb\n", "c\nd"]),
    Case(text: "a\n\nb\n", measure: .records(2), blocks: ["a\n\n", "b\n"]),
    Case(text: "aaaaa", end: "aa", measure: .records(1), blocks: ["aa", "aa", "a"]),
    Case(text: ">a>b>c>d", end: "", start: ">", measure: .records(2), blocks: [">a>b", ">c>d"]),
    Case(text: "", measure: .records(1), blocks: []),
  ]

  /// The blocks of an input that comes in pieces, as `StreamBlocks` cuts it.
  private func blocks(_ pieces: [ArraySlice<UInt8>], _ item: Case) -> [String] {
    var cutter = BlockCutter(end: Array(item.end.utf8), start: Array(item.start.utf8), item.measure)
    var blocks: [[UInt8]] = []
    var open: [UInt8] = []
    var rest: [UInt8] = []
    for (number, piece) in pieces.enumerated() {
      rest += piece
      let isLast = number == pieces.count - 1
      while true {
        let (count, hasEnded) = rest.withUnsafeBytes { cutter.take($0, isLast: isLast) }
        open += rest[..<count]
        rest.removeFirst(count)
        guard hasEnded else { break }
        blocks.append(open)
        open = []
      }
    }
    #expect(rest.isEmpty)
    if !open.isEmpty { blocks.append(open) }
    return blocks.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: cases) func marksAreFoundAcrossAnyTwoReads(_ item: Case) {
    let bytes = Array(item.text.utf8)
    #expect(blocks([bytes[...]], item) == item.blocks)
    for first in 0...bytes.count {
      for second in first...bytes.count {
        let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
        #expect(blocks(pieces, item) == item.blocks, "cut at \(first) and \(second)")
      }
    }
    #expect(blocks(bytes.indices.map { bytes[$0...$0] } + [[]], item) == item.blocks)
  }

  /// What need not be looked at may be passed by, as it is by splice(2) and for files.
  @Test(arguments: cases) func whatIsFreeNeedNotBeSeen(_ item: Case) {
    let bytes = Array(item.text.utf8)
    var cutter = BlockCutter(end: Array(item.end.utf8), start: Array(item.start.utf8), item.measure)
    var place = 0
    var start = 0
    var found: [String] = []
    while place < bytes.count {
      let free = min(cutter.free, bytes.count - place)
      cutter.skip(free)
      place += free
      let (count, hasEnded) = bytes[place...].withUnsafeBytes { cutter.take($0, isLast: true) }
      place += count
      if hasEnded || place == bytes.count {
        if start < place { found.append(String(decoding: bytes[start..<place], as: UTF8.self)) }
        start = place
      }
    }
    #expect(found == item.blocks)
  }
}
