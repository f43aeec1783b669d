/// The variables that the closures of one message refer to, numbered.
final class WireCells {
  /// A variable: captured, of the top level, or one that a function of the top level stands for.
  struct Entry {
    enum Holder {
      case cell(Cell)
      case function(GlobalFunction)
    }

    let holder: Holder
    /// What it is called where it was met first.
    let name: String

    var value: Value {
      switch holder {
      case .cell(let cell): cell.value
      case .function(let function): function.closure.map { .closure($0) } ?? .null
      }
    }
  }

  private var entries: [Entry] = []
  private var numbers: [ObjectIdentifier: Int] = [:]
  private var depth = 0

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }
  subscript(_ number: Int) -> Entry { entries[number] }

  func reset() {
    entries.removeAll(keepingCapacity: true)
    numbers.removeAll(keepingCapacity: true)
  }

  /// Numbers all variables that can be reached through a closure and have no number yet.
  ///
  /// Goes from variable to variable instead of recursing, as closures may form long chains.
  func add(_ closure: Closure, _ globals: Globals?) throws -> WireText {
    let text = try WireText.of(closure.function, globals)
    var next = entries.count
    enter(text, closure)
    while next < entries.count {
      depth = 0
      try search(entries[next].value, globals)
      next += 1
    }
    return text
  }

  func number(of place: WireText.Place, in closure: Closure) -> Int {
    numbers[identity(of: place, in: closure)] ?? 0
  }

  private func identity(of place: WireText.Place, in closure: Closure) -> ObjectIdentifier {
    switch place {
    case .captured(let index): ObjectIdentifier(closure.cells[index])
    case .variable(let variable): ObjectIdentifier(variable.cell)
    case .function(let function): ObjectIdentifier(function)
    }
  }

  private func enter(_ text: WireText, _ closure: Closure) {
    for (name, place) in zip(text.names, text.places) {
      let identity = identity(of: place, in: closure)
      if numbers[identity] != nil { continue }
      numbers[identity] = entries.count
      let holder: Entry.Holder =
        switch place {
        case .captured(let index): .cell(closure.cells[index])
        case .variable(let variable): .cell(variable.cell)
        case .function(let function): .function(function)
        }
      entries.append(Entry(holder: holder, name: name.name))
    }
  }

  /// Looks for closures in a value.
  private func search(_ value: Value, _ globals: Globals?) throws {
    switch value {
    case .closure(let closure):
      guard case .compiled = closure.function.kind else { return }
      // What cannot travel is found out when its turn comes.
      if let text = try? WireText.of(closure.function, globals) { enter(text, closure) }
    case .list(let list):
      for item in list.items where item.mayHoldClosures { try searchInside(item, globals) }
    case .map(let map):
      for place in 0..<map.end {
        if let entry = map.entry(at: place), entry.value.mayHoldClosures {
          try searchInside(entry.value, globals)
        }
      }
    case .error(let error):
      for item in error.payload.values { try searchInside(item, globals) }
    case .report(let report): try search(report.value, globals)
    case .cell(let cell): try search(cell.value, globals)
    default: break
    }
  }

  private func searchInside(_ value: Value, _ globals: Globals?) throws {
    depth += 1
    defer { depth -= 1 }
    if depth > Wire.maximumNesting { throw Wire.tooDeep() }
    try search(value, globals)
  }
}

extension Value {
  fileprivate var mayHoldClosures: Bool {
    switch self {
    case .closure, .list, .map, .error, .report: true
    default: false
    }
  }
}
