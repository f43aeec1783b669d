import Language

extension HelpTopic {
  /// Operators of commands and of expressions, by a word and by their signs.
  static let operators = [
    HelpTopic(
      "pipeline |", "pipeline: COMMAND | COMMAND",
      "Connect processes: what the first writes, the next reads",
      """
      Each member is a process: a built-in, function or block between them is forked. A pipeline \
      fails if one of its members does, except by SIGPIPE because its reader has left. `|>` passes \
      values instead, in this process.
      """,
      Example("print hello | tr a-z A-Z", "HELLO"),
      Example("^seq 3 | { print \"sum\" (sum (map (lines (read /dev/stdin)) int)) }", "sum 6")),
    HelpTopic(
      "chain |>", "chain: VALUE |> COMMAND",
      "Pass a value to a command, as its first argument",
      """
      Any expression may begin a chain. Nothing is forked and nothing becomes text: lists and \
      records arrive as they are.
      """,
      Example("[3, 1, 2] |> sort |> reverse |> print", "[3, 2, 1]"),
      Example("1..4 |> map { |n| $n * $n } |> sum |> print", "30")),
    HelpTopic(
      "background &", "background: COMMAND &",
      "Run a program or pipeline in the background, and yield its process",
      """
      `wait` waits for it, `jobs` lists it, `fg` brings it back. For a block of Brood write \
      `fork { … }`.
      """,
      Example("let p = ^sh -c 'exit 3' &\nprint (wait $p).exit", "3")),
    HelpTopic(
      "and-then && ||", "and-then: COMMAND && COMMAND, COMMAND || COMMAND",
      "Run a command only if the one before it succeeded, or only if it failed",
      """
      A command fails here if it throws `failed`, as a program with a status other than 0 does, or \
      yields false. Other errors are errors. 0 and null are no failures: after `fork && …` both \
      processes go on.
      """,
      Example("^true && print yes\n^false || print no", "yes\nno")),
    HelpTopic(
      "default ??", "default: VALUE ?? VALUE",
      "Take the right value where the left one is null, or its key or index is missing", "",
      Example("let m = [a: 1]\nprint ($m.a ?? 0) ($m.b ?? 0) ([1, 2][7] ?? \"none\")", "1 0 none")),
    HelpTopic(
      "force ^", "force: ^PROGRAM",
      "Run the program of a name, although a function or built-in has it too",
      "`^$name` runs the program that a variable names.",
      Example("print (^echo out of a program)", "out of a program"),
      Example("let tool = \"printf\"\n^$tool \"%s\\n\" hello", "hello")),
    HelpTopic(
      "spread ...", "spread: ...$LIST",
      "Put the items of a list in the place of one argument or item",
      "In a function's parameters `...rest` takes what is left of the arguments.",
      Example("let xs = [1, 2]\n^echo ...$xs\nprint [0, ...$xs]", "1 2\n[0, 1, 2]")),
    HelpTopic(
      "redirections > >> < 2> 2>> 2>&1 &>", "redirections: COMMAND > FILE",
      "Let a command read from a file, or write to one",
      """
      `>` replaces the file, `>>` adds to it, `<` reads from it. `2>` and `2>>` are for standard \
      error, `2>&1` sends it where standard output goes, `&>` both to a file. They hold for \
      programs, built-ins, blocks and pipelines' members.

      In parentheses `<` and `>` compare: `print ($a > $b)`.
      """,
      Example(
        "let f = (^mktemp)\nprint one > $f\nprint two >> $f\n^cat < $f\n^rm $f", "one\ntwo"),
      Example(
        "let f = (^mktemp)\n^sh -c 'echo out; echo err >&2' > $f 2>&1\nprint (len (lines (read $f)))\n"
          + "^rm $f", "2")),
    HelpTopic(
      "operators + - * / // % == != <= >= ..", "operators: what stands in expressions",
      "All operators, the loosest first",
      """
      `or`, `and`, `not`, then `== != < <= > >= in`, `??`, ranges `1..5` and `1..<5`, `+ -`, \
      `* / // %`, the sign `-`, and the suffixes `.key` and `[index]`. `/` divides floats, `//` \
      whole numbers. `+` joins texts and lists too.

      Of commands: `|`, `|>`, `&`, `&&`, `||`, `^`, `...` and redirections; `help '|'` explains one.
      """,
      Example("print (7 / 2) (7 // 2) (7 % 2) (\"a\" + \"b\") ([1] + [2])", "3.5 3 1 ab [1, 2]"),
      Example("print (1 + 2 == 3 and not 5 in 1..<5)", "true")),
  ]
}
