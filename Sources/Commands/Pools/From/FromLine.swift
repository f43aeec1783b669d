import Language

/// What a line of xargs or GNU parallel is for `brood run`, with remarks on what differs.
struct FromLine {
  enum Work: Equatable {
    case words([String])
    /// A text for a shell.
    case shell(String)
  }

  /// `run` or `sem`.
  var verb = "run"
  /// In front of all, as `TMPDIR=/big`.
  var environment: [String] = []
  /// Flags and their values, each pair together.
  private(set) var flags: [[String]] = []
  /// Where the program runs.
  var directory: String?
  /// A variable of it that has the number of its place.
  var slotVariable: String?
  var work = Work.words([])
  /// `:::` and what follows.
  var inputs: [String] = []
  private(set) var remarks: [String] = []

  mutating func add(_ flag: String, _ value: String? = nil) {
    let words = [flag] + (value.map { [$0] } ?? [])
    if !flags.contains(words) { flags.append(words) }
  }

  mutating func remark(_ text: String) {
    if !remarks.contains(text) { remarks.append(text) }
  }

  func has(_ flag: String) -> Bool { flags.contains { $0.first == flag } }

  /// The line, as a shell reads it, and below it the remarks, which are comments there.
  var text: String {
    var words = environment.map(FromLine.quoted) + ["brood", verb]
    for flag in flags {
      words.append(flag[0])
      words += flag.dropFirst().map(FromLine.quoted)
    }
    switch work {
    case .shell(let text):
      let place = directory.map { "cd \(ShellWord.quoted(Array($0.utf8))) && " } ?? ""
      let slot = slotVariable.map { "export \($0)={%}; " } ?? ""
      words += ["--shell", FromLine.quoted(slot + place + text)]
    case .words([]): break
    case .words(let program):
      words.append("--")
      let settings =
        (directory.map { ["-C", $0] } ?? []) + (slotVariable.map { ["\($0)={%}"] } ?? [])
      if !settings.isEmpty { words += (["env"] + settings).map(FromLine.quoted) }
      words += program.map(FromLine.quoted)
    }
    words += inputs.map(FromLine.quoted)
    let comments = remarks.map { "# \(TerminalText.line($0))\n" }.joined()
    return words.joined(separator: " ") + "\n" + comments
  }

  /// Places for an input stay bare: their braces mean nothing to a shell, and they read easier so.
  private static func quoted(_ word: String) -> String {
    let rest = word.replacing("{#}", with: "{}").filter { $0 != "{" && $0 != "}" }
    let isPlain = rest.isEmpty || ShellWord.quoted(Array(rest.utf8)) == rest
    if isPlain, !word.isEmpty, !word.contains(","), !word.contains("..") { return word }
    return ShellWord.quoted(Array(word.utf8))
  }
}
