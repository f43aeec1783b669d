import Channels
import Posix

/// Raises this process's counter on a server each second while it holds something there, whatever else
/// it does, and sends what must get there some time.
///
/// It never waits: each beat sends what can be sent and reads what has come.
public final class RedisHeart {
  private let client: RedisClient
  private var depth = Process.forkDepth
  private var connection: RedisConnection?
  private var ignored = 0
  private var expected: [Expected] = []
  private var generation = 0
  private var lastAnswer: Int64 = 0
  private var isHolding = false
  /// All that is held is being given back.
  private var isLeaving = false
  private var errands: [Errand] = []
  private var nextErrand = 0
  /// Beats while code computes without a moment for this, as a long call of one built-in.
  private var pulse: Pulse?
  /// What is held, when `pulse` was made ready last.
  private var pulseGeneration = 0

  /// Told that this process has lost what it held: another one took it for gone, or the server has
  /// forgotten it.
  public var onLoss: (() -> Void)?
  /// Told when it begins to beat.
  public var onStart: (() -> Void)?

  private enum Expected {
    case nothing
    case beat(generation: Int)
    case errand(Int)
  }

  private struct Errand {
    let number: Int
    let words: [[UInt8]]
    var isSent = false
  }

  /// How often it beats (ns).
  public static let pause: Int64 = 1_000_000_000
  /// After so long without a beat a timer's handler beats (ns).
  private static let mostPause: Int64 = 1_700_000_000
  /// A connection that gives no answer for so long is made anew (ns).
  private static let mostSilence: Int64 = 10_000_000_000

  init(_ client: RedisClient) { self.client = client }

  private func renew() {
    guard depth != Process.forkDepth else { return }
    depth = Process.forkDepth
    connection = nil
    pulse = nil
    expected = []
    isHolding = false
    isLeaving = false
    errands = []
  }

  /// Whether there is something to do.
  public var isNeeded: Bool {
    depth == Process.forkDepth && (isHolding || !errands.isEmpty)
  }

  /// This process holds something from now on.
  func begin() {
    renew()
    generation += 1
    let wasNeeded = isNeeded
    isHolding = true
    isLeaving = false
    if !wasNeeded { onStart?() }
    if let connection, connection.isUsable {
      pulseGeneration = generation
      pulse?.allow(connection.isSent)
    } else {
      // The code that runs next may have no moment for it.
      beat()
    }
  }

  /// All that it holds is being given back: that the server has nothing of it any more may be told
  /// before the answer to that.
  func expectEnd() {
    renew()
    isLeaving = true
  }

  /// It holds nothing any more.
  func end() {
    renew()
    generation += 1
    isHolding = false
    isLeaving = false
    pulse?.allow(false)
  }

  /// Sends a script some time, again until it is answered.
  func errand(_ script: RedisScript, _ keys: [String], _ arguments: [[UInt8]]) {
    renew()
    let words =
      [Array("EVAL".utf8), script.body, Array("\(keys.count)".utf8)] + keys.map { client.key($0) }
      + arguments
    let wasNeeded = isNeeded
    nextErrand += 1
    errands.append(Errand(number: nextErrand, words: words))
    if !wasNeeded { onStart?() }
  }

  /// One beat: to be called each second as long as it is needed.
  public func beat() {
    renew()
    do {
      try advance()
    } catch {
      drop()
    }
    if isNeeded { return }
    if let connection, expected.isEmpty, pulse?.takeCount() ?? 0 == 0 {
      pulse?.remove()
      pulse = nil
      self.connection = nil
      return client.giveBack(connection)
    }
    drop()
  }

  private func drop() {
    pulse?.remove()
    pulse = nil
    connection?.close()
    connection = nil
    expected = []
    for index in errands.indices { errands[index].isSent = false }
  }

  private func advance() throws(RedisTrouble) {
    let now = Clock.monotonic
    if connection?.isUsable != true {
      drop()
      lastAnswer = now
      if let idle = client.takeIdle() {
        connection = idle
      } else {
        let (made, ignored) = try client.connectLater()
        connection = made
        expected = Array(repeating: .nothing, count: ignored)
      }
    }
    guard let connection else { return }
    try takePulses()
    _ = try connection.advance()
    while let reply = try connection.receive() {
      lastAnswer = now
      take(reply)
    }
    if now - lastAnswer > RedisHeart.mostSilence, !expected.isEmpty {
      throw .lost("it does not answer")
    }
    for index in errands.indices where !errands[index].isSent {
      try connection.send(errands[index].words)
      errands[index].isSent = true
      expected.append(.errand(errands[index].number))
    }
    if isHolding, expected.count < 16 {
      try connection.send(beatWords)
      expected.append(.beat(generation: generation))
    }
    // Nearby servers have answered by the time that the call returns.
    while let reply = try connection.receive() { take(reply) }
    allowPulses(connection)
  }

  /// What was sent meanwhile is answered as any beat.
  private func takePulses() throws(RedisTrouble) {
    guard let pulse else { return }
    pulse.allow(false)
    guard let count = pulse.takeCount() else { throw .lost("a beat was sent in part") }
    for _ in 0..<count { expected.append(.beat(generation: pulseGeneration)) }
  }

  private func allowPulses(_ connection: RedisConnection) {
    guard isHolding else { return }
    if pulse == nil {
      var message: [UInt8] = []
      RedisCommand.append(beatWords, to: &message)
      pulse = try? Pulse(connection.descriptor, message)
    }
    pulseGeneration = generation
    pulse?.allow(connection.isSent)
    Pulse.expect(within: RedisHeart.mostPause, every: RedisHeart.pause)
  }

  /// How to beat for this process from another one.
  public struct Rhythm: Sendable {
    let place: SocketAddress
    let greeting: [[[UInt8]]]
    let beat: [[UInt8]]
  }

  /// The same of what it holds now; nil if that is nothing.
  public var rhythm: Rhythm? {
    guard depth == Process.forkDepth, isHolding, let place = client.lastAddress else { return nil }
    return Rhythm(place: place, greeting: client.greeting, beat: beatWords)
  }

  private var beatWords: [[UInt8]] {
    [Array("EVAL".utf8), HolderScripts.beat.body, Array("1".utf8), client.key("beats"), client.id]
  }

  private func take(_ reply: RedisReply) {
    if expected.isEmpty { return }
    switch expected.removeFirst() {
    case .nothing: break
    case .beat(let sent):
      if case .integer(0) = reply, isHolding, !isLeaving, sent == generation {
        isHolding = false
        onLoss?()
      }
    case .errand(let number):
      // What the server refuses is tried again.
      if case .error = reply {
        if let index = errands.firstIndex(where: { $0.number == number }) {
          errands[index].isSent = false
        }
      } else {
        errands.removeAll { $0.number == number }
      }
    }
  }
}
