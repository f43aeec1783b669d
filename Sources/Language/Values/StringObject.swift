import Glibc

/// What stands before the bytes of a string, in little space since most strings are short.
public struct StringHeader {
  /// Bytes in use.
  var count: Int
  /// 0 until asked for.
  var hash: UInt32 = 0
  /// Bytes there is room for behind those in use, at least.
  var spare: UInt32
  /// The number of Unicode scalars plus one; 0 until asked for, and where it is larger.
  var scalarsPlusOne: UInt32 = 0
  /// Of the `ScalarIndex` that was made of it, 0 for none.
  var stamp: UInt32 = 0
}

/// The text of a string value: valid UTF-8 in the object's own tail, so that a string is one
/// allocation and joining copies memory only once.
public final class StringObject: ManagedBuffer<StringHeader, UInt8> {
  /// Makes a string of `count` bytes that `fill` must write completely, as valid UTF-8.
  public static func make(
    count: Int, capacity: Int = 0, fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> StringObject {
    let room = max(count, capacity, 8)
    let buffer = StringObject.create(minimumCapacity: room) { _ in
      StringHeader(count: count, spare: UInt32(clamping: room - count))
    }
    buffer.withUnsafeMutablePointerToElements(fill)
    return unsafeDowncast(buffer, to: StringObject.self)
  }

  public static func make(_ string: String) -> StringObject {
    var string = string
    return string.withUTF8 { make(valid: $0) }
  }

  /// Copies bytes that are known to be valid UTF-8.
  public static func make(valid bytes: UnsafeBufferPointer<UInt8>) -> StringObject {
    make(count: bytes.count) { target in
      if let base = bytes.baseAddress { target.update(from: base, count: bytes.count) }
    }
  }

  /// Decodes bytes, replacing what is not UTF-8 by U+FFFD.
  public static func make(decoding bytes: some Collection<UInt8>) -> StringObject {
    make(String(decoding: bytes, as: UTF8.self))
  }

  /// The bytes that there is room for.
  var capacityInBytes: Int { header.count + Int(header.spare) }

  /// A copy with more room.
  func copy(capacity: Int) -> StringObject {
    StringObject.make(count: byteCount, capacity: capacity) { target in
      withUnsafeMutablePointerToElements { target.update(from: $0, count: byteCount) }
    }
  }

  /// Appends `count` bytes, for which there is room, that `body` writes; not valid UTF-8 by halves.
  func fill(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    try withUnsafeMutablePointers { header, bytes in
      try body(UnsafeMutableRawBufferPointer(start: bytes + header.pointee.count, count: count))
      header.pointee.count += count
      header.pointee.spare -= UInt32(count)
    }
  }

  /// The length in bytes.
  public var byteCount: Int { header.count }

  public var string: String {
    withBytes { String(decoding: $0, as: UTF8.self) }
  }

  @inline(__always)
  public func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    try withUnsafeMutablePointers { header, bytes in
      try body(UnsafeBufferPointer(start: bytes, count: header.pointee.count))
    }
  }

  /// The length in Unicode scalars, as Python's `len` counts.
  public var scalarCount: Int {
    if header.scalarsPlusOne > 0 { return Int(header.scalarsPlusOne) - 1 }
    let count = header.count - withBytes(continuationBytes)
    header.scalarsPlusOne = UInt32(exactly: count + 1) ?? 0
    return count
  }

  public var isASCII: Bool { scalarCount == byteCount }

  /// The byte offset of a scalar index between 0 and `scalarCount`.
  public func offset(ofScalar index: Int) -> Int {
    if isASCII { return index }
    let stride = ScalarIndex.stride
    if byteCount >= ScalarIndex.leastBytes, byteCount <= ScalarIndex.mostBytes,
      let start = ScalarIndex.offset(index / stride, in: self)
    {
      return advanced(from: start, by: index % stride)
    }
    return advanced(from: 0, by: index)
  }

  /// The byte offset some scalars behind one that begins at an offset.
  private func advanced(from start: Int, by scalars: Int) -> Int {
    withBytes { bytes in
      var offset = start
      for _ in 0..<scalars where offset < bytes.count {
        offset += 1
        while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
      }
      return offset
    }
  }

  /// The scalars from `start` up to `end`, both within 0 to `scalarCount`.
  public func slice(_ start: Int, _ end: Int) -> StringObject {
    if start >= end { return StringObject.make(count: 0) { _ in } }
    let from = offset(ofScalar: start)
    let isNear = end - start <= ScalarIndex.stride && !isASCII
    let to = isNear ? advanced(from: from, by: end - start) : offset(ofScalar: end)
    return withBytes { StringObject.make(valid: UnsafeBufferPointer(rebasing: $0[from..<to])) }
  }

  /// A hash of the bytes, never 0, kept after the first call.
  public var hash: Int {
    if header.hash != 0 { return Int(header.hash) }
    let bits = withBytes(hashBytes)
    let result = max(1, UInt32(truncatingIfNeeded: bits ^ bits >> 32))
    header.hash = result
    return Int(result)
  }

  public func equals(_ other: StringObject) -> Bool {
    if self === other { return true }
    let count = header.count
    if count != other.header.count { return false }
    return withUnsafeMutablePointerToElements { left in
      other.withUnsafeMutablePointerToElements { right in memcmp(left, right, count) == 0 }
    }
  }

  public func equals(_ other: StaticString) -> Bool {
    header.count == other.utf8CodeUnitCount
      && withUnsafeMutablePointerToElements { memcmp($0, other.utf8Start, header.count) == 0 }
  }

  /// Orders by bytes, which for UTF-8 is the order of the scalars.
  public func isLess(than other: StringObject) -> Bool {
    let count = min(header.count, other.header.count)
    let order = withUnsafeMutablePointerToElements { left in
      other.withUnsafeMutablePointerToElements { right in memcmp(left, right, count) }
    }
    return order != 0 ? order < 0 : header.count < other.header.count
  }

  /// Throws `limit` unless there is memory for so many bytes to be appended.
  @inline(__always)
  func requireRoom(_ more: Int, unique: Bool) throws {
    if unique, more <= header.spare { return }
    let total = header.count + more
    try LargeMemory.require(unique ? total * 2 : total)
  }

  /// This string with more bytes behind it: itself when it is `unique` and has room, else a copy
  /// with room to grow.
  func appending(_ bytes: UnsafeBufferPointer<UInt8>, unique: Bool) -> StringObject {
    let old = header.count
    let total = old + bytes.count
    guard unique, bytes.count <= header.spare else {
      return StringObject.make(count: total, capacity: unique ? total * 2 : total) { target in
        withUnsafeMutablePointerToElements { target.update(from: $0, count: old) }
        if let base = bytes.baseAddress { (target + old).update(from: base, count: bytes.count) }
      }
    }
    withUnsafeMutablePointerToElements { own in
      if let base = bytes.baseAddress { (own + old).update(from: base, count: bytes.count) }
    }
    header.count = total
    header.hash = 0
    header.spare -= UInt32(bytes.count)
    if header.scalarsPlusOne > 0 {
      let more = bytes.count - continuationBytes(bytes)
      header.scalarsPlusOne = UInt32(exactly: Int(header.scalarsPlusOne) + more) ?? 0
    }
    return self
  }
}

/// Equal where the scalars are, unlike Swift's strings, of which a composed and a decomposed text are
/// equal.
extension StringObject: Hashable {
  public static func == (a: StringObject, b: StringObject) -> Bool { a.equals(b) }

  public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// How many bytes are of the form 10xxxxxx, eight at a time.
private func continuationBytes(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
  let raw = UnsafeRawBufferPointer(bytes)
  var count = 0
  var i = 0
  while i + 8 <= raw.count {
    let word = raw.loadUnaligned(fromByteOffset: i, as: UInt64.self)
    count += (word & ~(word << 1) & 0x8080_8080_8080_8080).nonzeroBitCount
    i += 8
  }
  while i < raw.count {
    if raw[i] & 0xC0 == 0x80 { count += 1 }
    i += 1
  }
  return count
}

/// Mixes eight bytes at a time by a 128-bit product, as wyhash does
/// (Wang Yi, "wyhash", 2019); never 0.
func hashBytes(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
  var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
  let raw = UnsafeRawBufferPointer(bytes)
  var i = 0
  while i + 8 <= raw.count {
    state = mixHash(state, raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
    i += 8
  }
  var rest: UInt64 = 0
  while i < raw.count {
    rest = rest << 8 | UInt64(raw[i])
    i += 1
  }
  state = mixHash(state, rest)
  let result = Int(truncatingIfNeeded: state)
  return result == 0 ? 1 : result
}

@inline(__always)
func mixHash(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let product = (a ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: b ^ 0xE703_7ED1_A0B4_28DB)
  return product.high ^ product.low
}

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

extension StringObject {
  /// One text of strings with a separator between them; nil for more than `limit` bytes.
  public static func joined(
    _ strings: [Value], by separator: StringObject, limit: Int
  ) -> StringObject? {
    strings.withUnsafeBufferPointer { items in
      guard let first = items.baseAddress else { return make(count: 0) { _ in } }
      // Read as registers are: without counting references to each string twice.
      let slots = Slot(mutating: first)
      var total = 0
      for i in items.indices where (slots + i).tag == Tag.string {
        let piece = (slots + i).object(StringObject.self)
        total += piece._withUnsafeGuaranteedRef { $0.byteCount } + separator.byteCount
        if total > limit { return nil }
      }
      return make(count: max(0, total - separator.byteCount)) { target in
        var place = target
        for i in items.indices where (slots + i).tag == Tag.string {
          if i > 0 { place = separator.copied(to: place) }
          place = (slots + i).object(StringObject.self)
            ._withUnsafeGuaranteedRef { $0.copied(to: place) }
        }
      }
    }
  }

  /// Copies the bytes to a place; yields what is behind them there.
  @inline(__always)
  private func copied(to place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    withUnsafeMutablePointers { header, bytes in
      place.update(from: bytes, count: header.pointee.count)
      return place + header.pointee.count
    }
  }
}

extension StringObject {
  /// Text of bytes, copied at once where they are UTF-8, else repaired.
  public static func make(repairing bytes: [UInt8]) -> StringObject {
    bytes.withUnsafeBufferPointer { buffer in
      let isValid = (try? UTF8Span(validating: buffer.span)) != nil
      return isValid ? make(valid: buffer) : make(decoding: buffer)
    }
  }
}
