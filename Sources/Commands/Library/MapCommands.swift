import Language

/// Maps as a whole; their entries have `$map.key` and `map.key = value`.
enum MapCommands {
  static let family = CommandFamily("Maps", [keys, values, pairs, merge, toMap])

  private static let map = Parameter("map", .any, .required, "a map, or a handle with fields")

  private static let keys = Command(
    "keys", "List the keys of a map in their order", parameters: [map], traits: .pure,
    examples: [Example("print (keys [a: 1, b: 2])", "[\"a\", \"b\"]")]
  ) { call in
    switch call.value(0) {
    case .map(let map):
      try requireRoom(for: map)
      return .items(map.keys)
    case .handle(let handle): return .items(handle.fieldNames.map { .text($0) })
    default: throw call.bad("value", must: "a map", at: 0)
    }
  }

  private static let values = Command(
    "values", "List the values of a map in their order", parameters: [map], traits: .pure,
    examples: [Example("print (values [a: 1, b: 2])", "[1, 2]")]
  ) { call in
    switch call.value(0) {
    case .map(let map):
      try requireRoom(for: map)
      return .items(map.pairs.map(\.value))
    case .handle(let handle):
      return .items(try handle.fieldNames.map { try handle.field($0) ?? .null })
    default: throw call.bad("value", must: "a map", at: 0)
    }
  }

  private static let pairs = Command(
    "pairs", "List the [key, value] pairs of a map in their order",
    parameters: [Parameter("map", .map)], traits: .pure,
    examples: [Example("print (pairs [a: 1, b: 2])", "[[\"a\", 1], [\"b\", 2]]")]
  ) { call in
    guard case .map(let map) = call.value(0) else { return .null }
    // A small list for each.
    try LargeMemory.require(map.count, of: 8 * MemoryLayout<Value>.stride)
    return try listed(map.pairs.map { .items([$0.key, $0.value]) })
  }

  /// For a list of what a map has, made by way of its pairs.
  private static func requireRoom(for map: MapObject) throws {
    try LargeMemory.require(map.count, of: 3 * MemoryLayout<Value>.stride)
  }

  private static let merge = Command(
    "merge", "Yield a map with the entries of all maps; later ones win",
    parameters: [Parameter("map", .map), Parameter("more", .map, .rest)], traits: [.pure, .copies],
    examples: [Example("print (merge [a: 1, b: 2] [b: 3, c: 4])", "[a: 1, b: 3, c: 4]")]
  ) { call in
    guard case .map(let first) = call[0] else { return .null }
    try first.requireCopy()
    let result = first.copy()
    for index in 1..<max(1, call.count) {
      guard case .map(let map) = call[index] else { continue }
      for (key, value) in map.pairs {
        try result.requireRoom()
        result.set(key, value)
      }
    }
    return try nested(.map(result))
  }

  private static let toMap = Command(
    "to-map", "Make a map of [key, value] pairs",
    parameters: [Parameter("pairs", .list)], traits: .pure,
    examples: [Example("print (zip [a, b] [1, 2] |> to-map)", "[a: 1, b: 2]")]
  ) { call in
    let result = MapObject()
    for item in call.list(0) {
      guard case .list(let pair) = item.plain, pair.items.count == 2, pair.items[0].isKey else {
        let error = ErrorObject.badValue("entry", must: "a [key, value] pair", is: item)
        error.location = call.location(0)
        throw error
      }
      try result.requireRoom()
      result.set(pair.items[0], pair.items[1])
    }
    return try nested(.map(result))
  }
}
