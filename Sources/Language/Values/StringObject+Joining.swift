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
