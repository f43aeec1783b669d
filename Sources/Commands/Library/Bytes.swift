import Glibc
import Language

typealias Bytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
  /// Where a byte stands at or behind a place; nil if nowhere.
  func find(_ byte: UInt8, from start: Int) -> Int? {
    guard let base = baseAddress, start < count,
      let hit = memchr(base + start, Int32(byte), count - start)
    else { return nil }
    return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
  }

  /// A string of a part that begins and ends at scalars.
  func text(_ start: Int, _ end: Int) -> StringObject {
    StringObject.make(valid: Bytes(rebasing: self[start..<Swift.max(start, end)]))
  }

  /// How many bytes the blank at a place takes, 0 where there is none (Unicode White_Space).
  func blankLength(at place: Int) -> Int {
    let byte = self[place]
    if byte < 0x80 { return byte == 0x20 || (0x09...0x0D).contains(byte) ? 1 : 0 }
    func next(_ offset: Int) -> UInt8 { place + offset < count ? self[place + offset] : 0 }
    switch byte {
    case 0xC2: return next(1) == 0x85 || next(1) == 0xA0 ? 2 : 0
    case 0xE1: return next(1) == 0x9A && next(2) == 0x80 ? 3 : 0
    case 0xE2:
      if next(1) == 0x81 { return next(2) == 0x9F ? 3 : 0 }
      guard next(1) == 0x80 else { return 0 }
      let last = next(2)
      return (0x80...0x8A).contains(last) || last == 0xA8 || last == 0xA9 || last == 0xAF ? 3 : 0
    case 0xE3: return next(1) == 0x80 && next(2) == 0x80 ? 3 : 0
    default: return 0
    }
  }

  /// Calls `body` with the bounds of the words between blanks; the rest is one when there are more
  /// than `most`.
  func forEachWord(most: Int, _ body: (Int, Int) throws -> Void) rethrows {
    var place = 0
    var found = 0
    while true {
      while place < count, blankLength(at: place) > 0 { place += blankLength(at: place) }
      if place == count { return }
      let start = place
      if found == most { return try body(start, trimmedEnd(from: start)) }
      while place < count, blankLength(at: place) == 0 { place += 1 }
      found += 1
      try body(start, place)
    }
  }

  /// The end of what remains from a place on without the blanks at the end.
  func trimmedEnd(from start: Int) -> Int {
    var end = count
    while end > start {
      // A blank is 1 to 3 bytes long, so look for one that ends here.
      let lengths = (1...3).filter { end - $0 >= start && blankLength(at: end - $0) == $0 }
      guard let length = lengths.first else { break }
      end -= length
    }
    return end
  }

  /// The bounds without the blanks on both sides.
  var trimmed: Range<Int> {
    var start = 0
    while start < count, blankLength(at: start) > 0 { start += blankLength(at: start) }
    return start..<trimmedEnd(from: start)
  }
}
