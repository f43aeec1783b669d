import Channels
import Explore
import Language
import Posix
import Session

/// Signals where they are explored: what a process does about them is a step, and alarms ring by the
/// time of the run.
enum ExploredSignals {
  /// What changes or shows how this process takes signals: others may send one before or behind it.
  @Sendable static func local(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    _ = try gate.stop(Operation(ExploredCalls.words(call)))
    return try gate.inside { try work(call) }
  }

  /// `signal wait`.
  @Sendable static func wait(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let set = try SignalCommands.awaited(call)
    let time = call.nanoseconds("timeout")
    // One that comes before it is blocked takes its own way.
    _ = try gate.stop(Operation(ExploredCalls.words(call)))
    let before = Signals.block(set)
    defer { Signals.setMask(before) }
    let passage = try gate.stop(
      Operation(Gate.words(ExploredCalls.words(call), "(asleep)")),
      until: time.map { gate.now &+ Int64($0) }
    ) {
      Signals.pending.mask & set.mask == 0 ? .waits(holders: []) : .goes
    }
    if passage == .expired { throw SignalCommands.timeout(call, set) }
    return try gate.inside { try work(call) }
  }

  /// `alarm`.
  @Sendable static func alarm(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let left = gate.alarm.map { max(0, $0 - gate.now) }
    let time = Int64(call.int(0))
    gate.alarm = time == 0 ? nil : gate.now &+ max(0, time)
    return left.map { .duration(Int($0)) } ?? .null
  }
}
