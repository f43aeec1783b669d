import CPosix
import Posix
import Waits

/// The one place that each operation on something shared passes, before and after it.
///
/// With no listener, no gate and no sleep it is one load and one branch that is predicted. It closes the wait
/// record of an operation that slept (`WaitNote`), and tells a listener, as for `BROOD_TRACE=channel`.
public enum OperationPoint {
  /// What is done; the numbers stand in shared memory.
  public enum Verb: UInt16, Sendable, CaseIterable {
    case queuePut = 1
    case queueGet, queueClose
    case pipeSend, pipeReceive
    case lockAcquire, lockRelease
    case semaphoreAcquire, semaphoreRelease
    case eventSet, eventClear, eventWait
    case barrierWait, barrierReset
    case conditionWait, conditionNotify
    case memoryLock, memoryUnlock
    case select
    case processWait
    /// A sleep of which only the text of the call is known.
    case other
    case memoryGet, memorySet, memoryAdd, memoryExchange

    /// Whether it may have to wait for others.
    public var mayWait: Bool {
      switch self {
      case .queuePut, .queueGet, .pipeSend, .pipeReceive, .lockAcquire, .semaphoreAcquire,
        .eventWait,
        .barrierWait, .conditionWait, .memoryLock, .select, .processWait, .other:
        true
      default: false
      }
    }

    /// As users type it.
    public var name: String {
      switch self {
      case .queuePut: "queue put"
      case .queueGet: "queue get"
      case .queueClose: "queue close"
      case .pipeSend: "pipe send"
      case .pipeReceive: "pipe recv"
      case .lockAcquire: "lock acquire"
      case .lockRelease: "lock release"
      case .semaphoreAcquire: "sem acquire"
      case .semaphoreRelease: "sem release"
      case .eventSet: "event set"
      case .eventClear: "event clear"
      case .eventWait: "event wait"
      case .barrierWait: "barrier wait"
      case .barrierReset: "barrier reset"
      case .conditionWait: "cond wait"
      case .conditionNotify: "cond notify"
      case .memoryLock: "shm lock"
      case .memoryUnlock: "shm unlock"
      case .select: "select"
      case .processWait: "wait"
      case .other: ""
      case .memoryGet: "shm get"
      case .memorySet: "shm set"
      case .memoryAdd: "shm add"
      case .memoryExchange: "shm cas"
      }
    }
  }

  /// What a listener is told.
  public struct Event {
    /// What is done.
    public let verb: Verb
    /// The channel.
    public let object: ObjectID
    /// Whether it is about to begin, or has just ended, well or with an error.
    public let isBefore: Bool
  }

  /// Told of each operation of this process; a forked child has it too.
  ///
  /// It must not throw, nor do operations itself.
  nonisolated(unsafe) public static var listener: ((Event) -> Void)? {
    didSet { brood_operations_hear(listener != nil || gate != nil) }
  }

  /// Stops this process before each of its operations until another one lets it go on; what it throws
  /// comes in place of the operation.
  nonisolated(unsafe) public static var gate: ((Verb, Channel) throws -> Void)? {
    didSet { brood_operations_hear(listener != nil || gate != nil) }
  }

  /// Draws the numbers of new channels from now on.
  public static func number(channels: @escaping () -> UInt64) { ChannelMemory.makeID = channels }

  /// Does an operation.
  ///
  /// The way out stands here twice rather than in a `defer`, which would be a call.
  @inline(__always)
  static func pass<R>(
    _ verb: Verb, _ channel: Channel, _ operation: () throws -> R
  ) throws -> R {
    if brood_operations() & UInt32(BROOD_OPERATION_HEARD) != 0 { try begin(verb, channel) }
    do {
      let result = try operation()
      if brood_operations() != 0 { end(verb, channel, nil) }
      return result
    } catch {
      if brood_operations() != 0 { end(verb, channel, error) }
      throw error
    }
  }

  @inline(never)
  private static func begin(_ verb: Verb, _ channel: Channel) throws {
    try gate?(verb, channel)
    listener?(Event(verb: verb, object: channel.objectID, isBefore: true))
  }

  @inline(never)
  private static func end(_ verb: Verb, _ channel: Channel, _ error: (any Error)?) {
    let wanted = brood_operations()
    if wanted & UInt32(BROOD_OPERATION_SLEPT) != 0 { WaitNote.end() }
    if wanted & UInt32(BROOD_OPERATION_RECORDED) != 0 {
      Recorder.operation(
        verb.rawValue, kind: UInt16(truncatingIfNeeded: channel.kind.rawValue), id: channel.id,
        outcome: error == nil ? 0 : RecordedOutcome(error).rawValue)
    }
    if wanted & UInt32(BROOD_OPERATION_HEARD) != 0 {
      listener?(Event(verb: verb, object: channel.objectID, isBefore: false))
    }
  }
}

extension Channel {
  /// As an object of a graph of waits.
  public final var objectID: ObjectID {
    ObjectID(ObjectID.Kind(rawValue: UInt16(truncatingIfNeeded: kind.rawValue)) ?? .other, id)
  }
}
