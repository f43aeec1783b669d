import Explore
import Testing

/// A search that gets runs from others finds what one finds that makes them all itself.
@Suite struct TraceTests {
  private struct Found: Equatable {
    var outcomes: [String] = []
    var schedules: [String] = []
    var runs = 0
    var taken = 0

    static func == (left: Found, right: Found) -> Bool {
      left.outcomes == right.outcomes && left.schedules == right.schedules
        && left.runs == right.runs
    }
  }

  /// A run that ends as those of processes do.
  private func make(_ search: Search, _ start: Model) throws -> (model: Model, end: Moment) {
    var model = start
    search.begin()
    while true {
      let moment = model.moment(kills: search.limits.kills)
      if !search.isRepeating, !moment.choices.contains(where: { $0.act != .kill }) { break }
      guard let choice = try search.choose(moment) else { break }
      search.took(model.take(choice))
    }
    return (model, model.moment(kills: search.limits.kills))
  }

  private func read(_ trace: RunTrace) throws -> RunTrace {
    var writer = TraceWriter()
    trace.put(to: &writer)
    return try writer.bytes.withUnsafeBytes { bytes in
      var reader = TraceReader(bytes)
      let read = RunTrace(from: &reader)
      #expect(reader.isAtEnd)
      return try #require(read)
    }
  }

  /// - Parameter every: after how many runs a part of the tree is given away; nil for never.
  private func find(
    _ start: Model, _ limits: SearchLimits, every: Int?, drops: Int = 0
  ) throws -> Found? {
    let search = Search(limits)
    var found = Found()
    // All traces so far, of which another search is made.
    var all: [RunTrace] = []
    var given: [(steps: [Step], traces: [(trace: RunTrace, outcome: String)])] = []
    var goesOn = true
    while goesOn {
      let count = search.repeated
      given.removeAll { !search.awaits($0.steps) }
      var outcome: String?
      var end: Moment?
      for index in given.indices where search.isIn(given[index].steps) {
        guard let first = given[index].traces.first else { continue }
        let trace = try read(first.trace)
        guard search.take(trace) else { continue }
        given[index].traces.removeFirst()
        (outcome, end) = (first.outcome, trace.end)
        found.taken += 1
        break
      }
      if end == nil {
        let (model, moment) = try make(search, start)
        (outcome, end) = (model.outcome, moment)
      }
      let trace = search.trace(repeating: count, end: end ?? Moment([], [:]))
      if every != nil { all.append(trace) }
      if !search.wasCut { found.outcomes.append(outcome ?? "") }
      found.schedules.append(search.schedule.description)
      goesOn = search.end(end ?? Moment([], [:]))
      if search.runs > 600 { return nil }
      guard let every, goesOn, search.runs % every == 0 else { continue }
      for subtree in search.subtrees.prefix(2)
      where !given.contains(where: { $0.steps == subtree.steps }) {
        let other = Search(limits)
        for trace in all {
          #expect(other.take(trace))
          _ = other.end(trace.end)
        }
        other.enter(subtree)
        var traces: [(trace: RunTrace, outcome: String)] = []
        var hasMore = true
        while hasMore {
          let count = other.repeated
          let (model, end) = try make(other, start)
          traces.append((other.trace(repeating: count, end: end), model.outcome))
          hasMore = other.end(end)
        }
        given.append((subtree.steps, Array(traces.dropFirst(drops))))
      }
    }
    found.runs = search.runs
    return found
  }

  private func random(_ random: inout some RandomNumberGenerator) -> Model {
    let all: [Model.Step] = [
      .get(0), .set(0), .increment(0), .increment(1), .add(1), .acquire(0), .release(0), .put,
      .take, .say, .permit, .giveBack, .await, .notify,
    ]
    return Model(
      [[.wait(1), .wait(2)]]
        + (0..<2).map { _ in
          (0..<Int.random(in: 1...4, using: &random)).map { _ in
            all.randomElement(using: &random) ?? .say
          }
        })
  }

  @Test func runsOfOthersCountAsOwnOnes() throws {
    var generator = SystemRandomNumberGenerator()
    var taken = 0
    for number in 0..<60 {
      let model = random(&generator)
      let limits =
        [
          SearchLimits(), SearchLimits(kills: 1), SearchLimits(preemptions: 1),
          SearchLimits(isReduced: false),
        ][number % 4]
      guard let own = try find(model, limits, every: nil) else { continue }
      for every in [1, 3] {
        let shared = try #require(try find(model, limits, every: every))
        #expect(shared == own, "\(model.workers.map(\.steps)) \(limits)")
        taken += shared.taken
        // What is missing, or of another part, does no harm.
        #expect(try find(model, limits, every: every, drops: 1) == own)
      }
    }
    #expect(taken > 100)
  }

  @Test func bytesThatAreNoTraceAreNone() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      bytes.withUnsafeBytes { bytes in
        var reader = TraceReader(bytes)
        _ = RunTrace(from: &reader)
      }
    }
  }
}
