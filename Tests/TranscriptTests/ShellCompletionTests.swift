import Foundation
import TestSupport
import Testing

/// The completions of Brood's command line, each in the shell that it is for.
///
/// A shell that is not there skips its tests; `scripts/setup --tests` installs all three.
@Suite("Completions in other shells")
struct ShellCompletionTests {
  private static func isThere(_ name: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\(name)")
      || FileManager.default.isExecutableFile(atPath: "/bin/\(name)")
  }
  static let hasZsh = isThere("zsh")
  static let hasFish = isThere("fish")

  /// A shell at a terminal in a directory with some files, with its completions loaded.
  private struct Shell {
    let home = Result { try TemporaryDirectory() }
    let terminal: Terminal
    private var round = 0

    init(_ program: String, _ arguments: [String], setUp: (URL) -> String) throws {
      let place = try home.get()
      for name in ["script.brood", "notes.txt", "bin/brood", "bin/zzprogram"] {
        try place.write("#!/bin/sh\n", to: name)
      }
      for name in ["brood", "zzprogram"] {
        _ = chmod("\(place.path)/bin/\(name)", 0o755)
      }
      var environment = Program.environment(home: place.path)
      environment["TERM"] = "xterm"
      environment["PS1"] = "ready> "
      environment["PATH"] = "\(place.path)/bin:/usr/bin:/bin"
      terminal = try Terminal(
        program, arguments, environment: environment, directory: place.path, columns: 120, rows: 50)
      let file = Program.sourceTree.appending(path: "completions")
      try terminal.expectScreen("a prompt") { $0.cursorLine.last == " " }
      try terminal.enter(setUp(file))
      try terminal.expect("set up\n")
      try terminal.expectScreen("a prompt") { $0.cursorLine.hasSuffix("> ") }
    }

    /// Types a text and Tab, waits for texts on the screen, and drops the line.
    mutating func complete(_ text: String, _ expected: String..., not: [String] = []) throws {
      round += 1
      let mark = "round\(round)"
      try terminal.type("clear; echo round''\(round)\r")
      try terminal.expectScreen("a prompt below \(mark)") {
        $0.lines.first == mark && isEmpty($0)
      }
      try terminal.type(text)
      try terminal.expectScreen("the line") {
        $0.text.contains(text.trimmingCharacters(in: .whitespaces))
      }
      try terminal.press(.tab)
      // A second one lists where the first one only completes what all have in common.
      if expected.count > 1 { try terminal.press(.tab) }
      for wanted in expected {
        try terminal.expectScreen("‘\(wanted)’ after \(text)", within: .seconds(20)) {
          $0.text.contains(wanted)
        }
      }
      for unwanted in not + ["not found", "rror", "_arguments:", "_alternative:"] {
        #expect(!terminal.screen.text.contains(unwanted), "\(terminal.screen.text)")
      }
      // Ctrl-C would come in the midst of a completion.
      try terminal.press(.control("U"))
      try terminal.expectScreen("an empty line", where: isEmpty)
    }

    private func isEmpty(_ screen: Screen) -> Bool {
      screen.cursorLine.trimmedRight == "ready>" && screen.cursorColumn == 7
    }
  }

  @Test func bash() throws {
    let shell = try Shell("/bin/bash", ["--norc", "--noprofile", "-i"]) { directory in
      "bind 'set bell-style none'; . \(directory.path)/brood.bash; echo set' 'up"
    }
    try check(shell)
  }

  /// Where bash-completion is installed, it is loaded before.
  @Test(
    .enabled(
      if: FileManager.default.fileExists(
        atPath: "/usr/share/bash-completion/bash_completion"), "bash-completion is not installed"))
  func bashWithItsLibrary() throws {
    let shell = try Shell("/bin/bash", ["--norc", "--noprofile", "-i"]) { directory in
      "bind 'set bell-style none'; . /usr/share/bash-completion/bash_completion; "
        + ". \(directory.path)/brood.bash; echo set' 'up"
    }
    try check(shell)
  }

  @Test(.enabled(if: hasZsh, "zsh is not installed")) func zsh() throws {
    let shell = try Shell("/usr/bin/zsh", ["-f", "-i"]) { directory in
      "PS1='ready> '; mkdir fpath; cp \(directory.path)/brood.zsh fpath/_brood; fpath=($PWD/fpath $fpath); "
        + "autoload -U compinit; compinit -u -d dump; setopt no_beep; echo set' 'up"
    }
    try check(shell)
  }

  @Test(.enabled(if: hasFish, "fish is not installed")) func fish() throws {
    let shell = try Shell("/usr/bin/fish", ["--no-config", "-i"]) { directory in
      "function fish_prompt; echo -n 'ready> '; end; source \(directory.path)/brood.fish; echo set' 'up"
    }
    try check(shell)
  }

  private func check(_ shell: Shell) throws {
    var shell = shell
    try shell.complete("brood ", "script.brood", "run")
    try shell.complete("brood --ch", "brood --check")
    try shell.complete("brood --completions f", "brood --completions fish")
    try shell.complete("brood --check scr", "brood --check script.brood")
    try shell.complete("brood script.brood no", "brood script.brood notes.txt")
    try shell.complete("brood run --dry", "brood run --dry-run")
    try shell.complete("brood run --halt ne", "brood run --halt never")
    try shell.complete("brood run --halt=", "never", "soon", "now")
    try shell.complete("brood run --halt=so", "brood run --halt=soon")
    try shell.complete("brood run --file no", "brood run --file notes.txt")
    try shell.complete("brood run --file=no", "brood run --file=notes.txt")
    try shell.complete("brood run zzp", "brood run zzprogram")
    try shell.complete("brood run -- zzp", "brood run -- zzprogram")
    try shell.complete("brood run -j 2 --tag -- zzp", "brood run -j 2 --tag -- zzprogram")
    try shell.complete("brood run --halt=now -- zzp", "brood run --halt=now -- zzprogram")
    try shell.complete("brood run -- zzprogram no", "brood run -- zzprogram notes.txt")
    try shell.complete("brood run zzprogram --dry", not: ["--dry-run"])
  }
}
