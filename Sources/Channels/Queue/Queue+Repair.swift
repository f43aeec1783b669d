import Posix

extension Queue {
  /// After a death inside the lock: the current state is whole, but what the dead process had taken
  /// for a state that it did not publish has no owner.
  ///
  /// Counts what is in use, and frees the rest.
  func dropUnpublished() {
    var state = self.state
    let (top, tail) = (state.top, state.tail)
    var isUsed = [Bool](repeating: false, count: Int(top) + 1)
    func mark(_ first: UInt32, _ most: UInt32 = .max) {
      var segment = first
      var left = most
      while segment != 0, segment <= top, left > 0, !isUsed[Int(segment)] {
        isUsed[Int(segment)] = true
        if segment == tail { return }
        segment = next(segment).pointee
        left -= 1
      }
    }
    if state.head != 0 { mark(state.head) }
    var referred: Set<UInt32> = []
    repairLeases(&state) { segment, large in
      if segment != 0, segment <= top { isUsed[Int(segment)] = true }
      guard let large else { return }
      referred.insert(large.first)
      mark(large.first, large.count)
    }
    markLargeItems(state) { first, count in
      referred.insert(first)
      mark(first, count)
    }
    for chain in chainsAfterDeath({ referred.contains($0) }) { mark(chain.first, chain.count) }
    recount(&state)
    state.used = 0
    state.warm = 0
    state.warmCount = 0
    state.cold = 0
    for segment in stride(from: Int(state.top), to: 0, by: -1) {
      state.used += 1
      if !isUsed[segment] { freeSegment(UInt32(segment), &state) }
    }
    // A waiter that was rung by the dead process may have looked too early.
    ringItems()
    ringRoom()
    publish(state)
  }

  // The large items among the frames from head to tail.
  private func markLargeItems(_ state: QueueState, _ mark: (UInt32, UInt32) -> Void) {
    var segment = state.head
    var offset = Int(state.headOffset)
    var left = state.items
    while left > 0, segment != 0 {
      let place = address(segment) + offset
      if offset >= Layout.segmentSize
        || place.load(fromByteOffset: 4, as: UInt32.self) == Layout.FrameKind.end
      {
        segment = next(segment).pointee
        offset = 0
        continue
      }
      let count = Int(place.load(as: UInt32.self))
      if let large = QueueFrame(at: place).large { mark(large.first, large.count) }
      offset += Layout.frameHeader + count.roundedToWord
      left -= 1
    }
  }

  private func repairLeases(
    _ state: inout QueueState, keep: (UInt32, QueueLayout.Large?) -> Void
  ) {
    state.leases = 0
    state.returned = 0
    state.returnedBytes = 0
    // One entry behind the top may have been begun.
    for i in 0..<Int(state.leaseTop) where leases[i].state != QueueLayout.Lease.State.free {
      // Not taken out of the chain after all.
      if leases[i].number >= state.gets {
        leases[i].state = QueueLayout.Lease.State.free
        continue
      }
      state.leases += 1
      if leases[i].state == QueueLayout.Lease.State.returned {
        state.returned += 1
        state.returnedBytes += UInt64(leasedFrame(i).itemSize)
      }
      keep(leases[i].segment, leasedFrame(i).large)
    }
  }
}
