import Channels
import Posix
import Waits

extension Session {
  /// What the processes of the session have noted that they wait for, by pid.
  public var waitNotes: [Int32: WaitNote.Seen] {
    SessionMemory.own?.notes ?? [:]
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
