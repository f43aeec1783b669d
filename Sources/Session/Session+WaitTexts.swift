import Channels
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
      if !names.isEmpty { words += " " + names.joined(separator: " ") }
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
