import Language

/// `print`, `echo` and `input`.
enum PrintCommands {
  static let family = CommandFamily("Printing and asking", [print, echo, input])

  private static let values = Parameter("value", .spelled, .rest, "what to write")
  private static let noNewline = Flag("no-newline", nil, "end without a newline")

  private static let print = Command(
    "print", "Write values, with blanks between them, and a newline",
    details: """
      Bare words are written as they were typed, strings bare and other values as literals. A list \
      of records is written as an aligned table.
      """,
    parameters: [values], flags: [noNewline],
    examples: [
      Example("print hello 007 \"a b\" [1, 2]", "hello 007 a b [1, 2]"),
      Example(
        "print [[name: ada, age: 36], [name: alan, age: 41]]",
        "name  age\nada    36\nalan   41"),
    ], run: write)

  private static let echo = Command(
    "echo", "Write values, with blanks between them, and a newline, as `print` does",
    details: "A first word -n means --no-newline, as in other shells; quoted it is written.",
    parameters: [values], flags: [noNewline],
    examples: [
      Example("echo I am here", "I am here"),
      Example("echo -n half; echo \" a line\"", "half a line"),
    ]
  ) { call in
    if call.has(0), call.spelling(0)?.asText == "-n" {
      return try write(call, from: 1, withNewline: false)
    }
    return try write(call)
  }

  private static let input = Command(
    "input", "Read a line from standard input",
    details: """
      Yields the line without its end, or null at the end of the input. No more than the line is \
      taken from the input, so that programs can read on behind it.
      """,
    parameters: [Parameter("prompt", .text, .optional, "written first, without a newline")],
    examples: [
      Example("print one two | { print got (input) }", "got one two"),
      Example("print one | { print (input) (input) }", "one null"),
    ]
  ) { call in
    if call.has(0) { try call.interpreter.write(call.text(0)) }
    try call.interpreter.flush()
    guard let line = try StandardInput.readLine(call) else { return .null }
    return .string(StringObject.make(decoding: line))
  }

  private static func write(_ call: borrowing Call) throws -> Value {
    try write(call, from: 0, withNewline: !call.isSet("no-newline"))
  }

  private static func write(
    _ call: borrowing Call, from first: Int, withNewline: Bool
  ) throws -> Value {
    var text = ""
    if call.count == first + 1 {
      text = try shown(call[first])
    } else {
      for index in first..<max(first, call.count) {
        if index > first { text += " " }
        text += try call[index].requiredText()
      }
    }
    if withNewline { text += "\n" }
    try call.interpreter.write(text)
    return .null
  }

  private static func shown(_ value: Value) throws -> String {
    if case .report(let report) = value {
      // It is reported, as it would be without `print`.
      if let text = report.text { return text }
      if case .string = report.value { return Interpreter.shown(report.value) }
    }
    return try tableRecords(value).map { tableText($0) } ?? value.requiredText()
  }
}
