import CPosix
import Channels
import Explore
import Language
import Posix
import Session
import Waits

/// `select` where it is explored: one step, in which the first arm that is ready takes what has come.
enum ExploredSelect {
  @Sendable static func select(_ call: borrowing Selection) throws -> Selected {
    guard let gate = Gate.current else { return try SelectCommand.select(call) }
    let (arms, signals) = try SelectCommand.sources(call)
    // A signal that comes before it is blocked takes its own way.
    if !signals.isEmpty { _ = try gate.stop(Operation("select (begins)")) }
    let mask = signals.isEmpty ? nil : Signals.block(signals)
    defer {
      if let mask { Signals.setMask(mask) }
      for arm in arms { arm.close() }
    }
    var times: [(index: Int, time: Int)] = []
    for index in 0..<call.count {
      if case .duration(let time) = call[index] { times.append((index, max(0, time))) }
    }
    let first = times.min { $0.time < $1.time }
    var accesses: [Access] = []
    for case let arm as SocketSource in arms where !gate.isLoose && !gate.isReal {
      gate.need(.ends)
      guard let names = try ExploredSockets.names(of: arm.handle.socket, gate) else { continue }
      accesses.append(Access(names.receives, .write))
    }
    for arm in arms {
      guard let target = arm.target else { continue }
      if target.object.kind.isChannel {
        accesses.append(Access(Gate.key(target.object.number), .write))
      } else if target.object.kind == .process {
        if call.count > 1 { gate.need(.ends) }
        accesses.append(
          Access(gate.key(process: Int32(truncatingIfNeeded: target.object.number)), .read))
      }
    }
    let limit = first.map { gate.now &+ Int64($0.time) }
    while true {
      let passage = try gate.stop(Operation("select", accesses), until: limit) {
        try gate.inside { try canGo(arms) } ? .goes : .waits(holders: [])
      }
      if passage == .expired, let first { return Selected(first.index) }
      if gate.isFree { return try SelectCommand.select(call) }
      let taken = try gate.inside { () throws -> Selected? in
        for arm in arms where !(arm is TimeSource) {
          if let (value, origin) = try arm.take() {
            adopt(value, of: arm, gate)
            return Selected(arm.index, value, origin: origin)
          }
        }
        return nil
      }
      if let taken { return taken }
      guard try gate.inside({ try canCome(arms) }) || limit != nil else {
        throw call.error(
          .closed, "no arm of 'select' can ever run",
          help: "its queues and pipes are closed, or no other process is left that could use them")
      }
    }
  }

  private static func adopt(_ value: Value, of arm: any SelectSource, _ gate: Gate) {
    guard let listener = (arm as? SocketSource)?.handle.socket, listener.isListening,
      let names = listener.inRun, case .handle(let taken as SocketHandle) = value
    else { return }
    ExploredSockets.adopt(taken, names, listener.address, gate)
  }

  /// Whether an arm could run, or none ever can.
  private static func canGo(_ arms: [any SelectSource]) throws -> Bool {
    var canCome = false
    for arm in arms where !(arm is TimeSource) {
      switch try arm.prepare() {
      case .ready: return true
      case .never: continue
      case .at: canCome = true
      case .descriptors(let descriptors, _):
        canCome = true
        if descriptors.contains(where: isReadable) { return true }
      }
    }
    return !canCome && !arms.contains { $0 is TimeSource }
  }

  private static func canCome(_ arms: [any SelectSource]) throws -> Bool {
    for arm in arms where !(arm is TimeSource) {
      if case .never = try arm.prepare() { continue }
      return true
    }
    return false
  }

  /// Whether something can be read from a descriptor, or its other end is gone.
  static func isReadable(_ fd: Int32) -> Bool {
    var one = fd
    var ready: UInt8 = 0
    return brood_wait_readable(&one, 1, &ready, 0) >= 0 && ready != 0
  }
}
