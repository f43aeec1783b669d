import CPosix
import Glibc

/// This process and what it may ask of others.
public enum Process {
  /// How many forks lie between the session's own process and this one.
  ///
  /// State that a child must not inherit remembers the number it was made under, and is dropped
  /// when it is next used under another: writing to it in each child would cost a page copy.
  public static var forkDepth: UInt32 { brood_forks() }

  /// By which forks this process came about, as one number that differs from that of every other
  /// forked process, and is the same in every run that forks likewise.
  public static var forkPath: UInt64 { brood_fork_path() }

  /// Lets paths begin with this process.
  public static func forgetForkPath() { brood_forget_fork_path() }

  /// This process's pid, asked from the kernel (getpid(2)).
  public static var pid: Int32 { getpid() }

  /// The parent's pid now (getppid(2)).
  public static var parentPid: Int32 { getppid() }

  /// Ends without any cleaning up (_exit(2)).
  public static func exitNow(_ status: Int32) -> Never { brood_exit_now(status) }

  /// The words of the command line as they are, the program's name first.
  public static var arguments: [[UInt8]] {
    var count: Int32 = 0
    guard let words = brood_arguments(&count) else { return [] }
    return UnsafeBufferPointer(start: words, count: Int(count)).map { word in
      guard let word else { return [] }
      return Array(UnsafeRawBufferPointer(start: word, count: strlen(word)))
    }
  }

  /// The environment this process was started with, in its order; later duplicates are dropped.
  public static func startEnvironment() -> [(name: String, value: String)] {
    var result: [(name: String, value: String)] = []
    var seen: Set<String> = []
    guard var next = brood_environment() else { return [] }
    while let entry = next.pointee {
      next += 1
      let text = String(cString: entry)
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { continue }
      let name = String(text[..<equals])
      guard seen.insert(name).inserted else { continue }
      result.append((name, String(text[text.index(after: equals)...])))
    }
    return result
  }

  /// Opens a private pidfd; throws ESRCH if there is no such process (pidfd_open(2)).
  public static func descriptor(of pid: Int32) throws(SystemError) -> Int32 {
    try checked("pidfd_open", "\(pid)") { brood_pidfd_open(pid) }
  }

  /// Sends a signal through a pidfd, which cannot hit a reused pid (pidfd_send_signal(2)).
  public static func send(_ signal: Signal, toDescriptor pidfd: Int32) throws(SystemError) {
    try checked("pidfd_send_signal") { brood_pidfd_signal(pidfd, signal.number) }
  }

  /// Sends a signal to one process; pids below 2 are refused with EINVAL, but for this process
  /// itself, which may be the first of a container (kill(2)).
  public static func send(_ signal: Signal, to pid: Int32) throws(SystemError) {
    guard pid > 1 || (pid == 1 && getpid() == 1) else {
      throw SystemError(call: "kill", code: EINVAL, detail: "\(pid)")
    }
    if Recorder.isOn { recordKill(signal, pid) }
    _ = try libc("kill", "\(pid)") { kill(pid, signal.number) }
  }

  private static func recordKill(_ signal: Signal, _ pid: Int32) {
    Recorder.write(.kill, number: UInt64(signal.number), other: pid, hasPlace: true)
  }

  /// Sends a signal to a process group; groups below 2 are refused with EINVAL (killpg(3)).
  public static func send(_ signal: Signal, toGroup group: Int32) throws(SystemError) {
    guard group > 1 else { throw SystemError(call: "killpg", code: EINVAL, detail: "\(group)") }
    if Recorder.isOn { recordKill(signal, -group) }
    _ = try libc("killpg", "\(group)") { killpg(group, signal.number) }
  }

  /// Puts a process into a group; 0 stands for itself and for its own pid (setpgid(2)).
  public static func setGroup(of pid: Int32, to group: Int32) throws(SystemError) {
    _ = try libc("setpgid", "\(pid)") { setpgid(pid, group) }
  }

  /// This process's group (getpgrp(2)).
  public static var group: Int32 { getpgrp() }

  /// Starts a new session without a terminal (setsid(2)).
  public static func newSession() throws(SystemError) { _ = try libc("setsid") { setsid() } }

  /// Lets a process, 0 for this one, have at most so many bytes of memory of its own (prlimit(2)).
  public static func limitMemory(of pid: Int32, to bytes: Int) throws(SystemError) {
    try checked("prlimit", "\(pid)") { brood_limit_data(pid, UInt64(clamping: bytes)) }
  }

  /// A process's niceness, -20 to 19; 0 is this process (getpriority(2)).
  public static func niceness(of pid: Int32) throws(SystemError) -> Int32 {
    var nice: Int32 = 0
    try checked("getpriority", "\(pid)") { brood_get_nice(pid, &nice) }
    return nice
  }

  /// Sets the niceness of all processes of a group (setpriority(2)).
  public static func setNiceness(ofGroup group: Int32, to nice: Int32) throws(SystemError) {
    _ = try libc("setpriority", "group \(group)") {
      setpriority(
        __priority_which_t(truncatingIfNeeded: PRIO_PGRP.rawValue), id_t(group), nice)
    }
  }

  /// Sets a process's niceness; throws EACCES for less than now without privilege.
  public static func setNiceness(of pid: Int32, to nice: Int32) throws(SystemError) {
    try checked("setpriority", "\(pid)") { brood_set_nice(pid, nice) }
  }

  /// Whether orphans below this process come to it; a fork does not inherit it (prctl(2)).
  public static func adoptOrphans(_ on: Bool) throws(SystemError) {
    try checked("prctl") { brood_subreaper(on) }
  }

  /// In a fresh child: the kernel sends `signal` when `parent` ends; ESRCH if it already has.
  public static func dieWithParent(
    _ parent: Int32, _ signal: Signal = .term
  ) throws(SystemError) {
    try checked("prctl") { brood_die_with(parent, signal.number) }
  }

  /// A CPU to keep to.
  public enum CPU {
    /// The one that this process is on.
    case current
    /// One of those that it could use when it first kept to one, in turn.
    case numbered(Int)
    /// Any of those.
    case any
  }

  /// Has this process and those that it forks keep to a CPU (sched_setaffinity(2)), where that is possible.
  public static func keep(to cpu: CPU) {
    switch cpu {
    case .current: brood_keep_to_cpu(-2)
    case .numbered(let number): brood_keep_to_cpu(Int32(clamping: max(0, number)))
    case .any: brood_keep_to_cpu(-1)
    }
  }

  /// How many CPUs this process may use (sched_getaffinity(2)).
  public static var usableCPUs: Int { max(1, Int(brood_usable_cpus())) }
}
