import Language

/// What `help` explains that is no command: words of the language, and the prompt.
public struct HelpTopic: Sendable {
  /// The words that lead here.
  public let words: [String]
  let usage: String
  public let summary: String
  let details: String
  /// Words with their meanings.
  let table: [(String, String)]
  let examples: [Example]

  init(
    _ words: String, _ usage: String, _ summary: String, _ details: String = "",
    table: [(String, String)] = [], _ examples: Example...
  ) {
    self.words = words.split(separator: " ").map(String.init)
    self.usage = usage
    self.summary = summary
    self.details = details
    self.table = table
    self.examples = examples
  }

  /// Nil if there is none of that word.
  public static func named(_ word: String) -> HelpTopic? { all.first { $0.words.contains(word) } }

  /// The words that the overview shows of it.
  var listed: [String] { examples.isEmpty || !usage.contains(":") ? words : [words[0]] }

  var page: String {
    HelpText.head(usage, summary, details) + HelpText.fields(RecordFields.of(words[0]))
      + (table.isEmpty ? "" : "\n" + HelpText.columns(table)) + HelpText.examples(examples)
  }

  public static let all = words + operators + subjects

  /// Words of the language.
  private static let words = [
    HelpTopic(
      "let", "let NAME = VALUE", "Declare a constant",
      "What a block or function declares is known in it alone.",
      Example("let n = 5\nprint ($n * 2)", "10")),
    HelpTopic(
      "var", "var NAME = VALUE", "Declare a variable, which `=` and `+=` may change", "",
      Example("var total = 0\nfor x in [1, 2, 3] { total += $x }\nprint $total", "6")),
    HelpTopic(
      "fn", "fn NAME(PARAMETER, PARAMETER = VALUE, ...REST, --FLAG) { … }",
      "Define a function, which is called as a command is",
      """
      A parameter may say its type, as `count: int`. The value of the last statement is the \
      function's value, unless `return` gives one before.
      """,
      Example(
        "fn greet(name, greeting = \"hello\") { print $greeting $name }\ngreet you", "hello you"),
      Example("fn double(n: int) { $n * 2 }\nprint (double 21)", "42")),
    HelpTopic(
      "return", "return [VALUE]", "Leave a function with a value", "",
      Example("fn sign(n) { if $n < 0 { return -1 }; 1 }\nprint (sign -5) (sign 5)", "-1 1")),
    HelpTopic(
      "if else", "if CONDITION { … } else if CONDITION { … } else { … }",
      "Run one of several blocks",
      "The condition is true or false. As a value it is that of the block that ran.",
      Example("let n = 5\nif $n > 3 { print big } else { print small }", "big"),
      Example("if (ok ^true) { print succeeded }", "succeeded")),
    HelpTopic(
      "while", "while CONDITION { … }", "Run a block as long as a condition holds", "",
      Example("var n = 3\nwhile $n > 0 { n -= 1 }\nprint $n", "0")),
    HelpTopic(
      "for", "for NAME in LIST { … }", "Run a block for each item",
      """
      The list may be a range, a map, a text, or a source such as `queue items`. With two names \
      the first is the index.
      """,
      Example("for i, x in [\"a\", \"b\"] { print $i $x }", "0 a\n1 b"),
      Example("for x in 1..3 { print $x }", "1\n2\n3")),
    HelpTopic(
      "break", "break", "Leave the innermost loop", "",
      Example("for x in 1..9 { if $x == 3 { break }; print $x }", "1\n2")),
    HelpTopic(
      "continue", "continue [PROCESS]",
      "Go on with the next turn of the loop; with a process, let that go on", "",
      Example("for x in 1..3 { if $x == 2 { continue }; print $x }", "1\n3")),
    HelpTopic(
      "try catch finally", "try { … } catch NAME: KIND, KIND { … } finally { … }",
      "Go on after an error",
      """
      Without kinds a catch takes all errors. NAME has the fields kind, message, span, trace and \
      help. The finally block runs in any case, after Ctrl-C too.
      """,
      Example("try { throw \"no luck\" } catch e { print $e.kind $e.message }", "thrown no luck"),
      Example(
        "let p = fork { sleep 10 }\ntry { wait $p --timeout 10ms } catch e: timeout { print late } "
          + "finally { kill $p }", "late")),
    HelpTopic(
      "throw", "throw VALUE", "Fail with an error that `try` can catch",
      "The value is a message, a map with kind and message, or an error that was caught.",
      Example("try { throw \"no luck\" } catch e { print $e.message }", "no luck")),
    HelpTopic(
      "and or not in", "and, or, not, in", "Combine and ask conditions",
      "The right side is evaluated only where it decides.",
      Example("print (1 in [1, 2] and not false) (false or true)", "true true")),
    HelpTopic(
      "ok", "ok COMMAND", "Tell whether a command succeeds: true or false",
      "A program succeeds with exit status 0. A mistyped name throws, as it always does.",
      Example("print (ok ^true) (ok ^false)", "true false")),
    HelpTopic(
      "status", "status COMMAND", "Run a command and yield the record of how it ended",
      "It has the fields of what `wait` yields, and `all` with the records of a pipeline's members.",
      Example("print (status sh -c \"exit 3\").exit", "3")),
    HelpTopic(
      "time", "time COMMAND", "Yield how long a command or block takes", "",
      Example("print ((time { sleep 20ms }) > 10ms)", "true")),
    HelpTopic(
      "prompt", "prompt", "The prompt's keys and files",
      """
      Tab completes commands, flags, names, variables and files. Up and Down go through what was \
      typed before, what stands before the cursor is what it must begin with, and Ctrl-R searches \
      for a part of it. What is not finished goes on in the next line. Ctrl-C drops the line; a \
      block of several lines comes back with Up. Ctrl-Z stops a program, Ctrl-D leaves.

      Of a result as much is shown as fits on the screen; $last has all. A program that fails is \
      told of in one line, and $status has its status.

      Start-up file: $XDG_CONFIG_HOME/brood/init.brood, usually ~/.config/brood/init.brood; it \
      runs before the first prompt.

      History: $XDG_STATE_HOME/brood/history, usually ~/.local/state/brood/history. Lines that \
      begin with a blank are not kept, and nothing is ever removed from it.

      Keys: ~/.inputrc, as for all programs with GNU readline; what stands between `$if brood` and \
      `$endif` is for Brood alone.

      `config prompt` shows and changes what stands before the line: a text, or a block that runs \
      before each prompt, for 200 ms at most. Without it the prompt names the directory once that \
      is another one than at the start.
      """),
    .guardian, .attach,
  ]
}
