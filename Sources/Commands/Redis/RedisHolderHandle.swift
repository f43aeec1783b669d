import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// A lock, semaphore or event on a server, and what values are built on.
class RedisHolderHandle: RedisHandle {
  let holders: RedisHolders

  init(
    _ name: String, _ family: String, _ place: RedisPlace, _ holders: RedisHolders
  ) {
    self.holders = holders
    super.init(name, family, place, holders.client)
    RedisHearts.attach(holders.heart, to: self)
    holders.onLoss = { [weak self] in
      guard let self else { return }
      session.postponing { throw self.lost }
    }
  }

  override var fieldNames: [String] {
    switch family {
    case "event": ["name", "set", "on"]
    case "lock": ["name", "holder", "fence", "on", "durability", "promise"]
    default: ["name", "value", "permits", "holders", "on", "durability", "promise"]
    }
  }

  override func field(_ name: String) throws -> Value? {
    guard fieldNames.contains(name) else { return nil }
    if name == "name" || name == "on" { return try super.field(name) }
    if name == "set" {
      return .bool(try mapErrors("look at") { try holders.state(session.waitLimit()).isSet })
    }
    let facts = try mapErrors("look at") { try holders.facts(session.waitLimit()) }
    let taken = facts.holders.reduce(0) { $0 + $1.count }
    let permits = facts.settings["permits"].flatMap { Int($0) } ?? 1
    switch name {
    case "holder": return facts.holders.first.map { .text($0.holder) } ?? .null
    case "holders":
      return .items(
        facts.holders.map { .text($0.count == 1 ? $0.holder : "\($0.holder) × \($0.count)") })
    case "fence": return .int(facts.settings["fence"].flatMap { Int($0) } ?? 0)
    case "value": return .int(max(0, permits - taken))
    case "permits": return .int(permits)
    case "durability": return .text(client.settings?.durability ?? "unknown")
    case "promise": return .text(RedisHolderHandle.promise)
    default: return nil
    }
  }

  static let promise =
    "advisory: a holder that was stopped for 5 s may have lost it; what it guards can refuse an "
    + "older fencing number"

  /// The error of a holder that lost what it had.
  var lost: ErrorObject {
    ErrorObject(
      .peerDied,
      "this process has lost \(shown): another took it for gone, or the server forgot it",
      help: "it did not beat for 5 s, or the server was restarted without its last writes")
  }

  /// Takes a permit, waiting for it.
  func acquire(_ wait: Wait) throws -> RedisHolders.Permit {
    do {
      let permit = try mapErrors("acquire") { try holders.acquire(wait) }
      if let dead = permit.dead { warn(dead) }
      return permit
    } catch let error as ErrorObject where error.kind == .empty {
      throw ErrorObject(.timeout, "cannot acquire \(shown): it is held")
    } catch let error as ErrorObject where error.kind == .timeout {
      let others = try? holders.facts(session.waitLimit(200_000_000)).holders
      let names = (others ?? []).prefix(8).map(\.holder).joined(separator: ", ")
      if names.isEmpty { throw error }
      throw error.amended { $0.message += ", held by \(names)" }
    }
  }

  private func warn(_ dead: String) {
    session.postponing { try session.output.flush() }
    Session.say("warning: \(shown) was held by \(dead), which has gone")
  }

  /// Gives a permit back; throws `missing` where this process has none, `peer-died` where it was lost.
  func release(_ wait: Wait) throws {
    if holders.isLost { throw lost }
    try mapErrors("release") { try holders.release(wait) }
  }

  override func letGo(_ wait: Wait) {
    while holders.holds > 0 { if (try? holders.release(wait)) == nil { return } }
  }

  override func remove(_ wait: Wait) throws { try holders.remove(wait) }
}

/// Taking and giving back around blocks.
extension RedisHolderHandle {
  /// Takes it for a block; yields the fencing number.
  func acquireForBlock(_ wait: Wait) throws -> Int { try acquire(wait).fence }

  /// The end of a block around which it was held.
  func leaveBlock() throws {
    // What cannot be written is said once the lock is free.
    let written = Result { try session.output.flushBeforeOthersKnow() }
    if holders.isLost { throw lost }
    // Else it was released inside the block, or this is a child that began in it.
    if holders.holds > 0 { try release(session.waitLimit()) }
    try written.get()
  }
}

/// The verbs of locks, semaphores and events where these are on a server.
enum RedisHolderVerbs {
  static func new(
    _ call: borrowing Call, _ place: RedisPlace, _ name: String?, _ family: String,
    _ settings: [(name: String, value: String)], loose: Set<String> = []
  ) throws -> Value {
    let session = call.session
    let hosts = HostNames(call)
    return .handle(
      try session.addFar(name, prefix: family) { name in
        let client = place.client(place.address.key ?? name, hosts)
        let holders = RedisHolders(client, kind: family, settings, loose: loose)
        let handle = RedisHolderHandle(name, family, place, holders)
        _ = try handle.making { try holders.make(until: $0.deadline, $0.sleeper) }
        return handle
      })
  }

  /// Yields the fencing number.
  static func acquire(_ call: borrowing Call) throws -> Value {
    .int(try call.far(as: RedisHolderHandle.self).acquire(call.waitLimit).fence)
  }

  static func release(_ call: borrowing Call) throws -> Value {
    try call.far(as: RedisHolderHandle.self).release(call.waitLimit)
    return .null
  }

  static func field(_ call: borrowing Call, _ name: String) throws -> Value {
    try call.far(as: RedisHolderHandle.self).field(name) ?? .null
  }

  static func info(_ call: borrowing Call) throws -> Value {
    try call.far(as: RedisHandle.self).fields()
  }

  static func set(_ call: borrowing Call, _ on: Bool) throws -> Value {
    let handle = try call.far(as: RedisHolderHandle.self)
    let wait = call.waitLimit
    try handle.mapErrors(on ? "set" : "clear") { try handle.holders.set(on, wait) }
    return .null
  }

  static func wait(_ call: borrowing Call) throws -> Value {
    let handle = try call.far(as: RedisHolderHandle.self)
    let wait = call.waitLimit
    return try handle.mapErrors("wait for") {
      do {
        try handle.holders.awaitSet(wait)
        return .bool(true)
      } catch RedisTrouble.timeout {
        return .bool(false)
      }
    }
  }
}
