import Foundation
import TestSupport
import Testing

/// What was typed, recalled by the arrow keys and kept in a file.
@Suite struct History {
  private let file = ".local/state/brood/history"

  @Test func entriesOutliveTheSession() throws {
    let first = try PromptShell()
    try first.enter("print one", expecting: "\none")
    try first.enter("print two", expecting: "\ntwo")
    try first.enter("print two", expecting: "\ntwo")
    try first.enter(" print secret", expecting: "\nsecret")
    #expect(try first.leave() == .exited(0))
    #expect(try first.permissions(file) == 0o600)
    #expect(try first.permissions(".local/state/brood") == 0o700)
    let kept = try first.read(file).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(kept == ["print one", "print two"])

    let second = try PromptShell(home: first.home)
    try second.terminal.press(.up)
    try second.terminal.expectLine("brood> print two")
    try second.terminal.press(.up)
    try second.terminal.expectLine("brood> print one")
    try second.terminal.press(.down, .down)
    try second.terminal.expectLine("brood> ")
    try second.enter("history", expecting: "\n1  print one\n2  print two\n3  history")
  }

  @Test func entriesOfManyLinesStayWhole() throws {
    let first = try PromptShell()
    try first.terminal.enter("fn f() {")
    try first.terminal.expectLine("  ...> ")
    try first.terminal.enter("\tprint \"#1\"")
    try first.terminal.expectLine("  ...> ")
    try first.enter("}")
    #expect(try first.leave() == .exited(0))

    let second = try PromptShell(home: first.home)
    try second.terminal.press(.up)
    try second.terminal.expectLine("}")
    try second.terminal.press(.enter)
    try second.terminal.expectLine("brood> ")
    try second.enter("f", expecting: "\n#1")
  }

  @Test func severalShellsShareTheFile() throws {
    let home = try TemporaryDirectory()
    let shells = try (0..<3).map { _ in try PromptShell(home: home) }
    for round in 1...5 {
      for (number, shell) in shells.enumerated() {
        try shell.terminal.enter("print \(number) \(round)")
      }
    }
    for (number, shell) in shells.enumerated() {
      try shell.terminal.expect("\n\(number) 5\nbrood> ")
      // Each recalls its own.
      try shell.terminal.press(.up)
      try shell.terminal.expectLine("brood> print \(number) 5")
    }
    let kept = try shells[0].read(file).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(kept.count == 15)
    #expect(Set(kept).count == 15)
  }

  @Test func theDirectoryCanBeChosen() throws {
    let home = try TemporaryDirectory()
    let shell = try PromptShell(
      environment: ["XDG_STATE_HOME": home.path + "/state"], home: home)
    try shell.enter("1", expecting: "\n1")
    #expect(try shell.read("state/brood/history").hasSuffix("\n1\n"))
  }

  @Test func theFileIsMadePrivateAgain() throws {
    let home = try TemporaryDirectory()
    try home.write("print before\n", to: file)
    #expect(chmod("\(home.path)/\(file)", 0o644) == 0)
    let shell = try PromptShell(home: home)
    #expect(try shell.permissions(file) == 0o600)
    #expect(chmod("\(home.path)/\(file)", 0o666) == 0)
    try shell.enter("print one", expecting: "\none")
    #expect(try shell.permissions(file) == 0o600)
  }

  @Test func aHomeThatCannotBeWrittenIsNoHindrance() throws {
    let shell = try PromptShell(environment: ["XDG_STATE_HOME": "/proc/nowhere"])
    try shell.enter("print one", expecting: "\none")
    try shell.terminal.press(.up)
    try shell.terminal.expectLine("brood> print one")
  }
}
