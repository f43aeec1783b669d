import Glibc
import Language
import Session

/// Arithmetic beyond the operators, and chance.
enum NumberCommands {
  static let family = CommandFamily(
    "Numbers", [sum, abs, round, floor, ceil, sqrt, pow, random])

  private static let number = Parameter("number", .number)

  private static let sum = Command(
    "sum", "Add up numbers, durations or sizes",
    details: "The sum of nothing is 0. Ints and floats give a float.",
    parameters: [Parameter("list", .iterable, .required, "a list, range or stream")],
    traits: .pure,
    examples: [
      Example(
        "print (sum [1, 2, 3]) (sum [1, 0.5]) (sum 1..100) (sum [1s, 500ms])", "6 1.5 5050 1.5s")
    ]
  ) { call in
    if case .range(let range) = call.value(0) { return try sum(of: range, call) }
    var total = Value.null
    try call.interpreter.iterate(call.value(0)) { item, _ in
      total = try added(total, item.plain)
      return true
    }
    return total.isNull ? .int(0) : total
  }

  private static func sum(of range: RangeObject, _ call: borrowing Call) throws -> Value {
    if range.isEmpty { return .int(0) }
    let (first, last) = (Int128(range.start), Int128(range.last))
    let (product, isOver) = (first + last).multipliedReportingOverflow(by: last - first + 1)
    guard !isOver, let sum = Int(exactly: product / 2) else { throw overflow }
    return .int(sum)
  }

  private static func added(_ total: Value, _ item: Value) throws -> Value {
    func whole(_ a: Int, _ b: Int) throws -> Int {
      let (sum, isOver) = a.addingReportingOverflow(b)
      if isOver { throw overflow }
      return sum
    }
    switch (total, item) {
    case (.null, .int), (.null, .float), (.null, .duration), (.null, .size): return item
    case (.int(let a), .int(let b)): return .int(try whole(a, b))
    case (.float(let a), .float(let b)): return .float(a + b)
    case (.int(let a), .float(let b)): return .float(Double(a) + b)
    case (.float(let a), .int(let b)): return .float(a + Double(b))
    case (.duration(let a), .duration(let b)): return .duration(try whole(a, b))
    case (.size(let a), .size(let b)): return .size(try whole(a, b))
    case (.null, _):
      throw ErrorObject.badValue("item of the sum", must: "a number, duration or size", is: item)
    default:
      throw ErrorObject(
        .type, "\(total.typeName) and \(item.typeName) cannot be added",
        help: "the next item is \(item.described)")
    }
  }

  private static var overflow: ErrorObject {
    ErrorObject(.range, "the sum does not fit in 64 bits", help: "floats hold greater numbers")
  }

  private static let abs = Command(
    "abs", "Yield a number, duration or size without its sign",
    parameters: [Parameter("number", .quantity)], traits: .pure,
    examples: [Example("print (abs -3) (abs 2.5)", "3 2.5")]
  ) { call in
    switch call.value(0) {
    case .float(let float): return .float(float.magnitude)
    case .int(let n): return .int(try magnitude(n, call))
    case .duration(let n): return .duration(try magnitude(n, call))
    case .size(let n): return .size(try magnitude(n, call))
    default: return .null
    }
  }

  private static func magnitude(_ n: Int, _ call: borrowing Call) throws -> Int {
    guard let result = Int(exactly: n.magnitude) else {
      throw call.error(.range, "the result does not fit in 64 bits", at: 0)
    }
    return result
  }

  private static let round = Command(
    "round", "Round to the nearest whole number, or to some decimal places",
    details: "Halves go away from zero. With DIGITS the result is a float.",
    parameters: [number, Parameter("digits", .count, .optional, "decimal places, up to 20")],
    traits: .pure,
    examples: [Example("print (round 2.5) (round 3.14159 2)", "3 3.14")]
  ) { call in
    guard call.has(1) else { return try whole(call) { $0.rounded() } }
    if call.int(1) > 20 { throw call.bad("number of digits", must: "from 0 to 20", at: 1) }
    guard case .float(let float) = call.value(0) else { return .float(Double(call.int(0))) }
    return .float(rounded(float, digits: call.int(1)))
  }

  private static func rounded(_ float: Double, digits: Int) -> Double {
    var float = float
    // A half has no more binary places than one more than decimal ones. C rounds it to even, so
    // that it must lie a little farther from zero.
    let scaled = float * Double(1 << (digits + 1))
    if scaled.magnitude < 0x1p53, scaled == scaled.rounded(.towardZero),
      Int(scaled) & 1 == 1
    {
      float = Double(signOf: float, magnitudeOf: float.magnitude.nextUp)
    }
    return Double(fixedText(float, digits: digits)) ?? float
  }

  private static let floor = Command(
    "floor", "Yield the greatest whole number that is not above a number",
    parameters: [number], traits: .pure,
    examples: [Example("print (floor 2.7) (floor -2.1)", "2 -3")]
  ) { call in try whole(call) { $0.rounded(.down) } }

  private static let ceil = Command(
    "ceil", "Yield the least whole number that is not below a number", parameters: [number],
    traits: .pure, examples: [Example("print (ceil 2.1) (ceil -2.7)", "3 -2")]
  ) { call in try whole(call) { $0.rounded(.up) } }

  private static func whole(
    _ call: borrowing Call, _ rounded: (Double) -> Double
  ) throws -> Value {
    guard case .float(let float) = call.value(0) else { return call.value(0) }
    guard let int = Int(exactly: rounded(float)) else {
      throw call.error(.range, "\(floatText(float)) has no whole number in 64 bits near it", at: 0)
    }
    return .int(int)
  }

  private static let sqrt = Command(
    "sqrt", "Yield the square root", parameters: [number], traits: .pure,
    examples: [Example("print (sqrt 2) (sqrt 9)", "1.4142135623730951 3.0")]
  ) { call in
    let float = double(call.value(0))
    if float < 0 { throw call.error(.range, "a negative number has no square root", at: 0) }
    return .float(float.squareRoot())
  }

  private static let pow = Command(
    "pow", "Raise a number to a power; whole numbers stay whole",
    parameters: [number, Parameter("exponent", .number)], traits: .pure,
    examples: [Example("print (pow 2 10) (pow 2 -1) (pow 2 0.5)", "1024 0.5 1.4142135623730951")]
  ) { call in
    if case .int(let base) = call.value(0), case .int(let exponent) = call.value(1), exponent >= 0 {
      guard let result = wholePower(base, exponent) else {
        throw call.error(
          .range, "the power does not fit in 64 bits",
          help: "floats hold greater numbers: pow \(base).0 …")
      }
      return .int(result)
    }
    let (base, exponent) = (double(call.value(0)), double(call.value(1)))
    if base == 0, exponent < 0, exponent.isFinite {
      throw call.error(
        .range, "division by zero: \(call.value(0).asText) to a negative power", at: 1)
    }
    let result = Glibc.pow(base, exponent)
    if result.isNaN, !base.isNaN, !exponent.isNaN {
      throw call.error(.range, "a negative number has no power with a fraction", at: 1)
    }
    return .float(result)
  }

  /// A power by squaring, nil if it does not fit.
  private static func wholePower(_ base: Int, _ exponent: Int) -> Int? {
    var result = 1
    var square = base
    var rest = exponent
    var isSquareOver = false
    while rest > 0 {
      if rest & 1 == 1 {
        let (product, isOver) = result.multipliedReportingOverflow(by: square)
        if isOver || isSquareOver { return nil }
        result = product
      }
      rest >>= 1
      let (next, isOver) = square.multipliedReportingOverflow(by: square)
      isSquareOver = isSquareOver || isOver
      square = next
    }
    return result
  }

  private static func double(_ value: Value) -> Double {
    switch value {
    case .int(let int): Double(int)
    case .float(let float): float
    default: 0
    }
  }

  private static let random = Command(
    "random", "Yield a random number or item",
    details: """
      Alone a float from 0 up to, but not including, 1. With N a whole number from 0 up to, but \
      not including, N. With LOW and HIGH a whole number from LOW to HIGH, both included. With a \
      list or range one of its items. A forked child draws other numbers than its parent.

      `config random.seed N` makes all of them repeat, in forked children and tasks of pools, too.
      """,
    parameters: [
      Parameter("low", .any, .optional, "N, a list or the least number"),
      Parameter("high", .int, .optional, "the greatest number"),
    ], traits: .pure,
    examples: [
      Example("print (random 1 6)", "…"), Example("print (random 1) (random [a])", "0 a"),
      Example(
        "config random.seed 42\nlet first = random 100\nconfig random.seed 42\n"
          + "print ($first == (random 100))", "true"),
    ]
  ) { call in
    var source = call.session.random
    guard call.has(0) else { return .float(Double.random(in: 0..<1, using: &source)) }
    switch call.value(0) {
    case .int(let low):
      guard call.has(1) else {
        if low < 1 { throw call.bad("number", must: "at least 1", at: 0) }
        return .int(Int.random(in: 0..<low, using: &source))
      }
      if low > call.int(1) {
        throw call.error(.range, "there is no number from \(low) to \(call.int(1))", at: 1)
      }
      return .int(Int.random(in: low...call.int(1), using: &source))
    case .list(let list) where !call.has(1):
      let item = list.items.randomElement(using: &source)
      guard let item else { throw call.emptyError("item") }
      return item
    case .range(let range) where !call.has(1):
      if range.isEmpty { throw call.error(.empty, "the range is empty", at: 0) }
      return .int(Int.random(in: range.start...range.last, using: &source))
    default:
      throw call.bad(
        "bound", must: call.has(1) ? "a whole number" : "a whole number or a list", at: 0)
    }
  }
}
