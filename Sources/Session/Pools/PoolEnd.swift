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
        guard let inHand = member.inHand, inHand.batch === batch else { continue }
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
    let jobs = queue
    queue = []
    for job in jobs {
      job.isQueued = false
      abandon(job, error)
    }
    for member in members {
      for batch in member.batches.compactMap({ $0 }) {
        takeBack(from: member)
        abandon(batch.job, error)
      }
      happened(.unwanted(.retired), to: member)
    }
    if members.isEmpty { goAway() }
  }

  private func abandon(_ job: PoolJob, _ error: ErrorObject) {
    let before = job.failed
    job.abandon(error)
    failed += job.failed - before
    settle(job)
  }
}
