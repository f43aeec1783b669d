import Posix

/// A message that was taken out of a queue, valid until its receiver returns.
public struct QueueItem {
  /// Its bytes; empty for a large one, which `read` yields piece by piece.
  public let bytes: UnsafeRawBufferPointer
  /// Descriptors that travelled with it, which belong to the receiver.
  public var descriptors: [Int32] = []
  /// Whether it stays in the queue, with its descriptors, until it is acknowledged.
  public internal(set) var isLent = false
  /// Its order among all, where it was lent before.
  var number: UInt64?
  /// Set for one that is too large to be copied whole.
  var large: LargeItem?

  /// How many bytes it has.
  public var count: Int { large?.length ?? bytes.count }

  /// Whether it comes in pieces.
  public var isLarge: Bool { large != nil }

  init(bytes: UnsafeRawBufferPointer, descriptors: [Int32] = [], large: LargeItem? = nil) {
    self.bytes = bytes
    self.descriptors = descriptors
    self.large = large
  }

  /// Copies the next bytes of a large item; yields how many, 0 at its end.
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    large?.read(into: buffer) ?? 0
  }
}

/// A large item that is being read.
final class LargeItem {
  private let queue: Queue
  let length: Int
  /// The entry that makes the chain this process's; nil while a lease does.
  let transfer: Int?
  private var segment: UInt32
  private var offset = 0
  private var left: Int

  init(_ queue: Queue, _ large: QueueLayout.Large, transfer: Int?) {
    self.queue = queue
    self.transfer = transfer
    length = Int(large.length)
    segment = large.first
    left = length
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < buffer.count, left > 0, segment != 0 {
      if offset == QueueLayout.segmentSize {
        segment = queue.next(segment).pointee
        offset = 0
        continue
      }
      let part = min(buffer.count - done, left, QueueLayout.segmentSize - offset)
      guard let base = buffer.baseAddress else { break }
      (base + done).copyMemory(from: queue.address(segment) + offset, byteCount: part)
      done += part
      offset += part
      left -= part
    }
    return done
  }
}

/// A buffer that grows and is used again.
struct ScratchBuffer: ~Copyable {
  private(set) var base = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16)
  private var capacity = 4096

  /// Makes room for so many bytes; the first `keeping` stay.
  @inline(__always)
  mutating func reserve(_ count: Int, keeping kept: Int = 0) {
    if count > capacity { grow(count, kept) }
  }

  @inline(never)
  private mutating func grow(_ count: Int, _ kept: Int) {
    let larger = max(count, capacity * 2)
    let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    new.copyMemory(from: base, byteCount: kept)
    base.deallocate()
    base = new
    capacity = larger
  }

  deinit { base.deallocate() }
}
