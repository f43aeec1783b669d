/// What could stand at the end of a text, as the parser found it there: completion asks for it.
public struct CursorPlace: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// The first word of a command; `isForced` behind `^`, `isStatement` where a keyword may stand.
    case command(isForced: Bool, isStatement: Bool)
    /// One of these words, as `else` behind the block of an `if`.
    case keyword([String])
    /// The first word of an arm of `select`.
    case arm
    /// An argument behind the words of a command.
    case argument(TypedCommand)
    /// The value behind the `=` of a flag.
    case flagValue(TypedCommand, flag: String)
    /// The target of a redirection.
    case file
    /// A variable's name behind `$` or `${`.
    case variable
    /// A field behind a variable and the steps before it; an index is a step, too.
    case field(variable: String, path: [String])
    /// A key between the brackets of an index.
    case key(variable: String, path: [String])
    /// The type of a parameter.
    case typeName
    /// The kind of errors that a `catch` takes.
    case errorKind
    /// The inside of a string that is no word of its own.
    case string
    /// Nothing that could be known: a number, an operator, a new name.
    case nothing
  }

  public enum Quote: Sendable {
    case none, single, double
  }

  public var kind: Kind
  /// The first byte of what a completion replaces.
  public var start: Int
  /// What was typed of it, without quotes and backslashes.
  public var text: String
  /// The quotes that are open.
  public var quote: Quote
  /// Names that the text itself declares: variables, parameters.
  public var declared: [String] = []

  init(_ kind: Kind, start: Int, text: String = "", quote: Quote = .none) {
    self.kind = kind
    self.start = start
    self.text = text
    self.quote = quote
  }

  /// What could stand at the end of a text; mistakes before that are passed over.
  public static func atEnd(of text: String) -> CursorPlace {
    let source = Source(name: "", text: text)
    let sink = CursorSink()
    withExtendedLifetime(sink) { _ = Parser.read(source, sink) }
    return sink.found ?? CursorPlace(.nothing, start: source.bytes.count)
  }

  /// Words that begin a statement.
  public static let statementWords = [
    "let", "var", "fn", "if", "while", "for", "try", "return", "throw", "break", "continue",
  ]

  /// Words in front of a command.
  public static let prefixWords = ["ok", "status", "time"]

  /// The types that a parameter can have.
  public static var typeNames: [String] { ParameterType.declarable.map(\.name) }
}

/// The words of a command that are complete.
public struct TypedCommand: Equatable, Sendable {
  /// The first word, nil if it is computed.
  public var name: String?
  public var isForced = false
  /// A value comes from `|>` in front of the arguments.
  public var hasInput = false
  /// It is an arm of `select`.
  public var isArm = false
  /// The arguments as typed, flags among them, nil where one is computed.
  public var arguments: [String?] = []

  public init() {}
}

/// Takes what the parser expects where the text ends: the first news counts, since the innermost
/// part of the text that reaches its end tells first.
final class CursorSink {
  struct OpenCommand {
    var typed = TypedCommand()
    var isStatement: Bool
    /// The flag whose value is being read, behind its `=`.
    var flag: String?
  }

  private(set) var found: CursorPlace?
  /// The commands around the place that is being read, the innermost one last.
  private var commands: [OpenCommand] = []
  /// Where the innermost statement begins.
  var statementStart = -1
  /// The next command gets a value from `|>`, or is an arm.
  var nextHasInput = false
  var nextIsArm = false
  /// Parameters that are flags, which the parser does not take for names of variables.
  var flagNames: [String] = []

  func take(_ place: CursorPlace, declared: Set<String>) {
    guard found == nil else { return }
    var place = place
    place.declared = declared.union(flagNames).sorted()
    found = place
  }

  func open(at start: Int) {
    var command = OpenCommand(isStatement: start == statementStart)
    command.typed.hasInput = nextHasInput
    command.typed.isArm = nextIsArm
    nextHasInput = false
    nextIsArm = false
    commands.append(command)
  }

  func close() { _ = commands.popLast() }

  /// The command that is being read.
  var innermost: OpenCommand {
    get { commands.last ?? OpenCommand(isStatement: false) }
    set { if let last = commands.indices.last { commands[last] = newValue } }
  }
}
