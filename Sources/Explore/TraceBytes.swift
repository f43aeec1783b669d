/// Puts numbers, texts and operations into bytes.
///
/// Numbers stand in groups of seven bits, the lowest first; a text behind its length.
public struct TraceWriter {
  /// What was put.
  public private(set) var bytes: [UInt8] = []

  /// An empty one.
  public init() { bytes.reserveCapacity(256) }

  /// Puts a byte.
  public mutating func put(_ byte: UInt8) { bytes.append(byte) }

  /// Puts a number; those below 0 take ten bytes.
  public mutating func put(_ number: Int) {
    var rest = UInt64(bitPattern: Int64(number))
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Puts a text.
  public mutating func put(_ text: String) {
    var text = text
    text.withUTF8 {
      put($0.count)
      bytes.append(contentsOf: $0)
    }
  }

  /// Puts bytes, behind their number.
  public mutating func put(_ other: UnsafeRawBufferPointer) {
    put(other.count)
    bytes.append(contentsOf: other)
  }

  /// Puts the name of a process.
  public mutating func put(_ path: ProcessPath) {
    put(path.places.count)
    for place in path.places { put(place) }
  }

  /// Puts a step.
  public mutating func put(_ step: Step) {
    put(step.process)
    put(UInt8(truncatingIfNeeded: step.act.rawValue))
  }

  /// Puts an operation.
  public mutating func put(_ operation: Operation) {
    put(operation.name)
    put(operation.accesses.count)
    for access in operation.accesses {
      put(access.object)
      put(access.mode.rawValue << 4 | access.exclusion.rawValue)
    }
  }

  /// Puts a moment.
  public mutating func put(_ moment: Moment) {
    put(moment.choices.count)
    for choice in moment.choices { put(choice) }
    put(moment.pending.count)
    for (path, operation) in moment.pending {
      put(path)
      put(operation)
    }
    put(moment.advances ? 1 : 0 as UInt8)
  }
}

/// Takes the same from bytes, in the same order, and trusts nothing: what is missing or wrong is nil.
public struct TraceReader {
  private let bytes: UnsafeRawBufferPointer
  private var place = 0

  /// Reads from these.
  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Whether all was read.
  public var isAtEnd: Bool { place == bytes.count }

  private var left: Int { bytes.count - place }

  /// The next byte.
  public mutating func byte() -> UInt8? {
    guard place < bytes.count else { return nil }
    defer { place += 1 }
    return bytes[place]
  }

  /// The next number.
  public mutating func number() -> Int? {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while let next = byte() {
      result |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return Int(Int64(bitPattern: result)) }
      shift += 7
      if shift > 63 { return nil }
    }
    return nil
  }

  /// How many things follow; each takes a byte at least.
  public mutating func count() -> Int? {
    guard let count = number(), count >= 0, count <= left else { return nil }
    return count
  }

  /// The next bytes, behind their number; they belong to those that are read.
  public mutating func part() -> UnsafeRawBufferPointer? {
    guard let count = count() else { return nil }
    defer { place += count }
    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
  }

  /// The next text.
  public mutating func text() -> String? {
    part().map { String(decoding: $0, as: UTF8.self) }
  }

  /// The next name of a process.
  public mutating func path() -> ProcessPath? {
    guard let count = count() else { return nil }
    var places: [Int] = []
    for _ in 0..<count {
      guard let place = number(), place > 0 else { return nil }
      places.append(place)
    }
    return ProcessPath(places)
  }

  /// The next step.
  public mutating func step() -> Step? {
    guard let path = path(), let number = byte(), let act = Step.Act(rawValue: Int(number)) else {
      return nil
    }
    return Step(path, act)
  }

  /// The next operation.
  public mutating func operation() -> Operation? {
    guard let name = text(), let count = count() else { return nil }
    var operation = Operation(name)
    for _ in 0..<count {
      guard let object = text(), let code = byte(), let mode = Access.Mode(rawValue: code >> 4),
        let exclusion = Access.Exclusion(rawValue: code & 0xF)
      else { return nil }
      operation.accesses.append(Access(object, mode, exclusion))
    }
    return operation
  }

  /// The next moment.
  public mutating func moment() -> Moment? {
    guard let count = count() else { return nil }
    var choices: [Step] = []
    for _ in 0..<count {
      guard let choice = step() else { return nil }
      choices.append(choice)
    }
    guard let others = self.count() else { return nil }
    var pending: [ProcessPath: Operation] = [:]
    for _ in 0..<others {
      guard let path = path(), let operation = operation() else { return nil }
      pending[path] = operation
    }
    guard let advances = byte() else { return nil }
    var moment = Moment(choices, pending)
    moment.advances = advances == 1
    return moment
  }
}
