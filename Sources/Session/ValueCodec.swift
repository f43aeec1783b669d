import Language

/// Values as bytes, for the way from a forked child to its parent.
///
/// One byte tells the type, numbers are variable-length, texts and containers begin with their
/// length. Decoding is safe on any bytes.
enum ValueCodec {
  enum Tag: UInt8 {
    case null, no, yes, int, float, duration, size, time, string, bytes, list, map
    case range, openRange, error
  }

  /// The bytes of a value, and the type of something in it that cannot leave its process.
  static func encode(_ value: Value) -> (bytes: [UInt8], lost: String?) {
    var writer = Writer()
    writer.write(value)
    return (writer.bytes, writer.lost)
  }

  /// The value, nil if the bytes are not those of one.
  static func decode(_ bytes: [UInt8]) -> Value? {
    bytes.withUnsafeBytes { bytes in
      var reader = Reader(rest: bytes[...])
      guard let value = reader.value(depth: 0), reader.rest.isEmpty else { return nil }
      return value
    }
  }

  private struct Writer {
    var bytes: [UInt8] = []
    var lost: String?

    mutating func write(_ value: Value) {
      switch value {
      case .null, .missing: tag(.null)
      case .bool(let bool): tag(bool ? .yes : .no)
      case .int(let int): number(.int, int)
      case .float(let float):
        tag(.float)
        withUnsafeBytes(of: float.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      case .duration(let n): number(.duration, n)
      case .size(let n): number(.size, n)
      case .time(let n): number(.time, n)
      case .string(let string): string.withBytes { text(.string, UnsafeRawBufferPointer($0)) }
      case .bytes(let object): object.bytes.withUnsafeBytes { text(.bytes, $0) }
      case .list(let list):
        tag(.list)
        count(UInt(list.items.count))
        for item in list.items { write(item) }
      case .map(let map):
        let pairs = map.pairs
        tag(.map)
        count(UInt(pairs.count))
        for (key, value) in pairs {
          write(key)
          write(value)
        }
      case .range(let range):
        number(range.isInclusive ? .range : .openRange, range.start)
        integer(range.isInclusive ? range.last : range.last &+ 1)
      case .error(let error):
        tag(.error)
        write(.text(error.kind.rawValue))
        write(.text(error.message))
        write(error.help.map { .text($0) } ?? .null)
      case .report(let report): write(report.value)
      case .cell(let cell): write(cell.value)
      case .closure, .handle, .stream:
        lost = lost ?? value.typeName
        tag(.null)
      }
    }

    private mutating func tag(_ tag: Tag) { bytes.append(tag.rawValue) }

    private mutating func number(_ tag: Tag, _ value: Int) {
      self.tag(tag)
      integer(value)
    }

    // Small numbers of either sign in few bytes.
    private mutating func integer(_ value: Int) {
      count(UInt(bitPattern: value << 1 ^ value >> (Int.bitWidth - 1)))
    }

    private mutating func count(_ value: UInt) {
      var rest = value
      while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }

    private mutating func text(_ tag: Tag, _ content: UnsafeRawBufferPointer) {
      self.tag(tag)
      count(UInt(content.count))
      bytes.append(contentsOf: content)
    }
  }

  private struct Reader {
    var rest: Slice<UnsafeRawBufferPointer>

    mutating func value(depth: Int) -> Value? {
      guard depth <= maximumDepth, let byte = rest.popFirst(), let tag = Tag(rawValue: byte) else {
        return nil
      }
      switch tag {
      case .null: return .null
      case .no: return .bool(false)
      case .yes: return .bool(true)
      case .int: return integer().map { .int($0) }
      case .duration: return integer().map { .duration($0) }
      case .size: return integer().map { .size($0) }
      case .time: return integer().map { .time($0) }
      case .float: return float()
      case .string: return content().map { .string(StringObject.make(decoding: $0)) }
      case .bytes: return content().map { .bytes(BytesObject(Array($0))) }
      case .list: return list(depth)
      case .map: return map(depth)
      case .range, .openRange:
        guard let start = integer(), let end = integer() else { return nil }
        return .range(RangeObject(start, end, inclusive: tag == .range))
      case .error: return error(depth)
      }
    }

    private mutating func count() -> UInt? {
      var result: UInt = 0
      var shift: UInt = 0
      while let byte = rest.popFirst() {
        guard shift < 64 else { return nil }
        result |= UInt(byte & 0x7F) << shift
        if byte < 0x80 { return result }
        shift += 7
      }
      return nil
    }

    private mutating func integer() -> Int? {
      count().map { Int(bitPattern: $0 >> 1) ^ -Int(bitPattern: $0 & 1) }
    }

    private mutating func float() -> Value? {
      guard rest.count >= 8 else { return nil }
      var bits: UInt64 = 0
      for i in 0..<8 { bits |= UInt64(rest[rest.startIndex + i]) << UInt64(8 * i) }
      rest = rest.dropFirst(8)
      return .float(Double(bitPattern: bits))
    }

    private mutating func content() -> Slice<UnsafeRawBufferPointer>? {
      guard let count = count(), count <= UInt(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return rest.prefix(Int(count))
    }

    private mutating func list(_ depth: Int) -> Value? {
      // Each item takes a byte at least, so that a wrong count cannot ask for much memory.
      guard let count = count(), count <= UInt(rest.count) else { return nil }
      var items: [Value] = []
      items.reserveCapacity(Int(count))
      for _ in 0..<count {
        guard let item = value(depth: depth + 1) else { return nil }
        items.append(item)
      }
      return .items(items)
    }

    private mutating func map(_ depth: Int) -> Value? {
      guard let count = count(), count <= UInt(rest.count) else { return nil }
      let map = MapObject()
      for _ in 0..<count {
        guard let key = value(depth: depth + 1), key.isKey, let item = value(depth: depth + 1)
        else { return nil }
        map.set(key, item)
      }
      return .map(map)
    }

    private mutating func error(_ depth: Int) -> Value? {
      guard let kind = value(depth: depth + 1), let message = value(depth: depth + 1),
        let help = value(depth: depth + 1), let known = ErrorKind(rawValue: kind.asText)
      else { return nil }
      return .error(
        ErrorObject(known, message.asText, help: help.isNull ? nil : help.asText))
    }
  }
}
