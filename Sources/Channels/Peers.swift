import CPosix
import Glibc
import Posix
import Processes
import Waits

/// The processes that have a channel, in its shared memory: one word per slot of the session's
/// table (`ProcessSlots`), so that each can tell whether another one is left.
///
/// A parent enters its child before the fork, so there is no moment at which a living holder is
/// missing. An entry counts only with the generation of its slot: that of a process that has ended
/// means none.
public struct Peers {
  /// What a process does with the channel.
  public enum State: UInt32 {
    case idle
    /// Waits for ever for something to come, or for room; no handler of signals can act meanwhile.
    ///
    /// Only true while no process has woken sleepers since: see `Channel.turn`.
    case stuckReading, stuckWriting
    /// Waits, but not for ever.
    case reading, writing
    /// Has closed its ends, or will never use the channel again.
    case left
  }

  /// How many slots there can be.
  static let capacity = 65536

  /// Whether this process waits for those that will never use the channel again, as long as they
  /// live: a daemon goes with its parent, and is not to complain before.
  nonisolated(unsafe) public static var waitsForLeft = false

  let entries: UnsafeMutablePointer<UInt64>
  /// Counts how often sleepers were woken.
  let turn: UnsafeMutablePointer<UInt32>
  let travels: UnsafeMutablePointer<ChannelMemory.Travels>

  /// Whether a handle is on its way: its receiver is not entered yet.
  var isTravelling: Bool {
    brood_load64(&travels.pointee.departures) != brood_load64(&travels.pointee.arrivals)
  }

  /// Another living process that has the channel.
  struct Peer {
    let slot: Int32
    let generation: UInt32
    /// 0 while it begins and has not told.
    let pid: Int32
    /// A private pidfd, which the caller owns; -1 if none can be had now, so that it has to be looked
    /// at from time to time.
    let pidfd: Int32

    var isWatched: Bool { pidfd >= 0 }

    /// Whether it is at least a zombie, whose slot still counts until it is reaped.
    var hasEnded: Bool {
      guard isWatched else { return pid > 0 && !ProcessIdentity.isLiving(pid) }
      var ready: UInt8 = 0
      var copy = pidfd
      return brood_wait_readable(&copy, 1, &ready, 0) > 0
    }
  }

  /// What a process that has the channel cannot do with it any more: ends of a pipe it has closed.
  struct Closed: OptionSet {
    let rawValue: UInt32
    static let a = Closed(rawValue: 1)
    static let b = Closed(rawValue: 2)
  }

  // State, closed ends, a mark that there is an entry, generation, and the turn at which a state was
  // told.
  private static func word(
    _ generation: UInt32, _ state: State, _ closed: Closed, turn: UInt32 = 0
  ) -> UInt64 {
    UInt64(state.rawValue | closed.rawValue << 8 | 1 << 15 | (generation & 0xFFFF) << 16)
      | UInt64(turn) << 32
  }

  private func closed(_ word: UInt64) -> Closed {
    Closed(rawValue: UInt32(truncatingIfNeeded: word >> 8) & 0x7F)
  }

  private func isOf(_ word: UInt64, _ slot: Int32) -> Bool {
    word != 0
      && UInt32(truncatingIfNeeded: word >> 16) & 0xFFFF == brood_slot_generation(slot) & 0xFFFF
  }

  /// Enters a process.
  func admit(slot: Int32, generation: UInt32, closed: Closed = [], _ state: State = .idle) {
    guard slot >= 0, slot < Peers.capacity else { return }
    brood_store64(entries + Int(slot), Peers.word(generation, state, closed))
    brood_slots_note_entry()
  }

  /// This process's pid as its slot has it, without a system call; 0 without one.
  static var ownPid: Int32 {
    let own = brood_slot_own()
    return own < 0 ? 0 : brood_slot_occupant(own)
  }

  /// Enters this process.
  func admitOwn() {
    let own = brood_slot_own()
    if own >= 0 { admit(slot: own, generation: brood_slot_generation(own)) }
  }

  /// Tells the others what this process does.
  ///
  /// - Parameter turn: for a state that is only true until sleepers are woken again.
  func set(_ state: State, turn: UInt32 = 0) {
    let own = brood_slot_own()
    guard own >= 0 else { return }
    let closed = closed(brood_load64(entries + Int(own)))
    let word = Peers.word(brood_slot_generation(own), state, closed, turn: turn)
    brood_store64(entries + Int(own), word)
  }

  /// Tells the others what this process has closed.
  func set(_ closed: Closed) {
    let own = brood_slot_own()
    guard own >= 0 else { return }
    brood_store64(entries + Int(own), Peers.word(brood_slot_generation(own), .idle, closed))
  }

  /// The state that a slot's process has told; nil if it does not have the channel.
  ///
  /// - Parameter alike: a state in which one stays that was not woken at this turn, while it is the
  ///   last: who told it saw then that there is nothing to wake for.
  func state(
    _ slot: Int32, without ends: Closed = [], alike: (state: State, turn: UInt32)? = nil
  ) -> State? {
    let word = brood_load64(entries + Int(slot))
    guard isOf(word, slot), brood_slot_occupied(slot), closed(word).isDisjoint(with: ends) else {
      return nil
    }
    let state = State(rawValue: UInt32(truncatingIfNeeded: word) & 0xFF) ?? .idle
    // It was woken since, and has only not come to say so.
    let isStuck = state == .stuckReading || state == .stuckWriting
    let now = brood_load32(turn)
    if isStuck, UInt32(truncatingIfNeeded: word >> 32) != now {
      return alike?.state == state && alike?.turn == now ? state : .idle
    }
    return state
  }

  /// What a slot's process has told of itself; nil if it does not have the channel, or has closed what
  /// is needed.
  ///
  /// - Parameters:
  ///   - stuck: the state of the one who asks.
  ///   - seen: the turn at which that one saw what all who are in that state wait for.
  @inline(__always)
  func standing(
    _ slot: Int32, beside stuck: State, since seen: UInt32?, needing closed: Closed
  ) -> Standing? {
    let alike = seen.map { (state: stuck, turn: $0) }
    guard let state = state(slot, without: closed, alike: alike) else { return nil }
    var result = standing(slot, state, needing: closed)
    if state == stuck { result.insert(.waitsForTheSame) }
    return result
  }

  @inline(__always)
  private func standing(_ slot: Int32, _ state: State, needing closed: Closed) -> Standing {
    var result: Standing = isToBeWaitedFor(state) ? [] : .hasLeft
    if isIdleWorker(slot, needing: closed) { result.insert(.isIdleWorker) }
    return result
  }

  /// Another living process that may act, for one in a state; nil if surely none is left.
  ///
  /// Complexity: O(slots), with a system call for each that has ended and was not reaped.
  func other(beside stuck: State, since seen: UInt32? = nil, needing closed: Closed) -> Peer? {
    let own = brood_slot_own()
    let found = firstFound {
      for slot in 0..<brood_slots_top() where slot != own {
        guard let standing = standing(slot, beside: stuck, since: seen, needing: closed),
          standing.mayAct
        else { continue }
        if let peer = open(slot) { return [peer] }
      }
      return []
    }
    return found.first
  }

  /// All other living processes of the session that have the channel and have not closed what is
  /// needed, or may get it; empty if surely none is left.
  func all(needing closed: Closed) -> [Peer] {
    let own = brood_slot_own()
    return firstFound {
      (0..<brood_slots_top()).compactMap { slot in
        guard slot != own, brood_slot_occupied(slot),
          standing(slot, state(slot, without: closed) ?? .idle, needing: closed).mayAct
        else { return nil }
        return open(slot)
      }
    }
  }

  /// Looks again where nobody was found while something changed: one who forks a child into a slot that
  /// was looked at before, and is killed before its own is, would hide that child.
  func firstFound(_ look: () -> [Peer]) -> [Peer] {
    for _ in 0..<Peers.mostLooks {
      let before = changes
      let found = look()
      if !found.isEmpty || changes == before { return found }
    }
    // One of those who are made all the time may be such a process.
    return [Peer(slot: 0, generation: 0, pid: 0, pidfd: -1)]
  }

  private static let mostLooks = 16

  /// What changes when a process may act that could not before.
  private var changes: SIMD4<UInt64> {
    SIMD4(
      UInt64(brood_slots_entries()), UInt64(brood_load32(turn)),
      brood_load64(&travels.pointee.departures), brood_load64(&travels.pointee.arrivals))
  }

  /// Whether a process that was found still counts.
  func isIn(
    _ peer: Peer, beside stuck: State, since seen: UInt32? = nil, needing closed: Closed
  ) -> Bool {
    peer.generation == brood_slot_generation(peer.slot)
      && standing(peer.slot, beside: stuck, since: seen, needing: closed)?.mayAct ?? false
  }

  private func isToBeWaitedFor(_ state: State) -> Bool { state != .left || Peers.waitsForLeft }

  // A pool's worker without a task: its maker, who gives it one, counts instead.
  func isIdleWorker(_ slot: Int32, needing closed: Closed) -> Bool {
    let maker = brood_slot_manager(slot) - 1
    return maker >= 0 && (maker == brood_slot_own() || state(maker, without: closed) != nil)
  }

  /// Whether it is a worker of a pool, which tells no other process that it has no task any more.
  func isWorker(_ peer: Peer) -> Bool { brood_slot_manager(peer.slot) != 0 }

  /// In the process that makes a pool's worker: in which of its pools that works.
  public static func note(worker: SlotID, of pool: Int32) {
    brood_slot_enter_pool(worker.place.number, pool)
    note(worker: worker, waits: false)
  }

  /// In the process that makes or has a pool's worker: whether that has nothing to do until it is
  /// given a task.
  public static func note(worker: SlotID, waits: Bool) {
    brood_slot_set_manager(worker.place.number, waits)
  }

  private func open(_ slot: Int32) -> Peer? {
    let generation = brood_slot_generation(slot)
    let pid = brood_slot_occupant(slot)
    guard pid > 0 else {
      // Between its fork and its first step.
      if !brood_slot_begins(slot) { return nil }
      return Peer(slot: slot, generation: generation, pid: 0, pidfd: -1)
    }
    let fd = brood_pidfd_open(pid)
    if fd == -ESRCH { return nil }
    let peer = Peer(slot: slot, generation: generation, pid: pid, pidfd: max(fd, -1))
    if !peer.hasEnded { return peer }
    Descriptors.close(fd)
    return nil
  }

  /// Living processes that have told one of these states, for reports.
  public func pids(_ states: State...) -> [Int32] { pids(states, without: []) }

  private func pids(_ states: [State], without ends: Closed) -> [Int32] {
    var result: [Int32] = []
    for slot in 0..<brood_slots_top() {
      guard let state = state(slot, without: ends), states.contains(state) else { continue }
      let pid = brood_slot_occupant(slot)
      // A killed process keeps its slot until it is reaped.
      if pid > 0, ProcessIdentity.isLiving(pid) { result.append(pid) }
    }
    return result
  }

  /// Living processes that have the channel and may use it.
  var living: [Int32] { living(without: []) }

  /// Those of them that have not closed some ends.
  func living(without ends: Closed) -> [Int32] {
    pids([.idle, .reading, .writing, .stuckReading, .stuckWriting], without: ends)
  }

  /// Up to so many other living processes that have the channel, without those of some pids.
  func others(_ most: Int, except pids: Set<Int32>) -> [Peer] {
    let own = brood_slot_own()
    var result: [Peer] = []
    for slot in 0..<brood_slots_top() where slot != own && result.count < most {
      guard let state = state(slot), isToBeWaitedFor(state),
        !pids.contains(brood_slot_occupant(slot)), let peer = open(slot)
      else { continue }
      result.append(peer)
    }
    return result
  }

  /// How the last process that had the channel ended, of those that can still be told.
  func lastEnding() -> Ending? { lastEnding { _ in true }?.ending }

  /// How the last of those who had it ended that died of a signal, or of an error that it printed.
  func lastFailure() -> Ending? {
    lastEnding { found in
      switch found.ending.cause {
      case .signaled: true
      case .exited(let status): status != 0 && brood_slot_has_reported(found.slot)
      case .unknown: false
      }
    }?.ending
  }

  /// The last process that had the channel and was ended by a signal, not before a moment.
  func lastDead(since moment: Int64) -> ProcessIdentity? {
    lastEnding { $0.when >= moment && $0.ending.isDeath }.map { found in
      let pid = found.ending.pid
      return ProcessIdentity(
        pid: pid, slot: UInt32(found.slot + 1), start: ProcessIdentity.stat(pid)?.startTicks ?? 0)
    }
  }

  private func lastEnding(
    where matches: ((when: Int64, slot: Int32, ending: Ending)) -> Bool
  ) -> (slot: Int32, ending: Ending)? {
    let own = brood_slot_own()
    var latest: (when: Int64, slot: Int32, ending: Ending)?
    for slot in 0..<brood_slots_top() where slot != own {
      let word = brood_load64(entries + Int(slot))
      guard isOf(word, slot), word & 0xFF != UInt64(State.left.rawValue),
        let found = Ending.recorded(slot), matches((found.when, slot, found.ending))
      else { continue }
      if let known = latest, known.when > found.when { continue }
      latest = (found.when, slot, found.ending)
    }
    return latest.map { ($0.slot, $0.ending) }
  }
}

extension Ending {
  /// How the last process of a slot ended: a zombie that was not looked at counts as the last.
  static func recorded(_ slot: Int32) -> (when: Int64, ending: Ending)? {
    var pid: Int32 = 0
    var when: Int64 = 0
    let code = brood_slot_ending(slot, &pid, &when)
    if code != 0 { return (when, Ending(pid: pid, recorded: code)) }
    let occupant = brood_slot_occupant(slot)
    guard occupant > 0, let stat = ProcessIdentity.stat(occupant),
      stat.state == UInt8(ascii: "Z")
    else { return nil }
    return (.max, Ending(pid: occupant, waitStatus: stat.exitCode))
  }
}
