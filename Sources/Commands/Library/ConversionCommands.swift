import Language
import ShellHost

/// From one type to another.
enum ConversionCommands {
  static let family = CommandFamily(
    "Types", [type, int, float, string, bytes, UnitCommands.duration, UnitCommands.size])

  private static let value = Parameter("value", .any)

  private static let type = Command(
    "type", "Yield the name of a value's type",
    details: """
      As a statement, `type NAME` tells what runs by that name: a function, a command of Brood, or \
      which file of a program.
      """,
    parameters: [value], traits: .pure,
    examples: [
      Example("print (type 5) (type abc) (type 2s) (type [a: 1])", "int string duration map"),
      Example("type sh\ntype fork", "sh is …/sh\nfork is a command of Brood: help fork"),
    ]
  ) { call in
    if !call.site.wantsValue, case .string = call.value(0), let word = call.spelling(0)?.asText {
      let meaning = meaning(of: word, call.interpreter)
      if call.site.isDiscarded {
        guard let meaning else {
          throw call.interpreter.unknownCommand(word, at: call.location(0) ?? call.location)
        }
        try call.interpreter.write(meaning + "\n")
        return .null
      }
      // At the prompt.
      if let meaning { return .report(ReportObject(.text(meaning))) }
    }
    return .text(call.value(0).typeName)
  }

  /// What runs by a name; nil if nothing does.
  private static func meaning(of name: String, _ interpreter: Interpreter) -> String? {
    let file = try? (interpreter.host as? BroodHost)?.findProgram(name)
    let other = file.map { "; ^\(name) is \($0)" } ?? ""
    if interpreter.globals.functionNames.contains(name) { return "\(name) is a function\(other)" }
    if interpreter.table[name] != nil || interpreter.table.verbs(of: name) != nil {
      return "\(name) is a command of Brood: help \(name)\(other)"
    }
    if HelpTopic.named(name) != nil, file == nil {
      return "\(name) is a word of the language: help \(name)"
    }
    return file.map { "\(name) is \($0)" }
  }

  private static let int = Command(
    "int", "Make a whole number of a text, a float, a truth value, a duration, a size or a time",
    details: """
      Texts are written as in programs: 42, -7, 0x1f, 0b101, 0o17, 1_000. A float loses its \
      fraction. A duration gives whole seconds, a size bytes, a time Unix seconds.
      """,
    parameters: [value], traits: .pure,
    examples: [
      Example("print (int \" 42 \") (int 0x1f) (int 2.9) (int true) (int 64KiB)", "42 31 2 1 65536")
    ]
  ) { call in
    switch call.value(0) {
    case .int, .missing: return call.value(0)
    case .bool(let bool): return .int(bool ? 1 : 0)
    case .size(let bytes): return .int(bytes)
    case .duration(let nanoseconds): return .int(nanoseconds / 1_000_000_000)
    case .time(let nanoseconds): return .int(nanoseconds / 1_000_000_000)
    case .float(let float):
      guard let int = Int(exactly: float.rounded(.towardZero)) else {
        throw call.error(.range, "\(floatText(float)) does not fit in 64 bits", at: 0)
      }
      return .int(int)
    case .string(let text):
      switch wholeNumber(text) {
      case .number(let int): return .int(int)
      case .tooBig:
        throw call.error(.range, "\(text.string) does not fit in 64 bits", at: 0)
      case .none:
        throw call.bad(
          "number", must: "a whole number such as 42 or 0x1f", at: 0,
          help: Double(text.string) == nil ? nil : "for its whole part write: int (float …)")
      }
    default: throw call.bad("value", must: "a text, number, duration, size or time", at: 0)
    }
  }

  private enum WholeNumber {
    case number(Int)
    case tooBig, none
  }

  private static func wholeNumber(_ text: StringObject) -> WholeNumber {
    text.withBytes { bytes in
      let bounds = bytes.trimmed
      var digits = bytes[bounds]
      var isNegative = false
      if let first = digits.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
        isNegative = first == UInt8(ascii: "-")
        digits = digits.dropFirst()
      }
      var radix = 10
      if digits.count > 2, digits.first == UInt8(ascii: "0") {
        switch digits[digits.startIndex + 1] {
        case UInt8(ascii: "x"): radix = 16
        case UInt8(ascii: "o"): radix = 8
        case UInt8(ascii: "b"): radix = 2
        default: break
        }
        if radix != 10 { digits = digits.dropFirst(2) }
      }
      let plain = digits.filter { $0 != UInt8(ascii: "_") }
      let isWhole = plain.allSatisfy { byte in
        Unicode.Scalar(byte).properties.isASCIIHexDigit
          && Int(String(Unicode.Scalar(byte)), radix: radix) != nil
      }
      guard areGrouped(digits), isWhole else { return .none }
      let spelled = (isNegative ? "-" : "") + String(decoding: plain, as: UTF8.self)
      return Int(spelled, radix: radix).map { .number($0) } ?? .tooBig
    }
  }

  private static let float = Command(
    "float", "Make a float of a text or number; the seconds of a duration or time",
    parameters: [value], traits: .pure,
    examples: [Example("print (float \"2.5\") (float 3) (float 250ms)", "2.5 3.0 0.25")]
  ) { call in
    switch call.value(0) {
    case .float: return call.value(0)
    case .int(let int), .size(let int): return .float(Double(int))
    case .bool(let bool): return .float(bool ? 1 : 0)
    case .duration(let nanoseconds), .time(let nanoseconds):
      return .float(Exact.quotient(nanoseconds, 1_000_000_000))
    case .string(let text):
      let trimmed = text.withBytes { $0.text($0.trimmed.lowerBound, $0.trimmed.upperBound) }
      if let float = decimalNumber(trimmed.string) {
        guard float.isFinite || !trimmed.string.utf8.contains(where: { (0x30...0x39) ~= $0 }) else {
          throw call.error(.range, "\(trimmed.string) is too great for a float", at: 0)
        }
        return .float(float)
      }
      if case .number(let int) = wholeNumber(text) { return .float(Double(int)) }
      throw call.bad("number", must: "a number such as 2.5 or 1e9", at: 0)
    default: throw call.bad("value", must: "a text, number, duration, size or time", at: 0)
    }
  }

  private static func decimalNumber(_ text: String) -> Double? {
    var digits: [UInt8] = []
    var last: UInt8 = 0
    for byte in text.utf8 {
      // Hexadecimal floats are for other places.
      if byte | 0x20 == UInt8(ascii: "x") { return nil }
      if last == UInt8(ascii: "_"), !(0x30...0x39).contains(byte) { return nil }
      if byte == UInt8(ascii: "_") {
        guard (0x30...0x39).contains(last) else { return nil }
      } else {
        digits.append(byte)
      }
      last = byte
    }
    return last == UInt8(ascii: "_") ? nil : Double(String(decoding: digits, as: UTF8.self))
  }

  private static let string = Command(
    "string", "Make a text of a value, as `print` writes it",
    details: "Bytes are decoded as UTF-8; what is no UTF-8 becomes U+FFFD.",
    parameters: [Parameter("value", .spelled)], traits: .pure,
    examples: [Example("print (len (string 007)) (string [1, 2])", "3 [1, 2]")]
  ) { call in
    if case .bytes(let bytes) = call.value(0) {
      try LargeMemory.require(bytes.bytes.count * 2)
      return .string(StringObject.make(decoding: bytes.bytes))
    }
    return .string(call[0].textObject)
  }

  private static let bytes = Command(
    "bytes", "Make bytes of a text, as UTF-8, or of a list of numbers from 0 to 255",
    parameters: [value], traits: .pure,
    examples: [Example("print (len (bytes \"ü\")) (string (bytes [111, 107]))", "2 ok")]
  ) { call in
    switch call.value(0) {
    case .bytes: return call.value(0)
    case .string(let text):
      try LargeMemory.require(text.byteCount)
      return .bytes(BytesObject(text.withBytes { Array($0) }))
    case .list, .range:
      let numbers = try call.itemsToCopy(0).map { item in
        guard case .int(let number) = item, let byte = UInt8(exactly: number) else {
          let error = ErrorObject.badValue("byte", must: "a number from 0 to 255", is: item)
          error.location = call.location(0)
          throw error
        }
        return byte
      }
      return .bytes(BytesObject(numbers))
    default: throw call.bad("value", must: "a text or a list of numbers", at: 0)
    }
  }
}

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
