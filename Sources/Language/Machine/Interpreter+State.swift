/// Tells whether a machine has come back to where it was.
extension Interpreter {
  /// How many built-ins are running one inside the other.
  public var depthOfBuiltins: Int { nativeDepth }

  /// A number of all that decides how the machine goes on by itself.
  ///
  /// That is where it stands, its registers and its variables. Nil where not all of it can be told, as of
  /// streams and within built-ins that call blocks.
  ///
  /// - Parameter depth: of the built-ins that run; the machine stands in a call of one.
  public func stateNumber(within depth: Int) -> UInt64? {
    guard nativeDepth <= depth, frameCount > 0 else { return nil }
    var sum = StateSum()
    sum.add(UInt64(UInt(bitPattern: activeSite.map { $0.toOpaque() })))
    sum.add(UInt64(handlers.count))
    for depth in 0..<frameCount {
      let frame = frame(depth).pointee
      sum.add(UInt64(UInt(bitPattern: frame.code)))
      if depth < frameCount - 1 { sum.add(UInt64(UInt(bitPattern: frame.pc))) }
      for place in 0..<frame.code.pointee.registerCount { sum.add((frame.base + place).pointee) }
      if let cells = frame.cells {
        let count = frame.code.pointee.function._withUnsafeGuaranteedRef { $0.captures.count }
        for place in 0..<count { sum.add(.cell(cells[place])) }
      }
    }
    for name in globals.variables.keys.sorted() {
      if let variable = globals.variables[name], !variable.isConstant {
        sum.add(.cell(variable.cell))
      }
    }
    return sum.number
  }
}

/// Adds values up to a number that differs where they differ.
private struct StateSum {
  private var sum: UInt64 = 0xcbf2_9ce4_8422_2325
  /// How many more values are looked at.
  private var left = 2000
  private var isUnknown = false
  private var seen: Set<ObjectIdentifier> = []

  /// Nil if something could not be added.
  var number: UInt64? { isUnknown || left < 0 ? nil : sum }

  mutating func add(_ bits: UInt64) {
    sum = (sum ^ bits) &* 0x100_0000_01b3
    sum ^= sum >> 32
  }

  mutating func add(_ value: Value) {
    left -= 1
    if left < 0 || isUnknown { return }
    switch value {
    case .bool(let bool): add(bool ? 1 : 2)
    case .int(let int), .duration(let int), .size(let int), .time(let int):
      add(UInt64(bitPattern: Int64(int)))
    case .float(let float): add(float.bitPattern)
    case .string(let text):
      add(3)
      for byte in text.string.utf8 { add(UInt64(byte)) }
    case .list(let list):
      guard isNew(list) else { return }
      add(UInt64(list.items.count))
      for item in list.items { add(item) }
    case .map(let map):
      guard isNew(map) else { return }
      for (key, item) in map.pairs {
        add(key)
        add(item)
      }
    case .closure(let closure):
      guard isNew(closure) else { return }
      add(UInt64(UInt(bitPattern: ObjectIdentifier(closure.function))))
      for cell in closure.captured { add(.cell(cell)) }
    case .cell(let cell):
      guard isNew(cell) else { return }
      add(cell.value)
    case .handle(let handle): add(UInt64(UInt(bitPattern: ObjectIdentifier(handle))))
    case .null: add(4)
    case .missing: add(5)
    case .range(let range):
      add(UInt64(bitPattern: Int64(range.start)))
      add(UInt64(bitPattern: Int64(range.last)))
    case .report(let report): add(report.value)
    case .bytes, .error, .stream: isUnknown = true
    }
  }

  /// Objects that are met again are told by their number.
  private mutating func isNew(_ object: AnyObject) -> Bool {
    add(6)
    return seen.insert(ObjectIdentifier(object)).inserted
  }
}
