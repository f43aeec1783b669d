import Channels
import Language
import Posix
import Processes
import Session
import Waits

/// The commands of `signal`.
enum SignalCommands {
  static let all = [list, on, ignore, reset, block, unblock, pending, wait]

  private static let one = Parameter("signal", .signal, .required, "any spelling")
  private static let many = Parameter("more", .signal, .rest)

  private static let list = Command(
    "signal list", "List the signals and what this process does at each",
    traits: .reports,
    examples: [
      Example(
        "signal ignore USR2\nprint ((signal list)[11].name) ((signal list)[11].action)",
        "USR2 ignore")
    ]
  ) { call in
    let handlers = call.session.handlers
    let blocked = Signals.blocked
    let pending = Signals.pending
    let records = Signal.all.filter { $0.number < 32 || handlers.blocks[$0] != nil }.map { signal in
      let action: String =
        if handlers.blocks[signal] != nil {
          "handler"
        } else if Signals.disposition(of: signal) == .ignore {
          "ignore"
        } else if Signals.disposition(of: signal) == .record {
          "shell"
        } else {
          "default"
        }
      return Value.record([
        "number": .int(Int(signal.number)), "name": .text(signal.name), "action": .text(action),
        "default": .text(signal.defaultAction.rawValue),
        "blocked": .text(blocked.contains(signal) ? "blocked" : ""),
        "pending": .text(pending.contains(signal) ? "pending" : ""),
        "meaning": .text(signal.word),
      ])
    }
    return .items(records)
  }

  private static let on = Command(
    "signal on", "Run a block whenever a signal comes",
    details: """
      It runs between two steps of whatever goes on: at calls, at each turn of a loop, and in \
      commands that wait, which go on afterwards. A single long command of the library, as `sort`, \
      is not interrupted. The block may take the signal's name and the sender's pid.
      """,
    parameters: [one, Parameter("block", .function)],
    examples: [
      Example("signal on USR1 { print got it }\nkill $pid USR1\nprint done", "got it\ndone"),
      Example("signal on TERM { |name| print $name }\nkill $pid", "TERM"),
    ]
  ) { call in
    try call.at(0) { try call.session.handlers.on(try signal(call, 0), call[1]) }
    return .null
  }

  private static let ignore = Command(
    "signal ignore", "Let a signal have no effect on this process",
    details: "Programs that are started inherit it.", parameters: [one],
    examples: [Example("signal ignore INT\nkill $pid INT\nprint alive", "alive")]
  ) { call in
    try call.at(0) { try call.session.handlers.ignore(try signal(call, 0)) }
    return .null
  }

  private static let reset = Command(
    "signal default", "Restore a signal's default action", parameters: [one],
    examples: [
      Example(
        "let p = fork { signal ignore TERM; signal default TERM; kill $pid; sleep 1 }\n"
          + "print (wait $p).signal", "TERM")
    ]
  ) { call in
    let session = call.session
    try call.at(0) { try session.handlers.reset(try signal(call, 0)) }
    return .null
  }

  private static let block = Command(
    "signal block", "Keep signals waiting in the kernel until they are unblocked",
    parameters: [one, many],
    examples: [
      Example(
        "signal on USR1 { print delivered }\nsignal block USR1\nkill $pid USR1\n"
          + "print (signal pending)\nsignal unblock USR1", "[\"USR1\"]\ndelivered")
    ]
  ) { call in
    let set = try signals(call)
    for signal in set where signal == .kill || signal == .stop {
      throw call.error(
        .type, "\(signal.name) cannot be blocked", at: 0,
        help: "that is the kernel's promise: \(signal.name) always works")
    }
    call.session.handlers.block(set)
    return .null
  }

  private static let unblock = Command(
    "signal unblock", "Let blocked signals through; those that wait are delivered now",
    parameters: [one, many],
    examples: [Example("signal block USR1\nsignal unblock USR1\nprint (signal pending)", "[]")]
  ) { call in
    call.session.handlers.unblock(try signals(call))
    if Attention.isPending { try call.session.attend(call.interpreter) }
    return .null
  }

  private static let pending = Command(
    "signal pending", "List the signals that have come and are blocked", traits: .reports,
    examples: [
      Example(
        "signal block HUP\nkill $pid HUP\nprint (signal pending)\nsignal wait HUP", "[\"HUP\"]")
    ]
  ) { _ in
    .items(Signals.pending.map { .text($0.name) })
  }

  private static let wait = Command(
    "signal wait", "Wait until one of some signals comes, and yield its name",
    details: "The signal is taken: no block runs for it. It need not be blocked before.",
    parameters: [one, many],
    flags: [.timeout],
    examples: [
      Example(
        "signal block USR1\nlet parent = $pid\nfork { kill $parent USR1 }\n"
          + "print (signal wait USR1 USR2 --timeout 2s)", "USR1")
    ]
  ) { call in
    let set = try awaited(call)
    let session = call.session
    // Blocked while we wait, so that none is lost to a handler; then as before.
    let before = Signals.block(set)
    defer { Signals.setMask(before) }
    let descriptor = try mapErrors("cannot wait for signals") { try Signals.descriptor(set) }
    defer { Descriptors.close(descriptor) }
    let watch = try mapErrors { try session.loop.watch(descriptor, for: .read) {} }
    defer { session.loop.remove(watch) }
    var taken: RecordedSignal?
    let deadline = call.deadline
    // Each of them may come from anywhere.
    let targets = set.map { WaitTarget(ObjectID(.signal, UInt64($0.number)), .signal) }
    WaitNote.begin(.other, targets, until: deadline ?? .max)
    defer { WaitNote.end() }
    let isDone = try session.pause(call.interpreter, until: deadline) {
      taken = Signals.takePending(set)
      return taken != nil
    }
    if isDone, let taken { return .text(taken.signal.name) }
    throw timeout(call, set)
  }

  /// The signals that a call of `signal wait` names.
  static func awaited(_ call: borrowing Call) throws -> SignalSet {
    for index in 0..<call.count {
      let signal = try signal(call, index)
      if signal == .kill || signal == .stop {
        throw call.error(
          .type, "\(signal.name) cannot be waited for", at: index,
          help: "that is the kernel's promise: \(signal.name) always works")
      }
    }
    return try signals(call)
  }

  /// None of them has come in time.
  static func timeout(_ call: borrowing Call, _ set: SignalSet) -> ErrorObject {
    let names = set.map(\.name).joined(separator: " or ")
    return call.error(
      .timeout,
      "timed out after \(call.timeoutText) waiting for \(names)")
  }

  private static func signal(_ call: borrowing Call, _ index: Int) throws -> Signal {
    try ParameterType.signal(named: call.text(index))
  }

  private static func signals(_ call: borrowing Call) throws -> SignalSet {
    var set: SignalSet = []
    for index in 0..<call.count { set.insert(try signal(call, index)) }
    return set
  }
}
