import Channels
import Language
import Posix

/// Turns values into messages and back: their bytes, and the descriptors that go beside them.
///
/// A codec works on one message at a time. The session has one (`Session.codec`), which is set aside
/// while other code of the user runs; a pool and its workers have their own, since results arrive at
/// any moment. What it needs is made when it is first used: a fork has less to copy then.
public final class ValueCodec {
  /// Whose closures go and come; nil: they are an error.
  private let interpreter: () -> Interpreter?
  private let acceptsClosures: Bool
  private let makeHandles: () -> (any HandleCoder)?
  private lazy var handles = makeHandles()
  /// The same, if it knows of handles with descriptors.
  private(set) lazy var travel = handles as? any DescriptorCoder
  private var usedEncoder: WireEncoder?
  private var usedDecoder: WireDecoder?
  /// Whether something was encoded that may be recalled.
  private var hasOutgoing = false

  /// Messages of more bytes are handed over in pieces.
  ///
  /// It is for the sender's sake alone: a channel takes either form of any size.
  private static let largestWhole = 65536 - 64

  /// For data alone: closures, handles and streams are an error in either direction.
  nonisolated(unsafe) public static let data = ValueCodec(nil, handles: nil)

  /// - Parameters:
  ///   - interpreter: finds the functions that a closure names, and compiles those that arrive.
  ///   - acceptsClosures: false for messages of a sender whose code must not run here.
  ///   - handles: knows how handles travel; nil: they are an error.
  public init(
    _ interpreter: @escaping @autoclosure () -> Interpreter?, acceptsClosures: Bool = true,
    handles: @escaping @autoclosure () -> (any HandleCoder)?
  ) {
    self.interpreter = interpreter
    self.acceptsClosures = acceptsClosures
    makeHandles = handles
  }

  @inline(__always)
  var encoder: WireEncoder { usedEncoder ?? makeEncoder() }

  @inline(__always)
  var decoder: WireDecoder { usedDecoder ?? makeDecoder() }

  @inline(never)
  private func makeEncoder() -> WireEncoder {
    let encoder = WireEncoder(interpreter(), handles: handles)
    usedEncoder = encoder
    return encoder
  }

  @inline(never)
  private func makeDecoder() -> WireDecoder {
    let decoder = WireDecoder(acceptsClosures ? interpreter() : nil, handles: handles)
    usedDecoder = decoder
    return decoder
  }

  /// Runs something else while a message may be in work: what that encodes and decodes goes through
  /// other buffers.
  func setAside<R>(_ body: () throws -> R) rethrows -> R {
    let (encoder, decoder, isOutgoing) = (usedEncoder, usedDecoder, hasOutgoing)
    let travelling = travel.map { ($0.outgoing, $0.incoming, $0.arrived) }
    (usedEncoder, usedDecoder, hasOutgoing) = (nil, nil, false)
    travel?.arrived = nil
    defer {
      (usedEncoder, usedDecoder, hasOutgoing) = (encoder, decoder, isOutgoing)
      if let travel, let travelling {
        (travel.outgoing, travel.incoming, travel.arrived) = travelling
      }
    }
    return try body()
  }
}

// MARK: Values to messages

extension ValueCodec {
  /// The message of a value; its bytes are valid until the codec is used again.
  ///
  /// - Parameter mayRecall: it is not sure that it will be sent: `recall` or `letGo` follows.
  @inline(__always)
  public func message(
    _ value: Value, mayRecall: Bool = false
  ) throws -> (bytes: UnsafeRawBufferPointer, descriptors: [Int32]) {
    switch value {
    case .bool, .int, .float, .duration, .size, .time, .null, .missing, .string, .range:
      return (try encoder.encode(value), [])
    default: return try compound(value, mayRecall)
    }
  }

  private func compound(
    _ value: Value, _ mayRecall: Bool
  ) throws -> (bytes: UnsafeRawBufferPointer, descriptors: [Int32]) {
    guard let travel else { return (try encoder.encode(value), []) }
    travel.outgoing = Outgoing()
    do {
      let bytes = try encoder.encode(value)
      let descriptors = travel.outgoing.descriptors
      hasOutgoing = mayRecall
      if !mayRecall { travel.outgoing = Outgoing() }
      return (bytes, descriptors)
    } catch {
      travel.recall()
      throw error
    }
  }

  /// What was encoded last is not sent: its handles have not set out.
  func recall() {
    if hasOutgoing { travel?.recall() }
    hasOutgoing = false
  }

  /// What was encoded last was sent.
  func letGo() {
    if hasOutgoing { travel?.outgoing = Outgoing() }
    hasOutgoing = false
  }

  /// The bytes of a value's message, to keep.
  public func copied(_ value: Value) throws -> [UInt8] { Array(try message(value).bytes) }

  /// Hands a value's message over in pieces; yields the descriptors that belong to it.
  ///
  /// The sink must not use the codec. Call it inside of `sending`, which recalls handles.
  @discardableResult
  public func write(
    _ value: Value, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> [Int32] {
    travel?.outgoing = Outgoing()
    try encoder.encode(value, to: sink)
    return travel?.outgoing.descriptors ?? []
  }

  /// Sends a value, as `whole` or `inPieces` do, of which exactly one is called; if that throws, the
  /// handles in it have not set out.
  ///
  /// - Parameter inPieces: gets the size of the message in bytes, and calls `write`.
  @inline(__always)
  public func sending(
    _ value: Value, whole: (UnsafeRawBufferPointer, [Int32]) throws -> Void,
    inPieces: (Int) throws -> Void
  ) throws {
    if isSmall(value) {
      let (bytes, descriptors) = try message(value)
      return try whole(bytes, descriptors)
    }
    travel?.outgoing = Outgoing()
    do {
      let size = try encoder.encodedSize(of: value)
      if size > ValueCodec.largestWhole {
        try inPieces(size)
      } else {
        let (bytes, descriptors) = try message(value, mayRecall: true)
        try whole(bytes, descriptors)
        hasOutgoing = false
      }
      travel?.outgoing = Outgoing()
    } catch {
      travel?.recall()
      hasOutgoing = false
      throw error
    }
  }

  /// Whether a value's message is surely small and has no handles, which is quickly told.
  @inline(__always)
  public func isSmall(_ value: Value) -> Bool {
    switch value {
    case .bool, .int, .float, .duration, .size, .time, .null, .missing, .range: true
    case .string(let string): string.byteCount < ValueCodec.largestWhole
    default: isSmallContainer(value)
    }
  }

  private func isSmallContainer(_ value: Value) -> Bool {
    var room = ValueCodec.largestWhole / 2
    return fits(value, &room)
  }

  private func fits(_ value: Value, _ room: inout Int) -> Bool {
    switch value {
    case .string(let string): room -= string.byteCount + 8
    case .bytes(let object): room -= object.bytes.count + 8
    case .list(let list):
      if list.items.count > 4096 { return false }
      room -= 8
      for item in list.items where !fits(item, &room) { return false }
    case .map(let map):
      if map.count > 4096 { return false }
      room -= 8
      for (key, item) in map.pairs where !fits(key, &room) || !fits(item, &room) { return false }
    case .closure, .error, .stream, .cell, .handle: return false
    default: room -= 16
    }
    return room >= 0
  }
}

// MARK: Messages to values

extension ValueCodec {
  /// The value of a message; takes the descriptors over.
  @inline(__always)
  public func value(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32] = []
  ) throws -> Value {
    if descriptors.isEmpty { return try decoder.decode(bytes) }
    return try receiving(descriptors[...]) { try decoder.decode(bytes) }
  }

  /// The value of a message that comes in pieces; takes the descriptors over.
  ///
  /// - Parameter read: fills a buffer as far as it can; 0 at the end.
  public func value(
    count: Int, _ descriptors: ArraySlice<Int32>,
    read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> Value {
    try receiving(descriptors) { try decoder.decode(length: count, from: read) }
  }

  /// The value that lies in a memfd; takes the descriptors over, the memfd's not.
  func value(memory: Int32, _ descriptors: ArraySlice<Int32>) throws -> Value {
    var place = 0
    return try receiving(descriptors) {
      try decoder.decode(length: try MemoryFile.size(of: memory)) { buffer in
        let count = try MemoryFile.read(memory, into: buffer, at: place)
        place += count
        return count
      }
    }
  }

  /// What `body` yields, and the channels whose handles arrived in it; if it throws, none has.
  public func noting<R>(_ body: () throws -> R) rethrows -> (R, [ChannelHandle]) {
    travel?.arrived = []
    defer { travel?.arrived = nil }
    do {
      let result = try body()
      return (result, travel?.arrived ?? [])
    } catch {
      for channel in travel?.arrived ?? [] { channel.channel.count(departure: true) }
      throw error
    }
  }

  private func receiving(_ given: ArraySlice<Int32>, _ body: () throws -> Value) throws -> Value {
    travel?.incoming = given
    defer {
      for fd in travel?.incoming ?? given { Descriptors.close(fd) }
      travel?.incoming = []
    }
    return try body()
  }
}

// MARK: Handles

/// What goes beside a message.
public struct Outgoing {
  /// The descriptors of the handles that were encoded, in order; they stay the sender's.
  public var descriptors: [Int32] = []
  /// The channels whose handles these are.
  public var channels: [ChannelHandle] = []
  /// How many descriptors may go: one place in a message is for memory with its bytes.
  public var limit = Messages.mostDescriptors - 1

  public init() {}

  /// Where only handles travel that the receiver has already.
  static var withoutDescriptors: Outgoing {
    var result = Outgoing()
    result.limit = .max
    return result
  }
}

extension Session {
  /// A codec for messages that come and go also while the session's own is in use.
  func ownCodec(_ interpreter: Interpreter) -> ValueCodec {
    ValueCodec(interpreter, handles: self.hooks.makeHandleCoder())
  }
}

/// Knows how handles travel whose descriptors go beside the message.
public protocol DescriptorCoder: HandleCoder {
  var outgoing: Outgoing { get set }
  /// Those that came with the message that is being decoded, in order; they are the receiver's, and
  /// what is left of them is closed.
  var incoming: ArraySlice<Int32> { get set }
  /// Where the channels are noted whose handles arrive; nil: nowhere.
  var arrived: [ChannelHandle]? { get set }
}

extension DescriptorCoder {
  /// The message is not sent after all: its handles have not set out.
  fileprivate func recall() {
    for channel in outgoing.channels { channel.channel.count(departure: false) }
    outgoing = Outgoing()
  }
}
