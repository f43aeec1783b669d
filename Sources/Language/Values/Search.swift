import Glibc

extension UnsafeBufferPointer<UInt8> {
  /// Where a needle that is not empty stands at or behind a place; nil if nowhere.
  ///
  /// In UTF-8 a text is never found inside another scalar, so bytes suffice for texts.
  public func find(_ needle: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard let base = baseAddress, let wanted = needle.baseAddress else { return nil }
    // Comparing at each hit of the first byte takes the product of both lengths at worst.
    if needle.count > 32 { return findLong(needle, from: start) }
    var place = start
    while count - place >= needle.count {
      let room = count - place - needle.count + 1
      guard let hit = memchr(base + place, Int32(needle[0]), room) else { return nil }
      place = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
      if memcmp(base + place, wanted, needle.count) == 0 { return place }
      place += 1
    }
    return nil
  }

  /// By a rolling hash (Karp and Rabin 1987): each byte is looked at twice.
  private func findLong(_ needle: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    let length = needle.count
    guard count - start >= length, let base = baseAddress, let wanted = needle.baseAddress else {
      return nil
    }
    let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
    var leaving: UInt64 = 1
    var sought: UInt64 = 0
    var seen: UInt64 = 0
    for i in 0..<length {
      if i > 0 { leaving &*= factor }
      sought = sought &* factor &+ UInt64(needle[i])
      seen = seen &* factor &+ UInt64(self[start + i])
    }
    var place = start
    while true {
      if seen == sought, memcmp(base + place, wanted, length) == 0 { return place }
      if place + length >= count { return nil }
      seen = (seen &- UInt64(self[place]) &* leaving) &* factor &+ UInt64(self[place + length])
      place += 1
    }
  }
}
