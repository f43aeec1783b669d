import CPosix
import Posix
import Waits

/// A channel as one sees it who only looks: its memory is read, its inner lock is not taken.
///
/// What is read so may be of two moments. Who judges by it looks twice (seeing which waits are the
/// same), and believes only what was true both times.
struct ChannelLook {
  let base: UnsafeRawPointer
  let size: Int
  let name: String
  let kind: Channel.Kind

  private var header: ChannelMemory.Header { base.load(as: ChannelMemory.Header.self) }

  var id: UInt64 { header.id }

  /// - Parameter name: of the memfd, behind "brood".
  init?(_ base: UnsafeRawPointer, size: Int, name: String) {
    guard size >= ChannelMemory.bodyOffset else { return nil }
    let header = base.load(as: ChannelMemory.Header.self)
    guard header.magic == ChannelMemory.magic, let kind = Channel.Kind(rawValue: header.kind)
    else { return nil }
    self.base = base
    self.size = size
    self.name = name
    self.kind = kind
  }

  var isTravelling: Bool {
    header.travels.departures != header.travels.arrivals
  }

  private func state<T>(_ type: T.Type) -> T {
    base.load(fromByteOffset: ChannelMemory.stateOffset, as: type)
  }

  private func entry<T>(_ type: T.Type, _ index: Int, at offset: Int) -> T? {
    let place = offset + index * MemoryLayout<T>.stride
    guard place + MemoryLayout<T>.size <= size else { return nil }
    return base.load(fromByteOffset: place, as: type)
  }

  /// Whether it is a pipe of which one end only sends and the other only receives.
  var hasOneDirection: Bool {
    guard kind == .pipe, let form = Pipe.Form(rawValue: state(Pipe.State.self).form) else {
      return false
    }
    return form != .duplex
  }

  // MARK: Who has it

  /// What a process of a slot does with it.
  struct Part {
    let state: Peers.State
    let closed: Peers.Closed
    /// Whether nothing has woken it since it said so.
    let isCurrent: Bool

    /// Whether it has said that it waits for ever, and nothing has woken it since.
    var isStuck: Bool { isCurrent && (state == .stuckReading || state == .stuckWriting) }
  }

  /// The part of the process that a slot has now; nil if that does not have the channel.
  func part(_ slot: Int32, generation: UInt32) -> Part? {
    guard slot >= 0, slot < Peers.capacity else { return nil }
    let word = base.load(fromByteOffset: ChannelMemory.peersOffset + 8 * Int(slot), as: UInt64.self)
    guard word != 0, UInt32(truncatingIfNeeded: word >> 16) & 0xFFFF == generation & 0xFFFF else {
      return nil
    }
    let told = Peers.State(rawValue: UInt32(truncatingIfNeeded: word) & 0xFF) ?? .idle
    let turn = base.load(fromByteOffset: ChannelMemory.turnOffset, as: UInt32.self)
    let closed = Peers.Closed(rawValue: UInt32(truncatingIfNeeded: word >> 8) & 0x7F)
    return Part(
      state: told, closed: closed, isCurrent: UInt32(truncatingIfNeeded: word >> 32) == turn)
  }

  // MARK: What it is like

  /// Who holds it and how it stands, without those who merely have it.
  func object() -> WaitObject {
    var object = WaitObject(
      ObjectID(ObjectID.Kind(rawValue: UInt16(truncatingIfNeeded: kind.rawValue)) ?? .other, id),
      name: name)
    if isTravelling { object.reach = .unknown("a handle of it is on its way") }
    switch kind {
    case .queue: describeQueue(&object)
    case .lock: describe(&object, state(Lock.State.self).ownership)
    case .memory: describe(&object, state(SharedArray.State.self).ownership)
    case .semaphore: describeSemaphore(&object)
    case .event:
      let event = state(Event.State.self)
      let isSet = event.isSet != 0
      object.isTrue[.set] = isSet
      if event.sets > 0 {
        object.past = .wasSet(
          Int(clamping: event.sets), by: event.setter, clearedBy: event.clearer)
      }
      object.detail = isSet ? "set" : "not set"
    case .barrier: describeBarrier(&object)
    case .condition: describeCondition(&object)
    case .pipe: break
    }
    return object
  }

  private func describe(_ object: inout WaitObject, _ ownership: OwnershipState) {
    let pid = Int32(truncatingIfNeeded: ownership.holder)
    object.isTrue[.hold] = pid == 0
    object.detail = pid == 0 ? "free" : "held"
    if pid != 0 { object.shares.append(.init(pid, .holds, count: Int(ownership.depth))) }
  }

  /// The items of a queue, and how many it takes at most; nil for another channel.
  var items: (count: UInt64, most: Int64)? {
    guard kind == .queue else { return nil }
    let (header, state) = queue
    return (state.items &+ UInt64(state.returned), header.mostItems)
  }

  /// Whether it is a queue into which nobody can put any more.
  var isClosedQueue: Bool { kind == .queue && queue.state.isClosed != 0 }

  private var queue: (header: QueueHeader, state: QueueState) {
    let header = state(QueueHeader.self)
    let place = Queue.statesOffset + Int(header.turn & 1) * MemoryLayout<QueueState>.stride
    return (header, base.load(fromByteOffset: place, as: QueueState.self))
  }

  private func describeQueue(_ object: inout WaitObject) {
    let (header, state) = queue
    let items = state.items &+ UInt64(state.returned)
    let isClosed = state.isClosed != 0
    object.isTrue[.value] = items > 0 || isClosed
    // Whether an item fits by its bytes is only known to who wants to put it.
    let isFull = Int64(clamping: items &+ UInt64(state.pendingItems)) >= header.mostItems
    if isFull || header.mostBytes == .max { object.isTrue[.room] = !isFull || isClosed }
    let bound = header.mostItems == .max ? "" : " of \(header.mostItems)"
    let lent = state.leases &- min(state.leases, state.returned)
    let lentText = lent > 0 ? "\(lent) lent, " : ""
    object.detail = "\(items)\(bound) items, " + lentText + (isClosed ? "closed" : "open")
    for i in 0..<min(Int(state.leaseTop), QueueLayout.mostLeases) {
      guard let lease = entry(QueueLayout.Lease.self, i, at: QueueLayout.leasesOffset),
        lease.state == QueueLayout.Lease.State.taken
      else { continue }
      object.shares.append(.init(lease.holder.pid, .lent))
    }
  }

  private func describeSemaphore(_ object: inout WaitObject) {
    let state = state(Semaphore.State.self)
    var taken: Int64 = 0
    for i in 0..<min(Int(state.top), Semaphore.mostHolders) {
      guard let holding = entry(Semaphore.Holding.self, i, at: ChannelMemory.bodyOffset),
        holding.count > 0
      else { continue }
      taken += Int64(holding.count)
      object.shares.append(.init(holding.holder.pid, .holds, count: Int(holding.count)))
    }
    let isCounter = state.isCounter != 0
    let left = isCounter ? state.value : state.value &- taken
    object.isTrue[.permit] = left > 0
    object.detail = isCounter ? "counter, at \(left)" : "\(left) of \(state.value) permits"
  }

  private func describeBarrier(_ object: inout WaitObject) {
    let state = state(Barrier.State.self)
    let here = (0..<min(Int(state.top), Barrier.mostParties)).count { i in
      entry(Barrier.Party.self, i, at: ChannelMemory.bodyOffset)?.round == state.round &+ 1
    }
    object.missing = max(1, Int(state.parties) - here)
    object.isTrue[.arrival] = state.isBroken != 0
    object.detail = "\(here) of \(state.parties) parties"
    if state.isBroken != 0 { object.detail += ", broken" }
  }

  private func describeCondition(_ object: inout WaitObject) {
    let state = state(Condition.State.self)
    let waiting = (0..<min(Int(state.top), Condition.mostWaiters)).count { i in
      let waiter = entry(Condition.Waiter.self, i, at: ChannelMemory.bodyOffset)
      return waiter.map { $0.number != 0 && $0.isNotified == 0 } ?? false
    }
    object.isTrue[.notification] = false
    let notices = state.notices
    if notices.lost > 0 {
      object.past = .notified(
        lost: Int(clamping: notices.lost), by: notices.pid, when: notices.when)
    }
    object.detail = "\(waiting) waiting"
  }
}
