import CPosix
import Glibc
import Posix
import Processes

/// A pipe of whole messages between processes: a pair of connected SOCK_SEQPACKET sockets, or, raw,
/// a plain pipe(2) of bytes.
///
/// A message is one packet, so any number of writers and readers share an end and nothing is torn,
/// whichever process is killed: small ones lie in the packet, larger ones in a block of shared memory that it
/// lends (`PipeBlocks`), the largest in a sealed memfd that travels with it. Who has an end open,
/// and so where the file ends, is the kernel's business.
public final class Pipe: Channel {
  /// What it carries, and in which directions.
  public enum Form: UInt32, Sendable {
    /// Both ends send and receive.
    case duplex
    /// `a` receives, `b` sends.
    case simplex
    /// Bytes: `a` reads, `b` writes.
    case raw
  }

  /// One of the two ends.
  public enum End: Int, Sendable {
    case a, b

    var other: End { self == .a ? .b : .a }
  }

  struct State {
    var form: UInt32
    /// Set by those who sleep until there is room.
    var wantsRoom: UInt32 = 0
    var blocks = PipeBlocks.State()
  }

  /// What it carries, and in which directions.
  public let form: Form
  let state: UnsafeMutablePointer<State>
  let blocks: PipeBlocks
  /// The descriptors of this process; -1 where it has closed its end.
  private var fds: [Int32]
  /// The program that was entered last, and the ends that it does not have.
  private var lastProgram: (slot: SlotID, generation: UInt32, closed: Peers.Closed)?
  var scratch = ScratchBuffer()
  var eagerness = Eagerness()
  /// How many messages had been received when a block was waited for and none came free.
  var takenBefore = -1

  /// The largest packet: a byte for its kind, and a message that lies in it itself.
  static let largestPacket = 65536

  /// Calls wait for so long in the kernel before a peer is looked for that could answer (ns).
  static let directWait: Int64 = 10_000_000

  /// Makes a pipe of which this process has both ends.
  public init(_ form: Form) throws(SystemError) {
    let memory = try ChannelMemory(kind: Kind.pipe.rawValue, bodySize: PipeBlocks.size)
    state = memory.state(State.self)
    state.pointee = State(form: form.rawValue)
    blocks = PipeBlocks(memory, at: Pipe.place(of: \.blocks, state))
    self.form = form
    if form == .raw {
      let ends = try Descriptors.pipe()
      fds = [ends.read, ends.write]
    } else {
      let ends = try Descriptors.messagePair()
      fds = [ends.0, ends.1]
      for fd in fds { try Messages.limitWaits(fd, to: Pipe.directWait) }
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
    let (memory, rest) = try Channel.adopt(
      descriptors, kind: .pipe, bells: ends.count, bodySize: PipeBlocks.size)
    state = memory.state(State.self)
    blocks = PipeBlocks(memory, at: Pipe.place(of: \.blocks, state))
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

  private static func place<T>(
    of member: KeyPath<State, T>, _ state: UnsafeMutablePointer<State>
  ) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(state) + (MemoryLayout<State>.offset(of: member) ?? 8)
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
  func needed(by end: End) -> Peers.Closed { end == .a ? .b : .a }

  /// Whether another process is left that has the other side of an end.
  public func hasPeers(of end: End) -> Bool {
    peers.living(without: needed(by: end)).contains { $0 != Peers.ownPid } || peers.isTravelling
  }

  public override func admit(_ slot: SlotID) {
    let place = slot.place
    if lastProgram?.slot == slot { lastProgram = nil }
    peers.admit(slot: place.number, generation: place.generation, closed: closedEnds)
  }

  /// Enters a program that is about to be started, or this process before it becomes one, with the
  /// ends that it is redirected to.
  public func admit(_ program: SlotID, having end: End) {
    let place = program.place
    var closed: Peers.Closed = end == .a ? .b : .a
    // Its other end was entered just before.
    if let known = lastProgram, known.slot == program, known.generation == place.generation {
      closed.formIntersection(known.closed)
    }
    lastProgram = (program, place.generation, closed)
    peers.admit(slot: place.number, generation: place.generation, closed: closed)
  }

  public override func leaveToProgram() {
    if let own = SlotID.own, lastProgram?.slot == own,
      lastProgram?.generation == own.place.generation
    {
      return
    }
    super.leaveToProgram()
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

  public override func stayAway() {
    for end in openEnds { _ = close(end) }
    super.stayAway()
  }

  /// Counts the messages that were sent from an end, and those of them that were received.
  ///
  /// Only hints: who is killed between a packet and its count has not counted it. Each has a cache
  /// line of its own, since two processors write them.
  func sent(from end: End) -> UnsafeMutablePointer<UInt64> { counter(end.rawValue) }

  /// The counterpart of `sent`.
  func received(from end: End) -> UnsafeMutablePointer<UInt64> { counter(2 + end.rawValue) }

  @inline(__always)
  private func counter(_ index: Int) -> UnsafeMutablePointer<UInt64> {
    (UnsafeMutableRawPointer(state) + 64 * (1 + index)).assumingMemoryBound(to: UInt64.self)
  }

  /// Messages that were sent and received.
  public var traffic: (sent: Int, received: Int) {
    func sum(_ counter: (End) -> UnsafeMutablePointer<UInt64>) -> Int {
      Int(clamping: brood_load64(counter(.a)) &+ brood_load64(counter(.b)))
    }
    return (sum(sent), sum(received))
  }
}
