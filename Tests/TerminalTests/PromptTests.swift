import Foundation
import TestSupport
import Testing

/// Entries, results and errors at the prompt, and how a session there ends.
@Suite struct Prompt {
  private let shell: PromptShell
  private var terminal: Terminal { shell.terminal }

  init() throws { shell = try PromptShell() }

  @Test func resultsAreShown() throws {
    try shell.enter("6 * 7", expecting: "\n42")
    try shell.enter("\"a\\tb\"", expecting: "\n\"a\\tb\"")
    try shell.enter("[name: bob, age: 3]", expecting: "\n[name: \"bob\", age: 3]")
    try shell.enter(
      "[[n: 1, word: one], [n: 20, word: two]]", expecting: "\n n  word\n 1  one\n20  two")
    try shell.enter("null")
    try shell.enter("$last[1].word", expecting: "\n\"two\"")
  }

  @Test(arguments: [
    ("range 3000000", "… 2,999,"), ("range 30000 |> map { |n| [n: $n, word: \"w$n\"] }", "… 29,98"),
    ("range 30000 |> map { |n| [$n] }", "… 29,98"),
  ])
  func longListsStopAtAScreenful(_ list: String, _ note: String) throws {
    try terminal.enter(list)
    try terminal.expect(note, within: .seconds(60))
    try terminal.expect(" more, $last has all\n")
    try terminal.expectLine("brood> ")
    // The entry itself is still to be seen.
    #expect(terminal.screen.lines.contains { $0.hasPrefix("brood> range") })
    try shell.enter("len $last", expecting: list.contains("300000") ? "\n3000000" : "\n30000")
  }

  @Test func otherLongResultsStopAtAScreenful() throws {
    for text in [
      "join (range 100000) \" \"", "[(join (range 100000) \" \")]",
      "[a: (join (range 100000) \"-\"), b: 2]",
    ] {
      try terminal.enter(text)
      try terminal.expect("$last has all")
      try terminal.expectLine("brood> ")
      #expect(
        terminal.screen.lines.contains { $0.hasPrefix("brood> \(text.prefix(20))") }, "\(text)")
    }
    try shell.enter("var m = [:]; for i in 1..5000 { m[\"key $i\"] = $i }")
    try terminal.enter("$m")
    try terminal.expect(/… 4,9\d\d more, \$last has all/)
  }

  @Test func resultsThatFitAreWhole() throws {
    try terminal.enter("range 100")
    try terminal.expect("98, 99,\n]\nbrood> ")
    try terminal.enter("range 15 |> map { |n| [n: $n] }")
    try terminal.expect("\n14\nbrood> ")
    #expect(!terminal.screen.text.contains("more"))
  }

  @Test func aProgramsStatusIsOneLine() throws {
    try terminal.enter("^false")
    try terminal.expect("\n'false' failed with exit status 1\nbrood> ")
    try shell.enter("$status", expecting: "\n1")
    try shell.enter("^sh -c 'kill -9 $$'", expecting: "\n'sh' was killed by KILL (9)")
    try shell.enter("$status", expecting: "\n137")
    try shell.enter("^true; $status", expecting: "\n0")
    // In the midst of something it is an error with its place.
    try shell.enter("fn f() { ^false }")
    try shell.enter(
      "f", expecting: "\nerror: 'false' failed with exit status 1\n --> prompt:1:10")
  }

  @Test func errorsPointAtTheEntry() throws {
    try shell.enter(
      "print $nothing", expecting: "\nerror: there is no variable '$nothing'\n --> prompt:1:7")
    try shell.enter("throw \"no luck\"", expecting: "\nerror: no luck\n --> prompt:1:1")
    try shell.enter("print (1 +)", expecting: "\nerror: ")
  }

  @Test func longMessagesBreakBetweenWords() throws {
    let words = String(repeating: "word ", count: 30) + "end"
    try terminal.enter("throw [message: \"\(words)\", help: \"\(words)\"]")
    try terminal.expect("= help: word word")
    try terminal.expectLine("brood> ")
    let output = terminal.screen.text.components(separatedBy: "\nerror: ").last ?? ""
    let lines = output.split(separator: "\n").filter { $0.contains("word") && !$0.contains("|") }
    #expect(lines.count == 6, "\(output)")
    #expect(lines.allSatisfy { $0.hasSuffix(" word") || $0.hasSuffix(" end") }, "\(output)")
    #expect(lines.last?.hasPrefix("          word ") ?? false, "\(output)")
  }

  @Test func valuesOutliveTheirEntry() throws {
    try shell.enter("var n = 1")
    try shell.enter("fn twice(x) { $x * 2 }")
    try shell.enter("n += 20")
    try shell.enter("twice $n", expecting: "\n42")
  }

  @Test func anUnfinishedEntryGoesOn() throws {
    try terminal.enter("for i in 1..2 {")
    try terminal.expectLine("  ...> ")
    try terminal.enter("print \"i is $i\"")
    try terminal.expect("print \"i is $i\"\n  ...> ")
    try shell.enter("}", expecting: "\ni is 1\ni is 2")
    // What the end of input leaves unfinished is an error, and the shell goes on.
    try terminal.enter("print (1 +")
    try terminal.expectLine("  ...> ")
    try terminal.press(.control("D"))
    try terminal.expect("error: ")
    try terminal.expectLine("brood> ")
  }

  @Test func aForkBombEndsInOneError() throws {
    try shell.enter("config limit.processes 60")
    try terminal.enter("while true { fork { while true { fork { sleep 1 } } } }")
    try terminal.expect("the session has 60 ")
    // The guardian has a session of its own.
    let deadline = Deadline(.seconds(60))
    while terminal.child.livingMembers().count > 1 && !deadline.hasPassed {
      _ = terminal.update(until: Deadline(.milliseconds(20)))
    }
    #expect(terminal.child.livingMembers().count == 1)
    try terminal.enter("")
    try terminal.expectLine("brood> ")
    // What the bomb wrote is drained before its ends are told, and before this is run.
    try shell.enter("wait --all; null")
    let text = terminal.screen.lines(from: 0).joined(separator: "\n")
    #expect(text.components(separatedBy: "the session has 60 ").count == 2, "\(text)")
    // A later entry's failure is told again.
    try shell.enter("config limit.processes 1")
    try shell.enter("fork { sleep 1000 }", expecting: "fork")
    try shell.enter("fork { }", expecting: "\nerror: the session has 1 live processes")
  }

  @Test func oneThreadOnly() throws {
    let tasks = try FileManager.default.contentsOfDirectory(
      atPath: "/proc/\(terminal.child.pid)/task")
    #expect(tasks.count == 1)
  }

  @Test func aLineWithoutItsEndIsNoPartOfThePrompt() throws {
    try terminal.enter("^printf 'no end'")
    try terminal.expect("\nno end%")
    try terminal.expectLine("brood> ")
  }

  @Test func controlDEndsTheSession() throws {
    #expect(try shell.leave() == .exited(0))
  }

  @Test func exitHasAStatus() throws {
    try terminal.enter("exit 7")
    #expect(try terminal.expectEnd() == .exited(7))
  }

  @Test(arguments: ["exit", "\u{4}"])
  func leavingChildrenIsAskedAbout(_ how: String) throws {
    try shell.enter("fork --name worker { sleep 1000 }", expecting: "worker")
    try terminal.type(how == "exit" ? "exit\r" : how)
    try terminal.expect("a child still runs:\n  [1] ")
    try terminal.expect(" worker ")
    try terminal.expectLine("brood> ")
    // Anything else in between, and it asks again.
    try shell.enter("print still here", expecting: "\nstill here")
    try terminal.type(how == "exit" ? "exit\r" : how)
    try terminal.expect("a child still runs:\n")
    try terminal.expectLine("brood> ")
    try terminal.type(how == "exit" ? "exit\r" : how)
    #expect(try terminal.expectEnd() == .exited(0))
    #expect(terminal.child.livingMembers().isEmpty)
  }

  /// Not in that of waitpid(2), which looks through them as they were forked.
  @Test func waitTakesChildrenInTheOrderOfTheirEnds() throws {
    try shell.enter(
      "for i in 1..3 { event new \"e$i\"; fork --name \"k$i\" { event wait \"e$i\" } }; null")
    for number in [3, 1, 2] {
      try terminal.enter("event set e\(number)")
      try terminal.expect(" k\(number) ended: exit 0\n")
      try terminal.expectLine("brood> ")
    }
    try shell.enter("for i in 1..3 { print (wait).name }", expecting: "\nk3\nk1\nk2")
  }

  @Test func theChildOfAClassicForkHasNoPrompt() throws {
    try terminal.enter(
      "let p = fork; if $p == 0 { print \"child\" } else { wait $p; print \"parent\" }")
    try terminal.expect("child")
    try terminal.expect("parent\nbrood> ")
    try shell.enter("$p == 0", expecting: "\nfalse")
    #expect(descendants(of: terminal.child.pid).filter { $0.name == "brood" }.count <= 1)
  }

  @Test func theChildOfAClassicForkWritesAboveTheLine() throws {
    try shell.makeGate("gate")
    try shell.enter("let p = fork; if $p == 0 { ^cat gate; print \"child\" }")
    try shell.type("half a line")
    try shell.open("gate")
    try terminal.expectScreen("the child's lines above the one being typed") { screen in
      screen.text.contains("\ngo\nchild\n[1] ") && screen.text.hasSuffix("\nbrood> half a line")
    }
  }

  @Test func aHangupLeavesNothingBehind() throws {
    try terminal.enter("for i in 1..3 { fork { sleep 1000 } }; spawn sleep 1000")
    try terminal.expectLine("brood> ")
    try shell.enter("print made", expecting: "\nmade")
    #expect(descendants(of: terminal.child.pid).count >= 4)
    let pids = descendants(of: terminal.child.pid).map(\.pid)
    kill(terminal.child.pid, SIGKILL)
    #expect(try terminal.expectEnd() == .killed(SIGKILL))
    let deadline = Deadline(.seconds(5))
    while pids.contains(where: { living($0) }) && !deadline.hasPassed {
      _ = poll([], until: Deadline(.milliseconds(10)))
    }
    #expect(pids.filter { living($0) } == [])
  }

  @Test(arguments: [SIGHUP, SIGTERM])
  func signalsEndTheSession(_ signal: Int32) throws {
    try shell.enter("fork { sleep 1000 }", expecting: "")
    try terminal.type("half a line")
    try terminal.expectLine("brood> half a line")
    kill(terminal.child.pid, signal)
    #expect(try terminal.expectEnd() == .killed(signal))
    #expect(terminal.child.livingMembers().isEmpty)
  }

  private func living(_ pid: pid_t) -> Bool {
    ProcessEntry(pid: pid).map { !"ZX".contains($0.state) } ?? false
  }

  private func descendants(of pid: pid_t) -> [ProcessEntry] {
    let all = ProcessEntry.all()
    var result = all.filter { $0.parent == pid }
    var next = 0
    while next < result.count {
      result += all.filter { $0.parent == result[next].pid }
      next += 1
    }
    return result
  }
}
