extension Compiler {
  /// Compiles a block; its value goes to `target`, if there is one.
  func block(_ block: Block, into target: Int?, isTopLevel: Bool = false) throws {
    let mark = nextRegister
    let outer = locals.count
    defer {
      if !isTopLevel { nextRegister = mark }
      endLocals(from: outer)
    }
    span = block.span
    for variable in block.earlyCells {
      variable.register = allocate()
      let unset = Value.unset(variable.name, Location(source, variable.span))
      emit(.emptyCell, a: variable.register, b: constant(unset))
    }
    for symbol in block.functions {
      symbol.variable.register = allocate()
      if symbol.variable.isCaptured {
        emit(.emptyCell, a: symbol.variable.register, b: constant(.null))
      }
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

  func define(_ declaration: FunctionDeclaration) throws {
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

  /// Whether what is returned may be a report, which the caller prints if it has no use for it.
  private func mayReport(_ expression: Expression) -> Bool {
    switch expression.kind {
    case .command(let node):
      switch node.target {
      case .builtin(let command): command.isReporting
      case .local, .global: true
      default: false
      }
    case .chain(let left, _): mayReport(left)
    default: false
    }
  }

  /// A block's last statement, whose value is the block's.
  func lastStatement(_ statement: Statement, into target: Int) throws {
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
        try value(expression, into: register, isTail: mayReport(expression))
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

  func discard(_ expression: Expression) throws {
    switch expression.kind {
    case .constant, .variable: return
    default: break
    }
    let register = allocate()
    if case .command = expression.kind { isDiscarding = true }
    try value(expression, into: register, isTail: true)
    switch expression.kind {
    case .command, .pipeline, .chain, .andThen, .orElse, .timed, .ifElse, .tryCatch:
      span = expression.span
      emit(.discard, a: register)
    default: break
    }
  }

  func declare(_ node: Declaration) throws {
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
      note(variable)
      return
    }
    let register = allocate()
    try value(node.value, into: register)
    variable.register = register
    if variable.isCaptured { emit(.newCell, a: register) }
    note(variable)
  }

  /// A variable has its value from an instruction on, by default from here.
  func note(_ variable: Variable, from start: Int? = nil) {
    locals.append(
      Function.Local(
        name: variable.name, isConstant: variable.isConstant, register: variable.register,
        range: (start ?? code.count)..<Int.max))
  }

  /// The block of the last variables ends.
  func endLocals(from first: Int) {
    for place in locals.indices[first...] where locals[place].range.upperBound == .max {
      let start = locals[place].range.lowerBound
      locals[place].range = start..<max(start, code.count)
    }
  }
}
