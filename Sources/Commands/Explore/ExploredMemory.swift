import Channels
import Explore
import Language
import Session

/// Shared memory in a process that is explored.
enum ExploredMemory {
  /// `shm get`, `set`, `add` and `cas`.
  @Sendable static func standIn(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, let handle = call.local(as: SharedHandle.self) else {
      return try work(call)
    }
    let verb = call.command.name
    let isCell = handle.memory.isScalar
    let mode: Access.Mode
    let fact: GatePoint.Fact
    var index: Int?
    switch verb {
    case "shm get":
      (mode, fact) = (.read, .read)
      if call.has(1) { index = try element(call.value(1), handle) }
    case "shm set":
      mode = .write
      fact = .writes(isConstant: call.spelling(call.count - 1) != nil)
      if call.has(2) { index = try element(call.value(1), handle) }
    case "shm add":
      // Sums do not depend on the order, but what one of them sees does.
      mode = call.site.isDiscarded && !handle.memory.type.isFloat ? .add : .write
      fact = .writes(isConstant: true)
      if call.has(2) { index = try element(call.value(1), handle) }
    default:
      (mode, fact) = (.write, .writes(isConstant: true))
      if call.has(3) { index = try element(call.value(1), handle) }
    }
    let accesses = accesses(handle, mode, isCell ? nil : index)
    _ = try gate.stop(Operation(ExploredCalls.words(call), accesses), fact: fact)
    return try gate.inside { try work(call) }
  }

  /// `shm update`: its lock, the look and the change are steps of their own, as is what its block does.
  @Sendable static func update(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, call.local(as: SharedHandle.self) != nil else {
      return try work(call)
    }
    return try SharedCommands.update(call) { handle, place, new in
      let index = handle.memory.isScalar ? nil : try element(place, handle)
      let name = new.map { "shm set \(handle.name) \($0.asText)" } ?? "shm get \(handle.name)"
      _ = try gate.stop(
        Operation("\(name) (update)", accesses(handle, new == nil ? .read : .write, index)),
        fact: new == nil ? .read : .writes(isConstant: false))
    }
  }

  private static func element(_ value: Value, _ handle: SharedHandle) throws -> Int? {
    guard case .int = value.plain else { return nil }
    return try handle.index(value)
  }

  static func accesses(
    _ handle: SharedHandle, _ mode: Access.Mode, _ index: Int?
  ) -> [Access] {
    let key = Gate.key(handle.memory.id)
    guard let index else { return [Access(key, mode)] }
    let part: Access.Mode = mode == .read ? .readPart : .writePart
    return [Access("\(key)[\(index)]", mode), Access(key, part)]
  }
}
