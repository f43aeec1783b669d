import TestSupport
import Testing

/// The pseudo-terminal harness itself, with bash and cat in the place of Brood.
@Suite struct Harness {
  private func bash(columns: Int = 80, rows: Int = 24) throws -> Terminal {
    var environment = Program.environment(home: "/")
    environment["TERM"] = "xterm"
    environment["PS1"] = "ready> "
    let terminal = try Terminal(
      "/bin/bash", ["--norc", "--noprofile"], environment: environment, columns: columns, rows: rows
    )
    try terminal.expect("ready> ")
    return terminal
  }

  @Test func aShellTalks() throws {
    let terminal = try bash()
    try terminal.enter("echo $((6 * 7))")
    try terminal.expect("\n42\nready> ")
    try terminal.enter("tty; exit 5")
    try terminal.expect(/\/dev\/pts\/\d+/)
    #expect(try terminal.expectEnd() == .exited(5))
  }

  @Test func controlCInterrupts() throws {
    let terminal = try bash()
    // Its first output shows that bash has given the terminal back to line mode.
    try terminal.enter("echo up; cat")
    try terminal.expect("\nup\n")
    try terminal.type("hello\r")
    try terminal.expect("hello\nhello\n")
    try terminal.press(.control("C"))
    try terminal.expect("ready> ")
    try terminal.press(.control("D"))
    #expect(try terminal.expectEnd() == .exited(130))
  }

  @Test func theLineIsEdited() throws {
    let terminal = try bash()
    try terminal.type("echo wrld")
    try terminal.press(.left, .left, .left)
    try terminal.type("o")
    try terminal.expectLine("ready> echo world")
    #expect(terminal.screen.cursorColumn == 14)
    try terminal.press(.enter)
    try terminal.expect("\nworld\nready> ")
    try terminal.press(.up)
    try terminal.expectLine("ready> echo world")
    try terminal.press(.control("U"))
    try terminal.expectLine("ready> ")
    try terminal.press(.paste("echo a\necho b"))
    try terminal.expectLine("echo b")
    try terminal.press(.enter)
    try terminal.expect("\na\nb\nready> ")
  }

  @Test func theWindowIsResized() throws {
    let terminal = try bash()
    try terminal.enter("trap 'stty size' WINCH; stty size")
    try terminal.expect("24 80\nready> ")
    try terminal.resize(columns: 60, rows: 10)
    try terminal.press(.enter)
    try terminal.expect("10 60")
  }

  @Test func closingEndsTheSession() throws {
    let terminal = try bash()
    try terminal.enter("trap '' HUP; sleep 1000 & sleep 1000 & echo made")
    try terminal.expect("\nmade\nready> ")
    #expect(terminal.child.livingMembers().count == 3)
    terminal.close()
    #expect(terminal.child.livingMembers().isEmpty)
    #expect(terminal.child.status != nil)
  }

  @Test func aFailureShowsTheScreen() throws {
    let terminal = try bash()
    let error = #expect(throws: UnmetExpectation.self) {
      try terminal.expect("never", within: .milliseconds(50))
    }
    #expect(error?.description == "expected ‘never’; the screen shows:\n  | ready>")
  }
}
