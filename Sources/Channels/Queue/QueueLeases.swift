import CPosix
import Posix

/// Items that are lent: they stay where they are until they are acknowledged.
extension Queue {
  var leases: UnsafeMutablePointer<QueueLayout.Lease> {
    (memory.base + Layout.leasesOffset).assumingMemoryBound(to: QueueLayout.Lease.self)
  }

  private typealias LeaseState = QueueLayout.Lease.State

  // MARK: Under the lock

  /// Whether an item that is lent, or has come back, lies in a segment.
  func isLeased(_ segment: UInt32, _ state: QueueState) -> Bool {
    (0..<Int(state.leaseTop)).contains { i in
      leases[i].state != LeaseState.free && leases[i].segment == segment
    }
  }

  /// Takes the next item, those that came back first; lends it if `lease` is given.
  func takeLeased(_ state: inout QueueState, _ lease: Int64?) throws -> QueueItem {
    let deadline = lease.map { $0 == .max ? .max : Clock.deadline(after: $0) }
    if state.returned > 0, let index = firstReturned(state) {
      return try retake(index, deadline, &state)
    }
    guard let deadline else { return try take(&state) }
    let head = headFrame(&state)
    let frame = QueueFrame(head.place, head.count, head.kind)
    let index = try freeLease(&state)
    let item = try contents(frame, state)
    // Its state last: a death on the way leaves a free entry.
    leases[index] = QueueLayout.Lease(
      state: LeaseState.free, attempts: 1, number: state.gets, segment: state.head,
      offset: state.headOffset, holder: .own, deadline: deadline)
    brood_store32(&leases[index].state, LeaseState.taken)
    state.leases += 1
    header.pointee.leaseDeadline = min(header.pointee.leaseDeadline, deadline)
    if item.isLarge { state.bytes -= UInt64(item.count) }
    note(frame, &state)
    pass(frame.count, &state)
    return item
  }

  /// The next item as it lies there; a large one is lent meanwhile, by the entry that is yielded.
  func lookAtFirst(_ state: inout QueueState) throws -> (item: QueueItem, lease: Int?) {
    if state.returned > 0, let index = firstReturned(state) {
      let frame = leasedFrame(index)
      if frame.large != nil { return (try retake(index, .max, &state), index) }
      return (try contents(frame, state), nil)
    }
    let head = headFrame(&state)
    let frame = QueueFrame(head.place, head.count, head.kind)
    if frame.large != nil {
      let item = try takeLeased(&state, .max)
      return (item, newestLease(state))
    }
    return (try contents(frame, state), nil)
  }

  /// The entry of the item that was lent from the chain last.
  func newestLease(_ state: QueueState) -> Int? {
    (0..<Int(state.leaseTop)).last {
      leases[$0].state == LeaseState.taken && leases[$0].number == state.gets - 1
    }
  }

  /// Gives back one item that was only looked at.
  func putBack(_ index: Int, _ wait: Wait) throws {
    try lock(wait)
    var next = state
    giveBack(index, &next)
    if header.pointee.wantsItems != 0 { ringItems() }
    publish(next)
    unlock()
  }

  /// Which of those that came back is the next.
  func firstReturned(_ state: QueueState) -> Int? {
    var best: Int?
    for i in 0..<Int(state.leaseTop) where leases[i].state == LeaseState.returned {
      if let known = best, leases[known].number < leases[i].number { continue }
      best = i
    }
    return best
  }

  private func retake(
    _ index: Int, _ deadline: Int64?, _ state: inout QueueState
  ) throws -> QueueItem {
    let frame = leasedFrame(index)
    let number = leases[index].number
    var item: QueueItem
    if let deadline {
      item = try contents(frame, state)
      leases[index].holder = .own
      leases[index].deadline = deadline
      header.pointee.leaseDeadline = min(header.pointee.leaseDeadline, deadline)
      leases[index].attempts += 1
      leases[index].state = LeaseState.taken
    } else {
      item = try contents(frame, state)
      if let large = frame.large {
        do {
          let descriptors = item.descriptors
          item = try beginReading(large, &state)
          item.descriptors = descriptors
        } catch {
          close(item.descriptors)
          throw error
        }
      }
      if !item.descriptors.isEmpty { dropFirst() }
      item.isLent = false
      dropLease(index, &state)
    }
    state.returned -= 1
    state.returnedBytes -= UInt64(item.count)
    // Leases count from 0.
    item.number = number &+ 1
    return item
  }

  /// The item of a frame that stays, and copies of its descriptors, which stay too.
  private func contents(_ frame: QueueFrame, _ state: QueueState) throws -> QueueItem {
    let descriptors = try frame.ticket.map { try look(at: $0, state) } ?? []
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    var item =
      frame.large.map { QueueItem(bytes: nothing, large: LargeItem(self, $0, transfer: nil)) }
      ?? copied(frame)
    item.descriptors = descriptors
    item.isLent = true
    return item
  }

  /// The frame of an item that is lent, or has come back.
  func leasedFrame(_ index: Int) -> QueueFrame {
    QueueFrame(at: address(leases[index].segment) + Int(leases[index].offset))
  }

  /// A free entry, with memory.
  func freeLease(_ state: inout QueueState) throws -> Int {
    for i in 0..<Int(state.leaseTop) where leases[i].state == LeaseState.free { return i }
    let index = Int(state.leaseTop)
    guard index < Layout.mostLeases else { throw ChannelError.tooLarge(limit: index) }
    let stride = MemoryLayout<QueueLayout.Lease>.stride
    let start = Layout.leasesOffset + index * stride
    let page = start / 4096 * 4096
    try memory.commit(page, start + stride - page)
    state.leaseTop += 1
    return index
  }

  /// Frees a lease's entry, and its segment if nothing else keeps it.
  func dropLease(_ index: Int, _ state: inout QueueState) {
    let segment = leases[index].segment
    leases[index].state = LeaseState.free
    state.leases -= 1
    if segment != state.head, !isLeased(segment, state) { freeSegment(segment, &state) }
    while state.leaseTop > 0, leases[Int(state.leaseTop) - 1].state == LeaseState.free {
      state.leaseTop -= 1
    }
  }

  /// An item that is lent goes back to where it was.
  private func giveBack(_ index: Int, _ state: inout QueueState) {
    leases[index].state = LeaseState.returned
    leases[index].holder = .noProcess
    state.returned += 1
    state.returnedBytes += UInt64(leasedFrame(index).itemSize)
  }

  private func ownLeases(_ state: QueueState) -> [Int] {
    (0..<Int(state.leaseTop)).filter {
      leases[$0].state == LeaseState.taken && leases[$0].holder.isOwn
        && leases[$0].deadline > Clock.monotonic
    }
  }

  // MARK: What users ask for

  /// This process is done with everything that was lent to it; yields how many items that were.
  ///
  /// Throws `notHeld` if there is none: it was never lent, or its time was over.
  public func acknowledge(_ wait: Wait) throws -> Int {
    var chains: [Int] = []
    let count = try changeOwn(wait) { index, state in
      let frame = leasedFrame(index)
      if let large = frame.large, let entry = own(large) { chains.append(entry) }
      if let ticket = frame.ticket { drop(ticket, state) }
      dropLease(index, &state)
    }
    for entry in chains { free(transfer: entry) }
    return count
  }

  /// Gives back everything that was lent to this process; yields how many items that were.
  ///
  /// Throws `notHeld` if there is none.
  public func giveBack(_ wait: Wait) throws -> Int {
    try changeOwn(wait) { index, state in giveBack(index, &state) }
  }

  private func changeOwn(
    _ wait: Wait, _ change: (Int, inout QueueState) -> Void
  ) throws -> Int {
    try lock(wait)
    var next = state
    let own = ownLeases(next)
    guard !own.isEmpty else {
      unlock()
      throw ChannelError.notHeld
    }
    for index in own { change(index, &next) }
    if header.pointee.wantsItems != 0 { ringItems() }
    if header.pointee.wantsRoom != 0 { ringRoom() }
    publish(next)
    unlock()
    return own.count
  }

  // MARK: Coming back

  /// Those who hold leases, and when the first of them is over.
  struct LeaseHolders {
    var holders: [ProcessIdentity] = []
    var deadline = Int64.max
  }

  /// Read under the lock.
  func leaseHolders(_ state: QueueState) -> LeaseHolders {
    var result = LeaseHolders()
    for i in 0..<Int(state.leaseTop) where leases[i].state == LeaseState.taken {
      result.deadline = min(result.deadline, leases[i].deadline)
      let holder = leases[i].holder
      if !holder.isOwn, result.holders.count < 64, !result.holders.contains(holder) {
        result.holders.append(holder)
      }
    }
    return result
  }

  /// Read under the lock: whether something that is lent may have come back, which is quickly told.
  ///
  /// It comes back before anything else is taken, and needs its room.
  @inline(__always)
  func mayHaveLeaseBack(_ state: QueueState) -> Bool {
    state.leases > state.returned && isReclaimDue
  }

  private var isReclaimDue: Bool {
    deathsSeen != brood_slots_deaths() || header.pointee.leaseDeadline <= Clock.monotonic
  }

  /// Takes back what may have come back; `mayHaveLeaseBack` is false until another process dies.
  @inline(never)
  func reclaimWhatIsDue(_ wait: Wait) throws {
    deathsSeen = brood_slots_deaths()
    _ = try reclaim(wait)
  }

  /// Takes back what dead processes hold, and what was held for too long; yields whether anything
  /// came back.
  func reclaim(_ wait: Wait) throws -> Bool {
    try lock(wait)
    let holders = state.leases > 0 ? leaseHolders(state).holders : []
    let hasLeases = state.leases > 0
    unlock()
    guard hasLeases else { return false }
    let dead = holders.filter { !$0.isLiving }
    try lock(wait)
    defer { unlock() }
    var next = state
    let now = Clock.monotonic
    var hasBack = false
    var earliest = Int64.max
    for i in 0..<Int(next.leaseTop) where leases[i].state == LeaseState.taken {
      guard leases[i].deadline <= now || dead.contains(leases[i].holder) else {
        earliest = min(earliest, leases[i].deadline)
        continue
      }
      giveBack(i, &next)
      hasBack = true
    }
    header.pointee.leaseDeadline = earliest
    if hasBack {
      if header.pointee.wantsItems != 0 { ringItems() }
      publish(next)
    }
    return hasBack
  }
}

/// Watches those who hold leases, so that a death gives items back at once.
struct LeaseWatch {
  private let watches: ProcessWatches
  /// When a lease is over, or to look again.
  let deadline: Int64
  /// A holder is dead already, or the time is over.
  let isOverdue: Bool

  /// Private pidfds.
  var descriptors: [Int32] { watches.descriptors }

  init(_ holders: Queue.LeaseHolders) {
    var watches = ProcessWatches()
    var hasDead = false
    for holder in holders.holders where !watches.add(holder) { hasDead = true }
    self.watches = watches
    deadline = min(holders.deadline, watches.next)
    isOverdue = hasDead || holders.deadline <= Clock.monotonic
  }

  func close() { watches.close() }
}
