import Channels
import Language
import Posix
import Session

/// A queue as the language sees it.
final class QueueHandle: ChannelHandle {
  let queue: Queue

  init(_ name: String, _ queue: Queue, _ session: Session) {
    self.queue = queue
    super.init(name, queue, session)
  }

  override var typeName: String { "queue" }
}

extension QueueHandle {
  /// Puts a value, waiting for room.
  func put(_ value: Value, _ wait: Wait, _ session: Session) throws {
    try session.with(self, "put into") {
      try session.wire.encode(value) { bytes, descriptors in
        try queue.put(bytes, descriptors: descriptors, wait)
      }
    }
  }

  /// Takes a value, waiting for one.
  func get(lease: Int64?, _ wait: Wait, _ session: Session) throws -> Value {
    try session.with(self, "get from") {
      try queue.get(lease: lease, wait) { item in
        try session.wire.decode(item)
      }
    }
  }
}

extension Wire {
  func decode(_ item: QueueItem) throws -> Value {
    if !item.isLarge { return try decode(item.bytes, item.descriptors) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: item.count, alignment: 16)
    defer { buffer.deallocate() }
    _ = item.read(into: buffer)
    return try decode(UnsafeRawBufferPointer(buffer), [])
  }
}
