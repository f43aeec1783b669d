import CReadline
import Glibc
import Posix
import Processes

/// One line at a time from a terminal, edited by GNU readline; the event loop stays the caller's.
///
/// There is one editor in a process. Nothing that throws passes through readline's frames: what is
/// typed is kept here until the caller takes it.
final class LineEditor {
  /// What was entered.
  enum Entry {
    case line(String)
    case endOfInput
  }

  /// Answers what could stand at the end of a text.
  var complete: (String) -> Completions? = { _ in nil }
  /// How results, notices and lists are coloured, if they are.
  let isColored: Bool
  /// Whether the terminal cannot move its cursor.
  let isDumb: Bool

  private let loop: EventLoop
  private let input: Int32
  private var watch: Watch?
  private var entered: Entry?
  private var shown: Completions?
  /// The line that was dropped last, until it is taken.
  private var dropped: String?

  /// Prepares the editor on private copies of the descriptors, so that redirections leave it alone.
  init(input: Int32, output: Int32, loop: EventLoop, isPlain: Bool) throws(SystemError) {
    self.loop = loop
    self.input = try LineEditor.reopened(input)
    let output = try Descriptors.privateCopy(of: output)
    let code = brood_editor_start(
      "brood", self.input, output, try Signals.descriptor([.int]))
    if code < 0 { throw SystemError(call: "fdopen", code: -code) }
    isDumb = brood_editor_is_dumb()
    isColored = !isDumb && !isPlain
    brood_editor_set_owner(owner)
  }

  /// The terminal opened once more, non-blocking: that is no business of others who share it.
  private static func reopened(_ terminal: Int32) throws(SystemError) -> Int32 {
    let flags = O_RDONLY | O_NOCTTY | O_NONBLOCK
    guard let own = try? Descriptors.open("/proc/self/fd/\(terminal)", flags) else {
      // It belongs to another user, as after su.
      return try Descriptors.privateCopy(of: terminal)
    }
    return try Descriptors.makePrivate(own)
  }

  private var owner: brood_editor_owner {
    var owner = brood_editor_owner()
    owner.context = Unmanaged.passUnretained(self).toOpaque()
    owner.line = { context, text in
      let line = text.map { String(cString: $0) }
      LineEditor.from(context)?.entered = line.map { .line($0) } ?? .endOfInput
    }
    owner.complete = { context, text, point in
      guard let text else { return }
      let bytes = UnsafeBufferPointer(start: text, count: Int(point)).map { UInt8(bitPattern: $0) }
      LineEditor.from(context)?.answer(String(decoding: bytes, as: UTF8.self))
    }
    owner.list = { context in LineEditor.from(context)?.list() }
    return owner
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> LineEditor? {
    context.map { Unmanaged<LineEditor>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: Lines

  /// Whether the prompt is shown.
  var isActive: Bool { brood_editor_is_active() }

  /// Shows a prompt and reads keys as the loop finds them.
  func activate(_ prompt: String) throws(SystemError) {
    if watch == nil {
      watch = try loop.watch(input, for: .read) {
        // Keys behind a Ctrl-C are read when that has been dealt with.
        if !Attention.isPending { brood_editor_read() }
      }
    }
    brood_editor_activate(prompt)
  }

  /// Puts text into the line, as if it had been typed.
  func insert(_ text: String) { brood_editor_insert(text) }

  /// Takes what was entered since the prompt was shown; the terminal is the caller's again then.
  func take() -> Entry? {
    guard let entry = entered else { return nil }
    entered = nil
    unwatch()
    return entry
  }

  /// Whether something was entered.
  var hasEntry: Bool { entered != nil }

  /// Drops the line being typed, leaving it on the screen with `^C` behind it.
  func dropLine() {
    dropped = brood_editor_line().map { String(cString: $0) } ?? dropped
    brood_editor_drop_line()
    // Enter and Ctrl-C came together, and which was first is not known.
    entered = nil
    unwatch()
  }

  /// Takes the text of the line that was dropped.
  func takeDropped() -> String? {
    defer { dropped = nil }
    return dropped
  }

  /// Gives the terminal back.
  func deactivate() {
    brood_editor_deactivate()
    unwatch()
  }

  /// In a forked child: the line being typed is the parent's.
  func forget() {
    brood_editor_forget()
    watch = nil
  }

  /// Names the process group that gets the terminal if a signal ends the shell at the prompt.
  func leaveTerminal(to group: Int32) { brood_editor_leave_terminal_to(group) }

  private func unwatch() {
    if let watch { loop.remove(watch) }
    watch = nil
  }

  // MARK: Output

  /// Makes room for output above the line being typed, until `endOutput`.
  func beginOutput() { brood_editor_begin_output() }

  /// Shows the line being typed again.
  func endOutput() { brood_editor_end_output() }

  /// Writes whole lines above the line being typed; `endOutput` must follow before the next key.
  func printAbove(_ text: String) {
    beginOutput()
    write(text.hasSuffix("\n") ? text : text + "\n")
  }

  /// Writes to the terminal.
  func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        brood_editor_write($0.baseAddress, UInt64($0.count))
      }
    }
  }

  /// The window's size, asked for anew.
  var size: (rows: Int, columns: Int) {
    var rows: Int32 = 0
    var columns: Int32 = 0
    brood_editor_size(&rows, &columns)
    return (max(2, Int(rows)), max(10, Int(columns)))
  }

  /// Shows the line as the window's new size has it.
  func resize() { brood_editor_resize() }

  // MARK: Completion

  private func answer(_ text: String) {
    shown = nil
    guard let answer = complete(text), !answer.candidates.isEmpty else { return }
    shown = answer
    let suffix = answer.candidates.count == 1 ? answer.candidates[0].suffix : ""
    brood_completion_begin(
      Int32(answer.start), answer.common, CChar(bitPattern: suffix.utf8.first ?? 0))
    for candidate in answer.candidates { brood_completion_add(candidate.replacement) }
  }

  private func list() {
    guard let shown else { return }
    let size = size
    write(shown.table(columns: size.columns, rows: size.rows, isColored: isColored))
  }

  // MARK: History

  /// Adds a line to those that the arrow keys recall.
  func remember(_ line: String) { brood_history_add(line) }

  /// The lines that the arrow keys recall, oldest first.
  var remembered: [String] {
    (0..<brood_history_count()).compactMap { index in
      brood_history_line(index).map { String(cString: $0) }
    }
  }
}
