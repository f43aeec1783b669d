/// Reading and writing inside values: indexes, fields, paths, appending in place.
extension Interpreter {
  @inline(never)
  func index(_ base: Value, _ key: Value) throws -> Value {
    if let result = try lookUp(base, key) { return result }
    throw missingKey(base, key)
  }

  @inline(never)
  func softIndex(_ base: Value, _ key: Value) throws -> Value {
    if base.isNull { return .null }
    return try lookUp(base, key) ?? .null
  }

  /// An item, nil where the key or index does not exist.
  private func lookUp(_ base: Value, _ key: Value) throws -> Value? {
    let key = key.plain
    switch (base, key) {
    case (.list(let list), .int(let i)): return list.item(i)
    case (.list(let list), .range(let range)):
      let (start, end) = slice(range, list.items.count)
      return .list(ListObject(Array(list.items[start..<end])))
    case (.string(let text), .int(let i)):
      let count = text.scalarCount
      let at = i < 0 ? i + count : i
      return at >= 0 && at < count ? .string(text.slice(at, at + 1)) : nil
    case (.string(let text), .range(let range)):
      let (start, end) = slice(range, text.scalarCount)
      return .string(text.slice(start, end))
    case (.bytes(let bytes), .int(let i)):
      let at = i < 0 ? i + bytes.bytes.count : i
      return bytes.bytes.indices.contains(at) ? .int(Int(bytes.bytes[at])) : nil
    case (.bytes(let bytes), .range(let range)):
      let (start, end) = slice(range, bytes.bytes.count)
      return .bytes(BytesObject(Array(bytes.bytes[start..<end])))
    case (.range(let range), .int(let i)):
      let at = i < 0 ? i + range.count : i
      return at >= 0 && at < range.count ? .int(range.start &+ at) : nil
    case (.map(let map), _):
      guard key.isKey else { throw badKey(key) }
      return map.get(key)
    case (.report(let report), _): return try lookUp(report.value, key)
    case (.handle, .string(let name)), (.error, .string(let name)):
      return try fieldValue(base, name.string)
    default:
      if case .list = base {
        throw ErrorObject(.type, "a list's index must be a whole number, but is \(key.described)")
      }
      throw ErrorObject(.type, "\(base.typeName) has no items: \(base.excerpt)")
    }
  }

  /// The bounds of a slice: negative ends count from the end, and are clamped.
  private func slice(_ range: RangeObject, _ count: Int) -> (Int, Int) {
    func place(_ i: Int) -> Int { i < 0 ? max(0, i &+ count) : min(i, count) }
    let start = place(range.start)
    let last = range.isInclusive ? range.last : range.last &+ 1
    let isFromEnd = last < 0 || (range.isInclusive && last < 0)
    var end = isFromEnd ? last &+ count : min(last, count)
    if range.isInclusive { end = min(count, end &+ 1) }
    end = max(start, min(max(0, end), count))
    return (start, end)
  }

  private func missingKey(_ base: Value, _ key: Value) -> ErrorObject {
    switch base.plain {
    case .map(let map):
      let near: String? =
        if case .string(let name) = key {
          nearest(name.string, among: map.keys.map(\.asText))
        } else { nil }
      let keys = map.keys.prefix(12).map(\.asText).joined(separator: ", ")
      return ErrorObject(
        .missing, "the map has no key \(key.asLiteral)",
        help: near.map { "did you mean '\($0)'?" }
          ?? (map.count == 0 ? "it is empty" : "its keys are: \(keys)"))
    case .list(let list):
      return ErrorObject(
        .range, "the list has \(list.items.count) items, so there is no index \(key.asLiteral)",
        help: "indexes run from 0, and from -1 back from the end; '?? …' gives a default")
    case .string(let text):
      return ErrorObject(
        .range, "the text has \(text.scalarCount) characters, so there is no index \(key.asLiteral)"
      )
    default:
      return ErrorObject(.range, "there is no index \(key.asLiteral)")
    }
  }

  @inline(never)
  func field(_ base: Value, _ name: Value) throws -> Value {
    guard case .string(let key) = name else { return .null }
    if case .map(let map) = base {
      if let value = map.get(name) { return value }
      throw missingKey(base, name)
    }
    if let value = try fieldValue(base, key.string) { return value }
    throw noField(base, key.string)
  }

  @inline(never)
  func softField(_ base: Value, _ name: Value) throws -> Value {
    if base.isNull { return .null }
    if case .map(let map) = base { return map.get(name) ?? .null }
    return try fieldValue(base, name.asText) ?? .null
  }

  private func fieldValue(_ base: Value, _ name: String) throws -> Value? {
    switch base {
    case .map(let map): return map.get(name)
    case .handle(let handle): return try handle.field(name)
    case .error(let error): return error.field(name)
    case .report(let report): return try fieldValue(report.value, name)
    default: return nil
    }
  }

  private func noField(_ base: Value, _ name: String) -> ErrorObject {
    switch base {
    case .handle(let handle):
      let names = handle.fieldNames
      return ErrorObject(
        .missing, "a \(handle.typeName) has no field '\(name)'",
        help: nearest(name, among: names).map { "did you mean '\($0)'?" }
          ?? (names.isEmpty ? nil : "its fields are: " + names.joined(separator: ", ")))
    case .error:
      return ErrorObject(
        .missing, "the error has no field '\(name)'",
        help: "its fields are: kind, message, span, trace, help")
    case .report(let report): return noField(report.value, name)
    case .list:
      return ErrorObject(
        .type, "a list has no fields", help: "take an item first, as [0].\(name)")
    case .null, .missing:
      return ErrorObject(
        .type, "null has no field '\(name)'", help: "'… ?? …' gives a default")
    default:
      return ErrorObject(.type, "\(base.typeName) has no fields: \(base.excerpt)")
    }
  }

  // MARK: Writing

  @inline(__always)
  func place(
    _ kind: Int, _ index: Int, _ base: Slot, _ constants: Slot, _ cells: UnsafeMutablePointer<Cell>?
  ) -> PlaceReference {
    switch kind {
    case Place.register.rawValue: return .slot(base + index)
    case Place.captured.rawValue:
      if let cells { return .cell(cells[index]) }
      return .slot(base + index)
    default:
      let slot = (kind == Place.cell.rawValue ? base : constants) + index
      if case .cell(let cell) = slot.pointee { return .cell(cell) }
      return .slot(slot)
    }
  }

  /// A variable's storage.
  enum PlaceReference {
    case slot(Slot)
    case cell(Cell)

    @inline(__always)
    func with<R>(_ body: (Slot) throws -> R) rethrows -> R {
      switch self {
      case .slot(let slot): try body(slot)
      case .cell(let cell): try withUnsafeMutablePointer(to: &cell.value) { try body($0) }
      }
    }
  }

  @inline(__always)
  func push(_ place: PlaceReference, _ item: Slot) throws {
    try place.with { slot in
      if slot.tag == Tag.list {
        if slot.isUnique(ListObject.self) {
          slot.object(ListObject.self)._withUnsafeGuaranteedRef { $0.append(item.pointee) }
          if item.tag == Tag.list || item.tag == Tag.map { _ = try checkedDepth(slot.pointee) }
          return
        }
        if case .list(let list) = slot.pointee {
          let copy = list.copy()
          copy.append(item.pointee)
          slot.pointee = try checkedDepth(.list(copy))
          return
        }
      }
      slot.pointee = try combine(.add, slot.pointee, .items([item.pointee]))
    }
  }

  /// `place += value`; text and lists that nobody else holds grow in place.
  @inline(never)
  func addTo(_ place: PlaceReference, _ value: Slot) throws {
    try place.with { slot in
      if slot.tag == Tag.string, value.tag == Tag.string {
        let more = value.object(StringObject.self)
        // Before `own` holds a reference, and false where the value is the text itself.
        let isUnique = slot.isUnique(StringObject.self)
        try checkLength(
          slot.object(StringObject.self)._withUnsafeGuaranteedRef { $0.byteCount },
          more._withUnsafeGuaranteedRef { $0.byteCount })
        let own = slot.object(StringObject.self)
        let result = more._withUnsafeGuaranteedRef { more in
          more.withBytes { bytes in
            own._withUnsafeGuaranteedRef { $0.appending(bytes, unique: isUnique) }
          }
        }
        slot.pointee = .string(result)
      } else if slot.tag == Tag.list, value.tag == Tag.list, slot.isUnique(ListObject.self) {
        let more = value.object(ListObject.self)._withUnsafeGuaranteedRef { $0.items }
        try slot.object(ListObject.self)._withUnsafeGuaranteedRef { list in
          try checkItems(list.items.count, more.count)
          for item in more { list.append(item) }
        }
        _ = try checkedDepth(slot.pointee)
      } else {
        slot.pointee = try combine(.add, slot.pointee, value.pointee)
      }
    }
  }

  @inline(never)
  func setPath(_ place: PlaceReference, _ keys: Slot, _ count: Int, _ value: Value) throws {
    try place.with { slot in
      try setPath(slot, keys, count, value.plain)
      if slot.pointee.depth > maximumDepth {
        throw ErrorObject(.limit, "values can be nested at most \(maximumDepth) levels deep")
      }
    }
  }

  private func setPath(_ slot: Slot, _ keys: Slot, _ count: Int, _ value: Value) throws {
    switch slot.tag {
    case Tag.list:
      if !slot.isUnique(ListObject.self), case .list(let shared) = slot.pointee {
        slot.pointee = .list(shared.copy())
      }
      let list = slot.object(ListObject.self)
      try list._withUnsafeGuaranteedRef { list in
        guard case .int(let i) = keys.pointee.plain else {
          throw ErrorObject(
            .type, "a list's index must be a whole number, but is \(keys.pointee.described)")
        }
        let at = i < 0 ? i + list.items.count : i
        guard list.items.indices.contains(at) else {
          throw missingKey(slot.pointee, keys.pointee)
        }
        if count == 1 {
          list.set(at, value)
        } else {
          try list.items.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { try setPath(base + at, keys + 1, count - 1, value) }
          }
          list.noteDepth(list.items[at])
        }
      }
    case Tag.map:
      if !slot.isUnique(MapObject.self), case .map(let shared) = slot.pointee {
        slot.pointee = .map(shared.copy())
      }
      try slot.object(MapObject.self)._withUnsafeGuaranteedRef { map in
        let key = keys.pointee.plain
        guard key.isKey else { throw badKey(key) }
        if count == 1 {
          map.set(key, value)
        } else {
          let done: Void? = try map.withValue(forKey: key) {
            try setPath($0, keys + 1, count - 1, value)
          }
          if done == nil { throw missingKey(slot.pointee, key) }
        }
      }
    default:
      if case .handle(let handle) = slot.pointee, count == 1 {
        try handle.setField(keys.pointee.asText, value)
        return
      }
      let help: String? =
        if case .string = slot.pointee { "texts cannot be changed; build a new one" } else { nil }
      throw ErrorObject(
        .type,
        "\(slot.pointee.typeName) has no items that could be assigned: \(slot.pointee.excerpt)",
        help: help)
    }
  }
}

extension ListObject {
  /// The item at an index, negative ones from the end; nil outside.
  @inline(__always)
  func item(_ index: Int) -> Value? {
    let at = index < 0 ? index &+ items.count : index
    return at >= 0 && at < items.count ? items[at] : nil
  }
}
