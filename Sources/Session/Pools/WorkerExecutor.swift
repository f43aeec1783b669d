import Channels
import Language
import Pools
import Posix
import Processes

/// A worker, as its pool knows it: a forked process that runs tasks for the scheduler.
///
/// Its batches lie in the slots of its ledger; `TaskBatch.tag` is the slot of each.
final class WorkerExecutor: TaskExecutor {
  private let pool: Pool
  var slot: ExecutorSlot?
  let survives = false
  let holdsTasks = true
  let number: Int
  let process: ProcessHandle
  let socket: Int32
  let pidfd: Int32
  let ledger: TaskLedger
  var batches: [TaskBatch?] = [nil, nil]
  /// How many it has; what it works on is the older one.
  var batchCount = 0
  /// Functions that it was sent.
  var known: Set<UInt32> = []
  /// The working directory that it was told, by its version.
  var directory = 0
  /// Packets that did not fit into the socket.
  var unsent: [UnsentPacket] = []
  var socketWatch: Watch?
  var exitWatch: Watch?
  var writeWatch: Watch?
  /// What its recorded tasks write to.
  var capture: (output: Int32, error: Int32)?
  var isAsynchronous = false
  /// The error that it could not begin for.
  var startFailure: String?
  var tasksDone = 0
  var isGone = false

  init(
    _ pool: Pool, _ number: Int, _ process: ProcessHandle, socket: Int32, pidfd: Int32,
    _ ledger: TaskLedger
  ) {
    self.pool = pool
    self.number = number
    self.process = process
    self.socket = socket
    self.pidfd = pidfd
    self.ledger = ledger
  }

  /// Tells others who wait for a channel whether it has a task; one that has none cannot answer.
  @inline(__always)
  func tell(waits: Bool) {
    if let slot = process.slot { Peers.note(worker: slot, waits: waits) }
  }

  var freeSlot: Int? { batches[0] == nil ? 0 : batches[1] == nil ? 1 : nil }

  var state: ExecutorSlot.State { slot?.state ?? .ended }
  var isStarting: Bool { state == .starting }
  var isEnding: Bool { slot?.isEnding ?? false }

  /// The batch of a packet, unless it is done with.
  func batch(_ head: TaskPacket) -> TaskBatch? {
    guard let batch = batches[head.slot], UInt32(truncatingIfNeeded: batch.number) == head.batch
    else { return nil }
    return batch
  }

  /// The task that it has begun and not reported, with the batch.
  ///
  /// Results of those before it may have gathered in the ledger.
  var taskInHand: (batch: TaskBatch, place: Int)? {
    for batch in batches {
      guard let batch else { continue }
      let claimed = ledger.state(batch.tag).claimed
      if claimed > batch.reported, claimed <= batch.count { return (batch, claimed - 1) }
    }
    return nil
  }

  /// How many tasks wait at it that it has not begun.
  var waiting: Int {
    batches.reduce(0) { sum, batch in sum + (batch.map { unbegun($0) } ?? 0) }
  }

  // MARK: For the scheduler

  func start(_ batch: TaskBatch) -> StartOutcome { pool.start(batch, at: self) }

  func takeBack(_ batch: TaskBatch, most: Int) -> Int? {
    ledger.takeBack(batch.tag, most: most).count
  }

  func unbegun(_ batch: TaskBatch) -> Int {
    let (claimed, count) = ledger.state(batch.tag)
    return max(0, min(count - claimed, batch.rest))
  }

  var inHand: TaskInHand? {
    taskInHand.map { TaskInHand($0.batch, place: $0.place, since: ledger.startedAt) }
  }

  func end(_ how: EndStep) { pool.send(how, to: self) }
  func leave() { pool.stop(self) }
}

/// A packet that waits for room in its socket, with copies of its descriptors.
struct UnsentPacket {
  let bytes: [UInt8]
  let descriptors: [Int32]
  /// What it brings, if that is a batch.
  let batch: TaskBatch?
}
