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

  /// Follows a run of programs, from its beginning on.
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

/// The text of a line of progress: counts first, then what may be cut off, and a bar in what is left
/// of the terminal's width.
enum ProgressText {
  /// - Parameters:
  ///   - elapsed: since the beginning (ns).
  ///   - columns: of the terminal; 0 where that is not known.
  static func line(
    _ name: String, _ counts: TaskProgress.Counts, elapsed: Int64, columns: Int
  ) -> String {
    let rate = Double(counts.done) / (Double(max(1, elapsed)) / 1e9)
    var parts = ["\(name): \(counts.done)" + (counts.total.map { " of \($0)" } ?? "") + " done"]
    parts.append("\(counts.running) running")
    parts.append("\(counts.failed) failed")
    parts.append("\(rounded(rate))/s")
    if let total = counts.total, rate > 0 {
      let left = Double(max(0, total - counts.done)) / rate
      parts.append("\(durationText(Int(min(left, 1e9)) * 1_000_000_000)) left")
    }
    if let memory = counts.memory, memory > 0 {
      parts.append("memory " + sizeText(memory < 1 << 20 ? memory : (memory >> 20) << 20))
    }
    var line = parts.joined(separator: ", ")
    // The last column stays free, lest the terminal goes on in the next line.
    let width = columns > 0 ? columns - 1 : 79
    if line.count > width { return String(line.prefix(width)) }
    guard let total = counts.total, width - line.count >= leastBar + 3 else { return line }
    let cells = min(width - line.count - 3, mostBar)
    let share = total == 0 ? 1 : min(1, Double(counts.done) / Double(total))
    let full = Int(share * Double(cells))
    line += " [" + String(repeating: "#", count: full)
    return line + String(repeating: ".", count: cells - full) + "]"
  }

  private static let leastBar = 5
  private static let mostBar = 30

  private static func rounded(_ rate: Double) -> String {
    rate < 10 ? String(Double(Int(rate * 10)) / 10) : String(Int(min(rate, 1e15)))
  }
}
