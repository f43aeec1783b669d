import Language

/// `as`: the same in Python, in C, in system calls.
enum TranslateCommand {
  static let command = Command(
    "as", "Write a block in Python, C, or as the system calls it comes down to",
    details: """
      The block is not run. What has no equal there stands as a comment. `as python` uses \
      multiprocessing and os, `as c` the functions of POSIX, and `as syscalls` lists what the kernel \
      is asked for, each process below its parent. ^as is the program, the assembler.
      """,
    parameters: [
      Parameter("notation", .choice(Translation.allCases.map(\.rawValue)), .required),
      Parameter("block", .function, .required, "what to write differently; it is not run"),
    ], traits: .reports,
    examples: [
      Example(
        "as syscalls { let p = fork { exit 3 }; wait $p }",
        """
        clone(SIGCHLD)               # fork: p in the parent, 0 in the child
        in the child:
            exit_group(3)
        wait4($p, &status, 0, NULL)  # sleeps until it has ended, and reaps it
        """),
      Example("print (contains (as python { sleep 1s }) \"time.sleep(1)\")", "true"),
    ]
  ) { call in
    guard let notation = Translation(rawValue: call.text(0)) else { return .null }
    let text = try call.at(1) { try notation.text(of: call[1], table: call.interpreter.table) }
    return .report(ReportObject(.text(text), text: text))
  }
}
