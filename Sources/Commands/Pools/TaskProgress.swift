import Language
import Posix
import Session

/// The line of `--progress` at the terminal, for blocks and programs: renewed when something happens
/// and each second.
final class TaskProgress {
  struct Counts {
    var done = 0
    /// Nil while that is not known.
    var total: Int?
    var running = 0
    var failed = 0
  }

  /// Tells how far it is.
  private var counts: (() -> Counts)?
  private var isOver = false
  private let name: String
  private let loop: EventLoop
  private let begun = Clock.monotonic
  private var shownAt: Int64 = 0
  private var isDirty = false
  private var timer: TimerID?

  /// At most so often (ns).
  private static let interval: Int64 = 100_000_000
  /// And at least (ns).
  private static let tickTime: Int64 = 1_000_000_000

  /// Nil if it is not asked for, or there is no terminal to see it at.
  ///
  /// - Parameter name: of what is under way.
  init?(_ name: String, _ call: borrowing Call) {
    guard call.isSet("progress"), Terminal.isTerminal(2) else { return nil }
    self.name = TerminalText.line(name)
    loop = call.session.loop
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
    shownAt = now
    let known = counts()
    let rate = Double(known.done) / (Double(max(1, now - begun)) / 1e9)
    var text = "\(name): \(known.done)"
    if let total = known.total { text += " of \(total)" }
    text += " done, \(known.running) running, \(known.failed) failed"
    text += ", \(TaskProgress.rounded(rate))/s"
    if let total = known.total, rate > 0 {
      let left = Double(total - known.done) / rate
      text += ", \(durationText(Int(min(left, 1e9)) * 1_000_000_000)) left"
    }
    write("\r\(text)\u{1B}[K")
    isDirty = true
  }

  /// Takes the line away, for other output.
  func clear() {
    if isDirty { write("\r\u{1B}[K") }
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

  private static func rounded(_ rate: Double) -> String {
    rate < 10 ? String(Double(Int(rate * 10)) / 10) : String(Int(min(rate, 1e15)))
  }

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
