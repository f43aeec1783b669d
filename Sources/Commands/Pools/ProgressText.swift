import Language

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
