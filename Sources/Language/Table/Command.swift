/// A built-in command: the one declaration from which parsing, `help`, completion, `--check`, the
/// manual page and the tests of the examples all come.
public final class Command: Sendable {
  /// The words that call it: `wait`, or family and verb, `queue put`.
  public let name: String
  /// One line, without a full stop.
  public let summary: String
  /// Further paragraphs for `help NAME`.
  public let details: String
  public let parameters: [Parameter]
  public let flags: [Flag]
  /// Which flags go together.
  public let rules: [FlagRule]
  public let traits: Traits
  public let examples: [Example]
  /// What is said of a flag, as `--lb`, that it does not have; nil for the usual.
  let advice: (@Sendable (String) -> String?)?
  /// The work itself.
  ///
  /// Its result is the command's value.
  public let run: @Sendable (borrowing Call) throws -> Value
  /// How it surrounds the block that is its last argument, if that block is inline.
  public let inline: InlineBody?
  /// What `select` waits for, and how.
  public let choice: Choice?

  /// The command without its block, which compiled code calls in front of an inline block.
  let opening: Command?
  /// The types of the parameters, where they can be read without counting references.
  nonisolated(unsafe) let types: UnsafeMutablePointer<Unmanaged<ParameterType>>
  let required: Int
  let parameterCount: Int
  let hasRest: Bool
  /// Takes as many arguments as it has parameters, and nothing but values.
  let isFixed: Bool
  /// Whether arguments can be handed over as they stand on the stack.
  let isPlain: Bool
  /// Its result is a report.
  let isReporting: Bool

  /// What is special about a command.
  public struct Traits: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Yields a report: printed where a statement discards it.
    public static let reports = Traits(rawValue: 1)
    /// Has no effect but its value, so that discarding it is worth a warning.
    public static let pure = Traits(rawValue: 2)
    /// Its blocks run in another process, on a snapshot of the variables.
    public static let snapshots = Traits(rawValue: 4)
    /// After the first argument, all words are a program's, `--flags` and globs included.
    public static let passesWords = Traits(rawValue: 8)
    /// Does not come back: what follows it in a block is unreachable.
    public static let leaves = Traits(rawValue: 16)
    /// Takes a single dash argument as a flag's spelling would be, as `kill -9` does.
    public static let hidden = Traits(rawValue: 32)
    /// Of a command that passes words on: what `|>` gives it stays the value that it is.
    public static let takesInput = Traits(rawValue: 64)
    /// Yields a changed copy of its first argument, which itself stays as it is.
    public static let copies = Traits(rawValue: 128)
  }

  public convenience init(
    _ name: String, _ summary: String, details: String = "", parameters: [Parameter] = [],
    flags: [Flag] = [], rules: [FlagRule] = [], traits: Traits = [], examples: [Example] = [],
    advice: (@Sendable (String) -> String?)? = nil,
    run: @escaping @Sendable (borrowing Call) throws -> Value
  ) {
    self.init(
      name, summary, details: details, parameters: parameters, flags: flags, rules: rules,
      traits: traits,
      examples: examples, advice: advice, inline: nil, choice: nil, opening: nil, run: run)
  }

  /// A command around a block, which is the last of the parameters and inline where it is written
  /// out: `lock with NAME { … }`.
  ///
  /// The parameters in front of the block must be required ones.
  public convenience init(
    _ name: String, _ summary: String, details: String = "", parameters: [Parameter],
    flags: [Flag] = [], rules: [FlagRule] = [], traits: Traits = [], examples: [Example] = [],
    inline: InlineBody
  ) {
    let opening = Command(
      name, summary, parameters: parameters.dropLast(), flags: flags, rules: rules, traits: traits,
      inline: inline, choice: nil, opening: nil, run: inline.enter)
    self.init(
      name, summary, details: details, parameters: parameters, flags: flags, rules: rules,
      traits: traits,
      examples: examples, inline: inline, choice: nil, opening: opening, run: inline.run)
  }

  /// The command that is written with arms: `select { queue Q { |v| … } … }`.
  public convenience init(
    _ name: String, _ summary: String, details: String = "", traits: Traits = [],
    examples: [Example] = [], choice: Choice
  ) {
    self.init(
      name, summary, details: details, traits: traits, examples: examples, inline: nil,
      choice: choice, opening: nil
    ) { call in
      throw call.error(
        .arity, "'\(call.command.name)' is written with its arms",
        help: "usage: \(call.command.usage)")
    }
  }

  init(
    _ name: String, _ summary: String, details: String = "", parameters: [Parameter] = [],
    flags: [Flag] = [], rules: [FlagRule] = [], traits: Traits = [], examples: [Example] = [],
    advice: (@Sendable (String) -> String?)? = nil, inline: InlineBody?,
    choice: Choice?, opening: Command?, run: @escaping @Sendable (borrowing Call) throws -> Value
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.parameters = parameters
    self.flags = flags
    self.rules = rules
    self.traits = traits
    self.examples = examples
    self.advice = advice
    self.run = run
    self.inline = inline
    self.choice = choice
    self.opening = opening
    types = .allocate(capacity: max(1, parameters.count))
    for (i, parameter) in parameters.enumerated() {
      (types + i).initialize(to: .passRetained(parameter.type))
    }
    required = parameters.count { $0.arity == .required }
    parameterCount = parameters.count
    hasRest = parameters.last?.arity == .rest
    isFixed = !hasRest && !traits.contains(.passesWords)
    isPlain = parameters.allSatisfy { $0.type.isAny && $0.arity == .required }
    isReporting = traits.contains(.reports)
  }

  /// `queue put NAME VALUE [--timeout DURATION]`, as help and arity errors show it.
  public var usage: String {
    if choice != nil { return "\(name) { ARM… }" }
    var parts = [name]
    for flag in flags { parts.append("[\(flag.usage)]") }
    parts += parameters.map(\.usage)
    if inline != nil, opening == nil { parts.append("BLOCK") }
    return parts.joined(separator: " ")
  }

  /// Whether an argument or a flag's value can be a function's name.
  var takesFunction: Bool {
    parameters.contains { $0.isFunction }
      || flags.contains { $0.type?.name == "function" }
  }

  deinit {
    for i in parameters.indices { types[i].release() }
    types.deallocate()
  }

  /// Whether what a word of an argument is converted to is kept for the next call.
  func remembers(_ index: Int) -> Bool {
    isFixed && parameters.indices.contains(index) && parameters[index].type.version != nil
  }

  func flagIndex(_ name: String) -> Int? { flags.firstIndex { $0.name == name } }

  /// What is wrong with a flag that it does not have.
  ///
  /// - Parameter flag: without its dashes.
  func unknownFlag(_ flag: String) -> Misuse {
    // A list of dozens is no answer.
    let isLong = flags.count > 12
    let misuse = Misuse.unknownFlag(
      "'\(name)'", "--" + flag, known: flags.map(\.spelling),
      otherwise: isLong ? "help \(name) lists its flags" : nil)
    guard let advice = advice?("--" + flag) else { return misuse }
    return Misuse(misuse.message, help: advice)
  }
}

/// A positional argument of a command.
public struct Parameter: Sendable {
  public enum Arity: Sendable { case required, optional, rest }

  public let name: String
  public let type: ParameterType
  public let arity: Arity
  public let summary: String

  var isFunction: Bool { type.name == "function" }

  /// As usage lines show it.
  public var usage: String {
    let label = name.uppercased()
    return switch arity {
    case .required: label
    case .optional: "[\(label)]"
    case .rest: "[\(label)…]"
    }
  }

  public init(
    _ name: String, _ type: ParameterType, _ arity: Arity = .required, _ summary: String = ""
  ) {
    self.name = name
    self.type = type
    self.arity = arity
    self.summary = summary
  }
}

/// A `--flag` of a command: with a value, or a switch when `type` is nil.
public struct Flag: Sendable {
  /// Without the dashes.
  public let name: String
  public let type: ParameterType?
  public let summary: String
  /// Whether it can be given more than once: its value is a list then.
  public let isRepeatable: Bool
  /// Its other spelling on command lines, as `-j`.
  public let letter: Character?
  /// Whether the letter is its only spelling.
  public let isLetter: Bool
  /// Whether its block runs in the calling process, also where the command's others do not.
  public let runsHere: Bool
  /// Whether it can stand without its value, which is an int or stands behind `=`.
  public let hasOptionalValue: Bool

  public init(
    _ name: String, _ type: ParameterType? = nil, _ summary: String, isRepeatable: Bool = false,
    letter: Character? = nil, runsHere: Bool = false, hasOptionalValue: Bool = false
  ) {
    self.runsHere = runsHere
    self.hasOptionalValue = hasOptionalValue
    self.name = name
    self.type = type
    self.summary = summary
    self.isRepeatable = isRepeatable
    self.letter = letter
    isLetter = false
  }

  /// A flag of a command line that has only one letter, as `-c`.
  public init(letter: Character, _ type: ParameterType? = nil, _ summary: String) {
    name = String(letter)
    self.type = type
    self.summary = summary
    isRepeatable = false
    self.letter = letter
    isLetter = true
    runsHere = false
    hasOptionalValue = false
  }

  /// With its dashes.
  public var spelling: String { isLetter ? "-\(name)" : "--\(name)" }

  /// With a word for its value, as usage lines and help show it.
  public var usage: String {
    guard let type else { return spelling }
    let value = type.name.uppercased()
    return hasOptionalValue ? "\(spelling) [\(value)]" : "\(spelling) \(value)"
  }

  /// Whether the next word is its value, where none stands behind `=`.
  ///
  /// - Parameter next: that word, where it is known; where a value is optional, an int is one, and a
  ///   word of those that may be chosen.
  public func takes(_ next: String?) -> Bool {
    guard let type else { return false }
    guard hasOptionalValue else { return true }
    guard let next else { return false }
    if case .choices(let words) = type.completion { return words.contains(next) }
    return Int(next) != nil
  }
}

extension Command {
  /// Whether a block is the value of a flag whose blocks the calling process runs.
  ///
  /// - Parameters:
  ///   - role: of the block.
  ///   - before: of what stands in front of it.
  func runsHere(_ role: SiteArgument.Role, behind before: SiteArgument.Role?) -> Bool {
    for case .flag(let name, _)? in [role, before] {
      if let index = flagIndex(name), flags[index].runsHere { return true }
    }
    return false
  }
}

/// Code that help shows and the tests run; `output` is all that it prints, with `…` for what varies.
public struct Example: Sendable {
  public let code: String
  public let output: String

  public init(_ code: String, _ output: String = "") {
    self.code = code
    self.output = output
  }
}

/// Commands that belong together, in the order in which `help` lists them.
public struct CommandFamily: Sendable {
  /// `Processes`, `Lists`.
  public let title: String
  public let commands: [Command]

  public init(_ title: String, _ commands: [Command]) {
    self.title = title
    self.commands = commands
  }
}

/// All built-in commands by name, put together when they are first asked for.
///
/// Unchecked because the shell has one thread; tests that share a table ask it something first.
public final class CommandTable: @unchecked Sendable {
  private let make: () -> [CommandFamily]
  private lazy var index = Index(make())

  private struct Index {
    let families: [CommandFamily]
    var byName: [String: Command] = [:]
    /// First words of two-word commands, with their verbs.
    var verbs: [String: [String]] = [:]

    init(_ families: [CommandFamily]) {
      self.families = families
      for family in families {
        for command in family.commands {
          byName[command.name] = command
          if let space = command.name.firstIndex(of: " ") {
            let rest = command.name[command.name.index(after: space)...]
            verbs[String(command.name[..<space]), default: []].append(String(rest))
          }
        }
      }
    }
  }

  public init(_ families: @escaping @autoclosure () -> [CommandFamily]) { make = families }

  /// The same table without some commands.
  public func without(_ names: Set<String>) -> CommandTable {
    CommandTable(
      self.families.map { family in
        CommandFamily(family.title, family.commands.filter { !names.contains($0.name) })
      })
  }

  public var families: [CommandFamily] { index.families }

  public subscript(_ name: String) -> Command? { index.byName[name] }

  /// The verbs of a first word, as `put` and `get` of `queue`; nil if it has none.
  public func verbs(of word: String) -> [String]? { index.verbs[word] }

  /// Every first word, for completion and suggestions.
  public var words: [String] {
    var seen: Set<String> = []
    return families.flatMap(\.commands).compactMap { command in
      let word = command.name.split(separator: " ")[0]
      return seen.insert(String(word)).inserted ? String(word) : nil
    }
  }

  public var all: [Command] { families.flatMap(\.commands) }
}
