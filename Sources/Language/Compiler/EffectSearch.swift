/// Finds what a text could change: for texts that only look, as the goals of lessons.
struct EffectSearch {
  let source: Source
  /// Whether a built-in with so many arguments only looks.
  let allows: (Command, Int) -> Bool
  private(set) var found: [ErrorObject] = []

  init(_ source: Source, allows: @escaping (Command, Int) -> Bool) {
    self.source = source
    self.allows = allows
  }

  private mutating func note(_ span: Span, _ message: String, help: String? = nil) {
    found.append(ErrorObject(.type, message, help: help, location: Location(source, span)))
  }

  mutating func look(_ block: Block) { for statement in block.statements { look(statement) } }

  private mutating func look(_ statement: Statement) {
    switch statement.kind {
    case .declare(let declaration): look(declaration.value)
    case .assign(let assignment):
      note(
        statement.span, "this changes '\(assignment.name)'", help: "let NAME = VALUE may stand here"
      )
    case .function(let declaration): look(declaration.function.body)
    case .ifElse(let conditional): look(conditional)
    case .whileLoop: note(statement.span, "a loop may never end", help: "any, all, filter, len")
    case .forLoop(let loop):
      look(loop.sequence)
      look(loop.body)
    case .tryCatch(let attempt): look(attempt)
    case .returnValue(let value): if let value { look(value) }
    case .throwValue(let value): look(value)
    case .breakLoop, .continueLoop: break
    case .expression(let expression): look(expression)
    }
  }

  private mutating func look(_ conditional: Conditional) {
    for (condition, body) in conditional.branches {
      look(condition)
      look(body)
    }
    if let otherwise = conditional.otherwise { look(otherwise) }
  }

  private mutating func look(_ attempt: TryStatement) {
    look(attempt.body)
    for clause in attempt.clauses { look(clause.body) }
    if let finally = attempt.finally { look(finally) }
  }

  private mutating func look(_ expression: Expression) {
    switch expression.kind {
    case .constant, .variable: break
    case .text(let pieces): for piece in pieces { look(piece) }
    case .list(let items): for item in items { look(item.value) }
    case .map(let entries):
      for (key, value) in entries {
        look(key)
        look(value)
      }
    case .closure(let function): look(function.body)
    case .negate(let value), .not(let value), .quoted(let value), .timed(let value),
      .field(let value, _):
      look(value)
    case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right),
      .coalesce(let left, let right), .range(let left, let right, _),
      .wordRange(let left, let right),
      .index(let left, let right), .andThen(let left, let right), .orElse(let left, let right):
      look(left)
      look(right)
    case .command(let node): look(node)
    case .pipeline(let node):
      let redirection = node.stages.lazy.flatMap(\.redirections).first
      if let redirection {
        note(
          redirection.span, "this redirects, where a comparison is meant",
          help: "put the command into parentheses: (len $list) > 0")
      } else {
        note(node.span, "this starts processes")
      }
    case .chain(let value, let target):
      look(value)
      switch target {
      case .command(let node): look(node)
      case .value(let function): look(function)
      }
    case .ifElse(let conditional): look(conditional)
    case .tryCatch(let attempt): look(attempt)
    }
  }

  private mutating func look(_ node: CommandNode) {
    switch node.target {
    case .builtin(let command):
      if !allows(command, node.arguments.count - node.verbCount) {
        note(node.headSpan, "'\(command.name)' may change something")
      }
    case .local: break
    case .global(let function):
      note(node.headSpan, "what '\(function.name)' does is not known")
    case .unresolved, .dynamic: note(node.headSpan, "this starts a program")
    }
    for argument in node.arguments {
      if let value = argument.value { look(value) }
    }
  }
}

extension Interpreter {
  /// What a text could change; nothing for one that only looks.
  ///
  /// - Parameter allows: whether a built-in with so many arguments only looks.
  /// - Parameter despiteErrors: whether names that are not known are passed over.
  /// - Returns: an error at each place, mistakes of the text among them. O(n).
  public func effects(
    of source: Source, despiteErrors: Bool = false, allows: @escaping (Command, Int) -> Bool
  ) -> [ErrorObject] {
    let text = ReadText(source)
    if let mistake = text.reading.mistakes.first { return [mistake] }
    let resolver = Resolver(
      source, globals: globals, table: table, isPersistent: false,
      programExists: { [host] in host.isProgram($0) }, prepareSource: { _ in true })
    resolver.resolve(text.reading.block)
    if !resolver.errors.isEmpty, !despiteErrors { return resolver.errors }
    var search = EffectSearch(source, allows: allows)
    search.look(text.reading.block)
    return search.found
  }
}
