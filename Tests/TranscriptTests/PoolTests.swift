import Foundation
import TestSupport
import Testing

/// What is promised of pools, tried: a storm of kills, ends of every kind, and large numbers.
@Suite("Promises about pools", .serialized)
struct PoolTests {
  private func run(_ script: String, within limit: Duration = .seconds(90)) throws -> Output {
    try runScript(script, within: limit)
  }

  /// A process of its own kills workers at random: busy, idle, starting or reporting ones.
  private static func storm(tasks: Int, kills: Int, flags: String, task: String) -> String {
    """
    pool new w 4
    let main = $pid
    let killer = fork --name killer {
      var kills = 0
      while $kills < \(kills) {
        let victims = ps |> filter { |p| (starts-with $p.name "w.") and $p.ppid == $main }
        for v in $victims {
          if (random 4) == 0 { try { kill -9 $v.pid; kills += 1 } catch { } }
        }
        sleep ((random 3) * 1ms)
      }
      $kills
    }
    var rounds = 0
    var wrong = 0
    var failed = 0
    while (len (filter (ps) { |p| $p.name == "killer" and $p.state != "Z" })) > 0 or $rounds == 0 {
      rounds += 1
      let results = try { pool map { |x| \(task) } 1..\(tasks) \(flags) } catch e: peer-died {
        failed += len $e.failures
        for f in $e.failures {
          if $f.error.signal != "KILL" or $f.item != $f.index + 1 { wrong += 1 }
          if $e.results[$f.index] != null { wrong += 1 }
        }
        $e.results
      }
      if (len $results) != \(tasks) { wrong += 1 }
      for i, r in $results { if $r != null and $r != ($i + 1) * 2 { wrong += 1 } }
      if $failed == 0 and (any $results { |r| $r == null }) { wrong += 1 }
    }
    let info = pool info w
    print "wrong $wrong" "kills" ((wait $killer).value >= \(kills)) "deaths" ($info.deaths > 0)
    print "failed" ($failed > 0) "workers" (len (pool info w).workers)
    pool close w
    pool join w
    print (map (ps) { |p| $p.name })
    """
  }

  @Test func everyResultComesOnceThroughAStormOfKills() throws {
    let kills = Program.runsLongTests ? 3000 : 200
    for (flags, task) in [
      ("--retries 1000", "$x * 2"), ("--retries 1000 --chunk 1", "$x * 2"),
      ("--retries 1000 --chunk 7 --timeout 10s", "if $x % 50 == 0 { sleep 1ms }; $x * 2"),
    ] {
      let script = PoolTests.storm(tasks: 3000, kills: kills, flags: flags, task: task)
      let output = try run(script, within: .seconds(Program.runsLongTests ? 600 : 90))
      #expect(
        output.standardOutput == """
          wrong 0 kills true deaths true
          failed false workers 4
          ["brood"]

          """, "\(flags): \(output.standardError) \(String(describing: output.status))")
      #expect(output.leftBehind.isEmpty)
    }
  }

  @Test func withoutRetriesTheLostAttemptsAreReported() throws {
    let script = PoolTests.storm(
      tasks: 300, kills: 60, flags: "--retries 0 --chunk 5", task: "sleep 1ms; $x * 2")
    let output = try run(script)
    #expect(
      output.standardOutput == """
        wrong 0 kills true deaths true
        failed true workers 4
        ["brood"]

        """, "\(output.standardError)")
  }

  @Test func tortureForUsersLosesNothing() throws {
    let output = try run("print (pool torture --kills 100).lost\nprint (len (ps))")
    #expect(output.standardOutput == "0\n1\n", "\(output.standardError)")
  }

  /// Two tasks that started programs, one of them in a session of its own.
  private static let busy = """
    pool new 2
    let own = $pid
    fork --daemon {
      while (len (filter (ps --all) { |p| contains $p.command "sleep 1201" })) < 4 { sleep 5ms }
      print ...(map (filter (ps --all) { |p| contains $p.command "sleep 1201" }) { |p| $p.pid })
      kill -SIGNAL $own
    }
    pool map { |x| ^sh -c "setsid sleep 1201 & exec sleep 1201" } 1..10

    """

  @Test(arguments: ["KILL", "TERM", "HUP", "INT"])
  func nothingOutlivesASessionWithAPool(_ signal: String) throws {
    let output = try run(PoolTests.busy.replacing("SIGNAL", with: signal))
    let pids = output.standardOutput.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
    #expect(pids.count >= 4, "\(output.standardOutput)\(output.standardError)")
    #expect(ProcessEntry.living(pids, after: .seconds(3)) == [])
    #expect(output.leftBehind.isEmpty)
  }

  @Test func ctrlCTellsWhatWasDone() throws {
    let output = try run(
      """
      pool new w 2
      let own = $pid
      fork --daemon { while (len (glob "begun*")) < 2 { sleep 1ms }; kill -INT $own }
      pool map { |x| if $x > 5 { write "begun$x" ""; sleep 1h }; $x } 1..100 --chunk 1
      """)
    #expect(output.status == .killed(SIGINT))
    #expect(
      output.standardError
        == "pool 'w': of 100 tasks 5 were done, 2 were running and have been ended, "
        + "93 were not started\nbrood: interrupted in pool map (script.brood:4)\n")
  }

  @Test func ctrlCTellsHowManyProgramsWereNotStarted() throws {
    let output = try run(
      """
      let own = $pid
      fork --daemon { while (len (glob "begun*")) < 2 { sleep 1ms }; kill -INT $own }
      pool run --jobs 2 -- sh -c 'test $1 = 1 || { touch begun$1; sleep 3600; }' sh ::: 1 2 3 4 5
      """)
    #expect(output.status == .killed(SIGINT))
    let told = "pool run: of 5 programs 1 succeeded, 2 failed or were ended, 2 were not started\n"
    #expect(output.standardError.hasPrefix(told + "brood: interrupted in pool run "))
    #expect(output.standardError.hasSuffix("(script.brood:3)\n"))
  }

  @Test func aMillionTasksTakeLittleMemory() throws {
    let output = try run(
      """
      pool new 2
      let r = pool map { |x| $x } 1..1_000_000
      print (len $r) $r[999_999]
      let peak = first (filter (lines (read "/proc/$pid/status")) { |l| starts-with $l VmHWM })
      print ((int (words $peak)[1]) < 200_000)
      """)
    #expect(output.standardOutput == "1000000 1000000\ntrue\n", "\(output.standardError)")
  }

  @Test func aThousandWorkersWork() throws {
    let count = Program.runsLongTests ? 1000 : 200
    let output = try run(
      """
      pool new w \(count)
      let used = len (unique (pool map { sleep 20ms; $pid } 1..\(count * 2) --chunk 1))
      print ($used > \(count / 2))
      print (len (ps)) ((max (map (pool info w).workers { |w| $w.memory })) < 3MiB)
      pool close w
      pool join w
      print (len (ps))
      """)
    #expect(
      output.standardOutput == "true\n\(count + 1) true\n1\n", "\(output.standardError)")
  }

  @Test func taskFailuresLeaveNoDescriptors() throws {
    let output = try run(
      """
      fn fds() { len (glob "/proc/$pid/fd/*") }
      pool new w 2
      pool map { |x| $x } 1..10
      let before = fds
      for i in 1..30 { try { pool map { |x| kill -9 $pid } [1] --retries 0 } catch { } }
      pool map { |x| $x } 1..100
      for i in 1..20 { pool new p 2; pool terminate p }
      print ((fds) - $before)
      """)
    #expect(output.standardOutput == "0\n", "\(output.standardError)")
  }
}
