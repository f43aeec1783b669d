import Channels
import Language
import Posix
import Waits

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
