import Language
import Posix
import Processes
import Session
import ShellHost

/// The line of `--progress` at the terminal, for blocks and programs: renewed when something happens
/// and each second.
final class TaskProgress {
  struct Counts {
    var done = 0
    /// Nil while that is not known.
    var total: Int?
    var running = 0
    var failed = 0
    /// What the running ones have in memory (bytes), as far as it was looked at.
    var memory: Int?
  }

  /// Tells how far it is.
  private var counts: (() -> Counts)?
  private var isOver = false
  private let name: String
  private let loop: EventLoop
  private let begun = Clock.monotonic
  private var shownAt: Int64 = 0
  private var isDirty = false
  /// A terminal that knows no control sequences: blanks take the line away.
  private let isPlain: Bool
  /// How long the line is there.
  private var shownWidth = 0
  private var timer: TimerID?
  /// Looks at the memory of what runs, which is not done for each line.
  private var runningMemory: (() -> Int)?
  private var memory: Int?
  private var memoryAt = Int64.min / 2
  /// How long all was stopped (ns).
  private var stoppedTime: () -> Int64 = { 0 }

  /// At most so often (ns).
  private static let interval: Int64 = 100_000_000
  /// And at least (ns).
  private static let tickTime: Int64 = 1_000_000_000

  /// Nil if it is not asked for, or there is no terminal to see it at.
  ///
  /// - Parameter name: of what is under way.
  init?(_ name: String, _ call: borrowing Call) {
    guard call.isSet("progress") || call.isSet("eta"), Terminal.isTerminal(2) else { return nil }
    self.name = TerminalText.line(name)
    loop = call.session.loop
    isPlain = Terminal.isPlain((call.interpreter.host as? BroodHost)?.environmentVariable("TERM"))
    tick()
  }

  private func tick() {
    show()
    timer = loop.addTimer(at: Clock.deadline(after: TaskProgress.tickTime)) {
      [weak self] in self?.tick()
    }
  }

  func show() {
    guard let counts else { return }
    let now = Clock.coarse
    // What was taken away for other output comes back at once.
    if isDirty, now - shownAt < TaskProgress.interval { return }
    // The line of a shell that has the terminal meanwhile is not written over.
    if let group = try? Terminal.foreground(2), group != Process.group {
      isDirty = false
      return
    }
    shownAt = now
    var known = counts()
    if now - memoryAt >= TaskProgress.tickTime {
      memoryAt = now
      memory = runningMemory?()
    }
    known.memory = memory
    let columns = (try? Terminal.size(2)).map { Int($0.columns) } ?? 0
    let elapsed = now - begun - stoppedTime()
    let text = ProgressText.line(name, known, elapsed: elapsed, columns: columns)
    if isPlain {
      write("\r\(text)" + String(repeating: " ", count: max(0, shownWidth - text.count)))
      shownWidth = text.count
    } else {
      write("\r\(text)\u{1B}[K")
    }
    isDirty = true
  }

  /// Takes the line away, for other output.
  func clear() {
    if isDirty {
      write(isPlain ? "\r" + String(repeating: " ", count: shownWidth) + "\r" : "\r\u{1B}[K")
    }
    shownWidth = 0
    isDirty = false
  }

  func end() {
    if let timer { loop.cancel(timer) }
    timer = nil
    counts = nil
    isOver = true
    clear()
  }

  private func write(_ text: String) { try? Transfer.writeAll(2, text) }

  // MARK: What is followed

  /// Follows a run of programs.
  ///
  /// - Parameter total: how many there are, where that is known.
  func follow(_ run: ProgramRun, of total: Int?) {
    counts = { [weak run] in
      guard let run else { return Counts() }
      return Counts(
        done: run.succeeded + run.failed, total: total ?? (run.isWhole ? run.count : nil),
        running: run.runningCount, failed: run.failed)
    }
    runningMemory = { [weak run] in run?.runningMemory ?? 0 }
    stoppedTime = { [weak run] in run?.stoppedFor ?? 0 }
    run.onProgress = { [weak self] in self?.show() }
    run.onShow = { [weak self] in self?.clear() }
    show()
  }

  /// Follows the tasks of a block; called after some of them have ended.
  func follow(_ job: MapJob, _ pool: Pool) {
    if counts == nil, !isOver {
      counts = { [weak job, weak pool] in
        guard let job, let pool else { return Counts() }
        return Counts(
          done: job.succeeded + job.failed, total: job.isWhole ? job.supplied : nil,
          running: min(job.running, pool.target), failed: job.failed)
      }
    }
    show()
  }
}
