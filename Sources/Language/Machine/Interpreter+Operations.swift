/// Operators beyond the machine's fast paths.
extension Interpreter {
  @inline(never)
  func addConstant(_ a: Value, _ b: Int) throws -> Value {
    // The compiler writes `x - 5` as `x + -5`; messages speak of what was written.
    if b < 0 { return try combine(.subtract, a, .int(-b)) }
    return try combine(.add, a, .int(b))
  }

  @inline(never)
  func combine(_ op: BinaryOperator, _ a: Value, _ b: Value) throws -> Value {
    switch (a, b) {
    case (.int(let x), .int(let y)): return try integers(op, x, y)
    case (.float(let x), .float(let y)): return try floats(op, x, y)
    case (.int(let x), .float(let y)): return try floats(op, Double(x), y)
    case (.float(let x), .int(let y)): return try floats(op, x, Double(y))
    case (.report(let x), _): return try combine(op, x.value, b)
    case (_, .report(let y)): return try combine(op, a, y.value)
    case (.string(let x), .string(let y)) where op == .add:
      try checkLength(x.byteCount, y.byteCount)
      try LargeMemory.require(x.byteCount + y.byteCount)
      return .string(y.withBytes { x.appending($0, unique: false) })
    case (.string(let x), .int(let n)) where op == .multiply: return .string(try repeated(x, n))
    case (.list(let x), .list(let y)) where op == .add:
      try checkItems(x.items.count, y.items.count)
      try LargeMemory.require(x.items.count + y.items.count, of: MemoryLayout<Value>.stride)
      return .list(ListObject(x.items + y.items, depth: max(x.depth, y.depth)))
    case (.list(let x), .int(let n)) where op == .multiply:
      return try repeated(x, n)
    case (.bytes(let x), .bytes(let y)) where op == .add:
      try LargeMemory.require(x.bytes.count + y.bytes.count)
      return .bytes(BytesObject(x.bytes + y.bytes))
    case (.map(let x), .map(let y)) where op == .add:
      let result = x.copy()
      for (key, value) in y.pairs { result.set(key, value) }
      return .map(result)
    default: break
    }
    if let result = try measures(op, a, b) { return result }
    throw unfit(op, a, b)
  }

  private func unfit(_ op: BinaryOperator, _ a: Value, _ b: Value) -> ErrorObject {
    var help: String?
    if op == .add {
      if case .string = a { help = "write \"…${ … }\" to put a value into a text" }
      if case .string = b { help = "write \"…${ … }\" to put a value into a text" }
      if case .list = a { help = "write += [ … ] to append one item" }
    }
    if op == .remainder, case .string = a {
      help = "values stand in a text with '$': \"pid $pid\""
    }
    let texts = [a, b].compactMap { if case .string(let text) = $0 { text.string } else { nil } }
    if texts.count == 1, Double(texts[0]) != nil {
      help = "'int' and 'float' turn a text into a number"
    }
    return ErrorObject(
      .type,
      "'\(op.rawValue)' does not fit \(a.typeName) and \(b.typeName): "
        + "\(a.excerpt) \(op.rawValue) \(b.excerpt)", help: help)
  }

  private func integers(_ op: BinaryOperator, _ x: Int, _ y: Int) throws -> Value {
    let (result, overflow): (Int, Bool)
    switch op {
    case .add: (result, overflow) = x.addingReportingOverflow(y)
    case .subtract: (result, overflow) = x.subtractingReportingOverflow(y)
    case .multiply: (result, overflow) = x.multipliedReportingOverflow(by: y)
    case .divide:
      if y == 0 { throw divisionByZero(x) }
      return .float(Exact.quotient(x, y))
    case .floorDivide:
      if y == 0 { throw divisionByZero(x) }
      if y == -1 {
        (result, overflow) = (0).subtractingReportingOverflow(x)
        break
      }
      let (quotient, isOver) = x.dividedReportingOverflow(by: y)
      (result, overflow) = (quotient - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0), isOver)
    case .remainder:
      if y == 0 { throw divisionByZero(x) }
      if y == -1 { return .int(0) }
      let rest = x % y
      return .int(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest)
    default: throw unfit(op, .int(x), .int(y))
    }
    if overflow {
      throw ErrorObject(
        .range, "\(x) \(op.rawValue) \(y) does not fit in 64 bits",
        help: "write one side as a float, as \(x).0")
    }
    return .int(result)
  }

  private func divisionByZero(_ x: Int) -> ErrorObject {
    ErrorObject(.range, "division by zero")
  }

  private func floats(_ op: BinaryOperator, _ x: Double, _ y: Double) throws -> Value {
    switch op {
    case .add: return .float(x + y)
    case .subtract: return .float(x - y)
    case .multiply: return .float(x * y)
    case .divide:
      if y == 0 { throw ErrorObject(.range, "division by zero") }
      return .float(x / y)
    case .floorDivide:
      if y == 0 { throw ErrorObject(.range, "division by zero") }
      return .float(floorDivided(x, y).quotient)
    case .remainder:
      if y == 0 { throw ErrorObject(.range, "division by zero") }
      return .float(floorDivided(x, y).rest)
    default: throw unfit(op, .float(x), .float(y))
    }
  }

  /// Floor division by way of the remainder, which is exact, as CPython's float_divmod does it.
  private func floorDivided(_ x: Double, _ y: Double) -> (quotient: Double, rest: Double) {
    var rest = x.truncatingRemainder(dividingBy: y)
    var quotient = (x - rest) / y
    if rest == 0 {
      rest = Double(signOf: y, magnitudeOf: 0)
    } else if (rest < 0) != (y < 0) {
      rest += y
      quotient -= 1
    }
    if quotient == 0 { return (Double(signOf: x / y, magnitudeOf: 0), rest) }
    let floor = quotient.rounded(.down)
    return (quotient - floor > 0.5 ? floor + 1 : floor, rest)
  }

  /// Durations, sizes and times.
  private func measures(_ op: BinaryOperator, _ a: Value, _ b: Value) throws -> Value? {
    func whole(_ x: Int, _ y: Int, _ make: (Int) -> Value) throws -> Value? {
      guard op != .divide else { return nil }
      guard case .int(let n) = try integers(op, x, y) else { return nil }
      return make(n)
    }
    func fitting(_ result: Int?, _ make: (Int) -> Value) throws -> Value {
      guard let result else { throw ErrorObject(.range, "the result does not fit in 64 bits") }
      return make(result)
    }
    switch (a, b, op) {
    case (.duration(let x), .duration(let y), .add),
      (.duration(let x), .duration(let y), .subtract),
      (.duration(let x), .duration(let y), .remainder):
      return try whole(x, y) { .duration($0) }
    case (.duration(let x), .duration(let y), .divide), (.size(let x), .size(let y), .divide):
      return try integers(.divide, x, y)
    case (.duration(let x), .duration(let y), .floorDivide),
      (.size(let x), .size(let y), .floorDivide):
      return try whole(x, y) { .int($0) }
    case (.duration(let x), .int(let y), .multiply), (.int(let y), .duration(let x), .multiply):
      return try whole(x, y) { .duration($0) }
    case (.duration(let x), .float(let y), .multiply), (.float(let y), .duration(let x), .multiply):
      return try fitting(Exact.product(x, y)) { .duration($0) }
    case (.duration(let x), .int(let y), .divide):
      if y == 0 { throw divisionByZero(x) }
      return try fitting(Exact.divided(x, by: y)) { .duration($0) }
    case (.duration(let x), .float(let y), .divide):
      if y == 0 { throw divisionByZero(x) }
      return try fitting(Exact.divided(x, by: y)) { .duration($0) }
    case (.duration(let x), .int(let y), .floorDivide):
      return try whole(x, y) { .duration($0) }
    case (.size(let x), .size(let y), .add), (.size(let x), .size(let y), .subtract),
      (.size(let x), .size(let y), .remainder), (.size(let x), .int(let y), .add),
      (.size(let x), .int(let y), .subtract), (.int(let x), .size(let y), .add),
      (.size(let x), .int(let y), .multiply), (.int(let x), .size(let y), .multiply),
      (.size(let x), .int(let y), .floorDivide):
      return try whole(x, y) { .size($0) }
    case (.size(let x), .float(let y), .multiply), (.float(let y), .size(let x), .multiply):
      return try fitting(Exact.product(x, y)) { .size($0) }
    case (.size(let x), .int(let y), .divide):
      if y == 0 { throw divisionByZero(x) }
      return try fitting(Exact.divided(x, by: y)) { .size($0) }
    case (.size(let x), .float(let y), .divide):
      if y == 0 { throw divisionByZero(x) }
      return try fitting(Exact.divided(x, by: y)) { .size($0) }
    case (.time(let x), .time(let y), .subtract): return try whole(x, y) { .duration($0) }
    case (.time(let x), .duration(let y), .add), (.time(let x), .duration(let y), .subtract),
      (.duration(let x), .time(let y), .add):
      return try whole(x, y) { .time($0) }
    default: return nil
    }
  }

  /// Refuses texts beyond `maximumLength`, which are a slip and would exhaust memory.
  @inline(__always)
  func checkLength(_ a: Int, _ b: Int) throws {
    if a &+ b > maximumLength { throw tooLong() }
  }

  /// Likewise for lists, whose items take 16 bytes each.
  @inline(__always)
  func checkItems(_ a: Int, _ b: Int) throws {
    if (a &+ b) &* 16 > maximumLength { throw tooLong() }
  }

  @inline(never)
  func tooLong() -> ErrorObject {
    ErrorObject(.limit, "the result would take more than \(sizeText(maximumLength))")
  }

  @inline(never)
  func negate(_ value: Value) throws -> Value {
    switch value {
    case .int(Int.min), .duration(Int.min), .size(Int.min):
      throw ErrorObject(.range, "-(\(value.excerpt)) does not fit in 64 bits")
    case .int(let n): return .int(-n)
    case .float(let n): return .float(-n)
    case .duration(let n): return .duration(-n)
    case .size(let n): return .size(-n)
    default: throw ErrorObject(.type, "'-' does not fit \(value.typeName): -\(value.excerpt)")
    }
  }

  func notBool(_ value: Value) -> ErrorObject {
    var help = "compare it, as '… != null' or '… > 0'"
    if case .string = value { help = "compare it, as '… != \"\"'" }
    if case .list = value {
      help = "a condition has no brackets around it; (len …) > 0 asks for items"
    }
    return ErrorObject(
      .type, "a condition must be true or false, but is \(value.described)", help: help)
  }

  @inline(never)
  func isLess(_ a: Value, _ b: Value) throws -> Bool {
    if let result = a.plain.isLess(than: b.plain) { return result }
    throw ErrorObject(
      .type, "\(a.typeName) and \(b.typeName) have no order: \(a.excerpt) and \(b.excerpt)")
  }

  @inline(never)
  func isLessEqual(_ a: Value, _ b: Value) throws -> Bool {
    if try isLess(a, b) { return true }
    return a.equals(b)
  }

  @inline(never)
  func contains(_ container: Value, _ item: Value) throws -> Bool {
    switch container.plain {
    case .list(let list): return list.items.contains { $0.equals(item) }
    case .map(let map): return item.isKey && map.get(item) != nil
    case .range(let range): return range.contains(item.plain)
    case .string(let text):
      guard case .string(let part) = item else {
        throw ErrorObject(.type, "only a text can be in a text, but this is \(item.described)")
      }
      return text.contains(part)
    default:
      throw ErrorObject(
        .type, "'in' looks into lists, maps, ranges and texts, but this is \(container.described)")
    }
  }

  func makeRange(_ low: Value, _ high: Value, kind: Int) throws -> Value {
    guard case .int(let start) = low.plain, case .int(let end) = high.plain else {
      if kind == RangeKind.word.rawValue {
        let (low, high) = (low.asText, high.asText)
        try checkLength(low.utf8.count, high.utf8.count + 2)
        return .text("\(low)..\(high)")
      }
      let wrong = if case .int = low.plain { high } else { low }
      throw ErrorObject(.type, "a range runs over whole numbers, but this is \(wrong.described)")
    }
    return .range(RangeObject(start, end, inclusive: kind != RangeKind.exclusive.rawValue))
  }

  // MARK: Building

  func concatenate(_ first: Slot, _ count: Int) throws -> Value {
    if count == 2, first.tag == Tag.string, (first + 1).tag == Tag.string {
      let result: Value = try {
        guard case .string(let a) = first.pointee, case .string(let b) = (first + 1).pointee else {
          return .null
        }
        try checkLength(a.byteCount, b.byteCount)
        try LargeMemory.require(a.byteCount + b.byteCount)
        return .string(b.withBytes { a.appending($0, unique: false) })
      }()
      first.setNull()
      (first + 1).setNull()
      return result
    }
    var total = 0
    for i in 0..<count {
      let slot = first + i
      if slot.tag == Tag.int {
        total += decimalLength(slot.rawInt)
        continue
      }
      if slot.tag != Tag.string { slot.pointee = .text(try slot.pointee.requiredText()) }
      total += slot.object(StringObject.self)._withUnsafeGuaranteedRef { $0.byteCount }
      try checkLength(total, 0)
    }
    try LargeMemory.require(total)
    let result = StringObject.make(count: total) { target in
      var at = target
      for i in 0..<count {
        let slot = first + i
        if slot.tag == Tag.int {
          at += writeDecimal(slot.rawInt, to: at)
          continue
        }
        slot.object(StringObject.self)._withUnsafeGuaranteedRef { text in
          text.withBytes { bytes in
            if let base = bytes.baseAddress { at.update(from: base, count: bytes.count) }
            at += bytes.count
          }
        }
      }
    }
    for i in 0..<count { (first + i).setNull() }
    return .string(result)
  }

  /// Moves values out of registers into a list.
  func takeItems(_ first: Slot, _ count: Int) -> ListObject {
    let items = [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress, count > 0 { base.moveInitialize(from: first, count: count) }
      initialized = count
    }
    for i in 0..<count { (first + i).initialize(to: .null) }
    return ListObject(items.map(\.plain))
  }

  func makeMap(_ first: Slot, _ count: Int) throws -> Value {
    let map = MapObject()
    for i in 0..<count {
      let key = first + 2 * i
      guard key.pointee.isKey else { throw badKey(key.pointee) }
      map.set(key.pointee, (key + 1).pointee.plain)
      key.setNull()
      (key + 1).setNull()
    }
    return try checkedDepth(.map(map))
  }

  func badKey(_ key: Value) -> ErrorObject {
    ErrorObject(
      .type, "a map's key must be text, a number or a truth value, but is \(key.described)")
  }

  @inline(__always)
  func checkedDepth(_ value: Value) throws -> Value {
    if value.depth > maximumDepth { throw tooNested() }
    return value
  }

  @inline(never)
  func tooNested() -> ErrorObject {
    ErrorObject(.limit, "values can be nested at most \(maximumDepth) levels deep")
  }

  /// Text with the characters that mean something in a file pattern escaped.
  func escapePattern(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      if [0x2A, 0x3F, 0x5B, 0x5D, 0x5C, 0x7E].contains(byte) { out.append(0x5C) }
      out.append(byte)
    }
    return String(decoding: out, as: UTF8.self)
  }
}

extension Value {
  /// The literal, cut for a message.
  var excerpt: String {
    let literal = asLiteral
    return literal.unicodeScalars.count > 40 ? String(literal.prefix(39)) + "…" : literal
  }
}

extension StringObject {
  /// Whether another text occurs in this one.
  public func contains(_ part: StringObject) -> Bool {
    if part.byteCount == 0 { return true }
    return withBytes { text in part.withBytes { text.find($0, from: 0) != nil } }
  }
}

extension UnsafeMutablePointer<Value> {
  @inline(__always) var cellValue: Value {
    if case .cell(let cell) = pointee { return cell.value }
    return pointee
  }

  @inline(__always) func setCell(_ value: Value) {
    if case .cell(let cell) = pointee { cell.value = value }
  }

  @inline(__always) var isMissing: Bool {
    guard tag == Tag.empty else { return false }
    if case .missing = pointee { return true }
    return false
  }
}
