import Channels
import Language
import Posix

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
  func recall() {
    for channel in outgoing.channels { channel.channel.count(departure: false) }
    outgoing = Outgoing()
  }
}

/// Values as messages: their bytes, and the descriptors that go beside them.
public final class MessageCoder {
  private let transport: Transport
  private var interpreter: (() -> Interpreter?)

  /// Messages of more bytes are handed over in pieces.
  ///
  /// It is for the sender's sake alone: a channel takes either form of any size.
  private static let largestWhole = 65536 - 64

  init(_ transport: Transport, interpreter: @escaping () -> Interpreter?) {
    self.transport = transport
    self.interpreter = interpreter
  }

  /// Sends a value, as `whole` or `inPieces` do, of which exactly one is called; if that throws, the
  /// handles in it have not set out.
  @inline(__always)
  public func sending(
    _ value: Value, whole: (UnsafeRawBufferPointer, [Int32]) throws -> Void,
    inPieces: (Int) throws -> Void
  ) throws {
    if isSmall(value) {
      let (bytes, descriptors) = try message(value)
      return try whole(bytes, descriptors)
    }
    transport.coder?.outgoing = Outgoing()
    do {
      let size = try size(of: value)
      if size > MessageCoder.largestWhole {
        try inPieces(size)
      } else {
        let (bytes, descriptors) = try message(value)
        try whole(bytes, descriptors)
      }
      transport.coder?.outgoing = Outgoing()
    } catch {
      transport.coder?.recall()
      throw error
    }
  }

  /// Whether a value's message is surely small and has no handles, which is quickly told.
  @inline(__always)
  public func isSmall(_ value: Value) -> Bool {
    switch value {
    case .bool, .int, .float, .duration, .size, .time, .null, .missing, .range: true
    case .string(let string): string.byteCount < MessageCoder.largestWhole
    default: isSmallContainer(value)
    }
  }

  private func isSmallContainer(_ value: Value) -> Bool {
    var room = MessageCoder.largestWhole / 2
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

  /// The size of a value's message, without making it.
  public func size(of value: Value) throws -> Int {
    guard let encoder else { return 0 }
    return try encoder.encodedSize(of: value)
  }

  @inline(__always)
  private var encoder: WireEncoder? {
    if let used = transport.usedEncoder { return used }
    return interpreter().map { transport.encoder($0) }
  }

  /// The message of a value; valid until the next call.
  @inline(__always)
  public func message(
    _ value: Value
  ) throws -> (bytes: UnsafeRawBufferPointer, descriptors: [Int32]) {
    guard let encoder else { return (UnsafeRawBufferPointer(start: nil, count: 0), []) }
    switch value {
    case .bool, .int, .float, .duration, .size, .time, .string, .null, .missing:
      return (try encoder.encode(value), [])
    default:
      transport.coder?.outgoing = Outgoing()
      let bytes = try encoder.encode(value)
      return (bytes, transport.coder?.outgoing.descriptors ?? [])
    }
  }

  /// Hands a value's message over in pieces; yields the descriptors that belong to it.
  @discardableResult
  public func write(
    _ value: Value, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> [Int32] {
    guard let encoder else { return [] }
    transport.coder?.outgoing = Outgoing()
    try encoder.encode(value, to: sink)
    return transport.coder?.outgoing.descriptors ?? []
  }

  /// The value of a message.
  @inline(__always)
  public func value(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32]) throws -> Value {
    if descriptors.isEmpty, let decoder = transport.usedDecoder { return try decoder.decode(bytes) }
    guard let interpreter = interpreter() else { return .null }
    if descriptors.isEmpty { return try transport.decoder(interpreter).decode(bytes) }
    return try receiving(descriptors) { try transport.decoder(interpreter).decode(bytes) }
  }

  /// The value of a message that comes in pieces.
  ///
  /// - Parameter read: fills a buffer as far as it can; 0 at the end.
  public func value(
    count: Int, _ descriptors: [Int32],
    read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> Value {
    guard let interpreter = interpreter() else { return .null }
    return try receiving(descriptors) {
      try transport.decoder(interpreter).decode(length: count, from: read)
    }
  }

  /// What `body` yields, and the channels whose handles arrived in it; if it throws, none has.
  public func noting<R>(_ body: () throws -> R) rethrows -> (R, [ChannelHandle]) {
    transport.coder?.arrived = []
    defer { transport.coder?.arrived = nil }
    do {
      let result = try body()
      return (result, transport.coder?.arrived ?? [])
    } catch {
      for channel in transport.coder?.arrived ?? [] { channel.channel.count(departure: true) }
      throw error
    }
  }

  private func receiving(_ descriptors: [Int32], _ body: () throws -> Value) throws -> Value {
    transport.coder?.incoming = descriptors[...]
    defer {
      for fd in transport.coder?.incoming ?? descriptors[...] { transport.close(fd) }
      transport.coder?.incoming = []
    }
    return try body()
  }
}
