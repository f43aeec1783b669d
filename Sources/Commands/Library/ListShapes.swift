import Language

/// Lists in another shape: numbered, zipped, flattened, cut, with items put in or taken out.
enum ListShapes {
  private static let list = Parameter("list", .iterable, .required, "a list, range, map or stream")

  static let enumerate = Command(
    "enumerate", "List [index, item] pairs, counting from 0", parameters: [list],
    traits: .pure,
    examples: [Example("print (enumerate [a, b])", "[[0, \"a\"], [1, \"b\"]]")]
  ) { call in
    let interpreter = call.interpreter
    return try listed(
      try call.itemsToCopy(0).enumerated().map { index, item in
        try interpreter.checkAttention()
        return .items([.int(index), item])
      })
  }

  static let zip = Command(
    "zip", "List the first items of several lists together, then the second ones, and so on",
    details: "It ends with the shortest list.",
    parameters: [list, Parameter("more", .list, .rest)], traits: .pure,
    examples: [Example("print (zip [1, 2, 3] [a, b])", "[[1, \"a\"], [2, \"b\"]]")]
  ) { call in
    var lists = [try call.itemsToCopy(0)]
    for index in 1..<max(1, call.count) { lists.append(call.list(index)) }
    let shortest = lists.reduce(Int.max) { min($0, $1.count) }
    let interpreter = call.interpreter
    return try listed(
      try (0..<shortest).map { row in
        try interpreter.checkAttention()
        return .items(lists.map { $0[row] })
      })
  }

  static let flatten = Command(
    "flatten", "Replace inner lists by their items",
    parameters: [list, Parameter("depth", .count, .optional, "how many levels, 1 by default")],
    traits: [.pure, .copies],
    examples: [
      Example("print (flatten [1, [2, [3]]]) (flatten [1, [2, [3]]] 2)", "[1, 2, [3]] [1, 2, 3]")
    ]
  ) { call in
    var result: [Value] = []
    let depth = call.has(1) ? call.int(1) : 1
    try add(try call.itemsToCopy(0), depth, to: &result, call.interpreter)
    return .items(result)
  }

  private static func add(
    _ items: [Value], _ depth: Int, to result: inout [Value], _ interpreter: Interpreter
  ) throws {
    try interpreter.checkAttention()
    for item in items {
      if depth > 0, case .list(let inner) = item.plain {
        try add(inner.items, depth - 1, to: &result, interpreter)
      } else {
        try result.add(item)
      }
    }
    // Inner lists that are shared can unfold to far more than is in memory.
    if result.count > mostItems { throw tooManyItems }
  }

  static let chunks = Command(
    "chunks", "Split a list into lists of N items, the last one shorter",
    parameters: [list, Parameter("n", .count)], traits: .pure,
    examples: [Example("print (range 5 |> chunks 2)", "[[0, 1], [2, 3], [4]]")]
  ) { call in
    let size = call.int(1)
    if size == 0 { throw call.bad("chunk size", must: "at least 1", at: 1) }
    let items = try call.itemsToCopy(0)
    let interpreter = call.interpreter
    return try listed(
      try stride(from: 0, to: items.count, by: min(size, max(1, items.count))).map { start in
        try interpreter.checkAttention()
        return .items(Array(items[start...].prefix(size)))
      })
  }

  static let insert = Command(
    "insert", "Yield a list with a value put in before a place",
    parameters: [
      Parameter("list", .list), Parameter("index", .int, .required, "negative ones from the end"),
      Parameter("value", .any),
    ], traits: [.pure, .copies],
    examples: [Example("print (insert [1, 3] 1 2)", "[1, 2, 3]")]
  ) { call in
    var items = call.list(0)
    try items.requireCopy()
    let given = call.int(1)
    let index = given < 0 ? given + items.count : given
    guard (0...items.count).contains(index) else { throw outside(call, items.count) }
    items.insert(call[2], at: index)
    return try listed(items)
  }

  static let remove = Command(
    "remove", "Yield a list without the item at an index, or a map without a key",
    details: """
      A key that is not there is no error, an index that is not there is. A range of indexes takes \
      out what it would yield as an index.
      """,
    parameters: [
      Parameter("value", .any, .required, "a list, range or map"), Parameter("key", .any),
    ], traits: [.pure, .copies],
    examples: [
      Example("print (remove [5, 6, 7] 1) (remove [a: 1, b: 2] a)", "[5, 7] [b: 2]"),
      Example("print (remove [5, 6, 7, 8] 1..2)", "[5, 8]"),
    ]
  ) { call in
    if case .map(let map) = call.value(0) {
      try map.requireCopy()
      let copy = map.copy()
      copy.remove(call.value(1))
      return .map(copy)
    }
    switch call.value(0) {
    case .list, .range: break
    default: throw call.bad("value", must: "a list, range or map", at: 0)
    }
    var items = try call.itemsToCopy(0)
    try items.requireCopy()
    if case .range(let range) = call.value(1) {
      items.removeSubrange(range.bounds(within: items.count))
      return try listed(items)
    }
    guard case .int(let given) = call.value(1) else {
      throw call.bad("index", must: "a whole number or a range", at: 1)
    }
    let index = given < 0 ? given + items.count : given
    guard items.indices.contains(index) else { throw outside(call, items.count) }
    items.remove(at: index)
    return try listed(items)
  }

  private static func outside(_ call: borrowing Call, _ count: Int) -> ErrorObject {
    call.error(
      .range, "index \(call.int(1)) is outside a list of length \(count)", at: 1)
  }
}
