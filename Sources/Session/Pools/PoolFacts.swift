import Pools
import Posix

/// What reports tell of a pool.
extension Pool {
  public struct WorkerFacts {
    public let name: String
    public let pid: Int32
    /// starting, idle, busy, leaving, ending.
    public let state: String
    /// The index of the task in hand.
    public let task: Int?
    /// How long it has been at it (ns).
    public let age: Int?
    public let done: Int
  }

  public struct Facts {
    /// open, paused, closed.
    public let state: String
    public let busy: Int
    /// Tasks that were not begun.
    public let waiting: Int
    public let workers: [WorkerFacts]
  }

  public var facts: Facts {
    look()
    let waiting =
      scheduler.jobs.reduce(0) { $0 + ($1.isHalted ? 0 : $1.queued + $1.waiting) }
      + workers.reduce(0) { $0 + $1.waiting }
    return Facts(
      state: isClosed ? "closed" : isPaused ? "paused" : "open",
      busy: workers.count { $0.taskInHand != nil }, waiting: waiting,
      workers: workers.sorted { $0.number < $1.number }.map(facts))
  }

  private func facts(_ worker: WorkerExecutor) -> WorkerFacts {
    let inHand = worker.taskInHand
    let state =
      switch worker.state {
      case .starting: inHand == nil ? "starting" : "busy"
      case .working: inHand == nil ? "idle" : "busy"
      case .leaving: "leaving"
      case .ending: "ending"
      case .ended: "ended"
      }
    return WorkerFacts(
      name: worker.process.name, pid: worker.process.pid, state: state,
      task: inHand.map { $0.batch[$0.place] },
      age: inHand.map { _ in Int(max(0, Clock.monotonic - worker.ledger.startedAt)) },
      done: worker.tasksDone)
  }
}
