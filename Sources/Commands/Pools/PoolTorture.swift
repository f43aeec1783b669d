import Language
import Posix
import Processes
import Session

/// `pool torture`: a storm of kills, for those who want to see it.
enum PoolTorture {
  static let command = Command(
    "pool torture", "Kill workers at random while they work, and count what is lost",
    details: """
      Workers of a pool of its own are killed by KILL while they are busy, idle or starting, \
      through thousands of tasks. Each task's result must come exactly once. Throws `failed` if \
      anything was lost.
      """,
    flags: [
      Flag("kills", .int, "how many; 200 by default"),
      Flag("workers", .int.within(1...1000), "how many; 4 by default"),
    ],
    traits: .reports,
    examples: [Example("print (pool torture --kills 5).lost", "0")]
  ) { call in
    var kills = 200
    if case .int(let wanted)? = call.flag("kills") { kills = max(0, wanted) }
    let workers = call.count("workers", standard: 4)
    let pool = try call.session.makePool(nil, PoolOptions(size: workers), call.interpreter)
    // Nothing of it is left when it has ended.
    defer {
      pool.terminate()
      call.session.postponing {
        _ = try pool.join(until: Clock.deadline(after: 5_000_000_000))
      }
    }
    let storm = PoolStorm(pool, kills: kills, call.session)
    return try storm.run(call)
  }
}

/// One storm.
private final class PoolStorm {
  private let pool: Pool
  private let session: Session
  private let wanted: Int
  private var kills = 0
  private var isOver = false
  private var random = SystemRandomNumberGenerator()
  /// The kills of a worker that had a task in hand.
  private var hits = 0

  init(_ pool: Pool, kills: Int, _ session: Session) {
    self.pool = pool
    self.session = session
    wanted = kills
  }

  func run(_ call: borrowing Call) throws -> Value {
    let begun = Clock.monotonic
    var tasks = 0
    var lost = 0
    let function = try PoolStorm.function(call.interpreter)
    var policy = PoolPolicy()
    // Some tasks are hit again and again; none shall run out of attempts.
    policy.retries = 1000
    strikeLater()
    repeat {
      let count = 2000
      let job = try pool.map(
        function, over: .range(RangeObject(0, count, inclusive: false)), policy, verb: "torture")
      let results = try pool.results(of: job)
      for (index, result) in results.enumerated() {
        guard case .int(let square) = result, square == index * index else {
          lost += 1
          continue
        }
      }
      lost += abs(results.count - count)
      tasks += count
    } while kills < wanted
    isOver = true
    let elapsed = Clock.monotonic - begun
    let facts: Value = .record([
      "tasks": .int(tasks), "kills": .int(kills), "busy": .int(hits), "lost": .int(lost),
      "elapsed": .duration(Int(elapsed)),
    ])
    if lost > 0 {
      throw call.error(.failed, "\(lost) results of \(tasks) were lost or wrong")
        .amended { $0.payload["record"] = facts }
    }
    return .report(
      ReportObject(
        facts,
        text: "\(tasks) tasks, \(kills) workers killed (\(hits) with a task in hand): every result "
          + "came exactly once, in \(durationText(Int(elapsed)))"))
  }

  private static func function(_ interpreter: Interpreter) throws -> Value {
    let source = Source(name: "torture", text: "{ |x| $x * $x }")
    guard let text = interpreter.compile(source).function else { return .null }
    return try interpreter.run(text)
  }

  private func strikeLater() {
    let delay = Int64.random(in: 100_000...3_000_000, using: &random)
    _ = session.loop.addTimer(at: Clock.deadline(after: delay)) { [weak self] in self?.killOne() }
  }

  private func killOne() {
    if isOver || kills >= wanted { return }
    if let victim = pool.facts.workers.randomElement(using: &random) {
      if (try? Process.send(.kill, to: victim.pid)) != nil {
        kills += 1
        if victim.state == "busy" { hits += 1 }
      }
    }
    strikeLater()
  }
}
