/// How a queue lies in shared memory.
///
/// Items are frames in segments of 64 KiB, which form a chain from the head to the tail. A frame is
/// 8 bytes (length, kind) and its content, padded to 8 bytes, and lies in one segment; an item that
/// is larger than a segment has a chain of its own, to which its frame refers. Free segments are
/// kept in two lists: warm ones still have their memory, cold ones have given it back.
enum QueueLayout {
  static let segmentSize = 65536
  /// The largest content of a frame.
  static let largestInline = segmentSize - frameHeader
  static let frameHeader = 8
  /// Segments are numbered from 1; 0 is none.
  ///
  /// There is address space for so many, or, where that is bounded (RLIMIT_AS), for less.
  static let mostSegments = 1 << 24
  static let fewestSegments = 1 << 10
  /// Segments that stay warm when they are drained.
  static let mostWarm: UInt32 = 8

  /// The courier's buffer: ten thousand items with handles; fewer where the kernel's own bounds hold.
  static let courierSize: Int32 = 4 << 20

  /// Two links per segment: to the next in its chain, and to the next free one.
  static let linksOffset = ChannelMemory.bodyOffset
  static let leasesOffset = linksOffset + mostSegments * 8
  static let mostLeases = 1 << 20
  static let transfersOffset = leasesOffset + mostLeases * MemoryLayout<Lease>.stride
  static let mostTransfers = 256
  static let segmentsOffset =
    (transfersOffset + mostTransfers * MemoryLayout<Transfer>.stride + segmentSize - 1)
    / segmentSize * segmentSize

  /// What memory with so many segments takes, beyond the fixed parts.
  static func bodySize(_ segments: Int) -> Int {
    segmentsOffset + segments * segmentSize - ChannelMemory.bodyOffset
  }

  enum FrameKind {
    static let plain: UInt32 = 0
    /// The content says where the item lies.
    static let large: UInt32 = 1
    /// Descriptors travel beside: the content begins with their ticket.
    static let ticket: UInt32 = 2
    /// Both: where the item lies, then the ticket.
    static let largeTicket: UInt32 = 3
    /// The chain goes on in the next segment.
    static let end: UInt32 = 0xFFFF_FFFF
  }

  /// The content of a frame of a large item.
  struct Large {
    var length: UInt64
    var first: UInt32
    var count: UInt32
  }

  /// Names descriptors that wait in the courier, and says how many they are.
  struct Ticket {
    var number: UInt64
    var count: UInt64
  }

  /// An item that was taken for a while.
  struct Lease {
    enum State {
      static let free: UInt32 = 0
      static let taken: UInt32 = 1
      /// It is back, and the next to be taken.
      static let returned: UInt32 = 2
    }

    var state: UInt32
    var attempts: UInt32
    /// Its order among all items.
    var number: UInt64
    var segment: UInt32
    var offset: UInt32
    var holder: ProcessIdentity
    /// Monotonic ns; `Int64.max` for none.
    var deadline: Int64
  }

  /// A large item that is being written or read outside the lock.
  struct Transfer {
    /// The process that does it; none: the entry is free.
    var owner: ProcessIdentity
    var first: UInt32
    var last: UInt32
    var count: UInt32
    /// Its share of the queue's room, while it is being written.
    var isWriting: UInt32
    var length: UInt64
  }
}

/// All of a queue's state that one operation changes as a whole.
///
/// There are two copies; an operation writes the one that is not current, and one store makes it
/// current, so a process that dies meanwhile has changed nothing.
struct QueueState {
  var head: UInt32 = 0
  var headOffset: UInt32 = 0
  var tail: UInt32 = 0
  var tailOffset: UInt32 = 0
  var warm: UInt32 = 0
  var warmCount: UInt32 = 0
  var cold: UInt32 = 0
  /// Segments that were ever used.
  var top: UInt32 = 0
  /// Items that can be taken from the chain.
  var items: UInt64 = 0
  /// Their bytes.
  var bytes: UInt64 = 0
  /// How many items were put, and taken from the chain.
  var puts: UInt64 = 0
  var gets: UInt64 = 0
  /// Large items that are being written, and their bytes.
  var pendingBytes: UInt64 = 0
  var pendingItems: UInt32 = 0
  /// Segments in use.
  var used: UInt32 = 0
  /// Leases that are taken or returned, with their highest place plus one.
  var leases: UInt32 = 0
  var returned: UInt32 = 0
  var returnedBytes: UInt64 = 0
  var leaseTop: UInt32 = 0
  /// The highest ticket of an item that was taken from the chain.
  var ticketTaken: UInt64 = 0
  var isClosed: UInt32 = 0
}

/// The queue's part of the first page.
struct QueueHeader {
  /// Its lowest bit says which state is current.
  var turn: UInt32
  /// Set by those who sleep until an item comes, or room.
  var wantsItems: UInt32
  var wantsRoom: UInt32
  var padding: UInt32
  /// At most so many items and bytes; `Int64.max` for no bound.
  var mostItems: Int64
  var mostBytes: Int64
  /// At most so much memory, in bytes.
  var mostMemory: Int64
  /// The next ticket of descriptors.
  var ticket: UInt64
  /// No lease is over before this moment.
  var leaseDeadline: Int64
}
