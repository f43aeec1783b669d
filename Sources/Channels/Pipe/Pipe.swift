import CPosix
import Glibc
import Posix

/// A pipe of whole messages between processes: a pair of connected SOCK_SEQPACKET sockets, or, raw,
/// a plain pipe(2) of bytes.
///
/// A message is one packet, so any number of writers and readers share an end and nothing is torn,
/// whoever is killed: small ones lie in the packet, large ones in a sealed memfd that travels with
/// it. Who has an end open, and so where the file ends, is the kernel's business.
public final class Pipe: Channel {
  public enum Form: UInt32, Sendable {
    /// Both ends send and receive.
    case duplex
    /// `a` receives, `b` sends.
    case simplex
    /// Bytes: `a` reads, `b` writes.
    case raw
  }

  public enum End: Int, Sendable {
    case a, b

    var other: End { self == .a ? .b : .a }
  }

  private struct State {
    var form: UInt32
    /// Set by those who sleep until there is room.
    var wantsRoom: UInt32
    var sent: UInt64
    var received: UInt64
  }

  public let form: Form
  private let state: UnsafeMutablePointer<State>
  /// The descriptors of this process; -1 where it has closed its end.
  private var fds: [Int32]
  private var scratch = ScratchBuffer()

  /// The largest message that lies in a packet itself.
  static let largestInline = 65536

  /// Makes a pipe of which this process has both ends.
  public init(_ form: Form) throws(SystemError) {
    let memory = try ChannelMemory(kind: Kind.pipe.rawValue, bodySize: 0)
    state = memory.state(State.self)
    state.pointee = State(form: form.rawValue, wantsRoom: 0, sent: 0, received: 0)
    self.form = form
    if form == .raw {
      let ends = try Descriptors.pipe()
      fds = [ends.read, ends.write]
    } else {
      let ends = try Descriptors.messagePair()
      fds = [ends.0, ends.1]
      if form == .simplex {
        _ = shutdown(ends.0, Int32(SHUT_WR))
        _ = shutdown(ends.1, Int32(SHUT_RD))
      }
    }
    super.init(kind: .pipe, bells: [], memory: memory)
  }

  /// From descriptors that came from another process: the memory, then the ends that it sent.
  ///
  /// - Parameter ends: which they are.
  public init(adopting descriptors: [Int32], ends: [End]) throws(SystemError) {
    let (memory, rest) = try Channel.adopt(descriptors, kind: .pipe, bells: ends.count)
    state = memory.state(State.self)
    guard let form = Form(rawValue: state.pointee.form) else {
      for fd in rest { Descriptors.close(fd) }
      throw SystemError(call: "recvmsg", code: EBADMSG)
    }
    self.form = form
    fds = [-1, -1]
    for (i, end) in ends.enumerated() { fds[end.rawValue] = rest[i] }
    super.init(kind: .pipe, bells: [], memory: memory)
    peers.set(closedEnds)
  }

  deinit {
    for fd in fds { Descriptors.close(fd) }
  }

  /// The ends that this process has open.
  public var openEnds: [End] { [End.a, .b].filter { fds[$0.rawValue] >= 0 } }

  public override var descriptors: [Int32] {
    [memory.descriptor] + openEnds.map { fds[$0.rawValue] }
  }

  /// The descriptors of one end and the memory.
  public func descriptors(of end: End) -> [Int32] { [memory.descriptor, fds[end.rawValue]] }

  /// Takes over ends that came again from another process, where this one has closed its own.
  public func adopt(_ descriptors: [Int32], ends: [End]) {
    for (i, end) in ends.enumerated() where descriptors.indices.contains(i) {
      if fds[end.rawValue] < 0 {
        fds[end.rawValue] = descriptors[i]
      } else {
        Descriptors.close(descriptors[i])
      }
    }
    peers.set(closedEnds)
  }

  private var closedEnds: Peers.Closed {
    (fds[0] < 0 ? Peers.Closed.a : []).union(fds[1] < 0 ? .b : [])
  }

  /// What the other side must have open.
  private func needed(by end: End) -> Peers.Closed { end == .a ? .b : .a }

  public override func admit(_ slot: SlotID) {
    let place = slot.place
    peers.admit(slot: place.number, generation: place.generation, closed: closedEnds)
  }

  /// The descriptor of an end; throws `closed` where this process has closed it.
  public func descriptor(_ end: End) throws -> Int32 {
    let fd = fds[end.rawValue]
    if fd < 0 { throw ChannelError.closed }
    return fd
  }

  /// Closes this process's descriptor of an end; false if it was closed.
  public func close(_ end: End) -> Bool {
    guard fds[end.rawValue] >= 0 else { return false }
    Descriptors.close(fds[end.rawValue])
    fds[end.rawValue] = -1
    peers.set(closedEnds)
    return true
  }

  /// Messages that were sent and received.
  public var traffic: (sent: Int, received: Int) {
    (Int(clamping: state.pointee.sent), Int(clamping: state.pointee.received))
  }

  // MARK: Messages

  /// Sends one message, waiting while the pipe is full.
  ///
  /// Throws `closed` if no process has the other end open, `timeout`; `closed` or `peerDied` if
  /// `watchesPeers` and no other process is left that could receive.
  ///
  /// - Parameter write: hands the message over piece by piece, for one too large for a packet.
  public func send(
    _ count: Int, descriptors: [Int32], from end: End, watchesPeers: Bool, _ wait: Wait,
    inline: () throws -> UnsafeRawBufferPointer,
    write: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    if count < Pipe.largestInline {
      let bytes = try inline()
      scratch.reserve(bytes.count + 1)
      scratch.base.storeBytes(of: 0, as: UInt8.self)
      if let base = bytes.baseAddress {
        (scratch.base + 1).copyMemory(from: base, byteCount: bytes.count)
      }
      try deliver(
        end, UnsafeRawBufferPointer(start: scratch.base, count: bytes.count + 1), descriptors,
        watchesPeers, wait)
    } else {
      let memory = try MemoryFile.make("brood message")
      defer { Descriptors.close(memory) }
      try write { piece in try Transfer.writeAll(memory, piece) }
      try MemoryFile.seal(memory)
      scratch.base.storeBytes(of: 1, as: UInt8.self)
      try deliver(
        end, UnsafeRawBufferPointer(start: scratch.base, count: 1), [memory] + descriptors,
        watchesPeers, wait)
    }
    brood_count(&state.pointee.sent)
  }

  private func deliver(
    _ end: End, _ message: UnsafeRawBufferPointer, _ descriptors: [Int32], _ watchesPeers: Bool,
    _ wait: Wait
  ) throws {
    let fd = try descriptor(end)
    while true {
      nextTurn()
      do throws(SystemError) {
        if try Messages.send(fd, message, descriptors: descriptors) { return }
      } catch {
        if error.code == EPIPE || error.code == ECONNRESET { throw ChannelError.closed }
        // Too many descriptors under way: that passes when somebody takes them.
        guard error.code == ETOOMANYREFS else { throw error }
      }
      if wait.isNow { throw ChannelError.full }
      try sleepUntilWritable(end, watchesPeers, wait)
    }
  }

  /// Sleeps until an end may take something.
  public func sleepUntilWritable(_ end: End, _ watchesPeers: Bool, _ wait: Wait) throws {
    let fd = try descriptor(end)
    brood_store32(&state.pointee.wantsRoom, 1)
    noteTurn()
    // An epoll set is readable when one of its descriptors is ready.
    let epoll = try window("epoll_create1") { brood_epoll_create() }
    defer { Descriptors.close(epoll) }
    try window("epoll_ctl") {
      brood_epoll_set(epoll, true, fd, UInt32(brood_ready_write), 1)
    }
    if watchesPeers {
      let isAnswered = try sleep(
        wait, on: epoll, as: .stuckWriting, .writing, needing: needed(by: end))
      if !isAnswered { throw abandoned() }
    } else {
      try wait.check()
      peers.set(.writing)
      defer { peers.set(.idle) }
      _ = try wait.sleep(epoll)
    }
  }

  /// Receives one message, waiting for it; `body` gets its bytes and descriptors.
  ///
  /// Throws `closed` at the end of the file, `timeout`, `empty` if it may not wait; `abandoned` or
  /// `peerDied` if `watchesPeers` and no other process is left that could send.
  public func receive<R>(
    at end: End, watchesPeers: Bool, _ wait: Wait, body: (PipeMessage) throws -> R
  ) throws -> R {
    let fd = try descriptor(end)
    while true {
      noteTurn()
      scratch.reserve(Pipe.largestInline)
      if let message = try receiveNow(fd) {
        if message.count == 0 { throw ChannelError.closed }
        noteReceived()
        brood_count(&state.pointee.received)
        let kind = scratch.base.load(as: UInt8.self)
        guard kind == 1 else {
          let bytes = UnsafeRawBufferPointer(start: scratch.base + 1, count: message.count - 1)
          return try body(PipeMessage(bytes: bytes, descriptors: message.descriptors, memory: -1))
        }
        guard let memory = message.descriptors.first else { throw ChannelError.malformed }
        defer { Descriptors.close(memory) }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        return try body(
          PipeMessage(
            bytes: nothing, descriptors: Array(message.descriptors.dropFirst()), memory: memory))
      }
      if wait.isNow { throw ChannelError.empty }
      try sleepUntilReadable(end, watchesPeers, wait)
    }
  }

  // The kernel wakes those who wait for room; that they are no longer stuck is ours to say.
  @inline(__always)
  private func noteReceived() {
    guard brood_load32(&state.pointee.wantsRoom) != 0 else { return }
    brood_store32(&state.pointee.wantsRoom, 0)
    nextTurn()
  }

  private func receiveNow(_ fd: Int32) throws(SystemError) -> (count: Int, descriptors: [Int32])? {
    let buffer = UnsafeMutableRawBufferPointer(start: scratch.base, count: Pipe.largestInline)
    do throws(SystemError) {
      return try Messages.receive(fd, into: buffer)
    } catch {
      // The other side went with something unread: said once, and ours is still to be had.
      guard error.code == ECONNRESET else { throw error }
      return try Messages.receive(fd, into: buffer)
    }
  }

  /// Sleeps until something may be had at an end.
  public func sleepUntilReadable(_ end: End, _ watchesPeers: Bool, _ wait: Wait) throws {
    let fd = try descriptor(end)
    if watchesPeers {
      let isAnswered = try sleep(
        wait, on: fd, as: .stuckReading, .reading, needing: needed(by: end))
      if isAnswered { return }
      // What the last one sent before it ended is still there.
      if try !isReady(fd) { throw abandoned() }
    } else {
      try wait.check()
      peers.set(.reading)
      defer { peers.set(.idle) }
      _ = try wait.sleep(fd)
    }
  }

  private func isReady(_ fd: Int32) throws -> Bool {
    var copy = fd
    var ready: UInt8 = 0
    return try window("ppoll") { brood_wait_readable(&copy, 1, &ready, 0) } > 0
  }

  /// For someone who waits for several things: whether a message is there or could come.
  public func awaitMessage(at end: End, watchesPeers: Bool) throws -> Readiness {
    let fd = try descriptor(end)
    guard watchesPeers else {
      // The end of the file is readable for ever.
      return try isAtEnd(fd) ? .never : .descriptors([fd], until: .max)
    }
    guard let peer = somebody(needing: needed(by: end)) else {
      return try isReady(fd) && !isAtEnd(fd) ? .ready : .never
    }
    return .descriptors([fd, peer], until: .max)
  }

  private func isAtEnd(_ fd: Int32) throws -> Bool {
    guard try isReady(fd) else { return false }
    var byte: UInt8 = 0
    return recv(fd, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
  }

  /// Waits until something can be received, or the file has ended; false at the deadline.
  public func poll(at end: End, watchesPeers: Bool, _ wait: Wait) throws -> Bool {
    let fd = try descriptor(end)
    do {
      while true {
        noteTurn()
        if try isReady(fd) { break }
        if wait.isNow { return false }
        try sleepUntilReadable(end, watchesPeers, wait)
      }
      return true
    } catch ChannelError.timeout {
      return false
    }
  }
}

/// A message that was received, valid until its receiver returns.
public struct PipeMessage {
  /// Its bytes; empty for a large one.
  public let bytes: UnsafeRawBufferPointer
  /// Descriptors that travelled with it, which belong to the receiver.
  public let descriptors: [Int32]
  /// The sealed memfd of a large one, or -1.
  let memory: Int32

  /// Whether it comes in pieces.
  public var isLarge: Bool { memory >= 0 }

  /// How many bytes it has.
  public var count: Int {
    get throws { isLarge ? try MemoryFile.size(of: memory) : bytes.count }
  }

  /// Copies bytes of a large message from an offset on; yields how many.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    try MemoryFile.read(memory, into: buffer, at: offset)
  }
}
