/// Blocks that run as part of the function they are written in, and the arms of `select`.
extension Compiler {
  /// The block of `lock with m { … }`: enter, the block's code, leave on every way out of it.
  ///
  /// - Parameters:
  ///   - token: a register for what entering yields, with its arguments behind it.
  func inlineBlock(
    _ node: FunctionNode, token: Int, site: Int, count: Int, into target: Int, isTail: Bool
  ) throws {
    let whole = span
    let error = allocate()
    let result = allocate()
    span = sites[site].fullSpan
    let inline = Inline(token: token, site: site, span: span)
    // Nothing can come between the two: entered is protected.
    emit(.enterInline, a: token, b: site, c: count)
    let handler = emitJump(.pushTry, a: error)
    contexts.append(.inline(inline))
    if !node.parameters.isEmpty {
      let value = allocate()
      emit(.inlineValue, a: value, b: site, c: token)
      bind(node, at: value)
    }
    try block(node.body, into: result)
    contexts.removeLast()
    span = inline.span
    emit(.popTry)
    emit(.leaveInline, a: token, b: site)
    let end = emitJump(.jump)
    patch(handler)
    emit(.leaveInline, a: token, b: site, spare: 1)
    emit(.rethrow, a: error)
    patch(end)
    span = whole
    if !isTail { emit(.unreport, a: result) }
    emit(.take, a: target, b: result)
  }

  /// Makes registers that hold the values for a block's parameters its variables.
  private func bind(_ node: FunctionNode, at first: Int) {
    for (i, parameter) in node.parameters.enumerated() {
      guard let variable = parameter.variable else { continue }
      variable.register = first + i
      span = parameter.span
      if let name = parameter.typeName, let type = ParameterType.named(name) {
        types.append(type)
        emit(
          .checkType, a: variable.register, b: types.count - 1,
          c: constant(.text(parameter.name)), spare: 1)
      }
      if variable.isCaptured { emit(.newCell, a: variable.register) }
    }
  }

  /// `select { … }`: all arguments, the wait, then the block of the arm that can run.
  func select(_ node: CommandNode, into target: Int, isTail: Bool) throws {
    freshRegister = nil
    guard case .builtin(let command) = node.target else {
      throw internalError("select was not resolved", node.span)
    }
    // The arm's index, then an argument for each arm, in whose place the result comes.
    let base = allocate()
    let first = allocate(max(2, node.arms.count))
    let result = allocate()
    var arguments: [SiteArgument] = []
    for (i, arm) in node.arms.enumerated() {
      if let value = arm.argument.value { try self.value(value, into: first + i) }
      arguments.append(
        SiteArgument(
          role: .positional, span: arm.argument.span,
          spelling: arm.argument.spelling.map { .text($0) }))
    }
    span = node.headSpan
    let site = self.site(
      CallSite(
        source: source, span: node.headSpan, fullSpan: node.headSpan, name: command.name,
        arguments: arguments, inputCount: 0, wantsValue: !isTail, command: command,
        armKinds: node.arms.map(\.kind)))
    emit(.select, a: base, b: site, c: node.arms.count)
    var ends: [Int] = []
    for (i, arm) in node.arms.enumerated() {
      let next = emitJump(.jumpNotEqualK, a: base, b: constant(.int(i)))
      bind(arm.block, at: first)
      try block(arm.block.body, into: result)
      ends.append(emitJump(.jump))
      patch(next)
    }
    patch(ends)
    span = node.headSpan
    if !isTail { emit(.unreport, a: result) }
    emit(.take, a: target, b: result)
  }
}
