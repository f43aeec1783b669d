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
    try first.terminal.expect("print \"#1\"\n  ...> ")
    try first.enter("}")
    #expect(try first.leave() == .exited(0))

    let second = try PromptShell(home: first.home)
    try second.terminal.press(.up)
    try second.terminal.expectLine("}")
    try second.terminal.press(.enter)
    try second.terminal.expectLine("brood> ")
    try second.enter("f", expecting: "\n#1")
  }

  @Test func upAndDownSearchByWhatWasTyped() throws {
    let shell = try PromptShell()
    for line in ["print one", "6 * 7", "print two", "print two", "[1]"] { try shell.enter(line) }
    try shell.type("pri")
    try shell.terminal.press(.up)
    try shell.terminal.expectLine("brood> print two", within: .seconds(3))
    try shell.terminal.press(.up)
    try shell.terminal.expectLine("brood> print one")
    try shell.terminal.press(.up)
    try shell.terminal.press(.down)
    try shell.terminal.expectLine("brood> print two")
    // What was typed comes back, and is a new beginning.
    try shell.terminal.press(.down)
    try shell.terminal.expectLine("brood> pri")
    try shell.terminal.press(.up)
    try shell.terminal.expectLine("brood> print two")
    // The cursor stands at the end, and what is typed there is looked for in its turn.
    try shell.enter("!", expecting: "\ntwo!")
    try shell.type("nothing begins so")
    try shell.terminal.press(.up, .down)
    try shell.terminal.expectLine("brood> nothing begins so")
    try shell.terminal.press(.control("U"), .up, .up, .up)
    try shell.terminal.expectLine("brood> print two")
  }

  @Test func aBlockThatWasAbandonedComesBack() throws {
    let shell = try PromptShell()
    try shell.terminal.enter("fn f() {")
    try shell.terminal.expectLine("  ...> ")
    try shell.terminal.enter("print 12")
    try shell.terminal.expect("print 12\n  ...> ")
    try shell.terminal.type("}; f x")
    try shell.terminal.expectLine("  ...> }; f x")
    try shell.terminal.press(.control("C"))
    try shell.terminal.expectLine("brood> ")
    try shell.terminal.press(.up)
    try shell.terminal.expectLine("}; f x", within: .seconds(3))
    try shell.terminal.press(.backspace, .backspace)
    try shell.terminal.expectLine("}; f")
    try shell.terminal.press(.enter)
    try shell.terminal.expect("\n12\nbrood> ")
    // A single line is dropped as before, and so is what begins with a blank.
    for line in ["print lost", " fn g() {\r"] {
      try shell.terminal.type(line)
      try shell.terminal.expectScreen("the line") { $0.text.contains(line.dropLast()) }
      try shell.terminal.press(.control("C"))
      try shell.terminal.expectLine("brood> ")
    }
    try shell.terminal.press(.up)
    try shell.terminal.expectScreen("an older entry") { !$0.text.hasSuffix("brood>") }
    #expect(!["brood> print lost", "  fn g() {"].contains(shell.terminal.screen.cursorLine))
  }

  @Test func nothingIsCutInSilence() throws {
    let home = try TemporaryDirectory()
    var text = ""
    for number in 1...9000 {
      text += "#\(number)\nprint \(number) \(String(repeating: "x", count: 120))\n"
    }
    #expect(text.utf8.count > 1 << 20)
    try home.write(text, to: file)
    let shell = try PromptShell(home: home)
    #expect(try shell.read(file).hasPrefix("#1\nprint 1 "))
    try shell.enter(
      "contains (string (history)) \"older entries are in \(home.path)\"", expecting: "\ntrue")
    try shell.terminal.press(.up, .up)
    try shell.terminal.expectScreen("the last entry") { $0.text.contains("print 9000 x") }
  }

  /// An entry that is larger than the part of the file that is read at the start.
  @Test func aHugeEntryHidesNoOthers() throws {
    let home = try TemporaryDirectory()
    let huge = String(repeating: "# 0123456789\n\t", count: 40_000)
    try home.write("#1\nprint first\n#2\n\(huge)print last\n#3\nprint third\n", to: file)
    let shell = try PromptShell(home: home)
    try shell.enter("len (history)", expecting: "\n4")
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
    // It is told once.
    #expect(shell.terminal.screen.text.contains("cannot keep the history"))
    try shell.enter(" ", expecting: "\none")
    let text = shell.terminal.screen.text
    #expect(text.components(separatedBy: "cannot keep the history").count <= 2)
  }
}
