import Foundation
import TestSupport
import Testing

/// Ctrl-C at any moment ends what an entry of the prompt does, also between two of its programs.
@Suite("Ctrl-C at the prompt", .serialized)
struct PromptInterruptTests {
  static let loops = [
    "while true { ^true }",
    "while true { if (^echo prog) != \"prog\" { print WRONG } }",
    "while true { ^seq 1 20 | ^tail -1 | ^cat > /dev/null }",
    "while true { if (len (lines (^seq 1 20))) != 20 { print WRONG } }",
    "while true { ^seq 1 5 | { ^cat } | ^cat > /dev/null }",
    "while true { ok ^false }",
    "while true { ^sleep 0.002 }",
    "while true { wait (spawn true) }",
    "^sleep 1000",
  ]

  private static let rounds = Program.runsLongTests ? 100 : 8

  /// Ctrl-C ends what the shell does; the children that go on are named.
  @Test func childrenThatGoOnAreNamed() throws {
    let shell = try PromptShell()
    try shell.terminal.enter("fork; print \"here ${1 + 1}\"; while true { sleep 10ms }")
    try shell.terminal.expect("here 2\nhere 2\n")
    try shell.terminal.press(.control("c"))
    try shell.terminal.expect("\ninterrupted\nits child fork1 (")
    try shell.terminal.expect(") goes on: kill fork1 ends it\n")
    try shell.terminal.expectLine("brood> ")
    try shell.terminal.enter(
      "for i in 1..2 { fork --name \"k$i\" { sleep 1h } }; print made; sleep 1h")
    try shell.terminal.expect("\nmade\n")
    try shell.terminal.press(.control("c"))
    try shell.terminal.expect("\ninterrupted\n2 of its children go on, as k1 (")
    try shell.terminal.expect("): kill k1 k2 ends them\n")
    try shell.terminal.expectLine("brood> ")
  }

  @Test(arguments: loops)
  func noPressIsLost(_ loop: String) throws {
    let shell = try PromptShell()
    defer { shell.terminal.close() }
    for round in 0..<PromptInterruptTests.rounds {
      try shell.terminal.enter("print begun-\(round); \(loop)")
      try shell.terminal.expect("\nbegun-\(round)\n")
      // Nothing tells when the shell is between two programs: any moment will do.
      usleep(UInt32.random(in: 0..<30_000))
      try shell.terminal.press(.control("c"))
      try shell.terminal.expect("\ninterrupted\n")
      try shell.terminal.expect("brood> ")
      // One press is one interrupt.
      try shell.terminal.enter("print (6 * 7) \(round)")
      try shell.terminal.expect("\n42 \(round)")
      try shell.terminal.expect("\nbrood> ")
    }
    #expect(!shell.terminal.screen.text.contains("\nWRONG"))
    // The last child of `spawn` may still run, which a first Ctrl-D would warn of.
    try shell.terminal.enter("wait --all; print all gone")
    try shell.terminal.expect("\nall gone")
    try shell.terminal.expect("\nbrood> ")
    #expect(try shell.leave() == .exited(0))
  }

  /// It has run for a moment, as before any key of a person's.
  @Test func aProgramThatTakesItDecides() throws {
    let shell = try PromptShell(files: [
      "takes.sh":
        "trap 'echo caught; exit 0' INT; sleep 0.1; echo ready; while :; do sleep 0.01; done"
    ])
    defer { shell.terminal.close() }
    for round in 0..<5 {
      try shell.terminal.enter("^sh takes.sh; print after \(round)")
      try shell.terminal.expect("\nready\n")
      try shell.terminal.press(.control("c"))
      try shell.terminal.expect("caught\nafter \(round)\n")
      try shell.terminal.expect("brood> ")
    }
    #expect(try shell.leave() == .exited(0))
  }

  /// What hears the key is in the group of the job, and neither stops it nor keeps it.
  @Test func aJobOfALoopIsStoppedAndGoesOn() throws {
    let shell = try PromptShell()
    defer { shell.terminal.close() }
    try shell.terminal.enter("^true; ^sh -c 'echo ready; exec sleep 1000'; print never")
    try shell.terminal.expect("\nready\n")
    try expectChild(of: shell, "sleep", "S")
    for _ in 0..<2 {
      try shell.terminal.press(.control("z"))
      try shell.terminal.expect("stopped")
      try shell.terminal.expect("\nbrood> ")
      try shell.enter("^true")
      try shell.terminal.enter("fg; print never")
      try expectChild(of: shell, "sleep", "S")
    }
    try shell.terminal.press(.control("z"))
    try shell.terminal.expect("stopped")
    try shell.terminal.expect("\nbrood> ")
    try shell.enter("let job = bg")
    try expectChild(of: shell, "sleep", "S")
    try shell.terminal.enter("fg; print never")
    try shell.terminal.expect("\n^sh -c")
    try shell.terminal.press(.control("c"))
    try shell.terminal.expect("\ninterrupted\n")
    try shell.terminal.expect("brood> ")
    #expect(!shell.terminal.screen.text.contains("\nnever"))
    #expect(try shell.leave() == .exited(0))
  }

  private func expectChild(of shell: PromptShell, _ name: String, _ state: String) throws {
    let deadline = Deadline(.seconds(10))
    while !children(of: shell).contains("(\(name)) \(state)") {
      if deadline.hasPassed { throw SystemFailure("no child (\(name)) \(state)") }
      _ = shell.terminal.update(until: Deadline(.milliseconds(5)))
    }
  }

  /// The names and states of the shell's children.
  private func children(of shell: PromptShell) -> [String] {
    let pid = shell.terminal.child.pid
    let list = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
    return (list ?? "").split(separator: " ").compactMap { child in
      let stat = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
      guard let stat, let start = stat.firstIndex(of: "("), let end = stat.lastIndex(of: ")")
      else { return nil }
      return String(stat[start...stat.index(end, offsetBy: 2)])
    }
  }

  /// It lives as long as the entry, and no command shows it.
  @Test func whatHearsTheKeyIsGoneAfterTheEntry() throws {
    let shell = try PromptShell()
    defer { shell.terminal.close() }
    try shell.terminal.enter("^sh -c 'echo ready; read line'; print (len (ps)) seen; jobs")
    try shell.terminal.expect("\nready\n")
    try expectChild(of: shell, "brood-keys", "S")
    try shell.terminal.press(.enter)
    try shell.terminal.expect("\n1 seen\nno jobs\nbrood> ")
    #expect(!children(of: shell).contains { $0.hasPrefix("(brood-keys)") })
    #expect(try shell.leave() == .exited(0))
  }
}
