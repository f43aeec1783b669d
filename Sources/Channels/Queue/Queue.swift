import CPosix
import Posix

/// A queue of byte messages for any number of producers and consumers in the processes of a
/// session: first in, first out, and proof against the death of any of them at any instant.
///
/// There is no feeder thread and no pipe: an item that was put is in shared memory, whichever process ends.
/// A process that is killed inside an operation has either done it or not begun it.
///
/// The rules of robust shared memory that it follows are in KERNEL.md.
public final class Queue: Channel {
  typealias Layout = QueueLayout

  let header: UnsafeMutablePointer<QueueHeader>
  let states: UnsafeMutablePointer<QueueState>
  let links: UnsafeMutablePointer<UInt32>
  /// Carries descriptors beside the items: both ends, shared by all.
  let courier: (out: Int32, in: Int32)
  /// Where items are copied to before they are decoded.
  var scratch = ScratchBuffer()
  /// The deaths of the session when leases were last looked through.
  var deathsSeen: UInt32 = 0
  /// What is watched while this process waits for several things.
  var awaited: LeaseWatch?
  /// Segments whose memory goes back with the next state.
  var cooling: [UInt32] = []

  override func prospect(of verb: OperationPoint.Verb) -> Prospect {
    switch verb {
    case .queueGet:
      let seen = glimpse { () -> [ProcessIdentity]? in
        let now = state
        if now.items > 0 || now.returned > 0 || now.isClosed != 0 && now.leases == 0 { return nil }
        return now.leases > 0 ? leaseHolders(now).holders : []
      }
      guard let found = seen, let holders = found, hasPeers else { return .goes }
      if holders.contains(where: { !$0.isLiving }) { return .goes }
      return .waits(holders: holders.map(\.pid))
    case .queuePut:
      let isFree = glimpse { state.isClosed != 0 || hasRoom(state, 1) } ?? true
      return isFree || !hasPeers ? .goes : .waits(holders: [])
    default: return .goes
    }
  }

  /// The bells.
  var itemsBell: Int32 { bells[0] }
  var roomBell: Int32 { bells[1] }

  /// - Parameters:
  ///   - mostItems: waits when so many items are in it; nil for any number.
  ///   - mostBytes: waits when so many bytes are in it; an item larger than that goes in alone.
  ///   - mostMemory: throws `memory` beyond that.
  public init(
    mostItems: Int? = nil, mostBytes: Int? = nil, mostMemory: Int = .max
  ) throws(SystemError) {
    let pair = try Descriptors.messagePair()
    courier = (pair.0, pair.1)
    Messages.widen(courier.out, to: QueueLayout.courierSize)
    let memory = try Queue.makeMemory(mostMemory)
    header = memory.state(QueueHeader.self)
    states = Queue.states(memory)
    links = Queue.links(memory)
    header.pointee = QueueHeader(
      turn: 0, wantsItems: 0, wantsRoom: 0, padding: 0, mostItems: Int64(mostItems ?? .max),
      mostBytes: Int64(mostBytes ?? .max), mostMemory: Int64(mostMemory), ticket: 1,
      leaseDeadline: .max)
    states[0] = QueueState()
    let bells = [try Channel.makeBell(), try Channel.makeBell()]
    super.init(kind: .queue, bells: bells, memory: memory)
  }

  /// From descriptors that came from another process.
  public init(adopting descriptors: [Int32]) throws(SystemError) {
    let (memory, rest) = try Channel.adopt(
      descriptors, kind: .queue, bells: 4,
      bodySize: QueueLayout.bodySize(QueueLayout.fewestSegments))
    header = memory.state(QueueHeader.self)
    states = Queue.states(memory)
    links = Queue.links(memory)
    courier = (rest[2], rest[3])
    super.init(kind: .queue, bells: Array(rest[..<2]), memory: memory)
  }

  deinit {
    Descriptors.close(courier.out)
    Descriptors.close(courier.in)
  }

  private static func makeMemory(_ most: Int) throws(SystemError) -> ChannelMemory {
    // Twice what it may take: address space is no memory, but there is not enough of it for
    // hundreds of queues of a size that none may ever have.
    let wanted = min(most, .max / 4) / QueueLayout.segmentSize * 2
    var segments = max(QueueLayout.fewestSegments, min(wanted, QueueLayout.mostSegments))
    while true {
      do throws(SystemError) {
        return try ChannelMemory(
          kind: Kind.queue.rawValue, bodySize: QueueLayout.bodySize(segments))
      } catch {
        // ENOMEM, or whatever an emulated kernel says.
        guard error.call == "mmap", segments > QueueLayout.fewestSegments else { throw error }
        segments /= 4
      }
    }
  }

  /// How many segments there is address space for.
  var mostSegments: Int { (memory.size - QueueLayout.segmentsOffset) / QueueLayout.segmentSize }

  static let statesOffset = 512

  private static func states(_ memory: ChannelMemory) -> UnsafeMutablePointer<QueueState> {
    (memory.base + statesOffset).assumingMemoryBound(to: QueueState.self)
  }

  private static func links(_ memory: ChannelMemory) -> UnsafeMutablePointer<UInt32> {
    (memory.base + QueueLayout.linksOffset).assumingMemoryBound(to: UInt32.self)
  }

  public override var descriptors: [Int32] { super.descriptors + [courier.out, courier.in] }

  override func repair() { dropUnpublished() }

  // MARK: State

  /// The state as it is now; read under the lock.
  @inline(__always)
  var state: QueueState { states[Int(header.pointee.turn & 1)] }

  /// Makes a new state current: the one store that an operation consists of.
  @inline(__always)
  func publish(_ next: QueueState) {
    let turn = header.pointee.turn
    states[Int(~turn & 1)] = next
    FaultPoint.pass()
    brood_store32(&header.pointee.turn, turn &+ 1)
    FaultPoint.pass()
    if !cooling.isEmpty { cool() }
  }
}

extension UInt32 {
  @inline(__always)
  var asWide: UInt64 { UInt64(self) }
}

extension Int {
  /// Rounded up to a multiple of 8.
  @inline(__always)
  var roundedToWord: Int { (self + 7) & ~7 }
}
