import Pools
import Testing

/// The smallest use of the library, by what it makes public alone: three tasks, one of which fails once.
///
/// The owner makes executors, tells the scheduler what becomes of their tasks, and calls `pump` after each
/// such event, and `advance` when the moment of `deadline` has come.
@Suite("An example of Pools") struct LibraryExample {
  /// Does a task when it is asked to step.
  private final class Worker: TaskExecutor {
    var slot: ExecutorSlot?
    let survives = false
    let holdsTasks = false
    private(set) var batch: TaskBatch?

    func start(_ batch: TaskBatch) -> StartOutcome {
      batch.take()
      self.batch = batch
      return .started
    }
    func finished() { batch = nil }
    func takeBack(_ batch: TaskBatch, most: Int) -> Int? { 0 }
    func unbegun(_ batch: TaskBatch) -> Int { 0 }
    var inHand: TaskInHand? { batch.map { TaskInHand($0, place: 0, since: 0) } }
    func end(_ how: EndStep) {}
    func leave() {}
  }

  private final class Owner: ExecutorCrew, TaskClient {
    var workers: [Worker] = []
    var log: [String] = []

    func hire() -> HireOutcome {
      let worker = Worker()
      workers.append(worker)
      return .hired(worker, credit: 1, isReady: true)
    }
    func ended(_ task: Int, of job: TaskJob, _ end: TaskEnd) { log.append("task \(task): \(end)") }
    func finished(_ job: TaskJob) {
      log.append("finished: \(job.succeeded) succeeded, \(job.repeated) repeated")
    }
  }

  @Test func threeTasks() {
    let owner = Owner()
    let scheduler = TaskScheduler(crew: owner, limit: 2, isEager: false) { 0 }
    var policy = TaskPolicy()
    policy.retries = 1
    let job = TaskJob(policy, client: owner)
    scheduler.add(job)
    scheduler.supply(job, upTo: 3, isWhole: true)
    scheduler.pump()
    #expect(owner.workers.count == 2)
    var hasFailed = false
    while !job.isFinished {
      for worker in owner.workers {
        guard let batch = worker.batch else { continue }
        let task = batch[0]
        worker.finished()
        if task == 1, !hasFailed {
          hasFailed = true
          owner.log.append("task 1 fails: \(scheduler.failed(batch, 0, .error))")
        } else {
          _ = scheduler.succeeded(batch, 0)
          owner.log.append("task \(task) is done")
        }
        scheduler.finished(batch)
        scheduler.pump()
      }
    }
    #expect(owner.log.first == "task 0 is done")
    #expect(owner.log.last == "finished: 3 succeeded, 1 repeated")
  }
}
