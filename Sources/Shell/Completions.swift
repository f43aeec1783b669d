import Language

/// One thing that could stand where the cursor is.
struct Candidate {
  /// What is put into the line.
  var replacement: String
  /// What a list shows.
  var name: String
  /// A few words on it; empty where there are none.
  var note: String
  /// What follows it when it is the only one: a blank, or nothing where more may follow directly.
  var suffix = " "

  init(_ name: String, _ note: String = "", replacement: String? = nil, suffix: String = " ") {
    self.name = name
    self.note = note
    self.replacement = replacement ?? name
    self.suffix = suffix
  }
}

/// What could stand in the place of the text from a byte on.
struct Completions {
  let start: Int
  let candidates: [Candidate]
  /// What can be put into the line at once: the beginning that all have in common.
  let common: String

  /// At most so many rows are listed, as there is no pager.
  static let mostRows = 60

  init(start: Int, typed: String, _ candidates: [Candidate]) {
    self.start = start
    self.candidates = candidates
    let shared = Completions.commonPrefix(candidates.map(\.replacement))
    // Names that differ in case share less than was typed, which must not be lost.
    common = shared.utf8.count < typed.utf8.count ? typed : shared
  }

  private static func commonPrefix(_ texts: [String]) -> String {
    guard var prefix = texts.first.map({ Array($0.unicodeScalars) }) else { return "" }
    for text in texts.dropFirst() {
      let length = zip(prefix, text.unicodeScalars).prefix { $0 == $1 }.count
      prefix.removeLast(prefix.count - length)
    }
    // Half of an escaped character is none.
    if texts.count > 1, prefix.reversed().prefix(while: { $0 == "\\" }).count % 2 == 1 {
      prefix.removeLast()
    }
    return String(String.UnicodeScalarView(prefix))
  }

  // MARK: Showing

  /// The list, each line ending in a newline: names with their notes, or files side by side.
  ///
  /// Names of files and command lines are other people's.
  func table(columns: Int, rows: Int, isColored: Bool) -> String {
    let candidates = candidates.map { candidate in
      var candidate = candidate
      candidate.name = TerminalText.line(candidate.name)
      let note = candidate.note.map { $0.isNewline || $0 == "\t" ? " " : $0 }
      candidate.note = TerminalText.line(String(note))
      return candidate
    }
    let most = max(4, min(Completions.mostRows, rows - 2))
    let shown =
      candidates.allSatisfy(\.note.isEmpty)
      ? Completions.grid(candidates, columns: columns, most: most)
      : Completions.described(candidates, columns: columns, most: most, isColored: isColored)
    return shown.lines.joined(separator: "\n") + "\n"
      + (shown.count < candidates.count ? "… and \(candidates.count - shown.count) more\n" : "")
  }

  private static func described(
    _ candidates: [Candidate], columns: Int, most: Int, isColored: Bool
  ) -> (lines: [String], count: Int) {
    let shown = candidates.prefix(candidates.count > most ? most - 1 : most)
    let widest = shown.map { displayWidth($0.name) }.max() ?? 0
    let nameWidth = min(widest, max(8, columns / 2))
    let lines = shown.map { candidate in
      let name = truncated(candidate.name, toWidth: nameWidth)
      if candidate.note.isEmpty { return name }
      let space = String(repeating: " ", count: nameWidth - displayWidth(name) + 2)
      // One column stays free, so that no terminal wraps.
      let note = truncated(
        candidate.note, toWidth: max(1, columns - nameWidth - 3))
      return name + space + (isColored ? "\u{1B}[2m\(note)\u{1B}[0m" : note)
    }
    return (Array(lines), shown.count)
  }

  /// As many columns as fit, filled from top to bottom.
  private static func grid(
    _ candidates: [Candidate], columns: Int, most: Int
  ) -> (lines: [String], count: Int) {
    let widest = min(columns - 1, candidates.map { displayWidth($0.name) }.max() ?? 1)
    let across = max(1, (columns - 1 + 2) / (widest + 2))
    let isCut = candidates.count > across * most
    let shown = candidates.prefix(isCut ? across * (most - 1) : candidates.count)
    let down = (shown.count + across - 1) / across
    let lines = (0..<down).map { row in
      var line = ""
      for column in 0..<across where column * down + row < shown.count {
        let name = truncated(shown[column * down + row].name, toWidth: widest)
        let isLast = (column + 1) * down + row >= shown.count
        line += name
        if !isLast { line += String(repeating: " ", count: widest - displayWidth(name) + 2) }
      }
      return line
    }
    return (lines, shown.count)
  }
}
