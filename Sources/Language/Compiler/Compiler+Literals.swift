/// Literals of lists and maps. Long ones are made in pieces, and what is constant in them is made once,
/// since a function has room for so many registers and constants only.
extension Compiler {
  private static let longLiteral = 200

  func list(_ items: [ListItem], into target: Int) throws {
    if items.count > Compiler.longLiteral { return try longList(items, into: target) }
    let plain = items.prefix { !$0.isSpread }
    let whole = span
    // Built beside the target, which an item may still read.
    let result = items.count > plain.count ? allocate() : target
    let first = allocate(plain.count)
    for (i, item) in plain.enumerated() { try value(item.value, into: first + i) }
    span = whole
    emit(.makeList, a: result, b: first, c: plain.count)
    for item in items.dropFirst(plain.count) { try add(item, to: result) }
    if result != target { emit(.take, a: target, b: result) }
  }

  private func add(_ item: ListItem, to list: Int) throws {
    let mark = nextRegister
    let register = try operand(item.value)
    span = item.value.span
    emit(item.isSpread ? .extend : .append, a: list, b: register)
    nextRegister = mark
  }

  private func longList(_ items: [ListItem], into target: Int) throws {
    let result = allocate()
    emit(.makeList, a: result, b: result, c: 0)
    var constants: [Value] = []
    func addConstants() {
      if constants.isEmpty { return }
      let register = allocate()
      load(.items(constants), into: register)
      emit(.extend, a: result, b: register)
      nextRegister = register
      constants = []
    }
    for item in items {
      if !item.isSpread, let value = Compiler.constantValue(item.value) {
        constants.append(value)
        continue
      }
      addConstants()
      try add(item, to: result)
    }
    addConstants()
    emit(.take, a: target, b: result)
  }

  func map(_ entries: [(key: Expression, value: Expression)], into target: Int) throws {
    let whole = span
    if entries.count <= Compiler.longLiteral {
      let first = allocate(entries.count * 2)
      for (i, entry) in entries.enumerated() {
        try value(entry.key, into: first + i * 2)
        try value(entry.value, into: first + i * 2 + 1)
      }
      span = whole
      emit(.makeMap, a: target, b: first, c: entries.count)
      return
    }
    if let constant = Compiler.constantValue(Expression(.map(entries), whole)) {
      load(constant, into: target)
      return
    }
    let result = allocate()
    emit(.makeMap, a: result, b: result, c: 0)
    let key = allocate(2)
    for entry in entries {
      try value(entry.key, into: key)
      try value(entry.value, into: key + 1)
      span = entry.key.span
      emit(.setPath, a: key, b: 1, c: key + 1, spare: 1)
      emitWord(UInt64(Place.register.rawValue) | UInt64(result) << 16)
    }
    emit(.take, a: target, b: result)
  }

  /// The value of a literal without variables in it; nil for anything else.
  private static func constantValue(_ node: Expression) -> Value? {
    switch node.kind {
    case .constant(let value): return value
    case .list(let items):
      var values: [Value] = []
      for item in items {
        guard !item.isSpread, let value = constantValue(item.value) else { return nil }
        values.append(value)
      }
      return .items(values)
    case .map(let entries):
      let map = MapObject()
      for entry in entries {
        guard let key = constantValue(entry.key), key.isKey,
          let value = constantValue(entry.value)
        else { return nil }
        map.set(key, value)
      }
      return .map(map)
    default: return nil
    }
  }
}
