import Foundation
import TestSupport
import Testing

/// Control keys, pasting and the window, at the prompt and while a command runs.
@Suite struct Keys {
  private let shell: PromptShell
  private var terminal: Terminal { shell.terminal }

  init() throws { shell = try PromptShell() }

  @Test func controlCDropsTheLine() throws {
    try shell.type("print lost")
    try terminal.press(.control("C"))
    try terminal.expect("print lost^C\nbrood> ")
    try shell.enter("print kept", expecting: "\nkept")
  }

  @Test func controlCLeavesAnUnfinishedEntry() throws {
    try terminal.enter("fn f() {")
    try terminal.expectLine("  ...> ")
    try terminal.type("print x")
    try terminal.expectLine("  ...> print x")
    try terminal.press(.control("C"))
    try terminal.expectLine("brood> ")
    try shell.enter("1 + 1", expecting: "\n2")
  }

  @Test func controlCLeavesTheHistory() throws {
    try shell.enter("print one", expecting: "\none")
    try shell.enter("print two", expecting: "\ntwo")
    try terminal.press(.up, .up)
    try terminal.expectLine("brood> print one")
    try terminal.press(.control("C"))
    try terminal.expectLine("brood> ")
    try terminal.press(.up)
    try terminal.expectLine("brood> print two")
  }

  @Test func controlCKeepsAllRowsOfALongLine() throws {
    let long = String(repeating: "word ", count: 40)
    try terminal.type(long)
    try terminal.press(.control("A"), .right)
    try terminal.expectScreen("the cursor in the first row") { $0.cursorColumn == 8 }
    try terminal.press(.control("C"))
    try shell.expectEnding("word word ^C\nbrood>")
    // Below the greeting and the first row.
    #expect(terminal.screen.lines[2].hasPrefix("d word"))
  }

  @Test(arguments: ["sleep 1000", "^sleep 1000", "wait (fork { sleep 1000 })", "while true { }"])
  func controlCInterrupts(_ command: String) throws {
    try terminal.enter("print up; \(command)")
    try terminal.expect("\nup\n")
    try terminal.press(.control("C"))
    // Then there may be news of a child that was made in the same instant.
    try terminal.expect("interrupted\n", within: .seconds(5))
    try terminal.expectLine("brood> ")
    try shell.enter("print alive", expecting: "\nalive")
  }

  @Test func controlCSparesChildrenInTheBackground() throws {
    try shell.enter("let p = fork --name steady { sleep 1000 }")
    try shell.enter("let q = spawn --name firm sleep 1000")
    try terminal.enter("print up; sleep 1000")
    try terminal.expect("\nup\n")
    try terminal.press(.control("C"))
    try terminal.expect("interrupted\nbrood> ")
    try terminal.press(.control("C"))
    try terminal.expectLine("brood> ")
    try terminal.enter("[$p.exit ?? \"alive\", $q.exit ?? \"alive\"]")
    try terminal.expect("\n[\"alive\", \"alive\"]\nbrood> ")
  }

  @Test func controlBackslashInterruptsWhereControlCIsTheUsers() throws {
    try shell.enter("signal on INT { print \"handled\" }")
    try terminal.enter("print up; while true { }")
    try terminal.expect("\nup\n")
    for _ in 1...2 {
      try terminal.press(.control("C"))
      try terminal.expect("handled\n")
    }
    try terminal.press(.control("\\"))
    try terminal.expect("interrupted\nbrood> ")
    try terminal.enter("print up again; sleep 1000")
    try terminal.expect("\nup again\n")
    try terminal.press(.control("\\"))
    try terminal.expect("interrupted\nbrood> ")
    // While one types it does nothing.
    try shell.type("print a")
    try terminal.press(.control("\\"))
    try shell.enter("b", expecting: "\nab")
  }

  @Test func controlCDropsTheLineAlsoWhereItIsTheUsers() throws {
    try shell.enter("signal on INT { print \"handled\" }")
    for _ in 1...2 {
      try shell.type("half line")
      try terminal.press(.control("C"))
      try terminal.expect("half line^C\nhandled\n")
      try terminal.expectLine("brood> ")
    }
    try terminal.enter("fn f() {")
    try terminal.expectLine("  ...> ")
    try terminal.type("print x")
    try terminal.expectLine("  ...> print x")
    try terminal.press(.control("C"))
    try terminal.expect("print x^C\nhandled\n")
    try terminal.expectLine("brood> ")
    try shell.enter("print kept", expecting: "\nkept")
  }

  @Test func controlCDropsTheLineWhereItsBlockFails() throws {
    try shell.enter("signal on INT { throw \"no luck\" }")
    try shell.type("half line")
    try terminal.press(.control("C"))
    try terminal.expect("half line^C\nerror: no luck\n")
    try terminal.expectLine("brood> ")
    try shell.enter("signal on INT { exit 3 }")
    try shell.type("half line")
    try terminal.press(.control("C"))
    #expect(try terminal.expectEnd() == .exited(3))
  }

  @Test func controlCDropsTheLineWhileAnotherBlockRuns() throws {
    try shell.enter("var runs = true; signal on INT { print \"handled\"; runs = false }")
    try shell.enter("signal on USR1 { print \"begun\"; while $runs { sleep 10ms } }")
    try shell.type("half line")
    kill(terminal.child.pid, SIGUSR1)
    try shell.expectEnding("\nbegun\nbrood> half line")
    try terminal.press(.control("C"))
    try terminal.expect("handled\n")
    try terminal.expectLine("brood> ")
    try shell.enter("print kept", expecting: "\nkept")
  }

  @Test func whatTheUserSetForAKeyHoldsInChildren() throws {
    try shell.enter("signal ignore QUIT")
    try shell.enter("let p = fork { kill -QUIT $pid; sleep 20ms; 7 }")
    try shell.enter("(wait $p).value", expecting: "\n7")
    try shell.enter("signal default QUIT")
    try shell.enter("(wait (fork { kill -QUIT $pid; sleep 1000 })).signal", expecting: "\n\"QUIT\"")
  }

  @Test func controlDThatDoesNotLeaveChangesNothingLater() throws {
    try terminal.enter("if true {")
    try terminal.expectLine("  ...> ")
    try terminal.press(.control("D"))
    try terminal.expect("error: ")
    try terminal.expectLine("brood> ")
    try shell.enter("fork --name worker { sleep 1000 }; null")
    try terminal.press(.control("D"))
    try terminal.expect("a child still runs:")
    try terminal.expectLine("brood> ")
    try shell.enter("print 1")
    try shell.enter("print 2")
    try shell.expectEnding("\nbrood> print 1\n1\nbrood> print 2\n2\nbrood>")
  }

  @Test(arguments: ["sleep 1000", "wait (fork { sleep 1000 })", "while true { }"])
  func controlZTellsThatABuiltInCannotBeStopped(_ command: String) throws {
    try terminal.enter("print up; \(command)")
    try terminal.expect("\nup\n")
    try terminal.press(.control("Z"))
    try terminal.expect("cannot be stopped", within: .seconds(3))
    try terminal.press(.control("C"))
    try terminal.expect("interrupted\n")
    try terminal.expectLine("brood> ")
    // While one types it does nothing.
    try shell.type("print a")
    try terminal.press(.control("Z"))
    try shell.enter("b", expecting: "\nab")
  }

  @Test func controlZDoesNothingAtThePrompt() throws {
    try shell.type("print a")
    try terminal.press(.control("Z"))
    try shell.enter("b", expecting: "\nab")
  }

  @Test func controlZStopsAProgram() throws {
    try terminal.enter("^sh -c 'echo up; read line; echo got $line'")
    try terminal.expect("\nup\n")
    try terminal.press(.control("Z"))
    try terminal.expect("stopped")
    try terminal.expectLine("brood> ")
    try terminal.enter("fg")
    try terminal.expect("fg\n^sh")
    try terminal.enter("it")
    try terminal.expect("got it\nbrood> ")
  }

  @Test func aPastedBlockIsOneEntry() throws {
    try terminal.press(.paste("fn f(x) {\n  print \"x is $x\"\n}\nf 1\nf 2"))
    try terminal.expectLine("f 2")
    try terminal.press(.enter)
    try terminal.expect("\nx is 1\nx is 2\nbrood> ")
    try terminal.press(.up)
    try terminal.expectLine("f 2")
    try terminal.press(.control("U"), .up)
  }

  @Test func aPasteThatNeverEndsCanBeLeft() throws {
    try terminal.type("x\u{1b}[200~print never")
    try terminal.expectLine("brood> x")
    try terminal.press(.control("C"))
    try terminal.expect("^C\nbrood> ")
    try shell.enter("print alive", expecting: "\nalive")
  }

  @Test func typingAheadIsKept() throws {
    try terminal.enter("print up; ^sh -c 'read x'")
    try terminal.expect("\nup\n")
    try terminal.type("\rprint ahead\r")
    try terminal.expect("\nahead\nbrood> ")
  }

  @Test func theLineFollowsTheWindow() throws {
    let line = "print " + String(repeating: "0123456789", count: 5)
    try terminal.type(line)
    try terminal.expectLine("brood> \(line)")
    try terminal.resize(columns: 40, rows: 20)
    try terminal.expectScreen("the line in two rows") { screen in
      screen.cursorLine == String(("brood> " + line).dropFirst(40))
    }
    try terminal.press(.enter)
    try terminal.expectLine("brood> ")
    try shell.enter("(lines (^stty size))[0]", expecting: "\n\"20 40\"")
  }
}
