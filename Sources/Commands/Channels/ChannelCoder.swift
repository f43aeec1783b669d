import Channels
import Language
import Posix
import Session

/// Lets the handles of channels travel: their descriptors go beside the message, and a process that
/// has the channel already finds its own handle again.
final class ChannelCoder: DescriptorCoder {
  var outgoing = Outgoing()
  var incoming: ArraySlice<Int32> = []
  var arrived: [ChannelHandle]?

  private let processes = ProcessCoder()
  private let session: Session

  /// Of handles on the wire; that of processes is `ProcessCoder.kind`.
  private static let kind: UInt8 = 2

  /// What follows the kind: of the channel, of descriptors the number, the ends of a pipe, its
  /// identity, its name.
  private static let headerSize = 12

  init(_ session: Session) { self.session = session }

  func encode(_ handle: Handle) throws -> (kind: UInt8, bytes: [UInt8]) {
    if let socket = handle as? SocketHandle {
      let descriptor = try socket.travelling()
      try take([descriptor])
      return (SocketHandle.kind, socket.travelBytes)
    }
    if let far = handle as? RedisHandle { return (RedisHandle.kind, far.travelBytes) }
    guard let parts = try Parts(handle) else { return try processes.encode(handle) }
    try parts.channel.requireKept()
    try take(parts.descriptors)
    parts.channel.channel.count(departure: true)
    outgoing.channels.append(parts.channel)
    var bytes = [UInt8(truncatingIfNeeded: parts.channel.channel.kind.rawValue)]
    bytes.append(UInt8(truncatingIfNeeded: parts.descriptors.count))
    bytes.append(parts.ends)
    bytes.append(parts.isEnd ? 1 : 0)
    withUnsafeBytes(of: parts.channel.channel.id.bigEndian) { bytes += $0 }
    return (ChannelCoder.kind, bytes + Array(parts.channel.name.utf8))
  }

  private func take(_ descriptors: [Int32]) throws {
    guard outgoing.descriptors.count + descriptors.count <= outgoing.limit else {
      throw ErrorObject(
        .limit,
        "a value can take at most \(outgoing.limit) descriptors along, and its handles have more",
        help: "send it in parts; a queue has 5 descriptors, a pipe 3, a lock 2")
    }
    outgoing.descriptors += descriptors
  }

  func encodedCount(of handle: Handle) throws -> Int {
    if let socket = handle as? SocketHandle { return socket.travelBytes.count }
    if let far = handle as? RedisHandle { return far.travelBytes.count }
    guard let parts = try Parts(handle) else { return try processes.encodedCount(of: handle) }
    return ChannelCoder.headerSize + parts.channel.name.utf8.count
  }

  /// What of a handle travels.
  private struct Parts {
    let channel: ChannelHandle
    let descriptors: [Int32]
    /// The ends of a pipe that go along: 1 and 2.
    var ends: UInt8 = 0
    /// Whether the handle is that of an end.
    var isEnd = false

    init?(_ handle: Handle) throws {
      switch handle {
      case let end as PipeEndHandle:
        channel = end.owner
        _ = try end.owner.pipe.descriptor(end.end)
        descriptors = end.owner.pipe.descriptors(of: end.end)
        ends = end.end == .a ? 1 : 2
        isEnd = true
      case let pipe as PipeHandle:
        channel = pipe
        descriptors = pipe.pipe.descriptors
        for end in pipe.pipe.openEnds { ends |= end == .a ? 1 : 2 }
      case let other as ChannelHandle:
        channel = other
        descriptors = other.channel.descriptors
      default: return nil
      }
    }
  }

  func decode(kind: UInt8, bytes: UnsafeRawBufferPointer) throws -> Handle {
    if kind == SocketHandle.kind {
      guard let descriptor = incoming.popFirst() else {
        throw ErrorObject(
          .missing, "a socket did not come along",
          help: "a socket travels through a pipe or a queue, not as the value of a process")
      }
      return try session.adoptSocket(descriptor, bytes)
    }
    if kind == RedisHandle.kind { return try session.adoptFar(bytes) }
    if kind != ChannelCoder.kind { return try processes.decode(kind: kind, bytes: bytes) }
    guard bytes.count >= ChannelCoder.headerSize,
      let channel = Channel.Kind(rawValue: UInt32(bytes[0]))
    else { throw ErrorObject(.type, "a handle of an unknown kind arrived") }
    let id = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
    let name = String(decoding: bytes.dropFirst(ChannelCoder.headerSize), as: UTF8.self)
    let ends = [Pipe.End.a, .b].filter { bytes[2] & ($0 == .a ? 1 : 2) != 0 }
    let descriptors = Array(incoming.prefix(Int(bytes[1])))
    incoming = incoming.dropFirst(descriptors.count)
    let handle: ChannelHandle
    if let known = session.channels.find(id) {
      merge(descriptors, ends, into: known)
      handle = known
    } else {
      guard !descriptors.isEmpty else {
        throw ErrorObject(
          .missing, "the channel '\(name)' did not come along",
          help: "a channel that a child made travels through a pipe or a queue, not as its value")
      }
      handle = try session.adoptChannel(name) { name in
        try make(channel, name, descriptors, ends)
      }
    }
    handle.channel.count(departure: false)
    arrived?.append(handle)
    guard bytes[3] == 1, let pipe = handle as? PipeHandle, let end = ends.first,
      case .handle(let part)? = try pipe.field(pipe.name(of: end))
    else { return handle }
    return part
  }

  private func merge(_ descriptors: [Int32], _ ends: [Pipe.End], into handle: ChannelHandle) {
    if let pipe = (handle as? PipeHandle)?.pipe {
      pipe.adopt(Array(descriptors.dropFirst()), ends: ends)
      if let memory = descriptors.first { Descriptors.close(memory) }
    } else {
      for fd in descriptors { Descriptors.close(fd) }
    }
  }

  private func make(
    _ kind: Channel.Kind, _ name: String, _ descriptors: [Int32], _ ends: [Pipe.End]
  ) throws -> ChannelHandle {
    try mapErrors("cannot take over a channel") {
      switch kind {
      case .pipe: PipeHandle(name, try Pipe(adopting: descriptors, ends: ends))
      case .queue: QueueHandle(name, try Queue(adopting: descriptors))
      case .memory: SharedHandle(name, try SharedArray(adopting: descriptors))
      case .lock: LockHandle(name, try Lock(adopting: descriptors))
      case .semaphore: SemaphoreHandle(name, try Semaphore(adopting: descriptors))
      case .event: EventHandle(name, try Event(adopting: descriptors))
      case .barrier: BarrierHandle(name, try Barrier(adopting: descriptors))
      case .condition: ConditionHandle(name, try Condition(adopting: descriptors))
      }
    }
  }
}
