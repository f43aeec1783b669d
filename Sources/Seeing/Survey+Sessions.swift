import Channels
import Posix
import Waits

/// Looks at the sessions of Brood to which processes that are looked at belong: what their processes
/// have noted that they wait for, with names and lines.
struct SessionLooks {
  private struct Session {
    let memory: SessionMemory
    let first: SessionLook
  }

  private var sessions: [Int32: Session] = [:]
  /// What their processes have noted that they wait for.
  private var notes: [Int32: WaitNote.Seen] = [:]
  /// Processes of those sessions.
  private(set) var pids: Set<Int32> = []
  private(set) var gaps: [String] = []

  /// Takes in the session of a process, if it has one; yields the other processes of that session.
  mutating func admit(_ pid: Int32) -> [Int32] {
    if pids.contains(pid) || !SessionMemory.hasOne(pid) { return [] }
    do throws(SessionMemory.Failure) {
      let memory = try SessionMemory.of(pid)
      let root = memory.rootPid
      guard sessions[root] == nil else { return [] }
      let look = SessionLook(memory)
      sessions[root] = Session(memory: memory, first: look)
      notes.merge(memory.notes) { $1 }
      // The guardian has the memory, too, and is none of them.
      let members = look.pids
      pids.formUnion(members)
      return members.filter { $0 != pid }
    } catch {
      switch error {
      case .none: break
      case .otherLayout: gaps.append("the session of \(pid) is of another version of Brood")
      case .denied: gaps.append("the memory of the session of \(pid) may not be read")
      }
      return []
    }
  }

  /// The processes whose end a process waits for, and that count beside those of its session, if its
  /// note tells all that it waits for; nil if the kernel has to be asked.
  func wakers(of pid: Int32) -> [Int32]? {
    guard let sleep = notes[pid]?.sleep,
      sleep.targets.isEmpty ? sleep.deadline != nil : !sleep.hasMore
    else { return nil }
    return sleep.targets.compactMap(\.object.pid)
  }

  /// What the second look says, with the first one.
  mutating func graph() -> WaitGraph {
    var result = WaitGraph()
    for session in sessions.values {
      let look = SessionLook(session.memory)
      gaps += look.gaps
      result.merge(look.graph(since: session.first))
    }
    return result
  }
}

extension Survey {
  /// Puts what sessions know of themselves into the graph.
  ///
  /// What a process has noted is more than what the kernel tells of it; where it has noted nothing,
  /// as in a call that is no wait of Brood's, the kernel's answer stays.
  func add(_ known: WaitGraph) {
    for object in known.objects.values { graph.add(object) }
    for pid in known.order {
      guard let noted = known.processes[pid] else { continue }
      let kernel = graph.processes[pid]
      if isKnownBetter(noted, kernel) {
        graph.add(joined(noted, kernel))
        describedBySessions.insert(pid)
        note(pid) { situation in
          // Of a sleep without an object the kernel tells more.
          var notes = noted.sleep?.targets.isEmpty ?? true ? situation.notes : []
          if isToldWholly(noted), let sleep = noted.sleep, sleep.targets.isEmpty,
            let deadline = sleep.deadline
          {
            notes = [timeLeft(until: deadline)]
          }
          situation = Situation()
          situation.notes = notes
        }
      } else {
        graph.change(pid) { process in
          process.name = noted.name
          process.flags.formUnion(noted.flags)
        }
      }
    }
  }

  /// Whether the kernel's side of a sleep has nothing to add to what the process has noted.
  func isToldWholly(_ noted: WaitProcess?) -> Bool {
    guard let noted, let sleep = noted.sleep else { return false }
    switch noted.state {
    case .asleep where sleep.targets.isEmpty: return sleep.deadline != nil
    case .asleep, .stopped:
      if sleep.targets.isEmpty || sleep.hasMore { return false }
      // Of sockets only their numbers are noted.
      return !sleep.targets.contains { [.socket, .listener].contains($0.object.kind) }
    default: return false
    }
  }

  /// A process that waits at a named end of a pipe: who else has that is the kernel's to tell, since
  /// programs may have it, too.
  private func joined(_ noted: WaitProcess, _ kernel: WaitProcess?) -> WaitProcess {
    guard let sleep = noted.sleep, sleep.hasMore, sleep.targets.first?.object.kind == .pipe,
      let ends = kernel?.sleep?.targets.filter({ $0.object.kind == .rawPipe }), ends.count == 1
    else { return noted }
    var result = noted
    result.sleep?.targets = ends
    result.sleep?.hasMore = false
    return result
  }

  private func isKnownBetter(_ noted: WaitProcess, _ kernel: WaitProcess?) -> Bool {
    guard let kernel else { return true }
    if case .unknown = noted.state { return false }
    // How it ended, and who has to wait for it, the kernel knows.
    if noted.state == .ended { return false }
    // The kernel still shows the sleep that is over.
    if noted.state == .stopped, noted.flags.contains(.woken) { return true }
    guard noted.state == .asleep || noted.state == .stopped, let sleep = noted.sleep else {
      // What a program that it became waits for is the kernel's to tell.
      return noted.sleep != nil || kernel.sleep == nil
    }
    return !sleep.targets.isEmpty || sleep.deadline != nil || kernel.sleep?.targets.isEmpty ?? true
  }
}
