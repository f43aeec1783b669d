import Language
import Posix
import Session
import ShellHost

/// Ending this process, or becoming another program.
enum LeaveCommands {
  static let exec = Command(
    "exec", "Replace this process by a program",
    details: """
      The process keeps its pid. Blocks of on-exit do not run. What it reads and writes is \
      redirected as elsewhere, to files and to the ends of raw pipes, which is what dup2(2) does in C.
      """,
    parameters: [
      Parameter("program", .program, .required, "its name or path"),
      Parameter("argument", .text, .rest),
    ],
    traits: [.passesWords, .leaves],
    examples: [
      Example("let p = fork { exec echo I am $pid }\nwait $p", "I am …"),
      Example(
        "let p = pipe new --raw\nfork { exec echo hello > $p.w }\n"
          + "fork { pipe close $p.w; exec tr a-z A-Z < $p.r }\npipe close $p.w\nwait --all", "HELLO"
      ),
    ]
  ) { call in
    let request = try SpawnCommand.programRequest(call)
    try call.session.output.flush()
    do {
      try call.session.become(request, call.interpreter, hasChannels: true)
    } catch let error as SystemError {
      throw SpawnCommand.programError(error, request, call)
    }
  }

  static let exit = Command(
    "exit", "End this process, after its on-exit blocks",
    details: """
      A number from 0 to 255 is the status; -1 is 255, as in C. A text is written to standard \
      error, and the status is 1.

      The session's own process first waits for its children, except daemons and detached ones. \
      A forked child does not.
      """,
    parameters: [Parameter("status", .exitStatus, .optional, "a number, or a text for stderr")],
    traits: .leaves,
    examples: [
      Example("let p = fork { exit 3 }\nprint (wait $p).exit", "3"),
      Example("on-exit { print bye }\nprint hello\nexit", "hello\nbye"),
    ]
  ) { call in
    switch call[0] {
    case .null, .missing: throw ExitRequest(0)
    case .int(let number): throw ExitRequest(try status(number, call))
    case let text:
      try call.session.output.flush()
      Gate.current?.stop(message: Gate.words("exit", text.asText))
      try mapErrors { try writeError(text.asText + "\n") }
      throw ExitRequest(1)
    }
  }

  /// The kernel keeps eight bits, which must not turn a failure into 0.
  private static func status(_ number: Int, _ call: borrowing Call) throws -> Int32 {
    guard (-255...255).contains(number) else {
      throw call.error(
        .range, "an exit status is a number from 0 to 255, but this is \(number)", at: 0,
        help: "the kernel would keep its lowest eight bits, \(number & 0xFF)")
    }
    return Int32(number & 0xFF)
  }

  private static func writeError(_ text: String) throws { try Transfer.writeAll(2, text) }

  static let exitNow = Command(
    "_exit", "End this process at once: no on-exit blocks, no flush, no waiting",
    parameters: [Parameter("status", .int, .optional)], traits: .leaves,
    examples: [
      Example("let p = fork { on-exit { print never }; _exit 4 }\nprint (wait $p).exit", "4")
    ]
  ) { call in
    let status = try status(call.int(0), call)
    call.session.tellDropped()
    Process.exitNow(status)
  }

  static let onExit = Command(
    "on-exit", "Run a block when this process ends",
    details: "The block added last runs first. Forked blocks do not inherit it.",
    parameters: [Parameter("block", .function)],
    examples: [Example("on-exit { print last }\non-exit { print first }", "first\nlast")]
  ) { call in
    call.session.onExit(call[0])
    return .null
  }
}

extension ParameterType {
  fileprivate static let exitStatus = ParameterType("status", "a status or a text") { input in
    switch input.value.plain {
    case .int, .null: return input.value.plain
    case .string, .error: return .text(input.value.plain.asText)
    default: return nil
    }
  }
}
