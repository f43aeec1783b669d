import Language
import Posix

/// What a run is about, as its line in the journal says.
struct JournalRun {
  private let fields: [(String, Value)]

  /// - Parameter work: the words of a program, or the text of a block.
  init(verb: String, rerun: TaskJournal.Rerun?, directory: String, work: (String, Value)) {
    fields = [
      ("pid", .int(Int(Process.pid))), ("verb", .text(verb)),
      ("rerun", rerun.map { .text($0.rawValue) } ?? .null), ("directory", .text(directory)), work,
    ]
  }

  /// The fields of its line.
  var line: [(String, Value)] { fields }

  /// Why none of its tasks was on record, as far as the line of the last run tells.
  func difference(from last: MapObject) -> String {
    let names = [
      "directory": "directory", "program": "program", "block": "block", "verb": "command",
    ]
    for (name, value) in fields {
      guard let noun = names[name], let before = last.get(name) else { continue }
      if before.asText == value.asText { continue }
      return "the last run had another \(noun), \(JournalRun.short(before))"
    }
    return "the inputs, or values that are used, are others than in the last run"
  }

  /// A text's first line, or words as one would type them.
  private static func short(_ value: Value) -> String {
    var text = value.asText
    if case .list(let list) = value { text = list.items.map(\.asText).joined(separator: " ") }
    let line = text.prefix { !$0.isNewline }.prefix(60)
    return line.count < text.count ? line + "…" : text
  }
}
