import CPosix
import Posix

/// Frames and the segments they lie in. Everything here runs under the lock, on a state that is not
/// current yet.
extension Queue {
  @inline(__always)
  func address(_ segment: UInt32) -> UnsafeMutableRawPointer {
    memory.base + (Layout.segmentsOffset + Int(segment &- 1) * Layout.segmentSize)
  }

  /// The link to the next segment of a chain.
  @inline(__always)
  func next(_ segment: UInt32) -> UnsafeMutablePointer<UInt32> { links + Int(segment) * 2 }

  /// The link to the next free segment, apart, so that a chain stays whole until it is published.
  @inline(__always)
  func nextFree(_ segment: UInt32) -> UnsafeMutablePointer<UInt32> { links + Int(segment) * 2 + 1 }

  // MARK: Segments

  /// Takes a segment; throws ENOMEM, or `memory` beyond the bound.
  func takeSegment(_ state: inout QueueState) throws -> UInt32 {
    if state.warm != 0 {
      let segment = state.warm
      state.warm = nextFree(segment).pointee
      state.warmCount -= 1
      state.used += 1
      return segment
    }
    if isOverMemory(state) {
      // What dead processes had begun to write or read is garbage by now.
      sweepTransfers(&state)
      if isOverMemory(state) {
        throw ChannelError.memory(limit: Int(header.pointee.mostMemory))
      }
      return try takeSegment(&state)
    }
    let segment: UInt32
    if state.cold != 0 {
      segment = state.cold
      state.cold = nextFree(segment).pointee
    } else {
      guard Int(state.top) < mostSegments else {
        throw ChannelError.memory(limit: mostSegments * Layout.segmentSize)
      }
      segment = state.top + 1
      // A page of links serves 512 segments.
      if segment == 1 || segment % 512 == 0 {
        try memory.commit(Layout.linksOffset + Int(segment) * 8 / 4096 * 4096, 4096)
      }
      state.top = segment
    }
    try memory.commit(
      Layout.segmentsOffset + Int(segment - 1) * Layout.segmentSize, Layout.segmentSize)
    state.used += 1
    return segment
  }

  private func isOverMemory(_ state: QueueState) -> Bool {
    (Int64(state.used) + 1) * Int64(Layout.segmentSize) > header.pointee.mostMemory
  }

  /// Frees a segment; a cold one gives its memory back once that is published.
  func freeSegment(_ segment: UInt32, _ state: inout QueueState) {
    state.used -= 1
    if state.warmCount < Layout.mostWarm {
      nextFree(segment).pointee = state.warm
      state.warm = segment
      state.warmCount += 1
    } else {
      nextFree(segment).pointee = state.cold
      state.cold = segment
      cooling.append(segment)
    }
  }

  /// Gives back the memory of segments that are cold now.
  @inline(never)
  func cool() {
    for segment in cooling {
      memory.release(
        Layout.segmentsOffset + Int(segment - 1) * Layout.segmentSize, Layout.segmentSize)
    }
    cooling.removeAll(keepingCapacity: true)
  }

  // MARK: Appending

  /// Makes room for a frame at the tail and writes its header; yields where the content goes.
  @inline(__always)
  func appendFrame(
    _ count: Int, _ kind: UInt32, _ state: inout QueueState
  ) throws -> UnsafeMutableRawPointer {
    let size = UInt32(Layout.frameHeader + count.roundedToWord)
    if state.tail == 0 || Int(state.tailOffset + size) > Layout.segmentSize {
      try extend(&state)
    }
    let place = address(state.tail) + Int(state.tailOffset)
    place.storeBytes(of: UInt32(count), as: UInt32.self)
    place.storeBytes(of: kind, toByteOffset: 4, as: UInt32.self)
    state.tailOffset += size
    state.items += 1
    state.puts += 1
    return place + Layout.frameHeader
  }

  @inline(never)
  private func extend(_ state: inout QueueState) throws {
    let segment = try takeSegment(&state)
    if state.tail == 0 {
      state.head = segment
      state.headOffset = 0
    } else {
      if Int(state.tailOffset) < Layout.segmentSize {
        (address(state.tail) + Int(state.tailOffset)).storeBytes(
          of: Layout.FrameKind.end, toByteOffset: 4, as: UInt32.self)
      }
      next(state.tail).pointee = segment
    }
    next(segment).pointee = 0
    state.tail = segment
    state.tailOffset = 0
  }

  @inline(__always)
  func append(_ bytes: UnsafeRawBufferPointer, _ state: inout QueueState) throws {
    let place = try appendFrame(bytes.count, Layout.FrameKind.plain, &state)
    if let base = bytes.baseAddress { place.copyMemory(from: base, byteCount: bytes.count) }
    state.bytes += UInt64(bytes.count)
  }

  /// Appends a message with descriptors; false if the courier cannot take any more now.
  func append(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32], _ state: inout QueueState
  ) throws -> Bool {
    guard let ticket = try post(descriptors) else { return false }
    let head = MemoryLayout<QueueLayout.Ticket>.size
    let place = try appendFrame(bytes.count + head, Layout.FrameKind.ticket, &state)
    place.storeBytes(of: ticket, as: QueueLayout.Ticket.self)
    if let base = bytes.baseAddress {
      (place + head).copyMemory(from: base, byteCount: bytes.count)
    }
    state.bytes += UInt64(bytes.count + head)
    return true
  }

  // MARK: Taking

  /// A frame at the head, which there must be: steps over the end of a segment first.
  @inline(__always)
  func headFrame(_ state: inout QueueState) -> (
    place: UnsafeMutableRawPointer, count: Int, kind: UInt32
  ) {
    var place = address(state.head) + Int(state.headOffset)
    if Int(state.headOffset) >= Layout.segmentSize
      || place.load(fromByteOffset: 4, as: UInt32.self) == Layout.FrameKind.end
    {
      leaveSegment(&state)
      place = address(state.head)
    }
    return (
      place + Layout.frameHeader, Int(place.load(as: UInt32.self)),
      place.load(fromByteOffset: 4, as: UInt32.self)
    )
  }

  @inline(never)
  private func leaveSegment(_ state: inout QueueState) {
    let old = state.head
    state.head = next(old).pointee
    state.headOffset = 0
    // Leased items stay where they are.
    if state.leases == 0 || !isLeased(old, state) { freeSegment(old, &state) }
  }

  /// The content at the head if it is a plain one.
  @inline(__always)
  func plainFrame(_ state: inout QueueState) -> UnsafeRawBufferPointer? {
    let frame = headFrame(&state)
    guard frame.kind == Layout.FrameKind.plain else { return nil }
    return UnsafeRawBufferPointer(start: frame.place, count: frame.count)
  }

  /// Steps over the frame at the head.
  @inline(__always)
  func pass(_ count: Int, _ state: inout QueueState) {
    state.headOffset += UInt32(Layout.frameHeader + count.roundedToWord)
    state.items -= 1
    state.gets += 1
    state.bytes -= UInt64(count)
  }

  /// Takes the message at the head for good.
  @inline(__always)
  func take(_ state: inout QueueState) throws -> QueueItem {
    let frame = headFrame(&state)
    if frame.kind == Layout.FrameKind.plain {
      scratch.reserve(frame.count)
      scratch.base.copyMemory(from: frame.place, byteCount: frame.count)
      pass(frame.count, &state)
      return QueueItem(bytes: UnsafeRawBufferPointer(start: scratch.base, count: frame.count))
    }
    return try takeSpecial(frame.place, frame.count, frame.kind, &state)
  }

  @inline(never)
  private func takeSpecial(
    _ place: UnsafeMutableRawPointer, _ count: Int, _ kind: UInt32, _ state: inout QueueState
  ) throws -> QueueItem {
    let frame = QueueFrame(place, count, kind)
    let descriptors = try frame.ticket.map { try look(at: $0, state) } ?? []
    var item: QueueItem
    if let large = frame.large {
      do {
        item = try beginReading(large, &state)
      } catch {
        close(descriptors)
        throw error
      }
      state.bytes -= large.length
    } else {
      item = copied(frame)
    }
    item.descriptors = descriptors
    if !descriptors.isEmpty { dropFirst() }
    note(frame, &state)
    pass(count, &state)
    return item
  }

  /// The item of a frame that is not large, in the scratch buffer.
  func copied(_ frame: QueueFrame) -> QueueItem {
    let payload = frame.payload
    scratch.reserve(payload.count)
    if let base = payload.baseAddress {
      scratch.base.copyMemory(from: base, byteCount: payload.count)
    }
    return QueueItem(bytes: UnsafeRawBufferPointer(start: scratch.base, count: payload.count))
  }

  /// A frame leaves the chain.
  func note(_ frame: QueueFrame, _ state: inout QueueState) {
    if let ticket = frame.ticket { state.ticketTaken = max(state.ticketTaken, ticket.number) }
  }
}
