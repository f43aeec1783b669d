import Channels
import Posix
import TestSupport
import Testing

@testable import Redis

/// A server, and the scripts of one thing on it, as several processes would call them.
final class ScriptBench {
  let server: RedisServer
  let client: RedisClient
  private let sleeper = PollSleeper()
  private let keys: [String]
  /// The ids of items, by their values.
  private var ids: [String: String] = [:]

  /// A queue.
  convenience init(most: String = "", attempts: String = "") throws {
    try self.init(keys: QueueScripts.keys)
    _ = try call(QueueScripts.make, ["meta", "items"], [most, attempts])
  }

  /// A lock, semaphore, event or values.
  convenience init(kind: String, _ settings: [String]) throws {
    try self.init(keys: HolderScripts.keys)
    let words = ["kind", kind, "layout", "1"] + settings
    _ = try call(HolderScripts.make, ["meta", "value"], ["\(words.count)"] + words)
  }

  private init(keys: [String]) throws {
    server = try RedisServer()
    self.keys = keys
    client = RedisClient(
      try RedisAddress(server.address), key: "k", password: nil, demands: .init()
    ) { [path = server.socket] _ in [.unix(path)] }
  }

  /// Another process's end of the same.
  func another() throws -> RedisClient {
    RedisClient(try RedisAddress(server.address), key: "k", password: nil, demands: .init()) {
      [path = server.socket] _ in [.unix(path)]
    }
  }

  func wait(_ seconds: Int64 = 20) -> Wait {
    Wait(until: Clock.deadline(after: seconds * 1_000_000_000), sleeper)
  }

  func call(_ script: RedisScript, _ keys: [String], _ words: [String]) throws -> RedisReply {
    try client.run(
      script, keys, words.map { Array($0.utf8) }, until: wait().deadline, sleeper)
  }

  /// What a script yields, in words: of items that were taken `value×times`.
  func run(_ script: RedisScript, _ words: String...) throws -> String {
    let reply = try call(script, keys, words)
    guard reply[0].text == "took" else {
      let shown = ["full", "empty", "busy"].contains(reply[0].text) ? 1 : reply.items.count
      return reply.items.prefix(shown).map { $0.text ?? "" }.joined(separator: " ")
    }
    let items = reply[1].items.map { item -> String in
      let value = item[1].text ?? ""
      ids[value] = item[0].text
      return "\(value)×\(item[2].text ?? "")"
    }
    return items.joined(separator: " ")
  }

  /// Who asks is who holds.
  func put(_ who: String, _ number: Int, _ values: String...) throws -> String {
    let reply = try call(QueueScripts.put, keys, [who, "\(number)"] + values)
    return [reply[0].text ?? "", reply[1].number.map { "\($0)" } ?? ""]
      .filter { !$0.isEmpty && !$0.contains("-") }.joined(separator: " ")
  }

  func take(_ who: String, _ number: Int, _ count: Int = 1) throws -> String {
    try run(QueueScripts.take, who, "\(number)", who, "\(count)")
  }

  func ack(_ who: String, _ number: Int, _ value: String) throws -> String {
    try run(QueueScripts.acknowledge, who, "\(number)", who, ids[value] ?? "0-1")
  }

  func nack(_ who: String, _ number: Int, _ value: String) throws -> String {
    try run(QueueScripts.giveBack, who, "\(number)", who, ids[value] ?? "0-1")
  }

  func undo(_ who: String, _ number: Int) throws -> String {
    try run(QueueScripts.undo, who, "\(number)", who)
  }

  /// A holder's counter.
  func beat(of who: String) throws -> String {
    try server.ask("HGET", "brood:{k}:beats", who).split(separator: "\n").joined()
  }

  /// A holder is judged by a counter of it that was seen.
  func reap(_ who: String, seeing beat: String) throws -> String {
    let script = keys == QueueScripts.keys ? QueueScripts.reap : HolderScripts.reap
    return try run(script, who, beat)
  }

  /// How many items there are, how many of them are lent, and how many dead letters.
  func counts() throws -> [Int] {
    let reply = try call(QueueScripts.facts, keys, [])
    return (1...3).map { reply[$0].number ?? -1 }
  }
}
