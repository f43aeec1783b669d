import Channels
import Language
import Posix
import Processes
import Session

/// One process as the reports show it.
struct ProcessRow {
  let stat: ProcessStat
  let state: ProcessState
  let name: String
  let command: String
  /// Since its start (ns).
  let age: Int
  /// What it waits for; empty if it does not.
  let waitsFor: String

  var record: Value {
    .record([
      "name": .text(name), "pid": .int(Int(stat.pid)), "ppid": .int(Int(stat.parent)),
      "state": .text(String(state.letter)), "flags": .text(state.flags),
      "word": .text(state.word), "nice": .int(Int(stat.nice)), "age": .duration(age),
      "waits": .text(waitsFor), "command": .text(command),
    ])
  }
}

/// Reads processes from /proc, all at one moment.
struct ProcessSurvey {
  let session: Session
  let tree: ProcessTree
  private let entries: ProcessSlots.Entries
  private let notes: [Int32: WaitNote.Seen]
  private let now: Int
  /// The command line that forks of this shell have too.
  private let ownArguments: [String]

  init(_ session: Session) {
    self.session = session
    var entries = session.processEntries
    tree = ProcessTree(session.reader)
    // Who was reaped meanwhile keeps its name.
    entries.update(session.processEntries)
    self.entries = entries
    notes = session.waitNotes
    ownArguments = session.reader.arguments(of: Process.pid) ?? []
    // Starts are counted from the boot.
    let uptime = session.reader.text(0, "uptime")?.prefix { $0 != " " }
    now = uptime.flatMap { Double($0) }.map { Int($0 * 1e9) } ?? 0
  }

  /// Throws where processes may be missing.
  static func whole(_ session: Session) throws -> ProcessSurvey {
    let survey = ProcessSurvey(session)
    if let gap = survey.tree.gap { throw gap.asError("cannot look at all processes") }
    return survey
  }

  /// The session's own process and all below it, the guardian left out.
  var members: [Int32] {
    let below = tree.descendants(of: root).filter { !isHelper($0) }
    return ([root] + below).sorted(by: isOlder)
  }

  /// Whether the first was made earlier.
  func isOlder(_ one: Int32, _ other: Int32) -> Bool {
    let ticks = (tree.processes[one]?.startTicks ?? 0, tree.processes[other]?.startTicks ?? 0)
    return ProcessStat.isOlder((ticks.0, one), than: (ticks.1, other))
  }

  /// The process at the top of what `ps` and `tree` show.
  var root: Int32 { tree.processes[session.rootPid] == nil ? Process.pid : session.rootPid }

  /// The guardian, what hears Ctrl-C for the prompt and what gives back a screen, which have not their
  /// names yet when they have just begun.
  func isHelper(_ pid: Int32) -> Bool {
    if pid == session.guardianPid || pid == InterruptForwarder.pid || pid == TerminalScreen.keeper {
      return true
    }
    return ["brood-guardian", "brood-keys", "brood-screen", "brood watchdog"].contains(
      tree.processes[pid]?.name)
  }

  func row(_ pid: Int32) -> ProcessRow? {
    guard let stat = tree.processes[pid] else { return nil }
    let state = ProcessState(stat)
    return ProcessRow(
      stat: stat, state: state, name: name(stat), command: command(stat),
      age: max(0, now - Int(stat.startTime)), waitsFor: waits(stat, state))
  }

  /// As reports call a process: the name that the session knows, else the kernel's.
  func name(_ stat: ProcessStat) -> String {
    if let name = self.name(stat.pid) ?? entry(stat)?.name { return name }
    return stat.pid == session.rootPid ? "brood" : stat.name
  }

  private func name(_ pid: Int32) -> String? {
    session.processes.child(pid)?.name ?? entries.byPid[pid]?.name
  }

  /// What the session's table says of a process, of one that is just being made too.
  private func entry(_ stat: ProcessStat) -> ProcessSlots.Entry? {
    if let entry = entries.byPid[stat.pid] { return entry }
    guard let entry = entries.begun[stat.parent] else { return nil }
    let unknown = tree.children[stat.parent, default: []].filter {
      entries.byPid[$0] == nil && !isHelper($0)
    }
    return unknown.max(by: isOlder) == stat.pid ? entry : nil
  }

  /// What it runs: the block of a fork, else its command line.
  ///
  /// A fork has the command line of the shell, which says nothing of it, until it becomes another
  /// program; that shows in the kernel's name for it.
  private func command(_ stat: ProcessStat) -> String {
    let isCopy = stat.name == tree.processes[Process.pid]?.name
    let process = session.processes.child(stat.pid)
    if let process, !process.kind.isOrphan, !process.command.isEmpty,
      isCopy || process.kind != .fork || "ZX".contains(ProcessState(stat).letter)
    {
      return process.command
    }
    guard let arguments = session.reader.arguments(of: stat.pid), !arguments.isEmpty else {
      return "[\(stat.name)]"
    }
    if isCopy, stat.pid != session.rootPid, arguments == ownArguments, let entry = entry(stat) {
      // Those that this very process made are in its table.
      let isOrphan = stat.parent == Process.pid
      if !entry.work.isEmpty { return isOrphan ? "orphan: \(entry.work)" : entry.work }
      return isOrphan ? "fork (orphan)" : origin(stat.parent)
    }
    return arguments.joined(separator: " ")
  }

  /// Whose copy a fork is; unknown once that has ended.
  private func origin(_ parent: Int32) -> String {
    if parent == session.rootPid { return "fork of brood" }
    return name(parent).map { "fork of \($0)" } ?? "fork (orphan)"
  }

  private func waits(_ stat: ProcessStat, _ state: ProcessState) -> String {
    switch state.letter {
    case "Z": return "wait by parent"
    case "T": return "CONT"
    case "R", "X": return ""
    default: return session.reader.waiting(stat.pid).map { plainWords($0, of: stat.pid) } ?? ""
    }
  }

  /// Whether a wait for events has a time limit: milliseconds or a place in memory.
  private func isTimed(_ wait: ProcessWait) -> Bool {
    switch wait.name {
    case "epoll_wait", "epoll_pwait": Int32(truncatingIfNeeded: wait.arguments[3]) >= 0
    case "epoll_pwait2": wait.arguments[3] != 0
    case "poll": Int32(truncatingIfNeeded: wait.arguments[2]) >= 0
    case "ppoll": wait.arguments[2] != 0
    default: wait.arguments[4] != 0
    }
  }

  /// A system call in plain words, where there are some.
  private func plainWords(_ wait: ProcessWait, of pid: Int32) -> String {
    // In one of these Brood itself sleeps; what a process became by exec does not say so.
    let sleeping = ["rt_sigtimedwait", "epoll_wait", "epoll_pwait2", "poll", "ppoll", "recvmsg"]
    if sleeping.contains(wait.name), tree.processes[pid]?.name == tree.processes[Process.pid]?.name,
      let call = pid == session.rootPid ? entries.rootWaits : entries.byPid[pid]?.waits,
      !call.isEmpty
    {
      return session.resolved(call, notes[pid]) { self.name($0) }
    }
    switch wait.name {
    case "wait4", "waitid":
      guard let pid = wait.target.flatMap({ Int32($0) }) else { return "a child" }
      return "child \(name(pid) ?? String(pid))"
    // A shell waits so for a child, and for signals meanwhile.
    case "rt_sigtimedwait":
      return name(pid) == nil && pid != session.rootPid ? "a signal" : "a child"
    case "pause", "rt_sigsuspend": return "a signal"
    case "nanosleep", "clock_nanosleep": return "time"
    case "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6":
      return isTimed(wait) ? "events, time" : "events"
    case "futex": return "a lock"
    default: return wait.summary
    }
  }
}
