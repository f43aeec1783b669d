import Language

/// A function as `map`, `filter` and their like call it.
///
/// It gets the item, or item and index where it has exactly two required parameters; of a map the
/// key, or key and value.
struct ItemFunction {
  private let interpreter: Interpreter
  private let function: Value
  private let takesTwo: Bool

  init(_ function: Value, _ interpreter: Interpreter) {
    self.interpreter = interpreter
    self.function = function
    takesTwo = interpreter.parameterCount(function) == 2
  }

  func callAsFunction(_ item: Value, _ index: Int) throws -> Value {
    try interpreter.invoke(function, takesTwo ? [item, .int(index)] : [item]).plain
  }

  /// Calls it as a condition.
  func test(_ item: Value, _ index: Int) throws -> Bool {
    try truth(of: self(item, index))
  }

  /// Runs over a list, map, range, text or stream until the body says false; unless `wantsValue`, a
  /// report stays one.
  func run(
    over value: Value, wantsValue: Bool = true,
    _ body: (_ item: Value, _ result: Value) throws -> Bool
  ) throws {
    try interpreter.iterate(value) { item, second in
      let arguments = takesTwo ? [item, second] : [item]
      let result = try interpreter.invoke(function, arguments, wantsValue: wantsValue)
      return try body(item, wantsValue ? result.plain : result)
    }
  }

  /// The function's results for all items.
  func results(over value: Value) throws -> [Value] {
    var results: [Value] = []
    if case .list(let list) = value {
      try results.requireRoom(list.items.count)
      results.reserveCapacity(list.items.count)
    }
    try run(over: value) { _, result in
      try results.add(result)
      return true
    }
    return results
  }
}

/// The truth value that a condition yielded.
func truth(of result: Value) throws -> Bool {
  if case .bool(let bool) = result { return bool }
  throw ErrorObject.badValue("result of the condition", must: "true or false", is: result)
}

/// A stream made of another one, item by item, as they are asked for.
final class DerivedStream: StreamObject {
  private let source: StreamObject
  private let step: (Value, Int) throws -> Value?
  private var index = 0
  /// How many such streams it stands on, itself included, which call each other.
  private let depth: Int

  /// Makes a stream of what `step` makes of each item and its index; nil leaves the item out.
  init(_ source: StreamObject, _ step: @escaping (Value, Int) throws -> Value?) throws {
    depth = ((source as? DerivedStream)?.depth ?? 0) + 1
    if depth > maximumDepth {
      throw ErrorObject(
        .limit, "streams can be made of each other at most \(maximumDepth) times",
        help: "collect one in between")
    }
    self.source = source
    self.step = step
  }

  override func next() throws -> Value? {
    while let item = try source.next() {
      index += 1
      if let result = try step(item, index - 1) { return result }
    }
    return nil
  }

  override func close() { source.close() }
}
