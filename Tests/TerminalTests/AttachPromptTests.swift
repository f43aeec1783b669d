import Foundation
import TestSupport
import Testing

/// A prompt of `brood attach` in a script that runs.
@Suite struct AttachPromptTests {
  private let home: TemporaryDirectory
  private let terminal: Terminal
  private let pid: Substring

  init() throws {
    home = try TemporaryDirectory()
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    let script = """
      echo 'var total = 0; while true { total += 1; sleep 20ms }' > demo.brood
      "$0" demo.brood & p=$!
      until "$0" attach $p -c null 2> /dev/null; do sleep 0.05; done
      "$0" attach $p; echo "status $?"; kill $p; stty -a; echo ready
      """
    terminal = try Terminal(
      "/bin/sh", ["-c", script, Program.brood], environment: environment, directory: home.path,
      columns: 120)
    pid = try terminal.expect(/session \d+ goes on/).split(separator: " ")[1]
    try expectPrompt()
  }

  private func expectPrompt() throws { try terminal.expectLine("brood[\(pid)]> ") }

  @Test func isLikeAnyPrompt() throws {
    try terminal.enter("print ($total > 0) $env.TERM")
    try terminal.expect("true xterm\n")
    try expectPrompt()
    try terminal.enter("^tail -f demo.brood")
    try terminal.expect("sleep 20ms }\n")
    try terminal.type("\u{3}")
    try terminal.expect("interrupted\n")
    try expectPrompt()
    try terminal.enter("print down; while true { }")
    try terminal.expect("\ndown\n")
    try terminal.type("\u{3}")
    try terminal.expect("interrupted\n")
    try expectPrompt()
    try terminal.enter("wait")
    try terminal.expect("there is no child to wait for")
    try expectPrompt()
    try terminal.type("\u{4}")
    try terminal.expect("status 0\n")
    try terminal.expectSaneModes()
  }

  /// A prompt in a session whose own person types at another terminal.
  @Test func besideAnotherPrompt() throws {
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    let first = try Terminal(
      Program.brood, [], environment: environment, directory: home.path, columns: 120)
    try first.expectLine("brood> ")
    try first.enter(
      "var x = 5; queue new q; let p = fork --name kid { sleep 100 }; print \"pid $pid.\"")
    let number = try first.expect(/\npid \d+\./).dropFirst(5).dropLast()
    try first.expectLine("brood> ")
    try first.type("half a line")
    let second = try Terminal(
      Program.brood, ["attach", String(number)], environment: environment, directory: home.path,
      columns: 120)
    try second.expectLine("brood[\(number)]> ")
    try second.enter("x += 1; queue put q $x; print \"x $x\"; terminate kid")
    try second.expect("x 6\n")
    try second.expectLine("brood[\(number)]> ")
    try first.expect("kid ended: TERM")
    try first.expectLine("brood> half a line")
    try second.type("\u{4}")
    #expect(try second.expectEnd() == .exited(0))
    try first.type("\u{15}")
    try first.enter("print \"got ${x} ${(queue get q)}\"")
    try first.expect("got 5 6\n")
    try first.expectLine("brood> ")
    try first.enter("fork { exit 3 }; wait --all")
    try first.expect("fork2")
    try first.expectLine("brood> ")
    try first.type("\u{4}")
    #expect(try first.expectEnd() == .exited(0))
  }

  @Test func endsWithTheSession() throws {
    try terminal.enter("kill $ppid")
    try terminal.expect(/brood: session \d+ has ended\n/)
    try terminal.expect("status 1\n")
    try terminal.expectSaneModes()
  }
}
