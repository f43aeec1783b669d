import CPosix
import Posix

/// Taking items out.
extension Queue {
  /// Whether something can be taken, as seen without the lock.
  @inline(__always)
  private var looksEmpty: Bool {
    let turn = brood_load32(&header.pointee.turn)
    let state = states + Int(turn & 1)
    return state.pointee.items == 0 && state.pointee.returned == 0 && state.pointee.isClosed == 0
  }

  /// Takes the first message, waiting for one; `body` gets its bytes and descriptors.
  ///
  /// Throws `closed` once the queue is closed and empty, or no peer is left that could put something
  /// in (`peerDied` if a signal ended the last); `empty` if it may not wait; `timeout`.
  ///
  /// - Parameter lease: for so many ns the item is only lent, and comes back unless it is
  ///   acknowledged; `Int64.max` for as long as this process lives; nil for good.
  public func get<R>(
    lease: Int64? = nil, _ wait: Wait, body: (QueueItem) throws -> R
  ) throws -> R {
    try OperationPoint.pass(.queueGet, self) {
      while true {
        try lock(wait)
        var next = state
        if mayHaveLeaseBack(next) {
          unlock()
          try reclaimWhatIsDue(wait)
          continue
        }
        if next.items > 0 || next.returned > 0 {
          let item: QueueItem
          do {
            item =
              next.returned > 0 || lease != nil
              ? try takeLeased(&next, lease) : try take(&next)
          } catch {
            publish(next)
            unlock()
            throw error
          }
          if header.pointee.wantsRoom != 0 { ringRoom() }
          publish(next)
          unlock()
          defer { finish(item) }
          Recorder.note(item.number ?? next.gets, item.bytes, size: item.count)
          return try body(item)
        }
        let isClosed = next.isClosed != 0 && next.leases == 0
        unlock()
        if isClosed { throw ChannelError.closed }
        try waitForItem(wait)
      }
    }
  }

  /// Takes up to `most` messages that are there, waiting for the first.
  ///
  /// `body` gets each in order; a message that is large, leased or has descriptors comes alone. If it
  /// throws for the first of all, that message is gone, as with `get`, and the error is thrown; at a
  /// later one it ends there, and that one is the next to be taken.
  ///
  /// - Parameter isFirst: whether none was taken before; else nothing is waited for.
  public func getMany(
    _ most: Int, lease: Int64? = nil, isFirst: Bool = true, _ wait: Wait,
    body: (QueueItem) throws -> Void
  ) throws -> Progress {
    try OperationPoint.pass(.queueGet, self) {
      let (taken, number) = try takeRun(most, lease, wait)
      if taken == 0 {
        if !isFirst { return try getIfUsable(lease: lease, wait, body: body) }
        try get(lease: lease, wait, body: body)
        return Progress(taken: 1)
      }
      var offset = 0
      for place in 0..<taken {
        let length = Int(scratch.base.load(fromByteOffset: offset, as: UInt64.self))
        let start = offset + 8
        let end = start + length.roundedToWord
        do {
          try body(
            QueueItem(bytes: UnsafeRawBufferPointer(start: scratch.base + start, count: length)))
        } catch {
          let isGone = isFirst && place == 0
          let kept = isGone ? place + 1 : place
          try putBack(
            run: isGone ? end : offset, count: taken - kept, numbered: number + UInt64(kept))
          if isGone { throw error }
          return Progress(taken: place, isCutShort: true)
        }
        offset = end
      }
      return Progress(taken: taken)
    }
  }

  // Copies small ones out, as many as fit into one turn under the lock; yields how many, and the order
  // of the first among all.
  private func takeRun(
    _ most: Int, _ lease: Int64?, _ wait: Wait
  ) throws -> (count: Int, number: UInt64) {
    if lease != nil { return (0, 0) }
    try lock(wait)
    var next = state
    let number = next.gets
    if mayHaveLeaseBack(next) {
      unlock()
      try reclaimWhatIsDue(wait)
      return (0, 0)  // what came back is taken one by one
    }
    guard next.returned == 0, next.items > 0 else {
      unlock()
      return (0, 0)
    }
    var count = 0
    var used = 0
    while count < most, next.items > 0, used < 1 << 18 {
      guard let frame = plainFrame(&next) else { break }
      scratch.reserve(used + 8 + frame.count.roundedToWord, keeping: used)
      scratch.base.storeBytes(of: UInt64(frame.count), toByteOffset: used, as: UInt64.self)
      (scratch.base + used + 8).copyMemory(
        from: frame.baseAddress ?? UnsafeRawPointer(scratch.base), byteCount: frame.count)
      used += 8 + frame.count.roundedToWord
      pass(frame.count, &next)
      count += 1
    }
    if count > 0 {
      if header.pointee.wantsRoom != 0 { ringRoom() }
      publish(next)
    }
    unlock()
    Recorder.note(
      number + 1, count: count,
      UnsafeRawBufferPointer(
        start: scratch.base + 8, count: Int(scratch.base.load(as: UInt64.self))))
    return (count, number)
  }

  /// Sleeps until there may be an item.
  @inline(never)
  private func waitForItem(_ wait: Wait) throws {
    if wait.isNow {
      if try reclaim(wait) { return }
      throw ChannelError.empty
    }
    Spin.until { !looksEmpty }
    try lock(wait)
    let now = state
    if now.items > 0 || now.returned > 0 || (now.isClosed != 0 && now.leases == 0) {
      unlock()
      return
    }
    brood_bell_silence(itemsBell)
    noteTurn()
    header.pointee.wantsItems = 1
    let holders = now.leases > 0 ? leaseHolders(now) : nil
    unlock()
    let watch = holders.map { LeaseWatch($0) }
    defer { watch?.close() }
    if let watch, watch.isOverdue, try reclaim(wait) { return }
    let isAlone = try !sleep(
      wait, on: itemsBell, as: .stuckReading, .reading, others: watch?.descriptors ?? [],
      until: watch?.deadline ?? .max, keepsTime: false, areAlike: true)
    if now.leases > 0, try reclaim(wait) { return }
    if isAlone {
      try lock(wait)
      let now = state
      unlock()
      if now.items == 0, now.returned == 0 {
        throw now.isClosed != 0 ? ChannelError.closed : abandoned()
      }
    }
  }

  // MARK: Waiting for several things

  /// Whether an item is there or could come; a waiter that sleeps on the descriptors is woken by it.
  ///
  /// Call `awaitedItems` when the wait is over.
  public func awaitItems(_ wait: Wait) throws -> Readiness {
    awaitedItems()
    try lock(wait)
    let now = state
    if now.items > 0 || now.returned > 0 {
      unlock()
      return .ready
    }
    if now.isClosed != 0 && now.leases == 0 {
      unlock()
      return .never(.closed)
    }
    brood_bell_silence(itemsBell)
    noteTurn()
    header.pointee.wantsItems = 1
    let holders = now.leases > 0 ? leaseHolders(now) : nil
    unlock()
    if let holders {
      let watch = LeaseWatch(holders)
      awaited = watch
      if watch.isOverdue, try reclaim(wait) { return .ready }
    }
    let watched = awaited?.descriptors ?? []
    let deadline = awaited?.deadline ?? .max
    if let peer = peerToWatch() {
      return .descriptors(
        [itemsBell, peer] + watched, until: min(deadline, nextLookAtWatched))
    }
    if !watched.isEmpty || deadline != .max {
      return .descriptors([itemsBell] + watched, until: deadline)
    }
    // What the last one put before it ended is still there.
    return try count(wait) > 0 ? .ready : .never(abandoned())
  }

  /// The wait for several things is over.
  public func awaitedItems() {
    awaited?.close()
    awaited = nil
  }
}
