/// Warnings about values that nothing uses.
extension Resolver {
  /// - Parameter isLast: whether it ends a block. A plain value there may be no more than a way to
  ///   fill it, as in `catch e { null }`.
  func warnIfUnused(_ expression: Expression, isLast: Bool) {
    switch expression.kind {
    case .command(let node):
      if case .builtin(let command) = node.target, command.traits.contains(.pure) {
        // It tells what a name runs.
        if command.name == "type", node.arguments.first?.spelling != nil { return }
        warn(
          "the result of '\(command.name)' is not used", expression.span,
          help: assignment(of: node, command) ?? program(of: node, command))
      } else {
        warnIfCaptured(expression)
      }
    case .pipeline, .chain, .andThen, .orElse: warnIfCaptured(expression)
    case .closure where !isLast:
      warn(
        "this block is not run", expression.span,
        help: "pass it to a command, or run it with 'call { … }'")
    case .binary(.equal, _, _) where !isLast:
      warn("this comparison is not used", expression.span, help: "assign as 'name = value'")
    case .binary, .constant, .variable, .list, .map, .text, .index, .field, .negate, .not, .range,
      .wordRange:
      if !isLast { warn("this value is not used", expression.span) }
    default: break
    }
  }

  /// `(^cmd)` as a statement: its output is captured, and then dropped.
  private func warnIfCaptured(_ expression: Expression, within outer: Bool = false) {
    let isCaptured = outer || expression.isParenthesized
    switch expression.kind {
    case .andThen(let left, let right), .orElse(let left, let right):
      warnIfCaptured(left, within: isCaptured)
      warnIfCaptured(right, within: isCaptured)
    default:
      guard isCaptured, let program = captured(expression) else { return }
      warn(
        "the output of '\(program)' is captured by the parentheses, and is not used",
        expression.span, help: "without parentheses it is printed")
    }
  }

  /// The name of the program whose output an expression yields.
  private func captured(_ expression: Expression) -> String? {
    func name(_ node: CommandNode) -> String? {
      guard case .dynamic = node.target else { return nil }
      let word = source.text(node.headSpan)
      return node.isForcedProgram ? String(word.dropFirst()) : word
    }
    switch expression.kind {
    case .command(let node): return name(node)
    case .chain(_, .command(let node)): return name(node)
    case .pipeline(let node):
      guard !node.isBackground, node.prefix == .none, let last = node.stages.last,
        !last.redirections.contains(where: { $0.descriptors.contains(1) })
      else { return nil }
      switch last.work {
      case .command(let command) where last.thunk == nil: return name(command)
      case .command(let command) where node.stages.count > 1: return source.text(command.headSpan)
      case .block where node.stages.count > 1: return source.text(last.span)
      default: return nil
      }
    default: return nil
    }
  }

  /// Of a command that was given a bare word, as the name of a file: the program that may be meant.
  private func program(of node: CommandNode, _ command: Command) -> String? {
    guard node.arguments.contains(where: { $0.spelling != nil }), isProgram?(command.name) == true
    else { return nil }
    return "it works on values; '^\(command.name)' is the program of that name"
  }

  /// Of a command that yields a changed copy of a variable's value: how to assign it.
  private func assignment(of node: CommandNode, _ command: Command) -> String? {
    let arguments = node.arguments.dropFirst(node.verbCount)
    guard command.traits.contains(.copies), let first = arguments.first else { return nil }
    var name: String?
    if case .variable(let use)? = first.value?.kind {
      name = use.name
    } else if let word = first.spelling, lookUp(word) != nil {
      name = word
    }
    guard let name else { return nil }
    let rest = source.text(Span(Int(first.span.end), Int(node.span.end)))
    return "it changes nothing; assign it: \(name) = \(command.name) $\(name)"
      + (rest.contains("\n") || rest.utf8.count > 60 ? " …" : rest)
  }
}
