/// The items of a list value.
///
/// Shared until one holder writes (copy-on-write in the machine).
public final class ListObject {
  public var items: [Value]
  /// 1 plus the deepest item's depth; never lowered by removals.
  public private(set) var depth: Int

  public init(_ items: [Value]) {
    self.items = items
    var deepest = 0
    for item in items { deepest = max(deepest, item.depth) }
    depth = deepest + 1
  }

  /// A list whose items are known to hold no containers deeper than `depth - 1`.
  public init(_ items: [Value], depth: Int) {
    self.items = items
    self.depth = depth
  }

  public func copy() -> ListObject { ListObject(items, depth: depth) }

  @inline(__always)
  public func append(_ value: Value) {
    noteDepth(value)
    items.append(value)
  }

  public func set(_ index: Int, _ value: Value) {
    noteDepth(value)
    items[index] = value
  }

  @inline(__always)
  func noteDepth(_ value: Value) {
    switch value {
    case .list, .map, .report: if value.depth >= depth { depth = value.depth + 1 }
    default: break
    }
  }
}

/// The entries of a map value in the order of their first setting.
///
/// An open-addressing table of indexes beside an array of entries, as in CPython's dict
/// (Raymond Hettinger's compact dict).
public final class MapObject {
  struct Entry {
    var hash: Int
    var key: Value  // .missing when removed
    var value: Value
  }

  private(set) var entries: ContiguousArray<Entry> = []
  private var table: [Int32] = []  // index + 1, 0 is free, -1 is removed
  private var removed = 0
  public private(set) var depth = 1

  public init() {}

  private init(entries: ContiguousArray<Entry>, table: [Int32], removed: Int, depth: Int) {
    self.entries = entries
    self.table = table
    self.removed = removed
    self.depth = depth
  }

  public func copy() -> MapObject {
    MapObject(entries: entries, table: table, removed: removed, depth: depth)
  }

  public var count: Int { entries.count - removed }

  /// The entries' places, for iteration: from 0 up to `end`, asking `entry(at:)`.
  public var end: Int { entries.count }

  /// The entry at a place, nil where one was removed.
  public func entry(at place: Int) -> (key: Value, value: Value)? {
    guard place < entries.count else { return nil }
    let entry = entries[place]
    if case .missing = entry.key { return nil }
    return (entry.key, entry.value)
  }

  public var keys: [Value] { pairs.map(\.key) }

  public var pairs: [(key: Value, value: Value)] {
    var result: [(key: Value, value: Value)] = []
    result.reserveCapacity(count)
    for entry in entries {
      if case .missing = entry.key { continue }
      result.append((entry.key, entry.value))
    }
    return result
  }

  @inline(__always)
  private func find(_ key: Value, _ hash: Int) -> Int? {
    if table.isEmpty { return nil }
    let mask = table.count - 1
    var slot = hash & mask
    while true {
      let index = Int(table[slot])
      if index == 0 { return nil }
      if index > 0 {
        let entry = entries[index - 1]
        if entry.hash == hash, entry.key.isSameKey(key) { return index - 1 }
      }
      slot = (slot + 1) & mask
    }
  }

  public func get(_ key: Value) -> Value? {
    guard let place = find(key, key.keyHash) else { return nil }
    return entries[place].value
  }

  public func get(_ key: String) -> Value? { get(.text(key)) }

  public func set(_ key: String, _ value: Value) { set(.text(key), value) }

  public func set(_ key: Value, _ value: Value) {
    switch value {
    case .list, .map: depth = max(depth, value.depth + 1)
    default: break
    }
    let hash = key.keyHash
    if let place = find(key, hash) {
      entries[place].value = value
      return
    }
    if (entries.count + 1) * 3 > table.count * 2 { rebuild() }
    entries.append(Entry(hash: hash, key: key, value: value))
    insertIndex(hash, entries.count)
  }

  private func insertIndex(_ hash: Int, _ index: Int) {
    let mask = table.count - 1
    var slot = hash & mask
    while table[slot] > 0 { slot = (slot + 1) & mask }
    table[slot] = Int32(truncatingIfNeeded: index)
  }

  private func rebuild() {
    if removed > 0 {
      entries.removeAll { if case .missing = $0.key { true } else { false } }
      removed = 0
    }
    var size = 8
    while size < entries.count * 3 + 3 { size *= 2 }
    table = [Int32](repeating: 0, count: size)
    for (i, entry) in entries.enumerated() { insertIndex(entry.hash, i + 1) }
  }

  /// Takes a key out; false if it was not there.
  @discardableResult
  public func remove(_ key: Value) -> Bool {
    let hash = key.keyHash
    guard let place = find(key, hash) else { return false }
    let mask = table.count - 1
    var slot = hash & mask
    while Int(table[slot]) != place + 1 { slot = (slot + 1) & mask }
    table[slot] = -1
    entries[place].key = .missing
    entries[place].value = .null
    removed += 1
    if removed * 2 > entries.count { rebuild() }
    return true
  }

  @inline(__always)
  func withValue<R>(forKey key: Value, _ body: (inout Value) throws -> R) rethrows -> R? {
    guard let place = find(key, key.keyHash) else { return nil }
    let result = try body(&entries[place].value)
    switch entries[place].value {
    case .list, .map: depth = max(depth, entries[place].value.depth + 1)
    default: break
    }
    return result
  }
}

extension Value {
  /// Whether the value may be a map's key: text, numbers and truth values.
  public var isKey: Bool {
    switch self {
    case .string, .int, .bool, .float, .duration, .size, .time: true
    default: false
    }
  }

  @inline(__always)
  var keyHash: Int {
    switch self {
    case .string(let string): return string.hash
    case .int(let int): return scramble(int)
    case .bool(let bool): return bool ? 0x51ED_270B : 0x2545_F491
    case .float(let float):
      if let int = Int(exactly: float) { return scramble(int) }
      return scramble(Int(truncatingIfNeeded: float.bitPattern))
    case .duration(let n), .size(let n), .time(let n): return scramble(n ^ 0x5A5A)
    default: return 1
    }
  }

  @inline(__always)
  private func scramble(_ int: Int) -> Int {
    Int(truncatingIfNeeded: mixHash(UInt64(bitPattern: Int64(int)), 0x1234_5678_9ABC_DEF1))
  }

  @inline(__always)
  func isSameKey(_ other: Value) -> Bool {
    switch (self, other) {
    case (.string(let a), .string(let b)): a.equals(b)
    case (.int(let a), .int(let b)): a == b
    default: self.equals(other)
    }
  }
}

/// The bytes of a bytes value.
public final class BytesObject {
  public var bytes: [UInt8]
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// A range of whole numbers, `1..5` (inclusive) or `1..<5`, kept as given.
public final class RangeObject {
  public let start: Int
  /// The last number counted in, which lies below `start` when the range is empty.
  public let last: Int
  public let isInclusive: Bool

  public init(_ start: Int, _ end: Int, inclusive: Bool) {
    self.start = start
    isInclusive = inclusive
    if inclusive {
      last = end
    } else {
      last = end == Int.min ? Int.min : end - 1
    }
    isEmpty = inclusive ? end < start : end <= start
  }

  public let isEmpty: Bool

  /// How many numbers, at most `Int.max`.
  public var count: Int {
    if isEmpty { return 0 }
    let (difference, overflow) = last.subtractingReportingOverflow(start)
    return overflow || difference == Int.max ? Int.max : difference + 1
  }
}
