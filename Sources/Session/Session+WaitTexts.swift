import Channels
import Language
import Posix
import Waits

extension Session {
  /// What the processes of the session have noted that they wait for, by pid.
  public var waitNotes: [Int32: WaitNote.Seen] {
    SessionMemory.own?.notes ?? [:]
  }

  /// What a process waits for, and where: `lock acquire b (demo.brood:3)`; nil if nothing is known.
  func waitText(_ sleep: WaitProcess.Sleep) -> String? {
    var words = sleep.verb
    if let first = sleep.targets.first {
      if let name = Channel.name(of: first.object) { words += " \(name)" }
      let known = processNames
      let names = sleep.targets.prefix(3).compactMap(\.object.pid).map { pid in
        known[pid] ?? processes.ended(pid: pid)?.name ?? "\(pid)"
      }
      // The words of any other call tell themselves what it is about.
      let isWait = sleep.verb == OperationPoint.Verb.processWait.name
      if isWait, !names.isEmpty { words += " " + names.joined(separator: " ") }
    }
    if words.isEmpty { return nil }
    return words + (sleep.place.map { " (\($0.text):\($0.line))" } ?? "")
  }

  /// A call that a process sleeps in, as `lock acquire $forks[$i]`, as what it means there: `lock
  /// acquire fork1`.
  ///
  /// It stays as it is where it tells the names itself, or they are not known.
  public func resolved(
    _ call: String, _ note: WaitNote.Seen?, name: (Int32) -> String?
  ) -> String {
    guard let note, let first = note.sleep.targets.first else { return call }
    if first.want == .end {
      let names = note.sleep.targets.map { target in
        target.object.pid.map { name($0) ?? String($0) } ?? "?"
      }
      // Without arguments all children are meant.
      let isPlain = !call.contains("$") && !call.contains("(")
      return isPlain ? call : "wait " + names.joined(separator: " ")
    }
    guard let name = Channel.name(of: first.object), !call.contains(name) else { return call }
    return "\(note.verb.name) \(name)"
  }
}

extension Session {
  /// Ctrl-C has come: what all wait for now, of which little is left when it has been dealt with.
  func noteInterrupt(of pid: Int32? = nil) {
    guard !isChild, !isInteractive, let memory = SessionMemory.own else { return }
    for one in memory.cut where pid == nil || one.pid == pid {
      lookout.interrupted.removeAll { $0.pid == one.pid }
      lookout.interrupted.append(one)
    }
  }

  /// An interrupted script says what it waited for, and what each of its processes did.
  ///
  /// Where nothing waits for another process there is nothing to tell.
  func tellOfInterrupt() {
    guard !isChild, !isInteractive, !isSilent, let memory = SessionMemory.own else { return }
    // Children may have been woken earlier, or later.
    let known = Set(lookout.interrupted.map(\.pid))
    let all = lookout.interrupted + memory.cut.filter { !known.contains($0.pid) }
    lookout.interrupted = []
    let own = all.first { $0.pid == rootPid && !$0.sleep.targets.isEmpty }
    let others = all.filter { $0.pid != rootPid }
    if own == nil, others.isEmpty { return }
    let place = own.flatMap { waitText($0.sleep) }.map { " in \($0)" } ?? ""
    var lines = ["brood: interrupted" + place]
    let shown = others.count > Session.mostLines ? Session.mostLines - 1 : others.count
    for process in others.prefix(shown) {
      let what = waitText(process.sleep).map { "in \($0)" } ?? "waited"
      lines.append("  \(process.name) (\(process.pid)), \(what)")
    }
    if shown < others.count { lines.append("  … and \(others.count - shown) more") }
    postponing { try output.flush() }
    Session.say(lines.joined(separator: "\n"))
  }

  /// So many of the others are told of.
  private static let mostLines = 9
}
