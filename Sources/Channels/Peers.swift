import CPosix
import Posix

/// The processes that have a channel, in its shared memory: one word per slot of the session's
/// table (`ProcessSlots`), so that everybody can tell whether somebody else is left.
///
/// A parent enters its child before the fork, so there is no moment at which a living holder is
/// missing. An entry counts only with the generation of its slot: that of a process that has ended
/// means nobody.
public struct Peers {
  /// What a process does with the channel.
  public enum State: UInt32 {
    case idle
    /// Waits for ever for something to come, or for room; no handler of signals can act meanwhile.
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

  let entries: UnsafeMutablePointer<UInt32>

  /// Another living process that has the channel.
  struct Peer {
    let slot: Int32
    let generation: UInt32
    let pid: Int32
    /// A private pidfd, which the caller owns.
    let pidfd: Int32
  }

  /// What a process that has the channel cannot do with it any more: ends of a pipe it has closed.
  struct Closed: OptionSet {
    let rawValue: UInt32
    static let a = Closed(rawValue: 1)
    static let b = Closed(rawValue: 2)
  }

  // State, generation, a mark that there is an entry, closed ends.
  private static func word(_ generation: UInt32, _ state: State, _ closed: Closed) -> UInt32 {
    (generation & 0xFFFF) << 8 | 1 << 24 | state.rawValue | closed.rawValue << 25
  }

  /// Enters a process.
  func admit(slot: Int32, generation: UInt32, closed: Closed = []) {
    guard slot >= 0, slot < Peers.capacity else { return }
    brood_store32(entries + Int(slot), Peers.word(generation, .idle, closed))
  }

  /// Enters this process.
  func admitOwn() {
    let own = brood_slot_own()
    if own >= 0 { admit(slot: own, generation: brood_slot_generation(own)) }
  }

  /// Tells the others what this process does.
  func set(_ state: State) {
    let own = brood_slot_own()
    guard own >= 0 else { return }
    let closed = Closed(rawValue: brood_load32(entries + Int(own)) >> 25)
    brood_store32(entries + Int(own), Peers.word(brood_slot_generation(own), state, closed))
  }

  /// Tells the others what this process has closed.
  func set(_ closed: Closed) {
    let own = brood_slot_own()
    guard own >= 0 else { return }
    let word = Peers.word(brood_slot_generation(own), .idle, closed)
    brood_store32(entries + Int(own), word)
  }

  /// The state that a slot's process has told; nil if it does not have the channel.
  private func state(_ slot: Int32, without closed: Closed = []) -> State? {
    let word = brood_load32(entries + Int(slot))
    guard word != 0, brood_slot_occupied(slot),
      word >> 8 & 0xFFFF == brood_slot_generation(slot) & 0xFFFF,
      Closed(rawValue: word >> 25).isDisjoint(with: closed)
    else { return nil }
    return State(rawValue: word & 0xFF)
  }

  /// Another living process whose state is not this one, and that has not closed what is needed.
  func other(except stuck: State, needing closed: Closed) -> Peer? {
    let own = brood_slot_own()
    for slot in 0..<brood_slots_top() where slot != own {
      guard let state = state(slot, without: closed), mayAct(state), state != stuck else {
        continue
      }
      if let peer = open(slot) { return peer }
    }
    return nil
  }

  /// All other living processes that have not closed what is needed, stuck or not.
  func all(needing closed: Closed) -> [Peer] {
    let own = brood_slot_own()
    return (0..<brood_slots_top()).compactMap { slot in
      guard slot != own, let state = state(slot, without: closed), mayAct(state) else { return nil }
      return open(slot)
    }
  }

  /// Whether a process that was found still counts.
  func isIn(_ peer: Peer, except stuck: State, needing closed: Closed) -> Bool {
    guard peer.generation == brood_slot_generation(peer.slot),
      let state = state(peer.slot, without: closed)
    else { return false }
    return mayAct(state) && state != stuck
  }

  private func mayAct(_ state: State) -> Bool { state != .left || Peers.waitsForLeft }

  private func open(_ slot: Int32) -> Peer? {
    let generation = brood_slot_generation(slot)
    var pid = brood_slot_occupant(slot)
    // Between the fork and its being noted; the parent is in no sleep then.
    var turns = 0
    while pid == 0, brood_slot_occupied(slot), turns < 1_000_000 {
      brood_relax()
      turns += 1
      pid = brood_slot_occupant(slot)
    }
    guard pid > 0 else { return nil }
    let fd = brood_pidfd_open(pid)
    guard fd >= 0 else { return nil }
    var ready: UInt8 = 0
    var copy = fd
    // A zombie's pidfd is readable.
    if brood_wait_readable(&copy, 1, &ready, 0) > 0 {
      Descriptors.close(fd)
      return nil
    }
    return Peer(slot: slot, generation: generation, pid: pid, pidfd: fd)
  }

  /// Living processes that have told one of these states, for reports.
  public func pids(_ states: State...) -> [Int32] {
    var result: [Int32] = []
    for slot in 0..<brood_slots_top() {
      guard let state = state(slot), states.contains(state) else { continue }
      let pid = brood_slot_occupant(slot)
      if pid > 0 { result.append(pid) }
    }
    return result
  }

  /// How the last process that had the channel ended, of those that can still be told.
  func lastEnding() -> Ending? {
    let own = brood_slot_own()
    var latest: (when: Int64, ending: Ending)?
    for slot in 0..<brood_slots_top() where slot != own {
      let word = brood_load32(entries + Int(slot))
      guard word != 0, word & 0xFF != State.left.rawValue,
        word >> 8 & 0xFFFF == brood_slot_generation(slot) & 0xFFFF,
        let found = Ending.recorded(slot)
      else { continue }
      if let known = latest, known.when > found.when { continue }
      latest = found
    }
    return latest?.ending
  }
}

extension Ending {
  /// How the last process of a slot ended: a zombie that nobody has looked at counts as the last.
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
