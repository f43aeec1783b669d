import CPosix

extension EventLoop {
  /// How a wait ended.
  public enum Outcome: Sendable {
    case satisfied, timedOut

    /// A signal was recorded: clear the flag, run the handlers, and wait again or give up.
    case attention
  }

  /// Serves sources until `done` holds, the deadline (monotonic ns) has passed, or a signal.
  ///
  /// `done` is asked first, then the flag, then the clock, before each sleep. Throws what
  /// epoll_wait(2) throws, which is nothing in practice.
  public func wait(
    until deadline: Int64 = .max, done: () throws -> Bool
  ) throws -> Outcome {
    while true {
      if try done() { return .satisfied }
      if Attention.isPending { return .attention }
      let now = deadline == .max ? 0 : Clock.monotonic
      if deadline != .max && now >= deadline {
        // Serve what is ready even when the time was zero: `--timeout 0` still sees a message.
        _ = try poll(timeout: 0)
        return try done() ? .satisfied : .timedOut
      }
      _ = try poll(timeout: deadline == .max ? nil : deadline - now)
    }
  }

  /// Waits until the process of a pidfd has ended, serving all else, without registering it.
  ///
  /// For a `wait` that follows its fork at once: registering would cost a fifth of the fork.
  public func waitExit(
    _ pidfd: Int32, until deadline: Int64 = .max
  ) throws(SystemError) -> Outcome {
    let epoll = try opened()
    while true {
      if Attention.isPending { return .attention }
      let limit = sleepLimit(deadline == .max ? nil : max(0, deadline - Clock.monotonic))
      if limit != 0 { beforeSleep?() }
      let ready = try window("ppoll") { brood_wait_either(pidfd, epoll, limit) }
      if ready & 1 != 0 { return .satisfied }
      try poll(timeout: 0)
      if deadline != .max && Clock.monotonic >= deadline && ready == 0 { return .timedOut }
    }
  }
}
