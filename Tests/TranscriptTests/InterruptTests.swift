import Foundation
import TestSupport
import Testing

/// Ctrl-C at any moment ends any script, after its `finally`: no press is lost, and nothing is
/// taken for a result that is none.
@Suite("Ctrl-C at random moments", .serialized)
struct InterruptTests {
  /// What runs when it comes, for ever.
  static let kinds = [
    "while true { ^true }",
    "while true { if (^echo prog) != \"prog\" { print WRONG } }",
    "while true { ^seq 1 20 | ^tail -1 | ^cat > /dev/null }",
    "while true { if (len (lines (^seq 1 20))) != 20 { print WRONG } }",
    "while true { ^seq 1 5 | { ^cat } | ^cat > /dev/null }",
    "while true { wait (fork { 1 }) }",
    "while true { wait (spawn true) }",
    "while true { ok ^false }",
    "while true { status ^sh -c 'true; true' }",
    "while true { ^sleep 0.002 }",
    "^sleep 1000",
    "let text = (^sleep 1000)",
    "while true { { print hidden } > /dev/null }",
    "while true { sleep 1ms }",
    "var n = 0\nwhile true { n += 1 }",
    "queue new q\nwhile true { try { queue get q --timeout 1ms } catch e: timeout { } }",
    "lock new m\nwhile true { lock with m { write kept (read /etc/passwd) } }",
    "pool new w 2\nwhile true { pool map { |x| $x } 1..20 }",
    "while true { pool run -- true ::: 1 2 }",
    "while true { select { after 1ms { } } }",
  ]

  private static let rounds = Program.runsLongTests ? 50 : 3

  enum Way: CaseIterable {
    /// As from a keyboard: to all processes of the terminal's foreground.
    case key
    /// By kill(2), to the shell alone.
    case signal
  }

  @Test(arguments: kinds)
  func endsWhatRuns(_ kind: String) throws {
    let place = try TemporaryDirectory()
    try place.write("try {\nprint begun\n\(kind)\n} finally { print tidied }\n", to: "it.brood")
    for round in 0..<InterruptTests.rounds {
      let way = Way.allCases[(round + kind.utf8.count) % 2]
      let terminal = try Terminal(
        Program.brood, ["it.brood"], environment: Program.environment(home: place.path),
        directory: place.path)
      defer { terminal.close() }
      try terminal.expect("begun", within: .seconds(20))
      // Nothing tells when the shell is between two programs: any moment will do.
      usleep(UInt32.random(in: 0..<30_000))
      switch way {
      case .key: try terminal.press(.control("c"))
      case .signal: kill(terminal.child.pid, SIGINT)
      }
      let status = try? terminal.expectEnd(within: .seconds(20))
      let text = terminal.screen.text
      #expect(status == .killed(SIGINT), "round \(round), by \(way): \(text)")
      #expect(text.contains("tidied"), "round \(round), by \(way): \(text)")
      #expect(!text.contains("WRONG"), "round \(round), by \(way): \(text)")
    }
  }

  /// It has run for a moment, as before any key of a person's: of a program that ends within some
  /// milliseconds nobody can tell whether it took the signal or had ended before.
  @Test func aProgramThatTakesItDecides() throws {
    let place = try TemporaryDirectory()
    try place.write(
      """
      ^sh -c 'trap "echo caught; exit 0" INT; sleep 0.1; echo ready; while :; do sleep 0.01; done'
      print after
      """, to: "it.brood")
    for way in Way.allCases {
      let terminal = try Terminal(
        Program.brood, ["it.brood"], environment: Program.environment(home: place.path),
        directory: place.path)
      defer { terminal.close() }
      try terminal.expect("ready", within: .seconds(20))
      switch way {
      case .key: try terminal.press(.control("c"))
      case .signal: kill(terminal.child.pid, SIGINT)
      }
      try terminal.expect("caught")
      try terminal.expect("after")
      #expect(try terminal.expectEnd() == .exited(0))
    }
  }

  /// The kernel cuts the call short; that is no failure of the command.
  @Test(.enabled(if: Program.hasStrace, "there is no strace"))
  func anOpenThatIsCutShortIsTriedAgain() throws {
    let output = try runBash(
      """
      mkfifo f
      echo one > g
      cat f &
      strace -o /dev/null -P f -P g -e inject=openat:error=EINTR:when=1..3 \
        "$(command -v brood)" -c 'print two > f; append g three; print (read g)'
      wait
      """, within: .seconds(30))
    #expect(output.standardOutput.contains("two\n"), "\(output.standardError)")
    #expect(output.standardOutput.contains("one\nthree\n"), "\(output.standardError)")
  }

  /// A handler of the user's comes between, and the program's output is whole.
  @Test func aHandledSignalCostsNoOutput() throws {
    let output = try runScript(
      """
      signal on INT { }
      let own = $pid
      let other = fork { signal ignore INT; while true { kill -INT $own; sleep 1ms } }
      var wrong = 0
      for i in 1..100 { if (^echo prog) != "prog" { wrong += 1 } }
      kill -KILL $other
      print "wrong: $wrong"
      """, within: .seconds(60))
    #expect(output.standardOutput == "wrong: 0\n", "\(output.standardError)")
  }
}
