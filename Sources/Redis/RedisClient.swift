import Channels
import CPosix
import Glibc
import Posix
import Processes

/// This process's end of one thing on a server: who it is there, its connections, its requests.
///
/// A forked child begins anew, as another client with connections of its own.
public final class RedisClient {
  public let address: RedisAddress
  /// The key that all keys of the thing have in common.
  public let key: String
  public let demands: RedisSettings.Demands
  private let password: [UInt8]?
  /// The addresses of the server, asked for before each connection; the argument is a deadline.
  private let resolve: (Int64) throws -> [SocketAddress]
  /// Told that a server cannot be reached, once per outage.
  public var onTrouble: ((String) -> Void)?

  private var state = State()
  private var heads: [String: [[UInt8]]] = [:]
  private var depth = Process.forkDepth
  /// What the server said about itself when this process connected last.
  public var settings: RedisSettings? {
    depth == Process.forkDepth ? state.settings : nil
  }

  /// What a forked child must not take over.
  private struct State {
    var id: [UInt8] = []
    var idle: [RedisConnection] = []
    var numbers: [Int] = []
    var busyLanes = 0
    var settings: RedisSettings?
    var lastAddress: SocketAddress?
    var hasTold = false
    var wasReached = false
    /// Addresses that the next connection need not ask for.
    var found: [SocketAddress]?
  }

  public init(
    _ address: RedisAddress, key: String, password: [UInt8]?, demands: RedisSettings.Demands,
    resolve: @escaping (Int64) throws -> [SocketAddress]
  ) {
    (self.address, self.key, self.demands) = (address, key, demands)
    (self.password, self.resolve) = (password, resolve)
  }

  /// Whether the last attempt to ask it has reached the server, which may have said nothing in time.
  public var wasReached: Bool { depth == Process.forkDepth && state.wasReached }

  /// Looks for the server's addresses, and for the way to it, before the first request.
  public func find(until deadline: Int64) throws {
    renew()
    state.found = try resolve(deadline)
  }

  /// Begins anew in a forked child.
  private func renew() {
    if depth == Process.forkDepth, !state.id.isEmpty { return }
    depth = Process.forkDepth
    state = State()
    var host = [CChar](repeating: 0, count: 65)
    _ = gethostname(&host, 64)
    let name = host.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    let tail = String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
    let safe = name.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "." }
    state.id = Array("\(safe)/\(Process.pid)/\(tail)".utf8)
  }

  /// Who this process is to the server: host, pid, and a random number.
  public var id: [UInt8] {
    renew()
    return state.id
  }

  /// A key of the thing on the server.
  func key(_ part: String) -> [UInt8] { Array("brood:{\(key)}:\(part)".utf8) }

  // MARK: Numbered requests

  /// Who makes a request: of those that a handler makes while another one waits, each counts for itself.
  struct Lane {
    let index: Int
    let name: [UInt8]
  }

  /// Runs something that makes numbered requests.
  func onLane<R>(_ body: (Lane) throws -> R) rethrows -> R {
    renew()
    let index = state.busyLanes
    let depth = self.depth
    state.busyLanes += 1
    if state.numbers.count <= index { state.numbers.append(0) }
    defer { if depth == Process.forkDepth { state.busyLanes -= 1 } }
    return try body(
      Lane(index: index, name: index == 0 ? state.id : state.id + Array(".\(index)".utf8)))
  }

  /// The number of the next request of a lane.
  func number(_ lane: Lane) -> Int {
    state.numbers[lane.index] += 1
    return state.numbers[lane.index]
  }

  // MARK: Requests

  /// How long a server has to answer in any case, also one who does not wait (ns).
  static let leastPatience: Int64 = 1_000_000_000

  /// How long the same connection is asked (ns).
  private static let mostPatience: Int64 = 15_000_000_000

  /// When a request is given up that belongs to a wait.
  static func limit(_ wait: Wait) -> Int64 {
    max(wait.deadline, Clock.deadline(after: leastPatience))
  }

  /// Runs a script, again where the connection or its answer was lost, until the deadline.
  func run(
    _ script: RedisScript, _ keys: [String], _ arguments: [[UInt8]], until deadline: Int64,
    _ sleeper: any Sleeper
  ) throws -> RedisReply {
    var words = head(script, keys) + arguments
    return try persist(until: deadline, sleeper) { connection, limit in
      let reply = try connection.ask(words, until: limit, sleeper)
      guard case .error(let text) = reply, text.hasPrefix("NOSCRIPT") else { return reply }
      words[0] = Array("EVAL".utf8)
      words[1] = script.body
      defer { (words[0], words[1]) = (Array("EVALSHA".utf8), script.hash) }
      return try connection.ask(words, until: limit, sleeper)
    }
  }

  /// The words that a script is called by, up to its arguments: made once, since a round trip to a
  /// server nearby takes no longer than to make them some times.
  private func head(_ script: RedisScript, _ keys: [String]) -> [[UInt8]] {
    if let known = heads[script.name] { return known }
    let words =
      [Array("EVALSHA".utf8), script.hash, Array("\(keys.count)".utf8)] + keys.map { key($0) }
    heads[script.name] = words
    return words
  }

  /// Waits until the bell has rung since an item of it, or for some time; then the caller looks again.
  func awaitBell(
    from id: String, until deadline: Int64, _ sleeper: any Sleeper
  ) throws {
    let rest = (deadline - Clock.monotonic) / 1_000_000
    if rest <= 0 { return }
    let block = min(rest + 1, 1000)
    let answer = Clock.deadline(after: block * 1_000_000 + RedisClient.leastPatience)
    do {
      _ = try persist(until: answer, sleeper) { connection, _ in
        try connection.ask(bellQuestion(from: id, milliseconds: block), until: answer, sleeper)
      }
    } catch RedisTrouble.unanswered(_) {
      // The caller asks again, and waits for the answer to that.
    }
  }

  func bellQuestion(from id: String, milliseconds: Int64) -> [[UInt8]] {
    let words = ["XREAD", "BLOCK", "\(milliseconds)", "STREAMS"].map { Array($0.utf8) }
    return words + [key("bell"), Array(id.utf8)]
  }

  private func persist(
    until deadline: Int64, _ sleeper: any Sleeper,
    _ body: (RedisConnection, Int64) throws -> RedisReply
  ) throws -> RedisReply {
    var delay: Int64 = 10_000_000
    let began = Clock.monotonic
    var reason: String?
    while true {
      do {
        // A host that has gone without a word tells nothing of it: then the request is made again.
        let limit = min(deadline, Clock.deadline(after: RedisClient.mostPatience))
        let connection = try borrow(until: limit, sleeper)
        state.wasReached = true
        let reply = try body(connection, limit)
        giveBack(connection)
        guard case .error(let text) = reply else { return reply }
        guard RedisTrouble.isPassing(text) else { throw RedisTrouble.server(text) }
        reason = text
      } catch RedisTrouble.lost(let why) {
        state.wasReached = false
        reason = why
      } catch RedisTrouble.unanswered(let why) {
        reason = why ?? reason ?? "it does not answer"
      }
      let now = Clock.monotonic
      if now >= deadline { throw RedisTrouble.unanswered(reason) }
      if now - began > 3_000_000_000, !state.hasTold {
        state.hasTold = true
        onTrouble?(reason ?? "it does not answer")
      }
      _ = try Wait(until: deadline, sleeper).sleepOnce([], until: now + delay)
      delay = min(2 * delay, 1_000_000_000)
    }
  }

  // MARK: Connections

  /// A connection that nothing else uses.
  func borrow(until deadline: Int64, _ sleeper: any Sleeper) throws -> RedisConnection {
    if let connection = takeIdle() { return connection }
    return try connect(until: deadline, sleeper)
  }

  /// An open connection that nothing uses; nil if there is none.
  func takeIdle() -> RedisConnection? {
    renew()
    while let connection = state.idle.popLast() {
      if connection.isUsable, connection.awaited == 0 { return connection }
    }
    return nil
  }

  func giveBack(_ connection: RedisConnection) {
    guard connection.isUsable, connection.awaited == 0, depth == Process.forkDepth,
      state.idle.count < 4
    else { return connection.close() }
    state.idle.append(connection)
  }

  private func connect(until deadline: Int64, _ sleeper: any Sleeper) throws -> RedisConnection {
    let places = try state.found ?? resolve(deadline)
    state.found = nil
    var trouble = RedisTrouble.lost("its host has no address")
    for place in places {
      do {
        let connection = try RedisConnection(to: place)
        defer { state.wasReached = connection.isConnected }
        try open(connection, until: deadline, sleeper)
        state.lastAddress = place
        state.hasTold = false
        return connection
      } catch RedisTrouble.lost(let reason) {
        trouble = .lost(reason)
      }
    }
    throw trouble
  }

  /// The words by which a connection begins.
  var greeting: [[[UInt8]]] {
    var commands: [[[UInt8]]] = []
    if let password {
      let user = address.user.map { [Array($0.utf8)] } ?? []
      commands.append([Array("AUTH".utf8)] + user + [password])
    }
    if address.database != 0 {
      commands.append(["SELECT", "\(address.database)"].map { Array($0.utf8) })
    }
    return commands
  }

  private func open(
    _ connection: RedisConnection, until deadline: Int64, _ sleeper: any Sleeper
  ) throws {
    let greeting = greeting
    for words in greeting { try connection.send(words) }
    for name in RedisSettings.questions {
      try connection.send(["CONFIG", "GET", name].map { Array($0.utf8) })
    }
    for _ in greeting {
      if case .error(let text) = try connection.reply(until: deadline, sleeper) {
        try fail(connection, text)
      }
    }
    var replies: [RedisReply] = []
    for _ in RedisSettings.questions {
      replies.append(try connection.reply(until: deadline, sleeper))
    }
    var settings = RedisSettings(replies)
    if case .error(let text)? = replies.first {
      if text.hasPrefix("NOAUTH") || RedisTrouble.isPassing(text) { try fail(connection, text) }
      for section in ["persistence", "memory"] {
        let words = ["INFO", section].map { Array($0.utf8) }
        if let info = try connection.ask(words, until: deadline, sleeper).text {
          settings.take(info: info)
        }
      }
    }
    state.settings = settings
    do {
      try settings.check(demands)
    } catch {
      connection.close()
      throw error
    }
  }

  private func fail(_ connection: RedisConnection, _ text: String) throws -> Never {
    connection.close()
    throw RedisTrouble.isPassing(text) ? RedisTrouble.lost(text) : RedisTrouble.server(text)
  }

  /// Where this process connected last.
  var lastAddress: SocketAddress? { depth == Process.forkDepth ? state.lastAddress : nil }

  /// A connection to where this process connected last, which is not waited for: its replies begin
  /// with those of `ignored` commands.
  func connectLater() throws(RedisTrouble) -> (connection: RedisConnection, ignored: Int) {
    renew()
    guard let place = state.lastAddress else { throw .lost("it was never reached") }
    let connection = try RedisConnection(to: place)
    let greeting = greeting
    for words in greeting { try connection.send(words) }
    return (connection, greeting.count)
  }

  /// Closes what is idle.
  public func disconnect() {
    guard depth == Process.forkDepth else { return }
    for connection in state.idle { connection.close() }
    state.idle = []
  }
}
