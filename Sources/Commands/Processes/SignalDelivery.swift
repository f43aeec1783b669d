import Glibc
import Language
import Posix
import Processes
import Session

/// Sending signals to processes, their groups and their families.
enum SignalDelivery {
  static func send(_ signal: Signal, to target: ProcessTarget) throws {
    try target.requireLive()
    do {
      try Process.send(signal, to: target.pid)
    } catch {
      throw failure(error, target)
    }
    if target.pid == 1 { try requireEffect(signal) }
  }

  /// The kernel keeps signals without a handler from the first process of a container.
  private static func requireEffect(_ signal: Signal) throws {
    let isKept = signal.defaultAction != .ignore && signal.defaultAction != .continue
    if !isKept || Signals.disposition(of: signal) != .default { return }
    throw ErrorObject(
      .system, "\(signal.name) has no effect on this process, the first of its container",
      help: "`exit` ends it; `signal on` gives a signal a handler")
  }

  /// Why a signal could not be sent, with what to do.
  static func failure(_ error: SystemError, _ target: ProcessTarget) -> ErrorObject {
    switch error.code {
    case ESRCH:
      return target.handle == nil
        ? ErrorObject(
          .missing, "there is no process \(target.pid)", help: "ps shows those of the session")
        : target.goneError
    case EPERM:
      return ErrorObject(
        .system, "\(target.shown) belongs to another user: not permitted",
        help: "only its owner and root may signal it")
    default: return error.asError("cannot signal \(target.shown)")
    }
  }

  /// The whole process group of a process, which must not be the shell's own.
  static func sendToGroup(
    of target: ProcessTarget, _ signal: Signal, _ call: borrowing Call
  ) throws {
    let stat = try target.stat(call.session)
    if stat.group == Process.group {
      throw ErrorObject(
        .system, "\(target.shown) is in this shell's own process group",
        help: target.pid == Process.pid
          ? "--tree signals it and its descendants"
          : "what a script forks stays in that group: --tree signals it and its descendants; "
            + "`fork --detach` makes a group of its own")
    }
    do {
      try Process.send(signal, toGroup: stat.group)
    } catch {
      throw failure(error, target)
    }
  }

  /// Throws if a process is not there, or may not be signalled.
  static func probe(_ target: ProcessTarget) throws {
    if Glibc.kill(target.pid, 0) == 0 { return }
    throw failure(SystemError(call: "kill", code: errno), target)
  }

  /// What came of a signal to a process and all its descendants.
  struct TreeOutcome {
    /// All that were meant.
    let members: [Int32]
    /// Which of them were not sent it.
    let refused: Set<Int32>
    let problem: ErrorObject?
  }

  /// A process and all its descendants, those that are forked meanwhile too.
  ///
  /// - Parameter beforehand: called with each just before the signal is sent.
  static func sendToTree(
    of target: ProcessTarget, _ signal: Signal, _ call: borrowing Call,
    beforehand: (Int32) throws -> Void = { _ in }
  ) throws -> TreeOutcome {
    try target.requireLive()
    try probe(target)
    var tree = TreeSignal(signal)
    do {
      try tree.reach([target.pid], beforehand: beforehand)
    } catch let error as SystemError {
      throw error.asError("cannot look for the descendants of \(target.shown)")
    }
    try passOver(tree.held, call)
    // It would not come to the others.
    if target.pid == Process.pid { try send(signal, to: target) }
    return TreeOutcome(
      members: tree.members, refused: Set(tree.refused.map(\.pid)),
      problem: problem(tree, of: target, signal))
  }

  /// That children were stopped for a moment, and go on, is no news.
  static func passOver(_ stopped: [Int32], _ call: borrowing Call) throws {
    let children = stopped.compactMap { call.session.processes.child($0) }
    if children.isEmpty || call.session.handlers.blocked.contains(.chld) { return }
    for child in children { child.noteHeld(true) }
    try StopCommands.waitUntilContinued(children, call)
    // One that had no turn meanwhile was never stopped, and nothing is told of it.
    for child in children where child.letter != "T" { child.noteHeld(false) }
  }

  private static func problem(
    _ tree: TreeSignal, of target: ProcessTarget, _ signal: Signal
  ) -> ErrorObject? {
    if let (pid, error) = tree.refused.first {
      let shown = pid == target.pid ? target.shown : "process \(pid), below \(target.shown),"
      let others = tree.members.count - tree.refused.count
      return error.code == EPERM
        ? ErrorObject(
          .system, "\(shown) belongs to another user: not permitted",
          help: "only its owner and root may signal it"
            + (others > 0 ? "; the others have got \(signal.name)" : ""))
        : error.asError("cannot signal \(shown)")
    }
    if !tree.isOutrun { return nil }
    return ErrorObject(
      .limit, "the descendants of \(target.shown) fork faster than they can be signalled",
      help: "kill --tree -KILL ends what forks for ever")
  }
}

/// `kill -l`.
enum SignalTableReport {
  /// The table of some signals, by default of all.
  static func value(of signals: [Signal] = Signal.all) -> Value {
    let records = signals.map { signal in
      Value.record([
        "number": .int(Int(signal.number)), "name": .text(signal.name),
        "default": .text(signal.defaultAction.rawValue), "key": .text(signal.key ?? ""),
        "meaning": .text(signal.word),
      ])
    }
    return .items(records)
  }
}
