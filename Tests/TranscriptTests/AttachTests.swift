import TestSupport
import Testing

/// `brood attach` and `brood sessions`, from another shell.
@Suite struct AttachTests {
  /// Starts a script as `$pid` and waits until it can be attached to.
  private static func begin(_ script: String) -> String {
    """
    cat > demo.brood <<'END'
    \(script)
    END
    brood demo.brood > log 2>&1 & pid=$!
    i=0
    until brood attach $pid -c 'null' 2> told; do
      i=$((i + 1)); [ $i -lt 200 ] || { cat told log; exit 9; }; sleep 0.05
    done

    """
  }

  private func expect(
    _ script: String, _ commands: String, _ wanted: String,
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    let output = try runBash(Self.begin(script) + commands, within: .seconds(60))
    #expect(output.standardOutput == wanted, "\(output)", sourceLocation: place)
  }

  @Test func namesValuesAndChannelsAreThere() throws {
    try expect(
      """
      queue new jobs
      var total = 0
      let name = "me"
      fn twice(x) { $x * 2 }
      shm new n int 0
      for i in 3..4 {
        let square = $i * $i
        total += $i
        while (shm get n) == 0 { sleep 10ms }
        print $i (queue get jobs)
        break
      }
      """,
      """
      brood attach $pid -c 'print $total $name $i $square (twice 21)'
      echo 'queue put jobs 5' | brood attach $pid
      brood attach $pid -c 'total += 1; exit 7'; echo "status $?"
      brood attach $pid -c 'let x =' 2> /dev/null; echo "status $?"
      brood attach $pid -c 'nothing-of-that-name' 2> /dev/null; echo "status $?"
      brood attach $pid -c 'shm set n 1'
      wait $pid; echo "ended $?"; cat log
      """,
      """
      3 me 3 9 42
      status 7
      status 2
      status 1
      ended 0
      3 5

      """)
  }

  /// A call under way has its variables, and what it was made with.
  @Test func variablesOfCallsAreThere() throws {
    try expect(
      """
      let outer = "o"
      fn work(given, extra = 5) {
        let inner = $given + 1
        if true { let deep = "d"; [1].each { |item| while true { sleep 10ms } } }
        let later = 1
      }
      fn main() { let own = 2; work 40 }
      """.replacing("[1].each { |item|", with: "each [1] { |item|"),
      """
      brood attach $pid -c 'print $own $given $extra $inner $deep $item'
      brood attach $pid -c 'print $later' 2> /dev/null; echo "status $?"
      kill $pid
      """,
      """
      2 40 5 41 d 1
      status 2

      """)
  }

  @Test func oneThatComputesAnswers() throws {
    try expect(
      "var n = 0\nwhile true { n += 1 }",
      "brood attach $pid -c 'print ($n > 0)'; kill $pid; wait $pid; echo \"status $?\"",
      "true\nstatus 143\n")
  }

  /// TERM is no Ctrl-C, which what runs there may catch.
  @Test func termEndsTheClientAndWhatServesIt() throws {
    try expect(
      "while true { sleep 10ms }",
      """
      brood attach $pid -c 'print $pid > served; try { sleep 1m } catch e: interrupted { sleep 1m }' &
      client=$!
      i=0
      until [ -s served ]; do i=$((i + 1)); [ $i -lt 200 ] || exit 9; sleep 0.05; done
      kill $client; wait $client; echo "status $?"
      i=0
      while kill -0 $(cat served) 2> /dev/null; do
        i=$((i + 1)); [ $i -lt 200 ] || exit 9; sleep 0.05
      done
      kill $pid; echo gone
      """,
      "status 143\ngone\n")
  }

  /// A lock that two processes wait for in vain is given back by ending one of them.
  @Test func aDeadlockIsResolved() throws {
    try expect(
      """
      lock new a; lock new b; barrier new met 2
      let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
      let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
      wait --all
      print done
      """,
      """
      i=0
      until brood sessions --json | grep -o "\\"pid\\":$pid,[^}]*" | grep -q '"stuck":3'; do
        i=$((i + 1)); [ $i -lt 100 ] || { brood sessions; exit 9; }; sleep 0.05
      done
      brood attach $pid -c 'kill q'
      wait $pid; grep -x done log
      """,
      "done\n")
  }

  /// The process that serves the other terminal is no child, and has no ends.
  @Test func theSessionIsAsWithoutIt() throws {
    try expect(
      """
      pipe new p; shm new n int 0
      let c = fork { while (shm get n) == 0 { sleep 5ms }; pipe send p 1 }
      print (pipe recv p)
      wait
      try { pipe recv p } catch e { print $e.kind }
      print (fork { }).name (random 1 1)
      """,
      """
      brood attach $pid -c 'print ready; sleep 100' > at & other=$!
      until grep -q ready at; do sleep 0.02; done
      brood attach $pid -c 'shm set n 1'
      wait $pid; echo "status $?"; cat log
      wait $other; echo "other $?"
      """,
      "status 0\n1\nclosed\nfork2 1\nother 1\n")
  }

  /// URG is still the script's.
  @Test func theSignalIsTheUsersToo() throws {
    try expect(
      """
      var got = 0
      signal on URG { got += 1 }
      while $got < 2 { sleep 10ms }
      print "got $got"
      """,
      """
      brood attach $pid -c 'print $got'
      kill -URG $pid
      while [ "$(brood attach $pid -c 'print $got')" != 1 ]; do :; done
      kill -URG $pid
      wait $pid; cat log
      """,
      "0\ngot 2\n")
  }

  @Test func whatCannotBeAttachedToIsNamed() throws {
    let output = try runBash(
      Self.begin("let c = fork { sleep 100 }\nprint $c.pid\nwait $c") + """
        child=$(head -1 log)
        brood attach $child 2>&1 < /dev/null | head -1 | sed "s/$child/CHILD/; s/$pid/PID/"
        brood attach 1x 2>&1 | head -1
        brood attach --flag 2>&1 | head -1
        brood attach $$ 2>&1 | head -1 | sed "s/$$/SHELL/"
        kill -STOP $pid
        until grep -q 'State:.T' /proc/$pid/status; do sleep 0.01; done
        brood attach $pid -c 'ps' 2>&1 | head -1 | sed "s/$pid/PID/"
        kill -CONT $pid; kill $pid; wait $pid
        brood attach $pid 2>&1 | head -1 | sed "s/$pid/PID/"
        """, within: .seconds(60))
    #expect(
      output.standardOutput == """
        error: process CHILD belongs to session PID
        error: '1x' is no pid
        error: 'brood attach' has no flag '--flag'
        error: process SHELL is no session of Brood
        error: session PID is stopped, and can answer nothing
        error: there is no process PID

        """, "\(output)")
  }

  /// Each side may be killed at any moment: the session goes on, and nothing of it is left.
  @Test func killsHarmNothing() throws {
    try expect(
      """
      shm new n int 0
      queue new q
      while (shm get n) == 0 { sleep 5ms }
      print (len (queue list)) ended
      """,
      """
      for i in $(seq 20); do
        brood attach $pid -c 'queue put q 1; queue get q; sleep 10' > /dev/null 2>&1 & other=$!
        sleep 0.0$((RANDOM % 9))$((RANDOM % 10))
        kill -9 $other 2> /dev/null
        wait $other 2> /dev/null
      done
      for i in $(seq 10); do
        brood attach $pid -c 'print (getpid); sleep 10' > at 2> /dev/null & other=$!
        until [ -s at ]; do sleep 0.01; done
        kill -9 $(cat at)
        wait $other; [ $? = 1 ] || echo "status $?"
        : > at
      done
      i=0
      while [ "$(brood sessions --json | grep -o "\\"pid\\":$pid,[^}]*" | grep -o 'attached.*')" != 'attached":0' ]
      do i=$((i + 1)); [ $i -lt 200 ] || { brood sessions; exit 9; }; sleep 0.05
      done
      brood attach $pid -c 'shm set n 1'
      wait $pid; cat log
      """,
      "1 ended\n")
  }

  /// When the session is killed, what serves others goes with it.
  @Test func theSessionsEndIsTheirs() throws {
    try expect(
      "while true { sleep 5ms }",
      """
      brood attach $pid -c 'print (getpid); sleep 1ms; while true { }' > at 2> errors & other=$!
      until [ -s at ]; do sleep 0.01; done
      kill -9 $pid; wait $other; echo "status $?"; sed "s/$pid/PID/" errors
      i=0
      while kill -0 $(cat at) 2> /dev/null; do
        i=$((i + 1)); [ $i -lt 200 ] || exit 9; sleep 0.05
      done
      """,
      "status 1\nbrood: session PID has ended\n")
  }
}
