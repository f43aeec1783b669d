import Machines
import Pools
import Posix

/// A place for one program at a time on a host, where others may lie already that follow it.
final class FarPlace: TaskExecutor {
  private weak var run: ProgramRun?
  let host: FarHost
  let lane: UInt32
  var slot: ExecutorSlot?
  /// In the order in which they run.
  var attempts: [FarAttempt] = []
  /// Of the run's places for programs, as long as it has any.
  var number: Int?
  let survives = true
  let holdsTasks = true

  init(_ run: ProgramRun, _ host: FarHost, lane: UInt32) {
    self.run = run
    self.host = host
    self.lane = lane
  }

  /// The one that runs.
  var attempt: FarAttempt? { attempts.first }

  func start(_ batch: TaskBatch) -> StartOutcome {
    run?.start(batch, at: self) ?? .unavailable
  }

  func takeBack(_ batch: TaskBatch, most: Int) -> Int? {
    if unbegun(batch) == 0 { return 0 }
    host.send(FarMessage(.cancel, batch.number, FarOrder.giveBack))
    return nil
  }

  func unbegun(_ batch: TaskBatch) -> Int {
    guard let attempt = attempts.first(where: { $0.batch === batch }) else { return 0 }
    return attempt.isBegun || attempt === attempts.first ? 0 : 1
  }

  func end(_ how: EndStep) {
    guard let attempt else { return }
    guard case .running = attempt.phase else {
      run?.abandonTransfers(self, attempt)
      return
    }
    host.send(FarMessage(.cancel, attempt.batch.number, [how == .kill ? 1 : 0]))
  }

  func leave() { if let slot { run?.hasLeft(self, slot) } }

  var inHand: TaskInHand? {
    guard let attempt else { return nil }
    // A fixed time limit is kept by the agent.
    let isKeptThere = attempt.batch.job.policy.timeout != nil
    return TaskInHand(
      attempt.batch, place: 0,
      since: isKeptThere ? Clock.monotonic + FarTimes.hold : attempt.begun)
  }
}
