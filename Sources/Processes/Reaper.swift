import CPosix
import Glibc
import Posix

/// How a child ended and what it used.
public struct ExitInfo: Hashable, Sendable {
  /// The cause of an end.
  public enum Cause: Hashable, Sendable {
    case exited(Int32)
    case signaled(Signal, core: Bool)
  }

  /// The child.
  public let pid: Int32
  /// How it ended.
  public let cause: Cause

  /// CPU time of the child and those it waited for, in nanoseconds.
  public let userTime: Int64
  /// The same within the kernel, in nanoseconds.
  public let systemTime: Int64

  /// The largest resident size, in bytes.
  public let maxRSS: Int64

  /// Makes one of what was written down.
  public init(pid: Int32, cause: Cause, userTime: Int64, systemTime: Int64, maxRSS: Int64) {
    self.pid = pid
    self.cause = cause
    self.userTime = userTime
    self.systemTime = systemTime
    self.maxRSS = maxRSS
  }

  init?(_ end: brood_end) {
    guard end.pid > 0 else { return nil }
    pid = end.pid
    switch end.code {
    case Int32(CLD_EXITED): cause = .exited(end.status)
    default:
      guard let signal = Signal(end.status) else { return nil }
      cause = .signaled(signal, core: end.code == Int32(CLD_DUMPED))
    }
    userTime = end.user_time
    systemTime = end.system_time
    maxRSS = end.max_rss
  }
}

/// A child that was stopped or went on.
public struct StopInfo: Hashable, Sendable {
  /// The child.
  public let pid: Int32

  /// The signal that stopped it, or nil if it goes on.
  public let stoppedBy: Signal?
}

/// Looking at children and reaping them (waitid(2)).
public enum Reaper {
  /// How the child of a pidfd ended, leaving the zombie; nil while it lives.
  public static func peek(_ pidfd: Int32) throws(SystemError) -> ExitInfo? {
    try end { brood_wait_pidfd(pidfd, true, true, &$0) }
  }

  /// Reaps the child of a pidfd; nil while it lives.
  ///
  /// Throws ECHILD if it is not a child.
  public static func reap(_ pidfd: Int32) throws(SystemError) -> ExitInfo? {
    try end { brood_wait_pidfd(pidfd, false, true, &$0) }
  }

  /// Reaps a child by pid; nil while it lives.
  public static func reap(pid: Int32) throws(SystemError) -> ExitInfo? {
    try end { brood_wait_pid(pid, false, true, &$0) }
  }

  /// How a child ended, by pid, leaving the zombie; nil while it lives.
  public static func peek(pid: Int32) throws(SystemError) -> ExitInfo? {
    try end { brood_wait_pid(pid, true, true, &$0) }
  }

  /// Reaps any child that has ended; nil if none has.
  ///
  /// Throws ECHILD if there is no child at all.
  public static func reapAny() throws(SystemError) -> ExitInfo? {
    try end { brood_wait_any(&$0) }
  }

  /// How a wait for one child went.
  public enum Outcome {
    case ended(ExitInfo), timedOut

    /// A signal was recorded, as `EventLoop.Outcome.attention`.
    case attention
  }

  /// Sleeps until a child has ended, serving nothing else; reaps it unless `keepsZombie`.
  ///
  /// Half the cost of a wait by pidfd and epoll; needs SIGCHLD recorded and not blocked.
  public static func wait(
    pid: Int32, keepsZombie: Bool = false, until deadline: Int64 = .max
  ) throws(SystemError) -> Outcome {
    var info = brood_end()
    let code = brood_wait_child(pid, keepsZombie, deadline, &info)
    if code == -EINTR { return .attention }
    if code < 0 { throw SystemError(call: "waitid", code: -code, detail: "\(pid)") }
    return ExitInfo(info).map { .ended($0) } ?? .timedOut
  }

  /// The next child that was stopped or continued; nil if none.
  ///
  /// Ask until nil after SIGCHLD.
  public static func nextStop() -> StopInfo? {
    var info = brood_end()
    guard brood_next_stop(&info) > 0 else { return nil }
    let stopped = info.code == Int32(CLD_STOPPED) || info.code == Int32(CLD_TRAPPED)
    return StopInfo(pid: info.pid, stoppedBy: stopped ? Signal(info.status) : nil)
  }

  private static func end(
    _ call: (inout brood_end) -> Int32
  ) throws(SystemError) -> ExitInfo? {
    var info = brood_end()
    try checked("waitid", interruptible: true) { call(&info) }
    return ExitInfo(info)
  }
}
