/// What the leading bytes mean.
extension WireDecoder {
  /// The next value of the message.
  func value() throws -> Value {
    let lead = try byte()
    switch lead {
    case 0...0x7F: return .int(Int(lead))
    case 0xE0...0xFF: return .int(Int(Int8(bitPattern: lead)))
    case 0xA0...0xBF: return .string(try text(Int(lead & 0x1F)))
    case 0x80...0x8F: return try map(Int(lead & 0x0F))
    case 0x90...0x9F: return try list(Int(lead & 0x0F))
    case 0xC0: return .null
    case 0xC2: return .bool(false)
    case 0xC3: return .bool(true)
    case 0xCA: return .float(Double(Float(bitPattern: try number(UInt32.self))))
    case 0xCB: return .float(Double(bitPattern: try number(UInt64.self)))
    case 0xCC...0xCF, 0xD0...0xD3: return .int(try int(lead))
    case 0xD9...0xDB: return .string(try text(try length(lead - 0xD9)))
    case 0xC4...0xC6: return .bytes(BytesObject(try bytes(try length(lead - 0xC4))))
    case 0xDC: return try list(Int(try number(UInt16.self)))
    case 0xDD: return try list(Int(try number(UInt32.self)))
    case 0xDE: return try map(Int(try number(UInt16.self)))
    case 0xDF: return try map(Int(try number(UInt32.self)))
    case 0xC7...0xC9, 0xD4...0xD8:
      let head = try extensionHead(lead)
      return try extended(head.type, head.count)
    default: throw Wire.malformed("a byte is \(lead), which MessagePack does not use")
    }
  }

  private func int(_ lead: UInt8) throws -> Int {
    switch lead {
    case 0xCC: return Int(try number(UInt8.self))
    case 0xCD: return Int(try number(UInt16.self))
    case 0xCE: return Int(try number(UInt32.self))
    case 0xD0: return Int(try number(Int8.self))
    case 0xD1: return Int(try number(Int16.self))
    case 0xD2: return Int(try number(Int32.self))
    case 0xD3: return Int(try number(Int64.self))
    default:
      let unsigned = try number(UInt64.self)
      guard let int = Int(exactly: unsigned) else {
        throw ErrorObject(
          .range, "the number \(unsigned) that arrived is too large for an int",
          help: "ints have 64 bits and a sign: at most \(Int.max)")
      }
      return int
    }
  }

  /// A length of 1, 2 or 4 bytes.
  private func length(_ size: UInt8) throws -> Int {
    switch size {
    case 0: Int(try number(UInt8.self))
    case 1: Int(try number(UInt16.self))
    default: Int(try number(UInt32.self))
    }
  }

  // MARK: Containers

  func enter() throws {
    nesting += 1
    if nesting > Wire.maximumNesting { throw Wire.tooDeep() }
  }

  /// Checks that so many items can follow, and counts on them.
  ///
  /// All items that were promised together are never more than the bytes, so that no nesting of
  /// wrong counts allocates more than a multiple of the message.
  func expect(_ count: Int) throws {
    try check(count)
    if isVouchedFor { promised += count }
  }

  /// An item that was promised comes now.
  @inline(__always)
  func take() { if isVouchedFor { promised -= 1 } }

  private func list(_ count: Int) throws -> Value {
    if count > 0, try isCompound() { return try compound(count) }
    try enter()
    let items = try items(count)
    nesting -= 1
    return try checked(.list(ListObject(items)))
  }

  func items(_ count: Int) throws -> [Value] {
    try expect(count)
    if isVouchedFor {
      try LargeMemory.require(count, of: MemoryLayout<Value>.stride)
      return try [Value](unsafeUninitializedCapacity: count) { buffer, filled in
        while filled < count {
          take()
          buffer.initializeElement(at: filled, to: try value())
          filled += 1
        }
      }
    }
    // Not even a little is reserved, as each of a thousand nested lists could ask for it.
    var items: [Value] = []
    for _ in 0..<count { try items.add(try value()) }
    return items
  }

  private func map(_ count: Int) throws -> Value {
    try enter()
    try expect(count)
    try expect(count)
    let map = MapObject()
    for _ in 0..<count {
      take()
      try need(1)
      let key = try self.key()
      take()
      try map.requireRoom()
      map.set(key, try value())
    }
    nesting -= 1
    return try checked(.map(map))
  }

  private func key() throws -> Value {
    let lead = cursor.load(as: UInt8.self)
    if lead & 0xE0 == 0xA0 {
      skip(1)
      return .string(try key(Int(lead & 0x1F)))
    }
    let key = try value()
    guard key.isKey else {
      throw Wire.malformed("\(Wire.article(key.typeName)) cannot be a map's key")
    }
    return key
  }

  private func checked(_ value: Value) throws -> Value {
    if value.depth > maximumDepth { throw Wire.tooDeep() }
    return value
  }

  // MARK: Extensions

  func extensionHead(_ lead: UInt8) throws -> (type: Int8, count: Int) {
    let count = lead >= 0xD4 ? 1 << Int(lead - 0xD4) : try length(lead - 0xC7)
    let type = try number(Int8.self)
    try check(count)
    return (type, count)
  }

  /// A value of an extension type that stands alone.
  private func extended(_ type: Int8, _ count: Int) throws -> Value {
    switch Wire.Extension(rawValue: type) {
    case .duration: return .duration(try number(ofSize: count))
    case .size: return .size(try number(ofSize: count))
    case .time: return .time(try number(ofSize: count))
    case .timestamp: return .time(try timestamp(count))
    case .range, .openRange:
      guard count == 16 else { throw Wire.malformed("a range has \(count) bytes") }
      let start = Int(try number(Int64.self))
      let end = Int(try number(Int64.self))
      let isInclusive = type == Wire.Extension.range.rawValue
      return .range(RangeObject(start, end, inclusive: isInclusive))
    case .command: return try command(try shortText(count))
    case .program: return .closure(Closure(.program(try shortText(count)), cells: []))
    case .handle: return try handle(count)
    case .error, .closure: throw Wire.malformed("extension type \(type) stands in a wrong place")
    case nil: throw Wire.malformed("extension type \(type) is not known here")
    }
  }

  private func handle(_ count: Int) throws -> Value {
    guard count > 0 else { throw Wire.malformed("a handle is empty") }
    let content = try payload(count)
    do {
      guard let handles else {
        throw ErrorObject(.type, "a handle arrived that means nothing here")
      }
      return try content.withUnsafeBytes {
        .handle(try handles.decode(kind: $0[0], bytes: UnsafeRawBufferPointer(rebasing: $0[1...])))
      }
    } catch let error as ErrorObject {
      guard let onLoss else { throw error }
      onLoss(error)
      return .null
    }
  }

  /// A number of 1, 2, 4 or 8 bytes.
  private func number(ofSize size: Int) throws -> Int {
    switch size {
    case 1: return Int(try number(Int8.self))
    case 2: return Int(try number(Int16.self))
    case 4: return Int(try number(Int32.self))
    case 8: return Int(try number(Int64.self))
    default: throw Wire.malformed("a number has \(size) bytes")
    }
  }

  /// MessagePack's timestamp as nanoseconds.
  private func timestamp(_ size: Int) throws -> Int {
    var nanoseconds = 0
    let seconds: Int
    switch size {
    case 4: seconds = Int(try number(UInt32.self))
    case 8:
      let both = try number(UInt64.self)
      nanoseconds = Int(both >> 34)
      seconds = Int(both & 0x3_FFFF_FFFF)
    case 12:
      nanoseconds = Int(try number(UInt32.self))
      seconds = Int(try number(Int64.self))
    default: throw Wire.malformed("a timestamp has \(size) bytes")
    }
    guard nanoseconds < 1_000_000_000 else {
      throw Wire.malformed("a timestamp has \(nanoseconds) ns in a second")
    }
    let (scaled, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isOver) = scaled.addingReportingOverflow(nanoseconds)
    if isTooFar || isOver {
      throw ErrorObject(
        .range, "the time \(seconds) s since 1970 that arrived is too far away",
        help: "times reach from 1677 to 2262")
    }
    return sum
  }

  private func command(_ name: String) throws -> Value {
    guard let interpreter else { throw Wire.needsInterpreter() }
    guard let command = interpreter.table[name] else {
      throw ErrorObject(
        .missing, "the command '\(name)' that arrived is not known here",
        help: "is the sender another version?")
    }
    return .closure(Closure(.native(command), cells: []))
  }

  private func shortText(_ count: Int) throws -> String {
    if count > Wire.chunkSize { throw Wire.malformed("a name has \(count) bytes") }
    return try text(count).string
  }

  /// The content of an extension.
  func payload(_ count: Int) throws -> [UInt8] {
    // Nothing of ours is that long, a text with its closure aside.
    if count > 1 << 28 { throw Wire.tooLong(count) }
    return try bytes(count)
  }
}

extension Wire {
  static func needsInterpreter() -> ErrorObject {
    ErrorObject(.type, "a function arrived where none can run")
  }
}
