import Language

/// Whether a value sorts before another; NaN sorts behind all numbers.
///
/// Values without an order between them are a `type` error that names both.
func precedes(_ a: Value, _ b: Value) throws -> Bool {
  if let isLess = a.isLess(than: b) {
    if case .float(let right) = b, right.isNaN {
      if case .float(let left) = a { return !left.isNaN }
      return true
    }
    return isLess
  }
  if a.equals(b) { return false }
  throw ErrorObject(
    .type,
    "\(a.typeName) and \(b.typeName) have no order: \(a.excerpt) and \(b.excerpt)",
    help: "order by something that is alike: --by { |x| … }")
}

extension Value {
  fileprivate var excerpt: String {
    let literal = asLiteral
    return literal.unicodeScalars.count > 40 ? literal.prefix(39) + "…" : literal
  }
}

/// Sorts values, equal ones in the order in which they came.
func sorted(_ items: [Value], descending: Bool, _ interpreter: Interpreter) throws -> [Value] {
  try items.requireCopy(3)
  if let ints = allInts(items) {
    let result =
      try descending
      ? attentively(ints, interpreter) { $1 < $0 } : attentively(ints, interpreter) { $0 < $1 }
    return result.map { .int($0) }
  }
  if let texts = allTexts(items) {
    let result =
      try descending
      ? attentively(texts, interpreter) { $1.isLess(than: $0) }
      : attentively(texts, interpreter) { $0.isLess(than: $1) }
    return result.map { .string($0) }
  }
  return try sorted(items, by: items, descending: descending, interpreter)
}

/// Sorts; of many values so that signals are noticed meanwhile.
@inline(__always)
private func attentively<T>(
  _ items: [T], _ interpreter: Interpreter, by isLess: (T, T) -> Bool
) throws -> [T] {
  if items.count < 50_000 { return items.sorted(by: isLess) }
  let attention = interpreter.host.attention
  return try items.sorted { a, b in
    if attention.pointee != 0 { try interpreter.checkAttention() }
    return isLess(a, b)
  }
}

/// Sorts values by keys, one for each.
func sorted(
  _ items: [Value], by keys: [Value], descending: Bool, _ interpreter: Interpreter
) throws -> [Value] {
  var places: [Int]
  try items.requireCopy(3)
  if let ints = allInts(keys) {
    places = try attentively(Array(items.indices), interpreter) {
      descending ? ints[$1] < ints[$0] : ints[$0] < ints[$1]
    }
  } else {
    places = Array(items.indices)
    try places.sort { a, b in
      try interpreter.checkAttention()
      return descending ? try precedes(keys[b], keys[a]) : try precedes(keys[a], keys[b])
    }
  }
  return places.map { items[$0] }
}

private func allInts(_ values: [Value]) -> [Int]? {
  var ints: [Int] = []
  ints.reserveCapacity(values.count)
  for value in values {
    guard case .int(let int) = value else { return nil }
    ints.append(int)
  }
  return ints
}

private func allTexts(_ values: [Value]) -> [StringObject]? {
  var texts: [StringObject] = []
  texts.reserveCapacity(values.count)
  for value in values {
    guard case .string(let string) = value else { return nil }
    texts.append(string)
  }
  return texts
}

/// A set of values in which equal ones count as one.
struct ValueSet {
  private var places: [Int: [Value]] = [:]

  /// Adds a value; false if an equal one was there.
  mutating func insert(_ value: Value) -> Bool {
    var hasher = Hasher()
    combine(value, into: &hasher)
    let hash = hasher.finalize()
    if let equals = places[hash], equals.contains(where: { $0.equals(value) }) { return false }
    places[hash, default: []].append(value)
    return true
  }

  /// Equal values combine alike; so do a few that are not equal.
  private func combine(_ value: Value, into hasher: inout Hasher) {
    switch value {
    case .bool(let bool): hasher.combine(bool)
    case .int(let int): hasher.combine(Double(int))
    case .size(let int): hasher.combine(Double(int))
    case .float(let float): hasher.combine(float)
    case .duration(let int), .time(let int): hasher.combine(int)
    case .string(let string): hasher.combine(string.hash)
    case .bytes(let bytes): hasher.combine(bytes.bytes)
    case .list(let list):
      hasher.combine(list.items.count)
      for item in list.items { combine(item, into: &hasher) }
    case .map(let map):
      // The order of the entries is no part of equality.
      var sum = 0
      for (key, value) in map.pairs {
        var entry = Hasher()
        combine(key, into: &entry)
        combine(value, into: &entry)
        sum &+= entry.finalize()
      }
      hasher.combine(sum)
    case .report(let report): combine(report.value, into: &hasher)
    default: hasher.combine(0)
    }
  }
}
