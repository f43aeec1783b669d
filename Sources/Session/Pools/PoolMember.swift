import Channels
import Language
import Posix

/// A worker, as its pool knows it.
final class PoolMember {
  /// What a pool ended a worker for.
  enum Reason {
    /// The task in hand took too long.
    case timeout
    /// The task in hand was not wanted any more.
    case cancelled
    /// The pool needs fewer workers, or none.
    case retired
  }

  enum State {
    /// Forked, but not heard of yet; tasks may be on their way to it.
    case starting
    case working
    /// Told to stop when it has done what it has.
    case leaving
    /// Sent TERM, and KILL after a while.
    case ending(Reason)
    case ended
  }

  /// Tasks that a worker has.
  final class Batch {
    let job: PoolJob
    let slot: Int
    let number: UInt32
    /// The tasks' indices.
    private let first: Int
    private var others: [Int]?
    private(set) var count = 0
    /// Results of how many have come; they come in order.
    var reported = 0
    let sentAt = Clock.monotonic

    init(_ job: PoolJob, _ slot: Int, _ number: UInt32, first: Int) {
      self.job = job
      self.slot = slot
      self.number = number
      self.first = first
    }

    func append(_ index: Int) {
      if others == nil, index != first + count { others = Array(first..<(first + count)) }
      others?.append(index)
      count += 1
    }

    @inline(__always)
    subscript(_ place: Int) -> Int {
      if let others { return others[place] }
      return first + place
    }

    /// Tasks from the end were taken back.
    func shorten(to count: Int) {
      self.count = count
      others?.removeLast(max(0, (others?.count ?? 0) - count))
    }
  }

  let number: Int
  let process: ProcessHandle
  let socket: Int32
  let pidfd: Int32
  let ledger: TaskLedger
  var state = State.starting
  var batches: [Batch?] = [nil, nil]
  /// How many it has; what it works on is the older one.
  var batchCount = 0
  /// Functions that it was sent.
  var known: Set<UInt32> = []
  /// The working directory that it was told, by its version.
  var directory = 0
  /// Packets that did not fit into the socket.
  var unsent: [(bytes: [UInt8], descriptors: [Int32])] = []
  var socketWatch: Watch?
  var exitWatch: Watch?
  var writeWatch: Watch?
  var graceTimer: TimerID?
  /// What its recorded tasks write to.
  var capture: (output: Int32, error: Int32)?
  var isAsynchronous = false
  /// Whether it stands among those that have nothing to do.
  var isListed = false
  /// The error that it could not begin for.
  var startFailure: String?
  /// When it last finished a batch.
  var finishedAt: Int64 = 0
  var tasksDone = 0
  /// Counts its batches.
  var batchNumber: UInt32 = 0

  init(
    _ number: Int, _ process: ProcessHandle, socket: Int32, pidfd: Int32, _ ledger: TaskLedger
  ) {
    self.number = number
    self.process = process
    self.socket = socket
    self.pidfd = pidfd
    self.ledger = ledger
  }

  /// Tells whoever waits for a channel whether it has a task; one that has none cannot answer.
  @inline(__always)
  func tell(waits: Bool) {
    if let slot = process.slot { Peers.note(worker: slot, waits: waits) }
  }

  var freeSlot: Int? { batches[0] == nil ? 0 : batches[1] == nil ? 1 : nil }

  /// Whether it may get tasks.
  var isOpen: Bool {
    switch state {
    case .starting, .working: unsent.isEmpty
    case .leaving, .ending, .ended: false
    }
  }

  var isEnded: Bool {
    if case .ended = state { return true }
    return false
  }

  var isEnding: Bool {
    if case .ending = state { return true }
    return false
  }

  /// The task that it has begun and not reported, with the batch.
  var inHand: (batch: Batch, place: Int)? {
    for batch in batches {
      guard let batch else { continue }
      let claimed = ledger.state(batch.slot).claimed
      if claimed > batch.reported, batch.reported < batch.count { return (batch, batch.reported) }
    }
    return nil
  }

  /// How many tasks wait at it that it has not begun.
  var waiting: Int {
    batches.reduce(0) { sum, batch in
      guard let batch else { return sum }
      let (claimed, count) = ledger.state(batch.slot)
      return sum + max(0, count - claimed)
    }
  }
}
