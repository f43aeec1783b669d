import Commands
import Language

/// What Brood was called to do.
enum Invocation: Equatable {
  case prompt
  case script(Text, arguments: [String])
  case check([String])
  /// `brood run`, with the words behind it.
  case programs([String])
  /// `brood sem`, with the words behind it.
  case semaphore([String])
  /// `brood attach`, with the words behind it.
  case attach([String])
  /// `brood why` and the like, with the words behind it.
  case look(LookLine.Verb, [String])
  case help
  case version
  case completions(shell: String)

  /// Any of the others, of which a recording is written to a file.
  indirect case recorded(String, Invocation)

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
    // The common cases, for which no declaration has to be made.
    if first == "-c", let text = rest.first {
      self = .script(.argument(text), arguments: Array(rest.dropFirst()))
      return
    }
    if !first.hasPrefix("-") {
      self = Invocation(word: first, rest)
      return
    }
    let reading = try BroodLine.line.read(arguments)
    if reading.wantsHelp {
      self = .help
      return
    }
    guard let (flag, value) = reading.flags.first else {
      guard let file = reading.words.first else {
        try self.init([], isTerminal: isTerminal)
        return
      }
      let arguments = Array(reading.words.dropFirst())
      self = .script(file == "-" ? .standardInput : .file(file), arguments: arguments)
      return
    }
    switch flag.name {
    case "check": self = .check([value ?? ""] + reading.words)
    case "completions":
      guard let value, case .choices(let shells)? = flag.type?.completion, shells.contains(value)
      else {
        throw ErrorObject.badValue(
          "value of '--completions'", must: flag.type?.phrase ?? "", is: .text(value ?? ""))
      }
      self = .completions(shell: value)
    case "record":
      self = .recorded(value ?? "", try Invocation(reading.words, isTerminal: isTerminal))
    case "version": self = .version
    default: self = .script(.argument(value ?? ""), arguments: reading.words)
    }
  }

  /// A verb of Brood's with the words behind it, or a script.
  private init(word: String, _ rest: [String]) {
    if let verb = LookLine.Verb(rawValue: word) {
      self = .look(verb, rest)
      return
    }
    switch word {
    case "run": self = .programs(rest)
    case "sem": self = .semaphore(rest)
    case "attach": self = .attach(rest)
    default: self = .script(.file(word), arguments: rest)
    }
  }
}
