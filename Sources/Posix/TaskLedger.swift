import CPosix
import Glibc

/// What a parent and its worker tell each other about tasks without a system call: a piece of
/// memory that both map, and that outlives the worker.
///
/// Tasks go to the worker in batches. Each batch has a word here, of which the worker claims one
/// task after the other, and from whose end the parent takes unstarted ones back; so both always
/// agree who has which, and the word of a dead worker tells which task it had in hand. Results
/// gather here until the worker sends them, so that those of a dead one are not lost.
public struct TaskLedger {
  /// Bytes of one ledger.
  public static let size = 1 << 16
  /// How many batches may lie with a worker at once.
  public static let slots = 2
  private static let resultsOffset = 64
  /// Bytes that gathered results may take.
  public static let capacity = size - resultsOffset

  private let base: UnsafeMutableRawPointer

  init(_ base: UnsafeMutableRawPointer) { self.base = base }

  /// Forgets what was there, for the next worker.
  public func reset() { memset(base, 0, TaskLedger.resultsOffset) }

  private func word(_ index: Int) -> UnsafeMutablePointer<UInt64> {
    (base + index * 8).assumingMemoryBound(to: UInt64.self)
  }

  private var startedWord: UnsafeMutablePointer<UInt64> { word(2) }
  private var gatheredWord: UnsafeMutablePointer<UInt64> { word(3) }

  // MARK: Claiming

  /// In the parent: a batch of tasks is about to be sent.
  public func begin(_ slot: Int, count: Int) {
    brood_store64(word(slot), UInt64(UInt32(clamping: count)))
  }

  /// In the worker: the next task of a batch, or nil if none is left for it.
  public func claim(_ slot: Int) -> Int? {
    let word = word(slot)
    while true {
      let seen = brood_load64(word)
      let next = seen >> 32
      if next >= seen & 0xFFFF_FFFF { return nil }
      if brood_cas64(word, seen, seen + 1 << 32) { return Int(next) }
    }
  }

  /// Whether a batch has tasks that are not claimed.
  public func hasMore(_ slot: Int) -> Bool {
    let (claimed, count) = state(slot)
    return claimed < count
  }

  /// How many tasks of a batch were claimed, and how many it has.
  public func state(_ slot: Int) -> (claimed: Int, count: Int) {
    let seen = brood_load64(word(slot))
    return (Int(seen >> 32), Int(seen & 0xFFFF_FFFF))
  }

  /// Takes unstarted tasks back, from the end; yields which.
  public func takeBack(_ slot: Int, most: Int = .max) -> Range<Int> {
    let word = word(slot)
    while true {
      let seen = brood_load64(word)
      let (next, count) = (Int(seen >> 32), Int(seen & 0xFFFF_FFFF))
      let taken = min(most, count - next)
      if taken <= 0 { return count..<count }
      if brood_cas64(word, seen, seen - UInt64(taken)) { return (count - taken)..<count }
    }
  }

  /// When the task in hand was begun (monotonic ns), if the worker notes it.
  public var startedAt: Int64 {
    get { Int64(bitPattern: brood_load64(startedWord)) }
    nonmutating set { brood_store64(startedWord, UInt64(bitPattern: newValue)) }
  }

  // MARK: Memory

  private var exhaustionWord: UnsafeMutablePointer<UInt64> { word(4) }

  /// In the worker: from now on what the runtime says of memory that it does not get is noted here
  /// instead of being written to standard error.
  public func noteExhaustion() { brood_note_exhaustion(exhaustionWord) }

  /// Whether the worker did not get memory that it needed.
  public var isExhausted: Bool { brood_load64(exhaustionWord) != 0 }

  // MARK: Results

  /// Where results gather.
  public var results: UnsafeMutableRawPointer { base + TaskLedger.resultsOffset }

  /// How many bytes of them are whole.
  public var gathered: Int {
    get { min(TaskLedger.capacity, Int(clamping: brood_load64(gatheredWord))) }
    nonmutating set { brood_store64(gatheredWord, UInt64(newValue)) }
  }

  private var roundWord: UnsafeMutablePointer<UInt64> { word(5) }

  /// In the worker: what stands among the results is replaced, so that who reads meanwhile has nothing.
  public func replaceResults(_ body: () throws -> Void) rethrows {
    let round = brood_load64(roundWord)
    // Which comes before all that follows.
    _ = brood_cas64(roundWord, round, round &+ 1)
    defer { brood_store64(roundWord, round &+ 2) }
    try body()
  }

  /// In the parent: which round of results it is, odd while they are replaced.
  public var round: UInt64 { brood_load64(roundWord) }

  /// In the parent: whether what was read of the results is of that round, and whole.
  public func isStill(in round: UInt64) -> Bool {
    round & 1 == 0 && brood_cas64(roundWord, round, round)
  }
}

/// Ledgers for any number of workers.
///
/// Their memory is shared with processes that are forked later, and exists where it is touched.
public final class TaskLedgers {
  private static let perSegment = 32
  private var segments: [UnsafeMutableRawPointer] = []
  private var free: [TaskLedger] = []

  public init() {}

  deinit {
    for segment in segments { munmap(segment, TaskLedgers.perSegment * TaskLedger.size) }
  }

  /// A ledger that no worker uses; throws ENOMEM.
  public func take() throws(SystemError) -> TaskLedger {
    if let ledger = free.popLast() {
      ledger.reset()
      return ledger
    }
    let size = TaskLedgers.perSegment * TaskLedger.size
    guard
      let segment = mmap(
        nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      segment != MAP_FAILED
    else { throw SystemError(call: "mmap", code: errno) }
    segments.append(segment)
    for place in (0..<TaskLedgers.perSegment).reversed() {
      free.append(TaskLedger(segment + place * TaskLedger.size))
    }
    return try take()
  }

  /// Gives a ledger back whose worker has ended.
  public func giveBack(_ ledger: TaskLedger) { free.append(ledger) }
}
