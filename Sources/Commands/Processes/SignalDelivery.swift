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

  /// A process and all its descendants, parents first; yields who was meant.
  ///
  /// What ends or stops a process is sent until no new descendant turns up: they may be forking.
  @discardableResult
  static func sendToTree(of target: ProcessTarget, _ signal: Signal) throws -> Set<Int32> {
    var done: Set<Int32> = [target.pid]
    let before = ProcessTree().descendants(of: target.pid)
    try send(signal, to: target)
    var fresh = before
    while true {
      fresh = fresh.filter { $0 != Process.pid && done.insert($0).inserted }
      for pid in fresh { try? Process.send(signal, to: pid) }
      if fresh.isEmpty || signal.defaultAction == .ignore { return done }
      let tree = ProcessTree()
      fresh = done.flatMap { tree.descendants(of: $0) }
    }
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
