import Testing
import Waits

@Suite struct FixTests {
  @Test func crossedLocksAreFreedByTheEndOfTheYounger() throws {
    let graph = ReductionTests.crossed()
    let set = try #require(graph.stuckSets().first)
    let fixes = graph.fixes(for: set)
    #expect(fixes.first == [.kill(3, isForced: false)])
    #expect(graph.after(.kill(3, isForced: false)).stuckSets().isEmpty)
  }

  @Test func aHolderReleasesBeforeAnyoneIsKilled() throws {
    let graph = ReductionTests.crossed()
    let set = try #require(graph.stuckSets().first)
    let fixes = graph.fixes(for: set, reader: Reader(pid: 2))
    #expect(fixes.first == [.release(ReductionTests.a, by: 2)])
  }

  @Test func atAPromptAValueIsTakenFromAFullQueue() throws {
    let jobs = ReductionTests.jobs
    let graph = WaitGraph(
      [
        ReductionTests.asleep(1, "wait", ReductionTests.ends(2), flags: [.session, .prompt]),
        ReductionTests.asleep(2, "queue put", [.init(jobs, .room)]),
      ],
      objects: [
        WaitObject(
          jobs, [.init(1, [.canPut, .canGet]), .init(2, [.canPut, .canGet])],
          isTrue: [.room: false])
      ])
    let set = try #require(graph.stuckSets().first)
    #expect(set.verdict == .stuckUnlessYouAct)
    #expect(graph.fixes(for: set, reader: Reader(pid: 1)).first == [.give(.init(jobs, .room))])
    // From outside only a signal helps.
    #expect(graph.fixes(for: set).first == [.kill(2, isForced: false)])
  }

  @Test func whoOutlivesTermIsKilledByForce() throws {
    let graph = ReductionTests.crossed(.outlivesTerm)
    var set = try #require(graph.stuckSets().first)
    #expect(graph.fixes(for: set).contains([.kill(2, isForced: true)]))
    // A set of which no single end frees all.
    set.followers.append(99)
    #expect(graph.fixes(for: set).isEmpty)
  }
}
