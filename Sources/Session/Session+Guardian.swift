import CPosix
import Glibc
import Language
import Posix
import Processes

/// The session's guardian, from its first process to its orderly end.
extension Session {
  /// The guardian; 0 if there is none.
  public var guardianPid: Int32 { slots?.guardian ?? supervisor.guardian }

  /// Before the first process of the session: its guardian (KERNEL.md).
  func startGuardian() throws {
    guard !isChild, supervisor.guardian == 0 else { return }
    let isFirst = supervisor.foreign == nil
    if isFirst { brood_box_prepare(Session.boxDirectory ?? "") }
    if isFirst {
      // The first process of a container has to look after all.
      supervisor.foreign = Process.pid == 1 ? [] : Set(reader.children(of: Process.pid))
    }
    let (pid, pidfd) = try mapErrors("cannot start the guardian") { try Guardian.start() }
    // Its end is found by its pid, like that of any child.
    Descriptors.close(pidfd)
    supervisor.guardian = pid
    slots?.guardian = pid
    if isFirst {
      tellStrays()
      tellWeakness()
    }
    ProgramMemory.gather()
    names.move()
    processes.move()
  }

  /// There is something new that a guardian should know of: one that runs is replaced.
  func renewGuardian() throws {
    let old = supervisor.guardian
    guard !isChild, old != 0 else { return }
    supervisor.guardian = 0
    do {
      try startGuardian()
    } catch {
      supervisor.guardian = old
      slots?.guardian = old
      throw error
    }
    Guardian.dismiss(old)
  }

  /// The guardian was stopped; it cannot do its work so.
  func continueGuardian() { try? Process.send(.cont, to: supervisor.guardian) }

  /// What sessions have left that were killed together with their guardians; each is told once.
  private func tellStrays() {
    // An inner session's outer one has told.
    if let depth = Guardian.depth, depth > 0 { return }
    let strays = Guardian.takeStrays()
    if strays.isEmpty { return }
    tellUser(
      "left behind by a session that was killed together with its guardian: \(listed(strays, most: 10)); "
        + "end what is not needed with kill")
  }

  /// Once, to a person: that the guardian cannot do all that it should.
  private func tellWeakness() {
    guard Guardian.lacksRoom, isatty(2) == 1 else { return }
    tellUser(
      "the limit of file locks (ulimit -x) is set here, so what programs leave behind would "
        + "outlive this session if it were killed; `help guardian` tells more")
  }

  /// Notes that a process and its descendants outlive the session.
  public func noteDetached(_ pid: Int32) {
    for pid in [pid] + ProcessTree(reader).descendants(of: pid) {
      slots?.detach(pid: pid)
      Guardian.forget(pid)
    }
  }

  /// Whether the guardian ends a process if the session is killed.
  public func guards(_ process: ProcessStat) -> Bool {
    if guardianPid == 0 || process.pid == rootPid || process.pid == guardianPid { return false }
    if Guardian.isDetached(process.pid) { return false }
    if Guardian.isMarked, Guardian.isMember(process.pid) { return kill(process.pid, 0) == 0 }
    return slots?.has(process) ?? false
  }

  /// At an orderly end: ends what no child of this process is, or would become one; whether nothing
  /// is left.
  func endRest() -> Bool {
    guard supervisor.hasGuardian else { return true }
    // What was kept is not to be told from what was not.
    if supervisor.keepsLeftovers { return true }
    if !supervisor.losesOrphans, let children = reader.childrenIfKnown(of: Process.pid) {
      let others = children.filter { pid in
        if pid == supervisor.guardian || supervisor.foreign?.contains(pid) ?? false { return false }
        guard let process = processes.child(pid) else { return true }
        return !process.isDetached && process.kind != .foreign && process.endInfo == nil
      }
      if others.isEmpty { return true }
    }
    return Guardian.endRest(sparing: supervisor.guardian, timeout: Session.timeoutAtEnd)
  }

  /// The last thing at an orderly end: lets the guardian go.
  func dismissGuardian() {
    guard supervisor.hasGuardian else { return }
    Guardian.dismiss(supervisor.guardian)
    supervisor.guardian = 0
  }

  /// How long the end waits for processes to die of KILL; then it is left to the guardian (ns).
  private static let timeoutAtEnd: Int64 = 1_000_000_000
}

extension Session {
  /// Processes as messages show them, as `'sleep' (4711), 'sh' (4712), …`.
  func listed(_ pids: [Int32], most: Int = 5) -> String {
    let shown = pids.prefix(most).map { pid in
      let process = processes.child(pid)
      // A leftover may have become another program since it came.
      let known = process?.kind == .leftover ? nil : process?.name
      let name = known ?? reader.stat(pid)?.name ?? process?.name ?? "?"
      // A process may call itself what it likes.
      return "'\(TerminalText.line(name))' (\(pid))"
    }
    return shown.joined(separator: ", ") + (pids.count > most ? ", …" : "")
  }

  /// A line of the session's own on standard error.
  func tellUser(_ text: String) {
    try? output.flush()
    Session.say("brood: \(text)")
  }
}
