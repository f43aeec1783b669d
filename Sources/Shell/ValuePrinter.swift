import Language

/// How the prompt shows the result of an entry: whatever helps a person most.
///
/// No more is shown of it than fits on the screen; `$last` has all.
struct ValuePrinter {
  /// Columns of the terminal, and how many of its rows a result may take.
  let width: Int
  let rows: Int

  init(width: Int, rows: Int) {
    self.width = width
    self.rows = max(5, rows)
  }

  /// The lines for a result, without the last newline; nil for what is not worth showing.
  func text(_ value: Value) -> String? {
    switch value {
    case .null, .missing: return nil
    case .report(let report): return reportText(report)
    case .list(let list): return listText(list.items)
    case .map(let map): return mapText(map)
    case .error(let error):
      return cut("\(error.kind.rawValue) error: \(TerminalText.line(error.message))", toRows: rows)
    default: return literal(value, rows: rows)
    }
  }

  /// A report is as long as it is: one has asked for it, and it is made for reading.
  private func reportText(_ report: ReportObject) -> String? {
    if let text = report.text { return text.isEmpty ? nil : text }
    guard case .string = report.value else {
      return ValuePrinter(width: width, rows: 1 << 20).text(report.value)
    }
    let text = Interpreter.shown(report.value)
    return text.isEmpty ? nil : text
  }

  // MARK: Lists

  private func listText(_ items: [Value]) -> String {
    if let records = tableRecords(.list(ListObject(Array(items.prefix(rows))))) {
      return table(records, of: items.count)
    }
    if items.count <= width {
      let line = prefixOfLiteral(.list(ListObject(items)), bytes: 4 * width + 1)
      if line.isWhole, displayWidth(line.text) <= width, !line.text.contains("\n") {
        return line.text
      }
    }
    let isLined = items.prefix(rows).contains { $0.isContainer } || isOfHandles(items)
    let (lines, count) = isLined ? lines(items) : filled(items)
    return (["["] + lines + more(items.count - count) + ["]"]).joined(separator: "\n")
  }

  /// Records, as many as fit below their names.
  private func table(_ records: [MapObject], of count: Int) -> String {
    let isCut = count > rows - 1
    let shown = isCut ? Array(records.prefix(rows - 2)) : records
    return ([tableText(shown, width: width)] + more(count - shown.count)).joined(separator: "\n")
  }

  private func isOfHandles(_ items: [Value]) -> Bool {
    items.prefix(rows).allSatisfy { if case .handle = $0 { true } else { false } }
  }

  /// One item on each line, and how many there is room for.
  private func lines(_ items: [Value]) -> (lines: [String], count: Int) {
    fitting(items.count) { index in
      "  " + literal(items[index], rows: rows - 3, indent: 3) + ","
    }
  }

  /// As many items on each line as fit, and how many there is room for.
  private func filled(_ items: [Value]) -> (lines: [String], count: Int) {
    var place = 0
    var ends: [Int] = []
    let (lines, count) = fitting(items.count) { _ in
      guard place < items.count else { return nil }
      var line = " "
      var used = 1
      repeat {
        let text = literal(items[place], rows: rows - 3, indent: 3) + ","
        let size = displayWidth(text)
        if used > 1, used + 1 + size > width { break }
        line += " " + text
        used += 1 + size
        place += 1
      } while place < items.count
      ends.append(place)
      return line
    }
    return (lines, count == 0 ? 0 : ends[count - 1])
  }

  /// The first lines of so many that leave room for brackets, and for the note if not all fit.
  private func fitting(
    _ most: Int, _ line: (Int) -> String?
  ) -> (lines: [String], count: Int) {
    var lines: [String] = []
    var sizes: [Int] = []
    var used = 2
    while lines.count < most, used <= rows, let next = line(lines.count) {
      lines.append(next)
      sizes.append(height(next))
      used += height(next)
    }
    let isWhole = used <= rows && (lines.count == most || line(lines.count) == nil)
    if isWhole { return (lines, lines.count) }
    while lines.count > 1, used + 1 > rows {
      lines.removeLast()
      used -= sizes.removeLast()
    }
    return (lines, lines.count)
  }

  // MARK: Maps

  /// A map on one line, or an entry on each.
  private func mapText(_ map: MapObject) -> String {
    let line = prefixOfLiteral(.map(map), bytes: 4 * width + 1)
    if line.isWhole, displayWidth(line.text) <= width { return line.text }
    let pairs = map.pairs
    let shown = pairs.prefix(pairs.count > rows ? rows - 1 : rows)
    let keys = shown.map { TerminalText.line($0.key.asText) }
    let widest = min(24, keys.map { displayWidth($0) }.max() ?? 0)
    var isCut = false
    let lines = zip(keys, shown).map { key, pair in
      let space = String(repeating: " ", count: max(0, widest - displayWidth(key)))
      let value = prefixOfLiteral(pair.value, bytes: 4 * width + 1)
      let text = "\(key)\(space)  \(TerminalText.line(value.text))"
      if value.isWhole, displayWidth(text) <= width { return text }
      isCut = true
      return truncated(text + (value.isWhole ? "" : "…"), toWidth: width)
    }
    let elided = pairs.count - shown.count
    let note = elided == 0 && isCut ? ["… $last has all"] : more(elided)
    return (lines + note).joined(separator: "\n")
  }

  // MARK: Parts

  /// What says how much is missing, if anything is.
  private func more(_ count: Int) -> [String] {
    count > 0 ? ["… \(ValuePrinter.grouped(count)) more, $last has all"] : []
  }

  /// A value as a literal that takes at most so many rows.
  private func literal(_ value: Value, rows: Int, indent: Int = 0) -> String {
    let part = prefixOfLiteral(value, bytes: 4 * width * rows + 1)
    return cut(part.text, toRows: rows, indent: indent, isWhole: part.isWhole)
  }

  private func cut(
    _ text: String, toRows rows: Int, indent: Int = 0, isWhole: Bool = true
  ) -> String {
    let room = rows * width - indent
    if isWhole, displayWidth(text) <= room { return text }
    let note = "… more, $last has all"
    let columns = max(width, room) - displayWidth(note) + 1
    return truncated(text + (isWhole ? "" : "…"), toWidth: columns).dropLast() + note
  }

  /// The rows that a line takes.
  private func height(_ line: String) -> Int { max(1, (displayWidth(line) + width - 1) / width) }

  /// A literal, or the beginning of one that has more bytes than these: it may be endless.
  private func prefixOfLiteral(_ value: Value, bytes: Int) -> (text: String, isWhole: Bool) {
    var text = ""
    let isWhole = value.writeLiteral(to: &text, limit: bytes)
    return (text, isWhole)
  }

  /// As `2,999,960`.
  private static func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    var out = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { out += "," }
      out.append(digit)
    }
    return out
  }
}

extension Value {
  /// Whether it holds other values that a reader wants on lines of their own.
  fileprivate var isContainer: Bool {
    switch self {
    case .list, .map: true
    default: false
    }
  }
}
