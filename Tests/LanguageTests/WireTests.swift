import Testing

@testable import Language

/// Bytes as `92 01 02`.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined(separator: " ")
}

func encoded(_ value: Value) throws -> [UInt8] { try WireEncoder().copied(value) }

func decoded(_ bytes: [UInt8]) throws -> Value {
  try bytes.withUnsafeBytes { try WireDecoder().decode($0) }
}

/// `kind: message` of what decoding throws; nil when it succeeds.
func decodingFailure(_ bytes: [UInt8]) -> String? {
  do {
    _ = try decoded(bytes)
    return nil
  } catch {
    return (error as? ErrorObject).map { "\($0.kind.rawValue): \($0.message)" } ?? "\(error)"
  }
}

@Suite("Values on the wire")
struct WireTests {
  /// The MessagePack specification, byte by byte.
  @Test func plainValuesAreMessagePack() throws {
    let long = String(repeating: "x", count: 32)
    let golden: [(Value, String)] = [
      (.null, "c0"), (.bool(false), "c2"), (.bool(true), "c3"),
      (.int(0), "00"), (.int(127), "7f"), (.int(128), "cc 80"), (.int(255), "cc ff"),
      (.int(256), "cd 01 00"), (.int(65535), "cd ff ff"), (.int(65536), "ce 00 01 00 00"),
      (.int(4_294_967_295), "ce ff ff ff ff"), (.int(4_294_967_296), "cf 00 00 00 01 00 00 00 00"),
      (.int(Int.max), "cf 7f ff ff ff ff ff ff ff"),
      (.int(-1), "ff"), (.int(-32), "e0"), (.int(-33), "d0 df"), (.int(-128), "d0 80"),
      (.int(-129), "d1 ff 7f"), (.int(-32768), "d1 80 00"), (.int(-32769), "d2 ff ff 7f ff"),
      (.int(-2_147_483_648), "d2 80 00 00 00"),
      (.int(-2_147_483_649), "d3 ff ff ff ff 7f ff ff ff"),
      (.int(Int.min), "d3 80 00 00 00 00 00 00 00"),
      (.float(1.5), "cb 3f f8 00 00 00 00 00 00"),
      (.text(""), "a0"), (.text("aé"), "a3 61 c3 a9"),
      (.text(long), "d9 20" + String(repeating: " 78", count: 32)),
      (.bytes(BytesObject([1, 255])), "c4 02 01 ff"),
      (.items([]), "90"), (.items([.int(1), .text("a")]), "92 01 a1 61"),
      (.record(["a": .int(1), "b": .null]), "82 a1 61 01 a1 62 c0"),
      (.duration(5), "d4 01 05"), (.duration(-1), "d4 01 ff"), (.size(1024), "d5 02 04 00"),
      (.time(1_000_000), "d6 03 00 0f 42 40"),
      (.duration(5_000_000_000), "d7 01 00 00 00 01 2a 05 f2 00"),
      (
        .range(RangeObject(1, 5, inclusive: true)),
        "d8 04 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 05"
      ),
      (
        .range(RangeObject(1, 5, inclusive: false)),
        "d8 05 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 05"
      ),
    ]
    for (value, bytes) in golden {
      #expect(hex(try encoded(value)) == bytes, "\(value.asLiteral)")
      #expect(try decoded(try encoded(value)).equals(value), "\(value.asLiteral)")
    }
  }

  @Test func otherFormsAreRead() throws {
    #expect(try decoded([0xCA, 0x3F, 0xC0, 0, 0]).equals(.float(1.5)))
    #expect(try decoded([0xD3, 0, 0, 0, 0, 0, 0, 0, 7]).equals(.int(7)))
    #expect(try decoded([0xDB, 0, 0, 0, 1, 0x61]).equals(.text("a")))
    #expect(try decoded([0xDD, 0, 0, 0, 1, 0x61]).equals(.items([.int(0x61)])))
    #expect(try decoded([0xDF, 0, 0, 0, 1, 0x61, 0x62]).asLiteral == "[97: 98]")
    // Timestamps of 32, 64 and 96 bits.
    #expect(try decoded([0xD6, 0xFF, 0, 0, 0, 1]).equals(.time(1_000_000_000)))
    #expect(try decoded([0xD7, 0xFF, 0, 0, 0, 4, 0, 0, 0, 1]).equals(.time(1_000_000_001)))
    #expect(
      try decoded([0xC7, 12, 0xFF, 0, 0, 0, 1] + [UInt8](repeating: 0xFF, count: 8))
        .equals(.time(-999_999_999)))
  }

  @Test func whatIsNoValueIsRefused() {
    let refused: [([UInt8], String)] = [
      ([], "type: these bytes are not a value: there are none"),
      ([0xC1], "type: these bytes are not a value: a byte is 193, which MessagePack does not use"),
      ([0x01, 0x01], "type: these bytes are not a value: more follow behind it"),
      ([0xA2, 0x61], "type: these bytes are not a value: they end too early"),
      ([0xDB, 0xFF, 0xFF, 0xFF, 0xFF], "type: these bytes are not a value: they end too early"),
      ([0xDD, 0xFF, 0xFF, 0xFF, 0xFF], "type: these bytes are not a value: they end too early"),
      ([0xA2, 0xC3, 0x28], "type: a text that arrived is not UTF-8"),
      ([0xA3, 0xED, 0xA0, 0x80], "type: a text that arrived is not UTF-8"),
      (
        [0xCF] + [UInt8](repeating: 0xFF, count: 8),
        "range: the number 18446744073709551615 that arrived is too large for an int"
      ),
      ([0x81, 0x90, 0x01], "type: these bytes are not a value: a list cannot be a map's key"),
      ([0xD4, 42, 0], "type: these bytes are not a value: extension type 42 is not known here"),
      (
        [0xD4, 16, 0],
        "type: these bytes are not a value: extension type 16 stands in a wrong place"
      ),
      ([0xD4, 8, 0], "type: a handle arrived that means nothing here"),
      ([0xD4, 4, 0], "type: these bytes are not a value: a range has 1 bytes"),
      (
        [0xC7, 12, 0xFF, 0, 0, 0, 0, 0x7F] + [UInt8](repeating: 0xFF, count: 7),
        "range: the time 9223372036854775807 s since 1970 that arrived is too far away"
      ),
      ([UInt8](repeating: 0x91, count: 100_000), "limit: this is nested too deeply to travel"),
      (
        [UInt8](repeating: 0x91, count: 501) + [0xC0],
        "limit: this is nested too deeply to travel"
      ),
    ]
    for (bytes, message) in refused { #expect(decodingFailure(bytes) == message) }
  }

  @Test func nestedContainersComeBack() throws {
    var deep = Value.int(1)
    for i in 0..<maximumDepth { deep = i % 2 == 0 ? .items([deep]) : .record(["x": deep]) }
    #expect(try decoded(try encoded(deep)).equals(deep))
    let mixed = Value.items([
      .null, .record(["k": .items([.float(.infinity), .text("日本")])]), .items([]),
      .map(MapObject()), .items(Array(repeating: .int(70000), count: 70000)),
    ])
    #expect(try decoded(try encoded(mixed)).equals(mixed))
    let keys = MapObject()
    for key in [Value.int(1), .bool(true), .float(2.5), .duration(3), .size(4), .time(5)] {
      keys.set(key, key)
    }
    let back = try decoded(try encoded(.map(keys)))
    #expect(back.equals(.map(keys)))
    #expect(back.asLiteral == Value.map(keys).asLiteral, "in the same order")
    #expect(try encoded(.report(ReportObject(.int(1)))) == [1])
  }

  @Test func edgesOfRangesComeBack() throws {
    for (start, end) in [(Int.min, Int.min), (0, Int.min), (Int.min, Int.max), (5, 1)] {
      for isInclusive in [true, false] {
        let range = RangeObject(start, end, inclusive: isInclusive)
        guard case .range(let back) = try decoded(try encoded(.range(range))) else {
          Issue.record("no range")
          continue
        }
        #expect(back.count == range.count)
        #expect(back.isEmpty == range.isEmpty && back.start == start)
        #expect(back.isInclusive == isInclusive)
      }
    }
  }

  @Test func errorsKeepTheirPlace() throws {
    let text = "fn deep(x) {\n  throw \"é $x\"\n}\nfn outer(x) { deep $x }\nouter 3"
    let outcome = run(text)
    let error = try #require(outcome.error).amended {
      $0.help = "do this"
      $0.payload["status"] = .items([.int(3)])
    }
    guard case .error(let back) = try decoded(try encoded(.error(error))) else {
      Issue.record("no error")
      return
    }
    #expect(back.kind == .thrown && back.message == "é 3" && back.help == "do this")
    #expect(back.location?.description == "test:2:3")
    #expect(back.field("span")?.asText == error.field("span")?.asText)
    #expect(back.location.map { $0.source.line(2) } == "  throw \"é $x\"")
    #expect(back.field("trace")?.asText == error.field("trace")?.asText)
    #expect(back.trace.count == 2)
    #expect(back.field("status")?.asText == "[3]")
  }

  @Test func chainsOfErrorsAreBounded() throws {
    var error = ErrorObject(.thrown, "inner")
    var chain = [error]
    for _ in 0..<100_000 {
      error = ErrorObject(.thrown, "outer", payload: ["value": .error(error)])
      chain.append(error)
    }
    #expect(throws: ErrorObject.self) { try encoded(.error(error)) }
    // Taken apart from the outside, as a chain of releases would be deep.
    error = chain[0]
    while chain.popLast() != nil {}
  }

  @Test func whatCannotTravelIsAnError() {
    #expect(throws: ErrorObject.self) { try encoded(.items([.stream(StreamObject())])) }
    #expect(throws: ErrorObject.self) { try encoded(.handle(Handle())) }
    let encoder = WireEncoder()
    var lost: [String] = []
    encoder.onLoss = { lost.append($0.message) }
    let value = Value.items([.int(1), .handle(Handle()), .stream(StreamObject())])
    #expect(hex((try? encoder.copied(value)) ?? []) == "93 01 c0 c0")
    #expect(
      lost == [
        "a handle cannot be sent to another process", "a stream cannot be sent to another process",
      ])
  }
}
