/// What becomes of tasks: success, failure, cancellation, and what follows for a job.
extension TaskScheduler {
  /// An attempt succeeded.
  ///
  /// - Parameter took: how long (ns), where that is known better than by this call.
  /// - Returns: the task; nil if the attempt was superseded, and its result is to be dropped.
  public func succeeded(_ batch: TaskBatch, _ place: Int, took: Int64? = nil) -> Int? {
    guard batch.isLive, place == batch.reported, place < batch.count else { return nil }
    succeeded(batch, upTo: place + 1, took: took)
    return batch[place]
  }

  /// All attempts succeeded whose reports were outstanding, up to a place; the caller has seen to
  /// it that the batch is live.
  public func succeeded(_ batch: TaskBatch, upTo end: Int, took: Int64? = nil) {
    let count = min(end, batch.count) - batch.reported
    guard batch.isLive, count > 0 else { return }
    let first = batch.reported
    batch.reported += count
    let job = batch.job
    job.outstanding -= count
    job.count(successesOf: batch, first..<batch.reported)
    noteProgress(batch.slot)
    if job.policy.isTimed {
      if job.policy.timeoutPercent != nil {
        let since = max(batch.sentAt, batch.slot.reportedAt)
        noteDurations(batch, count, took ?? clock() - since)
      }
      noteReports(batch, from: first)
    }
    if job.countsSuccesses { judge(job) }
  }

  /// An attempt failed.
  ///
  /// - Returns: what follows for the task; the caller tells its client of an end.
  public func failed(_ batch: TaskBatch, _ place: Int, _ fault: TaskFault) -> TaskVerdict {
    guard batch.isLive, place == batch.reported, place < batch.count else { return .dropped }
    batch.reported = place + 1
    noteProgress(batch.slot)
    if batch.job.policy.isTimed { noteReports(batch, from: place) }
    return failed(batch.job, batch[place], fault, batch.slot.reason)
  }

  /// Executors get something done.
  private func noteProgress(_ slot: ExecutorSlot) {
    slot.hasReported = true
    fruitless = 0
  }

  /// The next task could be begun now.
  private func noteReports(_ batch: TaskBatch, from first: Int) {
    batch.slot.reportedAt = clock()
    if batch.job.late.isEmpty { return }
    for place in first..<batch.reported { batch.job.late.remove(batch[place]) }
  }

  private func failed(
    _ job: TaskJob, _ task: Int, _ fault: TaskFault, _ reason: ExecutorSlot.Reason?
  ) -> TaskVerdict {
    let verdict = job.fail(task, fault, reason)
    switch verdict {
    case .again(_, let delay):
      if delay > 0 {
        let moment = later(clock(), delay)
        job.retry(task, at: moment)
        timers.insert(.retry(job, task), at: moment)
      } else {
        job.retry(task, at: nil)
        enqueue(job)
      }
    case .final: judge(job)
    case .dropped: break
    }
    return verdict
  }

  // MARK: Halting

  /// Halts a job if what became of its tasks says so; what that means for others comes in `pump`.
  func judge(_ job: TaskJob) {
    guard job.mustHalt else { return }
    job.isHalted = true
    job.isHalting = true
    halting.append(job)
    needsPump = true
  }

  func carryOutHalt(_ job: TaskJob) {
    halt(job, endsRunning: job.policy.halt?.effect == .now)
  }

  private func halt(
    _ job: TaskJob, endsRunning: Bool, _ reason: ExecutorSlot.Reason = .cancelled
  ) {
    job.isHalting = false
    // What was asked back may be begun before that is heard of.
    if endsRunning { job.endReason = reason }
    job.halt()
    for batch in job.batches { takeBack(batch) }
    if endsRunning {
      // Ending one may take batches away.
      for batch in job.batches where batch.isLive && hasInHand(batch) {
        endSlot(batch.slot, reason)
      }
    }
    settle(job)
  }

  /// A job's time is over: what runs has taken too long, and nothing more is started.
  func end(_ job: TaskJob, for abortion: TaskJob.Abortion) {
    if job.abortion == nil { job.abortion = abortion }
    halt(job, endsRunning: true, .timeout)
    needsPump = true
  }

  private func hasInHand(_ batch: TaskBatch) -> Bool {
    guard let executor = batch.slot.executor else { return false }
    return batch.rest > executor.unbegun(batch)
  }

  /// Starts nothing more of a job.
  ///
  /// - Parameter endsRunning: what runs is ended, too.
  public func cancel(_ job: TaskJob, endsRunning: Bool) {
    if job.isFinished || job.place < 0 { return }
    if job.abortion == nil { job.abortion = .cancelled }
    halt(job, endsRunning: endsRunning)
    needsPump = true
  }

  /// No executor can be had any more: jobs that are not finished are given up.
  public func giveUp() {
    for job in jobs { abort(job, .noExecutors) }
    needsPump = true
  }

  func abort(_ job: TaskJob, _ abortion: TaskJob.Abortion) {
    if job.isFinished { return }
    if job.abortion == nil { job.abortion = abortion }
    halt(job, endsRunning: false)
  }

  // MARK: One task

  /// Ends a task, or lets it not begin; false if it is finished or not known.
  public func cancel(_ task: Int, of job: TaskJob) -> Bool {
    if job.isFinished || task >= job.supplied { return false }
    for batch in job.batches {
      guard let place = (batch.reported..<batch.count).first(where: { batch[$0] == task })
      else { continue }
      takeBack(batch, most: batch.count - place)
      if batch.isReturning, batch.slot.executor?.unbegun(batch) ?? 0 >= batch.count - place {
        job.unwanted.insert(task)
        return true
      }
      if place < batch.count {
        // It is done, and its report on the way.
        if let inHand = batch.slot.executor?.inHand, inHand.batch === batch, inHand.place > place {
          return false
        }
        endSlot(batch.slot, .cancelled)
        return true
      }
      break
    }
    // Of a halted job it is not started anyway.
    guard !job.isHalted, job.takeOut(task) else { return false }
    job.finishOut(task, .cancelled)
    settle(job)
    enqueue(job)
    return true
  }

  /// The next task of a batch did not begin in time.
  func expire(_ batch: TaskBatch, at slot: ExecutorSlot, _ now: Int64) {
    let (job, task) = (batch.job, batch[batch.reported])
    takeBack(from: slot)
    // It may have been begun just now.
    if slot.executor?.inHand != nil { return checkTime(of: slot, now) }
    endSlot(slot, .timeout)
    job.late.insert(task)
    giveUpLate(of: job, among: [task], at: slot)
  }

  /// Tasks that did not begin in time have come back: the attempts failed.
  func giveUpLate(of job: TaskJob, among tasks: [Int], at slot: ExecutorSlot) {
    for task in tasks where job.late.contains(task) && job.takeOut(task) {
      job.late.remove(task)
      giveUp(task, of: job, at: slot)
    }
    settle(job)
  }

  private func giveUp(_ task: Int, of job: TaskJob, at slot: ExecutorSlot) {
    job.client?.late(task, of: job, at: slot)
    if case .final(let end) = failed(job, task, .ended, .timeout) {
      job.client?.ended(task, of: job, end)
    }
  }
}
