import Language
import Machines
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

  /// A machine of a pool.
  public struct HostFacts {
    public let host: String
    /// starting, ready, silent, draining, drained, lost, with the reason.
    public let state: String
    public let workers: Int
    public let busy: Int
    public let done: Int
    public let lost: Int
    /// ns.
    public let roundTrip: Int?
    public let version: String?
    /// ns since 1970.
    public let since: Int
  }

  /// The machines of the pool, if its workers are elsewhere.
  public var hostFacts: [HostFacts]? {
    guard let far else { return nil }
    far.hosts.look()
    return far.hosts.all.map { host in
      let workers = far.workers(at: host)
      var state = "\(host.state)"
      switch host.state {
      case .waiting, .starting: state = "starting"
      case .lost(let reason): state = "lost: \(reason)"
      case .ready, .draining, .drained: break
      }
      if let silence = host.silence {
        state = "silent \(durationText(Int(silence / FarTimes.second * FarTimes.second)))"
      }
      return HostFacts(
        host: host.name, state: state, workers: workers.count,
        busy: workers.count { $0.taskInHand != nil }, done: host.tasksDone, lost: host.lost,
        roundTrip: host.roundTrip.map { Int($0) }, version: host.hello?.program,
        since: Int(host.since))
    }
  }

  /// Tasks of what the pool is working at: how many have ended, how many of these without success,
  /// and how many are known that have not.
  public var counts: (done: Int, failed: Int, left: Int) {
    scheduler.jobs.reduce(into: (0, 0, 0)) { counts, job in
      counts.0 += job.succeeded + job.failed
      counts.1 += job.failed
      counts.2 += max(0, job.unfinished)
    }
  }

  public var facts: Facts {
    look()
    let waiting =
      scheduler.jobs.reduce(0) { $0 + ($1.isHalted ? 0 : $1.queued + $1.waiting) }
      + workers.reduce(0) { $0 + $1.waiting }
      + (far?.workers.values.reduce(0) { $0 + $1.waiting } ?? 0)
    return Facts(
      state: isClosed ? "closed" : isPaused ? "paused" : "open",
      busy: workers.count { $0.taskInHand != nil }
        + (far?.workers.values.count { $0.taskInHand != nil } ?? 0),
      waiting: waiting,
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
