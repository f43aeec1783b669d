/// Assignments: to variables, into values, and combined with an operator.
extension Compiler {
  func assign(_ node: Assignment) throws {
    guard let binding = node.variable.binding else { return }
    if case .live = binding {
      let register = allocate()
      guard case .constant(let key)? = node.path.first?.key.kind else {
        try assignComputed(node)
        return
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
    if case .local(let variable) = binding, !variable.isCaptured,
      !Compiler.writesEarly(node.value)
    {
      try value(node.value, into: variable.register)
      return
    }
    let register = allocate()
    try value(node.value, into: register)
    if case .register = place {
      emit(.take, a: index, b: register)
    } else {
      store(register, place, index)
    }
  }

  /// Whether an expression may write its target before it has read all that it reads, so that
  /// `x = $m.key ?? $x` needs a register beside `x`.
  private static func writesEarly(_ node: Expression) -> Bool {
    switch node.kind {
    case .and, .or, .coalesce, .ifElse, .tryCatch: true
    default: false
    }
  }

  /// `env[$name] = value`: the environment is a handle that takes assignments to its fields.
  func assignComputed(_ node: Assignment) throws {
    let environment = allocate()
    emit(.getLive, a: environment, b: constant(.text("env")))
    let key = allocate()
    try value(node.path[0].key, into: key)
    let register = allocate()
    if let op = node.op {
      let old = allocate()
      span = node.span
      emit(.index, a: old, b: environment, c: key)
      try value(node.value, into: register)
      span = node.span
      emit(Compiler.arithmetic(op), a: register, b: old, c: register)
    } else {
      try value(node.value, into: register)
    }
    span = node.span
    emit(.setPath, a: key, b: 1, c: register, spare: 1)
    emitWord(UInt64(Place.register.rawValue) | UInt64(environment) << 16)
  }

  func assignCombined(
    _ node: Assignment, _ op: BinaryOperator, _ binding: Binding, _ place: Place, _ index: Int
  ) throws {
    if mayChange(binding, during: node.value) {
      return try combineWithOld(node, op, binding, place, index)
    }
    if op == .add, let item = onlyItem(node.value) {
      let item = try operand(item)
      span = node.span
      emit(.push, a: place.rawValue, b: index, c: item)
      return
    }
    if case .local(let variable) = binding, !variable.isCaptured {
      if let int = addend(op, node.value) {
        span = node.span
        emit(.addInt, a: variable.register, b: variable.register, c: int)
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

  /// Whether evaluating an expression may assign a variable.
  private func mayChange(_ binding: Binding, during node: Expression) -> Bool {
    if case .local(let variable) = binding, !variable.isCaptured { return node.mayAssignLocals }
    return node.mayRunCode
  }

  /// What was in the variable before the right side ran counts, whatever that did to it.
  private func combineWithOld(
    _ node: Assignment, _ op: BinaryOperator, _ binding: Binding, _ place: Place, _ index: Int
  ) throws {
    let item = op == .add ? onlyItem(node.value) : nil
    let old = allocate()
    let right = allocate()
    span = node.span
    fetch(binding, into: old)
    try value(item ?? node.value, into: right)
    span = node.span
    if op == .add {
      emit(.addToOld, a: place.rawValue, b: index, c: old, spare: item == nil ? 0 : 1)
      return
    }
    emit(Compiler.arithmetic(op), a: old, b: old, c: right)
    if case .register = place {
      emit(.take, a: index, b: old)
    } else {
      store(old, place, index)
    }
  }

  /// The item of `+= [item]`, which is appended without making a list of it.
  private func onlyItem(_ node: Expression) -> Expression? {
    guard case .list(let items) = node.kind, items.count == 1, !items[0].isSpread else {
      return nil
    }
    return items[0].value
  }

  /// Whether `+=` with it may be worth growing text or a list in place.
  func mayBeContainer(_ expression: Expression) -> Bool {
    switch expression.kind {
    case .constant(.int), .constant(.float), .binary(.multiply, _, _), .binary(.subtract, _, _),
      .binary(.remainder, _, _):
      false
    default: true
    }
  }

  func assignPath(_ node: Assignment, _ binding: Binding) throws {
    let keys: Int
    var areTemporary = true
    if node.path.count == 1 {
      keys = try operand(node.path[0].key, before: node.value)
      areTemporary = isTemporary(node.path[0].key, keys)
    } else {
      keys = allocate(node.path.count)
      for (i, step) in node.path.enumerated() { try value(step.key, into: keys + i) }
    }
    if node.op == .add { return try addToPath(node, binding, keys) }
    let register = allocate()
    if let op = node.op {
      let old = allocate()
      fetch(node, binding, keys, into: old)
      try value(node.value, into: register)
      span = node.span
      emit(Compiler.arithmetic(op), a: register, b: old, c: register)
      emit(.loadNull, a: old)
    } else {
      try value(node.value, into: register)
    }
    span = node.span
    let (place, index) = self.place(binding)
    emit(.setPath, a: keys, b: node.path.count, c: register, spare: areTemporary ? 1 : 0)
    emitWord(UInt64(place.rawValue) | UInt64(index) << 16)
  }

  /// Loads what a path leads to.
  private func fetch(_ node: Assignment, _ binding: Binding, _ keys: Int, into target: Int) {
    var from = target
    if case .local(let variable) = binding, !variable.isCaptured {
      from = max(0, variable.register)
    } else {
      span = node.nameSpan
      fetch(binding, into: target)
    }
    for i in node.path.indices {
      span = node.path[i].span
      emit(.index, a: target, b: from, c: keys + i)
      from = target
    }
  }

  private func addToPath(_ node: Assignment, _ binding: Binding, _ keys: Int) throws {
    let item = onlyItem(node.value)
    var way = item == nil ? PathAddition() : .isItem
    // What the path led to before the right side ran counts, and comes to stand before it.
    if node.value.mayRunCode || node.value.mayThrow {
      way.insert(.hasOld)
      fetch(node, binding, keys, into: allocate())
    }
    let register = allocate()
    try value(item ?? node.value, into: register)
    span = node.span
    let (place, index) = self.place(binding)
    emit(.addToPath, a: keys, b: node.path.count, c: register, spare: way.rawValue)
    if let first = node.path.first, let last = node.path.last {
      span = first.span.joined(last.span)
    }
    emitWord(UInt64(place.rawValue) | UInt64(index) << 16)
  }

  func place(_ binding: Binding) -> (Place, Int) {
    switch binding {
    case .local(let variable):
      (variable.isCaptured ? .cell : .register, max(0, variable.register))
    case .captured(let index, _): (.captured, index)
    case .global(let variable): (.global, cell(of: variable))
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
    case .global(let variable): emit(.getGlobal, a: target, b: cell(of: variable))
    case .globalFunction(let function): emit(.getFunction, a: target, b: global(function))
    case .live(let name): emit(.getLive, a: target, b: constant(.text(name)))
    }
  }
}
