import Language

/// Values as messages.
public final class Wire {
  public init() {}

  /// The bytes of a value, and the descriptors that go beside them; valid until the next call.
  public func encode<R>(
    _ value: Value, _ body: (UnsafeRawBufferPointer, [Int32]) throws -> R
  ) throws -> R {
    let encoded = ValueCodec.encode(value)
    return try encoded.bytes.withUnsafeBytes { try body($0, []) }
  }

  /// The value of a message.
  public func decode(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32]) throws -> Value {
    ValueCodec.decode(Array(bytes)) ?? .null
  }
}
