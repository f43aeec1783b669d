import TestSupport

/// What came of running a section.
struct Outcome {
  struct Failure {
    /// Counted from 1 within the session file.
    var line: Int
    var message: String
  }

  var failures: [Failure] = []
  /// The section's block with what was really seen in it.
  var updated: [String] = []
}

extension Section {
  /// Run the section in a new directory, with this program as the shell.
  func run(with program: String = Program.brood) throws -> Outcome {
    let directory = try TemporaryDirectory()
    for (name, text) in settings.files { try directory.write(text, to: name) }
    return isTyped
      ? try runTyped(program, in: directory) : try runScript(program, in: directory)
  }

  private func environment(in directory: TemporaryDirectory) -> [String: String] {
    var environment = Program.environment(home: directory.path)
    // What is repeated is repeated more often where there is time.
    environment["ROUNDS"] = Program.runsLongTests ? "100" : "3"
    return environment.merging(settings.environment) { $1 }
  }

  private func runScript(_ program: String, in directory: TemporaryDirectory) throws -> Outcome {
    let start = block.firstIndex(where: ExpectedOutput.isStart) ?? block.endIndex
    let script = block[..<start]
    if !script.isEmpty {
      try directory.write(script.map { $0 + "\n" }.joined(), to: "script.brood")
    }
    let output = try TestSupport.run(
      program, settings.run ?? ["script.brood"] + settings.arguments, input: settings.input,
      environment: environment(in: directory), directory: directory.path,
      within: .seconds(settings.timeout),
      grace: settings.detaches ? .milliseconds(100) : .seconds(6))

    let expected = ExpectedOutput(Array(block[start...]))
    var outcome = Outcome(updated: script + expected.updated(to: output))
    if let difference = expected.difference(from: output) {
      outcome.failures.append(.init(line: blockLine + start, message: difference))
    }
    if output.status != nil, !output.leftBehind.isEmpty, !settings.detaches {
      let names = output.leftBehind.map(\.description).joined(separator: ", ")
      outcome.failures.append(.init(line: blockLine, message: "left behind: \(names)"))
    }
    return outcome
  }

  private func runTyped(_ program: String, in directory: TemporaryDirectory) throws -> Outcome {
    let terminal = try Terminal(
      program, settings.run ?? settings.arguments, environment: environment(in: directory),
      directory: directory.path, columns: 100, rows: 50)
    defer { terminal.close() }
    var session = TypedSession(
      terminal: terminal, deadline: Deadline(.seconds(settings.timeout)), line: blockLine)
    return session.run(block)
  }
}
