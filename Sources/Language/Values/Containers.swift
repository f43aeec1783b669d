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

  /// Whether one more item needs no memory.
  @inline(__always)
  var hasRoom: Bool { items.count < items.capacity }

  /// Throws `limit` unless there is memory for so many more items.
  @inline(__always)
  func requireRoom(_ more: Int = 1) throws {
    if items.count + more > items.capacity { try makeRoom(more) }
  }

  @inline(never)
  private func makeRoom(_ more: Int) throws {
    try items.requireRoom(more)
    // Else it would grow step by step, and at last beyond what was asked for.
    if more > 1 { items.reserveCapacity(max(items.count + more, items.count * 2)) }
  }

  /// Appends a value that is no container.
  @inline(__always)
  func appendFlat(_ value: Value) { items.append(value) }

  /// Copies an item into a register; false behind the end.
  @inline(__always)
  func copyItem(_ index: Int, to slot: UnsafeMutablePointer<Value>) -> Bool {
    items.withUnsafeBufferPointer { buffer in
      guard index < buffer.count, let base = buffer.baseAddress else { return false }
      slot.copy(UnsafeMutablePointer(mutating: base + index))
      return true
    }
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
    // A size equals the number of its bytes.
    case .size(let n): return scramble(n)
    case .duration(let n), .time(let n): return scramble(n ^ 0x5A5A)
    default: return 1
    }
  }

  @inline(__always)
  private func scramble(_ int: Int) -> Int {
    Int(truncatingIfNeeded: mixHash(UInt64(bitPattern: Int64(int)), 0x1234_5678_9ABC_DEF1))
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

  /// Whether a value equals one of its numbers.
  public func contains(_ value: Value) -> Bool { place(of: value) != nil }

  /// Where a value equal to it stands among its numbers, from 0.
  public func place(of value: Value) -> Int? {
    let wanted: Int? =
      switch value {
      case .int(let int), .size(let int): int
      case .float(let float): Int(exactly: float)
      default: nil
      }
    guard let wanted, !isEmpty, wanted >= start, wanted <= last else { return nil }
    return Int(clamping: UInt(bitPattern: wanted &- start))
  }

  /// How many numbers, at most `Int.max`.
  public var count: Int {
    if isEmpty { return 0 }
    let (difference, overflow) = last.subtractingReportingOverflow(start)
    return overflow || difference == Int.max ? Int.max : difference + 1
  }
}
