/// Where every 64th scalar of a long text begins, so that indexing it does not count from its start.
///
/// Kept for the texts that were indexed lately. A text knows its index by a stamp: what has been
/// appended to it since lies behind what the index covers.
struct ScalarIndex {
  static let stride = 64
  /// Shorter texts are counted through.
  static let leastBytes = 256
  /// Longer ones have offsets that would not fit.
  static let mostBytes = Int(UInt32.max)

  private var stamp: UInt32 = 0
  private var offsets: [UInt32] = []

  private final class Kept {
    var indices = [ScalarIndex](repeating: ScalarIndex(), count: 16)
    var lastStamp: UInt32 = 0
  }

  nonisolated(unsafe) private static let shared = PerThread { Kept() }

  /// The byte offset of a text's scalar `number * stride`, its end if there is none; nil if it
  /// cannot be had.
  static func offset(_ number: Int, in text: StringObject) -> Int? {
    let kept = shared.state
    if text.header.stamp == 0 || kept.indices[place(text)].stamp != text.header.stamp {
      // No stamp is given twice: an older text may still have it.
      if kept.lastStamp == UInt32.max { return nil }
      kept.lastStamp += 1
      text.header.stamp = kept.lastStamp
      kept.indices[place(text)] = ScalarIndex(stamp: kept.lastStamp, offsets: [0])
    }
    let place = place(text)
    if number >= kept.indices[place].offsets.count { kept.indices[place].extend(over: text) }
    return number < kept.indices[place].offsets.count
      ? Int(kept.indices[place].offsets[number]) : text.byteCount
  }

  private static func place(_ text: StringObject) -> Int { Int(text.header.stamp & 15) }

  private mutating func extend(over text: StringObject) {
    text.withBytes { bytes in
      var seen = 0
      var offset = Int(offsets.last ?? 0)
      while offset < bytes.count {
        if bytes[offset] & 0xC0 != 0x80 {
          if seen == ScalarIndex.stride {
            offsets.append(UInt32(offset))
            seen = 0
          }
          seen += 1
        }
        offset += 1
      }
    }
  }
}
