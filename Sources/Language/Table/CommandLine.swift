/// The declaration of a command line: what stands behind `brood run`, or behind a script's name.
///
/// Reading it, its help and the completions of other shells are all made of it.
public struct CommandLine: Sendable {
  /// How far its own words go.
  public enum Extent: Sendable {
    /// All words are its own.
    case whole
    /// From the first argument on they are those of a program.
    case program
    /// The first flag or argument decides what the rest is.
    case first
  }

  /// What is said of a flag that it does not have: `message` nil for the usual one.
  public struct Advice: Sendable {
    public let message: String?
    public let help: String

    public init(_ help: String, message: String? = nil) {
      self.message = message
      self.help = help
    }
  }

  /// For messages: `brood run`.
  public let name: String
  /// One line, without a full stop.
  public let summary: String
  /// What stands behind the name in the usage line; made of the declaration if nil.
  let operands: String?
  /// What help says below the usage line.
  public let details: String
  public let flags: [Flag]
  public let parameters: [Parameter]
  public let rules: [FlagRule]
  public let extent: Extent
  /// Whether flags may have one letter, so that every word that begins with `-` is one.
  public let hasLetters: Bool
  private let advice: @Sendable (_ word: String) -> Advice?

  public init(
    _ name: String, _ summary: String, operands: String? = nil, details: String = "",
    flags: [Flag] = [], parameters: [Parameter] = [], rules: [FlagRule] = [],
    extent: Extent = .whole, hasLetters: Bool = true,
    advice: @escaping @Sendable (_ word: String) -> Advice? = { _ in nil }
  ) {
    self.name = name
    self.summary = summary
    self.operands = operands
    self.details = details
    self.flags = flags
    self.parameters = parameters
    self.rules = rules
    self.extent = extent
    self.hasLetters = hasLetters
    self.advice = advice
  }

  /// What the words of a command line are.
  public struct Reading {
    /// The flags in the order in which they were written, each with the word that is its value.
    public var flags: [(flag: Flag, word: String?)] = []
    /// The arguments.
    public var words: [String] = []
    /// `--help` is one of the flags: what follows it was not looked at.
    public var wantsHelp = false

    /// Whether a flag was given; a switch with `=false` was not.
    public func has(_ name: String) -> Bool {
      flags.contains { $0.flag.name == name && ($0.flag.type != nil || $0.word != "false") }
    }

    /// The value of a flag; nil if it was not given.
    public func value(of name: String) -> String? {
      flags.first { $0.flag.name == name }.flatMap(\.word)
    }
  }

  /// The usage line.
  public var usage: String {
    if let operands { return "\(name) \(operands)" }
    return ([name] + flags.map { "[\($0.usage)]" } + parameters.map(\.usage))
      .joined(separator: " ")
  }

  // MARK: Reading

  /// Reads the words behind the name.
  ///
  /// - Throws: `arity` for flags and numbers of arguments that it does not take.
  public func read(_ line: [String]) throws(ErrorObject) -> Reading {
    var reading = Reading()
    var sorter = ArgumentSorter(endsAtArgument: extent != .whole, takesAnyValue: true)
    var isDecided = false
    for (place, word) in line.enumerated() {
      if isDecided {
        reading.words.append(word)
        continue
      }
      let piece = Piece(word, self)
      var isHelp = false
      var isUnknown = false
      let meaning = sorter.take(piece.role, at: place) { _ in
        guard let index = piece.index(in: flags) else {
          isHelp = piece.isHelp
          isUnknown = !isHelp
          return nil
        }
        let next = line.indices.contains(place + 1) ? line[place + 1] : nil
        return (index, flags[index].takes(next))
      }
      if isUnknown { throw unknown(word, piece) }
      if isHelp {
        reading.wantsHelp = true
        return reading
      }
      switch meaning {
      case .argument, .spread: reading.words.append(word)
      case .flag(let index):
        let flag = flags[index]
        if flag.type == nil, let value = piece.value, value != "true", value != "false" {
          throw Misuse.noValue(piece.spelling).error()
        }
        reading.flags.append((flag, piece.value))
      case .value(let index):
        // More likely the end of the flags than a name; --flag=-- is one.
        if word == "--" { throw Misuse.needsValue(flags[index].spelling).error() }
        reading.flags.append((flags[index], word))
      case .opens, .nothing, .unfilled: break
      }
      isDecided = extent == .first && meaning != .nothing && sorter.open == nil
    }
    if let open = sorter.open {
      throw Misuse.needsValue(Piece(line[open.place], self).spelling).error()
    }
    try check(reading)
    return reading
  }

  private func check(_ reading: Reading) throws(ErrorObject) {
    let given = reading.flags.map(\.flag.name).filter(reading.has)
    if let problem = flags.problem(given, rules, { reading.words }, of: name) {
      throw ErrorObject(.arity, problem.message, help: problem.help)
    }
    guard extent == .whole || reading.words.isEmpty,
      let message = parameters.problem(reading.words.count, of: name)
    else { return }
    throw misuse(message)
  }

  private func unknown(_ word: String, _ piece: Piece) -> ErrorObject {
    let advice = advice(word)
    let isLong = piece.spelling.hasPrefix("--")
    let known = isLong ? flags.filter { !$0.isLetter }.map(\.spelling) + ["--help"] : []
    let usual = Misuse.unknownFlag(
      "'\(name)'", piece.spelling, known: known,
      otherwise: "see: \(name) --help")
    return ErrorObject(.arity, advice?.message ?? usual.message, help: advice?.help ?? usual.help)
  }

  /// A word of the line: `--name`, `--name=value`, `-n`, `-n4` or `-n=4`, or an argument.
  private struct Piece {
    var role = SiteArgument.Role.positional
    /// As it was written, without a value.
    var spelling: String
    var value: String?
    private var letter: Character?

    init(_ word: String, _ line: CommandLine) {
      spelling = word
      role = SiteArgument.Role(typed: word)
      if case .flag(let name, let hasValue) = role {
        spelling = "--" + name
        if hasValue { value = String(word.dropFirst(spelling.count + 1)) }
      } else if role == .positional, line.hasLetters, word.hasPrefix("-"),
        let first = word.dropFirst().first
      {
        letter = first
        spelling = "-\(first)"
        let rest = word.dropFirst(2)
        if !rest.isEmpty { value = String(rest.hasPrefix("=") ? rest.dropFirst() : rest) }
        role = .flag(String(first), hasValue: value != nil)
      }
    }

    /// Whether it asks for help, if it is no flag that is declared.
    var isHelp: Bool { ["--help", "-h"].contains(spelling) }

    func index(in flags: [Flag]) -> Int? {
      if let letter { return flags.firstIndex { $0.letter == letter } }
      guard case .flag(let name, _) = role else { return nil }
      return flags.firstIndex { $0.name == name && !$0.isLetter }
    }
  }
}

// MARK: Help and completions

extension CommandLine {
  /// A spelling of a flag, as completions offer it.
  public struct Option: Sendable {
    /// With its dashes.
    public let name: String
    /// A word for its value; nil for a switch.
    public let argument: String?
    public let choices: [String]
    public let takesFiles: Bool
    public let summary: String
  }

  /// All flags, those of one letter first.
  public var options: [Option] {
    let letters = flags.compactMap { flag in flag.letter.map { option("-\($0)", flag) } }
    let long = flags.filter { !$0.isLetter }.map { option($0.spelling, $0) }
    return letters + long + [option("--help", CommandLine.help)]
  }

  /// The flag that every command line has.
  public static let help = Flag("help", nil, "show this")

  private func option(_ name: String, _ flag: Flag) -> Option {
    var choices: [String] = []
    var takesFiles = false
    switch flag.type?.completion {
    case .choices(let words)?: choices = words
    case .file?, .directory?: takesFiles = true
    default: break
    }
    return Option(
      name: name, argument: flag.hasOptionalValue ? nil : flag.type?.name, choices: choices,
      takesFiles: takesFiles,
      summary: flag.summary)
  }

  /// An error in what was written, whose help is the usage line.
  public func misuse(_ message: String) -> ErrorObject {
    ErrorObject(.arity, message, help: "usage: \(usage)")
  }
}
