import Channels
import Explore
import Language
import Posix
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
    return timeless(try work(call))
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

  /// `kill`, `stop` and `continue`.
  @Sendable static func signal(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let sent: [(pid: Int32, signal: Int32)]
    switch call.command.name {
    case "stop": sent = try StopCommands.pids(call).map { ($0, Signal.stop.number) }
    case "continue": sent = try StopCommands.pids(call).map { ($0, Signal.cont.number) }
    default: sent = try KillCommand.sent(call)
    }
    if sent.isEmpty { return try work(call) }
    if call.isSet("group") || call.isSet("tree") {
      gate.refuse("'\(call.command.name)' of a group or tree")
    }
    let accesses = sent.map { sent -> Access in
      let key = gate.key(process: sent.pid)
      if key == "proc of another" {
        gate.refuse("a signal to process \(sent.pid), which this process did not make,")
      }
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
    _ = try gate.stop(
      Operation(ExploredCalls.words(call), [Access(gate.key(process: target.pid), .read)]))
    return try gate.inside { try work(call) }
  }
}
