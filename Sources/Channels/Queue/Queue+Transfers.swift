import CPosix
import Posix

/// Items that are too large for a frame: they are written and read outside the lock, into and out
/// of chains of their own. An entry in a table says whose chain that is meanwhile, so that it is
/// freed if its owner dies.
extension Queue {
  private var transfers: UnsafeMutablePointer<QueueLayout.Transfer> {
    (memory.base + Layout.transfersOffset).assumingMemoryBound(to: QueueLayout.Transfer.self)
  }

  /// So many segments are taken or freed in one turn under the lock: 1 MiB.
  private static let batch = 16

  // MARK: Writing

  /// Puts one message of `count` bytes that `write` hands to its argument piece by piece; it yields
  /// the descriptors that travel with it.
  ///
  /// Throws as `put` does; nothing was put if `write` throws.
  public func putLarge(
    _ count: Int, _ wait: Wait,
    write: ((UnsafeRawBufferPointer) throws -> Void) throws -> [Int32]
  ) throws {
    let index = try reserve(count, wait)
    do {
      var chain = ChainWriter(segment: 0, offset: Layout.segmentSize)
      var written = 0
      let descriptors = try write { piece in
        written += piece.count
        guard written <= count else { throw ChannelError.malformed }
        try fill(piece, &chain, index, wait)
      }
      guard written == count else { throw ChannelError.malformed }
      while let turn = try commit(count, descriptors, index, wait) {
        // The courier is full of descriptors that were not taken yet.
        try waitForCourier(wait, fullAt: turn)
      }
    } catch {
      abandon(index)
      throw error
    }
  }

  private struct ChainWriter {
    var segment: UInt32
    var offset: Int
  }

  // Waits for room, and keeps it.
  private func reserve(_ count: Int, _ wait: Wait) throws -> Int {
    while true {
      var next = try lockToPut(wait)
      sweepTransfers(&next)
      if hasRoom(next, count), let index = try freeTransfer() {
        transfers[index] = QueueLayout.Transfer(
          owner: .own, first: 0, last: 0, count: 0, isWriting: 1, length: UInt64(count))
        FaultPoint.pass()
        next.pendingItems += 1
        next.pendingBytes += UInt64(count)
        publish(next)
        unlock()
        return index
      }
      unlock()
      try waitForRoom(wait, count)
    }
  }

  private func fill(
    _ piece: UnsafeRawBufferPointer, _ chain: inout ChainWriter, _ index: Int, _ wait: Wait
  ) throws {
    var rest = piece
    while !rest.isEmpty {
      if chain.offset == Layout.segmentSize {
        let following = chain.segment == 0 ? 0 : next(chain.segment).pointee
        chain.segment =
          following != 0 ? following : try lengthen(index, rest.count, after: chain.segment, wait)
        chain.offset = 0
      }
      let part = min(rest.count, Layout.segmentSize - chain.offset)
      if let base = rest.baseAddress {
        (address(chain.segment) + chain.offset).copyMemory(from: base, byteCount: part)
      }
      chain.offset += part
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part))
    }
  }

  // Takes a few segments more; yields the first of them.
  private func lengthen(
    _ index: Int, _ count: Int, after last: UInt32, _ wait: Wait
  ) throws -> UInt32 {
    try lock(wait)
    defer { unlock() }
    var state = self.state
    let wanted = min(Queue.batch, (count + Layout.segmentSize - 1) / Layout.segmentSize)
    var first: UInt32 = 0
    var end: UInt32 = 0
    for _ in 0..<wanted {
      let segment = try takeSegment(&state)
      next(segment).pointee = 0
      if end == 0 { first = segment } else { next(end).pointee = segment }
      end = segment
    }
    publish(state)
    if last == 0 {
      transfers[index].first = first
    } else {
      next(last).pointee = first
    }
    transfers[index].last = end
    transfers[index].count += UInt32(wanted)
    FaultPoint.pass()
    return first
  }

  // Yields the turn at which the courier was full; nil once it is done.
  private func commit(
    _ count: Int, _ descriptors: [Int32], _ index: Int, _ wait: Wait
  ) throws -> UInt32? {
    try lock(wait)
    defer { unlock() }
    var state = self.state
    if state.isClosed != 0 { throw ChannelError.closed }
    let ticket = descriptors.isEmpty ? nil : try post(descriptors)
    if ticket == nil, !descriptors.isEmpty { return header.pointee.turn }
    let head = MemoryLayout<QueueLayout.Large>.size
    let size = ticket == nil ? head : head + MemoryLayout<QueueLayout.Ticket>.size
    let place = try appendFrame(
      size, ticket == nil ? Layout.FrameKind.large : Layout.FrameKind.largeTicket, &state)
    if let ticket { (place + head).storeBytes(of: ticket, as: QueueLayout.Ticket.self) }
    place.storeBytes(
      of: QueueLayout.Large(
        length: UInt64(count), first: transfers[index].first, count: transfers[index].count),
      as: QueueLayout.Large.self)
    state.bytes += UInt64(count + size)
    state.pendingItems -= 1
    state.pendingBytes -= UInt64(count)
    if header.pointee.wantsItems != 0 { ringItems() }
    publish(state)
    transfers[index].owner = .noProcess
    Recorder.note(state.puts, UnsafeRawBufferPointer(start: nil, count: 0), size: count)
    return nil
  }

  private func abandon(_ index: Int) {
    let wait = Wait.not(PollSleeper())
    freeChain(transfers[index].first, count: transfers[index].count, transfer: index)
    guard (try? lock(wait)) != nil else { return }
    var next = state
    transfers[index].owner = .noProcess
    recount(&next)
    if header.pointee.wantsRoom != 0 { ringRoom() }
    publish(next)
    unlock()
  }

  // MARK: Reading

  /// Under the lock: the item of a frame that is being taken, to be read outside.
  func beginReading(
    _ large: QueueLayout.Large, _ state: inout QueueState
  ) throws -> QueueItem {
    sweepTransfers(&state)
    guard let index = own(large) else {
      throw ChannelError.tooLarge(limit: Layout.mostTransfers)
    }
    return QueueItem(
      bytes: UnsafeRawBufferPointer(start: nil, count: 0),
      large: LargeItem(self, large, transfer: index))
  }

  /// Under the lock: makes a chain this process's, until it has freed it; nil if there is no entry
  /// left.
  func own(_ large: QueueLayout.Large) -> Int? {
    guard let index = (try? freeTransfer()) ?? nil else { return nil }
    transfers[index] = QueueLayout.Transfer(
      owner: .own, first: large.first, last: 0, count: large.count, isWriting: 0,
      length: large.length)
    return index
  }

  /// Frees a chain that this process owns.
  func free(transfer index: Int) {
    freeChain(transfers[index].first, count: transfers[index].count, transfer: index)
    FaultPoint.pass()
    transfers[index].owner = .noProcess
  }

  /// The receiver is done with an item.
  @inline(__always)
  func finish(_ item: QueueItem) {
    if let large = item.large, let index = large.transfer { free(transfer: index) }
  }

  /// Frees a chain that no frame refers to, a few segments in each turn under the lock.
  private func freeChain(_ first: UInt32, count: UInt32, transfer index: Int) {
    let wait = Wait.not(PollSleeper())
    var segment = first
    var left = count
    while left > 0, segment != 0, (try? lock(wait)) != nil {
      var next = state
      for _ in 0..<Queue.batch where left > 0 && segment != 0 {
        let following = self.next(segment).pointee
        freeSegment(segment, &next)
        segment = following
        left -= 1
      }
      publish(next)
      transfers[index].first = segment
      transfers[index].count = left
      unlock()
    }
  }

  // MARK: The table, under the lock

  private func freeTransfer() throws -> Int? {
    try memory.commit(
      Layout.transfersOffset / 4096 * 4096,
      Layout.mostTransfers * MemoryLayout<QueueLayout.Transfer>.stride + 4096)
    return (0..<Layout.mostTransfers).first { transfers[$0].owner.isNoProcess }
  }

  /// Frees what dead processes were writing or reading.
  func sweepTransfers(_ state: inout QueueState) {
    var hasDead = false
    for i in 0..<Layout.mostTransfers {
      let owner = transfers[i].owner
      guard !owner.isNoProcess, !owner.isOwn, !owner.isLiving else { continue }
      var segment = transfers[i].first
      for _ in 0..<transfers[i].count where segment != 0 {
        let following = next(segment).pointee
        freeSegment(segment, &state)
        segment = following
      }
      transfers[i].owner = .noProcess
      hasDead = true
    }
    if hasDead { recount(&state) }
  }

  /// Counts anew what is being written.
  func recount(_ state: inout QueueState) {
    state.pendingItems = 0
    state.pendingBytes = 0
    for i in 0..<Layout.mostTransfers
    where !transfers[i].owner.isNoProcess && transfers[i].isWriting != 0 {
      state.pendingItems += 1
      state.pendingBytes += transfers[i].length
    }
  }

  /// After a death inside the lock: the chains that are being written or read.
  ///
  /// An entry whose chain a frame or a lease refers to is one that the dead process had begun, or was
  /// about to clear: it is dropped. (Whether its owner lives cannot be asked: it may still be dying.)
  ///
  /// - Parameter isReferred: whether a frame or a lease refers to the chain that begins there.
  func chainsAfterDeath(
    _ isReferred: (UInt32) -> Bool
  ) -> [(first: UInt32, count: UInt32)] {
    var result: [(first: UInt32, count: UInt32)] = []
    for i in 0..<Layout.mostTransfers where !transfers[i].owner.isNoProcess {
      if transfers[i].first != 0, isReferred(transfers[i].first) {
        transfers[i].owner = .noProcess
      } else {
        result.append((transfers[i].first, transfers[i].count))
      }
    }
    return result
  }
}
