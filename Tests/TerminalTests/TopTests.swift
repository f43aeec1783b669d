import Foundation
import TestSupport
import Testing

/// `top` on a full screen: what it shows, its keys, and that the terminal is as before afterwards.
@Suite("top") struct TopTests {
  private static let scene =
    "queue new jobs 10; queue put jobs 1; queue put jobs 2; lock new m; lock acquire m; "
    + "let k = fork --name kid { lock acquire m }; let l = fork --name late { lock acquire m }"

  private func shell() throws -> PromptShell {
    let shell = try PromptShell(columns: 100)
    try shell.enter(TopTests.scene)
    try shell.terminal.enter("top")
    try shell.terminal.expectScreen("the picture") { screen in
      screen.text.contains("queues: jobs 2/10")
        && screen.text.contains(/├ kid +\d+ +S +lock acquire m/)
        && screen.text.contains(/└ late +\d+ +S +lock acquire m/)
        && screen.text.contains(/brood +\d+ +R\S* .*lock m/)
    }
    return shell
  }

  private func leave(_ shell: PromptShell) throws {
    try shell.terminal.type("q")
    try shell.terminal.expectScreen("the screen of before") {
      $0.text.contains("brood> top") && $0.text.hasSuffix("\nbrood>")
        && !$0.text.contains("queues:")
    }
    try shell.terminal.type("lock release m; wait $k $l\r")
    try shell.terminal.expectScreen("another prompt") { $0.text.contains("wait $k $l") }
    try shell.terminal.expectLine("brood> ")
    #expect(try shell.leave() == .exited(0))
  }

  @Test func aProcessIsLookedAtAndActedUpon() throws {
    let shell = try shell()
    defer { shell.terminal.close() }
    let terminal = shell.terminal
    func see(_ text: String) throws {
      try terminal.expectScreen("‘\(text)’") { $0.text.contains(text) }
    }
    // The session itself is not stopped by its own key.
    try terminal.type("s")
    try see("is the one that shows this")
    try terminal.press(.down, .enter)
    try see("wants lock m, held by brood")
    try terminal.type(" q")
    try see("queues: jobs 2/10")
    try terminal.type("s")
    try see("stopped process 'kid'")
    try terminal.expectScreen("the state") { $0.text.contains(/├ kid +\d+ +T +CONT/) }
    try terminal.type("s")
    try see("continued process 'kid'")
    try terminal.type("r5\r")
    try see("nice value of process 'kid'")
    try terminal.expectScreen("the state") { $0.text.contains(/├ kid +\d+ +SN/) }
    try terminal.type("rmuch\r")
    try see("a nice value is a number from -20 to 19, not 'much'")
    try terminal.type("kNOSUCH\r")
    try see("there is no signal 'NOSUCH'")
    try terminal.type("/late\r")
    try terminal.expectScreen("one process") {
      $0.text.contains("late") && !$0.text.contains("kid")
    }
    try terminal.type("k\r")
    try see("sent TERM to process 'late'")
    try terminal.expectScreen("the zombie") { $0.text.contains(/late +\d+ +Z/) }
    try terminal.type("\u{1B}")
    try see("kid")
    try terminal.type("f")
    try see("frozen")
    try terminal.type("f?")
    try see("t w c m n")
    try terminal.type("\u{1B}")
    for (key, order) in [("w", "by longest wait"), ("c", "by CPU"), ("m", "by memory")] {
      try terminal.type(key)
      try see(order)
    }
    try leave(shell)
  }

  @Test func itTakesAnySize() throws {
    let shell = try shell()
    defer { shell.terminal.close() }
    for (columns, rows) in [(40, 8), (200, 50), (9, 2), (1, 1), (100, 24)] {
      try shell.terminal.resize(columns: columns, rows: rows)
      try shell.terminal.expectScreen("a picture of \(columns) x \(rows)") { screen in
        // Nothing is wider than the screen, so nothing has moved a line.
        rows < 3
          ? screen.lines.contains { $0.hasPrefix("E") || $0.hasPrefix("…") }
          : screen.lines.first?.hasPrefix("top  ") == true
            && screen.lines.last?.hasPrefix("Enter why") == true
      }
    }
    try leave(shell)
  }

  @Test func controlCLeavesAndControlZDoesNot() throws {
    let shell = try shell()
    defer { shell.terminal.close() }
    try shell.terminal.press(.control("z"))
    try shell.terminal.expectScreen("why not") {
      $0.text.contains("a prompt cannot be stopped: q leaves top")
    }
    try shell.terminal.press(.control("c"))
    try shell.terminal.expectScreen("the screen of before") {
      $0.text.hasSuffix("brood> top\nbrood>")
    }
    // A line is edited as ever.
    try shell.enter("lock release m; wait $k $l; print back", expecting: "\nback")
    #expect(try shell.leave() == .exited(0))
  }

  /// In a script it is a program like others.
  @Test func aScriptIsStoppedAndGoesOn() throws {
    let shell = try PromptShell(files: ["show.brood": "top; print done"], columns: 100)
    defer { shell.terminal.close() }
    let terminal = shell.terminal
    try terminal.enter("^\(Program.brood) show.brood")
    for _ in 0..<2 {
      try terminal.expectScreen("the picture") { $0.lines.first?.hasPrefix("top  ") == true }
      try terminal.press(.control("z"))
      try terminal.expectScreen("the screen of before") {
        $0.text.contains("stopped") && $0.text.hasSuffix("\nbrood>")
      }
      try terminal.enter("fg")
    }
    try terminal.expectScreen("the picture") { $0.lines.first?.hasPrefix("top  ") == true }
    try terminal.type("q")
    try terminal.expectScreen("its end") { $0.text.hasSuffix("\ndone\nbrood>") }
  }

  /// A process beside it gives the terminal back where the shell itself cannot.
  @Test(arguments: [SIGTERM, SIGHUP, SIGKILL, SIGSEGV])
  func aSignalLeavesTheScreenAsItWas(_ signal: Int32) throws {
    let home = try TemporaryDirectory()
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    let script =
      "echo before; \"$0\" -c 'write own-pid $pid; top'; read go; stty -a; echo ready; read line; echo \"got $line\""
    let terminal = try Terminal(
      "/bin/sh", ["-c", script, Program.brood], environment: environment, directory: home.path,
      columns: 160)
    defer { terminal.close() }
    try terminal.expectScreen("the picture") { $0.lines.first?.hasPrefix("top  ") == true }
    let text = try String(contentsOfFile: "\(home.path)/own-pid", encoding: .utf8)
    let pid = try #require(pid_t(text.trimmingCharacters(in: .newlines)))
    kill(pid, signal)
    try terminal.expectScreen("the screen of before") {
      $0.text.hasPrefix("before") && !$0.text.contains("top  ")
    }
    try terminal.enter("go")
    try terminal.expectSaneModes()
    try terminal.enter("some words")
    try terminal.expect("got some words")
    #expect(try terminal.expectEnd() == .exited(0))
  }

  @Test func withoutACursorItIsATable() throws {
    let shell = try PromptShell(environment: ["TERM": "dumb"])
    defer { shell.terminal.close() }
    try shell.terminal.enter("top")
    for _ in 0..<2 { try shell.terminal.expect(/\nname +pid +state .*\nbrood +\d+ +R/) }
    try shell.terminal.press(.control("c"))
    try shell.terminal.expect("interrupted\n")
    try shell.terminal.expectLine("brood> ")
  }

  @Test func changesAreToldAfterEachCommand() throws {
    let shell = try PromptShell()
    defer { shell.terminal.close() }
    try shell.enter("config changes on")
    try shell.enter("queue new q", expecting: "+queue q")
    try shell.enter("queue put q 1", expecting: "queue q 0→1")
    try shell.enter("lock new m; lock acquire m", expecting: "+lock m")
    try shell.enter(
      "let k = fork --name kid { lock with m { } }", expecting: "+1 process kid ")
    try shell.enter("stop kid", expecting: "kid S→T")
    try shell.enter("continue kid", expecting: "kid T→")
    try shell.enter("lock release m; wait $k", expecting: "-1 process kid")
    try shell.enter("queue drop q", expecting: "-queue q")
    // A command that changes nothing tells nothing.
    try shell.terminal.enter("print quiet")
    try shell.terminal.expect("\nquiet\nbrood> ")
  }
}
