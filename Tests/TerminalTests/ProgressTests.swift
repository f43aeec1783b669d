import TestSupport
import Testing

/// The line of `--progress`: one form for blocks and programs, gone when all is done.
@Suite struct Progress {
  private let shell: PromptShell
  private var terminal: Terminal { shell.terminal }

  init() throws { shell = try PromptShell(files: [:], columns: 100, rows: 20) }

  /// The line is written over again and again.
  private func expect(_ line: String) throws {
    try terminal.expectScreen("a line ‘\(line)’") { $0.text.contains("\n\(line)") }
  }

  @Test func ofBlocksAndOfPrograms() throws {
    try shell.enter("pool new w 3")
    for (name, line) in [
      ("w", "pool map --progress { |x| while not (exists $x) { sleep 1ms } } [go, go, end]"),
      (
        "run",
        "pool run --progress --jobs 3 -- sh -c 'until [ -e $0 ]; do sleep 0.01; done' {} "
          + "::: go go end"
      ),
    ] {
      try terminal.enter(line)
      try expect("\(name): 0 of 3 done")
      try shell.home.write("", to: "go")
      try expect("\(name): 2 of 3 done, 1 running, 0 failed")
      try terminal.expectScreen("a bar") { $0.text.contains("[####") }
      try shell.home.write("", to: "end")
      try terminal.expectLine("brood> ")
      try shell.enter("^rm go end")
    }
  }

  /// The same line where workers and programs are at an agent.
  @Test func ofTasksElsewhere() throws {
    try shell.home.write("exec '\(Program.brood)' --worker", to: "launch")
    try shell.enter("pool new far 3 --via 'sh launch #'")
    for (name, line) in [
      ("far", "pool map --progress { |x| while not (exists $x) { sleep 1ms } } [go, go, end]"),
      (
        "run",
        "pool run --progress --jobs 3 --via 'sh launch #' -- sh -c "
          + "'until [ -e $0 ]; do sleep 0.01; done' {} ::: go go end"
      ),
    ] {
      try terminal.enter(line)
      try expect("\(name): 0 of 3 done")
      try shell.home.write("", to: "go")
      try expect("\(name): 2 of 3 done, 1 running, 0 failed")
      try shell.home.write("", to: "end")
      try terminal.expectLine("brood> ")
      try shell.enter("^rm go end")
    }
  }

  /// At the terminal of a bash, which knows a run that is stopped as its job.
  private func bash(_ home: TemporaryDirectory) throws -> Terminal {
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    environment["PS1"] = "bash> "
    let terminal = try Terminal(
      "/bin/bash", ["--norc", "-i"], environment: environment, directory: home.path, columns: 100,
      rows: 20)
    try terminal.expectLine("bash> ")
    return terminal
  }

  /// A shell that stopped it, or has put it into the background, keeps its own line.
  @Test func aShellThatHasTheTerminalKeepsItsLine() throws {
    let home = try TemporaryDirectory()
    let terminal = try bash(home)
    try terminal.enter(
      "\(Program.brood) run -j1 --progress -- sh -c 'until [ -e go ]; do sleep 0.01; done' ::: a b")
    try terminal.expect("run: 0 of 2 done")
    try terminal.press(.control("Z"))
    try terminal.expectScreen("a stopped job and no line of progress") {
      $0.text.contains("Stopped") && !$0.text.contains("run: 0 of 2")
    }
    try terminal.enter("bg")
    try terminal.expect("bg")
    try home.write("", to: "go")
    // Without a number bash says nothing of a job that has ended before.
    try terminal.enter("wait %1; echo \"status $?\"")
    try terminal.expect("status 0")
    #expect(!terminal.screen.text.contains("run: "))
  }

  /// The key reaches the child too, which shares the run's memory until it is a program.
  @Test(.enabled(if: Program.hasStrace, "there is no strace"))
  func ctrlZStopsARunWhileAProgramBegins() throws {
    let home = try TemporaryDirectory()
    let terminal = try bash(home)
    try terminal.enter(
      "strace -DDD -f -qq -o trace -e trace=setpgid -e inject=setpgid:delay_enter=1000000 "
        + "\(Program.brood) run -- true ::: a")
    let deadline = Deadline(.seconds(10))
    while (try? home.read("trace").contains("setpgid(")) != true, !deadline.hasPassed {
      _ = terminal.update(until: Deadline(.milliseconds(5)))
    }
    try terminal.press(.control("Z"))
    try terminal.expect("Stopped")
    try terminal.enter("fg; echo \"status $?\"")
    try terminal.expect("status 0")
  }

  /// A press before would stop the program with its line at the terminal.
  @Test(.enabled(if: Program.hasStrace, "there is no strace"))
  func ctrlZIsWaitedForBeforeTheLineComes() throws {
    let home = try TemporaryDirectory()
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    let terminal = try Terminal(
      "/bin/bash",
      [
        "-c",
        "strace -o trace -e trace=rt_sigaction,write '\(Program.brood)' run --progress -- true ::: a;"
          + " echo over",
      ], environment: environment, directory: home.path, columns: 100, rows: 20)
    try terminal.expect("over")
    let calls = try home.read("trace").split(separator: "\n")
    let handler = try #require(calls.firstIndex { $0.hasPrefix("rt_sigaction(SIGTSTP, {") })
    let line = try #require(calls.firstIndex { $0.contains("run: 0 of 1") })
    #expect(handler < line)
  }
}
