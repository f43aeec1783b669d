import Channels
import Language
import Posix
import Session

/// Shared memory as the language sees it.
final class SharedHandle: ChannelHandle {
  let memory: SharedArray
  /// The fork depth at which `shm update` runs a block, from 1; 0 while none does.
  var updates: UInt32 = 0

  init(_ name: String, _ memory: SharedArray) {
    self.memory = memory
    super.init(name, memory)
  }

  override var typeName: String { "shm" }
  override var fieldNames: [String] {
    ["name", "type", "count", "bytes", "value", "holder", "waiting"]
  }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": return .text(self.name)
    case "type": return .text(memory.type.name)
    case "count": return memory.isScalar ? .null : .int(memory.count)
    case "bytes": return .size(memory.byteCount)
    case "value": return memory.count > 1000 ? .null : try get()
    case "holder": return memory.holder.map { .text(session.named($0.pid)) } ?? .null
    case "waiting": return names(of: memory.peers.pids(.reading, .stuckReading), session)
    default: return nil
    }
  }
}

// MARK: Elements as values

extension SharedHandle {
  /// An element's value.
  @inline(__always)
  func value(of bits: Int) -> Value {
    switch memory.type {
    case .float, .double: .float(memory.float(bits))
    case .bool: .bool(bits != 0)
    case .char: .text(bits == 0 ? "" : String(scalar(bits)))
    default: .int(bits)
    }
  }

  private func scalar(_ bits: Int) -> Character {
    Character(UInt32(exactly: bits).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}")
  }

  /// A value as an element's bits; throws `range` if it does not fit, `type` if it is of another kind.
  @inline(__always)
  func bits(_ value: Value) throws -> Int {
    if case .int(let number) = value, let range = memory.type.range, memory.type != .char,
      memory.type != .bool, range.contains(number)
    {
      return number
    }
    return try otherBits(value)
  }

  @inline(never)
  private func otherBits(_ value: Value) throws -> Int {
    switch (memory.type, value.plain) {
    case (.float, .float(let number)) where number.isFinite && Float(number).isInfinite:
      throw ErrorObject(
        .range, "\(value.plain.asText) does not fit float, which holds up to 3.4e38",
        help: "make it with the type double")
    case (.float, .float(let number)), (.double, .float(let number)): return memory.bits(number)
    case (.float, .int(let number)), (.double, .int(let number)):
      return memory.bits(Double(number))
    case (.bool, .bool(let isTrue)): return isTrue ? 1 : 0
    case (.char, .string(let text)):
      let scalars = Array(text.string.unicodeScalars)
      if scalars.isEmpty { return 0 }
      guard scalars.count == 1 else {
        throw ErrorObject(
          .range, "one element of \(shown) is one character, but the text has \(scalars.count)",
          help: "leave the index out to set the whole text")
      }
      return Int(scalars[0].value)
    case (.char, .int(let number)) where (0...9).contains(number):
      return 48 + number  // a digit typed bare
    case (let type, .float(let number)) where type.range != nil && type != .char && type != .bool:
      if let whole = Int(exactly: number) { return try bits(.int(whole)) }
      if abs(number) >= 0x1p63 { throw doesNotFit(value) }
      throw ErrorObject.badValue(
        "value for \(shown)", must: SharedHandle.phrase(type), is: value.plain)
    case (let type, .int) where type.range != nil && type != .char && type != .bool:
      throw doesNotFit(value)
    default:
      throw ErrorObject.badValue(
        "value for \(shown)", must: SharedHandle.phrase(memory.type), is: value.plain)
    }
  }

  private static func phrase(_ type: ElementType) -> String {
    switch type {
    case .float, .double: "a number"
    case .bool: "true or false"
    case .char: "a text"
    default: "a whole number"
    }
  }

  private func doesNotFit(_ value: Value) -> ErrorObject {
    let range = memory.type.range ?? 0...0
    return ErrorObject(
      .range,
      "\(value.plain.asText) does not fit \(memory.type.name), which holds "
        + "\(range.lowerBound) to \(range.upperBound)",
      help: "make it with a wider type, such as int64 or double")
  }

  // MARK: Places

  /// A place by its number; negative ones count from the end.
  @inline(__always)
  func index(_ value: Value) throws -> Int {
    if case .int(let number) = value, number >= 0, number < memory.count { return number }
    return try otherIndex(value)
  }

  @inline(never)
  private func otherIndex(_ value: Value) throws -> Int {
    guard case .int(let number) = value.plain else {
      throw ErrorObject.badValue("index into \(shown)", must: "a whole number", is: value.plain)
    }
    let place = number < 0 ? number + memory.count : number
    guard place >= 0, place < memory.count else {
      throw ErrorObject(
        .range, "\(shown) has no element \(number): it has \(memory.count)",
        help: "indexes go from 0 to \(memory.count - 1), or from -1 backwards")
    }
    return place
  }

  /// The places of a slice.
  func places(_ range: RangeObject) throws -> Range<Int> {
    if range.isEmpty { return 0..<0 }
    let start = range.start < 0 ? range.start + memory.count : range.start
    let last = range.last < 0 ? range.last + memory.count : range.last
    guard start >= 0, last < memory.count, start <= last else {
      throw ErrorObject(
        .range, "\(shown) has no elements \(range.start) to \(range.last): it has \(memory.count)")
    }
    return start..<(last + 1)
  }

  // MARK: Reading and writing

  /// All of it: the value of a scalar, the text of characters, a list of anything else.
  func get() throws -> Value {
    if memory.type == .char {
      let scalars = try session.with(self, "read") { try memory.text(session.waitLimit()) }
      return .text(SharedHandle.string(scalars))
    }
    if memory.isScalar { return value(of: memory.load(0)) }
    return .items((0..<memory.count).map { value(of: memory.load($0)) })
  }

  /// An element, or a slice.
  func get(_ place: Value) throws -> Value {
    if case .range(let range) = place.plain {
      let places = try places(range)
      if memory.type == .char {
        let scalars = try session.with(self, "read") {
          try memory.characters(places, session.waitLimit())
        }
        return .text(SharedHandle.string(scalars.filter { $0 != 0 }))
      }
      return .items(places.map { value(of: memory.load($0)) })
    }
    let index = try index(place)
    if memory.type == .char {
      let scalars = try session.with(self, "read") {
        try memory.characters(index..<(index + 1), session.waitLimit())
      }
      return value(of: Int(scalars[0]))
    }
    return value(of: memory.load(index))
  }

  private static func string(_ scalars: [UInt32]) -> String {
    var text = String.UnicodeScalarView()
    for scalar in scalars { text.append(Unicode.Scalar(scalar) ?? "\u{FFFD}") }
    return String(text)
  }

  /// Sets all of it.
  func set(_ value: Value) throws {
    if memory.type == .char { return try write(value, at: 0, fillsUp: true) }
    if memory.isScalar { return memory.store(0, try bits(value)) }
    guard case .list(let list) = value.plain else {
      throw ErrorObject.badValue(
        "value for \(shown)", must: "a list of \(memory.count) items", is: value.plain,
        help: "one element is set by: shm set \(name) INDEX VALUE")
    }
    guard list.items.count == memory.count else {
      throw ErrorObject(
        .range, "\(shown) has \(memory.count) elements, but the list has \(list.items.count)")
    }
    // All are looked at before the first is changed.
    let all = try list.items.map { try bits($0) }
    for (i, bits) in all.enumerated() { memory.store(i, bits) }
  }

  /// Sets an element, or a slice.
  func set(_ place: Value, _ value: Value) throws {
    if case .range(let range) = place.plain {
      let places = try places(range)
      if memory.type == .char {
        return try write(value, at: places.lowerBound, fillsUp: false, most: places.count)
      }
      guard case .list(let list) = value.plain, list.items.count == places.count else {
        throw ErrorObject.badValue(
          "value for a slice of \(shown)", must: "a list of \(places.count) items", is: value.plain)
      }
      let all = try list.items.map { try bits($0) }
      for (i, bits) in all.enumerated() { memory.store(places.lowerBound + i, bits) }
      return
    }
    let index = try index(place)
    if memory.type == .char {
      let bits = UInt32(truncatingIfNeeded: try bits(value))
      return try session.with(self, "write to") {
        try memory.write([bits], at: index, fillsUp: false, session.waitLimit())
      }
    }
    memory.store(index, try bits(value))
  }

  private func write(_ value: Value, at start: Int, fillsUp: Bool, most: Int? = nil) throws {
    guard case .string(let text) = value.plain else {
      throw ErrorObject.badValue("value for \(shown)", must: "a text", is: value.plain)
    }
    let scalars = text.string.unicodeScalars.map(\.value)
    let room = most ?? memory.count - start
    guard scalars.count <= room else {
      throw ErrorObject(
        .range, "the text has \(scalars.count) characters, but \(shown) holds \(room)",
        help: "make it larger with --count, or shorten the text")
    }
    try session.with(self, "write to") {
      try memory.write(scalars, at: start, fillsUp: fillsUp, session.waitLimit())
    }
  }

  /// Adds to an element; yields the new value.
  @inline(__always)
  func add(_ index: Int, _ amount: Value) throws -> Value {
    if case .int(let number) = amount, memory.type.range != nil, memory.type != .char,
      memory.type != .bool
    {
      if let sum = memory.add(index, number) { return .int(sum) }
      throw ErrorObject(
        .range,
        "\(memory.load(index)) and \(number) together do not fit \(memory.type.name)",
        help: "it is left as it was; a wider type holds more")
    }
    return try addOther(index, amount)
  }

  private func addOther(_ index: Int, _ amount: Value) throws -> Value {
    if memory.type.isFloat {
      switch amount.plain {
      case .int(let number): return .float(memory.add(index, Double(number)))
      case .float(let number): return .float(memory.add(index, number))
      default: break
      }
    }
    if case .float(let number) = amount.plain, let whole = Int(exactly: number),
      memory.type.range != nil, memory.type != .char, memory.type != .bool
    {
      return try add(index, .int(whole))
    }
    throw ErrorObject.badValue(
      "amount for \(shown)",
      must: memory.type == .char || memory.type == .bool
        ? "left out: \(memory.type.name) cannot be added to" : SharedHandle.phrase(memory.type),
      is: amount.plain)
  }
}

extension SharedHandle {
  /// Tells the recording of an operation, with its value where that is a number.
  @inline(never)
  func record(_ verb: OperationPoint.Verb, _ value: Value) {
    let word: (head: UInt8, bits: UInt64)? =
      switch value.plain {
      case .int(let number): (0xD3, UInt64(bitPattern: Int64(number)))
      case .float(let number): (0xCB, number.bitPattern)
      default: nil
      }
    if let word {
      // MessagePack: a head, and eight bytes with the highest first.
      var bytes: (UInt8, UInt64) = (0, 0)
      withUnsafeMutableBytes(of: &bytes) { buffer in
        buffer[0] = word.head
        buffer.storeBytes(of: word.bits.bigEndian, toByteOffset: 1, as: UInt64.self)
        Recorder.note(0, UnsafeRawBufferPointer(rebasing: buffer.prefix(9)))
      }
    }
    Recorder.operation(
      verb.rawValue, kind: UInt16(truncatingIfNeeded: channel.kind.rawValue), id: channel.id,
      outcome: 0)
  }
}
