import Foundation
import TestSupport
import Testing

/// Exploring at the prompt.
@Suite("Exploring at the prompt", .serialized)
struct ExplorePromptTests {
  private static let race =
    "{ shm new x int 0; let a = (map [1, 2] { fork { shm set x ((shm get x) + 1) } }); wait ...$a; shm get x }"

  @Test func eachStepIsChosenByKeys() throws {
    let shell = try PromptShell(columns: 160)
    defer { shell.terminal.close() }
    try shell.terminal.enter("let o = step \(Self.race)")
    for (round, (answer, expected)) in [
      ("9", "possible: 1 2"), ("1", "> 1  shm set x 1"), ("2", "> 2  shm set x 1"),
      ("undo", "> 2  shm get x"), ("run 2", "> 1  shm set x 1"), ("go", "value 1  1,2x2,1"),
    ].enumerated() {
      try shell.terminal.expectLine("step \([1, 1, 2, 3, 2, 4][round])? ")
      try shell.terminal.enter(answer)
      try shell.terminal.expect(expected)
    }
    try shell.terminal.expectLine("brood> ")
    try shell.enter("print $o.value \"of the run\"", expecting: "\n1 of the run")
    #expect(try shell.leave() == .exited(0))
  }

  @Test func controlCEndsExploring() throws {
    let home = try TemporaryDirectory()
    let temporaries = try home.temporaries()
    let shell = try PromptShell(environment: ["TMPDIR": temporaries], home: home)
    defer { shell.terminal.close() }
    // Two processes with so many steps have more orders than any machine tries.
    let block =
      "{ shm new x int 0; let a = (map [1, 2] { fork { for i in 1..9 { shm set x ((shm get x) + 1) } } }); wait ...$a }"
    for round in 0..<2 {
      try shell.terminal.enter("print begun-\(round); explore \(block)")
      try shell.terminal.expect("\nbegun-\(round)\n")
      let hasBegun = try waits(.seconds(20)) {
        try !FileManager.default.contentsOfDirectory(atPath: temporaries).isEmpty
      }
      #expect(hasBegun)
      try shell.terminal.press(.control("c"))
      try shell.terminal.expect("\ninterrupted\n")
      try shell.terminal.expect("brood> ")
      #expect(try FileManager.default.contentsOfDirectory(atPath: temporaries).isEmpty)
    }
    // What was ended is reaped a moment later.
    try shell.enter(
      "while (len (ps)) > 1 { sleep 5ms }; print (len (ps)) left", expecting: "\n1 left")
    #expect(try shell.leave() == .exited(0))
  }

  @Test func aSessionInChaosAnswers() throws {
    let shell = try PromptShell()
    defer { shell.terminal.close() }
    try shell.enter("config chaos 5")
    try shell.enter("shm new x int 0")
    try shell.enter("queue new q")
    try shell.enter("let p = fork { for i in 1..3 { shm add x 1 }; queue get q }")
    try shell.enter("queue put q 7")
    try shell.enter("print (wait $p).value (shm get x)", expecting: "\n7 3")
    try shell.terminal.enter("print begun; sleep 1h")
    try shell.terminal.expect("\nbegun\n")
    try shell.terminal.press(.control("c"))
    try shell.terminal.expect("\ninterrupted\n")
    try shell.enter("config chaos off")
    try shell.enter("print (6 * 7)", expecting: "\n42")
    #expect(try shell.leave() == .exited(0))
  }
}
