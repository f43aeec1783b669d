import Language
import Posix
import Processes

/// What programs have left behind: processes that they started and did not wait for.
///
/// They come to the session as orphans. No verb asked for them, so a script does not wait for
/// them: what does not end by itself is ended and named, or kept where the user wants that.
extension Session {
  /// Those that live.
  var leftovers: [ProcessHandle] {
    processes.all.filter { $0.kind == .leftover && !$0.isDetached && isLiving($0) }
  }

  /// What the prompt ends when it is left: what a script joins, and what programs have left.
  public var endsWithPrompt: [ProcessHandle] {
    supervisor.keepsLeftovers ? joinable : joinable + leftovers
  }

  /// At an orderly end.
  func endLeftovers(_ interpreter: Interpreter) {
    if supervisor.keepsLeftovers { return letGoOfLeftovers() }
    if isInteractive || endingSignal != nil { return }  // ended with all other children
    sweep()
    if leftovers.isEmpty { return }
    do {
      func haveEnded(within time: Int64) throws -> Bool {
        try pause(interpreter, until: Clock.deadline(after: time)) {
          sweep()
          return leftovers.isEmpty
        }
      }
      // The end of what a program has written may be on its way through one.
      if try haveEnded(within: Session.moment) { return }
      let names = listed(leftovers.map(\.pid))
      end(by: Termination.request)
      if try !haveEnded(within: Termination.graceOfSession) { end(by: Termination.force) }
      tellUser(
        "ended what programs left behind: \(names); to keep such processes: "
          + "config leftovers keep, or spawn --detach")
    } catch {
      _ = status(of: error)
    }
  }

  /// Ends them and their descendants, which would come to the session else.
  private func end(by end: (Int32) -> Void) {
    let tree = ProcessTree(reader)
    for process in leftovers {
      for pid in [process.pid] + tree.descendants(of: process.pid)
      where !Guardian.isDetached(pid) && !Guardian.isGuardian(pid) { end(pid) }
    }
  }

  private func letGoOfLeftovers() {
    sweep()
    for process in leftovers {
      if Guardian.isMarked { try? Guardian.detach(process.pid) }
      noteDetached(process.pid)
      process.noteDetached()
    }
  }

  /// How long what programs have left may take to end by itself (ns).
  private static let moment: Int64 = 100_000_000
}
