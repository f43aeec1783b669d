import Foundation
import TestSupport
import Testing

/// Terminals, signals, what is left behind, and summaries of `brood run`.
@Suite("Runs, terminals and signals") struct RunSignalTests {
  private func bash(_ script: String, within limit: Duration = .seconds(20)) throws -> Output {
    try runBash(script, within: limit)
  }

  private let home: TemporaryDirectory

  init() throws { home = try TemporaryDirectory() }

  private func terminal(_ program: String, _ arguments: [String]) throws -> Terminal {
    var environment = Program.environment(home: home.path)
    environment["PATH"] = "\(try home.withBrood()):\(environment["PATH"] ?? "")"
    environment["PS1"] = "$ "
    return try Terminal(
      program, arguments, environment: environment, directory: home.path, columns: 100)
  }

  // MARK: The terminal

  private static let asks = [
    "--", "sh", "-c", "read x </dev/tty; echo \"got $x\"", "sh", ":::", "a",
  ]

  @Test(arguments: [["--ungrouped"], ["--tty"]])
  func theOnlyProgramGetsTheTerminal(_ flags: [String]) throws {
    let terminal = try terminal(Program.brood, ["run", "-j", "1"] + flags + RunSignalTests.asks)
    try terminal.type("secret\r")
    try terminal.expect("got secret", within: .seconds(2))
    #expect(try terminal.expectEnd(within: .seconds(2)) == .exited(0))
  }

  @Test func otherwiseItIsTold() throws {
    let terminal = try terminal(Program.brood, ["run", "-j", "2"] + RunSignalTests.asks)
    try terminal.expect("--tty", within: .seconds(2))
  }

  @Test func anInterruptedRunWithoutInputsCountsNothing() throws {
    let terminal = try terminal(Program.brood, ["run", "--", "echo"])
    try terminal.expect("Ctrl-D ends them")
    try terminal.press(.control("c"))
    try terminal.expect("no program was run: no input had come")
    #expect(try terminal.expectEnd(within: .seconds(10)) != .exited(0))
  }

  /// The states of the two programs that wrote their numbers into a file.
  private func states() -> [Character] {
    let text = (try? String(contentsOfFile: "\(home.path)/pids", encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
      .compactMap { ProcessEntry(pid: $0)?.state }
  }

  private static let two = "sh -c 'echo $$ >> pids; exec sleep 600' sh ::: 1 2"

  @Test func ctrlZStopsARunWithItsPrograms() throws {
    let terminal = try terminal("/bin/bash", ["--norc", "--noprofile", "-i"])
    try terminal.expect("$ ")
    try terminal.enter("brood run -j 2 -- " + RunSignalTests.two)
    #expect(waits(.seconds(10)) { states() == ["S", "S"] })
    try terminal.press(.control("z"))
    try terminal.expect("Stopped")
    #expect(waits(.seconds(2)) { states() == ["T", "T"] })
    try terminal.enter("fg")
    #expect(waits(.seconds(2)) { states() == ["S", "S"] })
  }

  @Test func ctrlZAtThePromptStopsThePrograms() throws {
    let terminal = try terminal(Program.brood, [])
    try terminal.expectLine("brood> ")
    try terminal.enter("pool run --jobs 2 -- " + RunSignalTests.two)
    #expect(waits(.seconds(10)) { states() == ["S", "S"] })
    try terminal.press(.control("z"))
    #expect(waits(.seconds(2)) { states() == ["T", "T"] })
  }

  @Test func theSignalTSTPDoesTheSame() throws {
    let output = try bash(
      """
      set -m
      brood run -j 2 -- \(RunSignalTests.two) &
      until [ "$(wc -l 2>/dev/null < pids)" = 2 ]; do sleep 0.01; done
      # A loop of the shell that has the job would break when that stops.
      become() { sh -c '
        until [ "$(ps -o stat= $(cat pids) | cut -c1 | sort -u)" = $1 ]; do sleep 0.01; done
      ' sh "$1"; }
      kill -TSTP $!
      become T
      echo stopped
      kill -CONT $!
      become S
      echo continued
      """, within: .seconds(2))
    #expect(output.standardOutput == "stopped\ncontinued\n")
  }

  /// A parent that waits at a prompt can still answer: its user can.
  @Test func aWaitAtThePromptIsNotTheEnd() throws {
    let terminal = try terminal(Program.brood, [])
    try terminal.expectLine("brood> ")
    try terminal.enter("queue new q; let c = fork { queue get q }; write begun yes")
    #expect(waits(.seconds(10)) { FileManager.default.fileExists(atPath: "\(home.path)/begun") })
    try terminal.expectLine("brood> ")
    try terminal.enter("wait $c")
    // A wait that is given up ends soon, and shows a record.
    #expect(throws: (any Error).self) { try terminal.expect("elapsed", within: .seconds(1)) }
    try terminal.press(.control("c"))
    try terminal.expectLine("brood> ")
    try terminal.enter("queue put q yes")
    try terminal.expectLine("brood> ")
    try terminal.enter("print \"got ${(wait $c).value}\"")
    try terminal.expect("got yes\n")
  }

  // MARK: What a task leaves behind

  private static let leaves = """
    sh -c '
      setsid nohup sh -c "until [ -e go ]; do sleep 0.01; done; echo late > late" \
        </dev/null >/dev/null 2>&1 &
      echo started' sh ::: a
    """

  @Test func whatATaskLeftBehindIsTold() throws {
    let output = try bash("brood run -- " + RunSignalTests.leaves)
    #expect(output.standardOutput == "started\n")
    #expect(output.standardError.contains("--keep-background"), "\(output.standardError)")
  }

  @Test func keepBackgroundKeepsIt() throws {
    let output = try bash(
      "brood run --keep-background -- \(RunSignalTests.leaves) 2>&1; echo $?\n"
        + "touch go; until [ -e late ]; do sleep 0.01; done; cat late", within: .seconds(3))
    #expect(output.standardOutput == "started\n0\nlate\n")
  }

  // MARK: Signals

  /// A run of two programs, one at a time, that waits in the first one for a file `go`.
  private static let waiting = """
    brood run -j 1 -- sh -c '
      touch "begun$1"; until [ -e go ]; do sleep 0.01; done; echo "finished $1"' sh ::: a b &
    until [ -e beguna ]; do sleep 0.01; done
    """

  @Test func hangUpStartsNoMoreAndLetsTheRunningOnesEnd() throws {
    let output = try bash(
      """
      \(RunSignalTests.waiting)
      kill -HUP $!
      for i in $(seq 30); do kill -0 $! 2>/dev/null || break; sleep 0.01; done
      touch go
      wait $!
      ls begun*
      """, within: .seconds(5))
    #expect(
      output.standardOutput == "finished a\nbeguna\n", "\(output.standardError)")
  }

  /// Not when it is the terminal that hung up.
  @Test func aTerminalThatHangsUpEndsTheRun() throws {
    let output = try bash(
      """
      cat > hang-up.py <<'END'
      import os, pty, time
      words = ["sh", "-c", "echo $$ > pid.new; mv pid.new pid; exec sleep 600", "sh", ":::", "1", "2"]
      pid, terminal = pty.fork()
      if pid == 0:
          os.execvp("brood", ["brood", "run", "-j1", "--"] + words)
      while not os.path.exists("pid"):
          time.sleep(0.01)
      program = int(open("pid").read())
      os.close(terminal)
      os.waitpid(pid, 0)
      while os.path.exists("/proc/%d" % program):
          time.sleep(0.01)
      print("all have ended")
      END
      python3 hang-up.py
      """, within: .seconds(10))
    #expect(output.standardOutput == "all have ended\n", "\(output.standardError)")
  }

  @Test func userSignal1PrintsTheState() throws {
    let output = try bash(
      """
      exec 2>err
      \(RunSignalTests.waiting)
      kill -USR1 $!
      until grep -q running err || ! kill -0 $!; do sleep 0.01; done 2>/dev/null
      touch go
      wait $!
      echo "status $?"
      grep -c running err
      """, within: .seconds(5))
    #expect(output.standardOutput == "finished a\nfinished b\nstatus 0\n1\n")
  }

  // MARK: Summaries

  @Test(arguments: ["now", "soon"]) func haltTellsWhatWasNotStarted(_ halt: String) throws {
    let output = try bash(
      """
      brood run -j 2 --halt \(halt) -- sh -c '
        case $1 in bad) until [ -e begun ]; do sleep 0.01; done; exit 1;; esac
        touch begun; sleep 0.3' sh ::: bad slow third fourth fifth
      """)
    #expect(output.status == .exited(1))
    #expect(output.standardError.contains(/\b3\b.*not started/), "\(output.standardError)")
  }

  @Test func aDetachedRunCanHaveAJournal() throws {
    let output = try bash(
      """
      brood run --detach --journal j --results r -- echo ::: a b
      echo "status $?"
      until [ "$(grep -c '"event":"ended"' j)" = 2 ]; do sleep 0.01; done 2>/dev/null
      brood run --journal j --rerun missing -- echo ::: a b c 2>/dev/null
      brood -c 'wait (pool run --detach --journal k -- echo ::: a b); print (len (lines (read k)))'
      """, within: .seconds(3))
    #expect(
      output.standardOutput.wholeMatch(of: /status 0\nc\n\d+\n/) != nil,
      "\(output.standardOutput)\(output.standardError)")
  }
}
