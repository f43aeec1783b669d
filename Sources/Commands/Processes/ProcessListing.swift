import Language
import Posix
import Processes
import Session

/// Rows of processes as the table that `ps` prints.
///
/// Numbers and states stand whole. Names, what is waited for and commands share what is left of the
/// line, and lose their ends where that is not enough.
struct ProcessListing {
  private let rows: [ProcessRow]
  private let width: Int

  init(_ rows: [ProcessRow], width: Int) {
    self.rows = rows
    self.width = width
  }

  var text: String {
    let flags = rows.map { $0.state.flags.count }.max() ?? 0
    let states = rows.map { row in
      let marks = "\(row.state.letter)\(row.state.flags)"
      let space = String(repeating: " ", count: max(0, flags + 2 - marks.count))
      return marks + space + row.state.word
    }
    let lines = zip(rows, states).map { row, state in
      let map = MapObject()
      map.set("name", .text(row.name))
      map.set("pid", .int(Int(row.stat.pid)))
      map.set("ppid", .int(Int(row.stat.parent)))
      map.set("state", .text(state))
      map.set("nice", .int(Int(row.stat.nice)))
      map.set("age", .text(ProcessListing.shortAge(row.age)))
      map.set("waits", .text(row.waitsFor))
      map.set("command", .text(row.command))
      return map
    }
    fit(lines)
    return tableText(lines, width: width)
  }

  /// Shortens names and waits so that commands keep a sixth of the line if they need it.
  private func fit(_ lines: [MapObject]) {
    func widest(_ key: String) -> Int {
      lines.reduce(displayWidth(key)) { max($0, displayWidth($1.get(.text(key))?.asText ?? "")) }
    }
    let keys = ["name", "pid", "ppid", "state", "nice", "age", "waits"]
    let used = keys.reduce(0) { $0 + widest($1) + 2 }
    var excess = used + min(widest("command"), width / 6) - width
    for (key, least) in [("waits", 18), ("name", 12)] where excess > 0 {
      let natural = widest(key)
      let limit = max(min(natural, least), natural - excess)
      excess -= natural - limit
      for line in lines {
        guard let text = line.get(.text(key))?.asText else { continue }
        line.set(key, .text(truncated(text, toWidth: limit)))
      }
    }
    let room = width - keys.reduce(0) { $0 + widest($1) + 2 }
    for line in lines {
      guard let text = line.get(.text("command"))?.asText, displayWidth(text) > room else {
        continue
      }
      line.set("command", .text(ProcessListing.withoutDirectory(text)))
    }
  }

  /// A command without the directory of its program, which says least.
  private static func withoutDirectory(_ command: String) -> String {
    let program = command.prefix { $0 != " " }
    guard program.first == "/" || program.first == ".", let slash = program.lastIndex(of: "/"),
      program.index(after: slash) < program.endIndex
    else { return command }
    return String(command[command.index(after: slash)...])
  }

  /// At most five columns: `0.4s`, `12s`, `3m20s`, `36m`, `5h07m`, `14h`, `2d03h`, `36d`.
  static func shortAge(_ nanoseconds: Int) -> String {
    let seconds = max(0, nanoseconds) / 1_000_000_000
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
    if seconds < 10 { return "\(seconds).\(max(0, nanoseconds) / 100_000_000 % 10)s" }
    if seconds < 60 { return "\(seconds)s" }
    if minutes < 10 { return "\(minutes)m\(two(seconds % 60))s" }
    if minutes < 60 { return "\(minutes)m" }
    if hours < 10 { return "\(hours)h\(two(minutes % 60))m" }
    if days < 1 { return "\(hours)h" }
    return days < 10 ? "\(days)d\(two(hours % 24))h" : "\(days)d"
  }
}

/// How wide reports are that would not fit.
enum ReportWidth {
  /// The terminal's columns, 80 for anything else.
  static var columns: Int {
    guard Terminal.isTerminal(1), let size = try? Terminal.size(1), size.columns >= 40 else {
      return 80
    }
    return Int(size.columns)
  }
}
