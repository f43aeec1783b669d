/// Calls whose number of arguments the text decides, held against what their function takes.
final class ArityChecks {
  /// The functions of the top level; nil for a name that is declared more than once.
  private var functions: [String: FunctionNode?] = [:]
  /// Names of inner functions that one block declares more than once.
  private var ambiguous: Set<String> = []
  /// Calls of functions of the top level, of which all must be known first.
  fileprivate var pending: [(node: CommandNode, inputs: Int, name: String)] = []
  /// What runs may declare functions anew.
  fileprivate var mayRedeclare = false

  func declare(_ node: FunctionDeclaration) {
    let isKnown = functions[node.name] != nil
    functions[node.name] = .some(isKnown ? nil : node.function)
  }

  func redeclare(_ name: String) { ambiguous.insert(name) }

  fileprivate func isAmbiguous(_ name: String) -> Bool { ambiguous.contains(name) }

  func function(_ name: String) -> FunctionNode? {
    mayRedeclare ? nil : functions[name] ?? nil
  }
}

extension Resolver {
  /// What a call gives, where the text alone decides that.
  private struct Given {
    var count = 0
    /// The flag at the end whose value is missing.
    var open: ArgumentNode?
  }

  /// - Parameter takesValue: whether a flag has a value behind it; nil for an unknown one.
  private func given(_ node: CommandNode, takesValue: (String) -> Bool?) -> Given? {
    var result = Given()
    var sorter = ArgumentSorter()
    for (place, argument) in node.arguments.enumerated().dropFirst(node.verbCount) {
      var isUnknown = false
      let meaning = sorter.take(argument.siteRole, at: place) { name in
        let takesValue = takesValue(name)
        isUnknown = takesValue == nil
        return takesValue.map { (0, $0) }
      }
      switch meaning {
      case .argument: result.count += 1
      case .spread, .unfilled: return nil
      case .flag, .opens, .value: break
      case .nothing: if isUnknown { return nil }
      }
    }
    result.open = sorter.open.map { node.arguments[$0.place] }
    return result
  }

  private func given(_ node: CommandNode, to command: Command) -> Given? {
    given(node) { name in command.flagIndex(name).map { command.flags[$0].takes(nil) } }
  }

  private func given(_ node: CommandNode, to function: FunctionNode) -> Given? {
    given(node) { name in
      function.parameters.first { $0.role == .flag && $0.name == name }.map { !$0.isSwitch }
    }
  }

  /// Whether a call's arguments are no fixed number: it takes any, or these are too many.
  ///
  /// - Parameter command: nil for a function of the program.
  func takesAnyNumber(_ node: CommandNode, _ command: Command?) -> Bool {
    if let command {
      return command.hasRest
        || given(node, to: command).map { $0.count > command.parameterCount }
          ?? false
    }
    var function: FunctionNode?
    if case .local(let symbol, _) = node.target {
      function = symbol.declaration.function
    } else if case .word(let name) = node.head {
      function = counts.function(name)
    }
    guard let function else { return false }
    let arity = FunctionArity(function.parameters)
    return arity.hasRest || given(node, to: function).map { $0.count > arity.limit } ?? false
  }

  private func warn(ofOpenFlag argument: ArgumentNode) {
    let misuse = Misuse.needsValue(source.text(argument.span))
    warn(misuse.message, argument.span, help: misuse.help)
  }

  /// Holds a call of a built-in against its declaration, where warnings are wanted.
  func checkCount(_ node: CommandNode, _ command: Command, _ inputs: Int) {
    if command.name == "source" { counts.mayRedeclare = true }
    // What it reads from a pipe is told otherwise.
    guard isProgram != nil, command.choice == nil, !node.ignoresInput else { return }
    if command.traits.contains(.passesWords) {
      // Its words can be any number, but none is none.
      guard node.arguments.count == node.verbCount, inputs == 0 else { return }
    }
    guard let given = given(node, to: command) else { return }
    if let open = given.open { return warn(ofOpenFlag: open) }
    guard let problem = command.arityProblem(given.count + inputs) else { return }
    // A warning of what was meant as an operator tells more.
    if loneOperator(in: node) != nil { return }
    warn(
      problem, node.span,
      help: HintSearch(source).misused(command.name, node.headSpan) ?? "usage: \(command.usage)")
  }

  /// The same for a call of a function of this text.
  func checkCount(_ node: CommandNode, _ inputs: Int) {
    guard isProgram != nil, case .word(let name) = node.head else { return }
    switch node.target {
    case .local(let symbol, _):
      if !counts.isAmbiguous(name) {
        check(node, inputs, name, symbol.declaration.function)
      }
    case .global: counts.pending.append((node, inputs, name))
    default: break
    }
  }

  func warnAboutCounts() {
    for (node, inputs, name) in counts.pending {
      if let function = counts.function(name) { check(node, inputs, name, function) }
    }
    counts.pending = []
  }

  private func check(_ node: CommandNode, _ inputs: Int, _ name: String, _ function: FunctionNode) {
    let flags = function.parameters.filter { $0.role == .flag }
    for argument in node.arguments {
      guard case .flag(let flag) = argument.role, !flags.contains(where: { $0.name == flag })
      else { continue }
      let misuse = Misuse.unknownFlag(
        "'\(name)'", "--" + flag, known: flags.map { "--" + $0.name },
        otherwise: "it is \(function.parameters.signature(name))")
      warn(misuse.message, argument.span, help: misuse.help)
      return
    }
    guard let given = given(node, to: function) else { return }
    if let open = given.open { return warn(ofOpenFlag: open) }
    guard loneOperator(in: node) == nil,
      let problem = FunctionArity(function.parameters).problem(given.count + inputs, of: name)
    else { return }
    warn(problem, node.span, help: "it is \(function.parameters.signature(name))")
  }

  /// A family's word without one of its verbs, as `queue foo`.
  func warnOfVerb(_ node: CommandNode, _ word: String) -> Bool {
    guard let verbs = table.verbs(of: word) else { return false }
    let list = "its verbs are: " + verbs.joined(separator: " ")
    guard let first = node.arguments.first else {
      warn("'\(word)' needs a verb", node.span, help: list)
      return true
    }
    // A computed verb is known when it runs.
    guard let verb = first.spelling else { return true }
    warn(
      "'\(word)' has no verb '\(verb)'", first.span,
      help: nearest(verb, among: verbs).map { "did you mean '\(word) \($0)'? " + list } ?? list)
    return true
  }
}
