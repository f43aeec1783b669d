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
    /// Tasks that nobody has begun.
    public let waiting: Int
    public let workers: [WorkerFacts]
  }

  public var facts: Facts {
    look()
    let waiting =
      queue.reduce(0) { $0 + max(0, $1.unfinished - $1.outstanding) }
      + members.reduce(0) { $0 + $1.waiting }
    return Facts(
      state: isClosed ? "closed" : isPaused ? "paused" : "open",
      busy: members.count { $0.inHand != nil }, waiting: waiting,
      workers: members.sorted { $0.number < $1.number }.map(facts))
  }

  private func facts(_ member: PoolMember) -> WorkerFacts {
    let inHand = member.inHand
    let state =
      switch member.state {
      case .starting: inHand == nil ? "starting" : "busy"
      case .working: inHand == nil ? "idle" : "busy"
      case .leaving: "leaving"
      case .ending: "ending"
      case .ended: "ended"
      }
    return WorkerFacts(
      name: member.process.name, pid: member.process.pid, state: state,
      task: inHand.map { $0.batch[$0.place] },
      age: inHand.map { _ in Int(max(0, Clock.monotonic - member.ledger.startedAt)) },
      done: member.tasksDone)
  }
}
