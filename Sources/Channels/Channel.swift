import CPosix
import Glibc
import Posix
import Processes
import Waits

/// What all channels have in common: shared memory with a lock, bells that wake sleepers, and the
/// processes that have it.
///
/// Everything that changes is changed under the inner lock, which outlives its holder's death, and
/// is published by one store, so that a holder's death leaves the state before or the state after
/// (KERNEL.md). Who makes a condition true that others sleep for first rings their bell, then publishes.
open class Channel {
  /// Kinds on the wire and in memory.
  public enum Kind: UInt32, Sendable, CaseIterable {
    case pipe = 1
    case queue, memory, lock, semaphore, event, barrier, condition

    /// As users write it.
    public var word: String {
      switch self {
      case .pipe: "pipe"
      case .queue: "queue"
      case .memory: "shm"
      case .lock: "lock"
      case .semaphore: "sem"
      case .event: "event"
      case .barrier: "barrier"
      case .condition: "cond"
      }
    }

    /// What one waits for at such a channel.
    func want(isWriting: Bool) -> Want {
      switch self {
      case .pipe, .queue: isWriting ? .room : .value
      case .memory, .lock: .hold
      case .semaphore: .permit
      case .event: .set
      case .barrier: .arrival
      case .condition: .notification
      }
    }
  }

  /// What it is.
  public let kind: Kind
  let memory: ChannelMemory
  let lockWord: UnsafeMutablePointer<UInt32>
  /// The processes that have it.
  public let peers: Peers
  /// Eventfds that wake sleepers.
  let bells: [Int32]
  /// The process that this one watches while it sleeps, and the fork depth at which it was opened.
  final var watched: Peers.Peer?
  final var watchedDepth: UInt32 = 0
  /// Processes that could have answered and waited for the end of others instead, with the line where
  /// they do, when an operation of this process was given up for lack of an answer.
  public internal(set) var waitingPeers: [(pid: Int32, place: SourcePlace?)] = []
  /// What was seen when no peer seemed to be left, and when.
  final var suspicion: (signature: [UInt64], moment: Int64)?
  /// How often in a row a look whether that one could act was in vain.
  final var looks = Int64(0)

  /// Its place in the order in which this process takes locks.
  final var ordering = Ordering()

  /// Names the channel in all its processes.
  public var id: UInt64 { memory.header.pointee.id }

  /// The process that made it.
  public var maker: ProcessIdentity { memory.header.pointee.maker }

  /// Whether this process made it.
  public var isMaker: Bool { memory.header.pointee.maker.isOwn }

  /// How often the inner lock's holder died inside and what it had begun was dropped.
  public var repairs: Int { Int(memory.header.pointee.repairs) }

  /// Makes an eventfd(2) that forked children share; throws EMFILE.
  static func makeBell() throws(SystemError) -> Int32 {
    let bell = Descriptors.moveBeyondDigits(try checked("eventfd") { brood_bell_make() })
    try Descriptors.requireShared(bell)
    return bell
  }

  /// Of memory and bells that were made, or that came from another process.
  init(kind: Kind, bells: [Int32], memory: ChannelMemory) {
    self.kind = kind
    self.memory = memory
    self.bells = bells
    lockWord = memory.lockWord
    peers = memory.peers
    peers.admitOwn()
    Channel.known[id] = Unmanaged.passUnretained(self)
    if Recorder.isOn { recordName() }
  }

  /// Tells the recording what its name is.
  func recordName() {
    Recorder.write(
      .name, kind: UInt16(truncatingIfNeeded: kind.rawValue), id: id,
      Channel.name(of: objectID) ?? "")
  }

  /// Tells the recording, which begins, the names of the channels that there are.
  public static func recordNames() { for channel in all { channel.recordName() } }

  /// The channels that this process has, by their identities.
  nonisolated(unsafe) private static var known: [UInt64: Unmanaged<Channel>] = [:]

  /// The channel of an identity, if this process has it.
  static func find(_ id: UInt64) -> Channel? { known[id]?.takeUnretainedValue() }

  /// All channels that this process has.
  static var all: [Channel] { known.values.map { $0.takeUnretainedValue() } }

  /// Makes a channel that others see by a name: in /proc, and in reports.
  public static func naming<R>(_ name: String, _ make: () throws -> R) rethrows -> R {
    let outer = ChannelMemory.nextName
    // The kernel takes 249 bytes.
    ChannelMemory.nextName = String(name.prefix(50))
    defer { ChannelMemory.nextName = outer }
    return try make()
  }

  /// The name of a channel that this process has, as it was told when it was made.
  public static func name(of object: ObjectID) -> String? {
    guard object.kind.isChannel, let channel = find(object.number) else { return nil }
    let name = channel.memory.name
    return name.firstIndex(of: " ").map { String(name[name.index(after: $0)...]) }
  }

  /// Splits descriptors that came from another process into memory and bells; closes them all
  /// and throws EBADMSG if they are none of such a channel.
  static func adopt(
    _ descriptors: [Int32], kind: Kind, bells count: Int, bodySize: Int = 0
  ) throws(SystemError) -> (memory: ChannelMemory, rest: [Int32]) {
    guard descriptors.count == count + 1, let first = descriptors.first else {
      for fd in descriptors { Descriptors.close(fd) }
      throw SystemError(call: "recvmsg", code: EBADMSG)
    }
    do throws(SystemError) {
      let memory = try ChannelMemory(adopting: first, kind: kind.rawValue, bodySize: bodySize)
      return (memory, Array(descriptors.dropFirst()))
    } catch {
      for fd in descriptors.dropFirst() { Descriptors.close(fd) }
      throw error
    }
  }

  deinit {
    if Channel.known[id]?.toOpaque() == Unmanaged.passUnretained(self).toOpaque() {
      Channel.known[id] = nil
    }
    dropWatched()
    if LockOrder.isOn { LockOrder.drop(self) }
    for bell in bells { Descriptors.close(bell) }
  }

  /// What another process needs to have the channel too.
  public var descriptors: [Int32] { [memory.descriptor] + bells }

  // MARK: Peers

  /// Before a fork: the child has it too.
  open func admit(_ slot: SlotID) {
    let place = slot.place
    peers.admit(slot: place.number, generation: place.generation)
  }

  /// A handle sets out for another process, or has arrived in one, which has been entered.
  public final func count(departure: Bool) {
    let travels = peers.travels
    if departure {
      brood_count(&travels.pointee.departures)
    } else {
      brood_count(&travels.pointee.arrivals)
    }
  }

  /// Before the fork of a process that only looks: it counts as one that has left.
  public final func admitLooker(_ slot: SlotID) {
    let place = slot.place
    peers.admit(slot: place.number, generation: place.generation, closed: [.a, .b], .left)
  }

  /// In such a process: gives up what others would take for a way to answer.
  open func stayAway() { peers.set(.left) }

  /// This process will not use it any more: its waiters look again.
  open func leave() {
    peers.set(.left)
    // One turn for all: a waiter that one bell has woken would miss that of the next.
    nextTurn()
    for bell in bells { brood_bell_ring(bell) }
  }

  /// Before this process becomes a program, which has at most what it is redirected to.
  ///
  /// Nobody is woken: it may come to nothing, and those who wait for long look again by themselves.
  open func leaveToProgram() { peers.set(.left) }

  // MARK: The inner lock

  /// Takes the inner lock; nothing else may be waited for while it is held.
  @inline(__always)
  final func lock(_ wait: Wait) throws {
    // A deadline of 0 means not to wait for a condition; the lock itself is held for microseconds.
    let code = brood_lock(lockWord, wait.deadline == 0 ? .max : wait.deadline)
    if code != 0 { try locked(code, wait) }
  }

  @inline(__always)
  final func unlock() { brood_unlock(lockWord) }

  @inline(never)
  private func locked(_ first: Int32, _ wait: Wait) throws {
    var code = first
    var deadline = Clock.deadline(after: 2_000_000_000)
    while code != 0 {
      switch code {
      case 1:
        memory.header.pointee.repairs &+= 1
        repair()
        return
      case -EINTR:
        try wait.sleeper.attend()
      case -ETIMEDOUT:
        let holder = brood_lock_holder(lockWord)
        let isStopped = holder != 0 && ProcessIdentity.isStopped(holder)
        if wait.deadline != 0, Clock.monotonic >= wait.deadline {
          // One who merely runs will be done in a moment, and who died has let go.
          throw isStopped ? ChannelError.stuck(holder: holder) : ChannelError.timeout
        }
        if Clock.monotonic >= deadline {
          if holder != 0 { throw ChannelError.stuck(holder: holder) }
          deadline = Clock.deadline(after: 2_000_000_000)
        }
      default: throw SystemError(call: "futex", code: -code)
      }
      if wait.deadline == 0 {
        code = brood_lock(lockWord, deadline)
      } else {
        deadline = .max
        code = brood_lock(lockWord, wait.deadline)
      }
    }
  }

  /// Called under the lock after its last holder died inside: drops what it had begun.
  func repair() {}

  /// Whether an operation could be done now without waiting, for a process that is let go only then.
  ///
  /// Where it is not known it goes, and waits in the middle.
  func prospect(of verb: OperationPoint.Verb) -> Prospect { .goes }

  /// The same for a process of another module.
  public final func outlook(of verb: OperationPoint.Verb) -> Prospect { prospect(of: verb) }

  /// Tells the others that this process waits for an operation to be possible, or no longer does, where it
  /// waits outside of the operation itself.
  public final func tell(waitingFor verb: OperationPoint.Verb?) {
    switch verb {
    case .queuePut, .pipeSend: peers.set(.writing)
    case .none: peers.set(.idle)
    default: peers.set(.reading)
    }
  }

  /// What is seen under the inner lock by one that does nothing; nil where that cannot be had.
  final func glimpse<R>(_ look: () -> R) -> R? {
    let code = brood_lock(lockWord, Clock.deadline(after: 1_000_000_000))
    if code < 0 { return nil }
    if code == 1 { repair() }
    defer { unlock() }
    return look()
  }

  /// Whether any other process is left that has it and lives.
  public final var hasPeers: Bool {
    peers.living.contains { $0 != Peers.ownPid } || peers.isTravelling
  }

  // MARK: Sleeping

  /// Counts how often sleepers were woken: a process that says that it is stuck adds the count at which it
  /// saw its condition false, and is not believed once one was woken since.
  private(set) var seenTurn: UInt32 = 0

  /// To be called before a condition is looked at, or under the lock, by one who may sleep then.
  @inline(__always)
  final func noteTurn() { seenTurn = brood_load32(peers.turn) }

  /// Rings a bell; before what its sleepers wait for is published.
  final func ring(_ bell: Int32) {
    FaultPoint.pass()
    _ = brood_add32(peers.turn, 1)
    noteRinging()
    brood_bell_ring(bell)
    FaultPoint.pass()
  }

  /// Before a bell is rung: a recording tells who has woken whom.
  @inline(__always)
  final func noteRinging() {
    if Recorder.isOn { brood_store32(memory.ringer, UInt32(bitPattern: Process.pid)) }
  }

  /// After a bell has woken this process.
  @inline(__always)
  final func noteWoken() {
    if Recorder.isOn { brood_woken_by(Int32(bitPattern: brood_load32(memory.ringer))) }
  }

  /// The same where the kernel wakes the sleepers.
  @inline(__always)
  final func nextTurn() { _ = brood_add32(peers.turn, 1) }

  /// A descriptor that is readable once a bell has rung from now on, whichever process silences it; the
  /// caller's to close.
  ///
  /// A bell is silenced by a waiter that finds its condition false. Where that is true for one sleeper
  /// and false for another, as of two rounds of a barrier, the one would silence the bell before
  /// the other has woken up: such bells are never silenced, and their sleepers have edge-triggered epoll sets.
  final func edge(_ bell: Int32) throws(SystemError) -> Int32 {
    try checked("epoll_create1") { brood_edge_make(bell) }
  }

  /// What it means that no peer is left.
  final func abandoned() -> ChannelError {
    if let ending = peers.lastEnding(), ending.isDeath { return .peerDied(ending) }
    // The stage of a pipeline may have died of an error long before the last one ended well.
    return peers.lastFailure().map { .peerDied($0) } ?? .abandoned
  }
}
