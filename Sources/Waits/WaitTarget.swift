/// What a process waits for, or has: a channel of Brood, a process, or an object of the kernel.
public struct ObjectID: Hashable, Sendable {
  /// Kinds of objects.
  ///
  /// The numbers up to 8 are those of Brood's channels; all stand in shared memory, so none is ever
  /// given to another kind.
  public enum Kind: UInt16, Sendable, CaseIterable {
    case pipe = 1
    case queue, memory, lock, semaphore, event, barrier, condition
    /// A process; its number is the pid.
    case process = 16
    /// A pool of workers; its number is the pid of its owner, and which of the owner's pools it is.
    case pool
    /// A pipe(2) or FIFO, a socket, a listening socket: the number is the inode.
    case rawPipe = 32
    case socket, listener
    /// A file with flock(2), fcntl(2) or OFD locks; number and device are those of its inode.
    case file
    /// A word of memory; the number is its address or its offset, the device tells which memory.
    case futex
    /// System V and POSIX queues and semaphores.
    case messageQueue, semaphoreSet
    case terminal, epoll, signal, time, other

    /// Whether it is a channel of Brood's.
    public var isChannel: Bool { rawValue <= Kind.condition.rawValue }
  }

  public var kind: Kind
  public var number: UInt64
  /// What makes the number unique: a device, or 0.
  public var device: UInt64

  public init(_ kind: Kind, _ number: UInt64, device: UInt64 = 0) {
    self.kind = kind
    self.number = number
    self.device = device
  }

  /// A process as something that is waited for.
  public static func process(_ pid: Int32) -> ObjectID {
    ObjectID(.process, UInt64(UInt32(bitPattern: pid)))
  }

  /// A pool as something that is waited for.
  public static func pool(_ number: Int32, of owner: Int32) -> ObjectID {
    let low = UInt64(UInt32(bitPattern: owner))
    return ObjectID(.pool, low | UInt64(UInt32(bitPattern: number)) << 32)
  }

  /// Whether descriptors lead to it, so that the kernel knows who has it.
  public var isOfKernel: Bool {
    switch kind {
    case .process, .pool, .signal, .time: false
    default: !kind.isChannel
    }
  }

  /// The process that has the pool, if it is one.
  public var owner: Int32? {
    kind == .pool ? Int32(truncatingIfNeeded: number) : nil
  }

  /// The pid, if it is a process.
  public var pid: Int32? {
    kind == .process ? Int32(truncatingIfNeeded: number) : nil
  }
}

/// What of an object is waited for.
public enum Want: UInt16, Sendable, CaseIterable {
  /// The end of a process.
  case end = 1
  /// To hold a lock: all who hold it now have to let go.
  case hold
  /// A permit of a semaphore: any holder, or any process that may release one, can give it.
  case permit
  /// A value, bytes, or a connection to accept: any process that can put or write.
  case value
  /// Room for a value: any process that can get or read.
  case room
  /// That an event is set, or a condition notified: any process that may do so.
  case set, notification
  /// Further parties of a barrier: as many as `WaitObject.missing` tells.
  case arrival
  /// A signal, a moment, or something that no process is known to bring about.
  case signal, time, other
  /// The result of a task: any worker of the pool that has one. (A task is a pool's `value`.)
  case result
}

/// One thing that a process waits for.
public struct WaitTarget: Hashable, Sendable {
  public var object: ObjectID
  public var want: Want

  public init(_ object: ObjectID, _ want: Want) {
    self.object = object
    self.want = want
  }
}

extension WaitTarget {
  /// Whether who waits for it surely is not the one who could bring it about: an end of a pipe can be
  /// forgotten, and a lock held; but who waits at a queue does not put anything into it.
  var isForOthers: Bool {
    switch want {
    case .end, .hold, .permit: false
    default: object.kind.isChannel || object.kind == .pool
    }
  }
}

/// A line of a source text.
public struct SourcePlace: Hashable, Sendable {
  public var text: String
  public var line: Int

  public init(_ text: String, line: Int) {
    self.text = text
    self.line = line
  }
}

/// An answer of which "unknown" is one: what cannot be read is never taken for a no.
///
/// Ordered: `cannot` < `unknown` < `can`. Of several ways out the greatest counts, of several
/// things that are all needed the least.
public enum Answer: Int, Sendable, Comparable {
  case cannot, unknown, can

  public static func < (left: Answer, right: Answer) -> Bool { left.rawValue < right.rawValue }
}
