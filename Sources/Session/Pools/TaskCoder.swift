import Language
import Posix

/// Turns tasks and results into bytes and back.
///
/// It has an encoder and a decoder of its own: results arrive at any moment, also while the
/// session's are in use.
final class TaskCoder {
  private let encoder: WireEncoder
  private let decoder: WireDecoder
  private let descriptors: (any DescriptorCoder)?
  /// Whether something was encoded that may be recalled.
  private var hasOutgoing = false

  init(_ session: Session, _ interpreter: Interpreter) {
    let handles = session.transport.makeHandles()
    descriptors = handles as? any DescriptorCoder
    encoder = WireEncoder(interpreter, handles: handles)
    decoder = WireDecoder(interpreter, handles: handles)
  }

  /// The bytes of a value, valid until the next call, and the descriptors that go beside them.
  ///
  /// - Parameter mayRecall: it is not sure that it will be sent: `recall` or `letGo` follows.
  @inline(__always)
  func encode(
    _ value: Value, mayRecall: Bool = false
  ) throws -> (bytes: UnsafeRawBufferPointer, descriptors: [Int32]) {
    switch value {
    case .bool, .int, .float, .duration, .size, .time, .null, .missing, .string, .range:
      return (try encoder.encode(value), [])
    default:
      descriptors?.outgoing = Outgoing()
      do {
        let bytes = try encoder.encode(value)
        hasOutgoing = mayRecall
        defer { if !mayRecall { descriptors?.outgoing = Outgoing() } }
        return (bytes, descriptors?.outgoing.descriptors ?? [])
      } catch {
        descriptors?.recall()
        throw error
      }
    }
  }

  /// What was encoded last is not sent: its handles have not set out.
  func recall() {
    if hasOutgoing { descriptors?.recall() }
    hasOutgoing = false
  }

  /// What was encoded last was sent.
  func letGo() {
    if hasOutgoing { descriptors?.outgoing = Outgoing() }
    hasOutgoing = false
  }

  /// The value of some bytes; takes the descriptors over.
  @inline(__always)
  func decode(_ bytes: UnsafeRawBufferPointer, _ descriptors: ArraySlice<Int32>) throws -> Value {
    if descriptors.isEmpty { return try decoder.decode(bytes) }
    return try receiving(descriptors) { try decoder.decode(bytes) }
  }

  /// The value that lies in a memfd; takes the descriptors over, the memfd's not.
  func decode(memory: Int32, _ descriptors: ArraySlice<Int32>) throws -> Value {
    try receiving(descriptors) {
      var place = 0
      return try decoder.decode(length: try MemoryFile.size(of: memory)) { buffer in
        let count = try MemoryFile.read(memory, into: buffer, at: place)
        place += count
        return count
      }
    }
  }

  private func receiving(_ given: ArraySlice<Int32>, _ body: () throws -> Value) throws -> Value {
    descriptors?.incoming = given
    defer {
      for fd in descriptors?.incoming ?? given { Descriptors.close(fd) }
      descriptors?.incoming = []
    }
    return try body()
  }
}

/// A value's message, kept: for functions, which go to every worker.
struct KeptMessage {
  let bytes: [UInt8]
  /// They belong to the handles in the value, which must be kept as long.
  let descriptors: [Int32]
}
