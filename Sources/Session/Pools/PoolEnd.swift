import Language
import Pools
import Posix

/// Sizes, and the end of a pool.
extension Pool {
  /// Gives the pool another number of workers, at once.
  public func resize(to size: Int) throws {
    try requireOpen()
    far?.fixedSize = size
    scheduler.setLimit(size)
    scheduler.roomCame()
    act()
    if waiters == 0, !isIdle { setAsynchronous(true) }
  }

  /// Starts no task until `resume`.
  public func pause() throws {
    try requireOpen()
    scheduler.pause()
  }

  public func resume() throws {
    try requireOpen()
    scheduler.resume()
    act()
  }

  // MARK: The end

  /// Accepts no further tasks; workers end when all is done.
  public func close() throws {
    try requireOwn()
    if isClosed { return }
    scheduler.close()
    act()
  }

  /// Whether the workers of a closed pool have ended, and nothing will be done any more.
  func leaveIfDone() {
    if isGone || !workers.isEmpty || far?.workers.isEmpty == false { return }
    // Hosts that are not there yet may still do what is wanted.
    let mayWork = target > 0 || far != nil && !wasTerminated
    if !scheduler.jobs.isEmpty, mayWork { return }
    isGone = true
    far?.hosts.end()
    endOrphans()
    session.names.release(name, of: self)
    stopTimer()
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
    wasTerminated = true
    scheduler.terminate()
    act()
  }
}
