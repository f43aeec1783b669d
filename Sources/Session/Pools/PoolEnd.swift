import Language
import Posix

/// Time limits, sizes, and the end of a pool.
extension Pool {
  // MARK: Timeouts

  /// Makes sure that running tasks are looked at after so long.
  func check(after delay: Int64) {
    let deadline = Clock.deadline(after: delay)
    if let checkTimer {
      if checkTimer.deadline <= deadline { return }
      session.loop.cancel(checkTimer.id)
    }
    let id = session.loop.addTimer(at: deadline) { [weak self] in
      self?.checkTimer = nil
      self?.checkTimes()
    }
    checkTimer = (id, deadline)
  }

  private func checkTimes() {
    let now = Clock.monotonic
    var next = Int64.max
    for member in members where member.batchCount > 0 && !member.isEnding {
      for batch in member.batches {
        guard let batch, let timeout = batch.job.policy.timeout else { continue }
        next = min(next, timeout)
        guard let inHand = member.inHand else {
          if let rest = restToBegin(batch, at: member, timeout, now) { next = min(next, rest) }
          continue
        }
        guard inHand.batch === batch else { continue }
        let begun = member.ledger.startedAt
        // Another task may have been begun between the two looks.
        guard member.inHand?.place == inHand.place else { continue }
        // The clock never shows less than when it began.
        let rest = timeout - (now - begun)
        if rest <= 0 { happened(.unwanted(.timeout), to: member) } else { next = min(next, rest) }
      }
    }
    if next < .max { check(after: max(next, 1_000_000)) }
  }

  /// How long a worker that has begun nothing may take to begin on its older batch (ns), by the time
  /// limit of its task; nil if that is over, and the task has failed, or it is about another batch.
  private func restToBegin(
    _ batch: PoolMember.Batch, at member: PoolMember, _ timeout: Int64, _ now: Int64
  ) -> Int64? {
    guard !member.isEnding, batch.reported < batch.count,
      !member.batches.contains(where: { $0.map { $0.sentAt < batch.sentAt } ?? false })
    else { return nil }
    // A worker that is forked on a machine that is busy is no task that takes long.
    let allowed = max(timeout, Pool.leastTimeToBegin)
    let rest = allowed - (now - max(batch.sentAt, member.finishedAt))
    if rest > 0 { return rest }
    let (job, index) = (batch.job, batch[batch.reported])
    takeBack(from: member)
    // It may have been begun just now.
    guard member.inHand == nil, job.takeOut(index) else { return nil }
    let worker = "'\(member.process.name)' (\(member.process.pid))"
    let error = ErrorObject(
      .timeout,
      "the task was not begun within \(durationText(Int(allowed))): the worker \(worker) is not ready",
      help: initializer == nil ? nil : "what --init does counts for the first task of a worker")
    error.exitStatus = ErrorObject.timeoutStatus
    error.payload["pid"] = .int(Int(member.process.pid))
    error.payload["worker"] = .text(member.process.name)
    fail(job, index, error)
    settle(job)
    happened(.unwanted(.timeout), to: member)
    pump()
    return nil
  }

  /// However short the time limit, a worker has so long to begin on a task (ns).
  private static let leastTimeToBegin: Int64 = 500_000_000

  // MARK: Size

  /// Gives the pool another number of workers, at once.
  public func resize(to size: Int) throws {
    try requireOpen()
    target = size
    failedStarts = 0
    var extra = livingCount - size
    // Those with nothing to do go first.
    for member in members.sorted(by: { ($0.batchCount, -$0.number) < ($1.batchCount, -$1.number) })
    where extra > 0 {
      switch member.state {
      case .starting, .working:
        happened(.leave, to: member)
        extra -= 1
      default: break
      }
    }
    fill()
    pump()
    if waiters == 0, !isIdle { setAsynchronous(true) }
  }

  /// Starts no task until `resume`.
  public func pause() throws {
    try requireOpen()
    isPaused = true
    for member in members { takeBack(from: member) }
  }

  public func resume() throws {
    try requireOpen()
    isPaused = false
    pump()
  }

  // MARK: The end

  /// Accepts no further tasks; workers end when all is done.
  public func close() throws {
    try requireOwn()
    if isClosed { return }
    isClosed = true
    leaveIfDone()
  }

  /// In a closed pool: workers that will get nothing more are told to stop.
  func leaveIfDone() {
    if members.isEmpty, pending == 0 || target == 0 { return goAway() }
    if pending > 0 { return }
    for member in members { happened(.leave, to: member) }
  }

  private func goAway() {
    if isGone { return }
    isGone = true
    endOrphans()
    session.names.release(name, of: self)
    if let checkTimer { session.loop.cancel(checkTimer.id) }
    checkTimer = nil
  }

  /// Waits until the workers of a closed pool have ended.
  public func join(until deadline: Int64? = nil) throws -> Bool {
    try requireOwn()
    guard isClosed else {
      throw ErrorObject(
        .type, "the pool '\(name)' still takes tasks, and would never end",
        help: "close it first: pool close \(name)")
    }
    return try wait(until: deadline) { isGone }
  }

  /// Ends all workers, whatever they do; tasks that are not finished fail with `closed`.
  public func terminate() {
    if isInherited || isGone { return }
    isClosed = true
    wasTerminated = true
    target = 0
    let error = terminated
    // A task that was not begun is its job's again before the job is given up: else it would be in
    // no place, and its future never done.
    for member in members { takeBack(from: member) }
    let atMembers = members.flatMap { $0.batches.compactMap { $0?.job } }
    let jobs = queue
    queue = []
    for job in jobs + atMembers {
      job.isQueued = false
      abandon(job, error)
    }
    for member in members { happened(.unwanted(.retired), to: member) }
    if members.isEmpty { goAway() }
  }

  private func abandon(_ job: PoolJob, _ error: ErrorObject) {
    let before = job.failed
    job.abandon(error)
    failed += job.failed - before
    settle(job)
  }
}
