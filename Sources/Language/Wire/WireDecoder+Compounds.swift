/// Errors and closures: arrays whose first item tells what they are.
extension WireDecoder {
  /// Whether the array whose items begin here stands for one value.
  func isCompound() throws -> Bool {
    try need(1)
    let lead = cursor.load(as: UInt8.self)
    let place: Int
    switch lead {
    case 0xD4...0xD8: place = 1
    case 0xC7: place = 2
    case 0xC8: place = 3
    case 0xC9: place = 5
    default: return false
    }
    try need(place + 1)
    return cursor.load(fromByteOffset: place, as: Int8.self) >= Wire.Extension.error.rawValue
  }

  func compound(_ count: Int) throws -> Value {
    try enter()
    try expect(count)
    take()
    let head = try extensionHead(try byte())
    let result: Value
    switch Wire.Extension(rawValue: head.type) {
    case .error:
      guard head.count == 1, count == 7 else { throw Wire.malformed("an error is not whole") }
      _ = try byte()
      result = .error(try error())
    case .closure:
      guard count == 2 || count == 3 else { throw Wire.malformed("a closure is not whole") }
      result = .closure(try closure(head.count, bringsCells: count == 3))
    default: throw Wire.malformed("extension type \(head.type) is not known here")
    }
    nesting -= 1
    return result
  }

  // MARK: Errors

  private func item() throws -> Value {
    take()
    return try value()
  }

  private func error() throws -> ErrorObject {
    guard case .string(let kind) = try item(), case .string(let message) = try item() else {
      throw Wire.malformed("an error has no message")
    }
    var problem = Problem(
      kind: ErrorKind(rawValue: kind.string) ?? .thrown, message: message.string, payload: [:])
    if case .string(let help) = try item() { problem.help = help.string }
    let location = WireDecoder.location(try item())
    var trace: [TraceEntry] = []
    if case .list(let calls) = try item() { trace = calls.items.compactMap(WireDecoder.call) }
    if case .map(let payload) = try item() {
      for (key, value) in payload.pairs { problem.payload[key.asText] = value }
    }
    let error = ErrorObject(problem, location: location)
    error.trace = trace
    // It is to be told with the place where it happened, not where it is thrown again.
    error.hasTrace = true
    return error
  }

  private static func location(_ value: Value) -> Location? {
    guard case .list(let list) = value, list.items.count == 5,
      case .string(let name) = list.items[0], case .int(let line) = list.items[1],
      case .bytes(let text) = list.items[2], case .int(let start) = list.items[3],
      case .int(let end) = list.items[4], !text.bytes.isEmpty
    else { return nil }
    let source = Source(name: name.string, bytes: text.bytes, firstLine: line)
    let count = text.bytes.count
    return Location(source, Span(min(max(0, start), count), min(max(0, end), count)))
  }

  private static func call(_ value: Value) -> TraceEntry? {
    guard case .list(let list) = value, list.items.count == 4,
      case .string(let name) = list.items[0], case .string(let file) = list.items[1],
      case .int(let line) = list.items[2], case .int(let column) = list.items[3]
    else { return nil }
    // A blank stands for the text, which is not shown of a call.
    let source = Source(
      name: file.string, bytes: file.byteCount == 0 ? [] : [0x20], firstLine: line,
      firstColumn: column)
    return TraceEntry(name: name.string, location: Location(source, Span(0, 0)))
  }

  // MARK: Closures

  private func closure(_ count: Int, bringsCells: Bool) throws -> Closure {
    guard let interpreter else { throw Wire.needsInterpreter() }
    let arrived = try function(count, interpreter)
    take()
    let numbers = try cellNumbers()
    guard numbers.count == arrived.nameCount else {
      throw Wire.malformed(
        "a closure has \(numbers.count) variables for \(arrived.nameCount) names")
    }
    if bringsCells {
      take()
      try newCells()
    }
    guard numbers.allSatisfy({ cells.indices.contains($0) }) else {
      throw Wire.malformed("a closure has a variable that there is not")
    }
    let captured = try arrived.function.captures.map { source -> Cell in
      guard case .register(let name) = source, numbers.indices.contains(name) else {
        throw Wire.malformed("a closure has a variable that there is not")
      }
      return cells[numbers[name]]
    }
    return Closure(arrived.function, cells: captured)
  }

  private func function(_ count: Int, _ interpreter: Interpreter) throws -> ArrivedFunctions.Entry {
    if ready.count >= count {
      let text = UnsafeRawBufferPointer(rebasing: ready[..<count])
      let entry = try interpreter.arrived.function(text, interpreter)
      skip(count)
      return entry
    }
    return try payload(count).withUnsafeBytes { try interpreter.arrived.function($0, interpreter) }
  }

  private func arrayCount() throws -> Int {
    let lead = try byte()
    switch lead {
    case 0x90...0x9F: return Int(lead & 0x0F)
    case 0xDC: return Int(try number(UInt16.self))
    case 0xDD: return Int(try number(UInt32.self))
    default: throw Wire.malformed("a closure is not whole")
    }
  }

  private func cellNumbers() throws -> [Int] {
    let count = try arrayCount()
    try expect(count)
    var numbers: [Int] = []
    for _ in 0..<count {
      guard case .int(let number) = try item() else {
        throw Wire.malformed("a closure has a variable without a number")
      }
      numbers.append(number)
    }
    return numbers
  }

  private func newCells() throws {
    let count = try arrayCount()
    try expect(count)
    // All of them first, since their values may name any of them.
    let first = cells.count
    if !isVouchedFor, count > Wire.stepSize { throw Wire.tooLong(count) }
    for _ in 0..<count { cells.append(Cell(.null)) }
    for number in first..<(first + count) { cells[number].value = try item() }
  }
}
