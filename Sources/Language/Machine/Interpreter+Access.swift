/// Reading inside values: indexes, fields, slices.
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
      let part = range.bounds(within: list.items.count)
      try LargeMemory.require(part.count, of: MemoryLayout<Value>.stride)
      return .list(ListObject(Array(list.items[part])))
    case (.string(let text), .int(let i)):
      let count = text.scalarCount
      let at = i < 0 ? i + count : i
      return at >= 0 && at < count ? .string(text.slice(at, at + 1)) : nil
    case (.string(let text), .range(let range)):
      let part = range.bounds(within: text.scalarCount)
      try LargeMemory.require(min(text.byteCount, part.count &* 4))
      return .string(text.slice(part.lowerBound, part.upperBound))
    case (.bytes(let bytes), .int(let i)):
      let at = i < 0 ? i + bytes.bytes.count : i
      return bytes.bytes.indices.contains(at) ? .int(Int(bytes.bytes[at])) : nil
    case (.bytes(let bytes), .range(let range)):
      let part = range.bounds(within: bytes.bytes.count)
      try LargeMemory.require(part.count)
      return .bytes(BytesObject(Array(bytes.bytes[part])))
    case (.range(let range), .int(let i)):
      let at = i < 0 ? i + range.count : i
      return at >= 0 && at < range.count ? .int(range.start &+ at) : nil
    case (.range(let range), .range(let part)):
      let places = part.bounds(within: range.count)
      if places.isEmpty { return .range(RangeObject(range.start, range.start, inclusive: false)) }
      let first = range.start &+ places.lowerBound
      let last = range.start &+ (places.upperBound - 1)
      return .range(RangeObject(first, last, inclusive: true))
    case (.map(let map), _):
      guard key.isKey else { throw badKey(key) }
      return map.get(key)
    case (.report(let report), _): return try lookUp(report.value, key)
    case (.handle, .string(let name)), (.error, .string(let name)):
      return try fieldValue(base, name.string)
    default:
      switch base {
      case .list, .string, .bytes, .range:
        throw ErrorObject(
          .type,
          "the index of a \(base.typeName) must be a whole number or a range, but is "
            + key.described)
      default: break
      }
      throw ErrorObject(.type, "\(base.typeName) has no items: \(base.excerpt)")
    }
  }

  func missingKey(_ base: Value, _ key: Value) -> ErrorObject {
    switch base.plain {
    case .map(let map):
      let near: String? =
        if case .string(let name) = key {
          nearest(name.string, among: map.keys.map(\.asText))
        } else { nil }
      let keys = namesText(map.keys.prefix(13).map(\.asText), limit: 12)
      return ErrorObject(
        .missing, "the map has no key \(key.asLiteral)",
        help: near.map { "did you mean '\($0)'?" }
          ?? (map.count == 0 ? "it is empty" : "its keys are: \(keys); '?? …' gives a default"))
    case .list(let list):
      return ErrorObject(
        .range,
        "the list has \(counted(list.items.count, "item")), so there is no index \(key.asLiteral)",
        help: "indexes run from 0, and from -1 back from the end; '?? …' gives a default")
    case .string(let text):
      return ErrorObject(
        .range,
        "the text has \(counted(text.scalarCount, "character")), so there is no index "
          + key.asLiteral)
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
    case .handle(let handle):
      if let fieldStandIn { return try fieldStandIn(handle, name) }
      return try handle.field(name)
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
    case .closure:
      return ErrorObject(
        .type, "a block has no fields", help: "a map is written [a: 1], an empty one [:]")
    default:
      return ErrorObject(.type, "\(base.typeName) has no fields: \(base.excerpt)")
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

extension RangeObject {
  /// The places it means in something of `count` items: negative ends count from the end, and what
  /// lies outside is left out.
  public func bounds(within count: Int) -> Range<Int> {
    func place(_ i: Int) -> Int { i < 0 ? max(0, i &+ count) : min(i, count) }
    let start = place(start)
    let last = isInclusive ? last : last &+ 1
    var end = last < 0 ? last &+ count : min(last, count)
    if isInclusive { end = min(count, end &+ 1) }
    return start..<max(start, min(max(0, end), count))
  }
}
