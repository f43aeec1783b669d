import Language
import Posix
import Processes
import Session

/// What a lesson has brought into the session, so that it can be ended again: processes by their
/// mark, channels and pools by their names, handlers of signals, settings.
final class LessonWorld {
  private let session: Session
  private let interpreter: Interpreter
  private let names: Set<String>
  private let handled: Set<Signal>
  private let ignored: SignalSet
  private let blocked: SignalSet
  private let settings: [(key: String, value: Value)]
  /// Processes with higher ids are of the lesson.
  private let lastProcess: Int

  /// The number that marks processes of a lesson; pools have lower ones.
  private static let task: UInt32 = 0x4C53_534E

  init(_ interpreter: Interpreter) {
    self.interpreter = interpreter
    let session = interpreter.session
    self.session = session
    names = Set(session.names.all().map(\.name))
    handled = Set(session.handlers.blocks.keys)
    (ignored, blocked) = (session.handlers.ignored, session.handlers.blocked)
    settings = session.settings.list.compactMap { setting in
      (try? session.settings.get(setting.key)).map { (setting.key, $0) }
    }
    lastProcess = session.processes.lastID
    if Guardian.isMarked { try? Guardian.setTask(LessonWorld.task) }
  }

  /// Whether a child is of the lesson.
  func owns(_ process: ProcessHandle) -> Bool { process.id > lastProcess }

  /// Living processes of the lesson, children or not.
  var living: [Int32] {
    let marked =
      Guardian.isMarked ? Guardian.members(task: LessonWorld.task).filter { $0 != Process.pid } : []
    let own = session.processes.all.filter { owns($0) && $0.letter != "Z" }.map(\.pid)
    return Array(Set(marked + own)).sorted()
  }

  /// Names of what the lesson has made and that is still there.
  var things: [String] { session.names.all().map(\.name).filter { !names.contains($0) } }

  /// No news comes of the processes that there are now: the learner is to find out.
  func silence() {
    for process in session.processes.all where owns(process) { process.wasReported = true }
  }

  /// Ends all of it; false if some process could not be ended within two seconds.
  @discardableResult
  func clear() throws -> Bool {
    let made = session.names.all().filter { !names.contains($0.name) }
    let pools = made.compactMap { $0.handle as? Pool }
    for pool in pools { pool.terminate() }
    clearSignals()
    for setting in settings {
      guard let now = try? session.settings.get(setting.key), now.asText != setting.value.asText
      else { continue }
      try? session.settings.set(setting.key, setting.value)
    }
    let deadline = Clock.deadline(after: 2_000_000_000)
    let isClear = try session.pause(interpreter, until: deadline) { endProcesses() }
    // The end of a pool kills by marks, which workers of a next one may have again.
    for pool in pools { _ = try? pool.join(until: deadline) }
    for (name, handle) in session.names.all() where !names.contains(name) {
      if let channel = handle as? ChannelHandle {
        session.dropChannel(channel)
      } else {
        (handle as? SocketHandle)?.close()
        session.names.release(name, of: handle)
      }
    }
    return isClear
  }

  /// What the lesson has handled, ignored and blocked is as before; what it has sent is nobody's.
  private func clearSignals() {
    let handlers = session.handlers
    let kept = handlers.blocked.subtracting(blocked)
    if !kept.isEmpty {
      while Signals.takePending(kept) != nil {}
      handlers.unblock(kept)
    }
    for signal in handlers.blocks.keys where !handled.contains(signal) {
      try? handlers.reset(signal)
    }
    for signal in handlers.ignored.subtracting(ignored) { try? handlers.reset(signal) }
  }

  /// Kills what lives and reaps what has ended; true when nothing is left.
  private func endProcesses() -> Bool {
    let own = session.processes.all.filter(owns)
    // No news of those.
    for process in own { process.wasReported = true }
    let living = living
    for pid in living { Termination.force(pid) }
    for process in own where !process.kind.isOrphan { _ = try? session.reapNow(process) }
    return living.isEmpty && session.processes.all.allSatisfy { !owns($0) || $0.record != nil }
  }

  /// The lesson is over: what is started from now on is no part of it.
  func end() {
    if Guardian.isMarked { try? Guardian.setTask(LessonWorld.noTask) }
  }

  /// 2 is no task (`Guardian.setTask`).
  private static let noTask: UInt32 = 2
}
