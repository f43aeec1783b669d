import CHiredis

/// An answer of a server, as its protocol RESP2 has it.
public indirect enum RedisReply: Equatable, Sendable {
  case integer(Int)
  case bytes([UInt8])
  /// A short text such as `OK`.
  case status(String)
  /// An error that the server reports, its kind first: `OOM command not allowed …`.
  case error(String)
  case list([RedisReply])
  case null
}

extension RedisReply {
  /// A text, or a number as text; nil for anything else.
  public var text: String? {
    switch self {
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .status(let text): text
    case .integer(let number): String(number)
    default: nil
    }
  }

  /// A number, or a text that is one; nil for anything else.
  public var number: Int? {
    switch self {
    case .integer(let number): number
    case .bytes, .status: text.flatMap { Int($0) }
    default: nil
    }
  }

  public var items: [RedisReply] {
    if case .list(let items) = self { return items }
    return []
  }

  /// An item of a list; null beyond its end.
  public subscript(_ index: Int) -> RedisReply {
    if case .list(let items) = self, items.indices.contains(index) { return items[index] }
    return .null
  }

  /// A flat list of names and values, as HGETALL yields it.
  public var pairs: [(name: String, value: RedisReply)] {
    let items = items
    return stride(from: 0, to: items.count - 1, by: 2).map { (items[$0].text ?? "", items[$0 + 1]) }
  }
}

/// Reads replies out of bytes that come in any pieces.
public final class RedisReader {
  private let reader: UnsafeMutablePointer<redisReader>?

  public init() { reader = redisReaderCreate() }

  deinit { if let reader { redisReaderFree(reader) } }

  /// Takes in what has come.
  public func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisTrouble) {
    guard let reader, brood_redis_feed(reader, bytes.baseAddress, bytes.count) != 0 else {
      throw .garbage
    }
  }

  /// The next complete reply; nil if more bytes must come.
  public func next() throws(RedisTrouble) -> RedisReply? {
    guard let reader else { throw .garbage }
    var found: UnsafeMutablePointer<redisReply>?
    let code = brood_redis_next(reader, &found)
    if code < 0 { throw .garbage }
    guard let found else { return nil }
    defer { freeReplyObject(found) }
    return RedisReader.reply(found.pointee)
  }

  // The library allows some levels of nesting only.
  private static func reply(_ raw: redisReply) -> RedisReply {
    switch raw.type {
    case REDIS_REPLY_INTEGER: return .integer(Int(raw.integer))
    case REDIS_REPLY_STRING: return .bytes(bytes(raw))
    case REDIS_REPLY_STATUS: return .status(String(decoding: bytes(raw), as: UTF8.self))
    case REDIS_REPLY_ERROR: return .error(String(decoding: bytes(raw), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      guard let elements = raw.element else { return .list([]) }
      let all = UnsafeBufferPointer(start: elements, count: Int(raw.elements))
      return .list(all.map { $0.map { reply($0.pointee) } ?? .null })
    default: return .null
    }
  }

  private static func bytes(_ raw: redisReply) -> [UInt8] {
    guard let start = raw.str else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(raw.len)))
  }
}

/// A command as bytes.
public enum RedisCommand {
  /// Appends a command of some words to what is to be sent.
  public static func append(_ words: [[UInt8]], to bytes: inout [UInt8]) {
    var lengths: [Int] = []
    var starts: [Int] = []
    lengths.reserveCapacity(words.count)
    starts.reserveCapacity(words.count)
    var all: [UInt8] = []
    all.reserveCapacity(words.reduce(1) { $0 + $1.count })
    for word in words {
      starts.append(all.count)
      lengths.append(word.count)
      all += word
    }
    all.append(0)
    all.withUnsafeBytes { buffer in
      guard let base = buffer.bindMemory(to: CChar.self).baseAddress else { return }
      let places: [UnsafePointer<CChar>?] = starts.map { base + $0 }
      var made: UnsafeMutablePointer<CChar>?
      let size = brood_redis_command(&made, Int32(clamping: words.count), places, lengths)
      guard size > 0, let made else { return }
      bytes += UnsafeRawBufferPointer(start: made, count: Int(size))
      redisFreeCommand(made)
    }
  }

  /// A command of some words.
  public static func bytes(_ words: [[UInt8]]) -> [UInt8] {
    var result: [UInt8] = []
    append(words, to: &result)
    return result
  }
}
