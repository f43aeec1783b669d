import Glibc

/// Turns values into bytes, as `Wire` describes them.
///
/// Meant to be kept: its buffer and what it knows of closures are used again.
public final class WireEncoder {
  /// Knows how handles travel; without it they are an error.
  public var handles: (any HandleCoder)?
  /// Told of what cannot travel, which null stands for then; without it that is an error.
  public var onLoss: ((ErrorObject) -> Void)?
  /// Whether the bytes shall tell what a value is and not where it comes from: functions and errors
  /// without their places, handles by their names.
  ///
  /// Such bytes are for comparing only.
  var isIdentity = false
  /// Finds the functions that a closure calls by name.
  let interpreter: Interpreter?
  let cells = WireCells()
  var nesting = 0
  var isMeasuring = false

  private var base: UnsafeMutableRawPointer
  private var count = 0
  private var capacity = 256
  /// Where the buffer is full: at its end, or earlier when a sink takes it.
  private var limit = 256
  private var sink: ((UnsafeRawBufferPointer) throws -> Void)?
  private var meter: WireEncoder?

  /// - Parameter interpreter: whose closures are sent.
  public init(_ interpreter: Interpreter? = nil, handles: (any HandleCoder)? = nil) {
    self.interpreter = interpreter
    self.handles = handles
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  // MARK: Encoding

  /// The bytes of a value, valid until the encoder is used again or let go.
  public func encode(_ value: Value) throws -> UnsafeRawBufferPointer {
    reset()
    try append(value)
    return bytes
  }

  /// The bytes of a value, to keep.
  public func copied(_ value: Value) throws -> [UInt8] {
    // The view must not outlive this object.
    try withExtendedLifetime(self) { Array(try encode(value)) }
  }

  /// Appends the bytes of a further value to what `bytes` has.
  public func append(_ value: Value) throws {
    switch value {
    case .int(let int): try put(int)
    case .null, .missing: try put(byte: 0xC0)
    case .bool(let bool): try put(byte: bool ? 0xC3 : 0xC2)
    case .float(let float): try put(float)
    case .string(let string): try put(string)
    default:
      nesting = 0
      if !cells.isEmpty { cells.reset() }
      try put(value)
    }
  }

  /// What was encoded since the last `reset`, valid until more is.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Begins anew.
  public func reset() {
    // A large message should not hold its memory for ever.
    if capacity > 1 << 20, count < capacity / 4 { resize(to: Wire.chunkSize) }
    count = 0
  }

  /// Gives the bytes of a value to `sink` piece by piece, large texts straight from their storage.
  ///
  /// The sink must not use the encoder.
  public func encode(_ value: Value, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    reset()
    try withoutActuallyEscaping(sink) { sink in
      self.sink = sink
      limit = min(capacity, Wire.chunkSize)
      defer {
        self.sink = nil
        limit = capacity
        count = 0
      }
      try append(value)
      try flush()
    }
  }

  /// How many bytes `encode` will yield: at once for scalars and texts, and without copying large
  /// texts in lists and maps.
  public func encodedSize(of value: Value) throws -> Int {
    switch value {
    case .int(let int): return Wire.size(of: int)
    case .null, .missing, .bool: return 1
    case .float: return 9
    case .duration(let n), .size(let n), .time(let n): return 2 + Wire.numberSize(n)
    case .string(let string): return string.byteCount + Wire.lengthSize(string.byteCount, short: 31)
    case .bytes(let bytes): return bytes.bytes.count + Wire.lengthSize(bytes.bytes.count, short: -1)
    default: break
    }
    // An encoder of its own, so that what was encoded stays.
    let meter = self.meter ?? WireEncoder(interpreter)
    self.meter = meter
    meter.isMeasuring = true
    meter.handles = handles
    // Told when it is really lost.
    meter.onLoss = onLoss == nil ? nil : { _ in }
    var size = 0
    try meter.encode(value) { size += $0.count }
    return size
  }

  // MARK: The buffer

  /// Room for `size` more bytes, which the caller writes.
  @inline(__always)
  func room(_ size: Int) throws -> UnsafeMutableRawPointer {
    if size > limit - count { try makeRoom(size) }
    let place = base + count
    count += size
    return place
  }

  @inline(never)
  private func makeRoom(_ size: Int) throws {
    if sink != nil, limit == Wire.chunkSize { try flush() }
    if size > limit - count {
      let wanted = max(capacity * 2, count + size)
      try LargeMemory.require(wanted)
      resize(to: wanted)
    }
  }

  private func resize(to size: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    larger.copyMemory(from: base, byteCount: min(count, size))
    base.deallocate()
    base = larger
    capacity = size
    limit = sink == nil ? size : min(size, Wire.chunkSize)
  }

  private func flush() throws {
    guard let sink, count > 0 else { return }
    let full = bytes
    count = 0
    try sink(full)
  }

  /// Appends bytes as they are; large ones go to the sink from where they lie.
  @inline(__always)
  func put(raw content: UnsafeRawBufferPointer) throws {
    if content.count >= Wire.directSize, let sink {
      try flush()
      try sink(content)
      return
    }
    guard let start = content.baseAddress else { return }
    try room(content.count).copyMemory(from: start, byteCount: content.count)
  }

  // MARK: Scalars

  @inline(__always)
  func put(byte: UInt8) throws { try room(1).storeBytes(of: byte, as: UInt8.self) }

  @inline(__always)
  func put(_ int: Int) throws {
    if int >= -32, int < 128 {
      try put(byte: UInt8(truncatingIfNeeded: int))
    } else {
      try putLong(int)
    }
  }

  /// A leading byte and a big-endian number.
  @inline(__always)
  func put<T: FixedWidthInteger>(_ lead: UInt8, _ number: T) throws {
    let place = try room(1 + MemoryLayout<T>.size)
    place.storeBytes(of: lead, as: UInt8.self)
    (place + 1).storeBytes(of: number.bigEndian, as: T.self)
  }

  private func putLong(_ int: Int) throws {
    switch int {
    case 0...0xFF: try put(0xCC, UInt8(int))
    case 0...0xFFFF: try put(0xCD, UInt16(int))
    case 0...0xFFFF_FFFF: try put(0xCE, UInt32(int))
    case 0...: try put(0xCF, UInt64(int))
    case -0x80..<0: try put(0xD0, Int8(int))
    case -0x8000..<0: try put(0xD1, Int16(int))
    case -0x8000_0000..<0: try put(0xD2, Int32(int))
    default: try put(0xD3, Int64(int))
    }
  }

  @inline(__always)
  func put(_ float: Double) throws { try put(0xCB, float.bitPattern) }

  @inline(__always)
  func put(_ string: StringObject) throws {
    try string.withBytes { bytes in
      try putTextLength(bytes.count)
      try put(raw: UnsafeRawBufferPointer(bytes))
    }
  }

  func put(text: String) throws {
    var text = text
    try text.withUTF8 { bytes in
      try putTextLength(bytes.count)
      try put(raw: UnsafeRawBufferPointer(bytes))
    }
  }
}

extension Wire {
  static func size(of int: Int) -> Int {
    switch int {
    case -32..<128: 1
    case -0x80...0xFF: 2
    case -0x8000...0xFFFF: 3
    case -0x8000_0000...0xFFFF_FFFF: 5
    default: 9
    }
  }

  /// The bytes of a number in an extension.
  static func numberSize(_ int: Int) -> Int {
    switch int {
    case -0x80...0x7F: 1
    case -0x8000...0x7FFF: 2
    case -0x8000_0000...0x7FFF_FFFF: 4
    default: 8
    }
  }

  /// The bytes that a length takes; `short` is the longest that fits into the first one.
  static func lengthSize(_ count: Int, short: Int) -> Int {
    count <= short ? 1 : count <= 0xFF ? 2 : count <= 0xFFFF ? 3 : 5
  }
}
