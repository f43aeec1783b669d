import Channels
import Explore
import Language
import Posix
import Processes
import Session

/// Waiting for processes where they are explored.
enum ExploredProcesses {
  /// `wait` in all its forms.
  @Sendable static func wait(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let session = call.session
    let targets = try WaitCommand.named(call) ?? session.processes.users
    let isAny = call.isSet("any") || call.count == 0 && !call.isSet("all")
    let time = call.nanoseconds("timeout")
    if isAny && targets.count > 1 || time == 0 || call.isSet("peek")
      || gate.expiresAnytime && time != nil
    {
      gate.need(.ends)
    }
    let accesses = targets.map {
      Access(gate.key(process: $0.pid), .read, time == nil && !isAny ? .takes : .none)
    }
    let passage = try gate.stop(
      Operation(ExploredCalls.words(call), accesses),
      until: time.flatMap { $0 == 0 ? nil : gate.now &+ Int64($0) }
    ) {
      if time == 0 || targets.isEmpty { return .goes }
      func hasEnded(_ process: ProcessHandle) throws -> Bool {
        try process.record != nil || session.peekRecord(process) != nil
      }
      let isOver =
        isAny ? try targets.contains(where: hasEnded) : try targets.allSatisfy(hasEnded)
      return isOver ? .goes : .waits(holders: targets.map(\.pid))
    }
    if passage == .expired { call.replace(flag: "timeout", by: .duration(0)) }
    let result = try work(call)
    return gate.isLoose ? result : timeless(result)
  }

  /// `_exit`, which does nothing else.
  @Sendable static func leave(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    try Gate.current?.stopAtEnd()
    return try work(call)
  }

  /// Waits for one process, as the end of a script does.
  static func join(_ process: ProcessHandle, _ interpreter: Interpreter) throws {
    let session = interpreter.session
    guard let gate = Gate.current else { return }
    let key = gate.key(process: process.pid)
    _ = try gate.stop(Operation("join \(process.name)", [Access(key, .read, .takes)])) {
      try session.peekRecord(process) != nil ? .goes : .waits(holders: [process.pid])
    }
    _ = try session.wait(for: process, interpreter)
  }

  /// A record without what differs from run to run: times and memory.
  private static func timeless(_ value: Value) -> Value {
    switch value {
    case .list(let list): return .items(list.items.map(timeless))
    case .map(let map) where map.get("maxrss") != nil:
      let copy = map.copy()
      copy.set("elapsed", .duration(0))
      copy.set("cpu", .duration(0))
      copy.set("maxrss", .size(0))
      return .map(copy)
    default: return value
    }
  }

  /// `terminate`: TERM, the time to obey, and KILL.
  @Sendable static func terminate(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    if call.isSet("tree") { gate.refuse("'terminate' of a tree") }
    let pids = try StopCommands.pids(call)
    let keys = try pids.map { try own($0, gate) }
    let words = ExploredCalls.words(call)
    gate.need(.ends)
    let lives = keys.map { Access("life \($0.dropFirst(5))", .write) }
    func send(_ signal: Signal) throws {
      _ = try gate.stop(
        Operation(Gate.words(words, "(\(signal.name))"), lives),
        sends: pids.map { GatePoint.Sent($0, signal.number) }
          + (signal == .term ? pids.map { GatePoint.Sent($0, Signal.cont.number) } : []))
      for pid in pids {
        try? Process.send(signal, to: pid)
        if signal == .term { try? Process.send(.cont, to: pid) }
      }
    }
    /// Whether all had ended in time.
    func waits(until deadline: Int64?) throws -> Bool {
      try gate.stop(
        Operation(Gate.words(words, "(asleep)"), keys.map { Access($0, .read) }), until: deadline
      ) {
        pids.allSatisfy(hasEnded) ? .goes : .waits(holders: pids)
      } == .go
    }
    try send(.term)
    let grace = Int64(call.nanoseconds("grace") ?? 2_000_000_000)
    if try waits(until: gate.now &+ max(0, grace)) { return .null }
    try send(.kill)
    _ = try waits(until: nil)
    return .null
  }

  private static func hasEnded(_ pid: Int32) -> Bool {
    switch Session.current.reader.look(pid) {
    case .seen(let stat): stat.hasEnded
    case .gone: true
    case .unseen(let hasEnded): hasEnded
    }
  }

  /// What the end of a process of the run is called; refuses any other.
  private static func own(_ pid: Int32, _ gate: Gate) throws -> String {
    let key = gate.key(process: pid)
    if key == "proc of another" {
      gate.refuse("a signal to process \(pid), which is none of the run,")
    }
    return key
  }

  /// `kill`, `stop`, `continue` and `process terminate`.
  @Sendable static func signal(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let sent: [(pid: Int32, signal: Int32)]
    switch call.command.name {
    case "stop": sent = try StopCommands.pids(call).map { ($0, Signal.stop.number) }
    case "continue": sent = try StopCommands.pids(call).map { ($0, Signal.cont.number) }
    case "process terminate": sent = [(try ProcessTarget(call[0]).pid, Signal.term.number)]
    default: sent = try KillCommand.sent(call)
    }
    if sent.isEmpty { return try work(call) }
    if call.isSet("group") || call.isSet("tree") {
      gate.refuse("'\(call.command.name)' of a group or tree")
    }
    gate.need(.ends)
    let accesses = try sent.map { sent -> Access in
      let key = try own(sent.pid, gate)
      return Access("life \(key.dropFirst(5))", .write)
    }
    _ = try gate.stop(
      Operation(ExploredCalls.words(call), accesses),
      sends: sent.map { GatePoint.Sent($0.pid, $0.signal) })
    return try gate.inside { try work(call) }
  }

  /// What only looks at a process: `process alive`, `state`.
  @Sendable static func look(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, call.has(0), let target = try? ProcessTarget(call[0]) else {
      return try work(call)
    }
    try look(at: target.pid, ExploredCalls.words(call), gate)
    return try gate.inside { try work(call) }
  }

  /// `info`, of which no two runs show the same.
  @Sendable static func lookClosely(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    Gate.current?.note(use: "'info' shows times and memory, which differ from run to run")
    return try look(call, work)
  }

  /// Stops before a look at a process.
  static func look(at pid: Int32, _ name: String, _ gate: Gate) throws {
    gate.need(.ends)
    _ = try gate.stop(Operation(name, [Access(gate.key(process: pid), .read)]))
    gate.awaitStanding(pid)
  }
}
