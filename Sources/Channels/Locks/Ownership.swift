import CPosix
import Posix

/// Who holds a lock that users see, in the shared memory of its channel.
///
/// Its holder is a record of a process rather than the state of a word: a holder that is stopped
/// or has died can be named, and a waiter can give up (KERNEL.md).
struct OwnershipState {
  /// Pid and slot, in one word that is written last: 0 is no process.
  var holder: UInt64 = 0
  var start: UInt64 = 0
  /// How often the holder has taken it.
  var depth: UInt32 = 0
  /// Set by those who sleep until it is free.
  var isWanted: UInt32 = 0
  /// The holder that died, until the next one has been told.
  var dead: ProcessIdentity = .noProcess
}

/// A lock with an owner, as part of a channel.
struct Ownership {
  let state: UnsafeMutablePointer<OwnershipState>
  let bell: Int32

  /// Who holds it now.
  var holder: ProcessIdentity {
    let word = brood_load64(&state.pointee.holder)
    return ProcessIdentity(
      pid: Int32(truncatingIfNeeded: word), slot: UInt32(truncatingIfNeeded: word >> 32),
      start: state.pointee.start)
  }

  @inline(__always)
  var isFree: Bool { brood_load64(&state.pointee.holder) == 0 }

  @inline(__always)
  var isOwn: Bool {
    let own = ProcessIdentity.own
    return brood_load64(&state.pointee.holder) == own.word && state.pointee.start == own.start
  }

  /// Takes it, waiting until it is free; yields the ending of a holder that died with it.
  ///
  /// Throws `selfDeadlock` if this process holds it and it is not reentrant, `timeout`.
  func acquire(
    _ channel: Channel, isReentrant: Bool, _ wait: Wait
  ) throws -> Ending? {
    while true {
      try channel.lock(wait)
      if isFree {
        let dead = take()
        channel.unlock()
        if LockOrder.isOn { LockOrder.took(channel, isForever: wait.isForever) }
        return dead.isNoProcess ? nil : dead.ending
      }
      if isOwn {
        guard isReentrant, state.pointee.depth < .max else {
          channel.unlock()
          throw ChannelError.selfDeadlock
        }
        state.pointee.depth += 1
        channel.unlock()
        return nil
      }
      channel.unlock()
      if wait.isNow { throw ChannelError.timeout }
      try sleep(channel, wait)
    }
  }

  // Under the inner lock.
  @inline(__always)
  private func take() -> ProcessIdentity {
    let own = ProcessIdentity.own
    let dead = state.pointee.dead
    state.pointee.depth = 1
    state.pointee.start = own.start
    brood_store64(&state.pointee.holder, own.word)
    if !dead.isNoProcess { state.pointee.dead = .noProcess }
    return dead
  }

  @inline(never)
  private func sleep(_ channel: Channel, _ wait: Wait) throws {
    Spin.until { isFree }
    try channel.lock(wait)
    let holder = self.holder
    if holder.isNoProcess || holder.isOwn {
      channel.unlock()
      return
    }
    brood_bell_silence(bell)
    state.pointee.isWanted = 1
    channel.unlock()
    var watches = ProcessWatches()
    defer { watches.close() }
    guard watches.add(holder) else { return try reclaim(holder, channel, wait) }
    try wait.check()
    channel.noteSleep(wait, isWriting: false)
    channel.peers.set(.reading)
    defer { channel.peers.set(.idle) }
    let ready = try wait.sleep([bell] + watches.descriptors, until: watches.next)
    if ready & 1 != 0 { channel.noteWoken() }
    if ready & 2 != 0 { try reclaim(holder, channel, wait) }
  }

  /// The holder is dead: what it held is free again, and the next one is told.
  func reclaim(_ holder: ProcessIdentity, _ channel: Channel, _ wait: Wait) throws {
    try channel.lock(wait)
    if self.holder == holder {
      state.pointee.dead = holder
      free(channel)
    }
    channel.unlock()
  }

  // Under the inner lock.
  @inline(__always)
  private func free(_ channel: Channel) {
    if state.pointee.isWanted != 0 {
      state.pointee.isWanted = 0
      channel.noteRinging()
      brood_bell_ring(bell)
    }
    state.pointee.depth = 0
    brood_store64(&state.pointee.holder, 0)
  }

  /// Gives it back; throws `notHeld` if this process does not hold it.
  func release(_ channel: Channel, _ wait: Wait) throws {
    try channel.lock(wait)
    guard isOwn else {
      channel.unlock()
      throw ChannelError.notHeld
    }
    if state.pointee.depth > 1 {
      state.pointee.depth -= 1
    } else {
      free(channel)
      if LockOrder.isOn { LockOrder.letGo(channel) }
    }
    channel.unlock()
  }

  /// Gives it back whatever its depth, and yields that; 0 if this process does not hold it.
  func releaseAll(_ channel: Channel, _ wait: Wait) throws -> UInt32 {
    try channel.lock(wait)
    defer { channel.unlock() }
    guard isOwn else { return 0 }
    let depth = state.pointee.depth
    free(channel)
    if LockOrder.isOn { LockOrder.letGo(channel) }
    return depth
  }

  /// After `acquire`: as deep as it was before.
  func setDepth(_ depth: UInt32) { state.pointee.depth = max(1, depth) }
}
