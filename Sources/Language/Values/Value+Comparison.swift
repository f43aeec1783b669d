extension Value {
  /// Whether two values are equal; numbers by size, containers item by item.
  public func equals(_ other: Value) -> Bool {
    switch (self, other) {
    case (.null, .null), (.missing, .missing), (.null, .missing), (.missing, .null): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.int(let a), .int(let b)): return a == b
    case (.float(let a), .float(let b)): return a == b
    case (.int(let a), .float(let b)), (.float(let b), .int(let a)), (.size(let a), .float(let b)),
      (.float(let b), .size(let a)):
      return Int(exactly: b) == a
    case (.duration(let a), .duration(let b)): return a == b
    case (.size(let a), .size(let b)): return a == b
    case (.size(let a), .int(let b)), (.int(let b), .size(let a)): return a == b
    case (.time(let a), .time(let b)): return a == b
    case (.string(let a), .string(let b)): return a.equals(b)
    case (.bytes(let a), .bytes(let b)): return a.bytes == b.bytes
    case (.list(let a), .list(let b)):
      if a === b { return true }
      guard a.items.count == b.items.count else { return false }
      return zip(a.items, b.items).allSatisfy { $0.equals($1) }
    case (.map(let a), .map(let b)):
      if a === b { return true }
      guard a.count == b.count else { return false }
      return a.pairs.allSatisfy { key, value in b.get(key).map { value.equals($0) } ?? false }
    case (.range(let a), .range(let b)):
      return (a.isEmpty && b.isEmpty) || (a.start == b.start && a.last == b.last)
    case (.closure(let a), .closure(let b)): return a === b
    case (.error(let a), .error(let b)): return a === b
    case (.stream(let a), .stream(let b)): return a === b
    case (.handle(let a), .handle(let b)): return a.isSame(b)
    case (.report(let a), _): return a.value.equals(other)
    case (_, .report(let b)): return equals(b.value)
    default: return false
    }
  }

  /// Orders two values of one kind; nil where there is no order between them.
  ///
  /// A NaN is unordered: the result is false for both directions.
  public func isLess(than other: Value) -> Bool? {
    switch (self, other) {
    case (.int(let a), .int(let b)): return a < b
    case (.float(let a), .float(let b)): return a < b
    case (.int(let a), .float(let b)), (.size(let a), .float(let b)): return Exact.isLess(a, b)
    case (.float(let a), .int(let b)), (.float(let a), .size(let b)): return Exact.isLess(a, b)
    case (.string(let a), .string(let b)): return a.isLess(than: b)
    case (.duration(let a), .duration(let b)): return a < b
    case (.size(let a), .size(let b)): return a < b
    case (.size(let a), .int(let b)): return a < b
    case (.int(let a), .size(let b)): return a < b
    case (.time(let a), .time(let b)): return a < b
    case (.bool(let a), .bool(let b)): return !a && b
    case (.bytes(let a), .bytes(let b)): return a.bytes.lexicographicallyPrecedes(b.bytes)
    case (.list(let a), .list(let b)):
      for (x, y) in zip(a.items, b.items) {
        if x.equals(y) { continue }
        return x.isLess(than: y)
      }
      return a.items.count < b.items.count
    default: return nil
    }
  }
}

/// The candidate nearest to a word that was not found, if one is near enough to suggest.
///
/// Distance counts insertions, deletions, replacements and swaps of neighbours. A short word has
/// many others near it, so that more of it must be right.
///
/// - Parameter isCareful: of many candidates, as all programs, only take one that is hardly another.
public func nearest(
  _ word: String, among candidates: some Sequence<String>, isCareful: Bool = false
) -> String? {
  let target = Array(word.unicodeScalars)
  guard !target.isEmpty, target.count <= 64 else { return nil }
  let limit = max(1, min(isCareful ? 2 : 3, target.count / (isCareful ? 4 : 3)))
  var best: (String, Int)?
  for candidate in candidates where candidate != word {
    let other = Array(candidate.unicodeScalars)
    if abs(other.count - target.count) > limit { continue }
    let distance = editDistance(target, other)
    guard distance <= limit, distance < target.count, distance < best?.1 ?? Int.max else {
      continue
    }
    if target.count <= (isCareful ? 6 : 4), !isPlausible(target, other, isCareful) { continue }
    best = (candidate, distance)
  }
  return best?.0
}

/// Whether a short word may be a slip for another: two letters swapped, or one left out or doubled
/// behind the first; a replaced one only where most others are right.
private func isPlausible(_ word: [Unicode.Scalar], _ other: [Unicode.Scalar], _ isCareful: Bool)
  -> Bool
{
  if word.count == other.count, word.sorted() == other.sorted() { return true }
  guard word.first == other.first else { return false }
  if word.count != other.count { return min(word.count, other.count) > (isCareful ? 2 : 1) }
  return word.count > (isCareful ? 4 : 3)
}

private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforeLast[j - 1] + 1)
      }
      row.append(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
