import Commands
import Language
import Posix
import Session
import ShellHost

/// Running entries and showing what comes of them.
extension Prompt {
  /// Compiles and runs a text; yields the status to end with if the text leaves the shell.
  func evaluate(_ text: ReadText, isEntry: Bool) -> Int32? {
    isDisturbed = true
    let findings = interpreter.compile(text, isPersistent: true)
    if host.wantsWarnings {
      host.printWarnings(findings.warnings.filter(isToBeTold))
    }
    if let stop = findings.stop { return stop.status }
    for error in findings.errors { host.printError(error) }
    guard let function = findings.function else { return nil }
    session.beginEntry()
    let lastProcess = session.processes.lastID
    let asked = hasAsked
    hasAsked = false
    let before = isEntry ? state : nil
    defer { if let before { tellChanges(since: before) } }
    LessonRun.current?.entryBegan = Clock.monotonic
    defer { LessonRun.current?.entryBegan = nil }
    do {
      let value = try interpreter.run(function)
      try show(value, isEntry: isEntry, isReading: isReading(text))
      try session.output.flush()
    } catch {
      if let status = failed(error, asked: asked) { return status }
      if isEntry, (error as? ErrorObject)?.kind == .interrupted {
        tellWhoGoesOn(after: lastProcess)
      }
    }
    // The child of a classic fork runs the rest of the text and is done.
    if session.isBranch { session.end(0, interpreter) }
    if let lesson = LessonRun.current {
      lesson.entryBegan = nil
      lookAtLesson()
    }
    return nil
  }

  /// Whether an entry asks for a text to read, which says nothing of what is so now.
  private func isReading(_ text: ReadText) -> Bool {
    let first = text.text.split(whereSeparator: \.isWhitespace).first ?? ""
    return ["explain", "help", "lesson", "type"].contains(first)
  }

  private func isToBeTold(_ warning: Warning) -> Bool {
    switch warning.occasion {
    case .script: false
    case .once: toldOnce.insert(warning.message).inserted
    case .terminal, .everyRun, .never: true
    }
  }

  private func show(_ value: Value, isEntry: Bool, isReading: Bool) throws {
    switch value.plain {
    case .null, .missing: break
    default: if isEntry { host.lastResult = value.plain }
    }
    guard isEntry else { return try interpreter.printReport(value) }
    let size = editor.size
    if let text = ValuePrinter(width: size.columns, rows: size.rows - 4).text(value) {
      try interpreter.write(text.hasSuffix("\n") ? text : text + "\n")
      if !isReading { LessonRun.current?.didShow(text, of: value) }
    }
  }

  private func failed(_ error: any Error, asked: Bool) -> Int32? {
    if session.isBranch { session.end(session.status(of: error), interpreter) }
    if let exit = error as? ExitRequest {
      hasAsked = asked
      return mayLeave() ? exit.status : nil
    }
    session.postponing { try session.output.flush() }
    if let error = error as? ErrorObject { LessonRun.current?.didShow(error.message) }
    if let error = error as? ErrorObject, let line = statusLine(error) {
      error.wasPrinted = true
      host.writeError(look(line) + "\n")
    } else {
      report(error)
    }
    return nil
  }

  /// Names the children of an entry that was interrupted: Ctrl-C ends what the shell itself does.
  private func tellWhoGoesOn(after last: Int) {
    let children = session.processes.all.filter {
      $0.id > last && [.fork, .spawn].contains($0.kind) && $0.record == nil
        && !["Z", "T"].contains($0.letter) && !(LessonRun.current?.owns($0) ?? false)
    }
    guard let first = children.first else { return }
    let name = TerminalText.line(first.name)
    let text =
      children.count == 1
      ? "its child \(name) (\(first.pid)) goes on: kill \(name) ends it"
      : "\(children.count) of its children go on, as \(name) (\(first.pid)): "
        + "kill \(children.prefix(5).map { TerminalText.line($0.name) }.joined(separator: " "))"
        + "\(children.count > 5 ? " …" : "") ends them"
    host.writeError(look(text) + "\n")
  }

  /// For a program of the entry itself that failed: no mistake of the text, so one line will do.
  private func statusLine(_ error: ErrorObject) -> String? {
    guard error.kind == .failed, error.payload["records"] != nil, error.trace.isEmpty,
      !error.wasPrinted, error.location?.source.name == "prompt"
    else { return nil }
    return TerminalText.line(error.message + (error.help.map { " (\($0))" } ?? ""))
  }

  /// What `config changes` tells of; nil where it is off.
  private var state: SessionState? {
    session.settings.text("changes") == "on" ? SessionState(session) : nil
  }

  private func tellChanges(since before: SessionState) {
    guard let state, let line = state.changes(since: before) else { return }
    session.postponing { try session.output.flush() }
    host.writeError(look(line) + "\n")
  }

  /// Dim, where there are colours.
  func look(_ text: String) -> String {
    host.diagnostics.isColored ? "\u{1B}[2m\(text)\u{1B}[0m" : text
  }

  /// Prints an error of an entry.
  func report(_ error: any Error) {
    guard let error = error as? ErrorObject else {
      let object = (error as? SystemError)?.asError() ?? ErrorObject(.system, "\(error)")
      return session.report(object)
    }
    if error.kind == .interrupted, !error.wasPrinted {
      // The terminal has echoed ^C.
      host.writeError("\ninterrupted\n")
    } else {
      session.report(error)
    }
  }

  /// Whether one may go: children that would be ended are named, once.
  func mayLeave() -> Bool {
    let living = session.endsWithPrompt.filter { !(LessonRun.current?.owns($0) ?? false) }
    if living.isEmpty || hasAsked { return true }
    hasAsked = true
    let lines = living.prefix(20).map { "  \(TerminalText.line($0.text))\n" }.joined()
    let more = living.count > 20 ? "  … and \(living.count - 20) more\n" : ""
    let one = living.count == 1
    host.writeError(
      "\(one ? "a child still runs" : "\(living.count) children still run"):\n\(lines)\(more)"
        + "leave again to end \(one ? "it" : "them"); "
        + "what is detached (`detach NAME`) outlives the session\n"
    )
    return false
  }

  /// Runs the user's start-up file, if there is one; yields a status if it leaves the shell.
  func runStartFile() -> Int32? {
    let directory = BaseDirectory.config.path { host.environmentVariable($0) }
    guard let path = directory.map({ "\($0)/brood/init.brood" }) else { return nil }
    do {
      guard try mapErrors(nil, { try FileStatus.exists(path) }) else { return nil }
      return evaluate(ReadText(try host.load(path: path, from: nil)), isEntry: false)
    } catch {
      report(error)
      return nil
    }
  }
}
