import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// A queue on a server.
final class RedisQueueHandle: RedisHandle {
  let queue: RedisQueue

  init(_ name: String, _ place: RedisPlace, _ client: RedisClient) {
    queue = RedisQueue(client)
    super.init(name, "queue", place, client)
    RedisHearts.attach(queue.heart, to: self) { [weak queue] in
      queue?.expire() ?? .max
    }
  }

  override var fieldNames: [String] {
    [
      "name", "size", "max", "closed", "leased", "dead", "attempts", "oldest", "on", "durability",
      "delivery", "holders", "rtt",
    ]
  }

  override func field(_ name: String) throws -> Value? {
    guard fieldNames.contains(name) else { return nil }
    if name == "name" || name == "on" { return try super.field(name) }
    guard case .map(let facts) = try record() else { return nil }
    return facts.get(name)
  }

  /// What there is to know about it.
  func record() throws -> Value {
    let facts = try mapErrors("look into") { try queue.facts(session.waitLimit()) }
    let holders = MapObject()
    for (holder, count) in facts.holders { holders.set(.text(holder), .int(count)) }
    return .record([
      "name": .text(name),
      "size": .int(facts.items - facts.lent),
      "max": facts.most.map { .int($0) } ?? .null,
      "closed": .bool(facts.isClosed),
      "leased": .int(facts.lent),
      "dead": .int(facts.dead),
      "attempts": facts.attempts.map { .int($0) } ?? .null,
      "oldest": facts.oldest.map { .time($0 * 1_000_000) } ?? .null,
      "on": .text(onText),
      "durability": .text(client.settings?.durability ?? "unknown"),
      "delivery": .text("at least once with --lease, at most once without"),
      "holders": .map(holders),
      "rtt": .duration(Int(facts.roundTrip)),
    ])
  }

  override func letGo(_ wait: Wait) {
    if queue.holds > 0 { _ = try? queue.giveBack(wait) }
  }

  override func remove(_ wait: Wait) throws { try queue.remove(wait) }

  // MARK: Values

  private func bytes(_ value: Value) throws -> [UInt8] {
    if let type = value.boundToProcess {
      throw ErrorObject(
        .type, "cannot put into \(shown): a \(type) means something to this session only",
        help: "put data, such as its name; a queue without --on carries a \(type)")
    }
    return try ValueCodec.data.copied(value)
  }

  /// The value of an item, nil for what is none.
  private func value(_ bytes: [UInt8]) throws -> Value {
    let value = try? bytes.withUnsafeBytes { try ValueCodec.data.value($0) }
    guard let value, value.boundToProcess == nil else {
      throw ErrorObject(
        .type, "cannot get from \(shown): what came is no value",
        help: "other programs put data in MessagePack: see help queue new")
    }
    return value
  }

  func put(_ values: [Value], _ wait: Wait) throws {
    let all = try values.map { try bytes($0) }
    if all.isEmpty { return }
    try mapErrors("put into") { try queue.put(all, wait) }
  }

  func get(_ most: Int, lease: Int64?, _ wait: Wait) throws -> [Value] {
    let items = try mapErrors("get from") { try queue.take(most, lease: lease, wait) }
    if let lease { RedisHearts.note(end: Clock.deadline(after: lease), session) }
    return try items.map { try value($0.value) }
  }

  func peek(_ wait: Wait) throws -> Value {
    try value(try mapErrors("peek into") { try queue.peek(wait) })
  }

  /// What was given up after too many attempts.
  func dead(_ wait: Wait) throws -> Value {
    let items = try mapErrors("look into") { try queue.dead(wait) }
    return .items(
      try items.map { .record(["value": try value($0.value), "attempts": .int($0.times)]) })
  }
}
