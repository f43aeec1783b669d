import Language

/// Rows of `top` as lines of a certain width.
struct TopTable {
  private struct Column {
    let title: String
    let isRight: Bool
    let width: Int
    let text: (TopRow) -> String
  }

  private let columns: [Column]
  private let width: Int
  private let isTree: Bool

  /// Chooses columns that fit; those that are empty in all rows are left out.
  init(_ rows: [TopRow], width: Int, isTree: Bool) {
    self.width = width
    self.isTree = isTree
    func widest(_ title: String, atMost limit: Int, _ text: (TopRow) -> String) -> Int {
      min(limit, rows.reduce(displayWidth(title)) { max($0, displayWidth(text($1))) })
    }
    func name(_ row: TopRow) -> String { TopTable.name(row, isTree) }
    func waits(_ row: TopRow) -> String { row.waits ?? "" }
    var room = width
    var chosen: [(rank: Int, column: Column)] = []
    func add(
      _ rank: Int, _ title: String, right: Bool = false, atMost limit: Int, least: Int,
      _ text: @escaping (TopRow) -> String
    ) {
      if title != "name", !rows.contains(where: { !text($0).isEmpty }) { return }
      var size = widest(title, atMost: limit, text)
      let space = chosen.isEmpty ? 0 : 2
      if size + space > room { size = max(0, room - space) }
      if size < min(least, widest(title, atMost: limit, text)) || size == 0 { return }
      room -= size + space
      chosen.append((rank, Column(title: title, isRight: right, width: size, text: text)))
    }
    // What matters most takes its room first; the rank says where it stands.
    add(0, "name", atMost: max(12, width / 4), least: 1, name)
    add(2, "state", atMost: 5, least: 5) { $0.state }
    add(1, "pid", right: true, atMost: 7, least: 1) { "\($0.pid)" }
    add(7, "cpu", right: true, atMost: 6, least: 3) { TopTable.percent($0.cpu) }
    add(4, "since", right: true, atMost: 6, least: 5) {
      $0.since.map { ProcessListing.shortAge(Int($0)) } ?? ""
    }
    add(8, "memory", right: true, atMost: 7, least: 6) { TopTable.size($0.memory) }
    add(6, "queue", atMost: 11, least: 5) { $0.queue }
    // What is waited for and what is held share the rest.
    let needed = widest("holds", atMost: 40) { $0.holds }
    add(3, "waits", atMost: max(16, room - min(needed + 2, room / 2)), least: 6, waits)
    add(5, "holds", atMost: room, least: 5) { $0.holds }
    columns = chosen.sorted { $0.rank < $1.rank }.map(\.column)
  }

  /// The titles.
  var head: String { line { $0.title } }

  /// A row.
  func line(_ row: TopRow) -> String { line { $0.text(row) } }

  private func line(_ text: (Column) -> String) -> String {
    var line = ""
    for (index, column) in columns.enumerated() {
      let cell = truncated(text(column), toWidth: column.width)
      let space = String(repeating: " ", count: max(0, column.width - displayWidth(cell)))
      if index > 0 { line += "  " }
      line += column.isRight ? space + cell : cell + space
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  private static func name(_ row: TopRow, _ isTree: Bool) -> String {
    guard isTree, row.depth > 0 else { return row.name }
    return String(repeating: "  ", count: min(row.depth, 20) - 1)
      + (row.isLastChild ? "└ " : "├ ") + row.name
  }

  /// As `0.5`, `12`, `100`.
  static func percent(_ value: Double) -> String {
    guard value.isFinite, value >= 0.05 else { return value.isFinite ? "0" : "" }
    let tenths = Int(min(value, 1e9) * 10 + 0.5)
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\((tenths + 5) / 10)"
  }

  /// As `812K`, `1.5M`, `12M`, `3.2G`.
  static func size(_ bytes: Int64) -> String {
    let units = ["K", "M", "G", "T", "P", "E"]
    var tenths = max(0, bytes) / 1024 * 10 + max(0, bytes) % 1024 * 10 / 1024
    for unit in units {
      if tenths < 100, unit != "K" { return "\(tenths / 10).\(tenths % 10)\(unit)" }
      if tenths < 10240 { return "\(tenths / 10)\(unit)" }
      tenths /= 1024
    }
    return ""
  }
}
