import CPosix
import Glibc
import Posix

extension Pipe {
  /// What a packet holds, by its first byte.
  enum PacketKind {
    /// The message itself.
    static let whole: UInt8 = 0
    /// Nothing: a sealed memfd comes with it.
    static let memory: UInt8 = 1
    /// A `LentBlock`: its lease comes with it.
    static let block: UInt8 = 2
  }

  /// A packet that lends a block.
  struct LentBlock {
    var kind = PacketKind.block
    var index: UInt8
    var count: UInt64
  }

  /// Sends one message, waiting while the pipe is full.
  ///
  /// Throws `closed` if no process has the other end open, `timeout`; `closed` or `peerDied` if
  /// `watchesPeers` and no other process is left that could receive.
  public func send(
    _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = [], from end: End,
    watchesPeers: Bool, _ wait: Wait
  ) throws {
    try OperationPoint.pass(.pipeSend, self) {
      guard bytes.count < Pipe.largestPacket else {
        return try send(count: bytes.count, from: end, watchesPeers: watchesPeers, wait) { sink in
          try sink(bytes)
          return descriptors
        }
      }
      scratch.reserve(bytes.count + 1)
      scratch.base.storeBytes(of: PacketKind.whole, as: UInt8.self)
      if let base = bytes.baseAddress {
        (scratch.base + 1).copyMemory(from: base, byteCount: bytes.count)
      }
      try deliver(
        end, UnsafeRawBufferPointer(start: scratch.base, count: bytes.count + 1), descriptors,
        watchesPeers, wait)
      brood_count(sent(from: end))
      Recorder.note(number(of: sent(from: end), end), bytes)
    }
  }

  /// The number that a message has in recordings: counted from 1, and the direction as lowest bit.
  ///
  /// It is exact while one process at a time sends in a direction, and one receives.
  func number(of count: UnsafeMutablePointer<UInt64>, _ sender: End) -> UInt64 {
    brood_load64(count) &* 2 &+ UInt64(sender.rawValue & 1)
  }

  /// Sends one message of `count` bytes that `write` hands to its argument piece by piece; it yields
  /// the descriptors that go with it.
  ///
  /// Throws as for a message in one piece.
  public func send(
    count: Int, from end: End, watchesPeers: Bool, _ wait: Wait,
    write: ((UnsafeRawBufferPointer) throws -> Void) throws -> [Int32]
  ) throws {
    try OperationPoint.pass(.pipeSend, self) {
      if let claim = claimBlock(count, wait) {
        try sendBlock(claim, count, end, watchesPeers, wait, write)
      } else {
        let memory = try MemoryFile.make("brood message")
        defer { Descriptors.close(memory) }
        let others = try write { piece in try Transfer.writeAll(memory, piece) }
        try MemoryFile.seal(memory)
        scratch.base.storeBytes(of: PacketKind.memory, as: UInt8.self)
        try deliver(
          end, UnsafeRawBufferPointer(start: scratch.base, count: 1), [memory] + others,
          watchesPeers, wait)
      }
      brood_count(sent(from: end))
      Recorder.note(
        number(of: sent(from: end), end), UnsafeRawBufferPointer(start: nil, count: 0), size: count)
    }
  }

  // A receiver that takes nothing out is not waited for a second time.
  private func claimBlock(_ count: Int, _ wait: Wait) -> PipeBlocks.Claim? {
    let taken = traffic.received
    let claim = blocks.claim(count, mayWait: !wait.isNow && takenBefore != taken)
    if claim == nil { takenBefore = taken }
    return claim
  }

  private func sendBlock(
    _ claim: PipeBlocks.Claim, _ count: Int, _ end: End, _ watchesPeers: Bool, _ wait: Wait,
    _ write: ((UnsafeRawBufferPointer) throws -> Void) throws -> [Int32]
  ) throws {
    var isSent = false
    // The receiver has the claim now, or no process.
    defer { if isSent { Descriptors.close(claim.lease) } else { blocks.release(claim.lease) } }
    let base = blocks.base(claim.index)
    var offset = 0
    let others = try write { piece in
      guard let from = piece.baseAddress else { return }
      guard piece.count <= count - offset else { throw ChannelError.malformed }
      (base + offset).copyMemory(from: from, byteCount: piece.count)
      offset += piece.count
    }
    guard offset == count else { throw ChannelError.malformed }
    let packet = LentBlock(index: UInt8(claim.index), count: UInt64(count))
    try withUnsafeBytes(of: packet) {
      try deliver(end, $0, [claim.lease] + others, watchesPeers, wait)
    }
    isSent = true
  }

  private func deliver(
    _ end: End, _ message: UnsafeRawBufferPointer, _ descriptors: [Int32], _ watchesPeers: Bool,
    _ wait: Wait
  ) throws {
    let fd = try descriptor(end)
    var waitsInCall = false
    while true {
      nextTurn()
      do throws(SystemError) {
        if try Messages.send(fd, message, descriptors: descriptors, waits: waitsInCall) { return }
      } catch {
        if error.code == EPIPE || error.code == ECONNRESET { throw ChannelError.closed }
        guard error.code == ETOOMANYREFS else { throw error }
        if wait.isNow { throw ChannelError.full }
        try sleepUntilTaken(end, watchesPeers, wait)
        continue
      }
      if wait.isNow { throw ChannelError.full }
      if !waitsInCall, wait.allows(callOf: Pipe.directWait) {
        waitsInCall = true
      } else {
        waitsInCall = false
        try sleepUntilWritable(end, watchesPeers, wait)
      }
    }
  }

  /// Too many descriptors of this user are under way, in whatever sockets: that passes when a process
  /// takes them, of which nothing tells.
  private func sleepUntilTaken(_ end: End, _ watchesPeers: Bool, _ wait: Wait) throws {
    let moment = Clock.deadline(after: Pipe.directWait)
    noteTurn()
    guard watchesPeers else {
      try wait.check()
      _ = try wait.sleep([], until: moment)
      return
    }
    let isAnswered = try sleep(
      wait, on: -1, as: .stuckWriting, .writing, needing: needed(by: end), lookingAt: moment,
      keepsTime: false)
    if !isAnswered { throw abandoned() }
  }

  /// Sleeps until an end may take something.
  public func sleepUntilWritable(_ end: End, _ watchesPeers: Bool, _ wait: Wait) throws {
    let fd = try descriptor(end)
    brood_store32(&state.pointee.wantsRoom, 1)
    noteTurn()
    // An epoll set is readable when one of its descriptors is ready.
    let epoll = try checked("epoll_create1") { brood_epoll_create() }
    defer { Descriptors.close(epoll) }
    try checked("epoll_ctl") {
      brood_epoll_set(epoll, true, fd, UInt32(brood_ready_write), 1)
    }
    if watchesPeers {
      let isAnswered = try sleep(
        wait, on: epoll, as: .stuckWriting, .writing, needing: needed(by: end), keepsTime: false)
      if !isAnswered { throw abandoned() }
    } else {
      try wait.check()
      noteSleep(wait, isWriting: true, needing: needed(by: end), isWatched: false)
      peers.set(.writing)
      defer { peers.set(.idle) }
      _ = try wait.sleep(epoll)
    }
  }
}
