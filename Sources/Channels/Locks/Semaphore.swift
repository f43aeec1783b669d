import CPosix
import Posix

/// Permits: N of them, owned by those who took them and given back when they die; or the textbook's
/// counter, which anybody raises and nothing comes back to.
public final class Semaphore: Channel {
  struct State {
    var isCounter: UInt32
    var isWanted: UInt32
    /// Permits in all; of a counter, those there are.
    var value: Int64
    /// Entries in use lie below this.
    var top: UInt32
  }

  /// Permits that one process holds.
  struct Holding {
    var holder: ProcessIdentity
    var count: UInt32
    var padding: UInt32
  }

  static let mostHolders = 65536
  private static let bodySize = mostHolders * MemoryLayout<Holding>.stride
  /// Holders that one waiter watches.
  private static let mostWatched = 64

  private let state: UnsafeMutablePointer<State>
  private let holdings: UnsafeMutablePointer<Holding>
  private var bell: Int32 { bells[0] }

  /// - Parameter permits: 0 or more.
  public init(permits: Int, isCounter: Bool = false) throws(SystemError) {
    let memory = try ChannelMemory(kind: Kind.semaphore.rawValue, bodySize: Semaphore.bodySize)
    state = memory.state(State.self)
    holdings = Semaphore.holdings(memory)
    state.pointee = State(
      isCounter: isCounter ? 1 : 0, isWanted: 0, value: Int64(permits), top: 0)
    super.init(kind: .semaphore, bells: [try Channel.makeBell()], memory: memory)
  }

  /// From descriptors that came from another process.
  public init(adopting descriptors: [Int32]) throws(SystemError) {
    let (memory, rest) = try Channel.adopt(
      descriptors, kind: .semaphore, bells: 1, bodySize: Semaphore.bodySize)
    state = memory.state(State.self)
    holdings = Semaphore.holdings(memory)
    super.init(kind: .semaphore, bells: rest, memory: memory)
  }

  private static func holdings(_ memory: ChannelMemory) -> UnsafeMutablePointer<Holding> {
    (memory.base + ChannelMemory.bodyOffset).assumingMemoryBound(to: Holding.self)
  }

  /// Whether its permits belong to no process.
  public var isCounter: Bool { state.pointee.isCounter != 0 }

  /// Permits in all; for a counter those there are.
  public var permits: Int { Int(state.pointee.value) }

  // MARK: Under the lock

  private var available: Int64 {
    if isCounter { return state.pointee.value }
    var taken: Int64 = 0
    for i in 0..<Int(state.pointee.top) { taken += Int64(holdings[i].count) }
    return state.pointee.value - taken
  }

  private func own() -> Int? {
    (0..<Int(state.pointee.top)).first { holdings[$0].count > 0 && holdings[$0].holder.isOwn }
  }

  // No other process could give one back.
  private var isAllOwn: Bool {
    guard !isCounter, let index = own() else { return false }
    return Int64(holdings[index].count) >= state.pointee.value
  }

  private func take() throws {
    if isCounter {
      state.pointee.value -= 1
      return
    }
    if let index = own() {
      holdings[index].count += 1
      return
    }
    let top = Int(state.pointee.top)
    let index = (0..<top).first { holdings[$0].count == 0 } ?? top
    guard index < Semaphore.mostHolders else { throw ChannelError.tooLarge(limit: index) }
    if index == top {
      let stride = MemoryLayout<Holding>.stride
      let start = ChannelMemory.bodyOffset + index * stride
      try memory.commit(start / 4096 * 4096, 4096 + stride)
      holdings[index] = Holding(holder: .own, count: 0, padding: 0)
      state.pointee.top += 1
    }
    holdings[index].holder = .own
    brood_store32(&holdings[index].count, 1)
  }

  private func ringIfWanted() {
    if state.pointee.isWanted == 0 { return }
    state.pointee.isWanted = 0
    ring(bell)
  }

  // MARK: What users ask for

  /// Takes a permit, waiting for one.
  ///
  /// Throws `timeout`; `selfDeadlock` if this process holds all permits itself; `abandoned` or `peerDied` if no peer is left that could give one back.
  public func acquire(_ wait: Wait) throws {
    try OperationPoint.pass(.semaphoreAcquire, self) {
      while true {
        try lock(wait)
        if available > 0 {
          defer { unlock() }
          try take()
          break
        }
        let isOwn = isAllOwn
        unlock()
        if isOwn, !wait.sleeper.mayActWhileAsleep { throw ChannelError.selfDeadlock }
        if try sweep(wait) { continue }
        if wait.isNow { throw ChannelError.timeout }
        try sleep(wait)
      }
      if LockOrder.isOn, isLock { LockOrder.took(self, isForever: wait.isForever) }
    }
  }

  override func prospect(of verb: OperationPoint.Verb) -> Prospect {
    guard verb == .semaphoreAcquire,
      let (isAvailable, holders) = glimpse({ (available > 0 || isAllOwn, otherHolders()) })
    else { return .goes }
    if isAvailable || holders.contains(where: { !$0.isLiving }) { return .goes }
    return holders.isEmpty && !hasPeers ? .goes : .waits(holders: holders.map(\.pid))
  }

  /// Whether one process at a time can have it, and gives it back itself.
  private var isLock: Bool { !isCounter && state.pointee.value == 1 }

  private func sleep(_ wait: Wait) throws {
    try wait.check()
    try lock(wait)
    if available > 0 {
      unlock()
      return
    }
    brood_bell_silence(bell)
    noteTurn()
    state.pointee.isWanted = 1
    let holders = otherHolders()
    unlock()
    var watches = ProcessWatches()
    defer { watches.close() }
    for holder in holders.prefix(Semaphore.mostWatched) {
      guard watches.add(holder) else { return }  // dead: the next look takes it back
    }
    // Too many to watch: look again from time to time.
    let next =
      holders.count > Semaphore.mostWatched ? Clock.deadline(after: 1_000_000_000) : Int64.max
    let isAlone = try !sleep(
      wait, on: bell, as: .stuckReading, .reading, others: watches.descriptors,
      until: min(next, watches.next), areAlike: true)
    if isAlone {
      try lock(wait)
      let left = available
      unlock()
      if left <= 0 { throw abandoned() }
    }
  }

  private func otherHolders() -> [ProcessIdentity] {
    (0..<Int(state.pointee.top)).filter { holdings[$0].count > 0 && !holdings[$0].holder.isOwn }
      .map { holdings[$0].holder }
  }

  /// Takes back the permits of dead processes; yields whether there were any.
  private func sweep(_ wait: Wait) throws -> Bool {
    if isCounter { return false }
    try lock(wait)
    let holders = otherHolders()
    unlock()
    let dead = holders.filter { !$0.isLiving }
    if dead.isEmpty { return false }
    try lock(wait)
    defer { unlock() }
    ringIfWanted()
    for i in 0..<Int(state.pointee.top)
    where holdings[i].count > 0 && dead.contains(holdings[i].holder) {
      brood_store32(&holdings[i].count, 0)
    }
    return true
  }

  /// Gives a permit back; throws `notHeld` if this process has none, `tooLarge` beyond the largest
  /// counter.
  public func release(_ wait: Wait) throws {
    try OperationPoint.pass(.semaphoreRelease, self) {
      try lock(wait)
      defer { unlock() }
      if isCounter {
        guard state.pointee.value < Int64.max else { throw ChannelError.tooLarge(limit: .max) }
        ringIfWanted()
        state.pointee.value += 1
        return
      }
      guard let index = own() else { throw ChannelError.notHeld }
      ringIfWanted()
      brood_store32(&holdings[index].count, holdings[index].count - 1)
      if LockOrder.isOn, isLock { LockOrder.letGo(self) }
    }
  }

  /// How many permits can be taken now.
  public func value(_ wait: Wait) throws -> Int {
    _ = try sweep(wait)
    try lock(wait)
    defer { unlock() }
    return Int(available)
  }

  /// Who holds permits, and how many.
  public func holders(_ wait: Wait) throws -> [(process: ProcessIdentity, count: Int)] {
    _ = try sweep(wait)
    try lock(wait)
    defer { unlock() }
    return (0..<Int(state.pointee.top)).filter { holdings[$0].count > 0 }
      .map { (holdings[$0].holder, Int(holdings[$0].count)) }
  }
}
