import Language
import Session

/// Sorting, and picking by size.
enum OrderCommands {
  static let family = CommandFamily("Order", [sort, unique, min, max, groupBy, shuffle])

  private static let list = Parameter("list", .list, .required, "a list, range, map or stream")
  private static let by = Flag("by", .keyFunction, "compare what this makes of the items")

  private static let sort = Command(
    "sort", "Sort a list; equal items stay in the order they came in",
    details: """
      Numbers, texts (by scalars), durations, sizes, times, truth values and lists have an order, \
      each among their like.
      """,
    parameters: [list], flags: [by, Flag("reverse", nil, "the greatest first")],
    traits: [.pure, .copies],
    examples: [
      Example("print (sort [3, 1, 2]) (sort [b, a] --reverse)", "[1, 2, 3] [\"b\", \"a\"]"),
      Example("print (sort [ccc, a, bb] --by len)", "[\"a\", \"bb\", \"ccc\"]"),
    ]
  ) { call in
    let items = call.list(0)
    let descending = call.isSet("reverse")
    guard let by = call.itemFunction(flag: "by") else {
      return .items(try sorted(items, descending: descending, call.interpreter))
    }
    let keys = try by.results(over: call[0])
    return .items(try sorted(items, by: keys, descending: descending, call.interpreter))
  }

  private static let unique = Command(
    "unique", "List the items without those equal to an earlier one",
    parameters: [list], flags: [by], traits: [.pure, .copies],
    examples: [
      Example("print (unique [2, 1, 2, 1.0])", "[2, 1]"),
      Example("print (unique [a, bb, c] --by len)", "[\"a\", \"bb\"]"),
    ]
  ) { call in
    let items = call.list(0)
    let keys = try call.itemFunction(flag: "by")?.results(over: call[0]) ?? items
    try items.requireCopy(6)
    var seen = ValueSet()
    let interpreter = call.interpreter
    return .items(
      try Swift.zip(items, keys).filter {
        try interpreter.checkAttention()
        return seen.insert($0.1)
      }.map(\.0))
  }

  private static let values = Parameter("value", .any, .rest, "a list, or the values themselves")

  private static let min = Command(
    "min", "Yield the least of a list or of several values, the first if there are equals",
    details: "Where a nan is among them, it is the result.", parameters: [values], flags: [by],
    traits: .pure,
    examples: [Example("print (min [3, 1, 2]) (min 2s 300ms)", "1 300ms")]
  ) { call in try extreme(call, "least value") { try precedes($0, $1) } }

  private static let max = Command(
    "max", "Yield the greatest of a list or of several values, the first if there are equals",
    details: "Where a nan is among them, it is the result.", parameters: [values], flags: [by],
    traits: .pure,
    examples: [Example("print (max [3, 1, 2]) (max [a, ccc, bb] --by len)", "3 ccc")]
  ) { call in try extreme(call, "greatest value") { try precedes($1, $0) } }

  private static func extreme(
    _ call: borrowing Call, _ wanted: String, isBetter: (Value, Value) throws -> Bool
  ) throws -> Value {
    let items: [Value]
    switch call.count == 1 ? call.value(0) : .null {
    case .list, .range, .map, .stream: items = try call.itemsToCopy(0)
    default: items = call.rest(from: 0).map(\.plain)
    }
    let keys = try call.itemFunction(flag: "by")?.results(over: .items(items)) ?? items
    guard var bestKey = keys.first, var best = items.first else {
      throw call.emptyError(wanted)
    }
    for (item, key) in Swift.zip(items, keys).dropFirst() {
      try call.interpreter.checkAttention()
      if bestKey.isNaN { break }
      guard try key.isNaN || isBetter(key, bestKey) else { continue }
      best = item
      bestKey = key
    }
    return best
  }

  private static let groupBy = Command(
    "group-by", "Make a map from what a function yields to the list of items that gave it",
    parameters: [list, Parameter("function", .keyFunction)], traits: .pure,
    examples: [
      Example(
        "print (group-by [1, 2, 3] { |x| if $x % 2 == 0 { \"even\" } else { \"odd\" } })",
        "[odd: [1, 3], even: [2]]")
    ]
  ) { call in
    let groups = MapObject()
    let keys = try call.itemFunction(1).results(over: call[0])
    var members: [[Value]] = []
    for (item, key) in Swift.zip(call.list(0), keys) {
      try call.interpreter.checkAttention()
      guard key.isKey else {
        throw ErrorObject.badValue(
          "key of the group", must: "text, a number or a truth value", is: key)
      }
      if case .int(let place)? = groups.get(key) {
        members[place].append(item)
      } else {
        groups.set(key, .int(members.count))
        members.append([item])
      }
    }
    let result = MapObject()
    for (key, group) in Swift.zip(groups.keys, members) { result.set(key, .items(group)) }
    return try nested(.map(result))
  }

  private static let shuffle = Command(
    "shuffle", "List the items in a random order", parameters: [list], traits: [.pure, .copies],
    examples: [Example("print (sort (shuffle [1, 2, 3]))", "[1, 2, 3]")]
  ) { call in
    var items = call.list(0)
    try items.requireCopy()
    var random = call.session.random
    // Fisher and Yates, as Durstenfeld (1964) has it.
    for last in items.indices.dropFirst().reversed() {
      try call.interpreter.checkAttention()
      items.swapAt(last, Int.random(in: 0...last, using: &random))
    }
    return .items(items)
  }
}

extension Value {
  /// Whether it is the float that is no number.
  fileprivate var isNaN: Bool {
    if case .float(let float) = plain { return float.isNaN }
    return false
  }
}
