import Channels
import Posix

/// A queue on a server: first in, first out, bounded, with leases that last as long as their holder.
///
/// Nothing blocks while it takes: a waiter sleeps until the bell rings, and takes by a script that names
/// the request, so that the same request yields the same items after a connection was lost.
public final class RedisQueue: RedisJudged {
  public let client: RedisClient
  public let heart: RedisHeart
  /// What its first maker has set; nil for no bound.
  public private(set) var most: Int?
  public private(set) var attempts: Int?
  var judge = RedisJudge()
  /// The bell's last item at the last time when there was nothing to take.
  public private(set) var bell = "0-0"
  private var held: [Held] = []
  private var unsettled: Request?
  private var depth = Process.forkDepth

  private struct Held {
    let id: [UInt8]
    let until: Int64
  }

  /// An item that was taken.
  public struct Item: Equatable, Sendable {
    public let value: [UInt8]
    /// How often it was taken.
    public let times: Int
  }

  /// What there is to know.
  public struct Facts: Sendable {
    public var items = 0, lent = 0, dead = 0
    public var isClosed = false
    public var most: Int?, attempts: Int?
    /// Who holds how many.
    public var holders: [(holder: String, count: Int)] = []
    /// When the first item was put (ms since 1970 of the server's clock).
    public var oldest: Int?
    /// How long the answer took (ns).
    public var roundTrip: Int64 = 0
  }

  /// At most so many values, or bytes of them, go by one script.
  private static let largestBatch = (count: 512, bytes: 1 << 20)

  public init(_ client: RedisClient) {
    self.client = client
    heart = RedisHeart(client)
    heart.onLoss = { [weak self] in self?.held = [] }
  }

  private func renew() {
    guard depth != Process.forkDepth else { return }
    depth = Process.forkDepth
    held = []
    unsettled = nil
    judge = RedisJudge()
  }

  /// How many items this process holds.
  public var holds: Int { depth == Process.forkDepth ? held.count : 0 }

  // MARK: Making

  /// Makes it, or takes one that is there; throws `other` where that has other settings.
  public func make(most: Int?, attempts: Int?, until deadline: Int64, _ sleeper: any Sleeper) throws
  {
    let words = [most, attempts].map { Array(($0.map { "\($0)" } ?? "").utf8) }
    let reply = try client.run(
      QueueScripts.make, ["meta", "items"], words, until: deadline, sleeper)
    let kind = reply[0].text ?? "nothing"
    guard kind == "queue" else { throw RedisTrouble.other("kind", kind, "queue") }
    let (there, times) = (reply[1].number, reply[2].number)
    for (name, given, found) in [("MAX", most, there), ("--attempts", attempts, times)] {
      guard let given, given != found else { continue }
      throw RedisTrouble.other(name, found.map { "\($0)" } ?? "none", "\(given)")
    }
    (self.most, self.attempts) = (there, times)
  }

  func run(
    _ script: RedisScript, _ arguments: [[UInt8]], until deadline: Int64, _ sleeper: any Sleeper
  ) throws -> RedisReply {
    renew()
    while true {
      let reply = try client.run(script, QueueScripts.keys, arguments, until: deadline, sleeper)
      guard reply[0] == .bytes(Array("gone".utf8)) else { return reply }
      // The server has lost it, or all: begin with the settings that are known.
      try make(most: most, attempts: attempts, until: deadline, sleeper)
    }
  }

  // MARK: Putting

  /// Puts values, as many at a time as there is room for, each once.
  public func put(_ values: [[UInt8]], _ wait: Wait) throws {
    try client.onLane { lane in
      var start = 0
      while start < values.count {
        let end = RedisQueue.batch(values, from: start)
        let words = [lane.name, Array("\(client.number(lane))".utf8)] + values[start..<end]
        let reply = try run(
          QueueScripts.put, words, until: RedisClient.limit(wait), wait.sleeper)
        switch reply[0].text {
        case "put": start += max(1, reply[1].number ?? 1)
        case "closed": throw RedisTrouble.closed
        case "full":
          if wait.isNow { throw RedisTrouble.full }
          if Clock.monotonic >= wait.deadline { throw RedisTrouble.timeout }
          try client.awaitBell(from: reply[1].text ?? "0-0", until: wait.deadline, wait.sleeper)
        default: throw RedisTrouble.garbage
        }
      }
    }
  }

  private static func batch(_ values: [[UInt8]], from start: Int) -> Int {
    var end = start
    var bytes = 0
    while end < values.count, end - start < largestBatch.count, bytes < largestBatch.bytes {
      bytes += values[end].count
      end += 1
    }
    return end
  }

  // MARK: Taking

  /// Takes up to so many items, waiting for the first.
  ///
  /// - Parameter lease: for how long they are lent at most (ns); nil: they are this process's for good.
  public func take(_ most: Int, lease: Int64?, _ wait: Wait) throws -> [Item] {
    try client.onLane { lane in
      while true {
        let began = Clock.monotonic
        let reply = try attempt(lane, most, wait)
        switch reply[0].text {
        case "took":
          let items = reply[1].items
          let ids = items.compactMap { item -> [UInt8]? in
            if case .bytes(let id) = item[0] { return id }
            return nil
          }
          if let lease {
            keep(ids, until: lease >= .max - began ? .max : began + lease)
          } else {
            try confirm(lane, ids, wait)
          }
          return items.map { item in
            if case .bytes(let value) = item[1] {
              return Item(value: value, times: item[2].number ?? 1)
            }
            return Item(value: [], times: 1)
          }
        case "closed": throw RedisTrouble.closed
        case "empty":
          bell = reply[1].text ?? "0-0"
          if wait.isNow { throw RedisTrouble.empty }
          if Clock.monotonic >= wait.deadline { throw RedisTrouble.timeout }
          if try look(until: RedisClient.limit(wait), wait.sleeper) { continue }
          try client.awaitBell(
            from: bell, until: min(wait.deadline, judge.next), wait.sleeper)
        default: throw RedisTrouble.garbage
        }
      }
    }
  }

  /// When a waiter is to look next at who holds what (monotonic ns).
  public var nextLook: Int64 { judge.next }

  /// Looks at who holds what, if that is due; whether something has come back.
  public func lookIfDue(_ wait: Wait) throws -> Bool {
    try look(until: RedisClient.limit(wait), wait.sleeper)
  }

  private func attempt(_ lane: RedisClient.Lane, _ most: Int, _ wait: Wait) throws -> RedisReply {
    let number = client.number(lane)
    do {
      return try run(
        QueueScripts.take,
        [lane.name, Array("\(number)".utf8), client.id, Array("\(most)".utf8)],
        until: RedisClient.limit(wait), wait.sleeper)
    } catch let error as RedisTrouble where error.isRefusal {
      throw error
    } catch {
      // It may have been done, or may be yet: nothing shall be taken for a wait that was given up.
      heart.errand(
        QueueScripts.undo, QueueScripts.keys, [lane.name, Array("\(number)".utf8), client.id])
      throw error
    }
  }

  /// What was taken for good is no other's from now on; before the caller sees it.
  private func confirm(_ lane: RedisClient.Lane, _ ids: [[UInt8]], _ wait: Wait) throws {
    let number = Array("\(client.number(lane))".utf8)
    do {
      _ = try run(
        QueueScripts.acknowledge, [lane.name + Array(".c".utf8), number, client.id] + ids,
        until: RedisClient.limit(wait), wait.sleeper)
    } catch {
      // Whether it was is not known; if not, it goes back.
      heart.errand(
        QueueScripts.giveBack, QueueScripts.keys, [lane.name, number, client.id] + ids)
      throw error
    }
  }

  private func keep(_ ids: [[UInt8]], until: Int64) {
    renew()
    held += ids.map { Held(id: $0, until: until) }
    heart.begin()
  }

  /// Looks at who holds what, if that is due; whether something has come back.
  private func look(until deadline: Int64, _ sleeper: any Sleeper) throws -> Bool {
    renew()
    return try look(QueueScripts.look, reap: QueueScripts.reap, until: deadline, sleeper)
  }

  // MARK: What is held

  /// Gives back what is held for longer than it was lent; the moment of the next end (monotonic ns).
  public func expire() -> Int64 {
    renew()
    let now = Clock.monotonic
    let over = held.filter { $0.until <= now }
    if !over.isEmpty {
      held.removeAll { $0.until <= now }
      client.onLane { lane in
        heart.errand(
          QueueScripts.giveBack, QueueScripts.keys,
          [lane.name, Array("\(client.number(lane))".utf8), client.id] + over.map(\.id))
      }
      if held.isEmpty { heart.end() }
    }
    return held.map(\.until).min() ?? .max
  }

  /// Keeps for good what this process holds; how many that was.
  ///
  /// Throws `notHeld` for none.
  public func acknowledge(_ wait: Wait) throws -> Int {
    try settle(QueueScripts.acknowledge, wait)
  }

  /// Gives back what this process holds; how many that was.
  ///
  /// Throws `notHeld` for none.
  public func giveBack(_ wait: Wait) throws -> Int {
    try settle(QueueScripts.giveBack, wait)
  }

  private func settle(_ script: RedisScript, _ wait: Wait) throws -> Int {
    _ = expire()
    var count = 0
    // One whose answer never came is made again as it was.
    if let open = unsettled, open.name == script.name {
      count += try settle(script, open, wait)
    }
    let mine = held.map(\.id)
    if !mine.isEmpty {
      count += try client.onLane { lane in
        let request = Request(
          name: script.name, lane: lane.name, number: client.number(lane), ids: mine)
        return try settle(script, request, wait)
      }
    }
    if count == 0 { throw RedisTrouble.notHeld }
    return count
  }

  private func settle(_ script: RedisScript, _ request: Request, _ wait: Wait) throws -> Int {
    unsettled = request
    let words = [request.lane, Array("\(request.number)".utf8), client.id] + request.ids
    let reply = try run(script, words, until: RedisClient.limit(wait), wait.sleeper)
    unsettled = nil
    held.removeAll { item in request.ids.contains(item.id) }
    if held.isEmpty { heart.end() }
    return reply[1].number ?? 0
  }

  /// A numbered request about items.
  private struct Request {
    let name: String
    let lane: [UInt8]
    let number: Int
    let ids: [[UInt8]]
  }

  // MARK: Looking

  public func close(_ wait: Wait) throws {
    _ = try run(QueueScripts.close, [], until: RedisClient.limit(wait), wait.sleeper)
  }

  /// The first value that can be taken; throws `empty`.
  public func peek(_ wait: Wait) throws -> [UInt8] {
    let reply = try run(QueueScripts.peek, [], until: RedisClient.limit(wait), wait.sleeper)
    guard reply[0].text == "item", case .bytes(let value) = reply[1] else {
      throw RedisTrouble.empty
    }
    return value
  }

  public func facts(_ wait: Wait) throws -> Facts {
    let began = Clock.monotonic
    let reply = try run(QueueScripts.facts, [], until: RedisClient.limit(wait), wait.sleeper)
    var facts = Facts()
    facts.roundTrip = Clock.monotonic - began
    facts.items = reply[1].number ?? 0
    facts.lent = reply[2].number ?? 0
    facts.dead = reply[3].number ?? 0
    facts.isClosed = reply[4].text == "1"
    (facts.most, facts.attempts) = (reply[5].number, reply[6].number)
    var counts: [String: Int] = [:]
    for holder in reply[7].items { counts[holder.text ?? "", default: 0] += 1 }
    facts.holders = counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    facts.oldest = reply[8].text?.split(separator: "-").first.flatMap { Int($0) }
    return facts
  }

  /// Values that were given up, and how often each was taken.
  public func dead(_ wait: Wait) throws -> [Item] {
    let reply = try run(QueueScripts.dead, [], until: RedisClient.limit(wait), wait.sleeper)
    return reply[1].items.map { item in
      if case .bytes(let value) = item[0] { return Item(value: value, times: item[1].number ?? 0) }
      return Item(value: [], times: 0)
    }
  }

  /// Removes it from the server.
  public func remove(_ wait: Wait) throws {
    held = []
    heart.end()
    _ = try client.run(
      QueueScripts.remove, QueueScripts.keys, [], until: RedisClient.limit(wait), wait.sleeper)
  }
}
