import Foundation
import TestSupport
import Testing

/// Pools and runs whose workers are elsewhere, beside an agent on this machine.
@Suite struct FarTests {
  /// A launcher that starts an agent here; times are ten times shorter.
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

  private let far = #"pool new far 2 --via 'sh -c "exec $BROOD --worker"'"# + "\n"

  @Test func tasksAreDoneElsewhereAsHere() throws {
    let output = try run(
      far + """
        print (pool map { |x| $x * 2 } 1..5)
        print (pool apply { |a, b| $a + $b } 3 4)
        let f = pool submit { 6 * 7 }
        print (pool result $f)
        for x in (pool imap { |x| $x + 1 } 1..3) { print $x }
        let big = (pad-left "" 300000 "y")
        print (pool map { |x| len "$big$x" } [$big, ""])
        print (len (pool map { |x| pad-left "" 200000 "x" } 1..3))
        print (len (unique (pool map { |x| sleep 20ms; $pid } 1..8)))
        """)
    #expect(output.standardOutput == "[2, 4, 6, 8, 10]\n7\n42\n2\n3\n4\n[600000, 300000]\n3\n2\n")
    #expect(output.status == .exited(0))
  }

  @Test func failuresAreAsHere() throws {
    let output = try run(
      far + """
        try { pool map { |x| if $x == 3 { throw "no $x" }; $x } 1..4 } catch e { print $e.message $e.results }
        try { pool map { sleep 10s } 1..2 --timeout 300ms } catch e { print $e.kind }
        try { pool map { |x| if $x == 2 { kill -9 $pid }; $x } 1..3 --retries 0 } catch e { print $e.kind }
        let r = pool map { |x| print "out $x"; $x } 1..2 --records
        print (map $r { |t| [$t.host, $t.output, $t.ok] })
        try { pool map { { |y| $y } } 1..1 } catch e { print $e.kind }
        """)
    #expect(
      output.standardOutput == """
        no 3 [1, 2, null, 4]
        timeout
        peer-died
        [["sh", "out 1\\n", true], ["sh", "out 2\\n", true]]
        type

        """)
  }

  @Test func handlesAreRefusedWithTheNameOfTheVariable() throws {
    let output = try run(
      far + """
        let q = (queue new)
        try { pool map { |x| queue put $q $x } 1..2 } catch e { print $e.kind $e.message }
        """)
    #expect(
      output.standardOutput
        == "type the variable 'q' has a queue, which another machine cannot reach\n")
  }

  @Test func tasksHaveTheEnvironmentOfTheHostAndWhatWasNamed() throws {
    let output = try run(
      """
      env.FOO = "bar"
      env.SECRET = "x"
      pool new far 1 --env FOO --via 'sh -c "exec $BROOD --worker"'
      print (sort (pool map { keys $env } 1..1)[0])
      """)
    #expect(output.standardOutput.contains("FOO") && output.standardOutput.contains("PATH"))
    #expect(!output.standardOutput.contains("SECRET") && !output.standardOutput.contains("BROOD\""))
  }

  @Test func anAgentThatDiesCostsItsAttemptsOnly() throws {
    let output = try run(
      far + """
        let parents = pool map { |x| $ppid } 1..2
        let killer = (fork { sleep 300ms; kill -9 $parents[0] })
        print (pool map { |x| sleep 200ms; $x } 1..8)
        wait $killer
        print (pool info far).hosts[0].lost
        """)
    #expect(output.standardOutput == "[1, 2, 3, 4, 5, 6, 7, 8]\n2\n")
    #expect(output.standardError.contains("is lost") && output.standardError.contains("made again"))
  }

  @Test func anAgentThatStandsStillIsLostAndEnded() throws {
    let output = try run(
      far + """
        let parents = pool map { |x| $ppid } 1..2
        let stopper = (fork { sleep 100ms; kill -STOP $parents[0] })
        print (pool map { |x| sleep 200ms; $x } 1..4)
        wait $stopper
        """)
    #expect(output.standardOutput == "[1, 2, 3, 4]\n")
    #expect(output.standardError.contains("is lost"))
  }

  /// Its agent stands still, so that nothing is heard of the task until its host is lost.
  @Test func aTaskThatWasCancelledIsNotMadeAgain() throws {
    let output = try run(
      far + """
        let agent = pool apply { $ppid }
        let f = pool submit { print x >> begun; sleep 1h }
        while not (exists begun) { sleep 10ms }
        kill -STOP $agent
        pool cancel $f
        try { pool result $f } catch e { print $e.kind $e.message }
        print (pool map { |x| $x } 1..3)
        print (len (lines (read begun)))
        """)
    #expect(
      output.standardOutput == "failed the task was cancelled\n[1, 2, 3]\n1\n",
      "\(output.standardError)")
  }

  /// Ctrl-C: what runs there is ended, and the pool goes on.
  @Test func whatIsInterruptedEndsThere() throws {
    let output = try run(
      far + """
        let session = $pid
        let here = (pwd)
        fn work(x) { print $pid >> "$here/workers"; ^sh -c 'echo $$ >> pids; exec sleep 777' }
        let killer = fork {
          while (len (try { lines (read pids) } catch e { [] })) < 2 { sleep 10ms }
          kill -INT $session
        }
        try { pool map { |x| work $x } 1..4 } catch e: interrupted { print "interrupted" }
        wait $killer
        for pid in (lines (read pids)) { while (exists "/proc/$pid") { sleep 10ms } }
        print (pool map { |x| $x } 1..3) (len (lines (read workers)))
        """)
    #expect(output.standardOutput == "interrupted\n[1, 2, 3] 2\n", "\(output.standardError)")
  }

  @Test func nothingIsMadeAgainWhereRetriesAreNone() throws {
    let output = try run(
      far + """
        let parents = pool map { |x| $ppid } 1..2
        let killer = (fork { sleep 300ms; kill -9 $parents[0] })
        try { pool map { |x| sleep 1s; $x } 1..2 --retries 0 } catch e { print $e.kind $e.hosts }
        wait $killer
        """)
    #expect(output.standardOutput == "peer-died [\"sh\"]\n")
  }

  @Test func thePoolHasAsManyWorkersAsItIsTold() throws {
    let output = try run(
      far + """
        fn count() { len (unique (pool map { sleep 30ms; $pid } 1..16)) }
        print (count)
        pool size far 4
        while (count) != 4 { }
        pool size far 1
        while (count) != 1 { }
        let h = (pool info far).hosts[0]
        print (keys $h) $h.state $h.workers $h.busy $h.lost ($h.done > 30) ($h.rtt < 3s) (type $h.since)
        """)
    #expect(
      output.standardOutput == """
        2
        ["host", "state", "workers", "busy", "done", "lost", "rtt", "version", "since"] ready 1 0 0 true true time

        """, "\(output.standardError)")
  }

  @Test func aTaskAtWhichWorkersDieIsSuspect() throws {
    let output = try run(
      far + """
        try { pool map { |x| if $x == 2 { kill -9 $pid }; $x } 1..3 --retries 9 } catch e { print $e.kind $e.suspect $e.help }
        try { pool map { |x| if $x == 2 { kill -9 $pid }; $x } 1..3 --retries 1 } catch e { print $e.help }
        try { pool map { |x| if $x == 2 { throw "bad" }; $x } 1..3 --retries 9 } catch e { print $e.message }
        print (pool map { |x| $x } 1..2)
        """)
    #expect(
      output.standardOutput == """
        peer-died true 10 workers died at it while their hosts lived: it seems to be the cause
        with --retries N the task is tried again up to N times
        bad
        [1, 2]

        """, "\(output.standardError)")
  }

  @Test func tasksRunWhereTheSessionIs() throws {
    let output = try run(
      """
      mkdir a a/b
      pool new far 1 --via 'sh -c "exec $BROOD --worker" #'
      pool new fixed 1 --cwd "${(pwd)}/a" --via 'sh -c "exec $BROOD --worker" #'
      fn where(p) { (pool map --pool $p { (^basename (pwd)) } [1])[0] }
      print (where fixed)
      cd a/b
      print (where far) (where fixed)
      """)
    #expect(output.standardOutput == "a\nb a\n", "\(output.standardError)")
  }

  /// What comes of the agent stands still on its way, so that the session cannot have said anything.
  @Test func anAgentBeginsNothingAfterAFailureUntilItIsTold() throws {
    let output = try run(
      """
      ^mkfifo way
      write launch 'cat < way & echo $! > cat; exec "$BROOD" --worker > way'
      pool new far 2 --via 'sh launch #'
      pool map { sleep 10ms } 1..8
      try {
        pool map --chunk 10 --halt soon { |x|
          print $x >> begun
          if $x == 1 {
            kill -STOP (int (read cat))
            write failing ""
            throw "failed"
          }
          while not (exists failing) { sleep 5ms }
          # Less than the session bears silence.
          sleep 1s
          kill -CONT (int (read cat))
        } 1..20
      } catch e { print $e.message }
      print (sort (map (lines (read begun)) { |l| int $l }))
      """, speed: 3)
    #expect(output.standardOutput == "failed\n[1, 11]\n", "\(output.standardError)")
  }

  /// Ctrl-Z: tasks stand still, and agents forgive that nothing is heard.
  @Test func whatIsStoppedGoesOn() throws {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    environment["BROOD_TEST_FAR_SPEED"] = "10"
    let output = try TestSupport.run(
      "/bin/bash",
      [
        "-c",
        """
        counts() { cat n1 n2 | wc -l; }
        "$BROOD" -c '
          pool new far 2 --via "sh -c \\"exec \\$BROOD --worker\\" #"
          print (pool map { |x| for i in 1..10 { print $i >> "n$x"; sleep 100ms }; $x } 1..2)
        ' &
        session=$!
        until [ -s n1 ] && [ -s n2 ]; do sleep 0.05; done
        kill -TSTP "$session"
        until grep -q "^State:.T" "/proc/$session/status"; do sleep 0.05; done
        # What was to be stopped there is, once nothing more is written for a while.
        until before=$(counts) && sleep 0.5 && [ "$(counts)" = "$before" ]; do :; done
        # Longer than an agent, or the session, bears silence.
        sleep 4
        [ "$(counts)" = "$before" ] && [ "$before" -lt 20 ] && echo stopped
        kill -CONT "$session"
        wait "$session"
        """,
      ], environment: environment, directory: place.path, within: .seconds(60))
    #expect(output.standardOutput == "stopped\n[1, 2]\n", "\(output.standardError)")
    #expect(!output.standardError.contains("lost"))
  }

  @Test(arguments: [
    ("nosuchprogram -x", "nosuchprogram"), (#"sh -c "echo hello; exec sleep 60""#, "hello"),
    (#"script -qec "stty raw; exec $BROOD --worker" /dev/null; true"#, "far"),
  ]) func whatIsNoAgentIsAnError(_ launcher: String, _ text: String) throws {
    let output = try run(
      """
      pool new far 1 --wait-hosts 1s --via '\(launcher)'
      try { print (pool map { |x| $x } 1..2) } catch e { print $e.kind $e.message }
      """)
    #expect(output.standardOutput.contains("failed") || output.standardOutput == "[1, 2]\n")
    #expect(output.standardOutput.contains(text))
  }

  @Test func aMachineWithoutSshIsTakenForNoLauncher() throws {
    let output = try run(
      """
      for via in ["node1", "shh:node1", "[::1]:22"] {
        try { pool new far --via $via } catch e { print $e.kind $e.message; print $e.help }
      }
      """)
    #expect(
      output.standardOutput == """
        missing there is no program 'node1' here that could start an agent
        machines stand behind ssh: as --via ssh:node1
        missing there is no program 'shh:node1' here that could start an agent
        machines stand behind ssh: as --via ssh:node1
        missing there is no program '[::1]:22' here that could start an agent
        machines stand behind ssh: as --via ssh:[::1]:22

        """, "\(output.standardError)")
  }

  @Test func whereNoHostCanBeHadLaterTasksFailToo() throws {
    let output = try run(
      """
      pool new far 1 --via 'nosuchprogram #'
      while not (starts-with (pool info far).hosts[0].state lost) { sleep 10ms }
      for i in 1..2 { try { pool map { |x| $x } [1] } catch e { print $e.kind } }
      try { pool result (pool submit { 1 }) } catch e { print $e.message }
      """)
    #expect(
      output.standardOutput.hasPrefix(
        "failed\nfailed\nno worker of the pool 'far' can start: nosuchprogram: sh: exit 127"),
      "\(output.standardOutput)\(output.standardError)")
  }

  /// A launcher whose stream is broken in another way each time it is started, and whole in the end.
  @Test func whateverBreaksTheStreamCostsOnlyAttempts() throws {
    let output = try run(
      #"""
      write launch '
      n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count
      case $n in
        0) exit 0 ;;
        1) $BROOD --worker | head -c 100 ;;
        2) $BROOD --worker | head -c 340 ;;
        3) $BROOD --worker | { head -c 360; echo stray; cat; } ;;
        4) $BROOD --worker | { head -c 500; sleep 1000; } ;;
        5) $BROOD --worker | { head -c 700; head -c 9 /dev/zero; cat; } ;;
        *) echo Welcome to this host; exec $BROOD --worker ;;
      esac'
      pool new far 2 --lost 100 --via 'sh launch'
      print (pool map { |x| sleep 20ms; $x } 1..20)
      """#.replacingOccurrences(of: "\n      ", with: "\n"))
    #expect(output.standardOutput == "\(Array(1...20))\n")
    #expect(output.standardError.contains("no host is left"))
  }

  /// What is written waits for its reader, at the agent; signs of life do not.
  @Test func aReaderThatIsSlowCostsNoHost() throws {
    let output = try run(
      """
      let via = 'sh -c "exec $BROOD --worker"'
      # Longer than either side bears silence.
      pool run --via $via -- sh -c 'head -c 3000000 /dev/zero; echo end >&2' ::: 1 | sh -c 'sleep 4; wc -c'
      """)
    #expect(output.standardOutput == "3000000\n")
    #expect(output.standardError == "end\n")
  }

  /// Stands between a session and its agent, and hands on what comes after so many seconds.
  private static let slowLink = """
    import os, sys, subprocess, threading, time, queue
    delay = float(sys.argv[1])
    agent = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    def way(source, target):
        waiting = queue.Queue()
        def read():
            while data := os.read(source, 65536):
                waiting.put((time.monotonic() + delay, data))
            waiting.put((time.monotonic() + delay, b""))
        threading.Thread(target=read, daemon=True).start()
        while True:
            moment, data = waiting.get()
            time.sleep(max(0, moment - time.monotonic()))
            if not data:
                break
            os.write(target, data)
        os.close(target)
    back = threading.Thread(target=way, args=(agent.stdout.fileno(), 1), daemon=True)
    back.start()
    way(0, agent.stdin.fileno())
    agent.wait()
    """

  /// Over a slow link programs lie at their places before they run, where nothing speaks against it.
  @Test(arguments: ["", "--halt soon"]) func programsAreSentBeforeTheyRun(_ flags: String) throws {
    let output = try run(
      """
      write link $args[0]
      let via = 'python3 link 0.15 "$BROOD" --worker #'
      let work = 'date +%s.%N >> begun; [ "$1" -le 40 ] || sleep 1'
      pool run --jobs 2 \(flags) --via $via -- sh -c $work sh ::: ...(range 1 43) > out
      let times = map (lines (read begun)) { |l| float $l }
      print (len $times) (len (unique (map (lines (read begun)) { |l| $l })))
      write span "${$times[39] - $times[0]}"
      print (float (read span))
      """, [Self.slowLink], speed: 3)
    let lines = output.standardOutput.split(separator: "\n")
    try #require(lines.count == 2, "\(output.standardOutput)\(output.standardError)")
    #expect(lines[0] == "42 42")
    // One by one it would be 20 times 0.3 s at each place.
    let span = try #require(Double(lines[1]))
    if flags.isEmpty { #expect(span < 4.5) } else { #expect(span > 5.5) }
  }

  /// Likewise tasks of a pool, in batches; one by one they would take 300 s at two workers.
  @Test func batchesAreAsLongAsTheirWay() throws {
    let output = try run(
      """
      write link $args[0]
      pool new far 2 --via 'python3 link 0.15 "$BROOD" --worker #'
      pool map { |x| $x } 1..4
      let t = now
      print (sum (pool map { |x| $x } 1..2000))
      print ((now) - $t < 20s)
      """, [Self.slowLink], speed: 3)
    #expect(output.standardOutput == "2001000\ntrue\n", "\(output.standardError)")
  }

  /// What lies behind a program that takes long goes to a place with nothing to do.
  @Test func whatLiesThereGoesElsewhere() throws {
    let output = try run(
      """
      write link $args[0]
      let via = 'python3 link 0.15 "$BROOD" --worker #'
      let dir = (pwd) + "/done"
      ^mkdir $dir
      # Short ones at first; then each place has some when one of them gets one that waits for all others.
      let work = 'case $1 in
        30) until [ "$(ls "$0" | wc -l)" = 40 ]; do sleep 0.1; done ;;
        *) : > "$0/$1" ;;
      esac'
      let r = pool run --jobs 2 --via $via -- sh -c $work $dir ::: ...(range 1 42)
      print (len $r) (all $r { |t| $t.attempts == 1 })
      """, [Self.slowLink], speed: 3)
    #expect(output.standardOutput == "41 true\n", "\(output.standardError)")
  }

  @Test func programsRunElsewhere() throws {
    let output = try run(
      """
      let via = 'sh -c "exec $BROOD --worker"'
      let r = pool run --via $via -- sh -c 'echo out $1; echo err $1 >&2; exit $1' sh ::: 0 3
      print (map $r { |t| [$t.host, $t.exit, $t.output, $t.error] })
      try { pool run --via $via --timeout 300ms -- sleep ::: 5 } catch e { print $e.kind }
      pool run --via $via -- sh -c 'head -c 3000000 /dev/zero' ::: 1 | wc -c
      try { pool run --via $via -- nosuch ::: 1 } catch e { print $e.kind }
      """)
    #expect(
      output.standardOutput == """
        [["sh", 0, "out 0\\n", "err 0\\n"], ["sh", 3, "out 3\\n", "err 3\\n"]]
        timeout
        3000000
        failed

        """)
  }
}
