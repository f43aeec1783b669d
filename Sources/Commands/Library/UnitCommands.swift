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
    switch call.value(0) {
    case .duration: return call.value(0)
    case .int(let seconds):
      let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      if isOver { throw tooBig(call) }
      return .duration(product)
    case .float(let seconds):
      guard let nanoseconds = Int(exactly: (seconds * 1e9).rounded()) else { throw tooBig(call) }
      return .duration(nanoseconds)
    case .string(let text):
      if let sum = measured(text.string, durationUnits) { return .duration(sum) }
      throw call.bad("duration", must: "a number of seconds or a text such as 1m30s", at: 0)
    default: throw call.bad("duration", must: "a number of seconds or a text such as 1m30s", at: 0)
    }
  }

  static let size = Command(
    "size", "Make a size of a number of bytes or of a text such as 64KiB",
    parameters: [value], traits: .pure,
    examples: [Example("print (size 2048) (size \"10MB\")", "2KiB 10MB")]
  ) { call in
    switch call.value(0) {
    case .size: return call.value(0)
    case .int(let bytes): return .size(bytes)
    case .float(let float):
      guard let bytes = Int(exactly: float.rounded()) else { throw tooBig(call) }
      return .size(bytes)
    case .string(let text):
      if let sum = measured(text.string, sizeUnits) { return .size(sum) }
      throw call.bad("size", must: "a number of bytes or a text such as 64KiB", at: 0)
    default: throw call.bad("size", must: "a number of bytes or a text such as 64KiB", at: 0)
    }
  }

  private static func tooBig(_ call: borrowing Call) -> ErrorObject {
    call.error(.range, "\(call.value(0).asText) does not fit in 64 bits", at: 0)
  }

  /// The sum of numbers with units, as `1m30s` has it; nil if the text is none or does not fit.
  private static func measured(_ text: String, _ units: [String: Int]) -> Int? {
    var scalars = Substring(text).unicodeScalars
    while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
    scalars = scalars.drop { $0.properties.isWhitespace }
    let isNegative = scalars.first == "-"
    if isNegative { scalars.removeFirst() }
    if scalars.isEmpty { return nil }
    var total = 0
    while !scalars.isEmpty {
      let number = scalars.prefix { ("0"..."9").contains($0) || $0 == "." }
      scalars = scalars[number.endIndex...]
      let unit = scalars.prefix { !("0"..."9").contains($0) }
      scalars = scalars[unit.endIndex...]
      guard let factor = units[String(unit)] else { return nil }
      let part: Int
      if let whole = Int(String(number)) {
        let (product, isOver) = whole.multipliedReportingOverflow(by: factor)
        if isOver { return nil }
        part = product
      } else {
        guard number.first != ".", number.last != ".", let float = Double(String(number)),
          let product = Int(exactly: (float * Double(factor)).rounded())
        else { return nil }
        part = product
      }
      let (sum, isOver) = total.addingReportingOverflow(part)
      if isOver { return nil }
      total = sum
    }
    return isNegative ? -total : total
  }

  private static let durationUnits: [String: Int] = [
    "": 1_000_000_000, "ns": 1, "us": 1000, "µs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
  ]

  private static let sizeUnits: [String: Int] = [
    "": 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000,
    "TB": 1_000_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
  ]
}
