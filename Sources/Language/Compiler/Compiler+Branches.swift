/// Branches, loops and `try`, and the ways out of them.
extension Compiler {
  func conditional(_ node: Conditional, into target: Int?) throws {
    var ends: [Int] = []
    for (i, branch) in node.branches.enumerated() {
      let mark = nextRegister
      let next = try self.branch(branch.condition, on: false)
      nextRegister = mark
      try block(branch.body, into: target)
      let isLast = i == node.branches.count - 1
      if !isLast || node.otherwise != nil || target != nil { ends.append(emitJump(.jump)) }
      patch(next)
    }
    if let otherwise = node.otherwise {
      try block(otherwise, into: target)
    } else if let target {
      emit(.loadNull, a: target)
    }
    patch(ends)
  }

  func whileLoop(_ condition: Expression, _ body: Block) throws {
    let loop = Loop()
    let entry = emitJump(.jump)
    let start = here
    contexts.append(.loop(loop))
    try block(body, into: nil)
    contexts.removeLast()
    patch(loop.continues)
    patch(entry)
    let back = try branch(condition, on: true)
    patch(back, to: start)
    patch(loop.breaks)
  }

  func forLoop(_ node: ForLoop) throws {
    let loop = Loop()
    let state = allocate(2 + node.names.count)
    try value(node.sequence, into: state)
    span = node.sequence.span
    emit(.loopStart, a: state)
    let entry = emitJump(.jump)
    let start = here
    let mark = nextRegister
    let outer = locals.count
    for (i, variable) in node.variables.enumerated() {
      let item = state + 2 + i
      if variable.isCaptured {
        // Each turn has its own variable, as closures made in it will see.
        variable.register = allocate()
        emit(.move, a: variable.register, b: item)
        emit(.newCell, a: variable.register)
      } else {
        variable.register = item
      }
      // The jump back leads behind the instruction before the first one of the loop.
      note(variable, from: start - 1)
    }
    contexts.append(.loop(loop))
    try block(node.body, into: nil)
    contexts.removeLast()
    endLocals(from: outer)
    nextRegister = mark
    patch(loop.continues)
    patch(entry)
    span = node.sequence.span
    let back = emitJump(.loopNext, a: state, b: node.names.count)
    patch(back, to: start)
    patch(loop.breaks)
    emit(.loopEnd, a: state)
  }

  /// Leaves the innermost loop or the function, through the `finally` blocks in between.
  func leave(_ exit: Finally.Exit, value: Int = 0) {
    for context in contexts.reversed() {
      switch context {
      case .handler: emit(.popTry)
      case .final(let finally):
        // An error is given up so, but neither the end of the process nor Ctrl-C.
        let noError = emitJump(.jumpNotEqualK, a: finally.kind, b: constant(.int(1)))
        emit(.rethrowEnd, a: finally.value)
        patch(noError)
      case .inline(let inline):
        emit(.popTry)
        span = inline.span
        emit(.leaveInline, a: inline.token, b: inline.site)
      case .loop(let loop):
        switch exit {
        case .breakLoop:
          loop.breaks.append(emitJump(.jump))
          return
        case .continueLoop:
          loop.continues.append(emitJump(.jump))
          return
        case .returnValue: break
        }
      case .finally(let finally):
        let id: Int
        if let known = finally.exits.firstIndex(of: exit) {
          id = known
        } else {
          finally.exits.append(exit)
          id = finally.exits.count - 1
        }
        if exit == .returnValue { emit(.move, a: finally.value, b: value) }
        load(.int(id + 2), into: finally.kind)
        emit(.popTry)
        finally.entries.append(emitJump(.jump))
        return
      }
    }
    emit(.returnValue, a: value)
  }

  // MARK: Errors

  func tryStatement(_ node: TryStatement, into target: Int?) throws {
    let mark = nextRegister
    defer { nextRegister = mark }
    guard let finallyBlock = node.finally else {
      try catching(node, into: target)
      return
    }
    let finally = Finally(kind: allocate(), value: allocate())
    let handler = emitJump(.pushTry, a: finally.value)
    contexts.append(.finally(finally))
    try catching(node, into: target)
    contexts.removeLast()
    emit(.popTry)
    load(.int(0), into: finally.kind)
    let fallThrough = emitJump(.jump)
    patch(handler)
    load(.int(1), into: finally.kind)
    patch(fallThrough)
    patch(finally.entries)
    contexts.append(.final(finally))
    try block(finallyBlock, into: nil)
    contexts.removeLast()
    span = finallyBlock.span
    let noError = emitJump(.jumpNotEqualK, a: finally.kind, b: constant(.int(1)))
    emit(.rethrow, a: finally.value)
    patch(noError)
    for (i, exit) in finally.exits.enumerated() {
      let next = emitJump(.jumpNotEqualK, a: finally.kind, b: constant(.int(i + 2)))
      leave(exit, value: finally.value)
      patch(next)
    }
  }

  func catching(_ node: TryStatement, into target: Int?) throws {
    if node.clauses.isEmpty {
      try block(node.body, into: target)
      return
    }
    let error = allocate()
    let handler = emitJump(.pushTry, a: error)
    contexts.append(.handler)
    try block(node.body, into: target)
    contexts.removeLast()
    emit(.popTry)
    var ends = [emitJump(.jump)]
    patch(handler)
    for clause in node.clauses {
      let kinds = Value.items(clause.kinds.map { .text($0.rawValue) })
      let next = emitJump(.catchKinds, a: error, b: constant(kinds))
      if let variable = clause.variable {
        variable.register = allocate()
        emit(.move, a: variable.register, b: error)
        if variable.isCaptured { emit(.newCell, a: variable.register) }
      }
      try block(clause.body, into: target)
      ends.append(emitJump(.jump))
      patch(next)
    }
    emit(.rethrow, a: error)
    patch(ends)
  }
}
