import CPosix
import Posix
import Processes

/// A condition variable: processes wait until another one says that what they wait for may be so.
///
/// No `pthread_cond_t`, which hangs after a waiter was killed: each waiter has an entry of its own,
/// and a notification goes to one that lives.
public final class Condition: Channel {
  struct State {
    var isWanted: UInt32
    var top: UInt32
    var next: UInt64
    var notices = Notices()
  }

  /// Notifications so far, for those who look.
  struct Notices {
    /// How many there were, and how many of them when no process waited.
    var count: UInt64 = 0
    var lost: UInt64 = 0
    /// The last one: when (monotonic ns), and who.
    var when: Int64 = 0
    var pid: Int32 = 0
  }

  struct Waiter {
    var process: ProcessIdentity
    /// Its order of coming plus one; 0 is free.
    var number: UInt64
    var isNotified: UInt32
    var padding: UInt32
  }

  static let mostWaiters = 65536
  private static let bodySize = mostWaiters * MemoryLayout<Waiter>.stride

  private let state: UnsafeMutablePointer<State>
  private let table: UnsafeMutablePointer<Waiter>
  /// What guards the condition: given up while one waits.
  public let mutex: Lock

  /// - Parameter mutex: nil for a lock of its own, a reentrant one.
  public init(mutex: Lock? = nil) throws(SystemError) {
    let memory = try ChannelMemory(kind: Kind.condition.rawValue, bodySize: Condition.bodySize)
    state = memory.state(State.self)
    table = Condition.table(memory)
    state.pointee = State(isWanted: 0, top: 0, next: 1)
    self.mutex = if let mutex { mutex } else { try Lock(isReentrant: true) }
    super.init(kind: .condition, bells: [try Channel.makeBell()], memory: memory)
  }

  /// From descriptors that came from another process.
  public init(adopting descriptors: [Int32]) throws(SystemError) {
    mutex = try Lock(adopting: Array(descriptors.dropFirst(2)))
    let (memory, rest) = try Channel.adopt(
      Array(descriptors.prefix(2)), kind: .condition, bells: 1, bodySize: Condition.bodySize)
    state = memory.state(State.self)
    table = Condition.table(memory)
    super.init(kind: .condition, bells: rest, memory: memory)
  }

  private static func table(_ memory: ChannelMemory) -> UnsafeMutablePointer<Waiter> {
    (memory.base + ChannelMemory.bodyOffset).assumingMemoryBound(to: Waiter.self)
  }

  public override var descriptors: [Int32] { super.descriptors + mutex.descriptors }

  public override func admit(_ slot: SlotID) {
    super.admit(slot)
    mutex.admit(slot)
  }

  /// Waits to be notified; the mutex is given up meanwhile, if this process holds it, and held
  /// again at the end, however that comes.
  ///
  /// Throws `timeout`; `abandoned` or `peerDied` if no peer is left that could notify.
  ///
  /// - Parameter dead: gets the ending of a holder of the mutex that died with it meanwhile, also if
  ///   this throws.
  public func wait(_ wait: Wait, dead: inout Ending?) throws {
    try OperationPoint.pass(.conditionWait, self) {
      var calm = wait
      calm.deadline = .max
      let index = try enter(wait)
      var depth: UInt32 = 0
      var failure: (any Error)?
      do {
        depth = try mutex.releaseAll(wait)
        while !isNotified(index) { try sleepOnce(index, wait) }
      } catch {
        failure = error
      }
      let wasNotified = try leave(index, calm)
      if depth > 0 {
        dead = try mutex.acquire(calm)
        mutex.setDepth(depth)
      }
      // What came together with the end of the time counts.
      if let failure, !wasNotified || !Condition.isTimeout(failure) { throw failure }
    }
  }

  private static func isTimeout(_ error: any Error) -> Bool {
    if case ChannelError.timeout = error { return true }
    return false
  }

  private func isNotified(_ index: Int) -> Bool { brood_load32(&table[index].isNotified) != 0 }

  private func enter(_ wait: Wait) throws -> Int {
    try lock(wait)
    defer { unlock() }
    let top = Int(state.pointee.top)
    let index = (0..<top).first { table[$0].number == 0 } ?? top
    guard index < Condition.mostWaiters else { throw ChannelError.tooLarge(limit: index) }
    if index == top {
      let stride = MemoryLayout<Waiter>.stride
      let start = ChannelMemory.bodyOffset + index * stride
      try memory.commit(start / 4096 * 4096, 4096 + stride)
      table[index].number = 0
      state.pointee.top += 1
    }
    table[index].process = .own
    table[index].isNotified = 0
    let number = state.pointee.next
    state.pointee.next += 1
    brood_store64(&table[index].number, number)
    return index
  }

  private func sleepOnce(_ index: Int, _ wait: Wait) throws {
    if wait.isNow { throw ChannelError.timeout }
    let edge = try edge(bells[0])
    defer { Descriptors.close(edge) }
    try lock(wait)
    if isNotified(index) {
      unlock()
      return
    }
    noteTurn()
    state.pointee.isWanted = 1
    let told = self.told
    unlock()
    var watches = ProcessWatches()
    defer { watches.close() }
    for waiter in told {
      guard watches.add(waiter.process) else { return try passOn(waiter, wait) }
    }
    let isAnswered = try sleep(
      wait, on: edge, as: .stuckReading, .reading, watching: watches.descriptors,
      lookingAt: watches.next)
    if !isAnswered, !isNotified(index) { throw abandoned() }
  }

  // Under the lock: a few of those who were told and have not gone on yet.
  private var told: [(index: Int, number: UInt64, process: ProcessIdentity)] {
    let indexes = (0..<Int(state.pointee.top)).lazy
      .filter { self.table[$0].number != 0 && self.isNotified($0) }
    return indexes.prefix(16).map { ($0, table[$0].number, table[$0].process) }
  }

  // Who was told has died before it could go on: the next one is told instead.
  private func passOn(
    _ waiter: (index: Int, number: UInt64, process: ProcessIdentity), _ wait: Wait
  ) throws {
    try lock(wait)
    defer { unlock() }
    guard table[waiter.index].number == waiter.number else { return }
    brood_store64(&table[waiter.index].number, 0)
    if let next = asleep.first { tell(next) }
  }

  // Under the lock: those who wait to be told, the first to come first.
  private var asleep: [Int] {
    (0..<Int(state.pointee.top))
      .filter { table[$0].number != 0 && !isNotified($0) }
      .sorted { table[$0].number < table[$1].number }
  }

  private func tell(_ index: Int) {
    state.pointee.isWanted = 0
    ring(bells[0])
    brood_store32(&table[index].isNotified, 1)
  }

  private func leave(_ index: Int, _ wait: Wait) throws -> Bool {
    try lock(wait)
    defer { unlock() }
    brood_store64(&table[index].number, 0)
    return isNotified(index)
  }

  /// Wakes up to `count` of those who wait, the first to come first; yields how many.
  public func notify(_ count: Int, _ wait: Wait) throws -> Int {
    try OperationPoint.pass(.conditionNotify, self) {
      try lock(wait)
      var woken = 0
      for index in asleep where woken < count {
        guard table[index].process.isLiving else {
          table[index].number = 0
          continue
        }
        tell(index)
        woken += 1
      }
      state.pointee.notices.count &+= 1
      if woken == 0, count > 0 { state.pointee.notices.lost &+= 1 }
      state.pointee.notices.when = Clock.coarse
      state.pointee.notices.pid = Peers.ownPid
      unlock()
      return woken
    }
  }

  /// How many wait now.
  public func waiters(_ wait: Wait) throws -> Int {
    try lock(wait)
    defer { unlock() }
    return (0..<Int(state.pointee.top)).count {
      table[$0].number != 0 && table[$0].isNotified == 0 && table[$0].process.isLiving
    }
  }
}
