import Foundation
import TestSupport
import Testing

/// Output and ends of children in the background, above the line being typed and never through it.
@Suite struct News {
  private let shell: PromptShell
  private var terminal: Terminal { shell.terminal }

  init() throws {
    shell = try PromptShell()
    try shell.makeGate("gate")
    try shell.makeGate("end")
  }

  /// Starts a child that writes a line when the gate opens, and ends at the other one.
  private func start() throws {
    try shell.enter(
      "^sh -c 'read x < gate; echo said $x; read x < end; exit 3' &", expecting: "[1] ")
  }

  @Test func appearAboveTheLine() throws {
    try start()
    try shell.type("print typed")
    try shell.open("gate", writing: "hello")
    try shell.expectEnding("\nsaid hello\nbrood> print typed")
    try shell.open("end")
    try terminal.expectScreen("the end of the child") { screen in
      screen.text.contains(/\n\[1\] \d+ sh1 ended: exit 3\nbrood> print typed$/)
    }
    try shell.enter(" on", expecting: "\ntyped on")
  }

  @Test func ofADeadlockAppearAboveTheLine() throws {
    try shell.enter("lock new a; lock new b; barrier new met 2", expecting: "barrier met")
    for (one, other) in [("a", "b"), ("b", "a")] {
      try shell.enter(
        "let p\(one) = fork --name p\(one) { lock acquire \(one); barrier wait met; lock acquire \(other) }; "
          + "print begun \(one)", expecting: "begun \(one)")
    }
    try shell.type("print typed")
    try terminal.expectScreen("the report above the line", within: .seconds(30)) { screen in
      screen.text.contains(/stuck: pa and pb wait for each other/)
        && screen.text.contains(/wants lock b, held by pb \(\d+\)/)
        && screen.text.contains(/\nto go on: kill \d+/)
        && screen.text.contains(/same order everywhere\nbrood> print typed$/)
    }
    try shell.enter(" on", expecting: "\ntyped on")
  }

  @Test func ofAWaitForOneThatWaitsForThePromptAreToldWhileItRuns() throws {
    try shell.enter("queue new jobs 1; print ready", expecting: "ready")
    try shell.enter(
      "let c = fork --name producer { queue put jobs 1; queue put jobs 2 }; print begun",
      expecting: "begun")
    try terminal.type("wait $c\r")
    try terminal.expectScreen("what to type", within: .seconds(30)) { screen in
      screen.text.contains(/stuck unless you act: brood and producer wait for each other/)
        && screen.text.contains(/\nto go on: Ctrl-C, then queue get jobs/)
    }
    try terminal.press(.control("C"))
    try shell.expectEnding("interrupted\nbrood>")
    try shell.enter("queue get jobs", expecting: "1")
  }

  @Test func leaveALongLineWhole() throws {
    try start()
    let line = "print " + String(repeating: "0123456789 ", count: 15)
    try terminal.type(line)
    try terminal.press(.control("A"), .right)
    try terminal.expectScreen("the cursor in the first row") { $0.cursorColumn == 8 }
    try shell.open("gate", writing: "hello")
    try terminal.expectScreen("the line below the output") { screen in
      screen.text.contains("\nsaid hello\nbrood> print 0123456789") && screen.cursorColumn == 8
    }
    let rows = terminal.screen.lines(
      from: terminal.screen.cursorPosition, joiningWrapped: true)
    #expect(rows.first == "brood> \(line)")
    #expect(terminal.screen.lines.filter { $0.contains("brood> print") }.count == 1)
  }

  @Test func leaveAnEntryOfManyLinesWhole() throws {
    try start()
    try terminal.press(.paste("fn f() {\n  print 1\n}"))
    try terminal.expectLine("}")
    try shell.open("gate", writing: "hello")
    try shell.expectEnding("\nsaid hello\nbrood> fn f() {\n  print 1\n}")
    #expect(terminal.screen.cursorLine == "}")
    #expect(terminal.screen.cursorColumn == 1)
  }

  @Test func leaveASearchWhole() throws {
    try shell.enter("print needle", expecting: "\nneedle")
    try start()
    try terminal.press(.control("R"))
    try terminal.type("need")
    try terminal.expectLine("(reverse-i-search)`need': print needle")
    try shell.open("gate", writing: "hello")
    try shell.expectEnding("\nsaid hello\n(reverse-i-search)`need': print needle")
    try terminal.press(.enter)
    try shell.expectEnding("\nneedle\nbrood>")
  }

  @Test func comeBeforeTheNextPrompt() throws {
    try start()
    try terminal.enter("print up; ^sh -c 'read x'")
    try terminal.expect("\nup\n")
    try shell.open("gate", writing: "hello")
    try terminal.expect("said hello\n")
    try shell.open("end")
    try terminal.press(.enter)
    try terminal.expect("ended: exit 3\nbrood> ")
  }

  @Test func tellOfAJobOnceWithTheMemberThatFailed() throws {
    try shell.enter("^sh -c 'read x < gate; exit 3' | ^sh -c 'read x < end' &", expecting: "[2] ")
    try shell.enter("exit", expecting: "2 children still run")
    try shell.type("print typed")
    try shell.open("gate")
    try shell.open("end")
    try terminal.expectScreen("the end of the job") { screen in
      screen.text.contains(/\n\[2\] \d+ sh2 ended: exit 3\nbrood> print typed$/)
    }
    #expect(terminal.screen.text.components(separatedBy: "ended:").count == 2)
  }

  @Test func areNotRepeatedForWhatWasWaitedFor() throws {
    try shell.enter("let p = fork { print inside; 5 }; (wait $p).value", expecting: "inside\n5")
    #expect(!terminal.screen.text.contains("ended"))
  }

  @Test func manyAtOnceAreSummedUp() throws {
    try shell.enter("event new go")
    try shell.enter("let all = map 1..40 { |n| fork { event wait go; exit ($n % 2) } }")
    try shell.enter("fn zombies() { ps |> filter { |p| $p.state == \"Z\" } |> len }")
    try terminal.enter("event set go; while (zombies) < 40 { }")
    try terminal.expect(
      "40 children ended: 20 with exit 0, 20 with exit 1", within: .seconds(20))
    try terminal.expectLine("brood> ")
    #expect(!terminal.screen.text.contains("fork40 ended"))
    // They are zombies, and are waited for as ever.
    try shell.enter("len (wait --all)", expecting: "\n40")
  }

  @Test func manyWhileOneTypesAreSummedUp() throws {
    try shell.enter("event new go; signal on USR1 { event set go }")
    try shell.enter("let all = map 1..12 { fork { event wait go } }")
    let children = ProcessEntry.all().filter { $0.parent == terminal.child.pid }
    try shell.type("print typed")
    // While the shell stands still all of them end.
    kill(terminal.child.pid, SIGSTOP)
    for child in children where child.name == "brood" { kill(child.pid, SIGKILL) }
    let deadline = Deadline(.seconds(10))
    while ProcessEntry.all().filter({ $0.parent == terminal.child.pid && $0.state == "Z" }).count
      < 12, !deadline.hasPassed
    {
      _ = terminal.update(until: Deadline(.milliseconds(10)))
    }
    kill(terminal.child.pid, SIGCONT)
    try shell.expectEnding("\n12 children ended: 12 by KILL\nbrood> print typed")
  }

  @Test func manyLinesStayWhole() throws {
    try terminal.enter("^sh -c 'read x < gate; seq 500; echo the end' &")
    try terminal.expectLine("brood> ")
    try shell.type("print typed")
    try shell.open("gate")
    try terminal.expectScreen("the last line") { screen in
      screen.text.contains("\n499\n500\nthe end\n") && screen.cursorLine == "brood> print typed"
    }
    let lines = terminal.screen.lines(from: 0)
    let numbers = lines.compactMap { Int($0) }
    #expect(numbers == Array(1...500))
  }

  @Test func handlersPrintAboveTheLine() throws {
    try shell.enter("signal on USR1 { print \"a signal came\" }")
    try shell.type("print typed")
    kill(terminal.child.pid, SIGUSR1)
    try shell.expectEnding("\na signal came\nbrood> print typed")
    try shell.enter(" on", expecting: "\ntyped on")
  }

  @Test func handlersMayFork() throws {
    try shell.enter("signal on USR1 { fork { print \"a child came\" }; null }")
    try shell.type("print typed")
    kill(terminal.child.pid, SIGUSR1)
    try terminal.expectScreen("the child's line and its end") { screen in
      screen.text.contains(/\na child came\n\[1\] \d+ \S+ ended: exit 0\nbrood> print typed$/)
    }
    try shell.enter(" on", expecting: "\ntyped on")
  }

  @Test func deathsBySignalAreNamed() throws {
    try shell.enter("spawn --name victim sleep 1000", expecting: "victim")
    try terminal.enter("kill victim")
    try terminal.expect(/\[1\] \d+ victim ended: TERM \(.*\)/)
    try terminal.expectLine("brood> ")
  }
}
