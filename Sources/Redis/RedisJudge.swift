import Channels
import Posix

/// Judges which holders have gone: those whose counter has not moved for a while of this process's own
/// clock, during which its own looks got through.
///
/// No clock of the server or of another host counts, and nothing expires by itself.
public struct RedisJudge {
  private var seen: [String: (beat: String, since: Int64)] = [:]
  private var lastLook = Int64.min

  /// For how long a counter must have stood still (ns).
  public static let timeout: Int64 = 5_000_000_000
  /// How often a waiter looks (ns).
  public static let pause: Int64 = 1_000_000_000
  /// After a gap between two looks of its own it begins anew (ns).
  static let mostGap: Int64 = 2_500_000_000

  public init() {}

  /// Takes in a look; yields the holders that have gone, with the counters that they had.
  ///
  /// - Parameters:
  ///   - beats: holders and their counters.
  ///   - asked: when the question was sent (monotonic ns).
  ///   - answered: when its answer had come.
  public mutating func take(
    _ beats: [(holder: String, beat: String)], asked: Int64, answered: Int64
  ) -> [(holder: String, beat: String)] {
    if lastLook == .min || asked - lastLook > RedisJudge.mostGap
      || answered - asked > 2 * RedisJudge.pause
    {
      seen = [:]
    }
    lastLook = answered
    var next: [String: (beat: String, since: Int64)] = [:]
    var gone: [(holder: String, beat: String)] = []
    for (holder, beat) in beats {
      if let known = seen[holder], known.beat == beat {
        next[holder] = known
        if asked - known.since > RedisJudge.timeout { gone.append((holder, beat)) }
      } else {
        next[holder] = (beat, answered)
      }
    }
    seen = next
    return gone
  }

  /// A look that was refused or lost: what was watched does not count.
  public mutating func forget() {
    seen = [:]
    lastLook = .min
  }

  /// When the next look is due (monotonic ns).
  public var next: Int64 { lastLook == .min ? 0 : lastLook + RedisJudge.pause }
}

/// What processes of several hosts hold, where each waiter looks whether a holder has gone.
protocol RedisJudged: AnyObject {
  var judge: RedisJudge { get set }
  func run(
    _ script: RedisScript, _ arguments: [[UInt8]], until deadline: Int64, _ sleeper: any Sleeper
  ) throws -> RedisReply
}

extension RedisJudged {
  /// Looks at who holds what, if that is due, and takes it from those that have gone; whether
  /// something has come back.
  func look(
    _ look: RedisScript, reap: RedisScript, until deadline: Int64, _ sleeper: any Sleeper
  ) throws -> Bool {
    let asked = Clock.monotonic
    if asked < judge.next { return false }
    let reply: RedisReply
    do {
      reply = try run(look, [], until: deadline, sleeper)
    } catch RedisTrouble.server(_) {
      judge.forget()
      return false
    }
    var cameBack = false
    let beats = reply.pairs.map { (holder: $0.name, beat: $0.value.text ?? "0") }
    for (holder, beat) in judge.take(beats, asked: asked, answered: Clock.monotonic) {
      let words = [Array(holder.utf8), Array(beat.utf8)]
      let done = try run(reap, words, until: deadline, sleeper)
      if (done[1].number ?? 0) > 0 { cameBack = true }
    }
    return cameBack
  }
}
