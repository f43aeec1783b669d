import Language
import Posix
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

  /// The same as a line of a table: state and flags in one, the age rounded.
  var line: MapObject {
    let map = MapObject()
    map.set("name", .text(truncated(name, toWidth: 14)))
    map.set("pid", .int(Int(stat.pid)))
    map.set("ppid", .int(Int(stat.parent)))
    map.set("state", .text("\(state.letter)\(state.flags)"))
    map.set("word", .text(state.word))
    map.set("nice", .int(Int(stat.nice)))
    map.set("age", .text(ProcessRow.shortAge(age)))
    map.set("waits", .text(truncated(waitsFor, toWidth: 16)))
    map.set("command", .text(command))
    return map
  }

  /// `0.4s`, `12s`, `3m20s`, `5h07m`, `2d03h`.
  static func shortAge(_ nanoseconds: Int) -> String {
    let seconds = max(0, nanoseconds) / 1_000_000_000
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if seconds < 10 { return "\(seconds).\(max(0, nanoseconds) / 100_000_000 % 10)s" }
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return "\(seconds / 60)m\(two(seconds % 60))s" }
    if seconds < 86400 { return "\(seconds / 3600)h\(two(seconds / 60 % 60))m" }
    return "\(seconds / 86400)d\(two(seconds / 3600 % 24))h"
  }
}

/// Reads processes from /proc, all at one moment.
struct ProcessSurvey {
  let session: Session
  let tree: ProcessTree
  private let names: [Int32: String]
  private let now: Int

  init(_ session: Session) {
    self.session = session
    tree = ProcessTree(session.reader)
    names = session.processNames
    // Starts are counted from the boot.
    let uptime = session.reader.text(0, "uptime")?.prefix { $0 != " " }
    now = uptime.flatMap { Double($0) }.map { Int($0 * 1e9) } ?? 0
  }

  /// The session's own process and all below it, the guardian left out.
  var members: [Int32] {
    let below = tree.descendants(of: root).filter { !isHelper($0) }
    return ([root] + below).sorted { started($0) < started($1) }
  }

  private func started(_ pid: Int32) -> (UInt64, Int32) {
    (tree.processes[pid]?.startTicks ?? 0, pid)
  }

  /// The process at the top of what `ps` and `tree` show.
  var root: Int32 { tree.processes[session.rootPid] == nil ? Process.pid : session.rootPid }

  /// The guardian, which has not its name yet when it has just begun.
  func isHelper(_ pid: Int32) -> Bool {
    pid == session.guardianPid || tree.processes[pid]?.name == "brood-guardian"
  }

  func row(_ pid: Int32) -> ProcessRow? {
    guard let stat = tree.processes[pid] else { return nil }
    let state = ProcessState(stat)
    return ProcessRow(
      stat: stat, state: state, name: name(stat), command: command(stat),
      age: max(0, now - Int(stat.startTime)), waitsFor: waits(stat, state))
  }

  private func name(_ stat: ProcessStat) -> String {
    if let name = names[stat.pid] { return name }
    return stat.pid == session.rootPid ? "brood" : stat.name
  }

  private func command(_ stat: ProcessStat) -> String {
    if let process = session.processes.child(stat.pid), !process.command.isEmpty {
      return process.command
    }
    guard let arguments = session.reader.arguments(of: stat.pid), !arguments.isEmpty else {
      return "[\(stat.name)]"
    }
    return arguments.joined(separator: " ")
  }

  private func waits(_ stat: ProcessStat, _ state: ProcessState) -> String {
    switch state.letter {
    case "Z": return "wait by parent"
    case "T": return "CONT"
    case "R", "X": return ""
    default: return session.reader.waiting(stat.pid).map(plainWords) ?? ""
    }
  }

  /// A system call in plain words, where there are some.
  private func plainWords(_ wait: ProcessWait) -> String {
    switch wait.name {
    case "wait4", "waitid":
      guard let pid = wait.target.flatMap({ Int32($0) }) else { return "a child" }
      return "child \(names[pid] ?? String(pid))"
    case "rt_sigtimedwait": return "a child or signal"
    case "pause", "rt_sigsuspend": return "a signal"
    case "nanosleep", "clock_nanosleep": return "time"
    case "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6":
      return "events"
    case "futex": return "a lock"
    default: return wait.summary
    }
  }
}
