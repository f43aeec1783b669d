extension Compiler {
  /// Compiles an expression so that its value comes to `target`.
  ///
  /// - Parameters:
  ///   - isTail: whether it ends a block or is discarded, so that a program writes to standard
  ///     output and a report stays one.
  ///   - isCaptured: whether it is part of something in parentheses, so that a program's output is
  ///     its value even there.
  func value(
    _ node: Expression, into target: Int, isTail: Bool = false, isCaptured: Bool = false
  ) throws {
    let isCaptured = isCaptured || node.isParenthesized
    span = node.span
    let mark = nextRegister
    defer { nextRegister = mark }
    if case .command = node.kind {} else { freshRegister = nil }
    switch node.kind {
    case .constant(let constant): load(constant, into: target)
    case .text(let pieces):
      let first = allocate(pieces.count)
      for (i, piece) in pieces.enumerated() { try value(piece, into: first + i) }
      span = node.span
      emit(.concat, a: target, b: first, c: pieces.count)
    case .quoted(let inner):
      try value(inner, into: target)
      emit(.quote, a: target)
    case .variable(let use):
      guard let binding = use.binding else { throw internalError("unknown name", node.span) }
      fetch(binding, into: target)
    case .list(let items): try list(items, into: target)
    case .map(let entries): try map(entries, into: target)
    case .closure(let function):
      let index = try inner(function)
      span = node.span
      emit(.makeClosure, a: target, b: index)
    case .negate(let operand): try unary(.negate, operand, target, node.span)
    case .not(let operand): try unary(.not, operand, target, node.span)
    case .binary(let op, let left, let right): try binary(op, left, right, target, node.span)
    case .and(let left, let right): try logical(left, right, target, stopsOn: false)
    case .or(let left, let right): try logical(left, right, target, stopsOn: true)
    case .coalesce(let left, let right):
      try soft(left, into: target)
      let end = emitJump(.jumpNotNull, a: target)
      try value(right, into: target)
      patch(end)
    case .range(let low, let high, let isInclusive):
      try range(low, high, isInclusive ? .inclusive : .exclusive, target, node.span)
    case .wordRange(let low, let high): try range(low, high, .word, target, node.span)
    case .index(let base, let key):
      let a = try operand(base, before: key)
      let b = try operand(key)
      span = node.span
      emit(.index, a: target, b: a, c: b, spare: isTemporary(base, a) ? 1 : 0)
    case .field(let base, let name):
      let a = try operand(base)
      span = node.span
      emit(
        .field, a: target, b: a, c: constant(.text(name)), spare: isTemporary(base, a) ? 1 : 0)
    case .command(let command):
      try self.command(command, into: target, isTail: isTail, isCaptured: isCaptured)
    case .pipeline(let pipeline):
      try self.pipeline(pipeline, into: target, isTail: isTail, isCaptured: isCaptured)
    case .chain(let left, let chainTarget):
      try chain(
        left, chainTarget, into: target, isTail: isTail, isCaptured: isCaptured, span: node.span)
    case .andThen(let left, let right):
      try connected(
        left, right, into: target, isTail: isTail, isCaptured: isCaptured, isAnd: true)
    case .orElse(let left, let right):
      try connected(
        left, right, into: target, isTail: isTail, isCaptured: isCaptured, isAnd: false)
    case .ifElse(let conditional):
      try self.conditional(conditional, into: target)
      if !isTail { emit(.unreport, a: target) }
    case .tryCatch(let statement):
      try tryStatement(statement, into: target)
      if !isTail { emit(.unreport, a: target) }
    case .timed(let inner): try timed(inner, into: target, isTail: isTail)
    }
  }

  /// A register that holds the expression's value: the variable's own where that is possible.
  func operand(_ node: Expression) throws -> Int {
    if case .variable(let use) = node.kind, case .local(let variable)? = use.binding,
      !variable.isCaptured, variable.register >= 0
    {
      return variable.register
    }
    let register = allocate()
    freshRegister = register
    try value(node, into: register)
    return register
  }

  /// Likewise for an operand that another one follows, which may assign the variable.
  func operand(_ node: Expression, before next: Expression) throws -> Int {
    let register = try operand(node)
    guard !isTemporary(node, register), next.mayAssignLocals else { return register }
    let copy = allocate()
    emit(.move, a: copy, b: register)
    return copy
  }

  /// Whether an operand's register holds only a copy, not a variable.
  func isTemporary(_ node: Expression, _ register: Int) -> Bool {
    if case .variable(let use) = node.kind, case .local(let variable)? = use.binding {
      return variable.register != register
    }
    return true
  }

  private func unary(_ op: Op, _ operand: Expression, _ target: Int, _ whole: Span) throws {
    let register = try self.operand(operand)
    span = whole
    emit(op, a: target, b: register)
  }

  private func range(
    _ low: Expression, _ high: Expression, _ kind: RangeKind, _ target: Int, _ whole: Span
  ) throws {
    let a = try operand(low, before: high)
    let b = try operand(high)
    span = whole
    emit(.makeRange, a: target, b: a, c: b, spare: kind.rawValue)
  }

  static func arithmetic(_ op: BinaryOperator) -> Op {
    switch op {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .floorDivide: .floorDivide
    case .remainder: .remainder
    case .equal: .equal
    case .notEqual: .notEqual
    case .less, .greater: .less
    case .lessEqual, .greaterEqual: .lessEqual
    case .contained: .contained
    }
  }

  func smallInt(_ node: Expression) -> Int? {
    if case .constant(.int(let int)) = node.kind, (-32000...32000).contains(int) { return int }
    return nil
  }

  /// What is added by an operation with a small whole number; nil for others.
  ///
  /// `x - 5` is `x + -5`, but `x - 0` is no sum: that of -0.0 and 0 is 0.0.
  func addend(_ op: BinaryOperator, _ right: Expression) -> Int? {
    guard op == .add || op == .subtract, let int = smallInt(right) else { return nil }
    if op == .add { return int }
    return int == 0 ? nil : -int
  }

  private func binary(
    _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ target: Int, _ whole: Span
  ) throws {
    if let int = addend(op, right) {
      let a = try operand(left)
      span = whole
      emit(.addInt, a: target, b: a, c: int)
      return
    }
    let a = try operand(left, before: right)
    let b = try operand(right)
    span = whole
    if op == .greater || op == .greaterEqual {
      emit(Compiler.arithmetic(op), a: target, b: b, c: a)
    } else {
      emit(Compiler.arithmetic(op), a: target, b: a, c: b)
    }
  }

  private func logical(
    _ left: Expression, _ right: Expression, _ target: Int, stopsOn: Bool
  ) throws {
    try value(left, into: target)
    span = left.span
    let end = emitJump(stopsOn ? .jumpTrue : .jumpFalse, a: target)
    try value(right, into: target)
    span = right.span
    emit(.requireBool, a: target)
    patch(end)
  }

  /// Like `value`, but a missing key or index yields null.
  private func soft(_ node: Expression, into target: Int) throws {
    switch node.kind {
    case .index(let base, let key):
      let mark = nextRegister
      let a = try softOperand(base)
      let b = try operand(key)
      span = node.span
      emit(.softIndex, a: target, b: a, c: b, spare: isTemporary(base, a) ? 1 : 0)
      nextRegister = mark
    case .field(let base, let name):
      let mark = nextRegister
      let a = try softOperand(base)
      span = node.span
      emit(
        .softField, a: target, b: a, c: constant(.text(name)),
        spare: isTemporary(base, a) ? 1 : 0)
      nextRegister = mark
    default: try value(node, into: target)
    }
  }

  private func softOperand(_ node: Expression) throws -> Int {
    switch node.kind {
    case .index, .field:
      let register = allocate()
      try soft(node, into: register)
      return register
    default: return try operand(node)
    }
  }

  // MARK: Conditions

  /// Compiles a condition; the jumps returned are taken when it is `on`.
  func branch(_ node: Expression, on: Bool) throws -> [Int] {
    let mark = nextRegister
    defer { nextRegister = mark }
    switch node.kind {
    case .not(let inner): return try branch(inner, on: !on)
    case .and(let left, let right) where !on:
      let first = try branch(left, on: false)
      return first + (try branch(right, on: false))
    case .or(let left, let right) where on:
      let first = try branch(left, on: true)
      return first + (try branch(right, on: true))
    case .and(let left, let right):
      let skip = try branch(left, on: false)
      let jumps = try branch(right, on: true)
      patch(skip)
      return jumps
    case .or(let left, let right):
      let skip = try branch(left, on: true)
      let jumps = try branch(right, on: false)
      patch(skip)
      return jumps
    case .binary(let op, let left, let right):
      if let jump = try comparison(op, left, right, node.span, on: on) { return [jump] }
    default: break
    }
    let register = try operand(node)
    span = node.span
    return [emitJump(on ? .jumpTrue : .jumpFalse, a: register)]
  }

  private func comparison(
    _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ whole: Span, on: Bool
  ) throws -> Int? {
    if case .constant(.int(let int)) = right.kind {
      let jump: Op? =
        switch op {
        case .less: on ? .jumpLessK : .jumpNotLessK
        case .lessEqual: on ? .jumpLessEqualK : .jumpNotLessEqualK
        case .greater: on ? .jumpGreaterK : .jumpNotGreaterK
        case .greaterEqual: on ? .jumpGreaterEqualK : .jumpNotGreaterEqualK
        case .equal: on ? .jumpEqualK : .jumpNotEqualK
        case .notEqual: on ? .jumpNotEqualK : .jumpEqualK
        default: nil
        }
      guard let jump else { return nil }
      let a = try operand(left)
      span = whole
      return emitJump(jump, a: a, b: constant(.int(int)))
    }
    let jump: Op
    switch op {
    case .less, .greater: jump = on ? .jumpLess : .jumpNotLess
    case .lessEqual, .greaterEqual: jump = on ? .jumpLessEqual : .jumpNotLessEqual
    case .equal: jump = on ? .jumpEqual : .jumpNotEqual
    case .notEqual: jump = on ? .jumpNotEqual : .jumpEqual
    default: return nil
    }
    let a = try operand(left, before: right)
    let b = try operand(right)
    span = whole
    let isSwapped = op == .greater || op == .greaterEqual
    return emitJump(jump, a: isSwapped ? b : a, b: isSwapped ? a : b)
  }
}
