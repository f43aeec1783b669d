/// What evaluating an expression can do besides yielding its value.
extension Expression {
  /// Whether code of the program may run, which can change any variable that it sees.
  var mayRunCode: Bool {
    switch kind {
    case .command, .pipeline, .chain, .andThen, .orElse, .ifElse, .tryCatch, .timed: true
    default: parts.contains(where: \.mayRunCode)
    }
  }

  /// Whether it may assign variables of the function it stands in that no closure captures: by
  /// statements in a block that is part of that function.
  var mayAssignLocals: Bool {
    switch kind {
    case .ifElse, .tryCatch: true
    case .command(let node):
      node.inlineBlock != nil || !node.arms.isEmpty || parts.contains(where: \.mayAssignLocals)
    default: parts.contains(where: \.mayAssignLocals)
    }
  }

  /// Whether its evaluation may end with an error.
  var mayThrow: Bool {
    switch kind {
    case .constant, .variable, .closure: false
    case .text, .list, .quoted: parts.contains(where: \.mayThrow)
    default: true
    }
  }

  /// Whether it certainly yields a list or map.
  var makesContainer: Bool {
    switch kind {
    case .list, .map: true
    case .command(let node):
      if case .builtin(let command) = node.target { command.name == "json-parse" } else { false }
    default: false
    }
  }

  /// The expressions that it is made of, without what stands in blocks.
  private var parts: [Expression] {
    switch kind {
    case .constant, .variable, .closure, .ifElse, .tryCatch: []
    case .text(let pieces): pieces
    case .list(let items): items.map(\.value)
    case .map(let entries): entries.flatMap { [$0.key, $0.value] }
    case .negate(let operand), .not(let operand), .field(let operand, _), .timed(let operand),
      .quoted(let operand):
      [operand]
    case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right),
      .coalesce(let left, let right), .range(let left, let right, _),
      .wordRange(let left, let right), .index(let left, let right), .andThen(let left, let right),
      .orElse(let left, let right):
      [left, right]
    case .command(let node): node.parts
    case .chain(let left, .command(let node)): [left] + node.parts
    case .chain(let left, .value(let function)): [left, function]
    case .pipeline(let node):
      node.stages.flatMap { stage in
        let targets = stage.redirections.compactMap(\.target)
        // A stage that is no program is a closure.
        if case .command(let command) = stage.work, stage.thunk == nil {
          return command.parts + targets
        }
        return targets
      }
    }
  }
}

extension CommandNode {
  fileprivate var parts: [Expression] {
    var result = arguments.compactMap(\.value) + arms.compactMap(\.argument.value)
    if case .value(let expression) = head { result.append(expression) }
    return result
  }
}
