import Commands
import Language
import Posix
import Session

/// News of children and the output of background jobs, above the line being typed.
extension Prompt {
  /// Shows news at once at the prompt, else before the next one.
  func take(_ notice: Notice) {
    // What a child wrote comes before its end, and before the result of a `wait` for it.
    if case .ended = notice.event { terminals?.drain(notice.process) }
    guard editor.isActive else {
      news.append(notice)
      return
    }
    show(notice)
  }

  /// Shows what came while something ran, less what that has waited for or said itself.
  func showNews() {
    let notices = news
    news = []
    for notice in notices {
      switch notice.event {
      case .ended where notice.process.record != nil || !notice.process.isAlone: continue
      case .stopped where !notice.process.isStopped: continue
      case .continued: continue
      default: show(notice)
      }
    }
  }

  private func show(_ notice: Notice) {
    guard let line = text(of: notice) else { return }
    printAbove(line + "\n")
  }

  private func text(of notice: Notice) -> String? {
    let process = notice.process
    let name = "[\(process.id)] \(process.pid) \(process.name)"
    switch notice.event {
    case .stopped(let signal): return "\(name) stopped: \(signal.name)"
    case .continued: return "\(name) continued"
    case .ended:
      if process.wasReported { return nil }
      process.wasReported = true
      let peeked: ExitInfo?? = try? session.peek(process)
      // Of a job that failed, as the member that did.
      let failed = process.upstream.lazy.compactMap(\.record).first(where: \.hasFailed)
      guard let info = failed?.info ?? process.record?.info ?? (peeked ?? nil) else {
        return "\(name) ended"
      }
      switch info.cause {
      case .exited(let status): return "\(name) ended: exit \(status)"
      case .signaled(let signal, let core):
        return "\(name) ended: \(signal.name) (\(signal.word)\(core ? ", core dumped" : ""))"
      }
    }
  }

  /// Writes whole lines: above the line being typed, or behind what a command has printed.
  func printAbove(_ text: String) {
    if editor.isActive {
      editor.printAbove(text)
    } else {
      session.postponing { try session.output.flush() }
      editor.write(text)
    }
  }
}
