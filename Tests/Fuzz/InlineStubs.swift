import Language

/// Commands with inline blocks, which count how often they were entered and not left.
enum InlineStubs {
  nonisolated(unsafe) static var depth = 0

  static let family = CommandFamily(
    "Inline",
    [
      Command(
        "lock with", "Hold",
        parameters: [Parameter("name", .text), Parameter("block", .function)],
        flags: [Flag("timeout", .duration, "how long")],
        inline: InlineBody(enter: enter, leave: leave)),
      Command(
        "shm lock", "Hold, with a value",
        parameters: [Parameter("name", .any), Parameter("block", .function)],
        inline: InlineBody(parameter: "value", enter: enter, value: { $1 }, leave: leave)),
      Command(
        "select", "Choose",
        choice: Choice(
          arms: [
            SelectArm("queue", Parameter("queue", .any), gives: ["value", "queue"]),
            SelectArm("exit", Parameter("process", .text), gives: ["record"]),
            SelectArm("after", Parameter("time", .duration)),
          ],
          select: { call in
            let index = depth % call.count
            if call[index].asText == "bad" { throw call.error(.closed, "closed", at: index) }
            return Selected(index, call[index], origin: .int(index))
          })),
    ])

  private static let enter: @Sendable (borrowing Call) throws -> Value = { call in
    if call[0].asText == "bad" { throw call.error(.timeout, "refused", at: 0) }
    depth += 1
    return call[0]
  }

  private static let leave: @Sendable (Interpreter, Value) throws -> Void = { _, token in
    depth -= 1
    if token.asText == "broken" { throw ErrorObject(.system, "cannot leave") }
  }
}
