/// Containers, extension types, errors and closures as bytes.
extension WireEncoder {
  /// Any value, within the message that was begun.
  func put(_ value: Value) throws {
    switch value {
    case .int(let int): try put(int)
    case .string(let string): try put(string)
    case .null, .missing: try put(byte: 0xC0)
    case .bool(let bool): try put(byte: bool ? 0xC3 : 0xC2)
    case .float(let float): try put(float)
    case .duration(let n): try putNumber(.duration, n)
    case .size(let n): try putNumber(.size, n)
    case .time(let n): try putNumber(.time, n)
    case .bytes(let object):
      try object.bytes.withUnsafeBytes { bytes in
        try putLength(bytes.count, 0xC4)
        try put(raw: bytes)
      }
    case .range(let range): try put(range)
    case .list(let list):
      try nested {
        try putArray(list.items.count)
        for item in list.items { try put(item) }
      }
    case .map(let map): try put(map)
    case .report(let report): try put(report.value)
    case .cell: try put(Value.null)  // a variable that was not set yet
    case .error(let error): try nested { try put(error) }
    case .closure(let closure): try nested { try losing { try put(closure) } }
    case .handle(let handle): try losing { try put(handle) }
    case .stream:
      try losing {
        throw ErrorObject(
          .type, "a stream cannot be sent to another process",
          help: "a stream can be run through once, here: collect its items in a list")
      }
    }
  }

  @inline(__always)
  private func nested(_ body: () throws -> Void) throws {
    nesting += 1
    if nesting > Wire.maximumNesting { throw Wire.tooDeep() }
    try body()
    nesting -= 1
  }

  /// Null in place of what cannot travel, where that is wanted.
  ///
  /// The body throws before it writes anything.
  private func losing(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ErrorObject {
      guard let onLoss, error.kind == .type else { throw error }
      onLoss(error)
      try put(byte: 0xC0)
    }
  }

  // MARK: Lengths

  @inline(__always)
  func putTextLength(_ count: Int) throws {
    if count < 32 {
      try put(byte: 0xA0 | UInt8(truncatingIfNeeded: count))
    } else {
      try putLength(count, 0xD9)
    }
  }

  /// A length of 8, 16 or 32 bits behind one of three leading bytes from `lead` on.
  func putLength(_ count: Int, _ lead: UInt8) throws {
    switch count {
    case 0...0xFF: try put(lead, UInt8(count))
    case 0...0xFFFF: try put(lead + 1, UInt16(count))
    case 0...0xFFFF_FFFF: try put(lead + 2, UInt32(count))
    default: throw Wire.tooLong(count)
    }
  }

  func putArray(_ count: Int) throws { try putCount(count, short: 0x90, 0xDC) }

  private func putCount(_ count: Int, short: UInt8, _ lead: UInt8) throws {
    switch count {
    case 0..<16: try put(byte: short | UInt8(count))
    case 0...0xFFFF: try put(lead, UInt16(count))
    case 0...0xFFFF_FFFF: try put(lead + 1, UInt32(count))
    default: throw Wire.tooLong(count)
    }
  }

  private func putExtension(_ type: Wire.Extension, _ count: Int) throws {
    switch count {
    case 1: try put(byte: 0xD4)
    case 2: try put(byte: 0xD5)
    case 4: try put(byte: 0xD6)
    case 8: try put(byte: 0xD7)
    case 16: try put(byte: 0xD8)
    default: try putLength(count, 0xC7)
    }
    try put(byte: UInt8(bitPattern: type.rawValue))
  }

  // MARK: Values

  private func putNumber(_ type: Wire.Extension, _ number: Int) throws {
    let type = UInt8(bitPattern: type.rawValue)
    switch Wire.numberSize(number) {
    case 1: try put(0xD4, type, Int8(truncatingIfNeeded: number))
    case 2: try put(0xD5, type, Int16(truncatingIfNeeded: number))
    case 4: try put(0xD6, type, Int32(truncatingIfNeeded: number))
    default: try put(0xD7, type, number)
    }
  }

  private func put<T: FixedWidthInteger>(_ lead: UInt8, _ type: UInt8, _ number: T) throws {
    let place = try room(2 + MemoryLayout<T>.size)
    place.storeBytes(of: lead, as: UInt8.self)
    place.storeBytes(of: type, toByteOffset: 1, as: UInt8.self)
    place.storeBytes(of: number.bigEndian, toByteOffset: 2, as: T.self)
  }

  private func put(_ range: RangeObject) throws {
    var end = range.last
    // A range below the smallest number is empty, and its end cannot be told from its last.
    if !range.isInclusive, !(range.isEmpty && end == Int.min) { end &+= 1 }
    try putExtension(range.isInclusive ? .range : .openRange, 16)
    let place = try room(16)
    place.storeBytes(of: range.start.bigEndian, as: Int.self)
    (place + 8).storeBytes(of: end.bigEndian, as: Int.self)
  }

  private func put(_ map: MapObject) throws {
    try nested {
      try putCount(map.count, short: 0x80, 0xDE)
      for place in 0..<map.end {
        guard let entry = map.entry(at: place) else { continue }
        try put(entry.key)
        try put(entry.value)
      }
    }
  }

  private func put(_ handle: Handle) throws {
    if isIdentity { return try put(name: handle.text, .handle) }
    guard let handles else { throw Wire.cannotSend(handle) }
    if isMeasuring {
      let count = try handles.encodedCount(of: handle) + 1
      try putExtension(.handle, count)
      for _ in 0..<count { try put(byte: 0) }
      return
    }
    let (kind, bytes) = try handles.encode(handle)
    try putExtension(.handle, bytes.count + 1)
    try put(byte: kind)
    try bytes.withUnsafeBytes { try put(raw: $0) }
  }

  // MARK: Errors

  private func put(_ error: ErrorObject) throws {
    try putArray(7)
    try putExtension(.error, 1)
    try put(byte: 0)
    try put(text: error.kind.rawValue)
    try put(text: error.message)
    if let help = error.help { try put(text: help) } else { try put(byte: 0xC0) }
    if let location = error.location, !location.source.bytes.isEmpty, !isIdentity {
      try put(location)
    } else {
      try put(byte: 0xC0)
    }
    let trace = isIdentity ? [] : error.trace
    try putArray(trace.count)
    for call in trace {
      let at = call.location.source.position(call.location.span.start)
      try putArray(4)
      try put(text: call.name)
      try put(text: call.location.source.name)
      try put(at.line)
      try put(at.column)
    }
    try putCount(error.payload.count, short: 0x80, 0xDE)
    for (key, value) in error.payload.sorted(by: { $0.key < $1.key }) {
      try put(text: key)
      try put(value)
    }
  }

  /// The lines of a place, of long ones as much as messages show.
  private func put(_ location: Location) throws {
    let (line, bytes, span) = location.source.lines(of: location.span, limit: 4096)
    try putArray(5)
    try put(text: location.source.name)
    try put(line)
    try bytes.withUnsafeBytes { bytes in
      try putLength(bytes.count, 0xC4)
      try put(raw: bytes)
    }
    try put(Int(span.start))
    try put(Int(span.end))
  }

  // MARK: Functions

  private func put(_ closure: Closure) throws {
    switch closure.function.kind {
    case .native(let command): try put(name: command.name, .command)
    case .program(let program): try put(name: program, .program)
    case .compiled:
      let first = cells.count
      let text = try cells.add(closure, interpreter?.globals)
      let new = cells.count - first
      if new > 0 { try check(first) }
      try putArray(new > 0 ? 3 : 2)
      let bytes = isIdentity ? try text.identity(of: closure.function) : text.bytes
      try putExtension(.closure, bytes.count)
      try bytes.withUnsafeBytes { try put(raw: $0) }
      try putArray(text.places.count)
      for place in text.places { try put(cells.number(of: place, in: closure)) }
      guard new > 0 else { return }
      try putArray(new)
      for number in first..<(first + new) { try put(cells[number].value) }
    }
  }

  /// Names the variable that cannot travel, before anything of the closure is written.
  private func check(_ first: Int) throws {
    for number in first..<cells.count {
      let cell = cells[number]
      let error: ErrorObject
      switch cell.value {
      case .stream:
        error = ErrorObject(.type, "a stream cannot be sent to another process")
      case .handle(let handle) where handles == nil && !isIdentity: error = Wire.cannotSend(handle)
      default: continue
      }
      if onLoss != nil { continue }
      throw error.amended { $0.help = "it is in the variable '$\(cell.name)' that the block uses" }
    }
  }

  private func put(name: String, _ type: Wire.Extension) throws {
    var name = name
    try name.withUTF8 { bytes in
      try putExtension(type, bytes.count)
      try put(raw: UnsafeRawBufferPointer(bytes))
    }
  }
}
