import Language
import Testing

/// CSV as it comes, cut at any place.
@Suite struct CSVReaderTests {
  private func rows(
    _ pieces: [ArraySlice<UInt8>], separator: UInt8 = UInt8(ascii: ",")
  ) throws -> [[String]] {
    var reader = CSVReader(separator: separator)
    var rows: [[String]] = []
    for piece in pieces {
      try Array(piece).withUnsafeBytes { try reader.take($0) }
      while let row = reader.next() {
        rows.append(row.fields.map { String(decoding: $0, as: UTF8.self) })
      }
    }
    try reader.finish()
    while let row = reader.next() {
      rows.append(row.fields.map { String(decoding: $0, as: UTF8.self) })
    }
    return rows
  }

  private func rows(_ text: String, separator: UInt8 = UInt8(ascii: ",")) throws -> [[String]] {
    try rows([Array(text.utf8)[...]], separator: separator)
  }

  static let cases: [(text: String, rows: [[String]])] = [
    ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
    ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
    ("\"a,b\",\"say \"\"hi\"\"\"\r\n\"x\r\ny\",\n", [["a,b", "say \"hi\""], ["x\r\ny", ""]]),
    ("\u{FEFF}a;b,c\n\n\r\n\"\"\n,\n", [["a;b", "c"], [""], ["", ""]]),
    ("é,\"ü\n\"\n", [["é", "ü\n"]]),
    ("a\rb,c\r\rd\r\n\r", [["a\rb", "c\r\rd"]]),
    ("a,\"b\"\r", [["a", "b"]]), ("", []), ("\n\n", []),
  ]

  @Test(arguments: cases.indices) func everySplitOfTheReadsYieldsTheSame(_ index: Int) throws {
    let (text, expected) = CSVReaderTests.cases[index]
    let bytes = Array(text.utf8)
    #expect(try rows([bytes[...]]) == expected)
    for first in 0...bytes.count {
      for second in first...bytes.count {
        #expect(try rows([bytes[..<first], bytes[first..<second], bytes[second...]]) == expected)
      }
    }
  }

  @Test(arguments: [
    ("a,\"b\nc", 1, 3, "the quote that begins here is not closed"),
    ("a\n1,2\"3\n", 2, 4, "there is a quote in a field without quotes"),
    ("a\n\"é\nx\" ,2\n", 3, 3, "text follows the quote that ends a field"),
    ("\"a\"\rb", 1, 4, "text follows the quote that ends a field"),
  ])
  func anErrorNamesLineAndColumn(
    _ text: String, _ line: Int, _ column: Int, _ message: String
  ) throws {
    let bytes = Array(text.utf8)
    for place in 0...bytes.count {
      let failure = #expect(throws: CSVReader.Failure.self) {
        try rows([bytes[..<place], bytes[place...]])
      }
      #expect(failure?.line == line && failure?.column == column, "\(text) at \(place)")
      #expect(failure?.message == message)
    }
  }

  @Test func bytesThatAreNoTextStayAsTheyAre() throws {
    var reader = CSVReader(separator: 0x09)
    try reader.take([0xFF, 0x09, 0x22, 0xEF, 0xBB, 0x22, 0x0A] as [UInt8])
    #expect(reader.next() == CSVReader.Row(fields: [[0xFF], [0xEF, 0xBB]], line: 1))
  }

  @Test func partsOfAByteOrderMarkAreText() throws {
    for bytes: [UInt8] in [[0xEF], [0xEF, 0xBB], [0xEF, 0xBB, 0x61]] {
      var reader = CSVReader()
      try bytes.withUnsafeBytes { try reader.take($0) }
      try reader.finish()
      #expect(reader.next()?.fields == [bytes])
    }
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    var random = SystemRandomNumberGenerator()
    let letters = Array("ab,\"\n\r ".utf8)
    for _ in 0..<500 {
      let fields = (0..<Int.random(in: 1...3, using: &random)).map { _ in
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
          letters.randomElement(using: &random) ?? 0
        }
      }
      var reader = CSVReader()
      try (CSVText.row(fields) + [0x0A]).withUnsafeBytes { try reader.take($0) }
      try reader.finish()
      #expect(reader.next()?.fields == fields)
    }
  }
}
