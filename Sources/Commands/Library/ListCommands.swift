import Language

/// Making lists and taking them apart, without functions.
enum ListCommands {
  static let family = CommandFamily(
    "Lists",
    [
      len, range, collect, first, last, take, drop, slice, reverse, enumerate, zip, flatten, chunks,
      insert, remove,
    ])

  private static let list = Parameter("list", .iterable, .required, "a list, range, map or stream")

  private static let len = Command(
    "len", "Count items, entries, characters or bytes",
    details: "The length of a text is its number of Unicode scalars, as Python counts.",
    parameters: [Parameter("value", .any)], traits: .pure,
    examples: [
      Example("print (len [1, 2, 3]) (len [a: 1]) (len \"héllo\") (len 1..10)", "3 1 5 10")
    ]
  ) { call in
    switch call.value(0) {
    case .string(let string): return .int(string.scalarCount)
    case .list(let list): return .int(list.items.count)
    case .map(let map): return .int(map.count)
    case .range(let range): return .int(range.count)
    case .bytes(let bytes): return .int(bytes.bytes.count)
    case .stream:
      throw call.error(
        .type, "a stream has no length before it was run through", at: 0,
        help: "collect it first: len (collect …)")
    default: throw call.bad("value", must: "a text, list, map, range or bytes", at: 0)
    }
  }

  private static let range = Command(
    "range", "List the whole numbers from a start up to, but not including, an end",
    parameters: [
      Parameter("start", .int, .required, "the first number; the end if it stands alone"),
      Parameter("end", .int, .optional, "the number to stop before"),
      Parameter("step", .int, .optional, "what to add each time, 1 by default"),
    ], traits: .pure,
    examples: [
      Example("print (range 3) (range 1 4)", "[0, 1, 2] [1, 2, 3]"),
      Example("print (range 0 10 5) (range 3 0 -1)", "[0, 5] [3, 2, 1]"),
    ]
  ) { call in
    let start = call.has(1) ? call.int(0) : 0
    let end = call.has(1) ? call.int(1) : call.int(0)
    let step = call.has(2) ? call.int(2) : 1
    if step == 0 { throw call.error(.range, "the step of a range cannot be 0", at: 2) }
    if step > 0 ? start >= end : start <= end { return .items([]) }
    // The difference of two ints always fits an unsigned one.
    let distance = UInt(bitPattern: step > 0 ? end &- start : start &- end)
    let count = (distance - 1) / step.magnitude + 1
    if count > UInt(mostItems) { throw call.tooMany(at: call.has(1) ? 1 : 0) }
    let items = [Value](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      for i in 0..<Int(count) { buffer.initializeElement(at: i, to: .int(start &+ i &* step)) }
      filled = Int(count)
    }
    return .list(ListObject(items, depth: 1))
  }

  private static let collect = Command(
    "collect", "Run through a stream, range, map or text and list its items",
    details: "A map gives its keys, a text its characters (Unicode scalars).",
    parameters: [list],
    examples: [Example("print (collect 1..3) (collect \"ñb\")", "[1, 2, 3] [\"ñ\", \"b\"]")]
  ) { call in
    if case .list = call.value(0) { return call.value(0) }
    return try listed(try call.items(0))
  }

  private static let first = Command(
    "first", "Yield the first item; an `empty` error if there is none",
    parameters: [list], examples: [Example("print (first [7, 8, 9])", "7")]
  ) { call in
    var result: Value?
    try call.interpreter.iterate(call.value(0)) { item, _ in
      result = item
      return false
    }
    guard let result else { throw call.emptyError("first item") }
    return result
  }

  private static let last = Command(
    "last", "Yield the last item; an `empty` error if there is none",
    parameters: [list], examples: [Example("print (last [7, 8, 9])", "9")]
  ) { call in
    if case .range(let range) = call.value(0), !range.isEmpty { return .int(range.last) }
    guard let last = try call.items(0).last else { throw call.emptyError("last item") }
    return last
  }

  private static let take = Command(
    "take", "List the first N items, or all if there are fewer",
    parameters: [list, Parameter("n", .count)],
    examples: [Example("print (range 100 |> take 3)", "[0, 1, 2]")]
  ) { call in
    let wanted = call.int(1)
    if case .list(let list) = call.value(0) { return .items(Array(list.items.prefix(wanted))) }
    var items: [Value] = []
    if wanted == 0 { return .items([]) }
    try call.interpreter.iterate(call.value(0)) { item, _ in
      items.append(item)
      return items.count < wanted
    }
    return try listed(items)
  }

  private static let drop = Command(
    "drop", "List all but the first N items; of a stream, yield the rest of it",
    parameters: [list, Parameter("n", .count)],
    examples: [Example("print ([1, 2, 3, 4] |> drop 2)", "[3, 4]")]
  ) { call in
    let unwanted = call.int(1)
    if case .stream(let stream) = call.value(0) {
      return .stream(DerivedStream(stream) { item, index in index < unwanted ? nil : item })
    }
    return .items(Array(try call.items(0).dropFirst(unwanted)))
  }

  private static let slice = Command(
    "slice", "Take the part from a start up to, but not including, an end",
    details: "Negative places count from the end. Places beyond the ends are moved to them.",
    parameters: [
      Parameter("value", .any, .required, "a list, text, bytes or range"),
      Parameter("start", .int), Parameter("end", .int, .optional, "the length by default"),
    ], traits: .pure,
    examples: [Example("print (slice [1, 2, 3, 4] 1 -1) (slice \"abcdef\" 4)", "[2, 3] ef")]
  ) { call in
    let start = call.int(1)
    let end = call.has(2) ? call.int(2) : nil
    func bounds(_ count: Int) -> Range<Int> {
      func place(_ index: Int) -> Int { max(0, min(index < 0 ? index + count : index, count)) }
      return place(start)..<max(place(start), place(end ?? count))
    }
    switch call.value(0) {
    case .string(let string):
      let range = bounds(string.scalarCount)
      return .string(string.slice(range.lowerBound, range.upperBound))
    case .bytes(let bytes):
      return .bytes(BytesObject(Array(bytes.bytes[bounds(bytes.bytes.count)])))
    case .list, .range:
      let items = try call.items(0)
      return .items(Array(items[bounds(items.count)]))
    default: throw call.bad("value", must: "a list, text, bytes or range", at: 0)
    }
  }

  private static let reverse = Command(
    "reverse", "Turn a list or text around", parameters: [list], traits: .pure,
    examples: [Example("print (reverse [1, 2, 3]) (reverse abc)", "[3, 2, 1] cba")]
  ) { call in
    if case .string(let string) = call.value(0) {
      var result = String.UnicodeScalarView()
      result.append(contentsOf: string.string.unicodeScalars.reversed())
      return .text(String(result))
    }
    return .items(try call.items(0).reversed())
  }

  private static let enumerate = Command(
    "enumerate", "List [index, item] pairs, counting from 0", parameters: [list],
    traits: .pure,
    examples: [Example("print (enumerate [a, b])", "[[0, \"a\"], [1, \"b\"]]")]
  ) { call in
    try listed(try call.items(0).enumerated().map { .items([.int($0.offset), $0.element]) })
  }

  private static let zip = Command(
    "zip", "List the first items of several lists together, then the second ones, and so on",
    details: "It ends with the shortest list.",
    parameters: [list, Parameter("more", .list, .rest)], traits: .pure,
    examples: [Example("print (zip [1, 2, 3] [a, b])", "[[1, \"a\"], [2, \"b\"]]")]
  ) { call in
    var lists = [try call.items(0)]
    for index in 1..<max(1, call.count) { lists.append(call.list(index)) }
    let shortest = lists.reduce(Int.max) { min($0, $1.count) }
    return try listed((0..<shortest).map { row in .items(lists.map { $0[row] }) })
  }

  private static let flatten = Command(
    "flatten", "Put the items of inner lists in their place",
    parameters: [list, Parameter("depth", .count, .optional, "how many levels, 1 by default")],
    traits: .pure,
    examples: [
      Example("print (flatten [1, [2, [3]]]) (flatten [1, [2, [3]]] 2)", "[1, 2, [3]] [1, 2, 3]")
    ]
  ) { call in
    var result: [Value] = []
    let depth = call.has(1) ? call.int(1) : 1
    try add(try call.items(0), depth, to: &result, call.interpreter)
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
        result.append(item)
      }
    }
    // Inner lists that are shared can unfold to far more than is in memory.
    if result.count > mostItems { throw tooManyItems }
  }

  private static let chunks = Command(
    "chunks", "Cut a list into lists of N items, the last one shorter",
    parameters: [list, Parameter("n", .count)], traits: .pure,
    examples: [Example("print (range 5 |> chunks 2)", "[[0, 1], [2, 3], [4]]")]
  ) { call in
    let size = call.int(1)
    if size == 0 { throw call.bad("chunk size", must: "at least 1", at: 1) }
    let items = try call.items(0)
    return try listed(
      stride(from: 0, to: items.count, by: min(size, max(1, items.count))).map { start in
        .items(Array(items[start...].prefix(size)))
      })
  }

  private static let insert = Command(
    "insert", "Yield a list with a value put in before a place",
    parameters: [
      Parameter("list", .list), Parameter("index", .int, .required, "negative ones from the end"),
      Parameter("value", .any),
    ], traits: .pure,
    examples: [Example("print (insert [1, 3] 1 2)", "[1, 2, 3]")]
  ) { call in
    var items = call.list(0)
    let given = call.int(1)
    let index = given < 0 ? given + items.count : given
    guard (0...items.count).contains(index) else { throw outside(call, items.count) }
    items.insert(call[2], at: index)
    return try listed(items)
  }

  private static let remove = Command(
    "remove", "Yield a list without the item at an index, or a map without a key",
    details: "A key that is not there is no error, an index that is not there is.",
    parameters: [
      Parameter("value", .any, .required, "a list or map"), Parameter("key", .any),
    ], traits: .pure,
    examples: [Example("print (remove [5, 6, 7] 1) (remove [a: 1, b: 2] a)", "[5, 7] [b: 2]")]
  ) { call in
    if case .map(let map) = call.value(0) {
      let copy = map.copy()
      copy.remove(call.value(1))
      return .map(copy)
    }
    guard case .list(let list) = call.value(0) else {
      throw call.bad("value", must: "a list or map", at: 0)
    }
    guard case .int(let given) = call.value(1) else {
      throw call.bad("index", must: "a whole number", at: 1)
    }
    var items = list.items
    let index = given < 0 ? given + items.count : given
    guard items.indices.contains(index) else { throw outside(call, items.count) }
    items.remove(at: index)
    return try listed(items)
  }

  private static func outside(_ call: borrowing Call, _ count: Int) -> ErrorObject {
    call.error(
      .range, "index \(call.int(1)) is outside the list, which has \(count) items", at: 1)
  }
}
