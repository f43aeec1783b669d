/// The numbers that an argument may be.
public enum Bounds: Sendable {
  case within(ClosedRange<Int>)
  /// Any number greater than 0.
  case positive

  /// This number or a greater one.
  public static func atLeast(_ minimum: Int) -> Bounds { .within(minimum...Int.max) }

  /// Whether a number fits; anything else does.
  func contain(_ value: Value) -> Bool {
    switch (self, value) {
    case (.within(let range), .int(let n)), (.within(let range), .size(let n)),
      (.within(let range), .duration(let n)):
      range.contains(n)
    case (.within(let range), .float(let n)):
      n >= Double(range.lowerBound) && n <= Double(range.upperBound)
    case (.positive, .int(let n)), (.positive, .size(let n)), (.positive, .duration(let n)): n > 0
    case (.positive, .float(let n)): n > 0
    default: true
    }
  }

  /// `a whole number of 1 or more`, for messages and help.
  func phrase(_ type: String) -> String {
    let noun =
      switch type {
      case "size": "a size"
      case "duration": "a duration"
      case "number": "a number"
      default: "a whole number"
      }
    switch self {
    case .positive: return "\(noun) greater than 0"
    case .within(let range):
      let low = Bounds.text(range.lowerBound, type)
      if range.upperBound == .max { return "\(noun) of \(low) or more" }
      return "\(noun) from \(low) to \(Bounds.text(range.upperBound, type))"
    }
  }

  private static func text(_ number: Int, _ type: String) -> String {
    switch type {
    case "size": Value.size(number).asText
    case "duration": Value.duration(number).asText
    default: "\(number)"
    }
  }
}

extension ParameterType {
  /// Whether not every number of the type will do; its phrase tells which do.
  public var isBounded: Bool { bounds != nil }

  /// The same type, for numbers, sizes (in bytes) and durations (in nanoseconds) of a least value.
  ///
  /// - Parameter help: what to do about a smaller one.
  public func atLeast(_ minimum: Int, help: String? = nil) -> ParameterType {
    bounded(.atLeast(minimum), help: help)
  }

  /// The same type within bounds: numbers, sizes in bytes, durations in nanoseconds.
  public func within(_ range: ClosedRange<Int>) -> ParameterType { bounded(.within(range)) }

  /// The same type for numbers greater than 0.
  public var positive: ParameterType { bounded(.positive) }
}

extension Call {
  /// The error for a number that is a command's business to check: it is the last argument where
  /// `place` is nil.
  ///
  /// - Parameter what: as `argument 'max'`.
  public func outOfBounds(
    _ what: String, _ bounds: Bounds, _ number: Int, at place: Int? = nil, help: String? = nil
  ) -> ErrorObject {
    ErrorObject.badValue(
      what, must: bounds.phrase("int"), is: .int(number), .range, help: help,
      location: location(place ?? count - 1) ?? location)
  }
}
