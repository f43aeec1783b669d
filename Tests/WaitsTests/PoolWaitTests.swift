import Testing
import Waits

/// Pools and waits for several things, as graphs written by hand.
@Suite struct PoolWaitTests {
  private typealias R = ReductionTests
  private static let pool = ObjectID.pool(1, of: 1)
  private static let go = ObjectID(.event, 103)

  /// The owner (1) waits for a result, one worker (2) has a task, another (3) has none.
  private static func graph(_ worker: WaitProcess, isResultThere: Bool = false) -> WaitGraph {
    WaitGraph(
      [
        R.asleep(1, "pool map", [.init(pool, .result)], flags: .session), worker,
        R.asleep(3, "", [.init(pool, .value)]),
      ],
      objects: [
        WaitObject(
          pool, [.init(1, .canPut), .init(2, .canAct), .init(3, .waits)],
          isTrue: [.value: false, .result: isResultThere]),
        WaitObject(
          go, [.init(1, .canAct), .init(2, .canAct), .init(3, .canAct)], isTrue: [.set: false]),
        R.lock(R.a, heldBy: 1),
      ])
  }

  @Test func aTaskThatWaitsForTheOwner() throws {
    let graph = Self.graph(R.asleep(2, "lock acquire", [.init(R.a, .hold)]))
    let set = try #require(graph.stuckSets().first)
    #expect(set.core == [1, 2])
    #expect(set.verdict == .stuck)
    // A worker without a task lacks nothing.
    #expect(set.followers.isEmpty)
    // The task ends with its worker.
    #expect(graph.fixes(for: set) == [[.kill(2, isForced: false)]])
  }

  @Test func aResultOnItsWay() {
    let task = R.asleep(2, "lock acquire", [.init(R.a, .hold)])
    #expect(Self.graph(task, isResultThere: true).stuckSets().isEmpty)
    #expect(Self.graph(WaitProcess(pid: 2, .running)).stuckSets().isEmpty)
  }

  /// Who waits for an event does not set it.
  @Test func noProcessIsARingOfItsOwn() throws {
    let graph = Self.graph(R.asleep(2, "event wait", [.init(Self.go, .set)]))
    let set = try #require(graph.stuckSets().first)
    #expect(set.cycle.sorted() == [1, 2])
  }

  /// One of several is enough.
  @Test func oneOfSeveralThings() {
    let wanted: [WaitTarget] = [.init(R.a, .hold), .init(Self.go, .set)]
    let open = WaitProcess(pid: 4, .running)
    var graph = Self.graph(R.asleep(2, "select", wanted))
    #expect(!graph.stuckSets().isEmpty)
    graph.add(open)
    graph.change(Self.go) { $0.shares.append(.init(4, .canAct)) }
    #expect(graph.stuckSets().isEmpty)
    let more = Self.graph(R.asleep(2, "select", wanted, hasMore: true))
    #expect(more.stuckSets().isEmpty)
  }
}
