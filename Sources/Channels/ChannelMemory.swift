import CPosix
import Glibc
import Posix

/// The shared memory of one channel: a sparse memfd that cannot shrink, mapped by all who have it.
///
/// It begins with a page of the channel's own, then comes a word for each process that may have
/// the channel (`Peers`), then what the kind of channel needs.
final class ChannelMemory {
  /// Where the parts begin, in bytes.
  static let peersOffset = 4096
  static let bodyOffset = 4096 + Peers.capacity * 8

  static let magic: UInt32 = 0x646F_7262  // "brod"

  /// What the next one that is made is called, for those who look; set around its making.
  nonisolated(unsafe) static var nextName: String?

  /// Its kind and name, as `queue jobs`: also the memfd is called so, behind "brood".
  let name: String
  let descriptor: Int32
  let base: UnsafeMutableRawPointer
  let size: Int

  /// The first page.
  struct Header {
    var magic: UInt32
    var kind: UInt32
    var id: UInt64
    var maker: ProcessIdentity
    /// How often the inner lock's holder died inside.
    var repairs: UInt32
    var travels = Travels()
  }

  /// How often handles of the channel set out for another process, and arrived.
  struct Travels {
    var departures: UInt64 = 0
    var arrivals: UInt64 = 0
  }

  var header: UnsafeMutablePointer<Header> { base.assumingMemoryBound(to: Header.self) }

  /// Where the count of wake-ups lies.
  static let turnOffset = 132
  /// Where the pid of the last process that rang a bell lies; written while something is recorded.
  static let ringerOffset = 136

  var ringer: UnsafeMutablePointer<UInt32> {
    (base + ChannelMemory.ringerOffset).assumingMemoryBound(to: UInt32.self)
  }

  /// A cache line of its own.
  var lockWord: UnsafeMutablePointer<UInt32> {
    (base + 128).assumingMemoryBound(to: UInt32.self)
  }

  /// The rest of the first page: some state of the kind's own.
  static let stateOffset = 192
  func state<T>(_ type: T.Type) -> UnsafeMutablePointer<T> {
    (base + ChannelMemory.stateOffset).assumingMemoryBound(to: type)
  }

  var peers: Peers {
    Peers(
      entries: (base + ChannelMemory.peersOffset).assumingMemoryBound(to: UInt64.self),
      turn: (base + ChannelMemory.turnOffset).assumingMemoryBound(to: UInt32.self),
      travels: (base + (MemoryLayout<Header>.offset(of: \.travels) ?? 40))
        .assumingMemoryBound(to: Travels.self))
  }

  /// Makes memory of `bodySize` bytes beyond the fixed parts; throws EMFILE, ENOMEM.
  init(kind: UInt32, bodySize: Int) throws(SystemError) {
    let size = ChannelMemory.bodyOffset + bodySize
    self.size = size
    let name = ChannelMemory.fullName(kind)
    self.name = name
    let fd = Descriptors.moveBeyondDigits(
      try checked("memfd_create") { brood_memory_make("brood \(name)", Int64(size)) })
    try Descriptors.requireShared(fd)
    let memory = OwnedDescriptor(fd)
    try checked("fallocate") { brood_memory_commit(fd, 0, Int64(2 * 4096)) }
    base = try ChannelMemory.map(fd, size)
    descriptor = memory.release()
    let id = ChannelMemory.makeID()
    header.pointee = Header(
      magic: ChannelMemory.magic, kind: kind, id: id, maker: .own, repairs: 0)
  }

  /// Draws the number that names a channel in all its processes; where schedules are explored it is
  /// the same in each run.
  nonisolated(unsafe) static var makeID: () -> UInt64 = { .random(in: 1 ... .max) }

  /// Takes over a descriptor that came from elsewhere; throws EBADMSG if it is of no such kind, or
  /// smaller than it must be.
  init(adopting fd: Int32, kind: UInt32, bodySize: Int) throws(SystemError) {
    name = ChannelMemory.fullName(kind)
    size = Int(try checked("fstat") { brood_memory_size(fd) })
    guard size >= ChannelMemory.bodyOffset + bodySize else {
      throw SystemError(call: "mmap", code: EBADMSG)
    }
    base = try ChannelMemory.map(fd, size)
    descriptor = fd
    guard header.pointee.magic == ChannelMemory.magic, header.pointee.kind == kind else {
      throw SystemError(call: "mmap", code: EBADMSG)
    }
  }

  private static func fullName(_ kind: UInt32) -> String {
    let word = Channel.Kind(rawValue: kind)?.word ?? "channel"
    return nextName.map { "\(word) \($0)" } ?? word
  }

  private static func map(
    _ fd: Int32, _ size: Int
  ) throws(SystemError) -> UnsafeMutableRawPointer {
    var code: Int32 = 0
    guard let base = brood_memory_map(fd, size, &code) else {
      throw SystemError(call: "mmap", code: code)
    }
    return base
  }

  deinit {
    brood_memory_unmap(base, size)
    Descriptors.close(descriptor)
  }

  /// Makes sure that a range has memory.
  func commit(_ offset: Int, _ length: Int) throws(SystemError) {
    try checked("fallocate") { brood_memory_commit(descriptor, Int64(offset), Int64(length)) }
  }

  /// Gives a range's memory back.
  func release(_ offset: Int, _ length: Int) {
    brood_memory_release(descriptor, Int64(offset), Int64(length))
  }

  /// Bytes of memory that it takes now.
  var used: Int { max(0, Int(brood_memory_used(descriptor))) }
}
