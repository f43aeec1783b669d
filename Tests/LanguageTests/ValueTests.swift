import Testing

@testable import Language

@Suite("Values")
struct ValueTests {
  @Test func mapsKeepOrderAndForget() {
    let map = MapObject()
    for i in 0..<1000 { map.set(.int(i), .int(i * 2)) }
    for i in stride(from: 0, to: 1000, by: 2) { #expect(map.remove(.int(i))) }
    #expect(map.count == 500)
    #expect(map.keys.map(\.asText).prefix(3) == ["1", "3", "5"])
    #expect(map.get(.int(999))?.asText == "1998")
    #expect(map.get(.int(998)) == nil)
    map.set("x", .null)
    #expect(map.keys.last?.asText == "x")
    #expect(map.get(.float(3)) != nil, "1 and 1.0 are one key, as in Python")
  }

  @Test func mapsAgreeWithADictionary() {
    let map = MapObject()
    var twin: [Int: Int] = [:]
    var state: UInt64 = 88_172_645_463_325_252
    for _ in 0..<20_000 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let key = Int(state % 300)
      if state & 0x100_0000 == 0 {
        #expect(map.remove(.int(key)) == (twin.removeValue(forKey: key) != nil))
      } else {
        map.set(.int(key), .int(Int(state >> 40)))
        twin[key] = Int(state >> 40)
      }
    }
    #expect(map.count == twin.count)
    for (key, value) in twin { #expect(map.get(.int(key))?.asText == String(value)) }
  }

  @Test func stringsCountScalars() {
    let text = StringObject.make("aé日😀")
    #expect(text.scalarCount == 4)
    #expect(text.slice(1, 3).string == "é日")
    #expect(text.equals(StringObject.make("aé日😀")))
    #expect(text.hash == StringObject.make("aé日😀").hash)
    #expect(StringObject.make(decoding: [0x61, 0xFF]).string == "a\u{FFFD}")
  }

  @Test func durationsReadBack() {
    for n in [0, 1, 999, 1000, 1_500_000, 1_000_000_000, 61_000_000_000, 90_061_000_000_001] {
      guard case .value(.duration(let back)) = literal(durationText(n)) else {
        Issue.record("\(durationText(n))")
        continue
      }
      #expect(back == n, "\(durationText(n))")
    }
  }

  @Test func timesAreCivil() {
    #expect(timeText(0) == "1970-01-01T00:00:00Z")
    #expect(timeText(951_782_400_000_000_000) == "2000-02-29T00:00:00Z")
    #expect(timeText(1_700_000_000_123_000_000) == "2023-11-14T22:13:20.123Z")
    #expect(timeText(-1_000_000_000) == "1969-12-31T23:59:59Z")
    _ = timeText(Int.max)
    _ = timeText(Int.min)
  }

  @Test func quotedTextReadsBack() {
    for text in ["", "a\"b$c\\", "\n\t\r\u{1B}\0", "é日\u{7}"] {
      let literal = Value.text(text).asLiteral
      #expect(run("let x = \(literal)\n$x").value.asText == text, "\(literal)")
    }
  }

  @Test func nearestIsNear() {
    #expect(nearest("quue", among: ["queue", "pipe"]) == "queue")
    #expect(nearest("wiat", among: ["wait"]) == "wait")
    #expect(nearest("xyz", among: ["queue", "pipe"]) == nil)
  }

  @Test func emptyRangesAreEmpty() {
    #expect(RangeObject(1, 0, inclusive: true).count == 0)
    #expect(RangeObject(1, 1, inclusive: false).count == 0)
    #expect(RangeObject(Int.min, Int.max, inclusive: true).count == Int.max)
    #expect(RangeObject(0, Int.min, inclusive: false).isEmpty)
    #expect(
      run("for i in 9223372036854775806..9223372036854775807 { print $i }").output.split(
        separator: "\n"
      ).count == 2)
  }

  @Test func tablesAlign() {
    let table = recordTable([
      .record(["name": .text("日本"), "n": .int(5)]), .record(["name": .text("b"), "n": .int(123)]),
    ])
    #expect(table == "name    n\n日本    5\nb     123")
  }
}
