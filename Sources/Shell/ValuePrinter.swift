import Language

/// How the prompt shows the result of an entry: whatever helps a person most.
struct ValuePrinter {
  /// Columns of the terminal.
  let width: Int

  /// A list or map with more entries than this loses its middle; `$last` has all.
  static let mostEntries = 200
  /// A text longer than this is cut.
  static let mostCharacters = 20_000

  /// The lines for a result, without the last newline; nil for what is not worth showing.
  func text(_ value: Value) -> String? {
    switch value {
    case .null, .missing: return nil
    case .report(let report): return reportText(report)
    case .list(let list): return listText(list.items)
    case .map(let map): return mapText(map)
    case .string(let string): return cut(Value.string(string).asLiteral)
    case .error(let error): return "\(error.kind.rawValue) error: \(error.message)"
    default: return cut(value.asLiteral)
    }
  }

  private func reportText(_ report: ReportObject) -> String? {
    if let text = report.text { return text.isEmpty ? nil : text }
    // A report's text is for reading, as `print` would write it.
    guard case .string(let string) = report.value else { return text(report.value) }
    return string.string.isEmpty ? nil : string.string
  }

  private func listText(_ items: [Value]) -> String {
    let isLong = items.count > ValuePrinter.mostEntries
    let half = ValuePrinter.mostEntries / 2
    let elided = items.count - 2 * half
    let note = "… \(elided) more, see $last …"
    if let records = records(isLong ? Array(items.prefix(half)) : items) {
      let head = tableText(records, width: width)
      guard isLong else { return head }
      guard let rest = self.records(Array(items.suffix(half))) else { return head + "\n" + note }
      // Shown as one table, so that the columns agree.
      var lines = tableText(records + rest, width: width).split(
        separator: "\n", omittingEmptySubsequences: false)
      lines.insert(note[...], at: half + 1)
      return lines.joined(separator: "\n")
    }
    let texts = (isLong ? Array(items.prefix(half)) : items).map(\.asLiteral)
    let line = "[" + texts.joined(separator: ", ") + "]"
    if !isLong, displayWidth(line) <= width, !line.contains("\n") { return line }
    if items.contains(where: { $0.isContainer }) || handlesOnly(items) {
      return lines(items, isLong ? half : items.count, note)
    }
    return wrapped(items, isLong ? half : items.count, note)
  }

  private func handlesOnly(_ items: [Value]) -> Bool {
    items.allSatisfy { if case .handle = $0 { true } else { false } }
  }

  /// One item on each line.
  private func lines(_ items: [Value], _ half: Int, _ note: String) -> String {
    var out = "[\n"
    for item in items.prefix(half) { out += "  " + cut(item.asLiteral) + ",\n" }
    if half < items.count {
      out += "  \(note)\n"
      for item in items.suffix(half) { out += "  " + cut(item.asLiteral) + ",\n" }
    }
    return out + "]"
  }

  /// As many items on each line as fit.
  private func wrapped(_ items: [Value], _ half: Int, _ note: String) -> String {
    func filled(_ items: some Sequence<Value>) -> String {
      var out = ""
      var used = 0
      for item in items {
        let text = cut(item.asLiteral) + ","
        let size = displayWidth(text)
        if used == 0 {
          out += "  "
          used = 2
        } else if used + 1 + size > width {
          out += "\n  "
          used = 2
        } else {
          out += " "
          used += 1
        }
        out += text
        used += size
      }
      return out + "\n"
    }
    var out = "[\n" + filled(items.prefix(half))
    if half < items.count { out += "  \(note)\n" + filled(items.suffix(half)) }
    return out + "]"
  }

  /// A map on one line, or an entry on each.
  private func mapText(_ map: MapObject) -> String {
    let line = Value.map(map).asLiteral
    if displayWidth(line) <= width { return line }
    let pairs = map.pairs
    let shown = pairs.prefix(ValuePrinter.mostEntries)
    let keys = shown.map { onOneLine($0.key.asText) }
    let widest = min(24, keys.map { displayWidth($0) }.max() ?? 0)
    var lines = zip(keys, shown).map { key, pair in
      let space = String(repeating: " ", count: max(0, widest - displayWidth(key)))
      return truncated("\(key)\(space)  \(onOneLine(pair.value.asLiteral))", toWidth: width)
    }
    let elided = pairs.count - shown.count
    if elided > 0 { lines.append("… \(elided) more, see $last …") }
    return lines.joined(separator: "\n")
  }

  private func records(_ items: [Value]) -> [MapObject]? {
    tableRecords(.list(ListObject(items)))
  }

  private func cut(_ text: String) -> String {
    guard text.utf8.count > ValuePrinter.mostCharacters else { return text }
    let head = String(text.prefix(ValuePrinter.mostCharacters))
    return "\(head)… (\(text.unicodeScalars.count) characters in all, see $last)"
  }

  private func onOneLine(_ text: String) -> String {
    text.contains("\n") ? text.split(separator: "\n").joined(separator: "⏎") : text
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
