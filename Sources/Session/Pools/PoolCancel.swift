import Language
import Posix

/// Ending single tasks while the others go on.
extension Pool {
  /// Ends the task that a worker has in hand; false if it has none.
  public func cancelTask(ofWorker name: String) -> Bool {
    look()
    guard
      let member = members.first(where: {
        $0.process.name == name || String($0.process.pid) == name
      }), member.inHand != nil, !member.isEnding
    else { return false }
    happened(.unwanted(.cancelled), to: member)
    return true
  }

  /// The names of workers that have a task in hand.
  public var busyWorkers: [String] {
    look()
    return members.filter { $0.inHand != nil && !$0.isEnding }.map(\.process.name)
  }

  /// Lets the task of an index end, or not be started, of those that go over many items; false if
  /// there is none such.
  public func cancelTask(_ index: Int) -> Bool {
    look()
    let jobs = queue + members.flatMap { $0.batches.compactMap { $0?.job } }
    var seen: Set<ObjectIdentifier> = []
    return jobs.contains { job in
      job is MapJob && seen.insert(ObjectIdentifier(job)).inserted && cancel(index, of: job)
    }
  }

  /// Lets one task of a job end, or not be started; false if it is finished.
  func cancel(_ index: Int, of job: PoolJob) -> Bool {
    for member in members {
      guard let (batch, place) = member.inHand, batch.job === job, batch[place] == index else {
        continue
      }
      happened(.unwanted(.cancelled), to: member)
      return true
    }
    takeBackAll(of: job)
    let isOut = job.takeOut(index)
    if isOut {
      let error = ErrorObject(.failed, "the task was cancelled before it began")
      error.payload["cancelled"] = .bool(true)
      fail(job, index, error)
      settle(job)
    }
    enqueue(job)
    pump()
    return isOut
  }
}

extension PoolFuture {
  /// Lets the task end, or not start; false if it is finished.
  public func cancelTask() -> Bool {
    if isDone { return false }
    return cancelOwn()
  }
}
