import Foundation
import TestSupport
import Testing

/// What an agent and its session promise each other: signs of life, results, limits, surroundings.
@Suite struct FarLifeTests {
  /// Times are so many times shorter.
  private func run(
    _ script: String, _ arguments: [String] = [], speed: Int = 10
  ) throws -> Output {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    environment["BROOD_TEST_FAR_SPEED"] = "\(speed)"
    return try TestSupport.run(
      Program.brood, ["-c", script] + arguments, environment: environment, directory: place.path,
      within: .seconds(60))
  }

  private let far = #"pool new far 1 --via 'sh -c "exec $BROOD --worker"'"# + "\n"

  /// A task of a batch waits for the result of the one before it, in a program, asleep, or computing.
  @Test(arguments: [
    "^sh -c $wait", "while not (exists seen) { sleep 5ms }", "while not (exists seen) { 1 }",
  ])
  func resultsLeaveWhileTheNextTaskRuns(_ work: String) throws {
    let output = try run(
      far + """
        let wait = 'until [ -e seen ]; do sleep 0.01; done'
        # How long a result was under way, at best: a machine may be busy.
        var best = 1h
        for round in 1..5 {
          if (exists seen) { rm seen }
          var took = 1h
          let r = pool map --chunk 3 --timeout 20s --records { |x|
            if $x == 3 { \(work) }
            (now)
          } 1..3 --on-done { |r|
            if $r.item == 2 { took = (now) - $r.value; write seen "" }
          }
          if $took < $best { best = $took }
        }
        print ($best < 50ms)
        """)
    #expect(output.standardOutput == "true\n", "\(output.standardOutput)\(output.standardError)")
  }

  /// So long nothing was heard of a host that stands still; it is told before the host is lost.
  @Test func silenceIsShown() throws {
    let output = try run(
      far + """
        let agent = pool apply { $ppid }
        kill -STOP $agent
        fn state() { (pool info far).hosts[0].state }
        while (state) == "ready" { sleep 10ms }
        let silent = (state)
        kill -CONT $agent
        while (state) != "ready" { sleep 10ms }
        print $silent (pool map { |x| $x } 1..2) (pool info far).hosts[0].lost
        """, speed: 3)
    let words = output.standardOutput.split(separator: " ")
    #expect(words.first == "silent", "\(output.standardOutput)\(output.standardError)")
    // A period is a third of 5 s, and lost it is after a third of 20 s.
    let seconds = words.dropFirst().first.flatMap { Int($0.dropLast()) } ?? -1
    #expect((2...6).contains(seconds) && words.dropFirst().first?.hasSuffix("s") == true)
    #expect(output.standardOutput.hasSuffix(" [1, 2] 0\n"))
  }

  /// Signs of life come whatever the session computes: neither side takes the other for lost.
  @Test func aSessionThatComputesKeepsItsHosts() throws {
    let output = try run(
      far + """
        let agent = pool apply { $ppid }
        fn cube(n) {
          let row = map 1..$n { 1 }
          let square = map 1..$n { $row }
          map 1..$n { $square }
        }
        var size = 60
        var took = 0s
        # One call of a built-in that takes longer than an agent bears silence, or the session.
        while $took < 3s {
          let a = cube $size
          let b = cube $size
          let start = now
          let same = $a == $b
          took = (now) - $start
          size = $size * 3 // 2
        }
        print ((pool apply { $ppid }) == $agent) (pool info far).hosts[0].lost
        """)
    #expect(output.standardOutput == "true 0\n", "\(output.standardOutput)\(output.standardError)")
  }

  /// An agent that stands still is ended by its guardian, with all that it had started.
  @Test func anAgentThatStandsStillIsEnded() throws {
    let output = try run(
      far + """
        let f = pool submit { write pids "$ppid $pid"; ^sh -c 'echo $$ > child; exec sleep 600' }
        while not (exists child) { sleep 10ms }
        let pids = [...(words (read pids)), (trim (read child))]
        kill -STOP (int $pids[0])
        for pid in $pids { while (exists "/proc/$pid") { sleep 10ms } }
        print gone
        pool cancel $f
        """)
    #expect(output.standardOutput == "gone\n", "\(output.standardOutput)\(output.standardError)")
  }

  /// A time limit runs from a program's beginning, not from when it was sent: many lie at the agent.
  @Test(arguments: ["block", "program"]) func aTimeLimitRunsFromTheBeginning(_ kind: String) throws
  {
    let work =
      kind == "block"
      ? "print (len (pool map --pool far --chunk 20 --timeout 2s { sleep 200ms } 1..20))"
      : "print (len (pool run --jobs 1 --via $via --timeout 2s -- sleep ::: ...(map 1..20 { 0.2 })))"
    let output = try run(
      """
      let via = 'sh -c "exec $BROOD --worker"'
      pool new far 1 --via $via
      \(work)
      """)
    #expect(output.standardOutput == "20\n", "\(output.standardOutput)\(output.standardError)")
  }

  @Test func programsHaveNothingToReadAndPipesToWriteTo() throws {
    let output = try run(
      """
      let via = 'sh -c "exec $BROOD --worker"'
      pool run --via $via -- sh -c 'readlink /proc/self/fd/0; readlink /proc/$$/fd/1 | cut -c-4' ::: x
      """)
    #expect(output.standardOutput == "/dev/null\npipe\n", "\(output.standardError)")
  }

  @Test func aDirectoryThatIsNotThereIsRefusedAtFirst() throws {
    let output = try run(
      """
      pool new far 1 --cwd /nosuch --via 'sh -c "exec $BROOD --worker" #'
      try { pool map { |x| $x } [1] } catch e { print $e.message }
      """)
    #expect(
      output.standardOutput.contains(
        "there is no directory '/nosuch' there; --cwd DIR names another one"),
      "\(output.standardOutput)\(output.standardError)")
  }

  /// More often than --lost allows: the error names the hosts that it was lost with.
  @Test func anAttemptIsMadeAgainSoOften() throws {
    let output = try run(
      """
      pool new far 1 --lost 2 --via 'sh -c "exec $BROOD --worker" #'
      try {
        pool map { print x >> begun; sleep 200ms; kill -9 $ppid; sleep 10s } [1]
      } catch e { print $e.kind $e.hosts (len (lines (read begun))) }
      """)
    #expect(
      output.standardOutput == "peer-died [\"sh\", \"sh\", \"sh\"] 3\n",
      "\(output.standardOutput)\(output.standardError)")
    #expect(output.standardError.contains("made again"))
  }

  /// The moment of a beginning is by the session's clock; how long it took, by the agent's.
  @Test func recordsHaveTheSessionsTime() throws {
    let output = try run(
      far + """
        let before = now
        let r = (pool map { sleep 300ms } [1] --records)[0]
        print ($r.start >= $before) ($r.start < (now)) ($r.elapsed >= 300ms) ($r.elapsed < 10s) $r.host
        """)
    #expect(output.standardOutput == "true true true true sh\n", "\(output.standardError)")
  }
}
