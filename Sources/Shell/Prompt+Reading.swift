import Commands
import Language
import Posix
import Processes
import Session
import ShellHost

/// Reading entries: lines until the parser is content.
extension Prompt {
  enum Entry {
    case text(ReadText)
    /// Ctrl-C: nothing to do.
    case dropped
    case endOfInput
    /// A signal's handler or the session ended.
    case leave(Int32)
  }

  private enum Line {
    case text(String)
    case interrupted
    case endOfInput
    case leave(Int32)
  }

  /// Reads lines until they make a whole text.
  func readEntry() throws -> Entry {
    unfinished = ""
    defer { unfinished = "" }
    let look = lessonPrompt ?? makePrompt()
    while true {
      switch try readLine(unfinished.isEmpty ? look.first : look.continuation) {
      case .interrupted:
        LessonRun.current?.dropProposed()
        history.keep(abandoned: unfinished + (editor.takeDropped() ?? ""))
        return .dropped
      case .leave(let status): return .leave(status)
      case .endOfInput:
        // In the middle of an entry: it is run as it is, and the parser says what is missing.
        return unfinished.isEmpty ? .endOfInput : .text(read(unfinished))
      case .text(var line):
        if unfinished.isEmpty {
          guard case .entry(let entry) = offer(line) else { return .dropped }
          line = entry
        }
        let text = unfinished + line
        if unfinished.isEmpty, line.utf8.allSatisfy({ $0 <= 0x20 }) { return .dropped }
        let entry = read(text)
        guard entry.isIncomplete else { return .text(entry) }
        unfinished = text + "\n"
      }
    }
  }

  private func read(_ text: String) -> ReadText { ReadText(Source(name: "prompt", text: text)) }

  private func readLine(_ prompt: String) throws -> Line {
    session.postponing { try session.output.flush() }
    host.jobControl?.endEntry()
    if isDisturbed { freshLine() }
    isDisturbed = false
    showNews()
    try editor.activate(prompt)
    noteSize()
    if let line = LessonRun.current?.takeProposed() { editor.insert(line) }
    while true {
      if let entry = editor.take() {
        switch entry {
        case .line(let text): return .text(text)
        case .endOfInput: return .endOfInput
        }
      }
      // Ctrl-C has dropped the line, and the user's block for it has run.
      if !editor.isActive { return .interrupted }
      _ = try session.pause(interpreter) { !editor.isActive || Attention.isPending }
      guard Attention.isPending else { continue }
      noteSize()
      if let line = attend() {
        editor.deactivate()
        return line
      }
    }
  }

  /// Runs the handlers of signals; what they print goes above the line being typed.
  private func attend() -> Line? {
    if !session.handlers.blocks.isEmpty { editor.beginOutput() }
    isAttending = true
    defer { isAttending = false }
    do {
      try host.attend(interpreter)
      try LessonRun.current?.lookAtEvent()
      try session.output.flush()
      // A handler forked the classic way: the child has done its work.
      if session.isBranch { session.end(0, interpreter) }
    } catch let exit as ExitRequest {
      if session.isBranch { session.end(exit.status, interpreter) }
      return .leave(exit.status)
    } catch let error as ErrorObject {
      if session.isBranch { session.end(session.status(of: error), interpreter) }
      if error.kind == .interrupted {
        editor.dropLine()
        return .interrupted
      }
      editor.beginOutput()
      report(error)
    } catch {
      editor.beginOutput()
      report(error)
    }
    editor.endOutput()
    return nil
  }

  /// Adapts the line to a window that has changed.
  private func noteSize() {
    guard let now = try? Terminal.size(0) else { return }
    let size = (rows: Int(now.rows), columns: Int(now.columns))
    if size == windowSize { return }
    windowSize = size
    editor.resize()
  }

  /// Begins a new line if what ran left the cursor within one, which a `%` shows.
  ///
  /// Enough blanks to fill a line wrap only if something stands in it already (a trick of zsh).
  func freshLine() {
    if editor.isDumb { return }
    let blanks = String(repeating: " ", count: max(1, editor.size.columns - 1))
    let mark = editor.isColored ? "\u{1B}[7m%\u{1B}[0m" : "%"
    editor.write("\(mark)\(blanks)\r\u{1B}[K")
  }
}
