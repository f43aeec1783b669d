import CPosix
import Posix

/// Putting items in.
extension Queue {
  @inline(__always)
  private var looksFull: Bool {
    let turn = brood_load32(&header.pointee.turn)
    let state = states + Int(turn & 1)
    return Int64(state.pointee.items) >= header.pointee.mostItems
  }

  /// Puts one message, waiting for room.
  ///
  /// Throws `closed`; `full` if it may not wait, `timeout`; `abandoned` or `peerDied` if no peer is
  /// left who could take something out; `memory` beyond the bound.
  public func put(
    _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = [], _ wait: Wait
  ) throws {
    try OperationPoint.pass(.queuePut, self) {
      if bytes.count > Layout.largestInline - 16 {
        return try putLarge(bytes.count, wait) { sink in
          try sink(bytes)
          return descriptors
        }
      }
      while true {
        var next = try lockToPut(wait)
        if hasRoom(next, bytes.count) {
          do {
            if descriptors.isEmpty {
              try append(bytes, &next)
            } else if try !append(bytes, descriptors, &next) {
              // The courier is full of descriptors that were not taken yet.
              let turn = header.pointee.turn
              unlock()
              try waitForCourier(wait, fullAt: turn)
              continue
            }
          } catch {
            // Nothing was appended, but what dead processes left may have been freed.
            publish(next)
            unlock()
            throw error
          }
          publishPuts(next)
          unlock()
          Recorder.note(next.puts, bytes)
          return
        }
        unlock()
        try waitForRoom(wait, bytes.count)
      }
    }
  }

  /// Takes the lock of a queue that is open and has back what was lent and is due; yields its state.
  ///
  /// Throws `closed`.
  @inline(__always)
  func lockToPut(_ wait: Wait) throws -> QueueState {
    while true {
      try lock(wait)
      let current = state
      if current.isClosed != 0 {
        unlock()
        throw ChannelError.closed
      }
      if !mayHaveLeaseBack(current) { return current }
      unlock()
      try reclaimWhatIsDue(wait)
    }
  }

  /// Puts many messages in their order, as many at a time as there is room for.
  ///
  /// - Parameter message: yields the bytes of the message of an index, valid until the next call.
  public func putMany(
    _ count: Int, _ wait: Wait,
    message: (Int) throws -> (UnsafeRawBufferPointer, [Int32])
  ) throws {
    try OperationPoint.pass(.queuePut, self) {
      var index = 0
      while index < count {
        let (first, descriptors) = try message(index)
        if first.count > Layout.largestInline - 16 || !descriptors.isEmpty {
          try put(first, descriptors: descriptors, wait)
          index += 1
          continue
        }
        index += try putRun(index, count, first, wait, message)
      }
    }
  }

  // As many small ones as fit into one turn under the lock.
  private func putRun(
    _ start: Int, _ count: Int, _ first: UnsafeRawBufferPointer, _ wait: Wait,
    _ message: (Int) throws -> (UnsafeRawBufferPointer, [Int32])
  ) throws -> Int {
    var next = try lockToPut(wait)
    var done = 0
    var bytes = first
    let before = next.bytes
    do {
      while hasRoom(next, bytes.count) {
        try append(bytes, &next)
        done += 1
        if start + done >= count || next.bytes - before > 1 << 18 { break }
        let (following, descriptors) = try message(start + done)
        if following.count > Layout.largestInline - 16 || !descriptors.isEmpty { break }
        bytes = following
      }
    } catch {
      publishPuts(next)
      unlock()
      throw error
    }
    if done > 0 { publishPuts(next) }
    unlock()
    if done > 0 { Recorder.note(next.puts - UInt64(done) + 1, count: done, first) }
    if done == 0 { try waitForRoom(wait, bytes.count) }
    return done
  }

  private func publishPuts(_ next: QueueState) {
    if header.pointee.wantsItems != 0 { ringItems() }
    publish(next)
  }

  @inline(never)
  func ringItems() {
    header.pointee.wantsItems = 0
    ring(itemsBell)
  }

  @inline(never)
  func ringRoom() {
    header.pointee.wantsRoom = 0
    ring(roomBell)
  }

  /// Whether an item of so many bytes may go in now.
  @inline(__always)
  func hasRoom(_ state: QueueState, _ size: Int) -> Bool {
    let items = Int64(state.items + state.returned.asWide + state.pendingItems.asWide)
    if items >= header.pointee.mostItems { return false }
    if header.pointee.mostBytes == .max { return true }
    let bytes = Int64(clamping: state.bytes + state.returnedBytes + state.pendingBytes)
    return items == 0 || bytes + Int64(size) <= header.pointee.mostBytes
  }

  /// Sleeps until there may be room for an item of so many bytes.
  ///
  /// - Parameter turn: given where only the courier is full; until anything happened since then.
  @inline(never)
  func waitForRoom(_ wait: Wait, _ size: Int, fullAt turn: UInt32? = nil) throws {
    if wait.isNow { throw ChannelError.full }
    Spin.until { !looksFull }
    // One item may not fit where another does: then one must not silence the other's bell.
    let isAlike = header.pointee.mostBytes == .max && turn == nil
    let edge = isAlike ? -1 : try edge(roomBell)
    defer { Descriptors.close(edge) }
    try lock(wait)
    func isOver() -> Bool {
      state.isClosed != 0 || (turn.map { $0 != header.pointee.turn } ?? hasRoom(state, size))
    }
    if isOver() {
      unlock()
      return
    }
    if edge < 0 { brood_bell_silence(roomBell) }
    noteTurn()
    header.pointee.wantsRoom = 1
    unlock()
    let isAlone = try !sleep(
      wait, on: edge < 0 ? roomBell : edge, as: .stuckWriting, .writing, keepsTime: false)
    if isAlone {
      try lock(wait)
      defer { unlock() }
      if !isOver() { throw turn == nil ? abandoned() : ChannelError.handles }
    }
  }

  /// Sleeps until the courier may take descriptors again.
  ///
  /// It has a bound that no user has asked for: where no other process could take something out, it is
  /// told at once, however long one would wait.
  ///
  /// - Parameter turn: when it was full.
  func waitForCourier(_ wait: Wait, fullAt turn: UInt32) throws {
    let isAlone = brood_slot_own() >= 0 && peerToWatch() == nil
    if isAlone, wait.isNow || !wait.sleeper.mayActWhileAsleep { throw ChannelError.handles }
    try waitForRoom(wait, 0, fullAt: turn)
  }

  /// From now on nothing can be put; what is in it can still be taken.
  public func close(_ wait: Wait) throws {
    try OperationPoint.pass(.queueClose, self) {
      try lock(wait)
      var next = state
      next.isClosed = 1
      ringItems()
      ringRoom()
      publish(next)
      unlock()
    }
  }
}
