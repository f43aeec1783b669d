import Channels
import Foundation
import TestSupport
import Testing
import Waits

/// A session is looked at from another process: who waits for whom, without its help.
@Suite(.serialized) struct SessionLookTests {
  /// A script that runs while it is looked at.
  final class Subject {
    let child: Child
    let place: TemporaryDirectory

    init(_ script: String) throws {
      place = try TemporaryDirectory()
      try place.write(script, to: "demo.brood")
      child = try Child(
        silently: Program.brood, ["demo.brood"], environment: Program.environment(home: place.path),
        directory: place.path)
    }

    var pid: Int32 { child.pid }
    var isRunning: Bool { child.wait(until: Deadline(.zero)) == nil }

    deinit { child.end() }

    /// Two looks, until what they see is as wanted or the time is over; yields the last graph.
    func graph(until isWanted: (WaitGraph) -> Bool) throws -> WaitGraph {
      let deadline = Date(timeIntervalSinceNow: 20)
      var seen = WaitGraph()
      while isRunning, Date() < deadline {
        guard let memory = try? SessionMemory.of(pid) else {
          usleep(20_000)
          continue
        }
        let first = SessionLook(memory)
        usleep(60_000)
        seen = SessionLook(memory).graph(since: first)
        if isWanted(seen) { break }
      }
      return seen
    }

    func isOver(within limit: Duration) -> Bool { child.wait(until: Deadline(limit)) != nil }
  }

  static func names(_ pids: [Int32], _ graph: WaitGraph) -> [String] {
    pids.map { graph.processes[$0]?.name ?? "?" }.sorted()
  }

  static let crossed = """
    lock new a; lock new b; barrier new met 2
    let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
    let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
    wait $p $q
    """

  @Test func crossedLocksAreNamedWithTheirLines() throws {
    let subject = try Subject(Self.crossed)
    let graph = try subject.graph { !$0.stuckSets().isEmpty }
    let set = try #require(graph.stuckSets().first)
    #expect(Self.names(set.core, graph) == ["p", "q"])
    #expect(set.followers == [subject.pid])
    #expect(set.verdict == .stuck)
    #expect(set.cycle.count == 2)
    let p = try #require(graph.processes.values.first { $0.name == "p" })
    #expect(p.sleep?.place == SourcePlace("demo.brood", line: 2))
    let wanted = try #require(p.sleep?.targets.first)
    #expect(graph.objects[wanted.object]?.name == "lock b")
    // What is advised helps.
    let fix = try #require(graph.fixes(for: set).first?.first)
    guard case .kill(let victim, isForced: false) = fix else {
      Issue.record("\(fix)")
      return
    }
    kill(victim, SIGTERM)
    #expect(subject.isOver(within: .seconds(20)))
  }

  @Test func aRingOfFive() throws {
    let subject = try Subject(
      """
      let forks = map 0..4 { |i| lock new "fork$i" }
      barrier new seated 5
      let all = map 0..4 { |i|
        fork --name "phil$i" {
          lock acquire $forks[$i]
          barrier wait seated
          lock acquire $forks[($i + 1) % 5]
        }
      }
      wait ...$all
      """)
    let graph = try subject.graph { !$0.stuckSets().isEmpty }
    let set = try #require(graph.stuckSets().first)
    #expect(set.cycle.count == 5)
    #expect(Self.names(set.core, graph) == (0..<5).map { "phil\($0)" })
  }

  @Test(arguments: [
    // One that only sleeps has the lock.
    "lock new a; fork --name holder { lock acquire a; sleep 1h }; sleep 50ms; lock acquire a",
    // A time limit.
    """
    lock new a; lock new b; barrier new met 2
    fork { lock acquire a; barrier wait met; lock acquire b --timeout 1h }
    fork { lock acquire b; barrier wait met; lock acquire a }
    wait --all
    """,
    // A timer is pending.
    """
    lock new a; lock new b; barrier new met 2
    fork { lock acquire a; barrier wait met; alarm 1h; lock acquire b }
    fork { lock acquire b; barrier wait met; lock acquire a }
    wait --all
    """,
    // A third party of a barrier is alive.
    """
    barrier new b 3
    let a = fork { barrier wait b }; let c = fork { barrier wait b }
    fork --name dora { sleep 1h; barrier wait b }
    wait $a $c
    """,
  ])
  func whatCouldStillActIsWaitedFor(_ script: String) throws {
    let subject = try Subject(script)
    func isAsleep(_ graph: WaitGraph) -> Bool {
      graph.processes.count > 1 && graph.verdicts()[subject.pid] == .waiting
    }
    let graph = try subject.graph(until: isAsleep)
    #expect(graph.verdicts()[subject.pid] == .waiting)
    #expect(graph.stuckSets().isEmpty)
  }

  @Test(arguments: [
    // A handler of one of them.
    (
      """
      lock new a; lock new b; barrier new met 2
      fork { signal on USR1 { lock release a }; lock acquire a; barrier wait met; lock acquire b }
      fork { lock acquire b; barrier wait met; lock acquire a }
      wait --all
      """, Verdict.stuckUnlessSignal
    ),
    (
      """
      lock new m; event new got
      let holder = fork --name holder { lock acquire m; event set got; sleep 1h }
      event wait got
      stop $holder
      lock acquire m
      """, Verdict.stuckUntilContinued
    ),
    // A condition and a barrier, each waited for by one.
    (
      """
      cond new c; barrier new b 2
      let p = fork { cond with c { cond wait c } }
      let q = fork { barrier wait b }
      wait $p $q
      """, Verdict.stuck
    ),
    // A lock and a wait.
    (
      "lock new a; lock acquire a; let p = fork { lock acquire a }; wait $p", Verdict.stuck
    ),
  ])
  func grades(_ script: String, _ verdict: Verdict) throws {
    let subject = try Subject(script)
    let graph = try subject.graph { !$0.stuckSets().isEmpty }
    #expect(graph.stuckSets().first?.verdict == verdict)
  }

  @Test func memoryThatIsNoneIsAnError() throws {
    #expect(throws: SessionMemory.Failure.self) { try SessionMemory.of(getpid()) }
  }
}
