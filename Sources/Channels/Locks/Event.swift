import CPosix
import Posix

/// A flag that processes wait for.
public final class Event: Channel {
  struct State {
    var isSet: UInt32
    var isWanted: UInt32
    /// How often it was set: each that waited then has seen it, even if it was cleared at once.
    var sets: UInt64
    /// Who set it last, and who cleared it.
    var setter: Int32 = 0
    var clearer: Int32 = 0
  }

  private let state: UnsafeMutablePointer<State>

  /// Makes one that is not set.
  public init() throws(SystemError) {
    let memory = try ChannelMemory(kind: Kind.event.rawValue, bodySize: 0)
    state = memory.state(State.self)
    state.pointee = State(isSet: 0, isWanted: 0, sets: 0)
    super.init(kind: .event, bells: [try Channel.makeBell()], memory: memory)
  }

  /// From descriptors that came from another process.
  public init(adopting descriptors: [Int32]) throws(SystemError) {
    let (memory, rest) = try Channel.adopt(descriptors, kind: .event, bells: 1)
    state = memory.state(State.self)
    super.init(kind: .event, bells: rest, memory: memory)
  }

  /// Whether it is set now.
  public var isSet: Bool { brood_load32(&state.pointee.isSet) != 0 }

  /// Wakes all who wait, and lets all pass who come, until it is cleared.
  public func set(_ wait: Wait) throws {
    try OperationPoint.pass(.eventSet, self) {
      try lock(wait)
      if state.pointee.isWanted != 0 {
        state.pointee.isWanted = 0
        ring(bells[0])
      }
      state.pointee.sets &+= 1
      state.pointee.setter = Peers.ownPid
      brood_store32(&state.pointee.isSet, 1)
      unlock()
    }
  }

  /// Clears it; throws `timeout` if the inner lock is not free in time.
  public func clear(_ wait: Wait) throws {
    try OperationPoint.pass(.eventClear, self) {
      try lock(wait)
      state.pointee.clearer = Peers.ownPid
      brood_store32(&state.pointee.isSet, 0)
      unlock()
    }
  }

  /// Waits until it is set.
  ///
  /// Throws `timeout`; `abandoned` or `peerDied` if no peer is left that could set it.
  public func wait(_ wait: Wait) throws {
    try OperationPoint.pass(.eventWait, self) {
      let before = brood_load64(&state.pointee.sets)
      func isOver() -> Bool { isSet || brood_load64(&state.pointee.sets) != before }
      while !isOver() {
        if wait.isNow { throw ChannelError.timeout }
        let edge = try edge(bells[0])
        defer { Descriptors.close(edge) }
        try lock(wait)
        if isOver() {
          unlock()
          return
        }
        noteTurn()
        state.pointee.isWanted = 1
        unlock()
        if try !sleep(wait, on: edge, as: .stuckReading, .reading), !isOver() {
          throw abandoned()
        }
      }
    }
  }

  override func prospect(of verb: OperationPoint.Verb) -> Prospect {
    verb != .eventWait || isSet || !hasPeers ? .goes : .waits(holders: [])
  }

  // MARK: Waiting for several things

  /// How often it was set, to be noted before one waits.
  public var sets: UInt64 { brood_load64(&state.pointee.sets) }

  /// A descriptor that is readable once it is set or cleared from now on; the caller's to close.
  public func listen() throws(SystemError) -> Int32 { try edge(bells[0]) }

  /// Whether it was set since, or could be; a waiter that sleeps on `edge` is woken by that.
  ///
  /// Call `awaited` when the wait is over.
  public func awaitSet(since before: UInt64, by edge: Int32, _ wait: Wait) throws -> Readiness {
    try lock(wait)
    noteTurn()
    let isOver = isSet || sets != before
    if !isOver { state.pointee.isWanted = 1 }
    unlock()
    if isOver { return .ready }
    peers.set(.reading, turn: seenTurn)
    guard let peer = peerToWatch() else {
      return isSet || sets != before ? .ready : .never(abandoned())
    }
    return .descriptors([edge, peer], until: nextLookAtWatched)
  }

  /// The wait for several things is over.
  public func awaited() { peers.set(.idle) }
}
