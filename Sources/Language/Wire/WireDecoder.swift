/// Turns bytes into values, as `Wire` describes them; safe on any bytes.
///
/// Meant to be kept, as `WireEncoder` is. Throws `type` for what is no value, `range` for a number
/// that is too large, `limit` for too deep nesting, `missing` for a built-in that is not known here.
public final class WireDecoder {
  /// Knows how handles travel; without it they are an error.
  public var handles: (any HandleCoder)?
  /// Told of handles that mean nothing here, which null stands for then; without it that is an
  /// error.
  public var onLoss: ((ErrorObject) -> Void)?
  /// Compiles the closures that arrive; without one they are an error.
  let interpreter: Interpreter?

  var cursor: UnsafeRawPointer
  private var end: UnsafeRawPointer
  /// What the source will still give; `Int.max` when that is unknown, 0 without a source.
  private(set) var ahead = 0
  private var source: ((UnsafeMutableRawBufferPointer) throws -> Int)?
  /// What was read ahead from the source.
  private var chunk: UnsafeMutableRawBufferPointer?
  /// The items that containers being read still have to get, a byte each at least.
  var promised = 0
  var nesting = 0
  var cells: [Cell] = []
  /// Keys seen lately, since records have the same ones again and again.
  var keys = [StringObject?](repeating: nil, count: 64)

  /// - Parameter interpreter: in which closures that arrive will run.
  public init(_ interpreter: Interpreter? = nil, handles: (any HandleCoder)? = nil) {
    self.interpreter = interpreter
    self.handles = handles
    cursor = UnsafeRawPointer(Wire.nothing)
    end = cursor
  }

  deinit { chunk?.deallocate() }

  /// The value that these bytes are, all of them.
  public func decode(_ bytes: UnsafeRawBufferPointer) throws -> Value {
    guard let start = bytes.baseAddress, bytes.count > 0 else {
      throw Wire.malformed("there are none")
    }
    begin(start, start + bytes.count, ahead: 0)
    let value = try value()
    if cursor != end { throw Wire.malformed("more follow behind it") }
    return value
  }

  /// The value whose bytes a source gives.
  ///
  /// - Parameters:
  ///   - length: how many bytes there are, as a source that can be trusted says; nil if none
  ///     does: then memory is allocated only as bytes come.
  ///   - source: fills a buffer or a part of it and yields how many bytes it wrote, 0 at the end.
  ///     It must not use the decoder.
  public func decode(
    length: Int?, from source: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> Value {
    try withoutActuallyEscaping(source) { source in
      let chunk = self.chunk ?? .allocate(byteCount: Wire.chunkSize, alignment: 16)
      self.chunk = chunk
      let start = UnsafeRawPointer(chunk.baseAddress ?? Wire.nothing)
      begin(start, start, ahead: max(0, length ?? .max))
      self.source = source
      defer {
        self.source = nil
        ahead = 0
        end = cursor
      }
      let value = try value()
      if cursor != end || length != nil && ahead != 0 {
        throw Wire.malformed("more follow behind it")
      }
      return value
    }
  }

  private func begin(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, ahead: Int) {
    cursor = start
    self.end = end
    self.ahead = ahead
    promised = 0
    nesting = 0
    if !cells.isEmpty { cells = [] }
  }

  // MARK: Bytes

  /// How many bytes may follow, `Int.max` when that is unknown.
  var remaining: Int { ahead == .max ? .max : (end - cursor) + ahead }

  var isVouchedFor: Bool { ahead != .max }

  /// What lies ready of the message.
  var ready: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: cursor, count: end - cursor) }

  /// Makes sure that `count` bytes lie ready; a few, or as many as are promised to be there.
  @inline(__always)
  func need(_ count: Int) throws {
    if end - cursor < count { try fetch(count) }
  }

  @inline(never)
  private func fetch(_ count: Int) throws {
    guard let source, let chunk, let base = chunk.baseAddress, count <= chunk.count else {
      throw Wire.endsEarly()
    }
    var have = end - cursor
    base.copyMemory(from: cursor, byteCount: have)
    cursor = UnsafeRawPointer(base)
    end = cursor + have
    while have < count {
      let room = min(chunk.count - have, ahead)
      if room == 0 { throw Wire.endsEarly() }
      let got = try source(UnsafeMutableRawBufferPointer(start: base + have, count: room))
      guard got > 0, got <= room else { throw Wire.endsEarly() }
      if ahead != .max { ahead -= got }
      have += got
      end = cursor + have
    }
  }

  @inline(__always)
  func byte() throws -> UInt8 {
    try need(1)
    defer { cursor += 1 }
    return cursor.load(as: UInt8.self)
  }

  /// A big-endian number.
  @inline(__always)
  func number<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    try need(MemoryLayout<T>.size)
    defer { cursor += MemoryLayout<T>.size }
    return T(bigEndian: cursor.loadUnaligned(as: T.self))
  }

  func skip(_ count: Int) { cursor += min(count, end - cursor) }

  /// Reads bytes to where they belong; large ones straight from the source.
  func read(into target: UnsafeMutableRawBufferPointer) throws {
    var target = target
    while let base = target.baseAddress, target.count > 0 {
      var got = min(target.count, end - cursor)
      if got > 0 {
        base.copyMemory(from: cursor, byteCount: got)
        cursor += got
      } else if target.count < Wire.directSize {
        try need(1)
      } else {
        guard let source, ahead > 0 else { throw Wire.endsEarly() }
        let part = UnsafeMutableRawBufferPointer(rebasing: target[..<min(target.count, ahead)])
        got = try source(part)
        guard got > 0, got <= part.count else { throw Wire.endsEarly() }
        if ahead != .max { ahead -= got }
      }
      target = UnsafeMutableRawBufferPointer(rebasing: target[got...])
    }
  }
}

extension Wire {
  /// A place that no byte is read from or written to.
  nonisolated(unsafe) fileprivate static let nothing = UnsafeMutableRawPointer.allocate(
    byteCount: 16, alignment: 16)

  static func endsEarly() -> ErrorObject { malformed("they end too early") }
}
