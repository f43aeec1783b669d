extension Compiler {
  /// Compiles a call of a function, built-in or program.
  ///
  /// - Parameters:
  ///   - input: a register whose value `|>` passes in front of the arguments.
  ///   - isPassed: whether `|>` passes the result on.
  func command(
    _ node: CommandNode, into target: Int, isTail: Bool, isCaptured: Bool = false,
    input: Int? = nil, isPassed: Bool = false
  ) throws {
    let isDiscarded = isDiscarding
    isDiscarding = false
    if node.writtenArms != nil { return try select(node, into: target, isTail: isTail) }
    let written = node.arguments.dropFirst(node.verbCount).filter { argument in
      guard case .closure(let function)? = argument.value?.kind else { return true }
      return function !== node.inlineBlock
    }
    let inputs = input == nil ? 0 : 1
    // The result's register can be the call's own where nothing else lives in it or behind it.
    let isFresh = freshRegister == target && target == nextRegister - 1
    freshRegister = nil
    let base = isFresh ? target : allocate()
    _ = allocate(inputs + written.count)
    if let input { emit(.take, a: base + 1, b: input) }
    var isBuiltin: Command? = if case .builtin(let command) = node.target { command } else { nil }
    if node.inlineBlock != nil { isBuiltin = isBuiltin?.opening }
    var isDynamic = false
    if case .dynamic = node.target { isDynamic = true }
    let takesPatterns = isDynamic || isBuiltin?.traits.contains(.passesWords) == true
    var arguments: [SiteArgument] = []
    // Where a word is loaded whose meaning a call may remember.
    var words: [(argument: Int, at: Int)] = []
    for (i, argument) in written.enumerated() {
      let register = base + 1 + inputs + i
      arguments.append(try self.argument(argument, into: register, takesPatterns: takesPatterns))
      if let last = code.last, last.op == .loadK, last.a == register, i < 256,
        arguments[i].spelling != nil, isBuiltin?.remembers(inputs + i) == true
      {
        words.append((i, code.count - 1))
      }
    }
    let name: String
    switch node.head {
    case .word(let word): name = isBuiltin?.name ?? word
    case .value(let head):
      try value(head, into: base)
      name = source.text(head.span)
    }
    span = node.span
    if let error = familyError(node) {
      emit(.raise, a: constant(.error(error)))
      return
    }
    var global: GlobalFunction?
    if case .global(let function) = node.target { global = function }
    let headSpan =
      node.verbCount == 0 ? node.headSpan : node.headSpan.joined(node.arguments[0].span)
    var isComputed = false
    if case .value = node.head { isComputed = true }
    // A report that is passed on stays one, for what becomes of it in the end.
    var mayReport = global != nil || isBuiltin?.isReporting == true
    if case .local = node.target { mayReport = true }
    let passesValue = isPassed && isBuiltin?.isReporting == false || isCaptured && !mayReport
    let site = self.site(
      CallSite(
        source: source, span: headSpan,
        fullSpan: node.inlineBlock == nil
          ? node.span : headSpan.joined(written.last?.span ?? headSpan),
        name: name, arguments: arguments, inputCount: inputs,
        wantsValue: !isTail || passesValue || node.inlineBlock != nil, command: isBuiltin,
        global: global,
        isForcedProgram: node.isForcedProgram, hasComputedName: isComputed,
        ignoresInput: node.ignoresInput))
    sites[site].isDiscarded = isDiscarded
    let count = inputs + written.count
    if sites[site].isSimple {
      for word in words { loadWord(word.at, site, argument: word.argument) }
    }
    if let block = node.inlineBlock {
      try inlineBlock(
        block, token: base, site: site, count: count, into: target, isTail: isTail)
      return
    }
    switch node.target {
    case .builtin: emit(.callNative, a: base, b: site, c: count)
    case .global: emit(.callGlobal, a: base, b: site, c: count)
    case .local(_, let binding):
      fetch(binding, into: base)
      emit(.callValue, a: base, b: site, c: count)
    case .dynamic, .unresolved: emit(.callDynamic, a: base, b: site, c: count)
    }
    if target != base { emit(.take, a: target, b: base) }
  }

  /// A family's word without one of its verbs, as `queue foo`.
  private func familyError(_ node: CommandNode) -> ErrorObject? {
    guard case .dynamic = node.target, !node.isForcedProgram, case .word(let word) = node.head,
      let verbs = resolver.table.verbs(of: word)
    else { return nil }
    let list = "its verbs are: " + verbs.joined(separator: " ")
    guard let first = node.arguments.first else {
      return ErrorObject(
        .arity, "'\(word)' needs a verb", help: list, location: Location(source, node.span))
    }
    let verb = source.text(first.span)
    return ErrorObject(
      .missing, "'\(word)' has no verb '\(verb)'",
      help: nearest(verb, among: verbs).map { "did you mean '\(word) \($0)'? " + list } ?? list,
      location: Location(source, first.span))
  }

  private func argument(
    _ node: ArgumentNode, into register: Int, takesPatterns: Bool
  ) throws -> SiteArgument {
    let spelling = node.spelling.map { Value.text($0) }
    switch node.role {
    case .endOfFlags:
      load(.text("--"), into: register)
      return SiteArgument(role: .endOfFlags, span: node.span, spelling: spelling)
    case .flag(let name):
      if let binding = resolver.functionBinding[ObjectIdentifier(node)] {
        fetch(binding, into: register)
        return SiteArgument(role: .flag(name, hasValue: true), span: node.span, spelling: nil)
      }
      if let expression = node.value {
        try value(expression, into: register)
      } else {
        emit(.loadNull, a: register)
      }
      return SiteArgument(
        role: .flag(name, hasValue: node.value != nil), span: node.span,
        spelling: node.value == nil ? nil : spelling)
    case .spread:
      if let expression = node.value { try value(expression, into: register) }
      return SiteArgument(role: .spread, span: node.span, spelling: nil)
    case .positional:
      if let binding = resolver.functionBinding[ObjectIdentifier(node)] {
        fetch(binding, into: register)
        return SiteArgument(role: .positional, span: node.span, spelling: nil)
      }
      if takesPatterns, let pattern = node.pattern {
        try value(pattern, into: register)
        return SiteArgument(
          role: .positional, span: node.span, spelling: spelling, isPattern: true)
      }
      if let expression = node.value { try value(expression, into: register) }
      return SiteArgument(role: .positional, span: node.span, spelling: spelling)
    }
  }

  // MARK: Connections

  func chain(
    _ left: Expression, _ target: ChainTarget, into register: Int, isTail: Bool,
    isCaptured: Bool = false, isPassed: Bool = false, span whole: Span
  ) throws {
    let input = allocate()
    // A chain that starts with a report is one, wherever it is discarded.
    var mark: Int?
    if isTail { try passed(left, into: input) } else { try value(left, into: input) }
    if isTail {
      mark = allocate()
      emit(.isReport, a: mark ?? 0, b: input)
    }
    emit(.unreport, a: input)
    switch target {
    case .command(let command):
      try self.command(
        command, into: register, isTail: isTail, isCaptured: isCaptured, input: input,
        isPassed: isPassed)
    case .value(let expression):
      let base = allocate(2)
      try value(expression, into: base)
      emit(.take, a: base + 1, b: input)
      span = whole
      let site = self.site(
        CallSite(
          source: source, span: expression.span, fullSpan: whole,
          name: source.text(expression.span), arguments: [], inputCount: 1, wantsValue: !isTail))
      emit(.callValue, a: base, b: site, c: 1)
      emit(.take, a: register, b: base)
    }
    if let mark { emit(.markReport, a: register, b: mark) }
  }

  /// What `|>` passes on in a chain that ends a block or is discarded: a value, or a report.
  private func passed(_ node: Expression, into register: Int) throws {
    span = node.span
    let mark = nextRegister
    defer { nextRegister = mark }
    switch node.kind {
    case .chain(let left, let target):
      try chain(left, target, into: register, isTail: true, isPassed: true, span: node.span)
    case .command(let command):
      var isDynamic = false
      if case .dynamic = command.target { isDynamic = true }
      try self.command(command, into: register, isTail: !isDynamic, isPassed: true)
    default: try value(node, into: register)
    }
  }

  func connected(
    _ left: Expression, _ right: Expression, into target: Int, isTail: Bool, isCaptured: Bool,
    isAnd: Bool
  ) throws {
    // `failed` counts as false; any other error passes through.
    let error = allocate()
    let result = allocate()
    let handler = emitJump(.pushTry, a: error)
    contexts.append(.handler)
    try value(left, into: result, isTail: isTail, isCaptured: isCaptured)
    contexts.removeLast()
    emit(.popTry)
    let evaluated = emitJump(.jump)
    patch(handler)
    let other = emitJump(.catchKinds, a: error, b: constant(.items([.text("failed")])))
    load(.bool(false), into: result)
    let caught = emitJump(.jump)
    patch(other)
    emit(.rethrow, a: error)
    patch(evaluated)
    patch(caught)
    if isAnd {
      let end = emitJump(.jumpIsFalse, a: result)
      if isTail { emit(.discard, a: result) }
      try value(right, into: result, isTail: isTail, isCaptured: isCaptured)
      patch(end)
    } else {
      let end = emitJump(.jumpIsNotFalse, a: result)
      try value(right, into: result, isTail: isTail, isCaptured: isCaptured)
      patch(end)
    }
    emit(.take, a: target, b: result)
  }

  func timed(_ inner: Expression, into target: Int, isTail: Bool) throws {
    let start = allocate()
    emit(.timeStart, a: start)
    let register = allocate()
    if case .closure(let block) = inner.kind {
      let base = allocate()
      let index = try self.inner(block)
      emit(.makeClosure, a: base, b: index)
      let site = self.site(
        CallSite(
          source: source, span: inner.span, fullSpan: inner.span, name: "block", arguments: [],
          inputCount: 0, wantsValue: false))
      emit(.callValue, a: base, b: site, c: 0)
      emit(.discard, a: base)
    } else {
      try value(inner, into: register, isTail: true)
      emit(.discard, a: register)
    }
    emit(.timeEnd, a: start)
    if !isTail { emit(.unreport, a: start) }
    emit(.take, a: target, b: start)
  }

  // MARK: Pipelines

  func pipeline(
    _ node: PipelineNode, into target: Int, isTail: Bool, isCaptured: Bool
  ) throws {
    let isInProcess =
      node.stages.count == 1 && !node.isBackground && node.prefix != .status
      && node.stages[0].thunk != nil
    let mode: Pipeline.Mode =
      if node.isBackground {
        .background
      } else {
        switch node.prefix {
        case .ok: .ok
        case .status: .status
        case .none: isTail && !isCaptured ? .statement : .capture
        }
      }
    // In this process the machine prints it, where it is not used.
    let printsValue = isInProcess && node.stages[0].thunk?.printsOutput == true
    var stages: [PipelineSite.Stage] = []
    var loads: [() throws -> Void] = []
    var count = 0
    let first = nextRegister
    // Registers first, so that they are contiguous whatever the values need.
    for stage in node.stages {
      let start = first + count
      switch stage.work {
      case .command(let command) where stage.thunk == nil:
        let (site, size, load) = programStage(command, from: start)
        var hasComputedName = false
        if case .value = command.head { hasComputedName = true }
        stages.append(
          PipelineSite.Stage(
            work: .program(site: site, hasComputedName: hasComputedName),
            redirections: stage.redirections, span: stage.span))
        loads.append(load)
        count += size
      default:
        stages.append(
          PipelineSite.Stage(
            work: .thunk, redirections: stage.redirections, span: stage.span))
        loads.append { [self] in
          guard let thunk = stage.thunk else { return }
          let index = try inner(thunk)
          span = stage.span
          emit(.makeClosure, a: start, b: index)
        }
        count += 1
      }
      for redirection in stage.redirections {
        guard let path = redirection.target else { continue }
        let register = first + count
        count += 1
        loads.append { [self] in try value(path, into: register) }
      }
    }
    _ = allocate(max(1, count))
    for load in loads { try load() }
    let site = PipelineSite(
      stages: stages, mode: mode, isInProcess: isInProcess, span: node.span, source: source,
      wantsValue: !isTail, printsValue: printsValue)
    pipelines.append(site)
    span = node.span
    emit(.pipeline, a: first, b: pipelines.count - 1, c: count)
    emit(.take, a: target, b: first)
  }

  private func programStage(
    _ node: CommandNode, from start: Int
  ) -> (CallSite, Int, () throws -> Void) {
    var next = start
    var loads: [() throws -> Void] = []
    var name = source.text(node.headSpan)
    var isComputed = false
    switch node.head {
    case .word(let word): name = word
    case .value(let head):
      isComputed = true
      let register = next
      next += 1
      loads.append { [self] in try value(head, into: register) }
    }
    var arguments: [SiteArgument] = []
    for argument in node.arguments {
      let register = next
      next += 1
      // The fixed part is known without emitting anything.
      arguments.append(Compiler.siteArgument(argument))
      loads.append { [self] in
        _ = try self.argument(argument, into: register, takesPatterns: true)
      }
    }
    let site = CallSite(
      source: source, span: node.headSpan, fullSpan: node.span, name: name, arguments: arguments,
      inputCount: 0, wantsValue: false, isForcedProgram: node.isForcedProgram,
      hasComputedName: isComputed)
    return (site, next - start, { for load in loads { try load() } })
  }

  private static func siteArgument(_ node: ArgumentNode) -> SiteArgument {
    let spelling = node.spelling.map { Value.text($0) }
    switch node.role {
    case .endOfFlags:
      return SiteArgument(role: .endOfFlags, span: node.span, spelling: spelling)
    case .flag(let name):
      return SiteArgument(
        role: .flag(name, hasValue: node.value != nil), span: node.span,
        spelling: node.value == nil ? nil : spelling)
    case .spread: return SiteArgument(role: .spread, span: node.span, spelling: nil)
    case .positional:
      return SiteArgument(
        role: .positional, span: node.span, spelling: spelling, isPattern: node.pattern != nil)
    }
  }
}
