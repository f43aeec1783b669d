import TestSupport
import Testing

/// A child counts from its fork on as somebody who may answer, also if its parent is killed before
/// it could note the child.
@Suite("Children of the killed")
struct OrphanPeerTests {
  private static let rounds = Program.runsLongTests ? 2000 : 100

  @Test func theChildOfTheKilledCounts() throws {
    let script = """
      queue new q
      var early = 0
      var slow = 0
      for i in 1..\(OrphanPeerTests.rounds) {
        let parent = fork { fork { sleep 5ms; queue put q $i }; sleep 1h }
        let killer = fork {
          let end = (now) + (random 0 4000) * 1us
          while (now) < $end { }
          kill -9 $parent
        }
        let start = now
        try { queue get q --timeout 20s } catch e: peer-died, closed {
          # If nobody was left, nothing comes any more.
          try { queue get q --timeout 100ms; early += 1 } catch e { }
        } catch e: timeout { print "nobody has told that nobody is left" }
        if (now) - $start > 5s { slow += 1 }
        wait $parent
        wait $killer
      }
      print $early $slow
      exit 0
      """
    let output = try runScript(script, within: .seconds(Program.runsLongTests ? 900 : 120))
    #expect(output.standardOutput == "0 0\n", "\(output.standardError)")
  }
}
