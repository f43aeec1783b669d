import Commands
import Language
import Posix
import Processes
import Session
import ShellHost

/// News of children and the output of background jobs, above the line being typed.
extension Prompt {
  /// Shows news at once at the prompt, else before the next one.
  func take(_ notice: Notice) {
    // What a child wrote comes before its end, and before the result of a `wait` for it.
    if case .ended = notice.event { terminals?.drain(notice.process) }
    // At the prompt they are shown before it sleeps again, those that come together as one.
    news.append((notice, editor.isActive && !isAttending))
    if let lesson = LessonRun.current {
      if case .ended = notice.event {
        lesson.wake(isBrief: false)
      } else {
        lesson.wake(isBrief: true)
      }
    }
  }

  /// Shows what came: while something ran, less what that has waited for or said itself.
  func showNews() {
    if LessonRun.current?.takeSilence() ?? false { news = [] }
    let notices = news.filter { notice, cameWhileTyping in
      if cameWhileTyping { return true }
      switch notice.event {
      case .ended: return notice.process.record == nil && notice.process.isAlone
      case .stopped: return notice.process.isStopped
      case .continued: return false
      }
    }.map(\.notice)
    news = []
    let ended = notices.filter { if case .ended = $0.event { true } else { false } }
      .map(\.process).filter { !$0.wasReported }
    var lines: [String] = []
    if ended.count > Prompt.mostNotices {
      lines.append(summary(ended))
      for process in ended { process.wasReported = true }
    }
    let others = notices.compactMap(text)
    lines += others.prefix(Prompt.mostNotices)
    if others.count > Prompt.mostNotices {
      lines.append("… \(others.count - Prompt.mostNotices) more have stopped or gone on: see jobs")
    }
    if !lines.isEmpty { printAbove(lines.joined(separator: "\n") + "\n") }
  }

  /// So many at once are told one by one.
  private static let mostNotices = 10

  /// As `40 children ended: 38 with exit 0, 2 by KILL`.
  private func summary(_ ended: [ProcessHandle]) -> String {
    var counts: [(cause: String, count: Int)] = []
    for process in ended {
      let cause =
        switch info(of: process)?.cause {
        case .exited(let status)?: "with exit \(status)"
        case .signaled(let signal, _)?: "by \(signal.name)"
        case nil: "somehow"
        }
      if let known = counts.firstIndex(where: { $0.cause == cause }) {
        counts[known].count += 1
      } else {
        counts.append((cause, 1))
      }
    }
    let parts = counts.sorted { $0.cause < $1.cause }.map { "\($0.count) \($0.cause)" }
    return "\(ended.count) children ended: " + parts.joined(separator: ", ")
  }

  /// How a process ended; of a job that failed, as the member that did.
  private func info(of process: ProcessHandle) -> ExitInfo? {
    if let failed = process.upstream.lazy.compactMap(\.record).first(where: \.hasFailed) {
      return failed.info
    }
    return process.record?.info ?? (try? session.peek(process)) ?? nil
  }

  private func text(of notice: Notice) -> String? {
    let process = notice.process
    let name = "[\(process.id)] \(process.pid) \(TerminalText.line(process.name))"
    switch notice.event {
    case .stopped(let signal): return "\(name) stopped: \(signal.name)"
    case .continued: return "\(name) continued"
    case .ended:
      if process.wasReported { return nil }
      process.wasReported = true
      guard let info = info(of: process) else { return "\(name) ended" }
      switch info.cause {
      case .exited(let status):
        let signal = status > 128 ? Signal(status - 128) : nil
        let note = signal.map { " (128 + \($0.number), \($0.name))" } ?? ""
        return "\(name) ended: exit \(status)\(note)"
      case .signaled(let signal, let core):
        return "\(name) ended: \(signal.name) (\(signal.word)\(core ? ", core dumped" : ""))"
      }
    }
  }

  /// Ctrl-Z came to the shell itself: while one types it means nothing, else it cannot be obeyed.
  func tellOfControlZ() {
    if editor.isActive { return }
    let call = interpreter.withActiveCall { String(decoding: $0, as: UTF8.self) }
    let words = call.split(maxSplits: 2, whereSeparator: \.isWhitespace).map(String.init)
    let isVerb = words.first.map { interpreter.table.verbs(of: $0) != nil } ?? false
    let name = words.prefix(isVerb ? 2 : 1).joined(separator: " ")
    let what = name.isEmpty ? "this" : "'\(TerminalText.line(name))'"
    host.writeError("\n\(what) runs in the shell itself and cannot be stopped: Ctrl-C ends it\n")
  }

  /// Writes whole lines: above the line being typed, or behind what a command has printed.
  func printAbove(_ text: String) {
    if editor.isActive {
      editor.printAbove(text)
    } else if session.hooks.heldOutput != nil {
      session.hooks.heldOutput?.append(text)
    } else {
      session.postponing { try session.output.flush() }
      editor.write(text)
    }
  }
}
