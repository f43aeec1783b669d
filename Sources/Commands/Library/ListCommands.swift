import Language

/// Making lists and taking them apart, without functions.
enum ListCommands {
  static let family = CommandFamily(
    "Lists",
    [
      len, range, collect, first, last, take, drop, slice, reverse, ListShapes.enumerate,
      ListShapes.zip, ListShapes.flatten, ListShapes.chunks, ListShapes.insert, ListShapes.remove,
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
    let interpreter = call.interpreter
    try LargeMemory.require(Int(count), of: MemoryLayout<Value>.stride)
    let items = try [Value](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      for i in 0..<Int(count) {
        if i & 0xFFFF == 0 { try interpreter.checkAttention() }
        buffer.initializeElement(at: i, to: .int(start &+ i &* step))
        filled = i + 1
      }
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
      try items.add(item)
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
      return .stream(try DerivedStream(stream) { item, index in index < unwanted ? nil : item })
    }
    let items = try call.itemsToCopy(0)
    try items.requireCopy()
    return .items(Array(items.dropFirst(unwanted)))
  }

  private static let slice = Command(
    "slice", "Take the part from a start up to, but not including, an end",
    details: "Negative places count from the end. Places beyond the ends are moved to them.",
    parameters: [
      Parameter("value", .any, .required, "a list, text, bytes or range"),
      Parameter("start", .int), Parameter("end", .int, .optional, "the length by default"),
    ], traits: [.pure, .copies],
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
      try LargeMemory.require(min(string.byteCount, range.count &* 4))
      return .string(string.slice(range.lowerBound, range.upperBound))
    case .bytes(let bytes):
      return .bytes(BytesObject(Array(bytes.bytes[bounds(bytes.bytes.count)])))
    case .list, .range:
      let items = try call.itemsToCopy(0)
      try items.requireCopy()
      return .items(Array(items[bounds(items.count)]))
    default: throw call.bad("value", must: "a list, text, bytes or range", at: 0)
    }
  }

  private static let reverse = Command(
    "reverse", "Reverse a list or text", parameters: [list], traits: [.pure, .copies],
    examples: [Example("print (reverse [1, 2, 3]) (reverse abc)", "[3, 2, 1] cba")]
  ) { call in
    if case .string(let string) = call.value(0) {
      return .string(try reversed(string, call.interpreter))
    }
    let items = try call.itemsToCopy(0)
    try items.requireCopy()
    return .items(items.reversed())
  }

  private static func reversed(
    _ text: StringObject, _ interpreter: Interpreter
  ) throws -> StringObject {
    try text.withBytes { bytes in
      var result: [UInt8] = []
      try LargeMemory.require(bytes.count * 2)
      result.reserveCapacity(bytes.count)
      var end = bytes.count
      while end > 0 {
        var start = end - 1
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        result += bytes[start..<end]
        end = start
        if end & 0xFFF == 0 { try interpreter.checkAttention() }
      }
      return result.withUnsafeBufferPointer { StringObject.make(valid: $0) }
    }
  }
}
