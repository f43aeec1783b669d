import Language
import Pools
import Posix

/// `--results` of blocks while they run: what a task has written is copied into its files now and
/// then, so that it can be read, and stays if this process is killed.
extension Pool {
  /// How often that is done (ns).
  private static let followTime: Int64 = 100_000_000

  /// Copies what the running tasks of a job write, until it is finished.
  func follow(_ job: MapJob) {
    guard job.keepsFiles else { return }
    after(Pool.followTime) { [weak self, weak job] in
      guard let self, let job, !job.isFinished, !isInherited else { return }
      for worker in workers {
        guard let (batch, place) = worker.taskInHand, batch.job === job.tasks,
          let capture = worker.capture
        else { continue }
        job.follow(batch[place], output: capture.output, error: capture.error)
      }
      follow(job)
    }
  }
}
