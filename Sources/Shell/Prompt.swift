import Commands
import Language
import Posix
import Processes
import Session
import ShellHost

/// The shell at a terminal: reads entries, runs them, shows results and news, until one leaves.
public final class Prompt {
  let session: Session
  let interpreter: Interpreter
  let host: BroodHost
  let editor: LineEditor
  let history: PromptHistory
  /// Held here too: forked children let the session's reference go before they forget it.
  var terminals: BackgroundTerminals?
  /// News of children, to be shown before the next prompt or before it sleeps again.
  var news: [(notice: Notice, cameWhileTyping: Bool)] = []
  /// A handler of a signal runs while the line is being typed.
  var isAttending = false
  /// Children that still run were named at the last attempt to leave.
  var hasAsked = false
  /// Warnings that are told once.
  var toldOnce: Set<String> = []
  /// Something ran since the last prompt, so that the cursor may be anywhere in its line.
  var isDisturbed = false
  var windowSize = (rows: 0, columns: 0)
  /// The session that this prompt was attached to from another terminal; nil for one's own.
  let attachedTo: Int32?
  /// Where the shell was at the first prompt.
  var firstDirectory: String?
  /// What the user's block for the prompt yielded last, and how it failed last.
  var lastPrompt: String?
  var promptFault: String?

  /// Takes the terminal on standard input.
  ///
  /// - Throws: `SystemError` if there are no descriptors left for it.
  public init(
    session: Session, interpreter: Interpreter, host: BroodHost, attachedTo: Int32? = nil
  ) throws {
    self.attachedTo = attachedTo
    self.session = session
    self.interpreter = interpreter
    self.host = host
    // The environment is read before the editor, which may change the process's own copy.
    let noColor = host.environmentVariable("NO_COLOR").map { !$0.isEmpty } ?? false
    // Results may go to a file while one types.
    let output: Int32 = [1, 2].first { Terminal.isTerminal($0) } ?? 0
    editor = try LineEditor(input: 0, output: output, loop: session.loop, isPlain: noColor)
    history = PromptHistory(
      file: HistoryFile { [host] in host.environmentVariable($0) }, editor: editor)
  }

  /// Runs until the user leaves; yields the status to end with.
  public func run() -> Int32 {
    do {
      try prepare()
    } catch {
      report(error)
      return 1
    }
    if let attachedTo {
      host.writeError(
        "session \(attachedTo) goes on; what is typed here runs in a process beside it, "
          + "and Ctrl-D leaves that\n")
    } else {
      if let status = runStartFile() { return status }
      greet()
    }
    // A prompt without memory for that is still a prompt.
    if attachedTo == nil { try? session.record() }
    while true {
      let entry: Entry
      do {
        entry = try readEntry()
      } catch {
        // Without an event loop there is nothing to go on with.
        editor.deactivate()
        report(error)
        return 1
      }
      switch entry {
      case .dropped: continue
      case .text(let text):
        history.add(text.text)
        if let status = evaluate(text, isEntry: true) {
          return status
        }
      case .endOfInput:
        if leaveLesson() { continue }
        if mayLeave() { return 0 }
      case .leave(let status):
        return status
      }
    }
  }

  private func prepare() throws {
    try host.startJobControl()
    if let group = host.jobControl?.groupBefore { editor.leaveTerminal(to: group) }
    let terminals = BackgroundTerminals(session, terminal: host.jobControl?.terminal ?? 0)
    terminals.printer = { [self] bytes in
      printAbove(String(decoding: bytes, as: UTF8.self))
    }
    self.terminals = terminals
    session.hooks.backgroundOutput = terminals
    // The line being typed is adapted when the handlers have run.
    session.handlers.hooks[.winch] = { [terminals] in terminals.resize() }
    try Signals.set(.winch, .record)
    // Ctrl-\ gets one out of a loop although Ctrl-C has a block of the user's.
    session.handlers.hooks[.quit] = { [editor] in
      if !editor.isActive { throw ErrorObject(.interrupted, "interrupted") }
    }
    try Signals.set(.quit, .record, force: true)
    // Ctrl-C drops the line also where it has a block of the user's.
    session.handlers.beforeInterrupt = { [self] in
      guard editor.isActive || editor.hasEntry else { return }
      editor.dropLine()
      isDisturbed = true
    }
    // A `brood &` may have left it ignored.
    try Signals.set(.int, .record, force: true)
    // Ctrl-Z is for programs.
    session.handlers.hooks[.tstp] = { [self] in tellOfControlZ() }
    try Signals.set(.tstp, .record, force: true)
    firstDirectory = try? Directory.current()
    if attachedTo == nil || session.settings.text("prompt").isEmpty {
      definePrompt()
    }
    host.historyEntries = { [history] in (history.entries, history.fileWithOlder) }
    let completer = Completer(session: session, interpreter: interpreter)
    editor.complete = { [self] text in completer.complete(unfinished + text) }
    session.hooks.tellStuck = { [self] in
      printAbove(FoldedText.lines(TerminalText.lines($0), width: editor.size.columns) + "\n")
    }
    session.hooks.notices = { [self] in take($0) }
    LessonRun.tellNews = { [self] in
      session.postponing { try session.output.flush() }
      if !editor.isActive { freshLine() }
      session.sweep()
      showNews()
    }
    // What handlers and timers print goes above the line being typed.
    session.output.beforeWriting = { [self] in
      if editor.isActive { editor.beginOutput() }
    }
    let flush = session.loop.beforeSleep
    session.loop.beforeSleep = { [self] in
      if editor.isActive, !news.isEmpty { showNews() }
      flush?()
      editor.endOutput()
    }
    session.hooks.afterForkInChild.append { [editor] in editor.forget() }
    windowSize = editor.size
    history.load()
  }

  /// Says how to get on, unless the history is that of somebody who knows.
  private func greet() {
    switch session.settings.text("greeting") {
    case "off": return
    case "auto" where history.loaded >= Prompt.manyEntries: return
    default: break
    }
    host.writeError(look(Greeting.text(interpreter)))
  }

  /// Who has typed so many entries needs no greeting.
  private static let manyEntries = 50

  /// `config prompt`.
  private func definePrompt() {
    session.settings.define(
      .choice(
        "greeting",
        "Whether the prompt begins with a line about help (auto: while the history is short)",
        ["auto", "on", "off"]))
    session.settings.define(
      Setting(
        "prompt",
        "What stands before the line being typed: a text, or a block that yields it",
        standard: .text(PromptText.standard),
        convert: { value in
          switch value {
          case .string, .closure: value
          default: .text(value.asText)
          }
        }))
  }

  /// The lines of the entry that are complete, while the next one is being typed.
  var unfinished = ""
}
