import Language

/// Running a function over the items of a list.
enum LoopCommands {
  static let family = CommandFamily("Loops over lists", [map, filter, each, reduce, any, all])

  private static let list = Parameter("list", .iterable, .required, "a list, range, map or stream")
  private static let function = Parameter(
    "function", .function, .required,
    "gets the item, or item and index if it has two parameters; of a map key, or key and value")

  private static let map = Command(
    "map", "List what a function makes of each item",
    details: "Of a stream it yields a stream, which works as its items are asked for.",
    parameters: [list, function],
    examples: [
      Example("print (map [1, 2, 3] { |x| $x * 2 })", "[2, 4, 6]"),
      Example(
        "print ([a, b] |> map { |x, i| \"$i$x\" }) (map [ab, c] len)", "[\"0a\", \"1b\"] [2, 1]"),
    ]
  ) { call in
    let function = call.itemFunction(1)
    if case .stream(let stream) = call.value(0) {
      return .stream(try DerivedStream(stream) { try function($0, $1) })
    }
    return try listed(try function.results(over: call.value(0)))
  }

  private static let filter = Command(
    "filter", "List the items for which a function yields true",
    details: "Of a map it yields a map, of a stream a stream.", parameters: [list, function],
    examples: [
      Example("print (range 6 |> filter { |x| $x % 2 == 0 })", "[0, 2, 4]"),
      Example("print (filter [a: 1, b: 2] { |key, value| $value > 1 })", "[b: 2]"),
    ]
  ) { call in
    let function = call.itemFunction(1)
    switch call.value(0) {
    case .stream(let stream):
      return .stream(try DerivedStream(stream) { try function.test($0, $1) ? $0 : nil })
    case .map(let map):
      let kept = MapObject()
      try function.run(over: .map(map)) { key, result in
        if try truth(of: result), let value = map.get(key) { kept.set(key, value) }
        return true
      }
      return .map(kept)
    default:
      var kept: [Value] = []
      try function.run(over: call.value(0)) { item, result in
        if try truth(of: result) { try kept.add(item) }
        return true
      }
      return try listed(kept)
    }
  }

  private static let each = Command(
    "each", "Run a function on each item, for its effects",
    parameters: [list, function],
    examples: [Example("each [a, b] { |x, i| print $i $x }", "0 a\n1 b")]
  ) { call in
    let interpreter = call.interpreter
    // What the function yields is not used: its reports are printed.
    try call.itemFunction(1).run(over: call.value(0), wantsValue: false) { _, result in
      try interpreter.printReport(result)
      return true
    }
    return .null
  }

  private static let reduce = Command(
    "reduce", "Combine all items by a function of the result so far and the next item",
    details: "Without INIT the first item is the beginning, and an empty list an `empty` error.",
    parameters: [
      list, Parameter("function", .function, .required, "gets the result so far and the item"),
      Parameter("init", .any, .optional, "the result before the first item"),
    ],
    examples: [
      Example("print (reduce [1, 2, 3, 4] { |product, x| $product * $x })", "24"),
      Example("print (reduce [b, c] { |text, x| \"$text$x\" } a)", "abc"),
    ]
  ) { call in
    let interpreter = call.interpreter
    let function = call.value(1)
    var result: Value? = call.has(2) ? call[2] : nil
    try interpreter.iterate(call.value(0)) { item, _ in
      if let soFar = result {
        result = try interpreter.invoke(function, [soFar, item]).plain
      } else {
        result = item
      }
      return true
    }
    guard let result else {
      throw call.error(
        .empty, "an empty list cannot be reduced without a beginning", at: 0,
        help: "give one: reduce LIST FUNCTION INIT")
    }
    return result
  }

  private static let condition = Parameter(
    "function", .function, .optional, "a condition; without it the items are true or false")

  private static let any = Command(
    "any", "Whether a condition holds for at least one item",
    details: "It stops at the first such item. Of an empty list it is false.",
    parameters: [list, condition],
    examples: [Example("print (any [1, 5] { |x| $x > 3 }) (any [])", "true false")]
  ) { call in .bool(try find(true, call)) }

  private static let all = Command(
    "all", "Whether a condition holds for every item",
    details: "It stops at the first item that is against it. Of an empty list it is true.",
    parameters: [list, condition],
    examples: [Example("print (all [1, 5] { |x| $x > 3 }) (all [true, true])", "false true")]
  ) { call in .bool(!(try find(false, call))) }

  /// Whether the condition yields the wanted truth value for any item.
  private static func find(_ wanted: Bool, _ call: borrowing Call) throws -> Bool {
    var isFound = false
    func look(_ result: Value) throws -> Bool {
      isFound = try truth(of: result) == wanted
      return !isFound
    }
    if call.has(1) {
      try call.itemFunction(1).run(over: call.value(0)) { _, result in try look(result) }
    } else {
      try call.interpreter.iterate(call.value(0)) { item, _ in try look(item) }
    }
    return isFound
  }
}
