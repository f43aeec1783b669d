extension Compiler {
  /// Compiles a block; its value goes to `target`, if there is one.
  func block(_ block: Block, into target: Int?, isTopLevel: Bool = false) throws {
    let mark = nextRegister
    defer { if !isTopLevel { nextRegister = mark } }
    span = block.span
    for variable in block.earlyCells {
      variable.register = allocate()
      emit(.emptyCell, a: variable.register)
    }
    for symbol in block.functions {
      symbol.variable.register = allocate()
      if symbol.variable.isCaptured { emit(.emptyCell, a: symbol.variable.register) }
    }
    for statement in block.statements {
      guard case .function(let declaration) = statement.kind else { continue }
      try define(declaration)
    }
    for (i, statement) in block.statements.enumerated() {
      span = statement.span
      if let target, i == block.statements.count - 1 {
        try lastStatement(statement, into: target)
      } else {
        try self.statement(statement)
      }
    }
    if let target, block.statements.isEmpty { emit(.loadNull, a: target) }
  }

  private func define(_ declaration: FunctionDeclaration) throws {
    span = declaration.nameSpan
    let index = try inner(declaration.function)
    if let variable = declaration.symbol?.variable {
      if variable.isCaptured {
        let register = allocate()
        emit(.makeClosure, a: register, b: index)
        emit(.setCell, a: variable.register, b: register)
        nextRegister = register
      } else {
        emit(.makeClosure, a: variable.register, b: index)
      }
      return
    }
    let register = allocate()
    emit(.makeClosure, a: register, b: index)
    emit(.defineFunction, a: register, b: global(globals.function(declaration.name)))
    nextRegister = register
  }

  /// A block's last statement, whose value is the block's.
  private func lastStatement(_ statement: Statement, into target: Int) throws {
    switch statement.kind {
    case .expression(let expression): try value(expression, into: target, isTail: true)
    case .ifElse(let node): try conditional(node, into: target)
    case .tryCatch(let node): try tryStatement(node, into: target)
    default:
      try self.statement(statement)
      emit(.loadNull, a: target)
    }
  }

  func statement(_ statement: Statement) throws {
    let mark = nextRegister
    switch statement.kind {
    case .declare(let node):
      try declare(node)
      return  // keeps its register
    case .assign(let node): try assign(node)
    case .function: break
    case .ifElse(let node): try conditional(node, into: nil)
    case .whileLoop(let condition, let body): try whileLoop(condition, body)
    case .forLoop(let node): try forLoop(node)
    case .tryCatch(let node): try tryStatement(node, into: nil)
    case .returnValue(let expression):
      let register = allocate()
      if let expression {
        try value(expression, into: register)
      } else {
        emit(.loadNull, a: register)
      }
      leave(.returnValue, value: register)
    case .throwValue(let expression):
      let register = allocate()
      try value(expression, into: register)
      span = statement.span
      emit(.throwValue, a: register)
    case .breakLoop: leave(.breakLoop)
    case .continueLoop: leave(.continueLoop)
    case .expression(let expression): try discard(expression)
    }
    nextRegister = mark
  }

  private func discard(_ expression: Expression) throws {
    switch expression.kind {
    case .constant, .variable: return
    default: break
    }
    let register = allocate()
    try value(expression, into: register, isTail: true)
    switch expression.kind {
    case .command, .pipeline, .chain, .andThen, .orElse, .timed, .ifElse, .tryCatch:
      span = expression.span
      emit(.discard, a: register)
    default: break
    }
  }

  private func declare(_ node: Declaration) throws {
    if let variable = resolver.globalOf[ObjectIdentifier(node)] {
      let register = allocate()
      try value(node.value, into: register)
      emit(.setGlobal, a: constant(.cell(variable.cell)), b: register)
      nextRegister = register
      return
    }
    guard let variable = node.variable else { return }
    if variable.hasEarlyCell {
      let register = allocate()
      try value(node.value, into: register)
      emit(.setCell, a: variable.register, b: register)
      nextRegister = register
      return
    }
    let register = allocate()
    try value(node.value, into: register)
    variable.register = register
    if variable.isCaptured { emit(.newCell, a: register) }
  }

  // MARK: Assignment

  private func assign(_ node: Assignment) throws {
    guard let binding = node.variable.binding else { return }
    if case .live = binding {
      let register = allocate()
      guard case .constant(let key)? = node.path.first?.key.kind else {
        let key = allocate()
        try value(node.path[0].key, into: key)
        try value(node.value, into: register)
        throw internalError("assign to the environment as env.NAME", node.span)
      }
      if let op = node.op {
        let old = allocate()
        emit(.getLive, a: old, b: constant(.text("env")))
        emit(.field, a: old, b: old, c: constant(key))
        try value(node.value, into: register)
        span = node.span
        emit(Compiler.arithmetic(op), a: register, b: old, c: register)
      } else {
        try value(node.value, into: register)
      }
      span = node.span
      emit(.setEnvironment, a: constant(key), b: register)
      return
    }
    if !node.path.isEmpty {
      try assignPath(node, binding)
      return
    }
    let (place, index) = self.place(binding)
    if let op = node.op {
      try assignCombined(node, op, binding, place, index)
      return
    }
    if case .local(let variable) = binding, !variable.isCaptured {
      try value(node.value, into: variable.register)
      return
    }
    let register = allocate()
    try value(node.value, into: register)
    store(register, place, index)
  }

  private func assignCombined(
    _ node: Assignment, _ op: BinaryOperator, _ binding: Binding, _ place: Place, _ index: Int
  ) throws {
    if op == .add, case .list(let items) = node.value.kind, items.count == 1, !items[0].isSpread {
      let item = try operand(items[0].value)
      span = node.span
      emit(.push, a: place.rawValue, b: index, c: item)
      return
    }
    if case .local(let variable) = binding, !variable.isCaptured {
      if let int = smallInt(node.value), op == .add || op == .subtract {
        span = node.span
        emit(.addInt, a: variable.register, b: variable.register, c: op == .add ? int : -int)
        return
      }
      let right = try operand(node.value)
      span = node.span
      if op == .add, mayBeContainer(node.value) {
        emit(.addTo, a: place.rawValue, b: index, c: right)
      } else {
        emit(Compiler.arithmetic(op), a: variable.register, b: variable.register, c: right)
      }
      return
    }
    let right = try operand(node.value)
    span = node.span
    if op == .add {
      emit(.addTo, a: place.rawValue, b: index, c: right)
      return
    }
    let register = allocate()
    fetch(binding, into: register)
    emit(Compiler.arithmetic(op), a: register, b: register, c: right)
    store(register, place, index)
  }

  /// Whether `+=` with it may be worth growing text or a list in place.
  private func mayBeContainer(_ expression: Expression) -> Bool {
    switch expression.kind {
    case .constant(.int), .constant(.float), .binary(.multiply, _, _), .binary(.subtract, _, _),
      .binary(.remainder, _, _):
      false
    default: true
    }
  }

  private func assignPath(_ node: Assignment, _ binding: Binding) throws {
    let keys = allocate(node.path.count)
    for (i, step) in node.path.enumerated() { try value(step.key, into: keys + i) }
    let register = allocate()
    if let op = node.op {
      let old = allocate()
      fetch(binding, into: old)
      for i in node.path.indices {
        span = node.path[i].span
        emit(.index, a: old, b: old, c: keys + i)
      }
      try value(node.value, into: register)
      span = node.span
      emit(Compiler.arithmetic(op), a: register, b: old, c: register)
      emit(.loadNull, a: old)
    } else {
      try value(node.value, into: register)
    }
    span = node.span
    let (place, index) = self.place(binding)
    emit(.setPath, a: keys, b: node.path.count, c: register)
    emitWord(UInt64(place.rawValue) | UInt64(index) << 16)
  }

  func place(_ binding: Binding) -> (Place, Int) {
    switch binding {
    case .local(let variable):
      (variable.isCaptured ? .cell : .register, max(0, variable.register))
    case .captured(let index, _): (.captured, index)
    case .global(let variable): (.global, constant(.cell(variable.cell)))
    case .globalFunction, .live: (.register, 0)
    }
  }

  func store(_ register: Int, _ place: Place, _ index: Int) {
    switch place {
    case .register: if register != index { emit(.move, a: index, b: register) }
    case .cell: emit(.setCell, a: index, b: register)
    case .captured: emit(.setCaptured, a: index, b: register)
    case .global: emit(.setGlobal, a: index, b: register)
    }
  }

  func fetch(_ binding: Binding, into target: Int) {
    switch binding {
    case .local(let variable):
      if variable.isCaptured {
        emit(.getCell, a: target, b: variable.register)
      } else if variable.register != target {
        emit(.move, a: target, b: variable.register)
      }
    case .captured(let index, _): emit(.getCaptured, a: target, b: index)
    case .global(let variable): emit(.getGlobal, a: target, b: constant(.cell(variable.cell)))
    case .globalFunction(let function): emit(.getFunction, a: target, b: global(function))
    case .live(let name): emit(.getLive, a: target, b: constant(.text(name)))
    }
  }

  // MARK: Branches and loops

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

  private func whileLoop(_ condition: Expression, _ body: Block) throws {
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

  private func forLoop(_ node: ForLoop) throws {
    let loop = Loop()
    let state = allocate(2 + node.names.count)
    try value(node.sequence, into: state)
    span = node.sequence.span
    emit(.loopStart, a: state)
    let entry = emitJump(.jump)
    let start = here
    let mark = nextRegister
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
    }
    contexts.append(.loop(loop))
    try block(node.body, into: nil)
    contexts.removeLast()
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
    try block(finallyBlock, into: nil)
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

  private func catching(_ node: TryStatement, into target: Int?) throws {
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
