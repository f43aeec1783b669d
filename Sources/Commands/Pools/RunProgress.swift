import Language
import Posix
import Session

/// `pool run --progress`: the line at the terminal, renewed when something happens and each second.
final class RunProgress {
  private let run: ProgramRun
  private let line = PoolProgress("run")
  private let total: Int?
  private let loop: EventLoop
  private var timer: TimerID?

  /// Nil if it is not asked for, or nobody would see it.
  init?(_ run: ProgramRun, of total: Int?, _ call: borrowing Call) {
    guard call.isSet("progress"), line.isUseful else { return nil }
    self.run = run
    self.total = total
    loop = call.session.loop
    run.onProgress = { [weak self] in self?.show() }
    run.onShow = { [line] in line.clear() }
    tick()
  }

  private func show() {
    line.show(
      done: run.succeeded + run.failed, of: total ?? (run.isWhole ? run.count : nil),
      running: run.runningCount, failed: run.failed)
  }

  private func tick() {
    show()
    timer = loop.addTimer(at: Clock.deadline(after: 1_000_000_000)) { [weak self] in self?.tick() }
  }

  func clear() { line.clear() }

  func end() {
    if let timer { loop.cancel(timer) }
    timer = nil
    run.onProgress = nil
    line.clear()
  }
}

extension ProgramRun {
  /// Whether all inputs came to their end.
  func isComplete(of known: Int?) -> Bool {
    isWhole && succeeded + failed >= max(count, known ?? count)
  }

  /// How far it was, as `of 3 programs 0 succeeded, 2 failed or were ended, 1 was not started`.
  ///
  /// - Parameter known: how many inputs there are, where that is known.
  func interruption(of known: Int?) -> String {
    let total = max(count, known ?? count)
    let left = total - succeeded - failed
    var report = "of \(total) programs \(succeeded) succeeded, \(failed) failed or were ended"
    if left > 0 { report += ", \(left) \(left == 1 ? "was" : "were") not started" }
    if known == nil, !isWhole { report += "; further inputs were not read" }
    return report
  }
}
