import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// Numbers on a server that processes of all hosts share.
final class RedisSharedHandle: RedisHolderHandle {
  let type: ElementType
  /// How many elements there are; nil for one number.
  let count: Int?
  /// The fork depth at which `shm update` runs a block, from 1; 0 while none does.
  var updates: UInt32 = 0

  init(
    _ name: String, _ place: RedisPlace, _ holders: RedisHolders, _ type: ElementType,
    _ count: Int?
  ) {
    (self.type, self.count) = (type, count)
    super.init(name, "shm", place, holders)
  }

  override var fieldNames: [String] {
    ["name", "type", "count", "value", "holder", "fence", "on", "durability", "promise"]
  }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "type": return .text(type.name)
    case "count": return count.map { .int($0) } ?? .null
    case "value": return count ?? 1 > 1000 ? .null : try get(session.waitLimit())
    case "holder":
      let facts = try mapErrors("look at") { try holders.facts(session.waitLimit()) }
      return facts.holders.first.map { .text($0.holder) } ?? .null
    case "fence":
      let facts = try mapErrors("look at") { try holders.facts(session.waitLimit()) }
      return .int(facts.settings["fence"].flatMap { Int($0) } ?? 0)
    default: return try super.field(name)
    }
  }

  // MARK: Values as texts

  private func value(_ text: String) -> Value {
    switch type {
    case .float, .double: .float(Double(text) ?? .nan)
    case .bool: .bool(text == "1")
    default: .int(Int(text) ?? 0)
    }
  }

  /// A value as the server keeps it; throws `range` if it does not fit, `type` if it is of another kind.
  func text(_ value: Value) throws -> String {
    switch (type, value.plain) {
    case (.bool, .bool(let isTrue)): return isTrue ? "1" : "0"
    case (.float, .float(let number)) where !number.isFinite || Float(number).isFinite:
      return "\(Double(Float(number)))"
    case (.double, .float(let number)): return "\(number)"
    case (.float, .int(let number)): return "\(Double(Float(number)))"
    case (.double, .int(let number)): return "\(Double(number))"
    case (_, .float(let number)) where type.range != nil && type != .bool:
      if let whole = Int(exactly: number) { return try text(.int(whole)) }
    case (_, .int(let number)) where type.range != nil && type != .bool:
      if let range = type.range, range.contains(number) { return "\(number)" }
      let range = type.range ?? 0...0
      throw ErrorObject(
        .range,
        "\(number) does not fit \(type.name), which holds \(range.lowerBound) to \(range.upperBound)",
        help: "make it with a wider type, such as int64 or double")
    default: break
    }
    throw ErrorObject.badValue(
      "value for \(shown)",
      must: type == .bool ? "true or false" : type.isFloat ? "a number" : "a whole number",
      is: value.plain)
  }

  /// A place by its number; negative ones count from the end.
  func index(_ value: Value) throws -> Int {
    guard case .int(let number) = value.plain else {
      throw ErrorObject.badValue("index into \(shown)", must: "a whole number", is: value.plain)
    }
    let most = count ?? 1
    let place = number < 0 ? number + most : number
    guard place >= 0, place < most else {
      throw ErrorObject(
        .range, "\(shown) has no element \(number): it has \(most)",
        help: "indexes go from 0 to \(most - 1), or from -1 backwards")
    }
    return place
  }

  private func places(_ range: RangeObject) throws -> Range<Int> {
    if range.isEmpty { return 0..<0 }
    let start = try index(.int(range.start))
    let last = try index(.int(range.last))
    return start..<max(start, last) + 1
  }

  // MARK: Reading and writing

  func get(_ wait: Wait) throws -> Value {
    let texts = try mapErrors("read") { try holders.read(0..<(count ?? 1), wait) }
    if count == nil { return value(texts.first ?? "0") }
    return .items(texts.map { value($0) })
  }

  func get(_ place: Value, _ wait: Wait) throws -> Value {
    if case .range(let range) = place.plain {
      let places = try places(range)
      return .items(try mapErrors("read") { try holders.read(places, wait) }.map { value($0) })
    }
    let index = try index(place)
    return value(try mapErrors("read") { try holders.read(index..<index + 1, wait) }.first ?? "0")
  }

  func set(_ given: Value, underLock: Bool = false, _ wait: Wait) throws {
    var all: [(index: Int, text: String)] = [(0, "")]
    if let count {
      guard case .list(let list) = given.plain, list.items.count == count else {
        throw ErrorObject.badValue(
          "value for \(shown)", must: "a list of \(count) items", is: given.plain)
      }
      all = try list.items.enumerated().map { ($0.offset, try text($0.element)) }
    } else {
      all[0].text = try text(given)
    }
    try change(.set(all), underLock, wait)
  }

  func set(_ place: Value, _ given: Value, underLock: Bool = false, _ wait: Wait) throws {
    if case .range(let range) = place.plain {
      let places = try places(range)
      guard case .list(let list) = given.plain, list.items.count == places.count else {
        throw ErrorObject.badValue(
          "value for a slice of \(shown)", must: "a list of \(places.count) items", is: given.plain)
      }
      let texts = try list.items.map { try text($0) }
      try change(.set(zip(places, texts).map { ($0, $1) }), underLock, wait)
      return
    }
    try change(.set([(try index(place), try text(given))]), underLock, wait)
  }

  @discardableResult
  private func change(
    _ change: RedisHolders.Change, _ underLock: Bool, _ wait: Wait
  ) throws -> String {
    do {
      return try mapErrors("change") { try holders.change(change, underLock: underLock, wait) }
    } catch let error as ErrorObject where error.kind == .missing && underLock {
      throw lost
    }
  }

  func add(_ index: Int, _ amount: Value, _ wait: Wait) throws -> Value {
    if type.isFloat {
      return value(try change(.addNumber(index: index, amount: try text(amount)), false, wait))
    }
    guard let bounds = type.range, type != .bool else {
      throw ErrorObject(.type, "bool cannot be added to", help: "use: shm set \(name) VALUE")
    }
    var whole: Int?
    if case .int(let number) = amount.plain { whole = number }
    if case .float(let number) = amount.plain { whole = Int(exactly: number) }
    guard let whole else {
      throw ErrorObject.badValue("amount for \(shown)", must: "a whole number", is: amount.plain)
    }
    return value(try change(.add(index: index, amount: whole, bounds: bounds), false, wait))
  }

  func exchange(_ index: Int, _ old: Value, _ new: Value, _ wait: Wait) throws -> Bool {
    let (old, new) = (try text(old), try text(new))
    return try change(
      .exchange(index: index, old: old, new: new, isNumber: type.isFloat), false, wait) == "1"
  }
}

/// The verbs of shared memory where it is on a server.
enum RedisSharedVerbs {
  private static func handle(_ call: borrowing Call) throws -> RedisSharedHandle {
    try call.far(as: RedisSharedHandle.self)
  }

  static func new(
    _ call: borrowing Call, _ place: RedisPlace, _ name: String?, _ type: ElementType,
    count: Int?, initial: Value
  ) throws -> Value {
    guard type != .char else {
      throw call.error(
        .type, "shared memory on a server holds numbers, not texts",
        help: "numbers are of the types: int8 to uint64, float, double, bool")
    }
    if let count, count > 100_000 {
      throw call.error(.range, "at most 100000 elements are possible on a server")
    }
    let session = call.session
    let hosts = HostNames(call)
    return .handle(
      try session.addFar(name, prefix: "shm") { name in
        let client = place.client(place.address.key ?? name, hosts)
        let settings = [
          ("type", type.name), ("count", count.map { "\($0)" } ?? ""), ("permits", "1"),
        ]
        // Only to look at the values.
        let plain = RedisSharedHandle(
          name, place, RedisHolders(client, kind: "shm", settings), type, count)
        var texts: [String] = []
        switch initial {
        case .null, .missing: break
        case .list(let list): texts = try list.items.map { try plain.text($0) }
        default: texts = [try plain.text(initial)]
        }
        let holders = RedisHolders(client, kind: "shm", settings, initial: texts)
        let handle = RedisSharedHandle(name, place, holders, type, count)
        _ = try handle.making { try holders.make(until: $0.deadline, $0.sleeper) }
        return handle
      })
  }

  static func get(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    return call.has(1)
      ? try handle.get(call.value(1), call.waitLimit) : try handle.get(call.waitLimit)
  }

  static func set(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    if call.has(2) {
      try handle.set(call.value(1), call.value(2), call.waitLimit)
    } else {
      try handle.set(call.value(1), call.waitLimit)
    }
    return .null
  }

  static func add(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    if call.has(2) { return try handle.add(handle.index(call[1]), call[2], call.waitLimit) }
    try requireOne(handle)
    return try handle.add(0, call[1], call.waitLimit)
  }

  private static func requireOne(_ handle: RedisSharedHandle) throws {
    if handle.count == nil { return }
    throw ErrorObject(.arity, "\(handle.shown) is an array: an index is needed")
  }

  static func exchange(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let hasIndex = call.has(3)
    if !hasIndex { try requireOne(handle) }
    let index = hasIndex ? try handle.index(call[1]) : 0
    return .bool(
      try handle.exchange(
        index, call.value(hasIndex ? 2 : 1), call.value(hasIndex ? 3 : 2), call.waitLimit))
  }

  static func update(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let block = call.value(call.has(2) ? 2 : 1)
    guard case .closure = block else {
      throw call.bad("block", must: "a block or a function", at: call.has(2) ? 2 : 1)
    }
    let place: Value = call.has(2) ? .int(try handle.index(call[1])) : .null
    let wait = call.waitLimit
    let isInside = handle.holders.holds > 0
    let depth = Process.forkDepth + 1
    if isInside, handle.updates == depth {
      throw ErrorObject(
        .type, "an update of \(handle.shown) runs already: this one would be lost",
        help: "make one update of both")
    }
    if !isInside { _ = try handle.acquire(wait) }
    handle.updates = depth
    defer { handle.updates = 0 }
    do {
      let old = place.isNull ? try handle.get(wait) : try handle.get(place, wait)
      let new = try call.invoke(block, old)
      if place.isNull {
        try handle.set(new, underLock: true, wait)
      } else {
        try handle.set(place, new, underLock: true, wait)
      }
      if !isInside { try handle.release(call.session.waitLimit()) }
      return new
    } catch {
      if !isInside { handle.letGo(call.session.waitLimit(1_000_000_000)) }
      throw error
    }
  }
}
