import Language

extension HelpTopic {
  /// Subjects that are no single word of the language.
  static let subjects = [
    HelpTopic(
      "variables $last $status $pid $ppid $env $args last", "variables: $NAME",
      "The variables that Brood itself keeps, asked for anew each time",
      "`let` and `var` declare others.",
      table: [
        ("$last", "the last result at the prompt"),
        (
          "$status",
          "how the last program in the foreground ended: its exit status, or 128 and the number of "
            + "the signal that ended it; 0 before the first"
        ),
        ("$pid, $ppid", "the numbers of this process and of its parent"),
        ("$env", "the environment: print $env.PATH, env.NAME = \"x\""),
        ("$args", "the arguments of the script"),
      ],
      Example("ok ^sh -c 'exit 3'\nprint $status", "3"),
      Example("print (len $args) ($pid > 1) ($env.HOME == \"\")", "0 true false")),
    HelpTopic(
      "errors kinds " + ErrorKind.allCases.map(\.rawValue).joined(separator: " "),
      "errors: catch NAME: KIND, KIND { … }", "The kinds of errors, which `catch` tells apart",
      """
      An error has the fields kind, message, span, trace and help. A catch without kinds takes all \
      but `interrupted`; `help try` has more.
      """,
      table: ErrorKind.allCases.map { ($0.rawValue, meaning(of: $0)) },
      Example(
        "queue new q\ntry { queue get q --timeout 10ms } catch e: timeout { print $e.kind }",
        "timeout"),
      Example(
        "try { ^sh -c 'exit 3' } catch e: failed { print $e.status $e.message }",
        "3 'sh' failed with exit status 3")),
    HelpTopic(
      "strings text quotes escapes", "strings: \"…\" and '…'", "How texts are written",
      """
      "…" replaces `$name` and `${ … }` by their values, and knows \\n \\t \\r \\e \\0 \\\\ \\" \\$ and \
      \\u{1F426}. '…' takes all as it stands. Both may go over several lines.

      A bare word is a text too: print hello. In a word \\ quotes the next character, and $name and \
      ( … ) are replaced. In "…" a field needs braces: "${$e.kind}", since "$f.png" is the value of \
      $f and then .png.
      """,
      Example("let n = 2\nprint \"n is $n, twice ${$n * 2}\" 'but $n'", "n is 2, twice 4 but $n"),
      Example("print \"one\\ttwo\" a\\ b", "one\ttwo a b")),
  ]

  private static func meaning(of kind: ErrorKind) -> String {
    switch kind {
    case .thrown: "what `throw` was given"
    case .failed: "a program or process did not succeed: `status` and `signal` say how"
    case .timeout: "it has taken longer than --timeout allows"
    case .interrupted: "Ctrl-C; only a catch that names it takes it"
    case .closed: "a channel was closed, or all who could answer have left it"
    case .full: "no room, and --no-wait"
    case .empty: "nothing there, and --no-wait"
    case .peerDied: "the process on the other side was killed"
    case .deadlock: "processes wait for each other for ever: see config stuck"
    case .type: "a value is of another type than is needed"
    case .range: "a number is too small or too large"
    case .arity: "too few arguments or too many"
    case .missing: "there is no such name, key, file or process"
    case .syntax: "a text that cannot be read, as JSON or a program"
    case .limit: "more than the system or a setting allows"
    case .system: "the operating system refused"
    }
  }
}
