import Language

/// Calling functions, and checking what they yield.
enum FunctionCommands {
  static let family = CommandFamily("Functions and checks", [call, assert])

  private static let call = Command(
    "call", "Run a function value, a block or a function by its name",
    parameters: [Parameter("function", .function), Parameter("argument", .any, .rest)],
    examples: [
      Example("let double = { |x| $x * 2 }\nprint (call $double 21) (call len abc)", "42 3")
    ]
  ) { call in
    try call.interpreter.invoke(
      call.value(0), call.rest(from: 1), wantsValue: call.site.wantsValue)
  }

  private static let assert = Command(
    "assert", "Throw unless a condition is true",
    parameters: [
      Parameter("condition", .any, .required, "true or false"),
      Parameter("message", .text, .optional, "what to say; the condition's text by default"),
    ],
    examples: [
      Example(
        "assert (1 + 1 == 2)\ntry { assert (1 > 2) \"odd\" } catch e { print $e.message }",
        "assertion failed: odd")
    ]
  ) { call in
    guard case .bool(let isTrue) = call.value(0) else {
      throw call.bad("condition", must: "true or false", at: 0)
    }
    if isTrue { return .null }
    let reason = call.has(1) ? call.text(1) : conditionText(call)
    throw call.error(
      .thrown, reason.isEmpty ? "assertion failed" : "assertion failed: \(reason)", at: 0)
  }

  /// The condition as it stands in the source.
  private static func conditionText(_ call: borrowing Call) -> String {
    guard let location = call.location(0) else { return "" }
    var text = location.source.text(location.span)
    if text.contains("\n") || text.utf8.count > 200 { return "" }
    if text.hasPrefix("("), text.hasSuffix(")") { text = String(text.dropFirst().dropLast()) }
    return text
  }
}
