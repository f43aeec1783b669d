/// The entries of a map value in the order of their first setting.
///
/// An open-addressing table of indexes beside an array of entries, as in CPython's dict
/// (Raymond Hettinger's compact dict), both in plain memory.
public final class MapObject {
  struct Entry {
    var hash: Int
    var key: Value  // .missing when removed
    var value: Value
  }

  /// Entries in use, removed ones included.
  private var used = 0
  private var room = 0
  private var entries: UnsafeMutablePointer<Entry>?
  /// A power of two of indexes + 1; 0 is free, -1 is removed.
  private var table: UnsafeMutablePointer<Int32>?
  private var mask = 0
  private var removed = 0
  public private(set) var depth = 1
  /// Makes the entries where they are asked for, until the map is changed.
  private var source: EntrySource?

  public init() {}

  /// A map of what a source has.
  ///
  /// - Parameter depth: of the deepest value, 0 without containers.
  public init(_ source: EntrySource, depth: Int) {
    self.source = source
    self.depth = depth + 1
  }

  /// Makes room for a number of entries that is known beforehand.
  public init(room: Int) { if room > 0 { grow(to: room) } }

  deinit { free() }

  private func free() {
    entries?.deinitialize(count: used)
    entries?.deallocate()
    table?.deallocate()
  }

  public func copy() -> MapObject {
    let copy = MapObject()
    copy.depth = depth
    copy.source = source
    guard let entries, let table else { return copy }
    let newEntries = UnsafeMutablePointer<Entry>.allocate(capacity: room)
    newEntries.initialize(from: entries, count: used)
    let newTable = UnsafeMutablePointer<Int32>.allocate(capacity: mask + 1)
    newTable.initialize(from: table, count: mask + 1)
    copy.entries = newEntries
    copy.table = newTable
    copy.used = used
    copy.room = room
    copy.mask = mask
    copy.removed = removed
    return copy
  }

  /// Whether the entries are made where they are asked for.
  @inline(__always)
  var isLazy: Bool { source != nil }

  public var count: Int { source?.keys.count ?? (used - removed) }

  /// The entries' places, for iteration: from 0 up to `end`, asking `entry(at:)`.
  public var end: Int { source?.keys.count ?? used }

  /// The entry at a place, nil where one was removed.
  public func entry(at place: Int) -> (key: Value, value: Value)? {
    if let source { return source.entry(at: place) }
    guard let entries, place >= 0, place < used else { return nil }
    if case .missing = entries[place].key { return nil }
    return (entries[place].key, entries[place].value)
  }

  public var keys: [Value] { pairs.map(\.key) }

  public var pairs: [(key: Value, value: Value)] {
    var result: [(key: Value, value: Value)] = []
    result.reserveCapacity(count)
    for place in 0..<end {
      if let entry = entry(at: place) { result.append(entry) }
    }
    return result
  }

  @inline(__always)
  private func find(_ key: Value, _ hash: Int) -> UnsafeMutablePointer<Entry>? {
    guard let table, let entries else { return makeEntries() ? find(key, hash) : nil }
    let raw = RawValue(key)
    var slot = hash & mask
    while true {
      let index = Int(table[slot])
      if index == 0 { return nil }
      if index > 0 {
        let entry = entries + (index - 1)
        if entry.pointee.hash == hash, isKey(of: entry, key, raw) { return entry }
      }
      slot = (slot + 1) & mask
    }
  }

  /// Makes all entries of the source; false if there is none.
  @inline(never)
  private func makeEntries() -> Bool {
    guard let source else { return false }
    self.source = nil
    let count = source.keys.count
    if count == 0 { return false }
    grow(to: count)
    for place in 0..<count {
      if let entry = source.entry(at: place) { set(entry.key, entry.value) }
    }
    return true
  }

  /// The same object or number is the same key at a glance.
  @inline(__always)
  private func isKey(of entry: UnsafeMutablePointer<Entry>, _ key: Value, _ raw: RawValue) -> Bool {
    RawValue(at: entry) == raw || entry.pointee.key.equals(key)
  }

  /// Payload and tag, as they lie in memory.
  private struct RawValue: Equatable {
    let payload: UInt64
    let tag: UInt8

    @inline(__always)
    init(_ value: Value) {
      let parts = unsafeBitCast(value, to: (UInt64, UInt8).self)
      payload = parts.0
      tag = parts.1
    }

    @inline(__always)
    init(at entry: UnsafeMutablePointer<Entry>) {
      let key = UnsafeRawPointer(entry) + MapObject.keyOffset
      payload = key.load(as: UInt64.self)
      tag = key.load(fromByteOffset: 8, as: UInt8.self)
    }
  }

  /// The place of the value for a text key in a register, without counting references.
  @inline(__always)
  func valuePlace(forText key: Slot) -> Slot? {
    guard let table, let entries else { return makeEntries() ? valuePlaceAgain(key) : nil }
    let hash = key.object(StringObject.self)._withUnsafeGuaranteedRef { $0.hash }
    var slot = hash & mask
    while true {
      let index = Int(table[slot])
      if index == 0 { return nil }
      if index > 0 {
        let entry = entries + (index - 1)
        if entry.pointee.hash == hash,
          RawValue(at: entry).payload == UInt64(UInt(bitPattern: key.rawInt))
            || entry.pointee.key.equals(key.pointee)
        {
          return (UnsafeMutableRawPointer(entry) + MapObject.valueOffset)
            .assumingMemoryBound(to: Value.self)
        }
      }
      slot = (slot + 1) & mask
    }
  }

  @inline(never)
  private func valuePlaceAgain(_ key: Slot) -> Slot? { valuePlace(forText: key) }

  private static var valueOffset: Int { MemoryLayout<Entry>.offset(of: \.value) ?? 24 }
  private static var keyOffset: Int { MemoryLayout<Entry>.offset(of: \.key) ?? 8 }

  public func get(_ key: Value) -> Value? {
    if let source { return source.value(of: key) }
    return find(key, key.keyHash)?.pointee.value
  }

  public func get(_ key: String) -> Value? { get(.text(key)) }

  public func set(_ key: String, _ value: Value) { set(.text(key), value) }

  public func set(_ key: Value, _ value: Value) {
    switch value {
    case .list, .map: depth = max(depth, value.depth + 1)
    default: break
    }
    let hash = key.keyHash
    if let entry = find(key, hash) {
      entry.pointee.value = value
      return
    }
    if used == room { rebuild() }
    guard let entries else { return }
    (entries + used).initialize(to: Entry(hash: hash, key: key, value: value))
    used += 1
    insertIndex(hash, used)
  }

  private func insertIndex(_ hash: Int, _ index: Int) {
    guard let table else { return }
    var slot = hash & mask
    while table[slot] > 0 { slot = (slot + 1) & mask }
    table[slot] = Int32(truncatingIfNeeded: index)
  }

  /// Drops removed entries and makes room for as many again; the table stays at most 2/3 full.
  private func rebuild() { grow(to: max(5, count * 2)) }

  private func grow(to newRoom: Int) {
    let newEntries = UnsafeMutablePointer<Entry>.allocate(capacity: newRoom)
    var kept = 0
    if let entries {
      for i in 0..<used {
        if case .missing = entries[i].key { continue }
        (newEntries + kept).initialize(to: entries[i])
        kept += 1
      }
    }
    free()
    var size = 8
    while size * 2 < newRoom * 3 { size *= 2 }
    let newTable = UnsafeMutablePointer<Int32>.allocate(capacity: size)
    newTable.initialize(repeating: 0, count: size)
    entries = newEntries
    table = newTable
    mask = size - 1
    used = kept
    room = newRoom
    removed = 0
    for i in 0..<kept { insertIndex(newEntries[i].hash, i + 1) }
  }

  /// Takes a key out; false if it was not there.
  @discardableResult
  public func remove(_ key: Value) -> Bool {
    let hash = key.keyHash
    guard let entry = find(key, hash), let entries, let table else { return false }
    let index = entry - entries + 1
    var slot = hash & mask
    while Int(table[slot]) != index { slot = (slot + 1) & mask }
    table[slot] = -1
    entry.pointee.key = .missing
    entry.pointee.value = .null
    removed += 1
    if removed * 2 > used { rebuild() }
    return true
  }

  /// Throws `limit` unless there is memory for one more entry.
  @inline(__always)
  public func requireRoom() throws {
    if used == room { try LargeMemory.require(bytes(for: count * 2)) }
  }

  /// Throws `limit` unless there is memory for a copy.
  @inline(__always)
  public func requireCopy() throws { try LargeMemory.require(bytes(for: room)) }

  /// What the entries and the table take, at most.
  private func bytes(for room: Int) -> Int {
    room &* (MemoryLayout<Entry>.stride + 3 * MemoryLayout<Int32>.stride)
  }

  /// Calls `body` with the place of a key's value; nil if there is no such key.
  @inline(__always)
  func withValue<R>(
    forKey key: Value, _ body: (UnsafeMutablePointer<Value>) throws -> R
  ) rethrows -> R? {
    guard let entry = find(key, key.keyHash) else { return nil }
    let result = try withUnsafeMutablePointer(to: &entry.pointee.value) { try body($0) }
    switch entry.pointee.value {
    case .list, .map: depth = max(depth, entry.pointee.value.depth + 1)
    default: break
    }
    return result
  }
}
