import Language

/// Commands whose help has a word that is no topic itself, as `retry`.
enum HelpSearch {
  private static let shortest = 4

  /// The commands that speak of a word, each with what is said of it: a flag, or the summary.
  ///
  /// A word also stands for longer ones that begin as it does, but for its own ending: `retry` finds
  /// `--retries`.
  static func find(_ word: String, in table: CommandTable) -> [(String, String)] {
    let word = word.lowercased()
    let ending = ["ies", "ing", "es", "y", "s"].first { word.hasSuffix($0) }
    let stem = word.dropLast(ending.map { word.count - $0.count >= shortest ? $0.count : 0 } ?? 0)
    guard stem.count >= shortest else { return [] }
    func has(_ text: String) -> Bool {
      text.lowercased().split { !$0.isLetter && !$0.isNumber }.contains { $0.hasPrefix(stem) }
    }
    var found: [(String, String)] = []
    for command in table.all {
      if let flag = command.flags.first(where: { has($0.name) || has($0.summary) }) {
        found.append(("\(command.name) --\(flag.name)", flag.summary))
      } else if has(command.summary) || has(command.details) {
        found.append((command.name, command.summary))
      }
    }
    return found
  }
}
