import CPosix
import Glibc
import Posix

/// The session's mark and its guardian, which kills whatever is left when the session has ended.
///
/// `mark()` at the start of a session, `start()` before its first fork or spawn. The guardian is
/// a child of the session: leave its pid out of every wait, start a new one when it has ended, and
/// let it go on when it was stopped. From the fourth nested session on, and where the user's limit
/// was lower, there is no mark of one's own (`isMarked` false): then the guardian knows the
/// session's table and the descendants of those in it, but no orphans of programs.
public enum Guardian {
  /// Marks this process and so all that it will start (setrlimit(2), RLIMIT_LOCKS).
  ///
  /// Throws EPERM where it cannot be.
  public static func mark() throws(SystemError) {
    try checked("setrlimit") { brood_mark_start() }
  }

  /// Whether this session has a mark of its own, and so can have a guardian.
  public static var isMarked: Bool { brood_mark_current().level >= 0 }

  /// How deep this session is nested, 0 for an outermost one; nil without a mark.
  public static var depth: Int? { isMarked ? Int(brood_mark_current().level) : nil }

  /// Whether the user's limit leaves no room for a mark.
  public static var lacksRoom: Bool { brood_mark_lacks_room() }

  /// Forks the guardian; yields its pid and a private pidfd.
  public static func start() throws(SystemError) -> (pid: Int32, pidfd: Int32) {
    var pidfd: Int32 = -1
    let pid = try checked("fork", "guardian") { brood_guardian_start(&pidfd) }
    return (pid, pidfd)
  }

  /// A guardian that is started from now on moves what a pipe holds to another one when the session
  /// is killed; -1 for none.
  static func hold(tokens pipe: Int32, home: Int32) { brood_guardian_hold_tokens(pipe, home) }

  /// Kills what is left of the session but this process and its guardian; false if some of it
  /// could not be ended within `timeout` (ns).
  public static func endRest(sparing guardian: Int32, timeout: Int64) -> Bool {
    brood_guardian_end_rest(guardian, timeout) == 0
  }

  /// The guardian has nothing more to do: ends and reaps it.
  public static func dismiss(_ guardian: Int32) {
    guard guardian > 1, kill(guardian, SIGKILL) == 0 else { return }
    var end = brood_end()
    while brood_wait_pid(guardian, false, false, &end) == -EINTR {}
  }

  /// Tells the guardian of an orphan that came to the session, until it is reaped.
  public static func know(_ orphan: ProcessStat) {
    brood_guardian_know(orphan.pid, orphan.startTicks)
  }

  /// That orphan was reaped.
  public static func forget(_ pid: Int32) { brood_guardian_unknow(pid) }

  /// The lowest number that a task may have.
  public static let firstTask: UInt32 = 16

  /// Sets this process's task number, for all that it starts; 0 detaches, 2 is no task.
  public static func setTask(_ task: UInt32) throws(SystemError) {
    try checked("setrlimit") { brood_mark_set_task(task) }
  }

  /// Living processes of this session (zombies, detached ones and guardians left out).
  ///
  /// This process is among them. With `task` only those of that task.
  public static func members(task: UInt32? = nil) -> [Int32] {
    list { brood_mark_members(task ?? 0, $0, $1) }
  }

  /// Living processes of outermost sessions that died together with their guardian; each is
  /// listed once.
  public static func takeStrays() -> [Int32] {
    let strays = list { brood_mark_strays($0, $1) }
    for pid in strays { brood_mark_reported(pid) }
    return strays
  }

  /// Sends a signal to all processes of a task; yields how many it reached.
  @discardableResult
  public static func send(_ signal: Signal, toTask task: UInt32) -> Int {
    members(task: task).count { $0 != getpid() && kill($0, signal.number) == 0 }
  }

  /// The living processes of some tasks, each with its task; this process is left out.
  public static func members(tasks: Set<UInt32>) -> [(pid: Int32, task: UInt32)] {
    guard !tasks.isEmpty else { return [] }
    return members().compactMap { pid in
      var soft: UInt64 = 0
      var hard: UInt64 = 0
      guard pid != getpid(), brood_mark_of(pid, &soft, &hard) == 0 else { return nil }
      let task = brood_mark_part(soft)
      return tasks.contains(task) ? (pid, task) : nil
    }
  }

  /// Sends a signal to all processes of some tasks, with one look at the processes there are.
  @discardableResult
  public static func send(_ signal: Signal, toTasks tasks: Set<UInt32>) -> Int {
    members(tasks: tasks).count { kill($0.pid, signal.number) == 0 }
  }

  /// Lets a process and its living descendants outlive the session (prlimit(2)).
  ///
  /// Repeats until no new descendant turned up. Throws ESRCH, EPERM for another user's process, and
  /// where processes cannot be looked at.
  public static func detach(_ pid: Int32) throws(SystemError) {
    try checked("prlimit", "\(pid)") { brood_mark_detach(pid) }
    var done: Set<Int32> = [pid]
    while true {
      let fresh = try ProcessTree.whole().descendants(of: pid).filter { !done.contains($0) }
      if fresh.isEmpty { return }
      for child in fresh {
        _ = brood_mark_detach(child)
        done.insert(child)
      }
    }
  }

  /// Whether a process is one of this session, detached or not.
  public static func isMember(_ pid: Int32) -> Bool { brood_mark_is_member(pid) }

  /// Whether a process is detached, from the kernel.
  public static func isDetached(_ pid: Int32) -> Bool {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    return brood_mark_of(pid, &soft, &hard) == 0 && hard >> 63 == 1
      && brood_mark_part(soft) == UInt32(brood_soft_detached)
  }

  /// Whether a process is the guardian of a session, this one's or another's.
  public static func isGuardian(_ pid: Int32) -> Bool {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    return brood_mark_of(pid, &soft, &hard) == 0 && hard >> 63 == 1
      && brood_mark_part(soft) == UInt32(brood_soft_guardian)
  }

  /// Unlinks the socket files that the session's processes made and that no process has open any more.
  public static func unlinkSockets() { brood_guardian_unlink_all() }

  static func softLimit(forTask task: UInt32) -> UInt64? {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    guard isMarked, brood_mark_of(getpid(), &soft, &hard) == 0 else { return nil }
    return brood_mark_with_part(soft, task)
  }

  private static func list(_ fill: (UnsafeMutablePointer<Int32>?, Int32) -> Int32) -> [Int32] {
    let capacity = 65536
    return [Int32](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = min(capacity, Int(max(0, fill(buffer.baseAddress, Int32(capacity)))))
    }
  }
}
