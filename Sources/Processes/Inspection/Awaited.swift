/// What a sleeping thread waits for, as its system call and the arguments tell.
public enum Awaited: Sendable, Equatable {
  /// Bytes, a message, or the end of input of a descriptor.
  case input(Int32)
  /// Room in a descriptor.
  case room(Int32)
  /// Someone who connects to a listening socket.
  case connection(Int32)
  /// The answer to an attempt to connect.
  case answer(Int32)
  /// Any of several descriptors; of none it waits for time or a signal only.
  case events([Polled])
  /// The end, or another change, of a child.
  case child(Children)
  /// A word of memory, to be changed and told by another thread or process.
  case futex(Futex)
  /// A lock of a file.
  case lock(descriptor: Int32, style: LockStyle)
  /// The other side of a named pipe that is being opened; the path as it was given.
  case partner(path: String, directory: Int32, isForReading: Bool)
  /// Nothing but time.
  case time
  /// A signal: those that it takes up, or any if that is not known.
  case signal([Int32])
  /// A message of a System V queue, or room there.
  case message(queue: Int32, isRoom: Bool)
  /// Semaphores of a System V set, by their numbers.
  case semaphore(set: Int32, numbers: [Int])
  /// A message of a POSIX queue, or room there.
  case posted(descriptor: Int32, isRoom: Bool)
  /// The child that has borrowed its memory by vfork(2).
  case borrowedMemory
  /// Something else, which is not known: the call has a name.
  case other

  /// A descriptor among several.
  public struct Polled: Sendable, Equatable {
    /// The descriptor.
    public let descriptor: Int32
    /// Whether data or an end is waited for.
    public let wantsInput: Bool
    /// Whether room for data is waited for.
    public let wantsRoom: Bool
    /// The inode, where it was noted when the descriptor was added.
    public var inode: UInt64?

    /// Makes one of what was asked for.
    public init(descriptor: Int32, wantsInput: Bool, wantsRoom: Bool, inode: UInt64? = nil) {
      self.descriptor = descriptor
      self.wantsInput = wantsInput
      self.wantsRoom = wantsRoom
      self.inode = inode
    }
  }

  /// Which children.
  public enum Children: Sendable, Equatable {
    case any
    case one(Int32)
    case group(Int32)
    /// The process of a descriptor.
    case descriptor(Int32)
  }

  /// By which call a lock of a file is taken.
  public enum LockStyle: Sendable, Equatable {
    /// flock(2).
    case whole
    /// fcntl(2), of a process.
    case record
    /// fcntl(2), of an open file.
    case open
  }

  /// A word of memory that is slept on (futex(2)).
  public struct Futex: Sendable, Equatable {
    /// The address of the word.
    public let address: UInt64
    /// Only threads of the same process can wake.
    public var isPrivate: Bool
    /// The value with which it fell asleep, where the call has one.
    public let expected: UInt32?
    /// Whether the word holds the number of the thread that has it (FUTEX_LOCK_PI).
    public let namesHolder: Bool

    /// Makes one of what the call tells.
    public init(address: UInt64, isPrivate: Bool, expected: UInt32?, namesHolder: Bool) {
      self.address = address
      self.isPrivate = isPrivate
      self.expected = expected
      self.namesHolder = namesHolder
    }
  }
}

/// How long a sleep can last by itself.
public enum SleepLimit: Sendable, Equatable {
  /// For ever.
  case none
  /// At most so long from its beginning (ns).
  case lasting(Int64)
  /// Until a moment of CLOCK_MONOTONIC (ns).
  case until(Int64)
  /// There is one, which cannot be read.
  case unknown
}

/// A sleep of a thread.
public struct Sleep: Sendable, Equatable {
  /// The system call.
  public let call: SystemCall
  /// What would end it.
  public let awaited: Awaited
  /// When it ends by itself.
  public let limit: SleepLimit

  /// Makes one of its parts.
  public init(call: SystemCall, awaited: Awaited, limit: SleepLimit) {
    self.call = call
    self.awaited = awaited
    self.limit = limit
  }
}
