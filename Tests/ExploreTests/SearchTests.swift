import Explore
import Glibc
import Testing

@Suite struct SearchTests {
  private func incrementers(_ count: Int, _ times: Int, isLocked: Bool = false) -> Model {
    var steps: [Model.Step] = []
    for _ in 0..<times {
      steps += isLocked ? [.acquire(0), .increment(0), .release(0)] : [.increment(0)]
    }
    return Model(
      [(1...count).map { Model.Step.wait($0) }] + [[Model.Step]](repeating: steps, count: count))
  }

  private func sums(_ outcomes: some Sequence<String>) -> [Int] {
    Set(outcomes.compactMap { Int($0.dropFirst().prefix { $0 != "," }) }).sorted()
  }

  @Test func theFiguresOfUnlockedCounters() throws {
    let wanted: [(Int, Int, all: Int?, reduced: Int, [Int])] = [
      (2, 1, 10, 4, [1, 2]), (2, 2, 126, 34, [2, 3, 4]), (2, 3, nil, 328, [2, 3, 4, 5, 6]),
      (3, 1, 280, 36, [1, 2, 3]),
    ]
    for (count, times, all, reduced, values) in wanted {
      let model = incrementers(count, times)
      if let all {
        let full = try #require(try Model.search(model, SearchLimits(isReduced: false)))
        #expect(full.runs == all)
        #expect(sums(full.outcomes.keys) == values)
      }
      let found = try #require(try Model.search(model, SearchLimits()))
      #expect(found.runs <= reduced, "\(count) x \(times)")
      #expect(sums(found.outcomes.keys) == values)
    }
  }

  @Test func boundsFindLessAndSaySo() throws {
    for (bound, runs, values) in [(1, 23, [3, 6]), (2, 108, [3, 4, 5, 6])] {
      let limits = SearchLimits(preemptions: bound)
      let found = try #require(try Model.search(incrementers(2, 3), limits))
      #expect(found.runs == runs)
      #expect(sums(found.outcomes.keys) == values)
    }
  }

  @Test func locksPhilosophersAndCells() throws {
    let locked = try #require(try Model.search(incrementers(2, 2, isLocked: true), SearchLimits()))
    #expect(locked.runs == 6)
    #expect(sums(locked.outcomes.keys) == [4])
    let crossed = Model([
      [.wait(1), .wait(2)], [.acquire(0), .acquire(1), .release(1), .release(0)],
      [.acquire(1), .acquire(0), .release(0), .release(1)],
    ])
    let found = try #require(try Model.search(crossed, SearchLimits()))
    #expect(found.runs == 3)
    #expect(found.outcomes.count == 2)
    let apart = Model([[], [.set(0), .set(0)], [.set(1), .set(1)]])
    #expect(try Model.search(apart, SearchLimits())?.runs == 1)
    let adders = Model([[], [.add(0), .add(0), .add(0)], [.add(0), .add(0), .add(0)]])
    #expect(try Model.search(adders, SearchLimits())?.runs == 1)
  }

  /// The reduced search has to reach each outcome that there is.
  @Test(arguments: [0, 1, 2]) func reducedSearchMissesNothing(kills: Int) throws {
    var random = Generator(state: 7 + UInt64(kills))
    let wanted = getenv("BROOD_TEST_LONG") == nil ? 20 : 500
    var tried = 0
    while tried < wanted {
      let model = Model(random.scripts(kills: kills))
      guard let all = Model.bruteForce(model, kills: kills) else { continue }
      guard let found = try Model.search(model, SearchLimits(kills: kills)) else { continue }
      tried += 1
      let missing = all.subtracting(found.outcomes.keys)
      #expect(
        missing.isEmpty && found.outcomes.count == all.count,
        "\(model.workers.map(\.steps)): \(missing.sorted().prefix(3))")
      if !missing.isEmpty { break }
    }
    #expect(tried == wanted)
  }

  @Test func aRunThatDiffersIsNoticed() throws {
    let search = Search()
    search.begin()
    let both = [ProcessPath([1]): Operation("a"), ProcessPath([2]): Operation("b")]
    let choices = both.keys.map { Explore.Step($0) }
    _ = try search.choose(Moment(choices, both))
    search.took(Operation("a", [Access("x", .write)]))
    let two = ProcessPath([2])
    _ = try search.choose(Moment([Explore.Step(two)], [two: Operation("b")]))
    search.took(Operation("b", [Access("x", .write)]))
    #expect(search.end(Moment([], [:])))
    search.begin()
    #expect(throws: NotRepeatable.self) {
      try search.choose(Moment(choices, [ProcessPath([1]): Operation("a")]))
    }
  }
}

/// A small generator, the same on each machine.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  /// Scripts of two or three processes that use what they share in any order, beside a first one that
  /// waits for some of them.
  mutating func scripts(kills: Int) -> [[Model.Step]] {
    let count = Bool.random(using: &self) ? 2 : 3
    var all: [[Model.Step]] = []
    for _ in 0..<count {
      var steps: [Model.Step] = []
      var held: [Int] = []
      for _ in 0..<Int.random(in: 1...(count == 2 ? 4 : 2), using: &self) {
        let cell = Int.random(in: 0...1, using: &self)
        switch Int.random(in: 0..<12, using: &self) {
        case 0: steps.append(.get(cell))
        case 1: steps.append(.set(cell))
        case 2: steps.append(.increment(cell))
        case 3: steps.append(.add(cell))
        case 4 where !held.contains(cell):
          steps.append(.acquire(cell))
          held.append(cell)
        case 5: steps.append(.put)
        case 6: steps.append(.take)
        case 7: steps += [.permit, .get(cell), .giveBack]
        case 8: steps.append(.await)
        case 9: steps.append(.notify)
        case 10: steps.append(.signal(Int.random(in: 1...count, using: &self)))
        default: steps.append(.say)
        }
        if Bool.random(using: &self), let lock = held.popLast() { steps.append(.release(lock)) }
      }
      if kills == 0 || Bool.random(using: &self) {
        while let lock = held.popLast() { steps.append(.release(lock)) }
      }
      all.append(steps)
    }
    let waits = (1...count).filter { _ in Bool.random(using: &self) }.map { Model.Step.wait($0) }
    return [waits] + all
  }
}
