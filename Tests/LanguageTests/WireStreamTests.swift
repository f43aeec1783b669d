import Testing

@testable import Language

@Suite("Values on the wire, piece by piece")
struct WireStreamTests {
  private let values: [Value] = [
    .int(5), .text("short"), .null,
    .text(String(repeating: "0123456789", count: 20_000)),
    .bytes(BytesObject([UInt8](repeating: 7, count: 100_000))),
    .items((0..<40_000).map { .int($0 * 31) }),
    .items((0..<2000).map { .record(["name": .text("n\($0)"), "é": .duration($0 << 33)]) }),
    .items([.text(String(repeating: "é", count: 20_000)), .int(-1), .float(0.5)]),
  ]

  @Test func sinksGetTheSameBytes() throws {
    let encoder = WireEncoder()
    for value in values {
      let whole = try encoder.copied(value)
      var pieces: [UInt8] = []
      var largest = 0
      try encoder.encode(value) { piece in
        largest = max(largest, piece.count)
        pieces += piece
      }
      #expect(pieces == whole)
      #expect(try encoder.encodedSize(of: value) == whole.count)
      if case .list = value { #expect(largest <= Wire.chunkSize) }
    }
  }

  @Test func largeTextsAreNotCopied() throws {
    let text = StringObject.make(String(repeating: "x", count: 1 << 20))
    var isOwn = false
    try WireEncoder().encode(.items([.int(1), .string(text)])) { piece in
      text.withBytes { if piece.baseAddress == UnsafeRawPointer($0.baseAddress) { isOwn = true } }
    }
    #expect(isOwn)
  }

  @Test(arguments: [1, 7, 4096, 1 << 20])
  func sourcesGiveAnyPortions(portion: Int) throws {
    let decoder = WireDecoder()
    for value in values {
      let bytes = try WireEncoder().copied(value)
      for length in [bytes.count, nil] {
        var place = 0
        let back = try decoder.decode(length: length) { buffer in
          let count = min(portion, buffer.count, bytes.count - place)
          buffer.copyBytes(from: bytes[place..<(place + count)])
          place += count
          return count
        }
        #expect(back.equals(value))
        #expect(place == bytes.count)
      }
    }
  }

  /// Storage that grows as bytes come, several times.
  @Test func longTextsNeedNoLength() throws {
    let text = Value.text(String(repeating: "0123456789é", count: 400_000))
    let bytes = try WireEncoder().copied(text)
    var rest = bytes[...]
    let back = try WireDecoder().decode(length: nil) { buffer in
      let part = rest.prefix(buffer.count)
      buffer.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      return part.count
    }
    #expect(back.equals(text))
  }

  @Test func sourcesMayEndTooEarly() throws {
    for value in values {
      let bytes = try WireEncoder().copied(value).dropLast()
      for length in [bytes.count, bytes.count + 1, nil] {
        var rest = bytes
        #expect(throws: ErrorObject.self) {
          try WireDecoder().decode(length: length) { buffer in
            let part = rest.prefix(buffer.count)
            buffer.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
          }
        }
      }
    }
  }

  /// Nobody vouches for the length, and it is a lie: little is allocated.
  @Test func lengthsAreNotTrusted() throws {
    for lie: [UInt8] in [
      [0xDB, 0xFF, 0xFF, 0xFF, 0xFF], [0xC6, 0xFF, 0xFF, 0xFF, 0xFF],
      [0xDD, 0xFF, 0xFF, 0xFF, 0xFF], [0xDF, 0xFF, 0xFF, 0xFF, 0xFF],
      [0xC9, 0x0F, 0xFF, 0xFF, 0xFF, 8],
    ] {
      var asked = 0
      var isFirst = true
      #expect(throws: ErrorObject.self) {
        try WireDecoder().decode(length: nil) { buffer in
          asked = max(asked, buffer.count)
          guard isFirst else { return 0 }
          isFirst = false
          buffer.copyBytes(from: lie)
          return lie.count
        }
      }
      #expect(asked <= Wire.stepSize)
    }
  }
}
