import Foundation
import TestSupport
import Testing

/// What is left of the terminal when a signal that nobody handles ends the shell at its prompt.
@Suite struct Deaths {
  private let home: TemporaryDirectory
  private let terminal: Terminal

  init() throws {
    home = try TemporaryDirectory()
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    // Whoever started the shell looks at the terminal, then reads from it.
    let script = "\"$0\"; echo \"status $?\"; stty -a; echo ready; read line; echo \"got $line\""
    terminal = try Terminal(
      "/bin/sh", ["-c", script, Program.brood], environment: environment, directory: home.path,
      columns: 160)
    try terminal.expectLine("brood> ")
  }

  private func enter(_ line: String) throws {
    try terminal.enter(line)
    try terminal.expect(line)
    try terminal.expectLine("brood> ")
  }

  private func shellPid() throws -> pid_t {
    try terminal.enter("print \"pid $pid.\"")
    let text = try terminal.expect(/\npid \d+\./)
    try terminal.expectLine("brood> ")
    return try #require(pid_t(text.dropFirst(5).dropLast()))
  }

  private func expectDeath(by signal: Int32) throws {
    try terminal.expect("status \(128 + signal)\n")
    try terminal.expectSaneModes()
    try terminal.enter("some words")
    try terminal.expect("some words\ngot some words")
    #expect(try terminal.expectEnd() == .exited(0))
  }

  @Test func ofAnAlarm() throws {
    try terminal.enter("alarm 300ms")
    try expectDeath(by: SIGALRM)
  }

  @Test(arguments: [SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGIO, SIGABRT, SIGXCPU, 40])
  func ofASignalFromElsewhere(_ signal: Int32) throws {
    let pid = try shellPid()
    try terminal.type("half a line")
    try terminal.expectLine("brood> half a line")
    #expect(terminal.screen.bracketsPastes)
    kill(pid, signal)
    try expectDeath(by: signal)
  }

  @Test func ofASignalThatWasHandledOnce() throws {
    let pid = try shellPid()
    try enter("signal on USR1 { print \"handled\"; signal default USR1 }")
    kill(pid, SIGUSR1)
    try terminal.expect("handled\n")
    try terminal.expectLine("brood> ")
    kill(pid, SIGUSR1)
    try expectDeath(by: SIGUSR1)
  }

  @Test func thatIsNotTheShellsLeavesItsLine() throws {
    let pid = try shellPid()
    try enter("signal on USR1 { print (wait (fork { kill -USR2 $pid; sleep 1000 })).signal }")
    try enter("signal on URG { try { ^sh -c 'kill -ALRM $$' } catch e { print $e.signal } }")
    try terminal.type("half a line")
    try terminal.expectLine("brood> half a line")
    // A child and a program, made while the line is being typed, die as they always do.
    for (signal, word) in [(SIGUSR1, "USR2"), (SIGURG, "ALRM")] {
      kill(pid, signal)
      try terminal.expectScreen("\(word) above the line") { screen in
        screen.text.hasSuffix("\n\(word)\nbrood> half a line")
      }
      #expect(terminal.screen.bracketsPastes)
    }
  }

  @Test func isPreventedByWhatTheUserSet() throws {
    let pid = try shellPid()
    try enter("signal on USR2 { print \"handled\" }; signal ignore PROF; signal block VTALRM")
    try terminal.type("half a line")
    try terminal.expectLine("brood> half a line")
    for signal in [SIGPROF, SIGVTALRM, SIGUSR2] { kill(pid, signal) }
    try terminal.expectScreen("the output of the block above the line") { screen in
      screen.text.hasSuffix("\nhandled\nbrood> half a line")
    }
    try terminal.press(.control("C"))
    try terminal.expectLine("brood> ")
    try terminal.press(.control("D"))
    try terminal.expect("status 0\n")
  }
}
