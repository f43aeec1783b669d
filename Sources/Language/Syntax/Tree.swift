/// The syntax tree. Nodes are objects where the resolver has something to note on them.

final class Block {
  let statements: [Statement]
  let span: Span
  /// Filled in by the resolver: functions declared in it.
  var functions: [FunctionSymbol] = []
  /// Captured variables that must have their cells before the block's functions are made.
  var earlyCells: [Variable] = []

  init(_ statements: [Statement], _ span: Span) {
    self.statements = statements
    self.span = span
  }
}

struct Statement {
  let kind: StatementKind
  let span: Span
}

enum StatementKind {
  case declare(Declaration)
  case assign(Assignment)
  case function(FunctionDeclaration)
  case ifElse(Conditional)
  case whileLoop(condition: Expression, body: Block)
  case forLoop(ForLoop)
  case tryCatch(TryStatement)
  case returnValue(Expression?)
  case throwValue(Expression)
  case breakLoop
  case continueLoop
  case expression(Expression)
}

final class Declaration {
  let name: String
  let nameSpan: Span
  let isConstant: Bool
  let value: Expression
  var variable: Variable?

  init(name: String, nameSpan: Span, isConstant: Bool, value: Expression) {
    self.name = name
    self.nameSpan = nameSpan
    self.isConstant = isConstant
    self.value = value
  }
}

final class Assignment {
  enum Target {
    case variable
    /// `env.NAME`
    case environment
  }

  let name: String
  let nameSpan: Span
  let path: [PathStep]
  let op: BinaryOperator?
  let value: Expression
  let span: Span
  var variable: VariableUse

  init(
    name: String, nameSpan: Span, path: [PathStep], op: BinaryOperator?, value: Expression,
    span: Span
  ) {
    self.name = name
    self.nameSpan = nameSpan
    self.path = path
    self.op = op
    self.value = value
    self.span = span
    variable = VariableUse(name, nameSpan)
  }
}

/// `.key` or `[index]` of an assignment's target.
struct PathStep {
  let key: Expression
  let span: Span
}

final class FunctionDeclaration {
  let name: String
  let nameSpan: Span
  let function: FunctionNode
  var symbol: FunctionSymbol?

  init(name: String, nameSpan: Span, function: FunctionNode) {
    self.name = name
    self.nameSpan = nameSpan
    self.function = function
  }
}

/// A function or block with its parameters.
final class FunctionNode {
  let name: String?
  let parameters: [ParameterNode]
  /// False for a block written without `| |`, which ignores its arguments.
  let hasParameterList: Bool
  let body: Block
  let span: Span
  var scope: FunctionScope?
  /// A stage of a pipeline rather than something written as a function.
  var isThunk = false
  /// A built-in whose output goes into a pipe or file, and its value with it.
  var printsValue = false
  /// Of a built-in that runs in this process: its value is output where it is not used.
  var printsOutput = false

  init(
    name: String?, parameters: [ParameterNode], hasParameterList: Bool, body: Block, span: Span
  ) {
    self.name = name
    self.parameters = parameters
    self.hasParameterList = hasParameterList
    self.body = body
    self.span = span
  }
}

final class ParameterNode {
  enum Role { case positional, rest, flag }

  let name: String
  let role: Role
  let typeName: String?
  let typeSpan: Span
  let defaultValue: Expression?
  let span: Span
  var variable: Variable?

  init(
    name: String, role: Role, typeName: String?, typeSpan: Span, defaultValue: Expression?,
    span: Span
  ) {
    self.name = name
    self.role = role
    self.typeName = typeName
    self.typeSpan = typeSpan
    self.defaultValue = defaultValue
    self.span = span
  }
}

final class Conditional {
  let branches: [(condition: Expression, body: Block)]
  let otherwise: Block?

  init(branches: [(condition: Expression, body: Block)], otherwise: Block?) {
    self.branches = branches
    self.otherwise = otherwise
  }
}

final class ForLoop {
  let names: [(name: String, span: Span)]
  let sequence: Expression
  let body: Block
  var variables: [Variable] = []

  init(names: [(name: String, span: Span)], sequence: Expression, body: Block) {
    self.names = names
    self.sequence = sequence
    self.body = body
  }
}

final class TryStatement {
  let body: Block
  let clauses: [CatchClause]
  let finally: Block?

  init(body: Block, clauses: [CatchClause], finally: Block?) {
    self.body = body
    self.clauses = clauses
    self.finally = finally
  }
}

final class CatchClause {
  let name: String?
  let nameSpan: Span
  let kinds: [ErrorKind]
  let body: Block
  var variable: Variable?

  init(name: String?, nameSpan: Span, kinds: [ErrorKind], body: Block) {
    self.name = name
    self.nameSpan = nameSpan
    self.kinds = kinds
    self.body = body
  }
}

final class Expression {
  let kind: ExpressionKind
  let span: Span
  /// Written in `( )`, so that it yields a value, a program its output, wherever it stands.
  let isParenthesized: Bool

  init(_ kind: ExpressionKind, _ span: Span, isParenthesized: Bool = false) {
    self.kind = kind
    self.span = span
    self.isParenthesized = isParenthesized
  }
}

enum ExpressionKind {
  case constant(Value)
  /// Text made of pieces, from a string or a joined word.
  case text([Expression])
  case variable(VariableUse)
  /// A function as a value, `$square`.
  case list([ListItem])
  case map([(key: Expression, value: Expression)])
  case closure(FunctionNode)
  case negate(Expression)
  case not(Expression)
  case binary(BinaryOperator, Expression, Expression)
  case and(Expression, Expression)
  case or(Expression, Expression)
  case coalesce(Expression, Expression)
  case range(Expression, Expression, inclusive: Bool)
  /// A word such as `1..$n`: a range if both are whole numbers, else the text of all three.
  case wordRange(Expression, Expression)
  case index(Expression, Expression)
  case field(Expression, String)
  case command(CommandNode)
  case pipeline(PipelineNode)
  /// `value |> command`
  case chain(Expression, ChainTarget)
  case andThen(Expression, Expression)
  case orElse(Expression, Expression)
  case ifElse(Conditional)
  case tryCatch(TryStatement)
  /// `time CMD`
  case timed(Expression)
  /// A piece of a file pattern that is to be taken literally.
  case quoted(Expression)
}

struct ListItem {
  let value: Expression
  let isSpread: Bool
}

indirect enum ChainTarget {
  case command(CommandNode)
  /// A block or a function value.
  case value(Expression)
}

enum BinaryOperator: String {
  case add = "+", subtract = "-", multiply = "*", divide = "/", floorDivide = "//"
  case remainder = "%"
  case equal = "==", notEqual = "!=", less = "<", lessEqual = "<=", greater = ">"
  case greaterEqual = ">="
  case contained = "in"
}

/// A use of a variable's name, bound by the resolver.
final class VariableUse {
  let name: String
  let span: Span
  var binding: Binding?

  init(_ name: String, _ span: Span) {
    self.name = name
    self.span = span
  }
}

/// A command with its arguments, not yet known to be a function, a built-in or a program.
final class CommandNode {
  enum Head {
    case word(String)
    /// `^$name`
    case value(Expression)
  }

  let head: Head
  let headSpan: Span
  let isForcedProgram: Bool
  let arguments: [ArgumentNode]
  let span: Span
  var target: CommandTarget = .unresolved
  /// How many leading arguments are part of the command's name, as `put` in `queue put`.
  var verbCount = 0
  /// Behind `|` or `<`, and nothing in it can read what comes there.
  var ignoresInput = false
  /// The last argument where it is a block that runs as part of this function.
  var inlineBlock: FunctionNode?
  /// How an argument was written, where there is one.
  func spelling(_ index: Int) -> String? {
    arguments.indices.contains(index) ? arguments[index].spelling : nil
  }

  /// The arms of `select { … }` as they were written.
  let writtenArms: [CommandNode]?
  /// The same, made out by the resolver.
  var arms: [ArmNode] = []

  init(
    head: Head, headSpan: Span, isForcedProgram: Bool, arguments: [ArgumentNode], span: Span,
    arms: [CommandNode]? = nil
  ) {
    self.head = head
    self.headSpan = headSpan
    self.isForcedProgram = isForcedProgram
    self.arguments = arguments
    self.span = span
    writtenArms = arms
  }
}

/// One arm of `select`.
struct ArmNode {
  /// The index of its word among the declared kinds.
  let kind: Int
  let argument: ArgumentNode
  let block: FunctionNode
}

final class ArgumentNode {
  enum Role {
    case positional, spread
    case flag(name: String)
    case endOfFlags
  }

  let role: Role
  /// Nil for a flag without `=value` and for `--`.
  let value: Expression?
  let spelling: String?
  /// The word as a pattern, where it has unquoted `*` `?` `[` or a leading `~`.
  let pattern: Expression?
  let span: Span
  /// A function's name that a command takes as a function.
  var functionUse: FunctionSymbol?

  /// What it is to the call.
  var siteRole: SiteArgument.Role {
    switch role {
    case .positional: .positional
    case .spread: .spread
    case .endOfFlags: .endOfFlags
    case .flag(let name): .flag(name, hasValue: value != nil)
    }
  }

  init(
    role: Role, value: Expression?, spelling: String? = nil, pattern: Expression? = nil, span: Span
  ) {
    self.role = role
    self.value = value
    self.spelling = spelling
    self.pattern = pattern
    self.span = span
  }
}

/// What a command word turned out to be.
enum CommandTarget {
  case unresolved
  case builtin(Command)
  /// A function of the top level.
  case global(GlobalFunction)
  /// A function of an inner block.
  case local(FunctionSymbol, Binding)
  /// Known only when it runs: a program, or a function that `source` brought.
  case dynamic
}

/// Stages connected by `|`, with redirections, or anything else that needs the host.
final class PipelineNode {
  enum Prefix { case none, ok, status }

  let stages: [StageNode]
  let prefix: Prefix
  let isBackground: Bool
  let span: Span

  init(stages: [StageNode], prefix: Prefix, isBackground: Bool, span: Span) {
    self.stages = stages
    self.prefix = prefix
    self.isBackground = isBackground
    self.span = span
  }
}

final class StageNode {
  enum Work {
    case command(CommandNode)
    case block(FunctionNode)
  }

  let work: Work
  let redirections: [RedirectionNode]
  let span: Span
  /// The stage as a closure, where it is not a program; made by the resolver.
  var thunk: FunctionNode?

  init(work: Work, redirections: [RedirectionNode], span: Span) {
    self.work = work
    self.redirections = redirections
    self.span = span
  }
}

struct RedirectionNode {
  let descriptors: [Int32]
  let kind: Redirection.Kind
  let target: Expression?
  let span: Span
}
