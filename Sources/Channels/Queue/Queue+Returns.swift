import CPosix
import Posix

/// Messages of a `getMany` that the receiver could not use go back: they are the next to be taken, as
/// those that were lent and came back.
extension Queue {
  /// How far a `getMany` came.
  public struct Progress {
    /// How many messages were taken.
    public var taken: Int
    /// Whether the next one could not be used, and is in the queue again.
    public var isCutShort = false
  }

  // What a signal could interrupt would lose what was taken.
  private var calm: Wait { Wait.not(PollSleeper()) }

  /// Puts plain messages back that a run has taken.
  ///
  /// - Parameters:
  ///   - offset: where the first of them lies in the scratch buffer.
  ///   - number: its order among all messages.
  func putBack(run offset: Int, count: Int, numbered number: UInt64) throws {
    if count <= 0 { return }
    try lock(calm)
    defer { unlock() }
    var next = state
    var made: [Int] = []
    do {
      var place = offset
      var segment: UInt32 = 0
      var used = Layout.segmentSize
      for i in 0..<count {
        let length = Int(scratch.base.load(fromByteOffset: place, as: UInt64.self))
        let size = Layout.frameHeader + length.roundedToWord
        if used + size > Layout.segmentSize {
          segment = try takeSegment(&next)
          self.next(segment).pointee = 0
          used = 0
        }
        let frame = address(segment) + used
        frame.storeBytes(of: UInt32(length), as: UInt32.self)
        frame.storeBytes(of: Layout.FrameKind.plain, toByteOffset: 4, as: UInt32.self)
        (frame + Layout.frameHeader).copyMemory(from: scratch.base + place + 8, byteCount: length)
        made.append(try addReturned(segment, UInt32(used), number + UInt64(i), &next))
        next.returnedBytes += UInt64(length)
        used += size
        place += 8 + length.roundedToWord
      }
    } catch {
      for index in made { leases[index].state = QueueLayout.Lease.State.free }
      throw error
    }
    if header.pointee.wantsItems != 0 { ringItems() }
    publish(next)
  }

  private func addReturned(
    _ segment: UInt32, _ offset: UInt32, _ number: UInt64, _ state: inout QueueState
  ) throws -> Int {
    let index = try freeLease(&state)
    leases[index] = QueueLayout.Lease(
      state: QueueLayout.Lease.State.free, attempts: 1, number: number, segment: segment,
      offset: offset, holder: .noProcess, deadline: .max)
    brood_store32(&leases[index].state, QueueLayout.Lease.State.returned)
    state.leases += 1
    state.returned += 1
    return index
  }

  /// Takes the next message if `body` can use it, without waiting; else it goes back.
  ///
  /// Throws `empty`, or `closed`, if there is none.
  func getIfUsable(
    lease: Int64?, _ wait: Wait, body: (QueueItem) throws -> Void
  ) throws -> Progress {
    _ = try reclaim(wait)
    try lock(wait)
    var next = state
    guard next.items > 0 || next.returned > 0 else {
      unlock()
      throw next.isClosed != 0 && next.leases == 0 ? ChannelError.closed : .empty
    }
    let taken = Result { try takeLeasedWithIndex(&next, lease ?? .max) }
    publish(next)
    unlock()
    let (item, index) = try taken.get()
    do {
      try body(item)
    } catch {
      try putBack(index, calm)
      return Progress(taken: 0, isCutShort: true)
    }
    if lease == nil { try keep(index) }
    return Progress(taken: 1)
  }

  /// Under the lock: lends the next message to this process; yields the entry of its lease, too.
  private func takeLeasedWithIndex(
    _ state: inout QueueState, _ lease: Int64
  ) throws -> (item: QueueItem, index: Int) {
    let back = firstReturned(state)
    let item = try takeLeased(&state, lease)
    guard let index = back ?? newestLease(state) else { throw ChannelError.malformed }
    return (item, index)
  }

  /// A message that was lent to this process is its own for good.
  private func keep(_ index: Int) throws {
    try lock(calm)
    var next = state
    let frame = leasedFrame(index)
    let chain = frame.large.flatMap { own($0) }
    if let ticket = frame.ticket { drop(ticket, next) }
    dropLease(index, &next)
    if header.pointee.wantsRoom != 0 { ringRoom() }
    publish(next)
    unlock()
    if let chain { free(transfer: chain) }
  }
}
