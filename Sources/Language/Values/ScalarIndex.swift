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

  nonisolated(unsafe) private static var kept = [ScalarIndex](repeating: ScalarIndex(), count: 16)
  nonisolated(unsafe) private static var lastStamp: UInt32 = 0

  /// The byte offset of a text's scalar `number * stride`, its end if there is none; nil if it
  /// cannot be had.
  static func offset(_ number: Int, in text: StringObject) -> Int? {
    if text.header.stamp == 0 || kept[place(text)].stamp != text.header.stamp {
      // No stamp is given twice: an older text may still have it.
      if lastStamp == UInt32.max { return nil }
      lastStamp += 1
      text.header.stamp = lastStamp
      kept[place(text)] = ScalarIndex(stamp: lastStamp, offsets: [0])
    }
    if number >= kept[place(text)].offsets.count { kept[place(text)].extend(over: text) }
    let offsets = kept[place(text)].offsets
    return number < offsets.count ? Int(offsets[number]) : text.byteCount
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
