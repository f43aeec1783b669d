import Language

/// Values as messages: their bytes, and the descriptors that go beside them.
public final class MessageCoder {
  private var kept: [UInt8] = []
  /// Messages of more bytes are handed over in pieces.
  public static let largestWhole = 65536 - 64

  public init() {}

  /// Whether a value's message is surely small, which is quickly told.
  @inline(__always)
  public func isSmall(_ value: Value) -> Bool {
    switch value {
    case .bool, .int, .float, .duration, .size, .time, .null: true
    case .string(let string): string.byteCount < MessageCoder.largestWhole / 2
    default: false
    }
  }

  /// The size of a value's message, at least roughly, without making it.
  public func size(of value: Value) throws -> Int {
    kept = ValueCodec.encode(value).bytes
    return kept.count
  }

  /// The message of a value; valid until the next call.
  public func message(
    _ value: Value
  ) throws -> (bytes: UnsafeRawBufferPointer, descriptors: [Int32]) {
    kept = ValueCodec.encode(value).bytes
    return (kept.withUnsafeBytes { $0 }, [])
  }

  /// Hands a value's message over in pieces.
  public func write(_ value: Value, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try ValueCodec.encode(value).bytes.withUnsafeBytes { try sink($0) }
  }

  /// The value of a message.
  public func value(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32]) throws -> Value {
    ValueCodec.decode(Array(bytes)) ?? .null
  }

  /// The value of a message that comes in pieces.
  ///
  /// - Parameter read: fills a buffer as far as it can; 0 at the end.
  public func value(
    count: Int, _ descriptors: [Int32],
    read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> Value {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    var done = 0
    while done < count {
      let more = try read(UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      if more == 0 { break }
      done += more
    }
    return try value(UnsafeRawBufferPointer(buffer), descriptors)
  }
}
