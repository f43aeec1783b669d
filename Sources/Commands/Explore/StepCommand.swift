import Explore
import Glibc
import Language
import Posix
import Session

/// `step`: a person chooses what goes on next.
enum StepCommand {
  static let command = Command(
    "step", "Be the scheduler of a block's processes: choose each step",
    details: """
      Shows what each process is about to do and asks who goes on: a process such as 1 or 2.1; \
      `run 1` lets it go on as long as it can, `run 1 until lock` to an operation with that word; k1 \
      kills it, t1 ends its time limit, s1 has it handle a signal first; `undo` takes a step back, `go` lets the rest go as usual, \
      `quit` leaves. With --goal the outcome is to fulfil a condition, as `{ |o| $o.value == 1 }`.

      Yields the outcome, or null.
      """,
    parameters: [Parameter("block", .any, .required, "a block, or the path of a script")],
    flags: [
      Flag("goal", .function, "whether an outcome is what was to be reached"), ExploreFlags.real,
    ],
    examples: [
      Example(
        "print \"1\\ngo\" | { step { shm new x int 7; let p = fork { shm set x 8 }; wait $p; shm get x } }",
        "…\nstep 2? value 8  1,0x2")
    ]
  ) { call in
    let interpreter = call.interpreter
    let goal = call.flag("goal") ?? .null
    var limits = ExploreLimits()
    limits.isReal = call.isSet("real")
    limits.kills = 100
    limits.anyTimeouts = true
    let walker = Walker()
    let block = call.value(0)
    return try call.session.walk(
      limits, interpreter, prepare: { ExploreCalls.prepare(interpreter, block) },
      advise: ExploreCalls.fixes, body: try ExploreCalls.body(interpreter, block, []),
      ask: { try walker.ask($0, $1, $2) },
      summary: { outcome in
        guard let outcome else { return .null }
        let record = ExploreCalls.record(outcome)
        say("\(ExploreText.title(record))  \(outcome.schedule)")
        for finding in ExploreText.list(record, "findings") { say("  = \(finding.asText)") }
        if !goal.isNull {
          let isReached = try interpreter.invoke(goal, [record])
          if case .bool(true) = isReached {
            say("reached, with \(outcome.switches) switches")
          } else {
            say("not reached: undo, or try again")
          }
        }
        return record
      })
  }

  static func say(_ line: String) { try? Transfer.writeAll(1, TerminalText.lines(line) + "\n") }

  /// Asks at the terminal, or reads answers that stand in standard input.
  final class Walker {
    /// Who runs on by himself, and up to which word.
    private var runner: (path: ProcessPath, word: String?)?
    private var isFree = false

    func ask(
      _ stands: [ExploredStand], _ steps: [Step], _ choices: [Step]
    ) throws -> ExploredChoice {
      if isFree {
        return Schedule.usual(choices.filter { $0.act.isOwn }, after: steps.last)
          .map { .take($0) } ?? .take(choices[0])
      }
      if let (path, word) = runner {
        let stand = stands.first { $0.path == path }
        let isThere = word.map { stand?.operation.contains($0) ?? true } ?? false
        if let own = own(path, choices), !isThere || steps.last?.process != path {
          return .take(own)
        }
        runner = nil
      }
      while true {
        for stand in stands {
          let held = stand.held.isEmpty ? "" : "  [\(stand.held.joined(separator: ", "))]"
          let mark = stand.waits ? "-" : ">"
          say("\(mark) \(stand.path)  \(stand.operation)  \(stand.place)\(held)")
        }
        try? Transfer.writeAll(1, "step \(steps.count + 1)? ")
        guard let line = readLine() else { return .leave }
        if let answer = answer(line, steps, choices) { return answer }
      }
    }

    private func answer(
      _ line: String, _ steps: [Step], _ choices: [Step]
    ) -> ExploredChoice? {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case nil: return Schedule.usual(choices, after: steps.last).map { .take($0) }
      case "quit", "q": return .leave
      case "undo", "u": return .back(max(1, words.count > 1 ? Int(words[1]) ?? 1 : 1))
      case "go":
        isFree = true
        return Schedule.usual(choices, after: steps.last).map { .take($0) }
      case "run":
        guard words.count > 1, let path = ProcessPath(words[1]), let own = own(path, choices) else {
          say("as: run 1, run 1 until lock")
          return nil
        }
        runner = (path, words.count > 3 ? words[3...].joined(separator: " ") : nil)
        return .take(own)
      default:
        let step = Schedule(words[0])?.steps.first
        if let step, choices.contains(step) { return .take(step) }
        if let step, step.act == .go, let own = own(step.process, choices) { return .take(own) }
        let able = choices.filter { $0.act.isOwn }.map { "\($0.process)" }
        say("possible: \(able.joined(separator: " ")), run P, undo, go, quit")
        return nil
      }
    }

    /// What a process can do of itself.
    private func own(_ path: ProcessPath, _ choices: [Step]) -> Step? {
      choices.first { $0.process == path && $0.act.isOwn }
    }

    private func readLine() -> String? {
      var bytes: [UInt8] = []
      var byte: UInt8 = 0
      while true {
        let count = read(0, &byte, 1)
        if count < 0, errno == EINTR { return nil }
        if count <= 0 { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
        if byte == 0x0A { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(byte)
      }
    }
  }
}
