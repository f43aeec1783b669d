import Language
import Posix
import Session
import ShellHost
import Teaching

extension Session {
  /// The language of explanations, lessons and summaries: `config lang`, or that of the environment.
  func textLanguage(_ interpreter: Interpreter) -> TextLanguage {
    if let chosen = TextLanguage(rawValue: settings.text("lang")) { return chosen }
    guard let host = interpreter.host as? BroodHost else { return .english }
    // The order of setlocale(3).
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"]
    let locale = names.lazy.compactMap { host.environmentVariable($0) }.first { !$0.isEmpty }
    return locale?.hasPrefix("zh") ?? false ? .chinese : .english
  }
}

extension TextLayout {
  /// As it fits where standard output goes: at most 80 columns.
  ///
  /// - Parameter isReport: whether it becomes the text of a report, which has no colours: what a
  ///   prompt shows of values is made harmless.
  init(for interpreter: Interpreter, isReport: Bool = false) {
    guard Terminal.isTerminal(1) else {
      self.init(width: 80)
      return
    }
    let host = interpreter.host as? BroodHost
    let columns = (try? Terminal.size(1)).map { Int($0.columns) } ?? 80
    let isPlain = host?.environmentVariable("NO_COLOR").map { !$0.isEmpty } ?? false
    let kind = host?.environmentVariable("TERM")
    // One column stays free: some terminals wrap when it is filled.
    self.init(
      width: min(80, columns >= 20 ? columns - 1 : 80),
      isColored: !isReport && !isPlain && !Terminal.isPlain(kind))
  }
}

/// One wording in both languages.
struct Phrase {
  let english: String
  let chinese: String

  init(_ english: String, _ chinese: String) {
    self.english = english
    self.chinese = chinese
  }

  func text(_ language: TextLanguage) -> String { language == .chinese ? chinese : english }
}
