import Glibc

/// Texts and bytes: read into their own storage, and checked.
extension WireDecoder {
  /// Checks that so many bytes can follow, beside what is promised to others.
  @inline(__always)
  func check(_ count: Int) throws {
    // Both are unknown large numbers without a length.
    if isVouchedFor, count > remaining - promised { throw Wire.endsEarly() }
  }

  @inline(__always)
  func text(_ count: Int) throws -> StringObject {
    if ready.count >= count {
      try check(count)
      let bytes = UnsafeRawBufferPointer(rebasing: ready[..<count])
      if !isUTF8(bytes) { throw notUTF8() }
      let text = StringObject.make(valid: bytes.assumingMemoryBound(to: UInt8.self))
      cursor += count
      return text
    }
    return try longText(count)
  }

  /// A map's key: of short ones the object of an equal one seen lately.
  func key(_ count: Int) throws -> StringObject {
    guard count > 0, count <= 32, ready.count >= count else { return try text(count) }
    let bytes = UnsafeRawBufferPointer(rebasing: ready[..<count])
    let slot = (Int(bytes[0]) &* 7 &+ Int(bytes[count - 1]) &* 3 &+ count) & 63
    if let known = keys[slot], known.byteCount == count,
      known.withBytes({ $0.baseAddress.map { memcmp($0, cursor, count) == 0 } ?? false })
    {
      cursor += count
      return known
    }
    let made = try text(count)
    keys[slot] = made
    return made
  }

  @inline(never)
  private func longText(_ count: Int) throws -> StringObject {
    try check(count)
    // Without a length that can be trusted the storage grows as bytes come.
    try LargeMemory.require(room(for: count, have: 0))
    var text = StringObject.make(count: 0, capacity: room(for: count, have: 0)) { _ in }
    while text.byteCount < count {
      let have = text.byteCount
      if have == text.capacityInBytes {
        try LargeMemory.require(room(for: count, have: have))
        text = text.copy(capacity: room(for: count, have: have))
      }
      let part = min(count, text.capacityInBytes) - have
      try text.fill(part) { try read(into: $0) }
    }
    let isValid = text.withBytes { isUTF8(UnsafeRawBufferPointer($0)) }
    if !isValid { throw notUTF8() }
    return text
  }

  func bytes(_ count: Int) throws -> [UInt8] {
    try check(count)
    if isVouchedFor || count <= Wire.stepSize {
      try LargeMemory.require(count)
      return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        try read(
          into: UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
        filled = count
      }
    }
    var result: [UInt8] = []
    while result.count < count {
      let part = min(count - result.count, max(Wire.stepSize, result.count))
      try LargeMemory.require(part)
      try result.requireRoom(part)
      result += try [UInt8](unsafeUninitializedCapacity: part) { buffer, filled in
        try read(
          into: UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[..<part]))
        filled = part
      }
    }
    return result
  }

  private func room(for count: Int, have: Int) -> Int {
    isVouchedFor ? count : min(count, max(Wire.stepSize, have * 2))
  }

  private func notUTF8() -> ErrorObject {
    ErrorObject(
      .type, "a text that arrived is not UTF-8", help: "the sender should send it as bytes (bin)")
  }
}

/// Whether bytes are UTF-8; looks at eight at a time as long as they are ASCII.
@inline(__always)
private func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard let base = bytes.baseAddress else { return true }
  var place = 0
  while place + 8 <= bytes.count,
    base.loadUnaligned(fromByteOffset: place, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
  {
    place += 8
  }
  while place < bytes.count, base.load(fromByteOffset: place, as: UInt8.self) < 0x80 { place += 1 }
  return place == bytes.count || isUTF8Slowly(UnsafeRawBufferPointer(rebasing: bytes[place...]))
}

@inline(never)
private func isUTF8Slowly(_ bytes: UnsafeRawBufferPointer) -> Bool {
  bytes.withMemoryRebound(to: UInt8.self) { (try? UTF8Span(validating: $0.span)) != nil }
}
