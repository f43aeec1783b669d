import CPosix
import Glibc
import Posix
import Processes
import Waits

/// How a process sleeps at a channel: which peer it watches, and when it looks again whether that one
/// could still act.
extension Channel {
  /// Sleeps until a bell rings, a peer that could act has ended, or the deadline has passed.
  ///
  /// The caller has called `noteTurn` and set the mark that makes others ring, under the lock, and
  /// looks again afterwards.
  ///
  /// - Parameter stuck: the state that this process is in if it waits for ever.
  /// - Parameter closed: what a process that could act must not have closed.
  /// - Parameter others: pidfds of processes that could act, too.
  /// - Parameter watching: further descriptors that end the sleep.
  /// - Parameter hope: when something may come by itself.
  /// - Parameter moment: when the caller looks again in any case.
  /// - Parameter keepsTime: a deadline is waited for even if no peer is left.
  /// - Parameter areAlike: all who are stuck so at this bell wait for the same. One of them may have
  ///   silenced it before another woke up, who is stuck nevertheless; one that gives up rings again.
  /// - Returns: false if no peer is left that could act; the caller looks once more before it gives up.
  final func sleep(
    _ wait: Wait, on bell: Int32, as stuck: Peers.State, _ passing: Peers.State,
    needing closed: Peers.Closed = [], others: [Int32] = [],
    watching: [Int32] = [], until hope: Int64 = .max, lookingAt moment: Int64 = .max,
    keepsTime: Bool = true, areAlike: Bool = false
  ) throws -> Bool {
    try wait.check()
    noteSleep(wait, isWriting: stuck == .stuckWriting, needing: closed)
    let earlier = min(hope, moment)
    let isStuck = wait.isForever && !wait.sleeper.mayActWhileAsleep
    if isStuck { peers.set(stuck, turn: seenTurn) } else { peers.set(passing) }
    defer { peers.set(.idle) }
    let seen = areAlike ? seenTurn : nil
    guard let peer = watchedPeer(beside: stuck, since: seen, needing: closed) else {
      // Who gets a handle that is on its way is not known.
      let possible = peers.isTravelling ? peers.all(needing: closed) : []
      if !possible.isEmpty {
        var watches = ProcessWatches()
        watches.add(possible)
        defer { watches.close() }
        _ = try wait.sleep(
          [bell] + watches.descriptors + others + watching, until: min(earlier, watches.next))
        return true
      }
      let isTimed = keepsTime && !wait.isForever
      if isTimed || mayBeAnswered(wait) || !others.isEmpty || hope != .max {
        _ = try wait.sleep([bell] + others + watching, until: earlier)
        return true
      }
      if areAlike { brood_bell_ring(bell) }
      return false
    }
    // Who waits for ever is told when to look (`WaitLookout`).
    let isTold = peer >= 0 && (areAlike || isStuck) && !(watched.map(peers.isWorker) ?? false)
    var look = isTold ? Int64.max : nextLook
    // Who cannot act is looked for where another process has seen that there may be none, or the
    // peers told nothing for a while: it costs more.
    if isStuck, others.isEmpty, hope == .max,
      WaitLookout.isTold || suspicion != nil || !isTold && looks > 0
    {
      let moment = WaitNote.began + (kind == .barrier ? Channel.afterBarrier : 0)
      if Clock.monotonic < moment {
        look = min(look, moment)
      } else if isStranded(as: stuck, since: seen, needing: closed) {
        return false
      } else if suspicion != nil {
        look = min(look, Clock.deadline(after: Channel.secondLook + jitter))
      } else {
        WaitLookout.noteStay()
      }
    }
    let ready = try wait.sleep([bell, peer] + others + watching, until: min(earlier, look))
    if ready & 2 != 0 { dropWatched() }
    if ready & 1 != 0 { noteWoken() }
    if peer < 0 { return true }
    // The longer nothing happens, the less there is that can have been missed.
    looks = ready == 0 && Clock.monotonic >= look ? min(looks + 1, Channel.mostDoublings) : 0
    return true
  }

  /// Notes in the wait record what this process is about to sleep for.
  ///
  /// - Parameter isWatched: whether all are known who could act.
  final func noteSleep(
    _ wait: Wait, isWriting: Bool, needing closed: Peers.Closed = [], isWatched: Bool = true
  ) {
    let verb: OperationPoint.Verb
    switch kind {
    case .pipe: verb = isWriting ? .pipeSend : .pipeReceive
    case .queue: verb = isWriting ? .queuePut : .queueGet
    case .memory: verb = .memoryLock
    case .lock: verb = .lockAcquire
    case .semaphore: verb = .semaphoreAcquire
    case .event: verb = .eventWait
    case .barrier: verb = .barrierWait
    case .condition: verb = .conditionWait
    }
    // A session tells of its handlers itself.
    let acts = WaitNote.standing == nil && wait.sleeper.mayActWhileAsleep
    var flags: WaitNote.Flags = acts ? .handler : []
    if !isWatched { flags.insert(.more) }
    WaitNote.begin(
      verb, WaitTarget(objectID, kind.want(isWriting: isWriting)),
      needing: UInt8(truncatingIfNeeded: closed.rawValue), until: wait.deadline, flags)
  }

  // Whether it has been so at two looks in a row that no peer is left that could act.
  private func isStranded(
    as stuck: Peers.State, since seen: UInt32?, needing closed: Peers.Closed
  ) -> Bool {
    WaitLookout.isTold = false
    if let watched, StrandedLook.surelyActs(watched.slot) {
      suspicion = nil
      return false
    }
    let look = StrandedLook(self, as: stuck, since: seen, needing: closed)
    guard look.answer == .cannot else {
      suspicion = nil
      return false
    }
    if let suspicion, suspicion.signature == look.signature {
      let isSure = Clock.monotonic - suspicion.moment >= Channel.secondLook
      if isSure { waitingPeers = look.waitingForEnds }
      return isSure
    }
    suspicion = (look.signature, Clock.monotonic)
    return false
  }

  /// How long it has to stay so (ns).
  private static let secondLook: Int64 = 50_000_000
  /// A barrier looks itself whether too few are left, and breaks then: that comes first (ns).
  private static let afterBarrier = 3 * BarrierLookout.grace

  /// When to look again whether the watched process could act still, because one may not be told: for
  /// someone who waits for several things.
  final var nextLookAtWatched: Int64 {
    if let watched, !watched.isWatched { return Clock.deadline(after: ProcessWatches.interval) }
    let isWorker = watched.map(peers.isWorker) ?? false
    return Clock.deadline(after: isWorker ? Channel.glance : Channel.longest)
  }

  /// The same for one who waits at this channel alone: later each time that it was in vain.
  private var nextLook: Int64 {
    if let watched, !watched.isWatched { return Clock.deadline(after: ProcessWatches.interval) }
    let first = (watched.map(peers.isWorker) ?? false) ? Channel.glance : Channel.longest
    return Clock.deadline(after: first << looks + jitter)
  }

  // Processes that began to sleep together do not look at the same moment, when all are awake.
  private var jitter: Int64 { Int64(Process.pid % 16) * 1_000_000 }

  private static let mostDoublings: Int64 = 4
  /// After how long it is looked for the first time (ns).
  ///
  /// That a worker of a pool falls idle, or a parent begins to wait, costs it a store, and no ringing
  /// of bells. Of several sleepers one may empty the pipe, or silence a bell, before another has woken
  /// up, which would be taken for one that is about to act.
  private static let glance: Int64 = 100_000_000
  private static let longest: Int64 = 1_000_000_000

  /// For a wait for several things: a pidfd of a peer that could act, -1 if there is none
  /// for it, nil if none is left; to be looked at again at `nextLookAtWatched`.
  final func peerToWatch(needing closed: Peers.Closed = []) -> Int32? {
    // What ended a sleep for several things is not told: it may have been the end of this one.
    if let watched, watchedDepth == brood_fork_depth(), watched.hasEnded { dropWatched() }
    if let peer = watchedPeer(beside: .left, needing: closed) { return peer }
    guard peers.isTravelling else { return nil }
    let possible = peers.all(needing: closed)
    for peer in possible.dropFirst() { Descriptors.close(peer.pidfd) }
    watched = possible.first
    return watched?.pidfd
  }

  // With no peer alive: by a handler of this process, or because it does not wait for ever and
  // none has ended; without a table processes cannot be told apart.
  private func mayBeAnswered(_ wait: Wait) -> Bool {
    brood_slot_own() < 0 || wait.sleeper.mayActWhileAsleep
      || (!wait.isForever && peers.lastEnding() == nil)
  }

  /// A pidfd of another living process that may act; -1 if there is one, but no descriptor for it.
  private func watchedPeer(
    beside stuck: Peers.State, since seen: UInt32? = nil, needing closed: Peers.Closed
  ) -> Int32? {
    if let watched, watchedDepth == brood_fork_depth(), watched.isWatched,
      peers.isIn(watched, beside: stuck, since: seen, needing: closed)
    {
      return watched.pidfd
    }
    dropWatched()
    watched = peers.other(beside: stuck, since: seen, needing: closed)
    watchedDepth = brood_fork_depth()
    return watched?.pidfd
  }

  func dropWatched() {
    if let watched, watchedDepth == brood_fork_depth() { Descriptors.close(watched.pidfd) }
    watched = nil
  }
}
