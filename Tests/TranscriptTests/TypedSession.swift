import TestSupport

/// A block that is typed at the prompt, line by line, each with the output expected after it.
struct TypedSession {
  let terminal: Terminal
  let deadline: Deadline
  /// Where the block stands in its file.
  let line: Int
  private var bindings: ExpectedText.Bindings = [:]
  private var outcome = Outcome()

  init(terminal: Terminal, deadline: Deadline, line: Int) {
    (self.terminal, self.deadline, self.line) = (terminal, deadline, line)
  }

  private struct Step {
    var line: Int
    /// As they stand in the file, with their prompts.
    var inputs: [String]
    var expected: [String] = []
  }

  private struct Stop: Error {
    let message: String
  }

  mutating func run(_ block: [String]) -> Outcome {
    let steps = steps(of: block)
    do {
      try waitForPrompt(after: -1)
    } catch {
      outcome.failures.append(.init(line: line, message: "no first prompt: \(error)"))
      outcome.updated = block
      return outcome
    }
    for (number, step) in steps.enumerated() {
      do {
        try run(step, isLast: number == steps.count - 1)
      } catch {
        let message = (error as? Stop)?.message ?? "\(error)"
        outcome.failures.append(.init(line: step.line, message: message))
        outcome.updated += steps[number...].flatMap { $0.inputs + $0.expected }
        break
      }
    }
    return outcome
  }

  private func steps(of block: [String]) -> [Step] {
    var steps: [Step] = []
    for (number, text) in block.enumerated() {
      if isPrompted(text) {
        steps.append(Step(line: line + number, inputs: [text]))
      } else if let last = steps.last, last.expected.isEmpty, isContinued(text) {
        steps[steps.count - 1].inputs.append(text)
      } else if !steps.isEmpty {
        steps[steps.count - 1].expected.append(text)
      }
    }
    return steps
  }

  private func isContinued(_ line: String) -> Bool {
    let text = line.drop { $0 == " " }
    return text.hasPrefix("...> ") || text == "...>"
  }

  private mutating func run(_ step: Step, isLast: Bool) throws {
    var start = terminal.screen.cursorPosition
    for (number, input) in step.inputs.enumerated() {
      let before = terminal.screen.cursorPosition
      if number == step.inputs.count - 1 { start = before }
      try type(String(input.drop { $0 != ">" }.dropFirst(2)))
      try waitForPrompt(after: before)
      guard !terminal.ended else { break }
      let isComplete = isPrompted(terminal.screen.cursorLine.trimmedRight)
      if isComplete != (number == step.inputs.count - 1) {
        let what = isComplete ? "does not wait" : "waits"
        throw Stop(message: "the shell \(what) for more after: \(input)")
      }
    }
    if terminal.ended && !isLast { throw Stop(message: "the shell has ended") }

    // More may come while the prompt stands, such as the news that a child has ended. It is waited
    // for if it is expected.
    var output = output(from: start)
    let patience = Deadline(Program.updatesTranscripts ? .milliseconds(500) : .seconds(2))
    let expected = ExpectedText(step.expected)
    while !expected.matches(output, binding: &bindings) {
      guard terminal.update(until: patience) else {
        outcome.failures.append(
          .init(line: step.line, message: expected.difference(from: output)))
        break
      }
      if atPrompt { output = self.output(from: start) }
    }
    outcome.updated += step.inputs + expected.updated(to: output, bindings: bindings)
  }

  /// Type a line and Enter, or just a control character, written as in `^C`.
  private func type(_ input: String) throws {
    if input.count == 2, input.first == "^", let letter = input.last {
      try terminal.press(.control(letter))
    } else {
      try terminal.enter(input)
    }
  }

  private var atPrompt: Bool {
    let line = terminal.screen.cursorLine
    let isEmpty = line == "brood> " || (line.hasSuffix("...> ") && isContinued(line))
    return isEmpty && terminal.screen.cursorColumn == line.count
  }

  /// Wait for an empty prompt below a line, or for the end of the shell.
  private func waitForPrompt(after position: Int) throws {
    while !(atPrompt && terminal.screen.cursorPosition > position) {
      guard terminal.update(until: deadline) else {
        if terminal.ended { return }
        throw Stop(message: "no prompt came back; the screen shows:\n\(terminal.screen.text)")
      }
    }
  }

  /// The lines between the echo of the input and the prompt.
  private func output(from start: Int) -> [String] {
    let rest = terminal.screen.cursorPosition - start
    let isEnded = terminal.ended && !atPrompt
    var lines = terminal.screen.lines(
      in: start..<start + rest + (isEnded ? 1 : 0), joiningWrapped: true)
    if let echo = lines.firstIndex(where: { isPrompted($0) || isContinued($0) }) {
      lines.remove(at: echo)
    }
    lines = lines.map(\.trimmedRight)
    while lines.last == "" { lines.removeLast() }
    return lines
  }
}
