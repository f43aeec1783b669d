import Foundation
import TestSupport
import Testing

/// Completion of everything that has a name, with a few words on each.
@Suite struct Completion {
  private let shell: PromptShell
  private var terminal: Terminal { shell.terminal }

  init() throws {
    shell = try PromptShell(
      files: ["two words.txt": "", "notes.txt": "", "folder/inner.txt": "", "it's": ""],
      columns: 100,
      rows: 40)
  }

  /// Types a text and Tab, and waits for what the line becomes; then drops it.
  private func complete(_ text: String, _ completed: String) throws {
    try terminal.type(text)
    try terminal.press(.tab)
    try terminal.expectLine("brood> \(completed)")
    try terminal.press(.control("U"))
    try terminal.expectLine("brood> ")
  }

  /// Types a text and Tab, and waits for a list that has these lines.
  private func list(_ text: String, _ expected: String..., leaving: String? = nil) throws {
    try terminal.type(text)
    try terminal.press(.tab)
    for line in expected { try terminal.expect(line) }
    try terminal.expectLine("brood> \(leaving ?? text)")
    try terminal.press(.control("U"))
    try terminal.expectLine("brood> ")
  }

  @Test func commandsHaveTheirSummary() throws {
    try list("so", "\nsort ", "Sort a list")
    try complete("rever", "reverse ")
    try complete("let x = (rever", "let x = (reverse ")
    try complete("[1] |> rever", "[1] |> reverse ")
    try complete("if true { rever", "if true { reverse ")
    try complete("print x; rever", "print x; reverse ")
    try complete("whil", "while ")
    try complete("if true { } el", "if true { } else ")
    try complete("try { } catch e: time", "try { } catch e: timeout ")
    try complete("pool map --halt=nev", "pool map --halt=never ")
  }

  @Test func functionsShowTheirParameters() throws {
    try shell.enter("fn greet-all(name, greeting = \"hello\") { print $greeting $name }")
    try complete("greet-", "greet-all ")
    try shell.enter("fn greet-one(name) { print $name }")
    try list(
      "greet-", "\ngreet-all  greet-all(name, greeting = \"hello\")\ngreet-one  greet-one(name)")
  }

  /// The cursor stands within the word.
  @Test func whatStandsBehindTheCursorIsNotPutInAgain() throws {
    try terminal.type("reverse")
    try terminal.expectLine("brood> reverse")
    for _ in 0..<2 { try terminal.press(.left) }
    try terminal.press(.tab)
    try terminal.type("!")
    try terminal.expectLine("brood> reverse !")
    try terminal.press(.control("U"))
  }

  @Test func programsOnThePath() throws {
    try complete("^printe", "^printenv ")
    try complete("mkfif", "mkfifo ")
  }

  @Test func variablesShowTheirValue() throws {
    try shell.enter("let colour = [hue: \"red\", light: [deep: 1, dark: 2]]; let count = 3")
    try list("print $co", "\ncolour  map [hue: \"red\"", "\ncount   int 3")
    try complete("print $col", "print $colour")
    try complete("print $colour.li", "print $colour.light")
    try list("print $colour.light.d", "\ndark  int 2\ndeep  int 1")
    try complete("print \"${cou", "print \"${count")
    try complete("$env.HOM", "$env.HOME")
    try complete("print $colour[hu", "print $colour[hue]")
    try complete("for item in [1] { print $ite", "for item in [1] { print $item")
  }

  @Test func filesAreQuotedAsNeeded() throws {
    try complete("read two", "read two\\ words.txt ")
    try complete("read \"two", "read \"two words.txt\" ")
    try complete("read two\\ w", "read two\\ words.txt ")
    try complete("read it", "read it\\'s ")
    try complete("cd fol", "cd folder/")
    try complete("^cat folder/", "^cat folder/inner.txt ")
    try complete("print x > no", "print x > notes.txt ")
    try list(
      "read ", "\nfolder/        directory\nit's           file, 0B\nnotes.txt      file, 0B\n")
    try shell.enter("^ln -s notes.txt alias; ^head -c 3000 /dev/zero > notes.sh")
    try shell.enter("^chmod +x notes.sh")
    try list("read no", "\nnotes.sh   program, 3KiB\nnotes.txt  file, 0B", leaving: "read notes.")
    try list("read a", leaving: "read alias ")
  }

  @Test func flagsHaveTheirSummary() throws {
    try list("fork --", "\n--name ", "\n--daemon ")
    try complete("fork --dae", "fork --daemon ")
    try complete("kill -US", "kill -USR")
  }

  @Test func liveProcessesHaveTheirState() throws {
    try shell.enter("fork --name worker-one { sleep 1000 }", expecting: "worker-one")
    try complete("kill wor", "kill worker-one ")
    try shell.enter("spawn --name worker-two sleep 1000", expecting: "worker-two")
    try list("kill worker-", "\nworker-one ", "waiting", "\nworker-two ", "sleep 1000")
    try shell.enter("let p = fork { sleep 1000 }")
    try list("$p.", "\npid ", "\nname ")
  }

  @Test func endsOfPipesStandBehindARedirection() throws {
    try shell.enter("let pair = pipe new --raw")
    try complete("print hello > $pai", "print hello > $pair")
    try list("print hello > $pair.", "\nr ", "\nw ")
  }

  @Test func signalsSettingsAndTopics() throws {
    try list("signal on US", "\nUSR1  10, ", "\nUSR2  12, ", leaving: "signal on USR")
    try list("config rea", "\nreap ", "\nreaper ", leaving: "config reap")
    try complete("help sor", "help sort ")
    try complete("help whi", "help while ")
    try list("config reap ", "\nmanual  as it is now\nauto    instead of manual")
    try list("config reaper ", "\nsession  as it is now\ninit")
    try complete("config limit.queue ", "config limit.queue auto ")
    try shell.enter("fork --name worker { sleep 1000 }", expecting: "worker")
    try complete("kill worker SIGK", "kill worker SIGKILL ")
    try list("kill worker SIG", "\nSIGHUP ", "\nSIGKILL ")
  }

  @Test func longListsAreCut() throws {
    try terminal.type("s")
    try terminal.press(.tab)
    try terminal.expect(/… and \d+ more\nbrood> s/)
    #expect(terminal.screen.lines.allSatisfy { $0.count < 100 })
  }

  @Test func namesOfFilesCannotWriteToTheTerminal() throws {
    let hostile = try PromptShell(files: [
      "pick\u{1b}]0;TITLE\u{7}": "", "pick\u{1b}[2J\u{9b}1m\u{202e}": "", "pick\nme": "",
    ])
    try hostile.terminal.type("read pick")
    try hostile.terminal.press(.tab)
    try hostile.terminal.expect("pick\\nme", within: .seconds(3))
    try hostile.terminal.expect("pick\\e[2J\\u{9b}1m\\u{202e}")
    try hostile.terminal.expect("pick\\e]0;TITLE\\u{7}")
  }

  @Test func nothingBreaksOnStrangeText() throws {
    for text in ["))", "(((", "$", "${", "\"", "'", "|>", "{ |", "[", "\\", "> ", "# x", "--", "é"]
    {
      try terminal.type(text)
      try terminal.press(.tab)
      try terminal.press(.control("C"))
      try terminal.expect("^C\nbrood> ")
    }
    try shell.enter("print alive", expecting: "\nalive")
  }
}
