import CPosix
import Glibc
import Posix
import Waits

extension Pipe {
  /// Receives one message, waiting for it; `body` gets its bytes and descriptors.
  ///
  /// Throws `closed` at the end of the file, `timeout`, `empty` if it may not wait; `abandoned` or
  /// `peerDied` if `watchesPeers` and no other process is left that could send.
  public func receive<R>(
    at end: End, watchesPeers: Bool, _ wait: Wait, body: (PipeMessage) throws -> R
  ) throws -> R {
    try OperationPoint.pass(.pipeReceive, self) {
      let fd = try descriptor(end)
      scratch.reserve(Pipe.largestPacket)
      if !wait.isNow, let packet = try receiveSoon(fd, end, wait) {
        return try accept(packet, end, body)
      }
      while true {
        noteTurn()
        if let packet = try receiveNow(fd) { return try accept(packet, end, body) }
        if wait.isNow { throw ChannelError.empty }
        try sleepUntilReadable(end, watchesPeers, wait)
      }
    }
  }

  /// Looks for what will come at once, then waits for it in one short call; nil if that ended first.
  ///
  /// To sleep in the event loop costs more than all the rest of a message.
  private func receiveSoon(_ fd: Int32, _ end: End, _ wait: Wait) throws -> ReceivedMessage? {
    let (sent, received) = (sent(from: end.other), received(from: end.other))
    eagerness.look { brood_load64(sent) != brood_load64(received) }
    let mayWait = wait.allows(callOf: Pipe.directWait)
    return try receiveNow(fd, waits: mayWait)
  }

  private func accept<R>(
    _ packet: ReceivedMessage, _ end: End, _ body: (PipeMessage) throws -> R
  ) throws -> R {
    if packet.count == 0 { throw ChannelError.closed }
    noteReceived()
    brood_count(received(from: end.other))
    Recorder.note(
      number(of: received(from: end.other), end.other),
      UnsafeRawBufferPointer(start: scratch.base + 1, count: packet.count - 1))
    if packet.isCut { throw ReceivedMessage.cut }
    let kind = scratch.base.load(as: UInt8.self)
    if kind == PacketKind.whole {
      let bytes = UnsafeRawBufferPointer(start: scratch.base + 1, count: packet.count - 1)
      return try body(PipeMessage(content: .bytes(bytes), descriptors: packet.descriptors))
    }
    guard let first = packet.descriptors.first else { throw ChannelError.malformed }
    let others = Array(packet.descriptors.dropFirst())
    if kind == PacketKind.block, packet.count == MemoryLayout<LentBlock>.size {
      defer { blocks.release(first) }
      let lent = scratch.base.load(as: LentBlock.self)
      guard lent.index < PipeBlocks.count, lent.count <= PipeBlocks.blockSize else {
        throw ChannelError.malformed
      }
      let bytes = UnsafeRawBufferPointer(
        start: blocks.base(Int(lent.index)), count: Int(lent.count))
      return try body(PipeMessage(content: .block(bytes), descriptors: others))
    }
    defer { Descriptors.close(first) }
    return try body(PipeMessage(content: .memory(first), descriptors: others))
  }

  // The kernel wakes those who wait for room; that they are no longer stuck is ours to say.
  @inline(__always)
  private func noteReceived() {
    guard brood_load32(&state.pointee.wantsRoom) != 0 else { return }
    brood_store32(&state.pointee.wantsRoom, 0)
    nextTurn()
  }

  private func receiveNow(_ fd: Int32, waits: Bool = false) throws(SystemError) -> ReceivedMessage?
  {
    let buffer = UnsafeMutableRawBufferPointer(start: scratch.base, count: Pipe.largestPacket)
    do throws(SystemError) {
      return try Messages.receive(fd, into: buffer, waits: waits)
    } catch {
      // The other side went with something unread: said once, and ours is still to be had.
      guard error.code == ECONNRESET else { throw error }
      return try Messages.receive(fd, into: buffer)
    }
  }

  /// Sleeps until something may be had at an end.
  ///
  /// The wait that it notes is the caller's to end, when it has made progress or gives up.
  ///
  /// - Parameter keepsTime: a deadline is waited for even if no peer is left.
  public func sleepUntilReadable(
    _ end: End, _ watchesPeers: Bool, _ wait: Wait, keepsTime: Bool = false
  ) throws {
    let fd = try descriptor(end)
    if watchesPeers {
      let isAnswered = try sleep(
        wait, on: fd, as: .stuckReading, .reading, needing: needed(by: end), keepsTime: keepsTime)
      if isAnswered { return }
      // What the last one sent before it ended is still there.
      if try !isReady(fd) { throw abandoned() }
    } else {
      try wait.check()
      noteSleep(wait, isWriting: false, needing: needed(by: end), isWatched: false)
      peers.set(.reading)
      defer { peers.set(.idle) }
      _ = try wait.sleep(fd)
    }
  }

  private func isReady(_ fd: Int32) throws -> Bool {
    var copy = fd
    var ready: UInt8 = 0
    return try checked("ppoll") { brood_wait_readable(&copy, 1, &ready, 0) } > 0
  }

  /// For someone who waits for several things: whether a message is there or could come.
  public func awaitMessage(at end: End, watchesPeers: Bool) throws -> Readiness {
    let fd = try descriptor(end)
    guard watchesPeers else {
      // The end of the file is readable for ever.
      return try isAtEnd(fd) ? .never(.closed) : .descriptors([fd], until: .max)
    }
    guard let peer = peerToWatch(needing: needed(by: end)) else {
      if try !isReady(fd) { return .never(abandoned()) }
      return try isAtEnd(fd) ? .never(.closed) : .ready
    }
    // The turn is that of the look that has found nothing.
    peers.set(.reading, turn: seenTurn)
    return .descriptors([fd, peer], until: nextLookAtWatched)
  }

  /// The wait for several things is over.
  public func awaited() { peers.set(.idle) }

  /// As something that is waited for by one who reads at an end: others must not have closed what that
  /// needs.
  public func reading(at end: End) -> ObjectID {
    var id = objectID
    id.device = UInt64(needed(by: end).rawValue)
    return id
  }

  private func isAtEnd(_ fd: Int32) throws -> Bool {
    guard try isReady(fd) else { return false }
    var byte: UInt8 = 0
    return recv(fd, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
  }

  /// Waits until something can be received, or the file has ended; false at the deadline.
  public func poll(at end: End, watchesPeers: Bool, _ wait: Wait) throws -> Bool {
    let fd = try descriptor(end)
    defer { WaitNote.end() }
    do {
      while true {
        noteTurn()
        if try isReady(fd) { break }
        if wait.isNow { return false }
        try sleepUntilReadable(end, watchesPeers, wait, keepsTime: true)
      }
      return true
    } catch ChannelError.timeout {
      return false
    }
  }
}

/// A message that was received, valid until its receiver returns.
public struct PipeMessage {
  enum Content {
    case bytes(UnsafeRawBufferPointer)
    /// Shared memory, which a process that does not keep the rules could still change.
    case block(UnsafeRawBufferPointer)
    /// A sealed memfd.
    case memory(Int32)
  }

  let content: Content
  /// Descriptors that travelled with it, which belong to the receiver.
  public let descriptors: [Int32]

  /// All of it, if it is small; a large one is read in pieces.
  public var bytes: UnsafeRawBufferPointer? {
    if case .bytes(let bytes) = content { bytes } else { nil }
  }

  /// How many bytes it has.
  public var count: Int {
    get throws {
      switch content {
      case .bytes(let bytes), .block(let bytes): bytes.count
      case .memory(let memory): try MemoryFile.size(of: memory)
      }
    }
  }

  /// Copies bytes from an offset on; yields how many.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    switch content {
    case .bytes(let bytes), .block(let bytes):
      let count = max(0, min(buffer.count, bytes.count - offset))
      guard count > 0, let from = bytes.baseAddress, let to = buffer.baseAddress else { return 0 }
      to.copyMemory(from: from + offset, byteCount: count)
      return count
    case .memory(let memory): return try MemoryFile.read(memory, into: buffer, at: offset)
    }
  }
}
