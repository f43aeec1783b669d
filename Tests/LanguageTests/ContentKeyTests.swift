import Testing

@testable import Language

/// Keys by content.
@Suite("Content keys")
struct ContentKeyTests {
  private func digest(_ text: String, pieces: Int) -> String {
    var hash = SHA256()
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + pieces)
      Array(bytes[start..<end]).withUnsafeBytes { hash.add($0) }
      start = end
    }
    return hash.finish().map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// The examples of FIPS 180, and lengths around a block's, checked with sha256sum(1).
  @Test(arguments: [1, 3, 63, 64, 65, 1000])
  func knownDigests(_ pieces: Int) {
    #expect(
      digest("", pieces: pieces)
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      digest("abc", pieces: pieces)
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", pieces: pieces)
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    let a = String(repeating: "a", count: 1_000)
    #expect(
      digest(a, pieces: pieces)
        == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
  }

  @Test func aKeyIsReadAgain() throws {
    let key = try ContentKeys(nil).key(of: .items([.int(1), .text("two")]))
    #expect(key.text.count == 32)
    #expect(ContentKey(key.text) == key)
    #expect(ContentKey("12") == nil)
    #expect(ContentKey(String(repeating: "g", count: 32)) == nil)
  }

  @Test func keysTellContentApart() throws {
    let keys = ContentKeys(nil)
    let values: [Value] = [
      .null, .int(1), .float(1), .text("1"), .duration(1), .items([.int(1)]), .items([]),
      .items([.text("ab"), .text("c")]), .items([.text("a"), .text("bc")]),
      .record(["a": .int(1)]),
    ]
    let made = try values.map { try keys.key(of: $0) }
    #expect(Set(made).count == values.count)
    #expect(try values.map { try ContentKeys(nil).key(of: $0) } == made)
  }

  /// The key of what a text yields.
  private func key(_ text: String, name: String = "a.brood") throws -> ContentKey {
    let interpreter = Interpreter(table: testTable, host: TestHost())
    let function = try #require(interpreter.compile(Source(name: name, text: text)).function)
    return try ContentKeys(interpreter).key(of: try interpreter.run(function))
  }

  /// A block is its text and what it uses, not where it stands.
  @Test func blocksAreKnownByTheirContent() throws {
    let block = try key("let n = 5\n{ |x| $x + $n }")
    #expect(try key("# moved\n\nlet n = 5\nlet m = 1\n  { |x| $x + $n }", name: "b") == block)
    #expect(try key("let n = 6\n{ |x| $x + $n }") != block)
    #expect(try key("let n = 5\n{ |x| $x - $n }") != block)

    let caller = try key("fn f(x) { $x * 2 }\n{ |x| (f $x) + 1 }")
    #expect(try key("let k = 1\nfn f(x) { $x * 2 }\n{ |x| (f $x) + 1 }") == caller)
    #expect(try key("fn f(x) { $x * 3 }\n{ |x| (f $x) + 1 }") != caller)
  }
}
