import Foundation
import TestSupport
import Testing

/// What the user and the environment set: inputrc, the start-up file, the prompt, kinds of terminals.
@Suite struct Settings {
  @Test func inputrcCanAskForBrood() throws {
    let home = try TemporaryDirectory()
    try home.write(
      "$if brood\n\"\\C-t\": \"print from inputrc\\nprint twice\\nprint and\"\n$endif\n",
      to: ".inputrc")
    let shell = try PromptShell(environment: ["INPUTRC": "\(home.path)/.inputrc"])
    try shell.terminal.press(.control("T"))
    try shell.terminal.expect("\nfrom inputrc\nbrood> print twice\ntwice\nbrood> print and")
    try shell.enter(" more", expecting: "\nand more")
  }

  /// The first line says how to get on, to those who have not typed much yet.
  @Test func theShellGreets() throws {
    let greeting = "`help` lists the commands, `lesson` teaches them, Ctrl-D leaves\n"
    #expect(try PromptShell().terminal.screen.text.contains(greeting))
    let chinese = try PromptShell(environment: ["LANG": "zh_CN.UTF-8"])
    #expect(chinese.terminal.screen.text.contains("输入 `lesson` 开始学习"))
    let place = ".local/state/brood/history"
    let many = (1...60).map { "#1700000000\nprint \($0)\n" }.joined()
    #expect(try PromptShell(files: [place: many]).terminal.screen.text == "brood>")
    let asked = ".config/brood/init.brood"
    let always = try PromptShell(files: [place: many, asked: "config greeting on"])
    #expect(always.terminal.screen.text.contains(greeting))
    let never = try PromptShell(files: [asked: "config greeting off"])
    #expect(!never.terminal.screen.text.contains(greeting))
  }

  @Test func theStartFileRuns() throws {
    let shell = try PromptShell(
      files: [".config/brood/init.brood": "fn hi() { print \"hi there\" }\nlet answer = 42\n"])
    try shell.enter("hi", expecting: "\nhi there")
    try shell.enter("$answer", expecting: "\n42")
  }

  @Test func errorsInTheStartFileAreReported() throws {
    let shell = try PromptShell(files: [
      ".config/brood/init.brood": "print hello\nthrow \"no luck\"\n"
    ])
    try shell.terminal.expect("hello\nerror: no luck\n --> ")
    try shell.terminal.expect("init.brood:2:1")
    try shell.enter("print alive", expecting: "\nalive")
  }

  @Test func thePromptCanBeChanged() throws {
    let shell = try PromptShell(
      files: [".config/brood/init.brood": "config prompt \"my shell: \""], prompt: "my shell: ")
    try shell.terminal.enter("print (")
    try shell.terminal.expectLine("     ...> ")
    try shell.terminal.enter("1)")
    try shell.terminal.expect("\n1\nmy shell: ")
  }

  @Test func thePromptCanBeABlock() throws {
    let shell = try PromptShell()
    try shell.terminal.enter("var turn = 0; config prompt { turn += 1; \"$turn ${(pwd)}> \" }")
    try shell.terminal.expectLine("1 \(shell.home.path)> ", within: .seconds(3))
    try shell.terminal.enter("cd /")
    try shell.terminal.expectLine("2 /> ")
    // Neither the last result nor the last status is the block's.
    try shell.terminal.enter(
      "config prompt { let s = $status; let t = (^echo p); \"$t$s\" }; 6 * 7")
    try shell.terminal.expectLine("p0")
    try shell.terminal.enter("ok ^sh -c 'exit 3'; $last")
    try shell.terminal.expect("42\np3")
    // One that fails is told of, and the last text stays.
    try shell.terminal.enter("config prompt { throw \"no luck\" }")
    try shell.terminal.expect("error: no luck")
    try shell.terminal.expectLine("p3")
    try shell.terminal.enter("config prompt \"brood> \"")
    try shell.terminal.expectLine("brood /> ")
  }

  @Test(arguments: [
    "sleep 1000", "while true { }", "(^sleep 1000)", "input",
    "while true { try { sleep 1h } catch e { } }",
  ])
  func aBlockThatTakesTooLongKeepsTheLastText(_ slow: String) throws {
    try keepsTheLastText(slow)
  }

  /// It is killed, and its end is not told like that of a job.
  @Test func aProgramThatIgnoresSignalsKeepsTheLastText() throws {
    try keepsTheLastText("(^sh -c 'trap \"\" TERM INT; while :; do sleep 1; done')")
  }

  private func keepsTheLastText(_ slow: String) throws {
    let shell = try PromptShell()
    try shell.terminal.enter(
      "var slow = false; config prompt { if $slow { \(slow) }; \"mine> \" }")
    try shell.terminal.expectLine("mine> ", within: .seconds(3))
    try shell.terminal.enter("slow = true; print on")
    try shell.terminal.expect("on\nmine> ", within: .seconds(5))
    try shell.terminal.enter("print alive")
    try shell.terminal.expect("\nalive\nmine> ", within: .seconds(5))
  }

  @Test func thePromptShowsAnotherDirectory() throws {
    let shell = try PromptShell(files: ["src/app/file": ""])
    try shell.terminal.enter("cd src/app")
    try shell.terminal.expectLine("brood ~/src/app> ", within: .seconds(3))
    try shell.terminal.enter("if true {")
    try shell.terminal.expectLine("            ...> ")
    try shell.terminal.enter("cd /usr }")
    try shell.terminal.expectLine("brood /usr> ")
    try shell.terminal.enter("cd")
    try shell.terminal.expectLine("brood> ")
  }

  @Test(arguments: ["", "C", "nowhere_NO.UTF-8"])
  func withoutALocaleKeysAreWholeCharacters(_ locale: String) throws {
    let shell = try PromptShell(environment: ["LANG": locale, "LC_ALL": locale])
    try shell.terminal.type("print \"日本")
    try shell.terminal.expectLine("brood> print \"日本", within: .seconds(3))
    try shell.terminal.press(.backspace)
    try shell.terminal.expectLine("brood> print \"日", within: .seconds(3))
    try shell.enter("x\"", expecting: "\n日x")
    // Programs get the environment as it was.
    try shell.enter("(^printenv LC_ALL) ?? 1", expecting: "\n\"\(locale)\"")
  }

  @Test func aDumbTerminalWillDo() throws {
    let shell = try PromptShell(environment: ["TERM": "dumb"])
    try shell.enter("6 * 7", expecting: "\n42")
    try shell.makeGate("gate")
    try shell.enter("^sh -c 'read x < gate; echo said $x' &", expecting: "[1] ")
    try shell.type("print typed")
    try shell.open("gate", writing: "hello")
    try shell.terminal.expectScreen("the output above the line") { screen in
      screen.text.contains("\nsaid hello\n")
        && screen.text.hasSuffix("sh1 ended: exit 0\nbrood> print typed")
    }
    try shell.terminal.press(.control("C"))
    try shell.terminal.expectLine("brood> ")
    #expect(try shell.leave() == .exited(0))
  }

  @Test func coloursOnlyWhereTheyAreWanted() throws {
    func raw(_ extra: [String: String]) throws -> String {
      let home = try TemporaryDirectory()
      var environment = Program.environment(home: home.path)
      environment["TERM"] = "xterm"
      environment["NO_COLOR"] = nil
      environment.merge(extra) { $1 }
      // script(1) keeps what the terminal would get.
      let output = try run(
        "/usr/bin/script", ["-qec", "\(Program.brood)", "/dev/null"], input: "throw \"x\"\nexit\n",
        environment: environment, directory: home.path)
      return output.standardOutput
    }
    #expect(try raw([:]).contains("\u{1b}[1;31merror"))
    #expect(try !raw(["NO_COLOR": "1"]).contains("\u{1b}[1"))
    #expect(try !raw(["TERM": "dumb"]).contains("\u{1b}"))
  }

  @Test func withoutATerminalThereIsNoPrompt() throws {
    let home = try TemporaryDirectory()
    let output = try run(
      Program.brood, input: "print (6 * 7)\n", environment: Program.environment(home: home.path),
      directory: home.path)
    #expect(output.standardOutput == "42\n")
    #expect(output.status == .exited(0))
    #expect(!FileManager.default.fileExists(atPath: "\(home.path)/.local/state/brood/history"))
  }
}
