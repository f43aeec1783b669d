import TestSupport
import Testing

/// `timeline --follow` at a prompt, whose own session it follows.
@Suite("Following") struct FollowTests {
  @Test func eachEventComesOnce() throws {
    let shell = try PromptShell(columns: 120, rows: 60)
    defer { shell.terminal.close() }
    try shell.enter("queue new q; event new go")
    try shell.enter(
      "let p = fork --name ticker { event wait go; for n in 1..3 { queue put q $n; sleep 300ms } }")
    try shell.enter("fork --name starter { sleep 100ms; event set go }", expecting: "starter")
    try shell.terminal.enter("timeline --follow")
    try shell.terminal.expect("ticker")
    try shell.terminal.expect(/ticker \(\d+\) +exit status 0/, within: .seconds(20))
    // It ends with the last process that it can tell of.
    try shell.terminal.expectLine("brood> ")
    let lines = shell.terminal.screen.lines
    for n in 1...3 { #expect(lines.count { $0.contains("queue put q #\(n) \(n)") } == 1) }
    #expect(lines.count { $0.contains(/ticker.*exit status 0/) } == 1)
    // It does not tell of its own lines.
    #expect(!lines.contains { $0.contains(/print \d+\.\d+/) })
  }
}
