import Language

/// Commands with inline blocks, which print when they are entered and left, and a `select` for
/// which everything called `full…` is ready.
let inlineFamily = CommandFamily(
  "Inline",
  [
    Command(
      "lock with", "Hold",
      parameters: [Parameter("name", .text), Parameter("block", .function)],
      flags: [
        Flag("timeout", .duration, "how long"), Flag("after", .function, "called at the end"),
      ],
      inline: InlineBody(
        enter: { call in
          let name = call.text(0)
          if name == "refused" { throw call.error(.timeout, "'\(name)' is taken", at: 0) }
          let timeout = call.flag("timeout").map { " " + $0.asText } ?? ""
          try call.interpreter.write("+\(name)\(timeout)\n")
          return .text(name)
        },
        leave: { interpreter, token in
          let name = token.asText
          try interpreter.write("-\(name)\n")
          if name == "broken" { throw ErrorObject(.system, "cannot leave '\(name)'") }
          if name == "quits" { throw ExitRequest(7) }
        })),
    Command(
      "shm lock", "Hold, with a value",
      parameters: [Parameter("name", .text), Parameter("block", .function)],
      inline: InlineBody(
        parameter: "value",
        enter: { call in
          try call.interpreter.write("+\(call.text(0))\n")
          return call[0]
        },
        value: { _, token in
          if token.asText == "torn" { throw ErrorObject(.peerDied, "no value") }
          return .text("the value of \(token.asText)")
        },
        leave: { interpreter, token in try interpreter.write("-\(token.asText)\n") })),
    Command(
      "select", "Choose",
      choice: Choice(
        arms: [
          SelectArm("queue", Parameter("queue", .any), gives: ["value", "queue"]),
          SelectArm("exit", Parameter("process", .text), gives: ["record"]),
          SelectArm("after", Parameter("time", .duration)),
        ],
        select: { call in
          for i in 0..<call.count where call.kind(i) == 0 {
            var names = [call[i]]
            if case .list(let list) = call[i] { names = list.items }
            for name in names where name.asText.hasPrefix("full") {
              return Selected(i, .text("item of \(name.asText)"), origin: name)
            }
          }
          for i in 0..<call.count where call.kind(i) == 1 {
            if call[i].asText == "bad" { throw call.error(.missing, "no process", at: i) }
            return Selected(i, .record(["name": call[i]]))
          }
          for i in 0..<call.count where call.kind(i) == 2 { return Selected(i) }
          throw call.error(.closed, "nothing can ever come")
        })),
  ])
