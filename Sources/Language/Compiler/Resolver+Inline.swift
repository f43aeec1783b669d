/// Blocks that run as part of the function they are written in, and the arms of `select`.
extension Resolver {
  /// The block at the end of a call's arguments, if the command runs such blocks inline.
  func inlineBlock(_ node: CommandNode, _ command: Command) -> FunctionNode? {
    guard command.opening != nil else { return nil }
    var last: FunctionNode?
    var isFlagValue = false
    var flagsEnded = false
    for argument in node.arguments.dropFirst(node.verbCount) {
      switch argument.role {
      case .flag("help") where command.flagIndex("help") == nil: return nil
      case .flag(let name) where !flagsEnded:
        let type = command.flagIndex(name).flatMap { command.flags[$0].type }
        isFlagValue = argument.value == nil && type != nil
        continue
      case .endOfFlags: flagsEnded = true
      case .positional where isFlagValue: break
      default:
        last = nil
        if case .closure(let function)? = argument.value?.kind, case .positional = argument.role {
          last = function
        }
      }
      isFlagValue = false
    }
    return last
  }

  /// Resolves a block in a scope of the current function, its parameters as variables of it.
  func inlineBlock(_ node: FunctionNode, of owner: String, accepts names: [String]) {
    if node.parameters.count > names.count {
      fail(
        names.isEmpty
          ? "the block of \(owner) takes no parameters"
          : "the block of \(owner) takes at most \(names.count) "
            + "parameter\(names.count == 1 ? "" : "s")",
        node.parameters[names.count].span,
        help: names.isEmpty ? nil : "it may begin with |\(names.joined(separator: ", "))|")
    }
    typeNames(node)
    for parameter in node.parameters
    where parameter.role != .positional || parameter.defaultValue != nil {
      fail("the block of \(owner) can only have plain parameters", parameter.span)
    }
    block(node.body) { inner in
      for parameter in node.parameters {
        let variable = Variable(
          parameter.name, parameter.span, isConstant: false, in: inner.function)
        noteHidden(parameter.name, parameter.span)
        parameter.variable = variable
        inner.variables[parameter.name] = variable
      }
    }
  }

  func failToLeaveStage(_ word: String, _ span: Span) {
    fail(
      "'\(word)' cannot leave a command that is redirected or part of a pipeline", span,
      help: "redirect the commands in its block instead")
  }

  // MARK: Select

  func select(_ node: CommandNode, _ written: [CommandNode]) {
    guard case .builtin(let command) = node.target, let choice = command.choice else {
      fail("there is no 'select' here", node.headSpan)
      return
    }
    if written.isEmpty {
      fail(
        "'\(command.name)' has no arms", node.span,
        help: "its arms are: " + choice.arms.map(\.usage).joined(separator: "; "))
    }
    for arm in written {
      if let made = self.arm(arm, command, choice) { node.arms.append(made) }
    }
  }

  private func arm(_ node: CommandNode, _ command: Command, _ choice: Choice) -> ArmNode? {
    let word = source.text(node.headSpan)
    guard let kind = choice.arms.firstIndex(where: { $0.name == word }) else {
      let words = choice.arms.map(\.name)
      let near = nearest(word, among: words).map { "did you mean '\($0)'? " } ?? ""
      fail(
        "'\(word)' is no arm of '\(command.name)'", node.headSpan,
        help: near + "its arms are: " + words.joined(separator: " "))
      return nil
    }
    let arm = choice.arms[kind]
    let shape = "write it as: \(arm.usage)"
    var arguments = node.arguments
    guard let last = arguments.popLast(), case .positional = last.role,
      case .closure(let block)? = last.value?.kind
    else {
      let end = node.arguments.last?.span ?? node.headSpan
      fail(
        "the arm '\(word)' has no block", node.headSpan.joined(end),
        help: node.arguments.last?.spelling == "{}" ? "an empty block is written { }" : shape)
      return nil
    }
    for argument in arguments {
      if let value = argument.value { expression(value) }
      noteVariableWord(argument)
    }
    inlineBlock(block, of: "the arm '\(word)'", accepts: arm.blockParameters)
    for argument in arguments {
      switch argument.role {
      case .positional: continue
      case .spread:
        fail(
          "an arm takes one argument, which can be a list", argument.span,
          help: "leave out the '...'")
      case .flag(let name): fail("the arm '\(word)' has no flag '--\(name)'", argument.span)
      case .endOfFlags: fail("an arm takes no flags and no '--'", argument.span)
      }
      return nil
    }
    guard let argument = arguments.first else {
      fail("the arm '\(word)' does not say what it waits for", node.headSpan, help: shape)
      return nil
    }
    if arguments.count > 1 {
      fail(
        "the arm '\(word)' takes one argument and a block", arguments[1].span,
        help: armsHint(node, choice)
          ?? "\(shape); several things are given as a list: [a, b]")
    }
    return ArmNode(kind: kind, argument: argument, block: block)
  }

  /// Arms that stand on one line with nothing between them.
  private func armsHint(_ node: CommandNode, _ choice: Choice) -> String? {
    let words = choice.arms.map(\.name)
    for (block, next) in zip(node.arguments, node.arguments.dropFirst()) {
      guard case .closure? = block.value?.kind, let word = next.spelling, words.contains(word)
      else { continue }
      let first = source.text(Span(Int(node.span.start), Int(block.span.end)))
      let second = source.text(Span(Int(next.span.start), Int(node.span.end)))
      let arms = first.contains("\n") || second.contains("\n") ? "" : ": \(first); \(second)"
      return "arms are separated by a newline or ';'\(arms)"
    }
    return nil
  }
}
