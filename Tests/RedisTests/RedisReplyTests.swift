import Testing

@testable import Redis

/// Replies come in any pieces, commands go as hiredis writes them.
@Suite struct RedisReplies {
  private static let wire =
    "+OK\r\n:-42\r\n$5\r\na\r\nb\0\r\n$-1\r\n*3\r\n:1\r\n*2\r\n$0\r\n\r\n*-1\r\n-ERR no\r\n"
    + "*0\r\n-OOM full\r\n$3\r\n\u{e9}x\r\n"

  private static let replies: [RedisReply] = [
    .status("OK"), .integer(-42), .bytes(Array("a\r\nb\0".utf8)), .null,
    .list([.integer(1), .list([.bytes([]), .null]), .error("ERR no")]), .list([]),
    .error("OOM full"), .bytes(Array("\u{e9}x".utf8)),
  ]

  private static func read(_ pieces: [ArraySlice<UInt8>]) throws -> [RedisReply] {
    let reader = RedisReader()
    var found: [RedisReply] = []
    for piece in pieces {
      try Array(piece).withUnsafeBytes { try reader.feed($0) }
      while let reply = try reader.next() { found.append(reply) }
    }
    return found
  }

  @Test func cutAtEachByte() throws {
    let bytes = Array(Self.wire.utf8)
    for cut in 0...bytes.count {
      #expect(try Self.read([bytes[..<cut], bytes[cut...]]) == Self.replies, "cut at \(cut)")
    }
    #expect(try Self.read(bytes.indices.map { bytes[$0...$0] }) == Self.replies)
  }

  @Test(arguments: ["hello\r\n", "?\r\n", "$x\r\n", ":1x\r\n", "*9999999999999999999\r\n"])
  func garbageIsToldApart(_ text: String) {
    #expect(throws: RedisTrouble.garbage) { _ = try Self.read([Array(text.utf8)[...]]) }
  }

  @Test func commands() {
    let words: [[UInt8]] = [Array("SET".utf8), [0, 13, 10, 255], []]
    #expect(
      RedisCommand.bytes(words)
        == Array("*3\r\n$3\r\nSET\r\n$4\r\n".utf8) + [0, 13, 10, 255]
        + Array("\r\n$0\r\n\r\n".utf8))
  }

  /// What is written is read back as the list that it is, wherever it is cut.
  @Test func commandsCutAtEachByte() throws {
    let words: [[UInt8]] = [Array("EVALSHA".utf8), Array(0...255), [], [10]]
    let bytes = RedisCommand.bytes(words)
    for cut in 0...bytes.count {
      #expect(
        try Self.read([bytes[..<cut], bytes[cut...]]) == [.list(words.map { .bytes($0) })])
    }
  }

  @Test func hash() {
    #expect(SHA1.hex([]) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    #expect(SHA1.hex(Array("abc".utf8)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    let long = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(SHA1.hex(long) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
  }
}
