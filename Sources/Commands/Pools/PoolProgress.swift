import Language
import Posix
import Session

/// The line of `--progress` at the terminal; quiet where there is none.
final class PoolProgress {
  private let name: String
  private let isShown = Terminal.isTerminal(2)
  private let begun = Clock.monotonic
  private var shownAt: Int64 = 0
  private var isDirty = false

  /// Whether there is anybody to see it.
  var isUseful: Bool { isShown }

  /// At most so often (ns).
  private static let interval: Int64 = 100_000_000

  /// - Parameter name: of what is under way.
  init(_ name: String) { self.name = TerminalText.line(name) }

  /// - Parameter total: nil while that is not known.
  func show(done: Int, of total: Int?, running: Int, failed: Int) {
    guard isShown else { return }
    let now = Clock.coarse
    // What was taken away for other output comes back at once.
    if isDirty, now - shownAt < PoolProgress.interval { return }
    shownAt = now
    let rate = Double(done) / (Double(max(1, now - begun)) / 1e9)
    var text = "\(name): \(done)"
    if let total { text += " of \(total)" }
    text += " done, \(running) running, \(failed) failed, \(PoolProgress.rounded(rate))/s"
    if let total, rate > 0 {
      let left = Double(total - done) / rate
      text += ", \(durationText(Int(min(left, 1e9)) * 1_000_000_000)) left"
    }
    write("\r\(text)\u{1B}[K")
    isDirty = true
  }

  /// Takes the line away.
  func clear() {
    if isDirty { write("\r\u{1B}[K") }
    isDirty = false
  }

  private func write(_ text: String) { try? Transfer.writeAll(2, text) }

  private static func rounded(_ rate: Double) -> String {
    rate < 10 ? String(Double(Int(rate * 10)) / 10) : String(Int(min(rate, 1e15)))
  }
}
