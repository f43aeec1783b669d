import Language
import Posix

/// What the user set for signals, and what has come and waits for its turn.
public final class SignalHandlers {
  /// Signals that end a process, here not at once: `finally` and `on-exit` run and output is
  /// written first, and the process dies of the signal after that.
  static let ending: SignalSet = [.hup, .term, .alrm, .usr1, .usr2]

  /// Blocks of `signal on`.
  public private(set) var blocks: [Signal: Value] = [:]
  /// The fork depth at which the last of them was set.
  private var depth: UInt32 = 0
  /// Signals of `signal ignore`.
  public private(set) var ignored: SignalSet = []
  /// Signals of `signal block`.
  public private(set) var blocked: SignalSet = []
  /// What Swift code does at a signal that the user has no block for, as the prompt at WINCH.
  public var hooks: [Signal: () throws -> Void] = [:]
  /// What Swift code does before the user's block for INT runs.
  public var beforeInterrupt: (() -> Void)?
  /// Signals whose block is running: the same signal waits until it is done.
  var running: SignalSet = []
  /// Recorded, but not dealt with yet.
  var waiting: [RecordedSignal] = []
  /// What was thrown where it could not be handed on; thrown again at the next chance.
  var postponed: (any Error)?
  /// Who sent the last Ctrl-C; 0 for the keyboard.
  public internal(set) var lastInterruptSender: Int32 = 0

  /// Whether this process has set some itself, rather than inherited all.
  ///
  /// One that waits for ever is trusted to be woken by those only: what a script sets for itself is
  /// not meant to end the waits of its children.
  var hasOwn: Bool { !blocks.isEmpty && depth == Process.forkDepth }

  /// Runs a block at a signal from now on.
  public func on(_ signal: Signal, _ block: Value) throws {
    try refuseUncatchable(signal)
    try mapErrors("cannot handle \(signal.name)") { try Signals.setByUser(signal, .record) }
    ignored.remove(signal)
    blocks[signal] = block
    depth = Process.forkDepth
  }

  /// Ignores a signal from now on, in programs too.
  public func ignore(_ signal: Signal) throws {
    try refuseUncatchable(signal)
    if signal == .chld {
      throw ErrorObject(
        .type, "CHLD cannot be ignored: the statuses of children would be lost",
        help: "to have children reaped at once: config reap auto")
    }
    try mapErrors("cannot ignore \(signal.name)") { try Signals.setByUser(signal, .ignore) }
    blocks[signal] = nil
    ignored.insert(signal)
  }

  /// Lets a signal do again what it does in a shell that was told nothing.
  public func reset(_ signal: Signal) throws {
    try refuseUncatchable(signal)
    blocks[signal] = nil
    ignored.remove(signal)
    try mapErrors("cannot reset \(signal.name)") {
      switch signal {
      case .int, .chld, .urg: try Signals.set(signal, .record, force: true)
      case .xfsz: try Signals.set(signal, .ignore)
      case Session.attachSignal: try Signals.set(signal, .record)
      case _ where SignalHandlers.ending.contains(signal):
        try Signals.set(signal, .record, force: true)
      default: try Signals.setByUser(signal, hooks[signal] == nil ? .default : .record)
      }
    }
  }

  /// Keeps signals waiting in the kernel.
  public func block(_ set: SignalSet) {
    Signals.block(set)
    blocked = blocked.union(set)
  }

  /// Lets blocked signals through.
  public func unblock(_ set: SignalSet) {
    Signals.unblock(set)
    blocked = blocked.subtracting(set)
  }

  private func refuseUncatchable(_ signal: Signal) throws {
    guard signal == .kill || signal == .stop else { return }
    throw ErrorObject(
      .type, "\(signal.name) can be neither caught, ignored nor blocked",
      help: "that is the kernel's promise: \(signal.name) always works")
  }

  /// In a forked child: what came to the parent does not concern it.
  func forgetAfterFork() {
    if !waiting.isEmpty { waiting = [] }
    if !running.isEmpty { running = [] }
    if postponed != nil { postponed = nil }
  }

  /// In a forked process with a person of its own: none of what the script set for itself.
  func forgetAll() {
    for signal in blocks.keys { try? reset(signal) }
    hooks = [:]
    beforeInterrupt = nil
  }

  /// Takes what could not be handed on, if there is something.
  func takePostponed() -> (any Error)? {
    let error = postponed
    if error != nil { postponed = nil }
    return error
  }

  /// The very last thing in a process that is to end well: the signal that has come and was not
  /// dealt with; from now on such signals end it at once.
  func last() -> Signal? {
    var mine = SignalHandlers.ending
    mine.insert(.int)
    for signal in blocks.keys { mine.remove(signal) }
    mine = mine.subtracting(ignored)
    let recorded = Signals.endRecording(mine)
    // Ctrl-C first, then in the order of their numbers.
    if recorded.contains(.int) || (postponed as? ErrorObject)?.kind == .interrupted { return .int }
    return recorded.first
      ?? waiting.first { blocks[$0.signal] == nil && mine.contains($0.signal) }?.signal
  }
}
