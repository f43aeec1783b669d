/// Texts and lists times a number, in steps between which a signal is noticed.
extension Interpreter {
  public func repeated(_ text: StringObject, _ count: Int) throws -> StringObject {
    let total = try repeatedLength(text.byteCount, count, limit: maximumLength)
    try LargeMemory.require(total)
    let result = StringObject.make(count: 0, capacity: total) { _ in }
    try text.withBytes { piece in
      guard let base = piece.baseAddress else { return }
      while result.byteCount < total {
        // What is there already is copied in turn, so that short texts take few steps.
        let done = result.byteCount
        let size = done == 0 ? piece.count : min(done, total - done, 1 << 24)
        result.fill(size) { target in
          guard let start = target.baseAddress else { return }
          start.copyMemory(
            from: done == 0 ? UnsafeRawPointer(base) : UnsafeRawPointer(start - done),
            byteCount: size)
        }
        try attendWithin()
      }
    }
    return result
  }

  func repeated(_ list: ListObject, _ count: Int) throws -> Value {
    let total = try repeatedLength(list.items.count, count, limit: maximumLength / 16)
    var items: [Value] = []
    try LargeMemory.require(total, of: MemoryLayout<Value>.stride)
    items.reserveCapacity(total)
    while items.count < total {
      items += list.items
      try attendWithin()
    }
    return .list(ListObject(items, depth: list.depth))
  }

  private func repeatedLength(_ length: Int, _ count: Int, limit: Int) throws -> Int {
    let (total, overflow) = length.multipliedReportingOverflow(by: max(0, count))
    if overflow || total > limit { throw tooLong() }
    return total
  }

  /// Runs what waits for attention while the machine computes a result.
  @inline(__always)
  func attendWithin() throws {
    if host.attention.pointee != 0 { try attendAboveFrame() }
  }

  @inline(never)
  private func attendAboveFrame() throws {
    if frameCount > 0 {
      let frame = self.frame(frameCount - 1)
      top = max(top, frame.pointee.base + frame.pointee.code.pointee.registerCount)
    }
    try host.attend(self)
  }
}
