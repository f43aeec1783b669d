import Language
import Pools
import Posix

/// Ending single tasks while the others go on.
extension Pool {
  /// Ends the task that a worker has in hand; false if it has none.
  public func cancelTask(ofWorker name: String) -> Bool {
    look()
    guard
      let worker = workers.first(where: {
        $0.process.name == name || String($0.process.pid) == name
      }), worker.taskInHand != nil, !worker.isEnding, let slot = worker.slot
    else { return false }
    scheduler.endSlot(slot, .cancelled)
    act()
    return true
  }

  /// The names of workers that have a task in hand.
  public var busyWorkers: [String] {
    look()
    return workers.filter { $0.taskInHand != nil && !$0.isEnding }.map(\.process.name)
  }

  /// Lets the task of an index end, or not be started, of those that go over many items; false if
  /// there is none such.
  public func cancelTask(_ index: Int) -> Bool {
    look()
    return scheduler.jobs.contains { $0.client is MapJob && cancel(index, of: $0) }
  }

  /// Lets one task of a job end, or not be started; false if it is finished.
  func cancel(_ index: Int, of job: TaskJob) -> Bool {
    // A forked child shares the ledgers, but the tasks are not its.
    if isInherited { return false }
    let isCancelled = scheduler.cancel(index, of: job)
    act()
    return isCancelled
  }

  /// Lets a job start nothing more; what runs goes on, or is ended.
  func cancel(_ job: PoolJob, endsRunning: Bool) {
    if isInherited { return }
    scheduler.cancel(job.tasks, endsRunning: endsRunning)
    act()
  }
}

extension PoolFuture {
  /// Lets the task end, or not start; false if it is finished.
  public func cancelTask() -> Bool {
    if isDone { return false }
    return cancelOwn()
  }
}
