/// Asking for memory before it is needed, since an allocation that fails ends the process.
///
/// Only what is large is asked for: what is small comes from a reserve that the process keeps, and
/// whose use is noticed soon.
public enum LargeMemory {
  /// So much is never asked for.
  public static let small = 4 << 20

  /// Whether so many bytes can be had in one piece; set by who knows the operating system.
  nonisolated(unsafe) public static var isThere: (Int) -> Bool = { _ in true }

  /// What a user can do about it.
  nonisolated(unsafe) public static var remedy: () -> String? = { nil }

  /// Throws `limit` unless so many bytes can be had.
  @inlinable
  @inline(__always)
  public static func require(_ bytes: Int) throws {
    if bytes > small { try ask(bytes) }
  }

  /// Likewise for a number of items, which may be any.
  @inlinable
  @inline(__always)
  public static func require(_ count: Int, of stride: Int) throws {
    let (bytes, isOver) = count.multipliedReportingOverflow(by: stride)
    if isOver || bytes > small { try ask(isOver ? .max : bytes) }
  }

  @usableFromInline
  @inline(never)
  static func ask(_ bytes: Int) throws {
    if bytes < .max / 2, isThere(bytes) { return }
    throw exhausted(bytes)
  }

  /// The error for memory that is not there.
  ///
  /// - Parameter bytes: how much was wanted; 0 for some small thing.
  public static func exhausted(_ bytes: Int = 0) -> ErrorObject {
    let wanted = bytes > 0 && bytes < .max / 2 ? ": \(sizeText(bytes)) more are needed" : ""
    return ErrorObject(.limit, "out of memory\(wanted)", help: remedy())
  }
}

extension Array {
  /// Appends an item; throws `limit` where there is no memory for it.
  @inlinable
  @inline(__always)
  public mutating func add(_ item: Element) throws {
    if count == capacity { try requireRoom(1) }
    append(item)
  }

  /// Throws `limit` unless there is memory for so many more items.
  @inlinable
  public func requireRoom(_ more: Int) throws {
    let (total, isOver) = count.addingReportingOverflow(more)
    if !isOver, total <= capacity { return }
    try LargeMemory.require(
      isOver ? .max : Swift.max(total, count * 2), of: MemoryLayout<Element>.stride)
  }
}
