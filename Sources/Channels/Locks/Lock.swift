import Posix

/// Mutual exclusion among processes, given back when its holder dies.
public final class Lock: Channel {
  private let ownership: Ownership
  /// Whether its holder may take it again.
  public let isReentrant: Bool

  struct State {
    var isReentrant: UInt32
    var ownership: OwnershipState
  }

  /// Makes a free lock.
  public init(isReentrant: Bool = false) throws(SystemError) {
    let memory = try ChannelMemory(kind: Kind.lock.rawValue, bodySize: 0)
    memory.state(State.self).pointee = State(
      isReentrant: isReentrant ? 1 : 0, ownership: OwnershipState())
    let bell = try Channel.makeBell()
    (ownership, self.isReentrant) = Lock.parts(memory, bell)
    super.init(kind: .lock, bells: [bell], memory: memory)
  }

  /// From descriptors that came from another process.
  public init(adopting descriptors: [Int32]) throws(SystemError) {
    let (memory, rest) = try Channel.adopt(descriptors, kind: .lock, bells: 1)
    (ownership, isReentrant) = Lock.parts(memory, rest[0])
    super.init(kind: .lock, bells: rest, memory: memory)
  }

  private static func parts(_ memory: ChannelMemory, _ bell: Int32) -> (Ownership, Bool) {
    let state = memory.state(State.self)
    let offset = MemoryLayout<State>.offset(of: \.ownership) ?? 8
    let inner = (UnsafeMutableRawPointer(state) + offset).assumingMemoryBound(
      to: OwnershipState.self)
    return (Ownership(state: inner, bell: bell), state.pointee.isReentrant != 0)
  }

  /// Takes it; yields how a previous holder ended that died with it.
  ///
  /// Throws `selfDeadlock` if this process holds it and it is not reentrant, `timeout`.
  @discardableResult
  public func acquire(_ wait: Wait) throws -> Ending? {
    try OperationPoint.pass(.lockAcquire, self) {
      try ownership.acquire(self, isReentrant: isReentrant, wait)
    }
  }

  /// Gives it back; throws `notHeld` if this process does not hold it.
  public func release(_ wait: Wait) throws {
    try OperationPoint.pass(.lockRelease, self) {
      try ownership.release(self, wait)
    }
  }

  override func prospect(of verb: OperationPoint.Verb) -> Prospect {
    verb == .lockAcquire ? ownership.prospect : .goes
  }

  /// The process that holds it; nil if it is free, or its holder is dead.
  public var holder: ProcessIdentity? {
    let holder = ownership.holder
    return holder.isNoProcess || !holder.isLiving ? nil : holder
  }

  /// Whether this process holds it.
  public var isHeld: Bool { ownership.isOwn }

  func releaseAll(_ wait: Wait) throws -> UInt32 { try ownership.releaseAll(self, wait) }

  func setDepth(_ depth: UInt32) { ownership.setDepth(depth) }
}
