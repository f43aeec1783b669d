extension Resolver {
  func expression(_ node: Expression) {
    switch node.kind {
    case .constant: break
    case .text(let pieces): text(pieces, in: node.span)
    case .variable(let use): self.use(use)
    case .list(let items): for item in items { expression(item.value) }
    case .map(let entries):
      for entry in entries {
        expression(entry.key)
        expression(entry.value)
      }
    case .closure(let function): self.function(function, isSnapshot: false)
    case .negate(let operand), .not(let operand): expression(operand)
    case .binary(_, let left, let right) where isForkTest(left, right):
      hiding.isTesting = true
      expression(left)
      expression(right)
      hiding.isTesting = false
    case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right),
      .coalesce(let left, let right), .range(let left, let right, _),
      .wordRange(let left, let right), .index(let left, let right),
      .andThen(let left, let right), .orElse(let left, let right):
      expression(left)
      expression(right)
    case .field(let base, let name):
      expression(base)
      if case .variable(let use) = base.kind, case .live("env")? = use.binding {
        noteRead(environment: name, node.span)
      }
    case .command(let command): self.command(command)
    case .pipeline(let pipeline): self.pipeline(pipeline)
    case .chain(let left, let target):
      expression(left)
      switch target {
      case .command(let command): self.command(command, inputs: 1)
      case .value(let value): expression(value)
      }
    case .ifElse(let conditional): self.conditional(conditional)
    case .tryCatch(let statement): tryStatement(statement)
    case .timed(let inner), .quoted(let inner): expression(inner)
    }
  }

  /// Pieces of a text; `"$x.field"` is worth a warning where a field is likely meant.
  private func text(_ pieces: [Expression], in whole: Span) {
    let isString = source.bytes[whole.range(in: source.bytes.count)].first == UInt8(ascii: "\"")
    for (i, piece) in pieces.enumerated() {
      expression(piece)
      guard case .variable(let use) = piece.kind, i + 1 < pieces.count,
        case .constant(.string(let next)) = pieces[i + 1].kind
      else { continue }
      let rest = next.string
      guard rest.hasPrefix(".") else { continue }
      warnAboutNumber(use, rest, isString: source.bytes[Int(use.span.start)] != 0x24 || isString)
      let field = String(rest.dropFirst().prefix { $0.isLetter || $0 == "_" })
      if Resolver.likelyFields.contains(field), source.bytes[Int(use.span.start)] == 0x24 {
        warn(
          "\"$\(use.name).\(field)\" is the value of $\(use.name) and then '.\(field)'",
          Span(Int(use.span.start), Int(use.span.end) + 1 + field.utf8.count),
          help: "write \"${$\(use.name).\(field)}\" for the field")
      }
    }
  }

  /// `$p.404`, where `$p` holds a map.
  private func warnAboutNumber(_ use: VariableUse, _ rest: String, isString: Bool) {
    let key = rest.dropFirst().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard key.first?.isNumber == true, containers.contains(use.name) else { return }
    let entry = "$\(use.name)[\"\(key)\"]"
    warn(
      "$\(use.name).\(key) is the value of $\(use.name) and then '.\(key)'",
      Span(Int(use.span.start), Int(use.span.end) + 1 + key.utf8.count),
      help: "write \(isString ? "${\(entry)}" : entry) for the entry")
  }

  private static let likelyFields: Set<String> = [
    "pid", "name", "state", "exit", "signal", "ok", "elapsed", "cpu", "maxrss", "value", "kind",
    "message", "span", "trace", "help", "word", "flags", "nice", "age", "command", "ppid",
  ]

  // MARK: Commands

  /// - Parameter inputs: 1 if `|>` passes a value in front of the arguments, else 0.
  func command(_ node: CommandNode, inputs: Int = 0) {
    if case .value(let head) = node.head { expression(head) }
    node.target = target(of: node)
    if let arms = node.writtenArms { return select(node, arms) }
    guard case .builtin(let command) = node.target else {
      let errors = self.errors.count
      var isDynamic = false
      if case .dynamic = node.target {
        isDynamic = true
        losses.runProgram(node.headSpan)
        noteVariableHead(node)
        warnIfUnknown(node)
        warnOfBraces(node)
        pointToPools(node)
      } else {
        noteCall(node)
        checkCount(node, inputs)
        warnOfOperators(node, nil)
      }
      arguments(node, snapshots: false, command: nil)
      if isDynamic, self.errors.count > errors { blameForeignWord(node, errors) }
      return
    }
    if command.traits.contains(.passesWords) {
      losses.runProgram(node.headSpan)
      warnOfBraces(node)
      if command.name == "pool run" { warnOfRangeInput(node) }
    } else if command.name == "print" || command.name == "echo" {
      warnOfBraces(node)
    }
    if command.choice != nil {
      fail(
        "'\(command.name)' is written with its arms", node.span, help: "usage: \(command.usage)")
    }
    node.inlineBlock = inlineBlock(node, command)
    arguments(
      node, snapshots: command.traits.contains(.snapshots), command: command)
    checkFlags(node, command, inputs)
    checkCount(node, command, inputs)
    warnOfBounds(node, command, inputs)
    warnOfOperators(node, command)
    warnOfFormats(node, command)
    if command.name == "source", node.arguments.count == 1, let path = node.arguments[0].spelling,
      scope.parent == nil, scope.function === main
    {
      sourceFile(path, node.span)
    } else if command.name == "source" {
      hasUnknownNames = true
    }
  }

  /// What these programs are for is a command here.
  private func pointToPools(_ node: CommandNode) {
    guard case .word(let word) = node.head, ["xargs", "parallel"].contains(word),
      !node.isForcedProgram, isProgram.map({ $0(word) }) ?? true
    else { return }
    warn(
      "'pool run' does what \(word) does, in order and with a journal", node.headSpan,
      help: "help \(word) has the usual lines; ^\(word) is the program, and nothing is said", .once)
  }

  private func warnIfUnknown(_ node: CommandNode) {
    guard let isProgram, !hasBrokenSource, !hasUnreadSource, case .word(let word) = node.head,
      !word.contains("/"), !isProgram(word)
    else { return }
    if node.isForcedProgram {
      unknownCommands.append(
        Warning(
          message: "there is no program '\(word)' on the path here",
          location: Location(source, node.headSpan), help: nil, occasion: .terminal))
      return
    }
    if warnOfVerb(node, word) { return }
    let known = Array(declared) + table.words
    let help =
      HintSearch(source).unknown(word, node.headSpan)
      ?? nearest(word, among: known).map { "did you mean '\($0)'?" }
      ?? "it is no function, built-in or program on the path here"
    unknownCommands.append(
      Warning(
        message: "there is no command '\(word)'", location: Location(source, node.headSpan),
        help: help, occasion: .terminal))
  }

  func target(of node: CommandNode) -> CommandTarget {
    guard !node.isForcedProgram, case .word(let word) = node.head else { return .dynamic }
    if node.writtenArms != nil { return table[word].map { .builtin($0) } ?? .dynamic }
    if let function = lookUpFunction(word) { return function }
    if let verbs = table.verbs(of: word) {
      if let first = node.arguments.first, let verb = first.spelling, verbs.contains(verb),
        let command = table[word + " " + verb]
      {
        node.verbCount = 1
        return .builtin(command)
      }
      // Its help is that of a command with no more to it.
      if let first = node.arguments.first, case .flag("help") = first.role, table[word] == nil {
        return .builtin(Command(word, "") { _ in .null })
      }
    }
    if let command = table[word] { return .builtin(command) }
    return .dynamic
  }

  private func arguments(_ node: CommandNode, snapshots: Bool, command: Command?) {
    let isSnapshot = snapshots
    let forks = snapshots && command.map { HiddenNames.forking.contains($0.name) } ?? false
    var before: SiteArgument.Role?
    for argument in node.arguments {
      noteVariableWord(argument)
      let snapshots = isSnapshot && !(command?.runsHere(argument.siteRole, behind: before) ?? false)
      before = argument.siteRole
      if let value = argument.value {
        if case .closure(let function) = value.kind {
          if let command, function === node.inlineBlock, let inline = command.inline {
            inlineBlock(function, of: "'\(command.name)'", accepts: inline.parameters)
            continue
          }
          self.function(function, isSnapshot: snapshots, forks: forks)
        } else {
          expression(value)
          if snapshots, case .variable(let use) = value.kind {
            noteForked(use.name, isVariable: true, argument.span)
          }
        }
      }
      guard let command, let word = argument.spelling, mayBeFunction(argument, of: node, command)
      else { continue }
      if snapshots { noteForked(word, isVariable: false, argument.span) }
      if case .local(let symbol, _)? = lookUpFunction(word) {
        argument.functionUse = symbol
        functionBinding[ObjectIdentifier(argument)] = lookUp(word)
      }
    }
  }

  /// Whether a word may be meant as a function's name where it stands.
  private func mayBeFunction(
    _ argument: ArgumentNode, of node: CommandNode, _ command: Command
  ) -> Bool {
    guard command.takesFunction else { return false }
    var place = 0
    var sorter = ArgumentSorter()
    for (at, other) in node.arguments.enumerated().dropFirst(node.verbCount) {
      let meaning = sorter.take(other.siteRole, at: at) { name in
        command.flagIndex(name).map { ($0, command.flags[$0].takes(node.spelling(at + 1))) }
      }
      if other === argument {
        switch meaning {
        case .flag(let index), .value(let index):
          return command.flags[index].type?.name == "function"
        // `|>` may pass a value in front of what is written.
        case .argument, .spread:
          return command.parameters.prefix(place + 2).contains { $0.isFunction }
        case .opens, .nothing, .unfilled: return false
        }
      }
      if meaning == .argument || meaning == .spread { place += 1 }
    }
    return false
  }

  private func checkFlags(_ node: CommandNode, _ command: Command, _ inputs: Int) {
    var words = [String?](repeating: nil, count: inputs)
    var hasSpread = false
    var given: [(name: String, span: Span)] = []
    // A program's own flags stand behind its name.
    let passesWords = command.traits.contains(.passesWords)
    var sorter = ArgumentSorter(endsAtArgument: passesWords, takesAnyValue: passesWords)
    for (at, argument) in node.arguments.enumerated().dropFirst(node.verbCount) {
      let meaning = sorter.take(argument.siteRole, at: at) { name in
        if let index = command.flagIndex(name) {
          return (index, command.flags[index].takes(node.spelling(at + 1)))
        }
        if name != "help" { failUnknownFlag(name, command, argument.span) }
        return nil
      }
      switch meaning {
      case .flag(let index):
        // Whether `--switch=$value` was given is known when it runs.
        if argument.value == nil || command.flags[index].type != nil {
          given.append((command.flags[index].name, argument.span))
        }
      case .opens(let index): given.append((command.flags[index].name, argument.span))
      case .argument: words.append(argument.spelling)
      case .spread: hasSpread = true
      case .value, .nothing, .unfilled: break
      }
    }
    guard
      let problem = command.flagProblem(given.map(\.name), hasSpread ? nil : words)
    else { return }
    let at = problem.flag.flatMap { flag in given.last { $0.name == flag } }
    fail(problem.message, at?.span ?? node.span, help: problem.help, kind: .arity)
  }

  private func failUnknownFlag(_ name: String, _ command: Command, _ span: Span) {
    let misuse = command.unknownFlag(name)
    fail(misuse.message, span, help: misuse.help)
  }

  // MARK: Pipelines

  /// `(len $xs > 0)`, which would write to a file of that name.
  private func refuseComparison(_ redirection: RedirectionNode, _ stage: StageNode) {
    guard case .command(let command) = stage.work, let target = redirection.target else { return }
    if case .dynamic = self.target(of: command) { return }
    let number = source.text(target.span)
    guard !number.isEmpty, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return }
    let sign: String
    switch redirection.kind {
    case .write where redirection.descriptors == [1]: sign = ">"
    case .read: sign = "<"
    default: return
    }
    let call = source.text(Span(Int(command.span.start), Int(redirection.span.start)))
      .split(separator: " ").joined(separator: " ")
    fail(
      "in a command '\(sign)' redirects, here to a file named '\(number)'", redirection.span,
      help: "to compare write (\(call)) \(sign) \(number); "
        + "for the file \(sign) '\(number)'")
  }

  /// - Parameter isStatement: its value is not used, so a redirection cannot be meant to compare.
  func pipeline(_ node: PipelineNode, isStatement: Bool = false) {
    let isForked = node.stages.count > 1 || node.isBackground || node.prefix == .status
    for (place, stage) in node.stages.enumerated() {
      let hasInput =
        place > 0
        || stage.redirections.contains {
          if case .read = $0.kind { return $0.descriptors.contains(0) }
          return false
        }
      for redirection in stage.redirections {
        if let target = redirection.target { expression(target) }
        if !isStatement { refuseComparison(redirection, stage) }
      }
      switch stage.work {
      case .block(let block):
        block.isThunk = true
        stage.thunk = block
        function(block, isSnapshot: isForked)
      case .command(let command):
        if case .dynamic = target(of: command) {
          self.command(command)
          continue
        }
        let statement = Statement(
          kind: .expression(Expression(.command(command), command.span)), span: command.span)
        let thunk = FunctionNode(
          name: nil, parameters: [], hasParameterList: false,
          body: Block([statement], command.span), span: command.span)
        thunk.isThunk = true
        if case .builtin = target(of: command) {
          let isRedirected = stage.redirections.contains { $0.descriptors.contains(1) }
          thunk.printsValue = isForked && (node.stages.count > 1 || isRedirected)
          thunk.printsOutput = !isForked && isRedirected
        }
        stage.thunk = thunk
        if hasInput { noteInput(of: command) }
        function(thunk, isSnapshot: isForked, isStage: true)
      }
    }
  }

  /// Finds a built-in that only makes values of values, where it is given something to read.
  private func noteInput(of node: CommandNode) {
    guard case .builtin(let command) = target(of: node), command.traits.contains(.pure),
      !command.parameters.isEmpty, !command.parameters.contains(where: \.isFunction),
      node.arguments.allSatisfy({ $0.value.map(isFixed) ?? true })
    else { return }
    node.ignoresInput = true
    let help = "it works on values, which '|>' passes"
    warn(
      "'\(command.name)' does not read standard input", node.headSpan,
      help: isProgram?(command.name) == true
        ? "\(help); '^\(command.name)' is the program of that name" : help)
  }

  /// Whether nothing runs to make a value, which could read.
  private func isFixed(_ node: Expression) -> Bool {
    switch node.kind {
    case .constant, .variable: true
    case .text(let pieces): pieces.allSatisfy(isFixed)
    case .list(let items): items.allSatisfy { isFixed($0.value) }
    case .field(let base, _), .negate(let base), .quoted(let base): isFixed(base)
    case .index(let base, let key): isFixed(base) && isFixed(key)
    default: false
    }
  }
}

/// Numbers that a call has written out, held against the bounds of what they are for.
extension Resolver {
  /// Warns of the first that can only be an error when it runs.
  func warnOfBounds(_ node: CommandNode, _ command: Command, _ inputs: Int) {
    let passesWords = command.traits.contains(.passesWords)
    var place = inputs
    var sorter = ArgumentSorter(endsAtArgument: passesWords, takesAnyValue: passesWords)
    for (at, argument) in node.arguments.enumerated().dropFirst(node.verbCount) {
      var isUnknown = false
      let meaning = sorter.take(argument.siteRole, at: at) { name in
        let index = command.flagIndex(name)
        isUnknown = index == nil
        return index.map { ($0, command.flags[$0].takes(node.spelling(at + 1))) }
      }
      switch meaning {
      case .flag(let index), .value(let index):
        let flag = command.flags[index]
        guard let type = flag.type else { continue }
        if warn(argument, type, "value of '\(flag.spelling)'") { return }
      case .argument:
        if passesWords || command.parameters.isEmpty { return }
        let parameter = command.parameters[min(place, command.parameters.count - 1)]
        if warn(argument, parameter.type, "argument '\(parameter.name)'") { return }
        place += 1
      case .opens: break
      case .nothing: if isUnknown { return }
      case .spread, .unfilled: return
      }
    }
  }

  private func warn(_ argument: ArgumentNode, _ type: ParameterType, _ what: String) -> Bool {
    guard let bounds = type.bounds, case .constant(let value)? = argument.value?.kind,
      !bounds.contain(value)
    else { return false }
    // A plain number for a duration or size is seconds or bytes, and no less wrong.
    let problem = ErrorObject.badValue(what, must: type.phrase, is: value)
    warn(problem.message, argument.span, help: type.boundsHelp, .script)
    return true
  }
}
