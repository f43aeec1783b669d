import CPosix
import Posix

/// A place where N processes wait for each other.
///
/// A party that dies while it waits breaks the barrier for the others, until it is reset; so does
/// one that dies before it came, once too few are left to come.
public final class Barrier: Channel {
  /// What went wrong at a barrier, beyond what happens at any channel.
  public struct Missing: Error {
    /// How many parties had come, the caller included, of how many.
    public let arrived: Int
    /// How many processes have to arrive.
    public let parties: Int
    /// Living processes that have the barrier and have not come.
    public let absent: [Int32]
  }

  /// What has broken it.
  public enum Breach: UInt32, Sendable {
    case diedWaiting = 1
    /// A party died before it came, and fewer live than are missing.
    case tooFewLeft
  }

  struct State {
    var parties: UInt32
    var isWanted: UInt32
    /// Counts the times that it has opened.
    var round: UInt64
    /// A breach while it is broken.
    var isBroken: UInt32
    var top: UInt32
    /// The round that a reset began; those who waited before it are told.
    var resetTo: UInt64
    var dead: ProcessIdentity
    /// When this round began (monotonic ns).
    var began: Int64
  }

  /// A waiter; counts while its round is the current one.
  struct Party {
    var process: ProcessIdentity
    /// Plus one; 0 is free.
    var round: UInt64
  }

  static let mostParties = 65536
  private static let bodySize = mostParties * MemoryLayout<Party>.stride

  private let state: UnsafeMutablePointer<State>
  private let table: UnsafeMutablePointer<Party>

  /// - Parameter parties: 1 or more.
  public init(parties: Int) throws {
    guard (1...Barrier.mostParties).contains(parties) else {
      throw ChannelError.tooLarge(limit: Barrier.mostParties)
    }
    let memory = try ChannelMemory(kind: Kind.barrier.rawValue, bodySize: Barrier.bodySize)
    state = memory.state(State.self)
    table = Barrier.table(memory)
    try memory.commit(ChannelMemory.bodyOffset, parties * MemoryLayout<Party>.stride)
    state.pointee = State(
      parties: UInt32(parties), isWanted: 0, round: 0, isBroken: 0, top: 0, resetTo: 0,
      dead: .noProcess, began: Clock.monotonic)
    super.init(kind: .barrier, bells: [try Channel.makeBell()], memory: memory)
  }

  /// From descriptors that came from another process.
  public init(adopting descriptors: [Int32]) throws(SystemError) {
    let (memory, rest) = try Channel.adopt(
      descriptors, kind: .barrier, bells: 1, bodySize: Barrier.bodySize)
    state = memory.state(State.self)
    table = Barrier.table(memory)
    super.init(kind: .barrier, bells: rest, memory: memory)
  }

  private static func table(_ memory: ChannelMemory) -> UnsafeMutablePointer<Party> {
    (memory.base + ChannelMemory.bodyOffset).assumingMemoryBound(to: Party.self)
  }

  /// How many processes have to arrive.
  public var parties: Int { Int(state.pointee.parties) }
  /// Whether its waiters were told that too few are left.
  public var isBroken: Bool { state.pointee.isBroken != 0 }
  /// Why it is broken; nil if it is not.
  public var breach: Breach? { Breach(rawValue: state.pointee.isBroken) }

  private var round: UInt64 { brood_load64(&state.pointee.round) }

  // Under the lock: those who wait in this round.
  private var waiting: [Int] {
    let current = state.pointee.round + 1
    return (0..<Int(state.pointee.top)).filter { table[$0].round == current }
  }

  private func ringIfWanted() {
    if state.pointee.isWanted == 0 { return }
    state.pointee.isWanted = 0
    ring(bells[0])
  }

  /// Waits until all parties have come; yields this one's place in the order of coming, from 0.
  ///
  /// Throws `peerDied` if a party that waited has died, now or earlier; `Missing` at the deadline,
  /// after which this party does not count; `peerDied` or `abandoned` if no other party is left to come.
  public func wait(_ wait: Wait) throws -> Int {
    try OperationPoint.pass(.barrierWait, self) {
      try lock(wait)
      try checkWhole()
      var arrived = waiting
      var mine = state.pointee.round
      while arrived.count + 1 >= parties {
        // The last one to come looks whether those who came before it live: no other process may have.
        let others = arrived.map { table[$0].process }
        unlock()
        if let dead = others.first(where: { !$0.isLiving }) {
          try breakUp(.diedWaiting, dead, mine, wait)
        }
        try lock(wait)
        try checkWhole()
        let isSame = state.pointee.round == mine
        arrived = waiting
        mine = state.pointee.round
        guard isSame, arrived.count + 1 >= parties else { continue }
        ringIfWanted()
        state.pointee.began = Clock.monotonic
        brood_store64(&state.pointee.round, mine + 1)
        unlock()
        return arrived.count
      }
      let index = (0..<parties).first { table[$0].round != mine + 1 } ?? 0
      table[index].process = .own
      brood_store64(&table[index].round, mine + 1)
      if index >= Int(state.pointee.top) { state.pointee.top = UInt32(index + 1) }
      // Those who wait have to watch this one too.
      ringIfWanted()
      unlock()
      do {
        try stay(mine, wait)
      } catch {
        if let missing = try withdraw(index, mine, wait, error) { throw missing }
      }
      return arrived.count
    }
  }

  private func checkWhole() throws {
    guard isBroken else { return }
    let dead = state.pointee.dead
    unlock()
    throw ChannelError.peerDied(dead.ending)
  }

  private func stay(_ mine: UInt64, _ wait: Wait) throws {
    var lookout = BarrierLookout()
    while true {
      Spin.until { round != mine }
      let edge = try edge(bells[0])
      defer { Descriptors.close(edge) }
      try lock(wait)
      if round != mine {
        let wasReset = state.pointee.resetTo > mine
        unlock()
        if wasReset { throw ChannelError.closed }
        return
      }
      try checkWhole()
      noteTurn()
      state.pointee.isWanted = 1
      let others = waiting.map { table[$0].process }.filter { !$0.isOwn }
      let began = state.pointee.began
      unlock()
      var watches = ProcessWatches()
      defer { watches.close() }
      var dead: ProcessIdentity?
      for other in others.prefix(64) where !watches.add(other) { dead = other }
      if let dead {
        try breakUp(.diedWaiting, dead, mine, wait)
        continue
      }
      if wait.isNow { throw ChannelError.timeout }
      if let dead = lookout.look(
        at: peers, arrived: others, missing: parties - others.count - 1, since: began)
      {
        try breakUp(.tooFewLeft, dead, mine, arrived: others.count + 1, wait)
        continue
      }
      watches.add(lookout.watched)
      let look = others.count <= 64 ? .max : Clock.deadline(after: BarrierLookout.grace)
      let isAnswered = try sleep(
        wait, on: edge, as: .stuckReading, .reading, watching: watches.descriptors,
        lookingAt: min(look, lookout.next, watches.next))
      if !isAnswered, round == mine, !isBroken { throw abandoned() }
    }
  }

  // Unless it has changed since that was seen.
  private func breakUp(
    _ breach: Breach, _ dead: ProcessIdentity, _ mine: UInt64, arrived: Int? = nil, _ wait: Wait
  ) throws {
    try lock(wait)
    defer { unlock() }
    if round != mine || isBroken { return }
    if let arrived, waiting.count != arrived { return }
    state.pointee.isWanted = 0
    ring(bells[0])
    state.pointee.dead = dead
    brood_store32(&state.pointee.isBroken, breach.rawValue)
  }

  // This party leaves; nil if the barrier has opened meanwhile after all.
  private func withdraw(
    _ index: Int, _ mine: UInt64, _ wait: Wait, _ error: any Error
  ) throws -> (any Error)? {
    var calm = wait
    calm.deadline = 0
    try lock(calm)
    defer { unlock() }
    if round != mine { return state.pointee.resetTo > mine ? error : nil }
    let arrived = waiting
    table[index].round = 0
    guard case ChannelError.timeout = error else { return error }
    let here = Set(arrived.map { table[$0].process.pid })
    let absent = peers.living.filter { !here.contains($0) }
    let missing = parties - arrived.count
    if absent.count < missing, let ending = peers.lastEnding(), ending.isDeath {
      return ChannelError.peerDied(ending)
    }
    return Missing(arrived: arrived.count, parties: parties, absent: absent)
  }

  /// Makes a broken barrier whole again; a party that still waits is told that it was broken.
  public func reset(_ wait: Wait) throws {
    try OperationPoint.pass(.barrierReset, self) {
      try lock(wait)
      state.pointee.isWanted = 0
      ring(bells[0])
      state.pointee.began = Clock.monotonic
      state.pointee.resetTo = state.pointee.round + 1
      brood_store64(&state.pointee.round, state.pointee.round + 1)
      brood_store32(&state.pointee.isBroken, 0)
      unlock()
    }
  }

  /// The processes that wait at it now.
  public func arrived(_ wait: Wait) throws -> [ProcessIdentity] {
    try lock(wait)
    defer { unlock() }
    return waiting.map { table[$0].process }
  }
}

/// Looks, for a party that waits for long, whether as many live as are missing yet.
///
/// A barrier cannot know which processes will come: each that lives may, or fork one that does. Only if one that
/// had it was killed in this round, and fewer than are missing have been alive for a while since, is
/// it taken for broken: until then its parent may replace it.
struct BarrierLookout {
  /// No process is looked at before one has waited for so long (ns), and too few must be too few for so
  /// long.
  static let grace: Int64 = 500_000_000
  private static let mostWatched = 64

  /// When to look again (monotonic ns).
  private(set) var next = Clock.deadline(after: BarrierLookout.grace)
  /// Some whose death may leave too few; their pidfds are the caller's to close.
  private(set) var watched: [Peers.Peer] = []
  private var isShort = false

  /// The process whose death leaves too few to come, if that has been so for a while.
  ///
  /// - Parameters:
  ///   - arrived: the others that wait.
  ///   - missing: how many have not come.
  ///   - moment: when this round began.
  mutating func look(
    at peers: Peers, arrived: [ProcessIdentity], missing: Int, since moment: Int64
  ) -> ProcessIdentity? {
    watched = []
    let now = Clock.monotonic
    let isDue = now >= next
    if !isDue, isShort || next != .max { return nil }
    // If at least as many as are missing live, one of these is among those whose death ends that.
    let absent = peers.others(
      min(missing, BarrierLookout.mostWatched), except: Set(arrived.map(\.pid)))
    let count =
      missing <= BarrierLookout.mostWatched || absent.count < BarrierLookout.mostWatched
      ? absent.count : peers.living.count - arrived.count - 1
    let dead = count < missing && !peers.isTravelling ? peers.lastDead(since: moment) : nil
    guard let dead else {
      isShort = false
      watched = absent
      let isAllWatched =
        missing <= BarrierLookout.mostWatched && absent.allSatisfy(\.isWatched)
      next = isAllWatched ? .max : Clock.deadline(after: BarrierLookout.grace)
      return nil
    }
    for peer in absent { Descriptors.close(peer.pidfd) }
    if isShort { return dead }
    isShort = true
    next = Clock.deadline(after: BarrierLookout.grace)
    return nil
  }
}
