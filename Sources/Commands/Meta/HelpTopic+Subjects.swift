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
    xargs, parallel,
  ]

  private static let xargs = HelpTopic(
    "xargs", "xargs: pool run -- PROGRAM [ARGUMENTS]", "What to write where one is used to xargs",
    """
    Each line is an input, whatever blanks and quotes are in it. Outputs are shown whole, in the order \
    of the inputs, and as many run at a time as there are CPUs. From another shell the words are the \
    same behind `brood run`; `brood run --from-xargs` and the words of xargs print what a line is.
    """,
    table: [
      ("xargs -n1 -P4 gzip", "pool run --jobs 4 -- gzip"),
      ("xargs -0, -d ,", "--null, --delimiter ,"),
      ("xargs -I% cp % %.bak", "pool run -- cp {} {}.bak"),
      ("xargs -n 2 cmd", "pool run --max-inputs 2 -- cmd"),
      ("xargs cmd", "pool run --fill -- cmd"),
      ("xargs -a FILE", "--file FILE"),
      ("xargs -P1", "--jobs 1: one after the other"),
      ("xargs -r", "without inputs nothing runs anyway"),
      ("xargs -t, -p", "--dry-run shows what would run"),
      ("xargs sh -c '… $1' sh", "--shell '… {}', or the same words"),
    ],
    Example("^printf 'a\\nb c\\n' | pool run -- echo got", "got a\ngot b c"))

  private static let parallel = HelpTopic(
    "parallel", "parallel: pool run -- PROGRAM [ARGUMENTS] ::: INPUTS",
    "What to write where one is used to GNU parallel",
    """
    The places {} {.} {/} {//} {/.} {#} {%} {1} {2.} {-1} and the signs ::: :::: :::+ ::::+ are the \
    same. The program is words and no line of a shell: for that there is --shell. From another shell \
    the words are the same behind `brood run`; `brood run --from-parallel` and the words of parallel \
    print what a line is, and what differs.
    """,
    table: [
      ("parallel 'sort {} | uniq' ::: a b", "pool run --shell 'sort {} | uniq' ::: a b"),
      ("-j 4, -j 50%, -j +1", "--jobs 4, --jobs 50%, --jobs +1"),
      ("-k", "the default; --unordered is as they end"),
      ("--lb, -u", "--line, --ungrouped"),
      ("--tag, --tagstring T", "--tag, --tag-format 'T\\t'"),
      ("-a FILE, -0, -d ,", "--file FILE, --null, --delimiter ,"),
      ("-N 2, -X", "--max-inputs 2, --fill"),
      ("--link", "--link=repeat; without =repeat unequal lengths are an error"),
      ("--colsep ,  --header :  --csv", "--colsep ,  --header  --csv-in"),
      ("--pipe --block 1M", "the same: a block is at least so large, parallel's at most"),
      ("--pipe -N 100", "--pipe --lines 100"),
      ("--bar, --eta, --dry-run", "--progress, --eta, --dry-run"),
      ("--joblog F --resume", "--journal F --rerun missing"),
      ("--joblog F --resume-failed", "--journal F --rerun failed"),
      ("--retries 3", "--retries 2: the first attempt does not count"),
      ("--timeout 10, --timeout 200%", "the same, with --grace 2s"),
      ("--halt now,fail=1", "--halt now"),
      ("--delay, --load, --memfree 1G", "--delay, --load, --mem-free 1G"),
      ("--workdir DIR", "env -C DIR PROGRAM"),
      ("--results DIR", "the same; or a file: --results all.csv"),
      ("-S 4/a,b --trc {}.out", "--via ssh:4/a,b --send {} --fetch {}.out"),
      ("sem -j2 --id x cmd", "^brood sem -j 2 --name x -- cmd"),
    ],
    Example("pool run -- echo {1}-{2/.} ::: a ::: x/y.c", "a-y"))

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
