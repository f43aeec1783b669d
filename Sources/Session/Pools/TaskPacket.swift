/// How tasks and results travel between a pool and its workers: packets of a SOCK_SEQPACKET pair.
///
/// A packet is a head of 16 bytes, then entries: length, mark, payload. What is too large for one
/// comes alone, in a sealed memfd beside it; so do descriptors of handles.
struct TaskPacket {
  enum Kind: UInt8 {
    // From the pool.
    /// Functions are sent once, and then meant by their number.
    case function = 1
    case batch, forget, directory, stop
    // From the worker.
    case hello = 16
    case results
    /// What its tasks write goes to the two descriptors beside it.
    case capture
    /// It could not begin, for the error that it sends.
    case unable
  }

  struct Flags: OptionSet {
    let rawValue: UInt16
    /// The payload lies in a memfd, the first descriptor.
    static let isLarge = Flags(rawValue: 1)
    /// The payload is a list of arguments instead of one.
    static let spreads = Flags(rawValue: 2)
    /// The payload is a list of two: the arguments by position, and the map of those by name.
    static let isNamed = Flags(rawValue: 256)
    /// The worker notes when each task begins.
    static let isTimed = Flags(rawValue: 4)
    /// Lines that a task prints get its first argument in front.
    static let isTagged = Flags(rawValue: 8)
    /// A task's result is a record of it, with what it wrote.
    static let isRecorded = Flags(rawValue: 32)
    /// Each result is sent at once.
    static let isEager = Flags(rawValue: 64)
    /// A failure may be the last thing that the job does: the worker returns what lies with it.
    static let mayHalt = Flags(rawValue: 128)
    /// The batch is done with; tasks without a result were returned.
    static let isFinished = Flags(rawValue: 16)
  }

  static let headSize = 16
  static let entryHeadSize = 8
  /// Packets are not made larger than this, if a single entry does not need it.
  static let usualSize = 48 << 10
  /// The most that a packet can be; entries above are large.
  static let mostBytes = 60 << 10

  let kind: Kind
  let slot: Int
  let flags: Flags
  /// Of the function.
  let number: UInt32
  /// Of the batch: a dead worker's ledger may still hold results of the one before.
  let batch: UInt32
  /// What the tasks of a batch draw random numbers from, together with the mark of each.
  ///
  /// Of a large payload it is that of the one task. 0: nothing that could repeat.
  let seed: UInt32

  init(
    _ kind: Kind, slot: Int = 0, flags: Flags = [], number: UInt32 = 0, batch: UInt32 = 0,
    seed: UInt32 = 0
  ) {
    self.kind = kind
    self.slot = slot
    self.flags = flags
    self.number = number
    self.batch = batch
    self.seed = seed
  }

  /// The head of a packet that came; nil for bytes that are no packet.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= TaskPacket.headSize, let kind = Kind(rawValue: bytes[0]), bytes[1] < 2
    else { return nil }
    self.kind = kind
    slot = Int(bytes[1])
    flags = Flags(rawValue: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    number = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    batch = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    seed = bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
  }

  func write(to place: UnsafeMutableRawPointer) {
    place.storeBytes(of: kind.rawValue, as: UInt8.self)
    place.storeBytes(of: UInt8(truncatingIfNeeded: slot), toByteOffset: 1, as: UInt8.self)
    place.storeBytes(of: flags.rawValue, toByteOffset: 2, as: UInt16.self)
    place.storeBytes(of: number, toByteOffset: 4, as: UInt32.self)
    place.storeBytes(of: batch, toByteOffset: 8, as: UInt32.self)
    place.storeBytes(of: seed, toByteOffset: 12, as: UInt32.self)
  }
}

/// Runs through the entries of a packet.
struct TaskEntries {
  private var rest: UnsafeRawBufferPointer

  init(_ packet: UnsafeRawBufferPointer) {
    rest = UnsafeRawBufferPointer(
      rebasing: packet[min(TaskPacket.headSize, packet.count)...])
  }

  @inline(__always)
  mutating func next() -> (mark: UInt32, payload: UnsafeRawBufferPointer)? {
    guard rest.count >= TaskPacket.entryHeadSize, let base = rest.baseAddress else { return nil }
    let length = Int(base.loadUnaligned(as: UInt32.self))
    let mark = base.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    guard length <= rest.count - TaskPacket.entryHeadSize else { return nil }
    let end = TaskPacket.entryHeadSize + length
    let payload = UnsafeRawBufferPointer(start: base + TaskPacket.entryHeadSize, count: length)
    rest = UnsafeRawBufferPointer(start: base + end, count: rest.count - end)
    return (mark, payload)
  }

  /// Writes an entry; the caller has seen to room.
  @inline(__always)
  static func write(
    _ payload: UnsafeRawBufferPointer, mark: UInt32, to place: UnsafeMutableRawPointer
  ) -> Int {
    place.storeBytes(of: UInt32(truncatingIfNeeded: payload.count), as: UInt32.self)
    place.storeBytes(of: mark, toByteOffset: 4, as: UInt32.self)
    if let base = payload.baseAddress {
      (place + TaskPacket.entryHeadSize).copyMemory(from: base, byteCount: payload.count)
    }
    return TaskPacket.entryHeadSize + payload.count
  }
}
