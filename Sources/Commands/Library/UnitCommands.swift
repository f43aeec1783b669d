import Language

/// Durations and sizes of numbers and texts.
enum UnitCommands {
  private static let value = Parameter("value", .any)

  static let duration = Command(
    "duration", "Make a duration of a number of seconds or of a text such as 1m30s",
    parameters: [value], traits: .pure,
    examples: [
      Example("print (duration 90) (duration 0.25) (duration \"1m30s\")", "1m30s 250ms 1m30s")
    ]
  ) { call in
    switch spelledOut(call.value(0)) {
    case .duration(let nanoseconds): return .duration(nanoseconds)
    case .int(let seconds):
      let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      if isOver { throw tooBig(call) }
      return .duration(product)
    case .float(let seconds):
      guard let nanoseconds = Exact.product(1_000_000_000, seconds) else { throw tooBig(call) }
      return .duration(nanoseconds)
    default: throw call.bad("duration", must: "a number of seconds or a text such as 1m30s", at: 0)
    }
  }

  static let size = Command(
    "size", "Make a size of a number of bytes or of a text such as 64KiB",
    parameters: [value], traits: .pure,
    examples: [Example("print (size 2048) (size \"10MB\")", "2KiB 10MB")]
  ) { call in
    switch spelledOut(call.value(0)) {
    case .size(let bytes), .int(let bytes): return .size(bytes)
    case .float(let float):
      guard let bytes = Int(exactly: float.rounded()) else { throw tooBig(call) }
      return .size(bytes)
    default: throw call.bad("size", must: "a number of bytes or a text such as 64KiB", at: 0)
    }
  }

  private static func tooBig(_ call: borrowing Call) -> ErrorObject {
    call.error(.range, "\(call.value(0).asText) does not fit in 64 bits", at: 0)
  }

  /// The literal that a text spells, blanks around it aside; any other value as it is.
  private static func spelledOut(_ value: Value) -> Value {
    guard case .string(let text) = value else { return value }
    let bytes = Array(text.string.utf8)
    let blank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    guard let first = bytes.firstIndex(where: { !blank($0) }),
      let last = bytes.lastIndex(where: { !blank($0) })
    else { return value }
    if case .value(let spelled) = literal(String(decoding: bytes[first...last], as: UTF8.self)) {
      return spelled
    }
    return value
  }
}
