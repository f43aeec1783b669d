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

  @Test func textsAreEqualByScalars() {
    let composed = StringObject.make("\u{E9}")
    let decomposed = StringObject.make("e\u{301}")
    #expect(composed.string == decomposed.string, "as Swift sees it")
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed, StringObject.make("\u{E9}")]).count == 2)
  }

  /// More texts than indexes are kept, growing meanwhile.
  @Test func longTextsAreIndexedRight() {
    let pieces = ["a", "é", "日", "😀"]
    var state: UInt64 = 88_172_645_463_325_252
    func random(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    var texts = (0..<20).map { _ in StringObject.make("é") }
    var twins = (0..<20).map { _ in Array("é".unicodeScalars) }
    for round in 0..<4000 {
      let at = random(20)
      let more = String(repeating: pieces[random(4)], count: random(30))
      texts[at] = StringObject.make(more).withBytes {
        texts[at].appending($0, unique: round % 3 > 0)
      }
      twins[at] += more.unicodeScalars
      #expect(texts[at].scalarCount == twins[at].count)
      let start = random(twins[at].count)
      let end = min(twins[at].count, start + random(200))
      var wanted = String.UnicodeScalarView()
      wanted.append(contentsOf: twins[at][start..<end])
      #expect(texts[at].slice(start, end).string == String(wanted))
    }
  }

  @Test func needlesOfAllLengthsAreFound() {
    let text = Array((String(repeating: "ab", count: 60) + "c").utf8)
    text.withUnsafeBufferPointer { text in
      for start in 0..<text.count {
        for end in start + 1...text.count {
          let needle = UnsafeBufferPointer(rebasing: text[start..<end])
          let first = end == text.count ? start : start % 2
          #expect(text.find(needle, from: 0) == first)
          #expect(text.find(needle, from: start) == start)
          #expect(text.find(needle, from: end == text.count ? start + 1 : text.count) == nil)
        }
      }
    }
  }

  @Test func sizesReadBack() {
    let sizes = [
      0, 1, 999, 1000, 1023, 1024, 1500, 65537, 1_048_575, 8_000_000_000, 1 << 40, Int.max, Int.min,
    ]
    for n in sizes + sizes.map({ 0 &- $0 }) {
      guard case .value(.size(let back)) = literal(sizeText(n)) else {
        Issue.record("\(sizeText(n))")
        continue
      }
      #expect(back == n, "\(sizeText(n))")
    }
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
