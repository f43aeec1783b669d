/// One item as it lies in a segment.
struct QueueFrame {
  /// Its content.
  let place: UnsafeMutableRawPointer
  let count: Int
  let kind: UInt32

  init(_ place: UnsafeMutableRawPointer, _ count: Int, _ kind: UInt32) {
    (self.place, self.count, self.kind) = (place, count, kind)
  }

  /// - Parameter start: where its head lies.
  init(at start: UnsafeMutableRawPointer) {
    place = start + QueueLayout.frameHeader
    count = Int(start.load(as: UInt32.self))
    kind = start.load(fromByteOffset: 4, as: UInt32.self)
  }

  var isPlain: Bool { kind == QueueLayout.FrameKind.plain }

  /// Where the item lies, if it is a large one.
  var large: QueueLayout.Large? {
    switch kind {
    case QueueLayout.FrameKind.large, QueueLayout.FrameKind.largeTicket:
      place.load(as: QueueLayout.Large.self)
    default: nil
    }
  }

  /// The descriptors that belong to it, if there are any.
  var ticket: QueueLayout.Ticket? {
    switch kind {
    case QueueLayout.FrameKind.ticket: place.load(as: QueueLayout.Ticket.self)
    case QueueLayout.FrameKind.largeTicket:
      (place + MemoryLayout<QueueLayout.Large>.size).load(as: QueueLayout.Ticket.self)
    default: nil
    }
  }

  /// The bytes of an item that is not large.
  var payload: UnsafeRawBufferPointer {
    let start = kind == QueueLayout.FrameKind.ticket ? MemoryLayout<QueueLayout.Ticket>.size : 0
    return UnsafeRawBufferPointer(start: place + start, count: max(0, count - start))
  }

  /// How many bytes the item has.
  var itemSize: Int { large.map { Int($0.length) } ?? payload.count }
}
