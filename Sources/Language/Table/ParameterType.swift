/// What an argument must be, how other values become it, and what completes it.
public final class ParameterType: Sendable {
  /// What to offer when the user asks to complete an argument of this type.
  public enum Completion: Sendable {
    case nothing, file, directory, command, program, signal, variable
    /// Names of live things of a kind: `process`, `queue`.
    case live(String)
    case choices([String])
  }

  /// The converter's input: the value, and how it was spelled if it was a bare word.
  public struct Input {
    public let value: Value
    public let spelling: Value?
    public let interpreter: Interpreter
    /// The built-in that it is an argument of, for messages.
    public let command: Command?

    public init(
      value: Value, spelling: Value? = nil, interpreter: Interpreter, command: Command? = nil
    ) {
      self.value = value
      self.spelling = spelling
      self.interpreter = interpreter
      self.command = command
    }

    /// The word as typed, or the text of a string value; nil for anything else.
    public var word: String? {
      if let spelling { return spelling.asText }
      if case .string(let string) = value { return string.string }
      return nil
    }
  }

  /// A word for usage lines: `text`, `int`.
  public let name: String
  /// For messages: `a text`, `a whole number`.
  public let phrase: String
  public let completion: Completion
  let isAny: Bool
  /// What a number must be besides.
  let bounds: Bounds?
  /// What to do about a number beyond them.
  let boundsHelp: String?
  /// Converts, nil if the value does not fit; may throw an error that says more.
  let convert: @Sendable (Input) throws -> Value?
  /// Where a number stands that changes whenever a word may mean something else: until then a call
  /// need not convert the same word again.
  nonisolated(unsafe) let version: UnsafePointer<Int>?

  /// - Parameter version: where a number stands that changes whenever a word may mean something
  ///   else, for types that look words up.
  public convenience init(
    _ name: String, _ phrase: String, completion: Completion = .nothing,
    version: UnsafePointer<Int>? = nil, convert: @escaping @Sendable (Input) throws -> Value?
  ) {
    self.init(
      name, phrase, completion: completion, isAny: false, bounds: nil, version: version,
      convert: convert)
  }

  private init(
    _ name: String, _ phrase: String, completion: Completion, isAny: Bool, bounds: Bounds?,
    boundsHelp: String? = nil, version: UnsafePointer<Int>?,
    convert: @escaping @Sendable (Input) throws -> Value?
  ) {
    self.bounds = bounds
    self.boundsHelp = boundsHelp
    self.version = version
    self.name = name
    self.phrase = phrase
    self.completion = completion
    self.isAny = isAny
    self.convert = convert
  }

  /// The same conversion with other completions or wording.
  public func named(
    _ name: String, _ phrase: String? = nil, completion: Completion? = nil
  ) -> ParameterType {
    ParameterType(
      name, phrase ?? self.phrase, completion: completion ?? self.completion, isAny: isAny,
      bounds: bounds, boundsHelp: boundsHelp, version: version, convert: convert)
  }

  func bounded(_ bounds: Bounds, help: String? = nil) -> ParameterType {
    ParameterType(
      name, bounds.phrase(name), completion: completion, isAny: false, bounds: bounds,
      boundsHelp: help, version: version, convert: convert)
  }

  /// A value converted to this type; nil if it does not fit.
  ///
  /// Throws what the conversion throws. Bounds are not looked at.
  public func converted(_ input: Input) throws -> Value? { try convert(input) }

  /// Any value, as it is.
  public static let any = ParameterType(
    "value", "a value", completion: .nothing, isAny: true, bounds: nil, version: nil,
    convert: { $0.value })

  /// Any value, a bare word as it was typed.
  public static let spelled = ParameterType("value", "a value") { $0.spelling ?? $0.value }

  /// Text: bare words as typed, scalars as `print` writes them.
  public static let text = ParameterType("text", "a text") { input in
    if let spelling = input.spelling { return spelling }
    switch input.value {
    case .string: return input.value
    case .int, .float, .bool, .duration, .size, .time: return .text(input.value.asText)
    default: return nil
    }
  }

  public static let path = text.named("path", "a path", completion: .file)

  public static let int = ParameterType("int", "a whole number") { input in
    switch input.value {
    case .int: return input.value
    case .float(let float): return Int(exactly: float).map { .int($0) }
    default: return nil
    }
  }

  /// An int or a float.
  public static let number = ParameterType("number", "a number") { input in
    switch input.value {
    case .int, .float: return input.value
    default: return nil
    }
  }

  public static let bool = ParameterType(
    "bool", "true or false", completion: .choices(["true", "false"])
  ) { input in
    if case .bool = input.value { return input.value }
    return nil
  }

  /// A duration; a plain number counts as seconds.
  ///
  /// What is left of a time that is over is negative.
  public static let duration = ParameterType("duration", "a duration such as 250ms or 2s") {
    input in
    switch input.value {
    case .duration: return input.value
    case .int(let seconds):
      let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      return overflow ? nil : .duration(nanoseconds)
    case .float(let seconds):
      let nanoseconds = seconds * 1e9
      return abs(nanoseconds) < 9e18 ? .duration(Int(nanoseconds)) : nil
    case .string(let text):
      switch literal(text.string) {
      // A computed one, as "${$n}ms", or a word as -1s.
      case .value(.duration(let n)): return .duration(n)
      // A number as -1 is a word of its own where it stands in a command.
      case .value(let number) where text.string.hasPrefix("-"): return try negative(number, input)
      default: return nil
      }
    default: return nil
    }
  }

  private static func negative(_ number: Value, _ input: Input) throws -> Value? {
    switch number {
    case .int, .float: try duration.converted(Input(value: number, interpreter: input.interpreter))
    default: nil
    }
  }

  /// A number of bytes; a plain number counts as bytes.
  ///
  /// 1K, 1M and 1G are powers of 1024, as for dd(1), head(1) and GNU parallel.
  public static let size = ParameterType("size", "a size such as 64KiB, 10MB or 1M") { input in
    switch input.value {
    case .size: return input.value
    case .int(let bytes): return .size(bytes)
    case .string(let text):
      let word = text.string
      if case .value(.size(let n)) = literal(word) { return .size(n) }
      if word.hasSuffix("KB"), case .value(.size(let n)) = literal(word.dropLast(2) + "kB") {
        return .size(n)
      }
      guard let unit = word.last, "KMGTP".contains(unit), word.utf8.count > 1,
        case .value(.size(let n)) = literal(word + "iB")
      else { return nil }
      return .size(n)
    default: return nil
    }
  }

  /// A list; ranges and streams are run through.
  public static let list = ParameterType("list", "a list") { input in
    if case .list = input.value { return input.value }
    guard input.value.isIterable else { return nil }
    return .items(try input.interpreter.collect(input.value))
  }

  /// Whatever `for` can loop over.
  public static let iterable = ParameterType("list", "a list, range, map or stream") { input in
    input.value.isIterable ? input.value : nil
  }

  public static let map = ParameterType("map", "a map") { input in
    if case .map = input.value { return input.value }
    return nil
  }

  /// A block, a function value, or the name of a function or command.
  public static let function = ParameterType(
    "function", "a block or a function", completion: .command
  ) { input in
    switch input.value {
    case .closure: return input.value
    case .string: break
    default: return nil
    }
    guard let word = input.word else { return nil }
    return try input.interpreter.function(named: word)
  }

  /// One of some words.
  public static func choice(_ words: [String]) -> ParameterType {
    ParameterType(
      words.joined(separator: "|"), "one of " + words.joined(separator: ", "),
      completion: .choices(words)
    ) { input in
      guard let word = input.word, words.contains(word) else { return nil }
      return .text(word)
    }
  }
}

extension ParameterType {
  /// The types that a function's parameters can be declared with.
  static let declarable: [ParameterType] = [
    any.named("any"), int, number.named("float", "a number"), text.named("string"), bool, duration,
    size, list, map, path, number, text, function,
  ]

  /// A declarable type by name.
  public static func named(_ name: String) -> ParameterType? {
    declarable.first { $0.name == name }
  }
}

extension Value {
  /// Whether `for` can loop over it.
  public var isIterable: Bool {
    switch self {
    case .list, .map, .range, .stream, .string, .bytes: true
    default: false
    }
  }
}
