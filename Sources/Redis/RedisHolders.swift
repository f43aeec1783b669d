import Channels
import Posix

/// Permits on a server that processes hold for as long as they live: a lock has one, a semaphore some.
///
/// Advisory: each time that a permit is taken gets a fencing number, larger than all before, by which
/// what is guarded can refuse a holder that was taken for gone.
public final class RedisHolders: RedisJudged {
  public let client: RedisClient
  public let heart: RedisHeart
  private let kind: String
  private let settings: [(name: String, value: String)]
  /// The values that it begins with.
  private let initial: [String]
  private let loose: Set<String>
  var judge = RedisJudge()
  private var depth = Process.forkDepth
  private var count = 0
  /// The fencing number of the last permit that was taken.
  public private(set) var fence = 0
  /// Whether what this process held was lost.
  public private(set) var isLost = false
  /// Told of that.
  public var onLoss: (() -> Void)?

  /// A permit that was taken.
  public struct Permit: Sendable {
    public let fence: Int
    /// Who had it before and has gone with it.
    public let dead: String?
  }

  /// - Parameters:
  ///   - kind: what it is: `lock`, `sem`, `shm`, `event`.
  ///   - settings: names and values that it is made with, or must have where it is there.
  ///   - initial: the values of its elements, where it is made.
  ///   - loose: names of settings that may be others where it is there.
  public init(
    _ client: RedisClient, kind: String, _ settings: [(name: String, value: String)],
    initial: [String] = [], loose: Set<String> = []
  ) {
    (self.client, self.kind, self.settings, self.initial) = (client, kind, settings, initial)
    self.loose = loose
    heart = RedisHeart(client)
    heart.onLoss = { [weak self] in
      guard let self else { return }
      count = 0
      isLost = true
      onLoss?()
    }
  }

  private func renew() {
    guard depth != Process.forkDepth else { return }
    depth = Process.forkDepth
    count = 0
    isLost = false
    judge = RedisJudge()
  }

  /// How many permits this process holds.
  public var holds: Int { depth == Process.forkDepth ? count : 0 }

  // MARK: Making

  /// Makes it, or takes one that is there; throws `other` where that has other settings.
  public func make(until deadline: Int64, _ sleeper: any Sleeper) throws -> [String: String] {
    let all = [("kind", kind), ("layout", "1")] + settings.map { ($0.name, $0.value) }
    let words =
      ["\(2 * all.count)"] + all.flatMap { [$0.0, $0.1] }
      + initial.enumerated().flatMap { ["\($0.offset)", $0.element] }
    let reply = try client.run(
      HolderScripts.make, ["meta", "value"], words.map { Array($0.utf8) }, until: deadline, sleeper)
    var found: [String: String] = [:]
    for (name, value) in reply.pairs { found[name] = value.text ?? "" }
    for (name, value) in [("kind", kind)] + settings.map({ ($0.name, $0.value) })
    where found[name] != value && !loose.contains(name) {
      throw RedisTrouble.other(name, found[name] ?? "none", value)
    }
    return found
  }

  func run(
    _ script: RedisScript, _ arguments: [[UInt8]], until deadline: Int64, _ sleeper: any Sleeper
  ) throws -> RedisReply {
    renew()
    while true {
      let reply = try client.run(script, HolderScripts.keys, arguments, until: deadline, sleeper)
      guard reply[0] == .bytes(Array("gone".utf8)) else { return reply }
      _ = try make(until: deadline, sleeper)
    }
  }

  // MARK: Permits

  /// Takes a permit, waiting for one.
  public func acquire(_ wait: Wait) throws -> Permit {
    try client.onLane { lane in
      while true {
        let reply = try attempt(lane, wait)
        switch reply[0].text {
        case "held":
          count += 1
          isLost = false
          fence = reply[1].number ?? 0
          heart.begin()
          let dead = reply[2].text ?? ""
          return Permit(fence: fence, dead: dead.isEmpty ? nil : dead)
        case "own": throw RedisTrouble.selfDeadlock
        case "busy":
          if wait.isNow { throw RedisTrouble.empty }
          if Clock.monotonic >= wait.deadline { throw RedisTrouble.timeout }
          if try look(
            HolderScripts.look, reap: HolderScripts.reap, until: RedisClient.limit(wait),
            wait.sleeper)
          {
            continue
          }
          try client.awaitBell(
            from: reply[1].text ?? "0-0", until: min(wait.deadline, judge.next), wait.sleeper)
        default: throw RedisTrouble.garbage
        }
      }
    }
  }

  private func attempt(_ lane: RedisClient.Lane, _ wait: Wait) throws -> RedisReply {
    let words = [lane.name, Array("\(client.number(lane))".utf8), client.id]
    do {
      return try run(
        HolderScripts.acquire, words, until: RedisClient.limit(wait), wait.sleeper)
    } catch let error as RedisTrouble where error.isRefusal {
      throw error
    } catch {
      heart.errand(HolderScripts.undo, HolderScripts.keys, words)
      throw error
    }
  }

  /// Gives a permit back; throws `notHeld`, also where it was lost.
  public func release(_ wait: Wait) throws {
    renew()
    guard count > 0 else { throw RedisTrouble.notHeld }
    try client.onLane { lane in
      let words = [lane.name, Array("\(client.number(lane))".utf8), client.id]
      if count == 1 { heart.expectEnd() }
      let reply: RedisReply
      do {
        reply = try run(
          HolderScripts.release, words, until: RedisClient.limit(wait), wait.sleeper)
      } catch {
        // It is given back when the server can be reached.
        heart.errand(HolderScripts.release, HolderScripts.keys, words)
        letGo()
        throw error
      }
      letGo()
      if reply[0].text != "done" {
        count = 0
        heart.end()
        throw RedisTrouble.notHeld
      }
    }
  }

  private func letGo() {
    count = max(0, count - 1)
    if count == 0 { heart.end() }
  }

  // MARK: Looking

  /// All settings, and who holds how many.
  public func facts(
    _ wait: Wait
  ) throws -> (settings: [String: String], holders: [(holder: String, count: Int)]) {
    let reply = try run(HolderScripts.facts, [], until: RedisClient.limit(wait), wait.sleeper)
    var found: [String: String] = [:]
    for (name, value) in reply[1].pairs { found[name] = value.text ?? "" }
    let holders = reply[2].pairs.map { (holder: $0.name, count: $0.value.number ?? 0) }
    return (found, holders.sorted { $0.holder < $1.holder })
  }

  /// Removes it from the server.
  public func remove(_ wait: Wait) throws {
    count = 0
    heart.end()
    _ = try client.run(
      HolderScripts.remove, HolderScripts.keys, [], until: RedisClient.limit(wait), wait.sleeper)
  }
}

// MARK: Events

extension RedisHolders {
  /// Sets or clears an event, once.
  public func set(_ on: Bool, _ wait: Wait) throws {
    try client.onLane { lane in
      let words = [lane.name, Array("\(client.number(lane))".utf8), Array((on ? "1" : "0").utf8)]
      _ = try run(HolderScripts.set, words, until: RedisClient.limit(wait), wait.sleeper)
    }
  }

  /// Whether an event is set, how often it was, and the bell's last item.
  public func state(_ wait: Wait) throws -> (isSet: Bool, sets: Int, bell: String) {
    let reply = try run(HolderScripts.state, [], until: RedisClient.limit(wait), wait.sleeper)
    return (reply[1].text == "1", reply[2].number ?? 0, reply[3].text ?? "0-0")
  }

  /// Waits until an event is set, or was in the meantime; throws `timeout`.
  public func awaitSet(_ wait: Wait) throws {
    let first = try state(wait)
    if first.isSet { return }
    var bell = first.bell
    while true {
      if Clock.monotonic >= wait.deadline { throw RedisTrouble.timeout }
      try client.awaitBell(from: bell, until: wait.deadline, wait.sleeper)
      let now = try state(wait)
      if now.isSet || now.sets != first.sets { return }
      bell = now.bell
    }
  }
}

// MARK: Values

extension RedisHolders {
  /// What is to be done to values.
  public enum Change {
    case set([(index: Int, text: String)])
    /// To a whole number, which must stay within bounds.
    case add(index: Int, amount: Int, bounds: ClosedRange<Int>)
    case addNumber(index: Int, amount: String)
    case exchange(index: Int, old: String, new: String, isNumber: Bool)
  }

  /// The values at some indexes, as texts.
  public func read(_ indexes: Range<Int>, _ wait: Wait) throws -> [String] {
    let words = indexes.map { Array("\($0)".utf8) }
    let reply = try run(HolderScripts.read, words, until: RedisClient.limit(wait), wait.sleeper)
    return reply[1].items.map { $0.text ?? "0" }
  }

  /// Changes values once, atomically; yields what is there afterwards, or `1` and `0` of `exchange`.
  ///
  /// - Parameter underLock: only if this process still holds it; throws `notHeld`.
  public func change(_ change: Change, underLock: Bool = false, _ wait: Wait) throws -> String {
    var words: [String]
    switch change {
    case .set(let all): words = ["set"] + all.flatMap { ["\($0.index)", $0.text] }
    case .add(let index, let amount, let bounds):
      // Beyond what Lua's numbers tell apart the server itself watches the bounds.
      let low = bounds.lowerBound == .min ? "" : "\(bounds.lowerBound)"
      let high = bounds.upperBound == .max ? "" : "\(bounds.upperBound)"
      words = ["add", "\(index)", "\(amount)", low, high]
    case .addNumber(let index, let amount): words = ["addf", "\(index)", amount]
    case .exchange(let index, let old, let new, let isNumber):
      words = [isNumber ? "casf" : "cas", "\(index)", old, new]
    }
    return try client.onLane { lane in
      let head = [lane.name, Array("\(client.number(lane))".utf8), underLock ? client.id : []]
      let reply = try run(
        HolderScripts.change, head + words.map { Array($0.utf8) },
        until: RedisClient.limit(wait), wait.sleeper)
      switch reply[0].text {
      case "value": return reply[1].text ?? ""
      case "range": throw RedisTrouble.range(reply[1].text ?? "")
      case "lost": throw RedisTrouble.notHeld
      default: throw RedisTrouble.garbage
      }
    }
  }
}
