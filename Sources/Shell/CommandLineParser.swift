import Commands
import Language

/// What Brood was called to do.
enum Invocation: Equatable {
  case prompt
  case script(Text, arguments: [String])
  case check([String])
  /// `brood run`, with the words behind it.
  case programs([String])
  /// `brood attach`, with the words behind it.
  case attach([String])
  /// `brood why` and the like, with the words behind it.
  case look(LookLine.Verb, [String])
  case help
  case version
  case completions(shell: String)

  /// Where a script's text comes from.
  enum Text: Equatable {
    case file(String)
    case argument(String)
    case standardInput
  }

  /// Reads the command line, without the program's name.
  ///
  /// - Throws: `arity` for a wrong one.
  init(_ arguments: [String], isTerminal: Bool) throws {
    guard let first = arguments.first else {
      self = isTerminal ? .prompt : .script(.standardInput, arguments: [])
      return
    }
    let rest = Array(arguments.dropFirst())
    if let verb = LookLine.Verb(rawValue: first) {
      self = .look(verb, rest)
      return
    }
    switch first {
    case "-c":
      guard let text = rest.first else { throw Invocation.wrong("'-c' needs a text to run") }
      self = .script(.argument(text), arguments: Array(rest.dropFirst()))
    case "--check":
      if rest.isEmpty { throw Invocation.wrong("'--check' needs a file") }
      self = .check(rest)
    case "--help", "-h": self = .help
    case "--version": self = .version
    case _ where first == "--completions" || first.hasPrefix("--completions="):
      let isJoined = first != "--completions"
      let shell = isJoined ? String(first.dropFirst("--completions=".count)) : rest.first
      let shells = ["bash", "fish", "zsh"]
      guard let shell, shells.contains(shell) else {
        throw Invocation.wrong("'--completions' needs one of bash, fish and zsh")
      }
      self = .completions(shell: shell)
    case "-": self = .script(.standardInput, arguments: rest)
    case "--":
      guard let file = rest.first else {
        try self.init([], isTerminal: isTerminal)
        return
      }
      self = .script(.file(file), arguments: Array(rest.dropFirst()))
    case "run": self = .programs(rest)
    case "attach": self = .attach(rest)
    case _ where first.hasPrefix("-"):
      let names = CommandLineOption.all.map(\.name)
      throw Invocation.wrong(
        "there is no option '\(first)'",
        help: nearest(first, among: names).map { "did you mean '\($0)'?" }
          ?? "brood --help lists the options")
    default: self = .script(.file(first), arguments: rest)
    }
  }

  private static func wrong(_ message: String, help: String? = nil) -> ErrorObject {
    ErrorObject(.arity, message, help: help ?? "see: brood --help")
  }
}
