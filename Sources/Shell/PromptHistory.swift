import Posix

/// The entries that the arrow keys recall and `history` lists, kept in a file.
final class PromptHistory {
  private let file: HistoryFile?
  private let editor: LineEditor
  private var last: String?

  init(file: HistoryFile?, editor: LineEditor) {
    self.file = file
    self.editor = editor
  }

  /// All entries, oldest first.
  var entries: [String] { editor.remembered }

  /// Reads what earlier sessions left.
  func load() {
    for entry in file?.load() ?? [] { remember(entry.text) }
  }

  /// Adds an entry, unless it begins with a blank or repeats the one before.
  func add(_ text: String) {
    var text = text
    while text.last?.isNewline ?? false { text.removeLast() }
    guard let first = text.first, first != " ", first != "\t", text != last else { return }
    remember(text)
    // Without a file the entries last as long as the session.
    try? file?.append(HistoryFile.Entry(time: Clock.realtime / 1_000_000_000, text: text))
  }

  private func remember(_ text: String) {
    if text == last { return }
    last = text
    editor.remember(text)
  }
}
