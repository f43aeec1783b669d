import Channels
import Language
import Posix
import Session

/// `queue torture`.
enum QueueTorture {
  static let command = Command(
    "queue torture", "Kill producers and consumers of a queue at random instants, and count",
    details: """
      Makes a queue of its own with some producers and consumers, kills one of them with KILL every \
      fraction of a millisecond, also in the middle of an operation, starts another in its place, \
      and checks every message: who sent it, its order, its content. Yields a record: kills, \
      inside (deaths while the queue's lock was held), sent, received, missing (in the hands of a \
      consumer that was killed; with --lease none), lost, duplicated, corrupt, stall (the longest \
      time in which nothing was received), elapsed, ok.

      At most one message per killed consumer may be missing, none lost, duplicated or corrupt. \
      With --lease a message whose taker was killed comes again, so that one it had counted just \
      before is `repeated`.
      """,
    flags: [
      .kills, .seconds, Flag("producers", .int.within(1...64), "3 if it is left out"),
      Flag("consumers", .int.within(1...64), "3 if it is left out"),
      Flag("lease", nil, "take by lease"),
      Flag("bytes", .size, "messages of up to this many bytes; 3000 if it is left out"),
    ],
    traits: .reports,
    examples: [
      Example("let r = (queue torture --kills 50)\nprint $r.ok $r.lost $r.corrupt", "true 0 0")
    ]
  ) { call in
    let limits = try call.tortureLimits()
    let producers = call.count("producers", standard: 3)
    let consumers = call.count("consumers", standard: 3)
    var largest = 3000
    if case .size(let bytes)? = call.flag("bytes") { largest = min(max(bytes, 32), 64 << 20) }
    let test = try mapErrors("cannot make a queue") {
      try QueueTest(
        call.session, producers: producers, isLeased: call.isSet("lease"), largest: largest)
    }
    var roles = (0..<producers).map { i in
      TortureRig.Role(name: "producer") { try test.produce(i, $0) }
    }
    roles += (0..<consumers).map { _ in
      TortureRig.Role(name: "consumer") { _ in try test.consume() }
    }
    let rig = TortureRig(call, roles: roles, flags: test.flags, progress: { test.received })
    call.session.share(test.channels)
    defer { call.session.endSharing(test.channels) }
    let outcome = try rig.run(kills: limits.kills, until: limits.deadline) {
      try test.finish(producerKills: 0)
    }
    return test.report(outcome, producers: producers)
  }
}

/// The messages of a run and what is counted about them.
private final class QueueTest {
  let queue: Queue
  let flags: SharedArray
  private let counts: SharedArray
  /// Three numbers for each process that ever was a producer.
  private let ledger: SharedArray
  private let session: Session
  private let isLeased: Bool
  private let largest: Int
  private let producers: Int

  private enum Count: Int, CaseIterable { case received, corrupt, disordered }

  /// Processes that can be told apart.
  private static let mostIncarnations = 1 << 20
  private static let width = 4

  var channels: [Channel] { [queue, flags, counts, ledger] }

  init(_ session: Session, producers: Int, isLeased: Bool, largest: Int) throws {
    self.session = session
    self.producers = producers
    self.isLeased = isLeased
    self.largest = largest
    queue = try Queue(mostItems: 200, mostMemory: session.queueMemory)
    flags = try SharedArray(.int64, count: 1)
    counts = try SharedArray(.int64, count: Count.allCases.count)
    ledger = try SharedArray(.int64, count: QueueTest.mostIncarnations * QueueTest.width)
  }

  var received: Int { counts.load(Count.received.rawValue) }

  private func count(_ what: Count) { _ = counts.add(what.rawValue, 1) }

  private func place(_ source: Int) -> Int {
    source % QueueTest.mostIncarnations * QueueTest.width
  }

  // MARK: The workers

  func produce(_ role: Int, _ incarnation: Int) throws {
    let source = incarnation * producers + role
    var generator = SplitMix(seed: UInt64(source))
    var number = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: largest + 64, alignment: 16)
    while flags.load(0) == 0 {
      let size = 32 + Int(generator.next() % UInt64(largest))
      QueueTest.fill(buffer, size, source, number)
      let message = UnsafeRawBufferPointer(rebasing: buffer[..<size])
      guard try put(message) else { return }
      number += 1
      ledger.store(place(source), number)
    }
  }

  private func put(_ message: UnsafeRawBufferPointer) throws -> Bool {
    do {
      try queue.put(message, session.waitLimit())
      return true
    } catch ChannelError.closed {
      return false
    }
  }

  func consume() throws {
    var latest: [Int: Int] = [:]
    do {
      while true {
        try queue.get(lease: isLeased ? .max : nil, session.waitLimit()) { item in
          note(item, &latest)
        }
        if isLeased { _ = try queue.acknowledge(session.waitLimit()) }
      }
    } catch ChannelError.closed {
      return
    }
  }

  private func note(_ item: QueueItem, _ latest: inout [Int: Int]) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: item.count + 8, alignment: 16)
    defer { buffer.deallocate() }
    var bytes = item.bytes
    if item.isLarge {
      let count = item.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<item.count]))
      bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }
    guard let (source, number) = QueueTest.check(bytes) else {
      count(.corrupt)
      count(.received)
      return
    }
    // What came back from a dead consumer is older than what was seen since.
    if !isLeased, let before = latest[source], before >= number { count(.disordered) }
    latest[source] = number
    let place = place(source)
    _ = ledger.add(place + 1, 1)
    _ = ledger.add(place + 2, number & 0xFFFF_FFFF)
    count(.received)
  }

  // MARK: Messages

  /// Source, number and a sum, then bytes that follow from them.
  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, _ size: Int, _ source: Int, _ number: Int
  ) {
    buffer.storeBytes(of: source, as: Int.self)
    buffer.storeBytes(of: number, toByteOffset: 8, as: Int.self)
    buffer.storeBytes(of: size, toByteOffset: 16, as: Int.self)
    var generator = SplitMix(seed: UInt64(truncatingIfNeeded: source &* 1_000_003 &+ number))
    var offset = 24
    while offset + 8 <= size {
      buffer.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
      offset += 8
    }
    while offset < size {
      buffer[offset] = UInt8(truncatingIfNeeded: number)
      offset += 1
    }
  }

  private static func check(_ bytes: UnsafeRawBufferPointer) -> (source: Int, number: Int)? {
    guard bytes.count >= 32 else { return nil }
    let source = bytes.loadUnaligned(as: Int.self)
    let number = bytes.loadUnaligned(fromByteOffset: 8, as: Int.self)
    let size = bytes.loadUnaligned(fromByteOffset: 16, as: Int.self)
    guard size == bytes.count, source >= 0, number >= 0 else { return nil }
    var generator = SplitMix(seed: UInt64(truncatingIfNeeded: source &* 1_000_003 &+ number))
    var offset = 24
    while offset + 8 <= size {
      guard bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == generator.next() else {
        return nil
      }
      offset += 8
    }
    while offset < size {
      guard bytes[offset] == UInt8(truncatingIfNeeded: number) else { return nil }
      offset += 1
    }
    return (source, number)
  }

  // MARK: The end

  func finish(producerKills: Int) throws {
    // Producers that wait for room must be let go on: the queue closes when they have ended.
    let deadline = Clock.deadline(after: 5_000_000_000)
    while !queue.peers.pids(.writing, .stuckWriting).isEmpty, Clock.monotonic < deadline {
      _ = try session.waitLimit().sleepOnce([], until: Clock.deadline(after: 1_000_000))
    }
    try queue.close(session.waitLimit())
  }

  func report(_ outcome: TortureRig.Outcome, producers: Int) -> Value {
    var sent = 0
    var got = 0
    var missing = 0
    var repeated = 0
    for role in 0..<producers {
      for incarnation in 0..<outcome.incarnations[role] {
        let place = place(incarnation * producers + role)
        let sure = ledger.load(place)
        let arrived = ledger.load(place + 1)
        sent += max(sure, arrived)
        got += arrived
        // One that was put, and not counted before its sender was killed, may have arrived too.
        missing += max(0, sure - arrived)
        repeated += max(0, arrived - sure - 1)
      }
    }
    let consumerKills = outcome.incarnations[producers...].reduce(0) { $0 + $1 - 1 }
    let allowed = isLeased ? 0 : consumerKills
    let lost = max(0, missing - allowed)
    let duplicated = isLeased ? max(0, repeated - consumerKills) : repeated
    let corrupt = counts.load(Count.corrupt.rawValue)
    let disordered = counts.load(Count.disordered.rawValue)
    let isOk = lost == 0 && duplicated == 0 && corrupt == 0 && disordered == 0 && !outcome.isStuck
    return .record([
      "kills": .int(outcome.kills),
      "inside": .int(queue.repairs),
      "sent": .int(sent),
      "received": .int(got),
      "missing": .int(missing),
      "lost": .int(lost),
      "repeated": .int(isLeased ? repeated : 0),
      "duplicated": .int(duplicated),
      "disordered": .int(disordered),
      "corrupt": .int(corrupt),
      "stall": .duration(Int(outcome.longestStall)),
      "elapsed": .duration(Int(outcome.elapsed)),
      "ok": .bool(isOk),
    ])
  }
}

/// A small random generator, the same everywhere for the same seed (Steele et al., "Fast splittable
/// pseudorandom number generators", 2014).
struct SplitMix {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
