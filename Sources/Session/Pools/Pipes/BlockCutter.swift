import Glibc

/// Finds where blocks of records end in a stream of bytes, wherever reads cut it.
///
/// A record ends behind `end` and in front of `start`, where both are given between them. A block ends
/// at the first record end at or behind its size, or behind so many records.
struct BlockCutter {
  /// When a block is large enough.
  enum Measure: Equatable {
    case bytes(Int)
    case records(Int)
  }

  private let mark: [UInt8]
  /// How much of the mark belongs to the record before.
  private let own: Int
  private let measure: Measure
  /// How many bytes of the block were taken, and how many of its records ended there.
  private(set) var length = 0
  private var records = 0

  /// - Parameters: `end` and `start` are not both empty, and the measure is at least 1.
  init(end: [UInt8], start: [UInt8], _ measure: Measure) {
    mark = end + start
    own = end.count
    self.measure = measure
  }

  /// How many bytes may be taken without being looked at: no block ends there.
  var free: Int {
    guard case .bytes(let size) = measure else { return 0 }
    return max(0, size - own - length)
  }

  /// So many of the free bytes were taken.
  mutating func skip(_ count: Int) { length += count }

  /// Takes bytes that follow those that were taken.
  ///
  /// - Returns: how many of them belong to the block, and whether it ends behind them. What is left
  ///   at the end of `bytes` may be the beginning of a mark: it is to be shown again, in front of what
  ///   comes then.
  mutating func take(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool
  ) -> (count: Int, hasEnded: Bool) {
    let least = free
    var place = min(least, bytes.count)
    while let found = BlockCutter.find(mark, in: bytes, from: place) {
      let cut = found + own
      // In front of its first record no block ends.
      if length + cut > 0 {
        guard case .records(let wanted) = measure else { return end(at: cut) }
        records += 1
        if records >= wanted { return end(at: cut) }
      }
      place = found + mark.count
    }
    let open = isLast ? 0 : openTail(bytes, from: place)
    length += bytes.count - open
    return (bytes.count - open, false)
  }

  private mutating func end(at cut: Int) -> (count: Int, hasEnded: Bool) {
    length = 0
    records = 0
    return (cut, true)
  }

  /// How many bytes at the end may be the beginning of a mark.
  private func openTail(_ bytes: UnsafeRawBufferPointer, from place: Int) -> Int {
    var count = min(mark.count - 1, bytes.count - min(place, bytes.count))
    while count > 0 {
      if bytes[(bytes.count - count)...].elementsEqual(mark[..<count]) { return count }
      count -= 1
    }
    return 0
  }

  private static func find(
    _ mark: [UInt8], in bytes: UnsafeRawBufferPointer, from start: Int
  ) -> Int? {
    guard let base = bytes.baseAddress, let first = mark.first else { return nil }
    var place = start
    while place + mark.count <= bytes.count,
      let hit = memchr(base + place, Int32(first), bytes.count - mark.count + 1 - place)
    {
      place = UnsafeRawPointer(hit) - base
      if mark.count == 1 || memcmp(hit, mark, mark.count) == 0 { return place }
      place += 1
    }
    return nil
  }
}
