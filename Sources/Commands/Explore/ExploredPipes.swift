import Channels
import Explore
import Language
import Posix
import Session

/// Pipes where they are explored: whether a verb would wait is told by the end that it works on.
enum ExploredPipes {
  /// `pipe recv`, `pipe send`.
  @Sendable static func transfer(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let sends = call.command.name == "pipe send"
    let target = try PipeTarget(call[0], sends: sends)
    let outer = gate.outlook
    gate.outlook = { prospect(target, sends: sends) }
    defer { gate.outlook = outer }
    return try ExploredCalls.timed(call, work)
  }

  /// `pipe read`, `pipe write` of bytes.
  @Sendable static func bytes(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let sends = call.command.name == "pipe write"
    let target = try PipeTarget(call[0], sends: sends)
    let time = call.nanoseconds("timeout")
    let passage = try gate.stop(
      Operation(ExploredCalls.words(call), [Access(Gate.key(target.handle.pipe.id), .write)]),
      until: time.flatMap { $0 == 0 ? nil : gate.now &+ Int64($0) }
    ) { time == 0 ? .goes : prospect(target, sends: sends) }
    if passage == .expired { call.replace(flag: "timeout", by: .duration(0)) }
    return try gate.inside { try work(call) }
  }

  /// `pipe poll`.
  @Sendable static func poll(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let target = try PipeTarget(call[0], sends: false)
    let time = call.nanoseconds("timeout") ?? 0
    let passage = try gate.stop(
      Operation(ExploredCalls.words(call), [Access(Gate.key(target.handle.pipe.id), .read)]),
      until: time > 0 ? gate.now &+ Int64(time) : nil
    ) { time == 0 ? .goes : prospect(target, sends: false) }
    if passage == .expired { return .bool(false) }
    call.replace(flag: "timeout", by: .duration(0))
    return try gate.inside { try work(call) }
  }

  private static func prospect(_ target: PipeTarget, sends: Bool) -> Prospect {
    let pipe = target.handle.pipe
    // What is wrong is said by the verb itself.
    guard let fd = try? pipe.descriptor(target.end) else { return .goes }
    if sends {
      guard let probe = try? WritableProbe(fd) else { return .goes }
      defer { probe.close() }
      if ExploredSelect.isReadable(probe.descriptor) { return .goes }
    } else if ExploredSelect.isReadable(fd) {
      return .goes
    }
    return !target.isNamed && !pipe.hasPeers(of: target.end) ? .goes : .waits(holders: [])
  }
}
