/// What happens at a moment.
extension TaskScheduler {
  enum Timer {
    /// A task is due for its next attempt.
    case retry(TaskJob, Int)
    /// A job may start its next task, or is looked at again.
    case job(TaskJob)
    /// A time limit may be over.
    case check(ExecutorSlot)
    /// The time to obey is over.
    case kill(ExecutorSlot)
    /// An executor is too old.
    case age(ExecutorSlot)
    /// Another executor may be tried.
    case hire
    /// What had no room may be tried again.
    case room
    /// A job's time is over.
    case deadline(TaskJob)
  }

  func later(_ moment: Int64, _ delay: Int64) -> Int64 {
    let (sum, overflow) = moment.addingReportingOverflow(delay)
    return overflow ? .max - 1 : sum
  }

  func arm(_ job: TaskJob, at moment: Int64) {
    if job.timerAt <= moment { return }
    job.timerAt = moment
    timers.insert(.job(job), at: moment)
  }

  /// Sees to it that an executor's time limit is looked at; it has one entry that counts.
  func check(_ slot: ExecutorSlot, at moment: Int64) {
    if slot.checkAt <= moment { return }
    slot.checkAt = moment
    timers.insert(.check(slot), at: moment)
  }

  /// Whether an entry still means something.
  private func isCurrent(_ timer: Timer, at moment: Int64) -> Bool {
    switch timer {
    case .retry(let job, let task): job.isDelayed(task, until: moment)
    case .job(let job): job.timerAt == moment && !job.isHalted
    case .check(let slot): slot.checkAt == moment && !slot.batches.isEmpty && !slot.isEnding
    case .kill(let slot): slot.killAt == moment
    case .age(let slot): slot.ageAt == moment
    case .hire: hireAt == moment
    case .room: roomAt == moment
    case .deadline(let job): !job.isFinished && job.deadlineAt == moment
    }
  }

  /// Does what is due, and starts what can be started.
  public func advance() {
    let now = clock()
    while let (moment, timer) = timers.popDue(now) {
      looked += 1
      let isCurrent = isCurrent(timer, at: moment)
      switch timer {
      case .retry(let job, let task):
        guard isCurrent else { break }
        job.makeDue(task)
        enqueue(job)
      case .job(let job):
        if job.timerAt == moment { job.timerAt = .max }
        enqueue(job)
      case .check(let slot):
        if slot.checkAt == moment { slot.checkAt = .max }
        if isCurrent { checkTime(of: slot, now) }
      case .kill(let slot):
        guard isCurrent else { break }
        slot.killAt = .max
        slot.executor?.end(.kill)
      case .age(let slot):
        guard isCurrent else { break }
        slot.ageAt = .max
        // One that has done nothing is as good as a new one, and shall do something first.
        if slot.hasReported { leave(slot) } else { slot.isOld = true }
      case .hire:
        if isCurrent { hireAt = .max }
      case .room:
        guard isCurrent else { break }
        roomAt = .max
        roomCame()
      case .deadline(let job):
        guard isCurrent else { break }
        job.deadlineAt = .max
        end(job, for: .deadline)
      }
    }
    pump()
  }

  /// Ends what has taken too long; else looks again when that may be.
  ///
  /// A task that was given to an executor and not begun has its time from when it could have been:
  /// so one that never gets ready, or stands still, is found too.
  func checkTime(of slot: ExecutorSlot, _ now: Int64) {
    guard !slot.isEnding, let first = slot.batches.first(where: { $0.rest > 0 }) else { return }
    if let inHand = slot.executor?.inHand {
      guard let timeout = limit(of: inHand.batch, inHand.place) else { return }
      let end = later(inHand.since, timeout)
      if end <= now { return endSlot(slot, .timeout) }
      check(slot, at: end)
    } else if let timeout = limit(of: first, first.reported) {
      let timeToBegin = first.job.policy.timeToBegin
      let end = later(max(first.sentAt, slot.reportedAt), max(timeout, timeToBegin))
      if end <= now { return expire(first, at: slot, now) }
      // It may begin at once. Very short limits are not looked at without end.
      check(slot, at: min(end, later(now, max(timeout, timeToBegin / 256))))
    }
  }

  /// How long the task at a place of a batch may take now.
  func limit(of batch: TaskBatch, _ place: Int) -> Int64? {
    batch.job.terms?(batch[place])?.timeout ?? limit(of: batch.job)
  }

  /// How long a task of a job may take now; what runs is looked at for that.
  private func limit(of job: TaskJob) -> Int64? {
    guard let limit = job.timeout else { return nil }
    if job.armedLimit < limit { job.armedLimit = limit }
    return limit
  }

  /// Tasks of a batch succeeded in so long together: time limits that are relative may have changed
  /// for those that run.
  func noteDurations(_ batch: TaskBatch, _ count: Int, _ took: Int64) {
    let job = batch.job
    for _ in 0..<count { job.durations.add(max(0, took) / Int64(count)) }
    // What runs is looked at again only where that is worth it: all of it would be each time.
    guard let limit = job.timeout, limit < job.armedLimit / 8 * 7 else { return }
    job.armedLimit = limit
    let now = clock()
    for other in job.batches where other !== batch { check(other.slot, at: now) }
  }

  /// Tells the next deadline if it is another one than was told.
  func tellDeadline() {
    while let (moment, timer) = timers.first, !isCurrent(timer, at: moment) {
      looked += 1
      _ = timers.popDue(moment)
      switch timer {
      case .check(let slot) where slot.checkAt == moment: slot.checkAt = .max
      case .job(let job) where job.timerAt == moment: job.timerAt = .max
      default: break
      }
    }
    let next = timers.earliest
    if next == toldDeadline { return }
    toldDeadline = next
    onDeadline?(next)
  }
}
