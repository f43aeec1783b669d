import Channels
import Language
import Posix
import Session

/// A lock as the language sees it.
final class LockHandle: ChannelHandle {
  let lock: Lock

  init(_ name: String, _ lock: Lock) {
    self.lock = lock
    super.init(name, lock)
  }

  override var typeName: String { "lock" }
  override var fieldNames: [String] { ["name", "holder", "pid", "reentrant", "waiting"] }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": .text(self.name)
    case "holder": lock.holder.map { .text(session.named($0.pid)) } ?? .null
    case "pid": lock.holder.map { .int(Int($0.pid)) } ?? .null
    case "reentrant": .bool(lock.isReentrant)
    case "waiting": names(of: lock.peers.pids(.reading, .stuckReading), session)
    default: nil
    }
  }
}

/// A semaphore as the language sees it.
final class SemaphoreHandle: ChannelHandle {
  let semaphore: Semaphore

  init(_ name: String, _ semaphore: Semaphore) {
    self.semaphore = semaphore
    super.init(name, semaphore)
  }

  override var typeName: String { "sem" }
  override var fieldNames: [String] {
    ["name", "value", "permits", "counter", "holders", "waiting"]
  }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": return .text(self.name)
    case "value":
      return .int(try session.with(self, "look at") { try semaphore.value(session.waitLimit()) })
    case "permits": return semaphore.isCounter ? .null : .int(semaphore.permits)
    case "counter": return .bool(semaphore.isCounter)
    case "holders":
      let holders = try session.with(self, "look at") {
        try semaphore.holders(session.waitLimit())
      }
      return .items(
        holders.map { holder in
          let name = session.named(holder.process.pid)
          return .text(holder.count == 1 ? name : "\(name) × \(holder.count)")
        })
    case "waiting": return names(of: semaphore.peers.pids(.reading, .stuckReading), session)
    default: return nil
    }
  }
}

/// An event as the language sees it.
final class EventHandle: ChannelHandle {
  let event: Event

  init(_ name: String, _ event: Event) {
    self.event = event
    super.init(name, event)
  }

  override var typeName: String { "event" }
  override var fieldNames: [String] { ["name", "set", "waiting"] }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": .text(self.name)
    case "set": .bool(event.isSet)
    case "waiting": names(of: event.peers.pids(.reading, .stuckReading), session)
    default: nil
    }
  }
}

/// A barrier as the language sees it.
final class BarrierHandle: ChannelHandle {
  let barrier: Barrier

  init(_ name: String, _ barrier: Barrier) {
    self.barrier = barrier
    super.init(name, barrier)
  }

  override var typeName: String { "barrier" }
  override var fieldNames: [String] { ["name", "parties", "arrived", "broken"] }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": return .text(self.name)
    case "parties": return .int(barrier.parties)
    case "broken": return .bool(barrier.isBroken)
    case "arrived":
      let arrived = try session.with(self, "look at") { try barrier.arrived(session.waitLimit()) }
      return names(of: arrived.map(\.pid), session)
    default: return nil
    }
  }
}

/// A condition as the language sees it.
final class ConditionHandle: ChannelHandle {
  let condition: Condition

  init(_ name: String, _ condition: Condition) {
    self.condition = condition
    super.init(name, condition)
  }

  override var typeName: String { "cond" }
  override var fieldNames: [String] { ["name", "holder", "waiting"] }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": return .text(self.name)
    case "holder": return condition.mutex.holder.map { .text(session.named($0.pid)) } ?? .null
    case "waiting":
      return .int(try session.with(self, "look at") { try condition.waiters(session.waitLimit()) })
    default: return nil
    }
  }
}

extension ChannelHandle {
  /// All fields, as a record.
  func fields() throws -> Value {
    let map = MapObject()
    for name in fieldNames { map.set(.text(name), try field(name) ?? .null) }
    return .map(map)
  }
}
