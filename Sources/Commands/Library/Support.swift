import Language

/// A list of values that may be containers themselves, none nested too deeply.
func listed(_ items: [Value]) throws -> Value { try nested(.list(ListObject(items))) }

extension [Value] {
  /// Throws `limit` unless there is memory for as many items again, or so many times as many.
  func requireCopy(_ times: Int = 1) throws {
    try LargeMemory.require(count &* times, of: MemoryLayout<Value>.stride)
  }
}

/// A value that was put together, unless it is nested too deeply.
func nested(_ value: Value) throws -> Value {
  if value.depth > maximumDepth {
    throw ErrorObject(.limit, "values can be nested at most \(maximumDepth) levels deep")
  }
  return value
}

/// For a list that would be too long.
var tooManyItems: ErrorObject {
  ErrorObject(.limit, "a list of more than 100 million items would be needed")
}

extension Call {
  /// An argument without the mark of a report.
  func value(_ index: Int) -> Value { self[index].plain }

  /// The items of an argument that a loop could run over.
  func items(_ index: Int) throws -> [Value] {
    let value = value(index)
    switch value {
    case .list(let list): return list.items
    case .range(let range) where range.count > mostItems: throw tooMany(at: index)
    default: return try interpreter.collect(value)
    }
  }

  /// The items of an argument for a command that yields about as many; throws `limit` where there is
  /// no memory for those.
  func itemsToCopy(_ index: Int) throws -> [Value] {
    let items = try items(index)
    try LargeMemory.require(items.count, of: MemoryLayout<Value>.stride)
    return items
  }

  /// `bad WHAT: it must be VALID, but is …`, pointing at the argument.
  func bad(
    _ what: String, must valid: String, at index: Int, help: String? = nil
  ) -> ErrorObject {
    ErrorObject.badValue(
      what, must: valid, is: value(index), help: help, location: location(index))
  }

  func tooMany(at index: Int) -> ErrorObject {
    let error = tooManyItems
    error.location = location(index)
    return error
  }

  func tooLong() -> ErrorObject {
    error(.limit, "the text would be longer than \(sizeText(mostBytes))")
  }

  /// For a list where there is nothing to yield.
  func emptyError(_ wanted: String) -> ErrorObject {
    error(.empty, "an empty list has no \(wanted)", at: 0)
  }

  /// The text of an argument that the declaration has made a text.
  func string(_ index: Int) -> StringObject {
    if case .string(let string) = self[index] { return string }
    return StringObject.make(self[index].asText)
  }

  /// The text of an optional argument.
  func string(_ index: Int, default text: String) -> StringObject {
    has(index) ? string(index) : StringObject.make(text)
  }

  /// The function of an argument, to be called with items.
  func itemFunction(_ index: Int) -> ItemFunction { ItemFunction(value(index), interpreter) }

  /// The function of a flag, nil if the flag was not given.
  func itemFunction(flag name: String) -> ItemFunction? {
    flag(name).map { ItemFunction($0.plain, interpreter) }
  }
}

extension Interpreter {
  /// Lets signal handlers run, and Ctrl-C end a long loop that runs no code of the program.
  @inline(__always)
  func checkAttention() throws {
    if host.attention.pointee != 0 { try host.attend(self) }
  }
}

extension ParameterType {
  /// A whole number that is not negative.
  static let count = int.named("count").atLeast(0)

  /// A function that picks what to compare; a field's name is a likely slip for one.
  static let keyFunction = ParameterType(
    "function", "a block or a function", completion: .command
  ) { input in
    if case .closure = input.value { return input.value }
    guard let word = input.word else { return nil }
    do {
      return try input.interpreter.function(named: word)
    } catch let error as ErrorObject where isName(word) {
      throw error.amended { $0.help = "for the field '\(word)' write { |x| $x.\(word) }" }
    }
  }

  /// An int, float, duration or size.
  static let quantity = ParameterType("number", "a number, duration or size") { input in
    switch input.value {
    case .int, .float, .duration, .size: return input.value
    default: return nil
    }
  }
}
