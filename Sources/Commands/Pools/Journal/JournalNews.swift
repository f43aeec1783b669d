import Language
import Posix
import Session

/// Says in words why tasks are skipped or run again: of each kind the first few, then a summary.
final class JournalNews {
  /// Why a task is run or not.
  enum Reason: CaseIterable {
    case succeeded, standing
    case new, interrupted, failed, changed, unkept, all

    var isSkip: Bool { self == .succeeded || self == .standing }
  }

  /// Takes away what stands in the line of the terminal.
  var clearLine: () -> Void = {}
  private let session: Session
  private let path: String
  private let isVerbose: Bool
  private var counts: [Reason: Int] = [:]

  /// How many of a kind are told one by one.
  private static let most = 3

  init(_ session: Session, _ path: String, isVerbose: Bool) {
    self.session = session
    self.path = path
    self.isVerbose = isVerbose
  }

  /// - Parameters:
  ///   - task: what it works on.
  ///   - why: as `it failed: exit status 3`.
  func tell(_ task: String, _ reason: Reason, _ why: String) {
    let count = counts[reason, default: 0] + 1
    counts[reason] = count
    if !isVerbose, reason == .new || count > JournalNews.most { return }
    let verb = reason.isSkip ? "skipped" : reason == .new ? "runs" : "runs again"
    say("'\(TerminalText.line(shortened(task)))' \(verb): \(why)")
  }

  /// Whether there were tasks, and all were unknown.
  var allAreNew: Bool { !counts.isEmpty && counts.keys.allSatisfy { $0 == .new } }

  /// What became of all.
  func summarize() {
    if counts.isEmpty || allAreNew && !isVerbose { return }
    func part(_ reason: Reason, _ text: String) -> String? {
      counts[reason].map { "\($0) \(text)" }
    }
    let skipped = [
      part(.succeeded, "skipped, done earlier"),
      part(.standing, "skipped, failed earlier (--rerun failed runs them)"),
    ]
    let run = [
      part(.new, "new"), part(.interrupted, "interrupted"), part(.failed, "failed earlier"),
      part(.changed, "changed"), part(.unkept, "without a kept result"), part(.all, "done earlier"),
    ].compactMap { $0 }
    let total = counts.reduce(0) { $0 + ($1.key.isSkip ? 0 : $1.value) }
    let runs = run.isEmpty ? "none run" : "\(total) run: " + run.joined(separator: ", ")
    say((skipped.compactMap { $0 } + [runs]).joined(separator: "; "))
  }

  func say(_ text: String) {
    clearLine()
    session.postponing { try session.output.flush() }
    Session.say("journal \(path): \(text)")
  }

  private func shortened(_ text: String) -> String {
    let line = text.prefix { !$0.isNewline }
    return line.count == text.count && line.count <= 80 ? text : line.prefix(79) + "…"
  }
}
