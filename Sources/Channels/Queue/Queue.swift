import CPosix
import Posix

/// A queue of byte messages for any number of producers and consumers in the processes of a
/// session: first in, first out, and proof against the death of any of them at any instant.
///
/// There is no feeder thread and no pipe: an item that was put is in shared memory, whoever ends.
/// A process that is killed inside an operation has either done it or not begun it.
///
/// The design follows the notes on robust shared memory in kernel.md §2, §3 and §12.
public final class Queue: Channel {
  typealias Layout = QueueLayout

  let header: UnsafeMutablePointer<QueueHeader>
  private let states: UnsafeMutablePointer<QueueState>
  let links: UnsafeMutablePointer<UInt32>
  /// Carries descriptors beside the items: both ends, shared by all.
  let courier: (out: Int32, in: Int32)
  /// Where items are copied to before they are decoded.
  var scratch = ScratchBuffer()
  /// The deaths of the session when leases were last looked through.
  private var deathsSeen: UInt32 = 0
  /// What is watched while this process waits for several things.
  private var awaited: LeaseWatch?
  /// Segments whose memory goes back with the next state.
  var cooling: [UInt32] = []

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

  private static func states(_ memory: ChannelMemory) -> UnsafeMutablePointer<QueueState> {
    (memory.base + 512).assumingMemoryBound(to: QueueState.self)
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
    brood_store32(&header.pointee.turn, turn &+ 1)
    if !cooling.isEmpty { cool() }
  }

  /// Whether something can be taken, as seen without the lock.
  @inline(__always)
  private var looksEmpty: Bool {
    let turn = brood_load32(&header.pointee.turn)
    let state = states + Int(turn & 1)
    return state.pointee.items == 0 && state.pointee.returned == 0 && state.pointee.isClosed == 0
  }

  @inline(__always)
  private var looksFull: Bool {
    let turn = brood_load32(&header.pointee.turn)
    let state = states + Int(turn & 1)
    return Int64(state.pointee.items) >= header.pointee.mostItems
  }

  // MARK: Putting

  /// Puts one message, waiting for room.
  ///
  /// Throws `closed`; `full` if it may not wait, `timeout`; `abandoned` or `peerDied` if nobody is
  /// left who could take something out; `memory` beyond the bound.
  public func put(
    _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = [], _ wait: Wait
  ) throws {
    if bytes.count > Layout.largestInline - 16 {
      return try putLarge(bytes.count, wait) { sink in
        try sink(bytes)
        return descriptors
      }
    }
    while true {
      try lock(wait)
      var next = state
      if next.isClosed != 0 {
        unlock()
        throw ChannelError.closed
      }
      if hasRoom(next, bytes.count) {
        do {
          if descriptors.isEmpty {
            try append(bytes, &next)
          } else if try !append(bytes, descriptors, &next) {
            // The courier is full of descriptors that nobody has taken yet.
            unlock()
            if wait.isNow { throw ChannelError.full }
            try waitForRoom(wait, .max)
            continue
          }
        } catch {
          // Nothing was appended, but what dead processes left may have been freed.
          publish(next)
          unlock()
          throw error
        }
        publishPuts(next)
        unlock()
        return
      }
      unlock()
      try waitForRoom(wait, bytes.count)
    }
  }

  /// Puts many messages in their order, as many at a time as there is room for.
  ///
  /// - Parameter message: yields the bytes of the message of an index, valid until the next call.
  public func putMany(
    _ count: Int, _ wait: Wait,
    message: (Int) throws -> (UnsafeRawBufferPointer, [Int32])
  ) throws {
    var index = 0
    while index < count {
      let (first, descriptors) = try message(index)
      if first.count > Layout.largestInline - 16 || !descriptors.isEmpty {
        try put(first, descriptors: descriptors, wait)
        index += 1
        continue
      }
      index += try putRun(index, count, first, wait, message)
    }
  }

  // As many small ones as fit into one turn under the lock.
  private func putRun(
    _ start: Int, _ count: Int, _ first: UnsafeRawBufferPointer, _ wait: Wait,
    _ message: (Int) throws -> (UnsafeRawBufferPointer, [Int32])
  ) throws -> Int {
    try lock(wait)
    var next = state
    if next.isClosed != 0 {
      unlock()
      throw ChannelError.closed
    }
    var done = 0
    var bytes = first
    let before = next.bytes
    do {
      while hasRoom(next, bytes.count) {
        try append(bytes, &next)
        done += 1
        if start + done >= count || next.bytes - before > 1 << 18 { break }
        let (following, descriptors) = try message(start + done)
        if following.count > Layout.largestInline - 16 || !descriptors.isEmpty { break }
        bytes = following
      }
    } catch {
      publishPuts(next)
      unlock()
      throw error
    }
    if done > 0 { publishPuts(next) }
    unlock()
    if done == 0 { try waitForRoom(wait, bytes.count) }
    return done
  }

  private func publishPuts(_ next: QueueState) {
    if header.pointee.wantsItems != 0 { ringItems() }
    publish(next)
  }

  @inline(never)
  func ringItems() {
    header.pointee.wantsItems = 0
    ring(itemsBell)
  }

  @inline(never)
  func ringRoom() {
    header.pointee.wantsRoom = 0
    ring(roomBell)
  }

  /// Whether an item of so many bytes may go in now.
  @inline(__always)
  func hasRoom(_ state: QueueState, _ size: Int) -> Bool {
    let items = Int64(state.items + state.returned.asWide + state.pendingItems.asWide)
    if items >= header.pointee.mostItems { return false }
    if header.pointee.mostBytes == .max { return true }
    let bytes = Int64(clamping: state.bytes + state.returnedBytes + state.pendingBytes)
    return items == 0 || bytes + Int64(size) <= header.pointee.mostBytes
  }

  /// Sleeps until there may be room for an item of so many bytes.
  @inline(never)
  func waitForRoom(_ wait: Wait, _ size: Int) throws {
    if wait.isNow { throw ChannelError.full }
    Spin.until { !looksFull }
    // A large item may not fit where a small one does: then one must not silence the other's bell.
    let ear = header.pointee.mostBytes == .max ? -1 : try ear(roomBell)
    defer { Descriptors.close(ear) }
    try lock(wait)
    let now = state
    // `Int.max`: until anything at all was taken out.
    if now.isClosed != 0 || (size != .max && hasRoom(now, size)) {
      unlock()
      return
    }
    if ear < 0 { brood_bell_silence(roomBell) }
    noteTurn()
    header.pointee.wantsRoom = 1
    unlock()
    let isAlone = try !sleep(
      wait, on: ear < 0 ? roomBell : ear, as: .stuckWriting, .writing)
    if isAlone {
      try lock(wait)
      let now = state
      unlock()
      if now.isClosed == 0, size == .max || !hasRoom(now, size) { throw abandoned() }
    }
  }

  // MARK: Getting

  /// Takes the first message, waiting for one; `body` gets its bytes and descriptors.
  ///
  /// Throws `closed` once the queue is closed and empty, or nobody is left who could put something
  /// in (`peerDied` if a signal ended the last); `empty` if it may not wait; `timeout`.
  ///
  /// - Parameter lease: for so many ns the item is only lent, and comes back unless it is
  ///   acknowledged; `Int64.max` for as long as this process lives; nil for good.
  public func get<R>(
    lease: Int64? = nil, _ wait: Wait, body: (QueueItem) throws -> R
  ) throws -> R {
    while true {
      try lock(wait)
      var next = state
      if next.leases > next.returned, mayHaveLeaseBack {
        unlock()
        deathsSeen = brood_slots_deaths()
        _ = try reclaim(wait)
        continue
      }
      if next.items > 0 || next.returned > 0 {
        let item: QueueItem
        do {
          item =
            next.returned > 0 || lease != nil
            ? try takeLeased(&next, lease) : try take(&next)
        } catch {
          publish(next)
          unlock()
          throw error
        }
        if header.pointee.wantsRoom != 0 { ringRoom() }
        publish(next)
        unlock()
        defer { finish(item) }
        return try body(item)
      }
      let isClosed = next.isClosed != 0 && next.leases == 0
      unlock()
      if isClosed { throw ChannelError.closed }
      try waitForItem(wait)
    }
  }

  /// Takes up to `most` messages that are there, waiting for the first.
  ///
  /// `body` gets each in order; a message that is large, leased or has descriptors comes alone.
  /// - Returns: how many were taken.
  public func getMany(
    _ most: Int, lease: Int64? = nil, _ wait: Wait, body: (QueueItem) throws -> Void
  ) throws -> Int {
    let taken = try takeRun(most, lease, wait)
    if taken == 0 {
      try get(lease: lease, wait, body: body)
      return 1
    }
    var offset = 0
    for _ in 0..<taken {
      let length = Int(scratch.base.load(fromByteOffset: offset, as: UInt64.self))
      let start = offset + 8
      try body(
        QueueItem(
          bytes: UnsafeRawBufferPointer(start: scratch.base + start, count: length)))
      offset = start + length.roundedToWord
    }
    return taken
  }

  // Copies small ones out, as many as fit into one turn under the lock.
  private func takeRun(_ most: Int, _ lease: Int64?, _ wait: Wait) throws -> Int {
    if lease != nil { return 0 }
    try lock(wait)
    var next = state
    guard next.returned == 0, next.items > 0 else {
      unlock()
      return 0
    }
    var count = 0
    var used = 0
    while count < most, next.items > 0, used < 1 << 18 {
      guard let frame = plainFrame(&next) else { break }
      scratch.reserve(used + 8 + frame.count.roundedToWord, keeping: used)
      scratch.base.storeBytes(of: UInt64(frame.count), toByteOffset: used, as: UInt64.self)
      (scratch.base + used + 8).copyMemory(
        from: frame.baseAddress ?? UnsafeRawPointer(scratch.base), byteCount: frame.count)
      used += 8 + frame.count.roundedToWord
      pass(frame.count, &next)
      count += 1
    }
    if count > 0 {
      if header.pointee.wantsRoom != 0 { ringRoom() }
      publish(next)
    }
    unlock()
    return count
  }

  // Something that is lent comes back before anything else is taken.
  private var mayHaveLeaseBack: Bool {
    deathsSeen != brood_slots_deaths() || header.pointee.leaseDeadline <= Clock.monotonic
  }

  /// Sleeps until there may be an item.
  @inline(never)
  private func waitForItem(_ wait: Wait) throws {
    if wait.isNow {
      if try reclaim(wait) { return }
      throw ChannelError.empty
    }
    Spin.until { !looksEmpty }
    try lock(wait)
    let now = state
    if now.items > 0 || now.returned > 0 || (now.isClosed != 0 && now.leases == 0) {
      unlock()
      return
    }
    brood_bell_silence(itemsBell)
    noteTurn()
    header.pointee.wantsItems = 1
    let holders = now.leases > 0 ? leaseHolders(now) : nil
    unlock()
    let watch = holders.map { LeaseWatch($0) }
    defer { watch?.close() }
    if let watch, watch.isOverdue, try reclaim(wait) { return }
    let isAlone = try !sleep(
      wait, on: itemsBell, as: .stuckReading, .reading, others: watch?.descriptors ?? [],
      until: watch?.deadline ?? .max)
    if now.leases > 0, try reclaim(wait) { return }
    if isAlone {
      try lock(wait)
      let now = state
      unlock()
      if now.items == 0, now.returned == 0 {
        throw now.isClosed != 0 ? ChannelError.closed : abandoned()
      }
    }
  }

  // MARK: Waiting for several things

  /// Whether an item is there or could come; whoever sleeps on the descriptors is woken by it.
  ///
  /// Call `awaitedItems` when the wait is over.
  public func awaitItems(_ wait: Wait) throws -> Readiness {
    awaitedItems()
    try lock(wait)
    let now = state
    if now.items > 0 || now.returned > 0 {
      unlock()
      return .ready
    }
    if now.isClosed != 0 && now.leases == 0 {
      unlock()
      return .never
    }
    brood_bell_silence(itemsBell)
    noteTurn()
    header.pointee.wantsItems = 1
    let holders = now.leases > 0 ? leaseHolders(now) : nil
    unlock()
    if let holders {
      let watch = LeaseWatch(holders)
      awaited = watch
      if watch.isOverdue, try reclaim(wait) { return .ready }
    }
    let watched = awaited?.descriptors ?? []
    let deadline = awaited?.deadline ?? .max
    if let peer = somebody() {
      return .descriptors([itemsBell, peer] + watched, until: deadline)
    }
    if !watched.isEmpty || deadline != .max {
      return .descriptors([itemsBell] + watched, until: deadline)
    }
    // What the last one put before it ended is still there.
    return try count(wait) > 0 ? .ready : .never
  }

  /// The wait for several things is over.
  public func awaitedItems() {
    awaited?.close()
    awaited = nil
  }

  // MARK: Facts

  /// Items that can be taken now.
  public func count(_ wait: Wait) throws -> Int {
    let state = try snapshot(wait)
    return Int(state.items) + Int(state.returned)
  }

  /// Whether a `put` of a small item would have to wait.
  public func isFull(_ wait: Wait) throws -> Bool { try !hasRoom(snapshot(wait), 0) }

  func snapshot(_ wait: Wait) throws -> QueueState {
    try lock(wait)
    defer { unlock() }
    return state
  }

  /// From now on nothing can be put; what is in it can still be taken.
  public func close(_ wait: Wait) throws {
    try lock(wait)
    var next = state
    next.isClosed = 1
    ringItems()
    ringRoom()
    publish(next)
    unlock()
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
