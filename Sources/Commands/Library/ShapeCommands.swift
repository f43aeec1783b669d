import Language

/// Texts in another shape: trimmed, padded, in capitals.
enum ShapeCommands {
  static let family = CommandFamily(
    "Shape of text", [trim, upper, lower, padLeft, padRight])

  private static let text = Parameter("text", .text)

  private static let trim = Command(
    "trim", "Remove blanks, or other characters, from both ends of a text",
    parameters: [text, Parameter("characters", .text, .optional, "what to take off")],
    flags: [Flag("left", nil, "only at the beginning"), Flag("right", nil, "only at the end")],
    traits: [.pure, .copies],
    examples: [
      Example(
        "print [(trim \"  a b \\n\"), (trim \" a \" --left)] (trim \"--x-\" -)",
        "[\"a b\", \"a \"] x")
    ]
  ) { call in
    let text = call.string(0)
    let left = call.isSet("left") || !call.isSet("right")
    let right = call.isSet("right") || !call.isSet("left")
    let bounds: Range<Int>
    if call.has(1) {
      bounds = try trimmed(
        text, of: Set(call.text(1).unicodeScalars), left: left, right: right, call.interpreter)
    } else {
      let both = text.withBytes(\.trimmed)
      // Of blanks alone nothing is left, at whichever end they are taken off.
      bounds =
        both.isEmpty
        ? 0..<0 : (left ? both.lowerBound : 0)..<(right ? both.upperBound : text.byteCount)
    }
    if bounds.count == text.byteCount { return .string(text) }
    try LargeMemory.require(bounds.count)
    return text.withBytes { .string($0.text(bounds.lowerBound, bounds.upperBound)) }
  }

  /// The bounds of a text without some scalars at its ends.
  private static func trimmed(
    _ text: StringObject, of unwanted: Set<Unicode.Scalar>, left: Bool, right: Bool,
    _ interpreter: Interpreter
  ) throws -> Range<Int> {
    let ascii = unwanted.filter(\.isASCII).map { UInt8($0.value) }
    return try text.withBytes { bytes in
      func isUnwanted(_ start: Int, _ end: Int) -> Bool {
        if end == start + 1 { return ascii.contains(bytes[start]) }
        return String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars.first
          .map(unwanted.contains) ?? false
      }
      var start = 0
      while left, start < bytes.count {
        try interpreter.checkAttention()
        var end = start + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        if !isUnwanted(start, end) { break }
        start = end
      }
      var end = bytes.count
      while right, end > start {
        try interpreter.checkAttention()
        var first = end - 1
        while first > start, bytes[first] & 0xC0 == 0x80 { first -= 1 }
        if !isUnwanted(first, end) { break }
        end = first
      }
      return start..<end
    }
  }

  private static let upper = Command(
    "upper", "Convert a text to upper case", parameters: [text], traits: [.pure, .copies],
    examples: [Example("print (upper \"brood ü\")", "BROOD Ü")]
  ) { call in
    let text = call.string(0)
    guard text.isASCII else { return try recased(text, call.interpreter) { $0.uppercased() } }
    try LargeMemory.require(text.byteCount)
    return mapped(text) { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
  }

  private static let lower = Command(
    "lower", "Convert a text to lower case", parameters: [text], traits: [.pure, .copies],
    examples: [Example("print (lower \"BROOD Ü\")", "brood ü")]
  ) { call in
    let text = call.string(0)
    guard text.isASCII else { return try smallLetters(text, call.interpreter) }
    try LargeMemory.require(text.byteCount)
    return mapped(text) { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
  }

  /// One letter has two small ones: the sigma that ends a word, which the Unicode standard calls
  /// Final_Sigma.
  private static func smallLetters(_ text: StringObject, _ interpreter: Interpreter) throws -> Value
  {
    let sigma: Unicode.Scalar = "\u{3A3}"
    guard text.contains(StringObject.make("\u{3A3}")) else {
      return try recased(text, interpreter) { $0.lowercased() }
    }
    var result = ""
    var isBehindLetter = false
    let scalars = text.string.unicodeScalars
    for place in scalars.indices {
      try interpreter.checkAttention()
      let scalar = scalars[place]
      if scalar == sigma, isBehindLetter {
        let next = scalars[place...].dropFirst().first { !$0.properties.isCaseIgnorable }
        result += next?.properties.isCased == true ? "\u{3C3}" : "\u{3C2}"
      } else {
        result += scalar.properties.lowercaseMapping
      }
      if !scalar.properties.isCaseIgnorable { isBehindLetter = scalar.properties.isCased }
    }
    return .text(result)
  }

  /// Piece by piece, as no scalar's case depends on others.
  private static func recased(
    _ text: StringObject, _ interpreter: Interpreter, _ change: (String) -> String
  ) throws -> Value {
    try text.withBytes { bytes in
      var result: [UInt8] = []
      try LargeMemory.require(bytes.count * 2)
      result.reserveCapacity(bytes.count)
      var start = 0
      while start < bytes.count {
        try interpreter.checkAttention()
        var end = min(start + 0x10000, bytes.count)
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        result += change(String(decoding: bytes[start..<end], as: UTF8.self)).utf8
        start = end
      }
      return .string(result.withUnsafeBufferPointer { StringObject.make(valid: $0) })
    }
  }

  private static func mapped(_ text: StringObject, _ change: (UInt8) -> UInt8) -> Value {
    text.withBytes { bytes in
      .string(
        StringObject.make(count: bytes.count) { target in
          for (index, byte) in bytes.enumerated() { target[index] = change(byte) }
        })
    }
  }

  private static let padding: [Parameter] = [
    text, Parameter("width", .count),
    Parameter("character", .text, .optional, "a blank by default"),
  ]

  private static let padLeft = Command(
    "pad-left", "Pad a text with blanks on the left to a width in columns", parameters: padding,
    traits: [.pure, .copies],
    examples: [Example("print (pad-left 7 3) (pad-left 7 3 0)", "  7 007")]
  ) { call in
    let padding = try padding(call)
    return try joined(padding, call.string(0), call)
  }

  private static let padRight = Command(
    "pad-right", "Pad a text with blanks on the right to a width in columns", parameters: padding,
    traits: [.pure, .copies],
    examples: [Example("print (pad-right ab 4 .)", "ab..")]
  ) { call in
    let padding = try padding(call)
    return try joined(call.string(0), padding, call)
  }

  /// As many characters as lack to the width.
  private static func padding(_ call: borrowing Call) throws -> StringObject {
    let fill = call.has(2) ? call.text(2) : " "
    guard fill.unicodeScalars.count == 1, displayWidth(fill) > 0 else {
      throw call.bad("padding", must: "one character", at: 2)
    }
    let lacking = max(0, call.int(1) - displayWidth(call.text(0))) / displayWidth(fill)
    if lacking > mostBytes / 4 { throw call.tooLong() }
    return try call.interpreter.repeated(StringObject.make(fill), lacking)
  }

  private static func joined(
    _ left: StringObject, _ right: StringObject, _ call: borrowing Call
  ) throws -> Value {
    let pieces: [Value] = [.string(left), .string(right)]
    try pieces.requireJoined(StringObject.make(""))
    guard let text = StringObject.joined(pieces, by: StringObject.make(""), limit: mostBytes) else {
      throw call.tooLong()
    }
    return .string(text)
  }
}
