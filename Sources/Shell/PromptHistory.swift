import Posix
import Processes
import Session

/// The entries that the arrow keys recall and `history` lists, kept in a file.
final class PromptHistory {
  private let file: HistoryFile?
  private let editor: LineEditor
  private var last: String?
  /// That the file cannot be written was said.
  private var hasTold = false

  init(file: HistoryFile?, editor: LineEditor) {
    self.file = file
    self.editor = editor
  }

  /// All entries, oldest first.
  var entries: [String] { editor.remembered }
  /// How many earlier sessions have left.
  private(set) var loaded = 0
  /// The file with older ones than these; nil if there are none.
  private(set) var fileWithOlder: String?

  /// Reads what earlier sessions left.
  func load() {
    guard let file else { return }
    let part = file.load()
    loaded = part.entries.count
    for entry in part.entries { remember(entry.text) }
    fileWithOlder = part.isWhole ? nil : file.path
  }

  /// Adds an entry, unless it begins with a blank or repeats the one before.
  func add(_ text: String) {
    var text = text
    while text.last?.isNewline ?? false { text.removeLast() }
    guard let first = text.first, first != " ", first != "\t", text != last else { return }
    remember(text)
    // Without a file the entries last as long as the session.
    do throws(SystemError) {
      try file?.append(HistoryFile.Entry(time: Clock.realtime / 1_000_000_000, text: text))
    } catch {
      if hasTold { return }
      hasTold = true
      Session.say(
        "brood: cannot keep the history in \(file?.path ?? ""): \(error.message); "
          + "it lasts as long as this session")
    }
  }

  /// Has the arrow keys recall a block that was left by Ctrl-C; a single line is gone.
  func keep(abandoned text: String) {
    guard text.contains("\n"), let first = text.first, first != " ", first != "\t",
      !text.allSatisfy(\.isWhitespace), !entries.contains(text)
    else { return }
    remember(text)
  }

  private func remember(_ text: String) {
    if text == last { return }
    last = text
    editor.remember(text)
  }
}
