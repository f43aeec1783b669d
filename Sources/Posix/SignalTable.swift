/// The classic signals of Linux on x86_64 and arm64, in the order of their numbers.
enum SignalTable {
  struct Row: Sendable {
    let name: String
    let word: String
    let action: Signal.DefaultAction
  }

  private static func row(
    _ name: String, _ word: String, _ action: Signal.DefaultAction = .terminate
  ) -> Row { Row(name: name, word: word, action: action) }

  static let rows: [Row] = [
    row("HUP", "hang up"),
    row("INT", "interrupt"),
    row("QUIT", "quit", .core),
    row("ILL", "illegal instruction", .core),
    row("TRAP", "trace trap", .core),
    row("ABRT", "abort", .core),
    row("BUS", "bus error", .core),
    row("FPE", "arithmetic error", .core),
    row("KILL", "kill"),
    row("USR1", "user signal 1"),
    row("SEGV", "invalid memory", .core),
    row("USR2", "user signal 2"),
    row("PIPE", "broken pipe"),
    row("ALRM", "alarm"),
    row("TERM", "terminate"),
    row("STKFLT", "stack fault"),
    row("CHLD", "child changed", .ignore),
    row("CONT", "continue", .continue),
    row("STOP", "stop", .stop),
    row("TSTP", "terminal stop", .stop),
    row("TTIN", "background read", .stop),
    row("TTOU", "background write", .stop),
    row("URG", "urgent data", .ignore),
    row("XCPU", "CPU limit", .core),
    row("XFSZ", "file size limit", .core),
    row("VTALRM", "virtual alarm"),
    row("PROF", "profiling alarm"),
    row("WINCH", "window changed", .ignore),
    row("IO", "I/O possible"),
    row("PWR", "power failure"),
    row("SYS", "bad system call", .core),
  ]

  static let aliases: [String: Int32] = ["CLD": 17, "IOT": 6, "POLL": 29]
}
