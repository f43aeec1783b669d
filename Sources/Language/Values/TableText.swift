/// Records as an aligned table: a header of all keys in order of first appearance, numbers to the
/// right, two blanks between columns, no newline at the end.
///
/// Lines wider than `width` lose their end, which `…` stands for.
public func tableText(_ records: [MapObject], width: Int? = nil) -> String {
  let columns = MapObject()
  for record in records {
    for key in record.keys { columns.set(key, .null) }
  }
  let headers = columns.keys.map { TerminalText.line($0.asText) }
  var isNumeric = headers.map { _ in false }
  var hasText = headers.map { _ in false }
  var widths = headers.map { displayWidth($0) }
  let keys = columns.keys
  let rows = records.map { record in
    keys.enumerated().map { column, key in
      guard let value = record.get(key)?.plain else { return "" }
      switch value {
      case .int, .float, .duration, .size: isNumeric[column] = true
      case .null, .missing: break
      default: hasText[column] = true
      }
      let cell = TerminalText.line(value.asText)
      widths[column] = max(widths[column], displayWidth(cell))
      return cell
    }
  }
  let lines = ([headers] + rows).map { cells in
    var line = ""
    var owed = 0  // blanks before the next cell with text, so that none trail
    for (column, cell) in cells.enumerated() {
      let space = widths[column] - displayWidth(cell)
      let isRight = isNumeric[column] && !hasText[column]
      if !cell.isEmpty {
        line += String(repeating: " ", count: owed + (isRight ? space : 0)) + cell
        owed = isRight ? 0 : space
      } else {
        owed += space
      }
      owed += 2
    }
    return width.map { truncated(line, toWidth: $0) } ?? line
  }
  return lines.joined(separator: "\n")
}

/// The records of a value that prints as a table: a list of maps with any entries.
public func tableRecords(_ value: Value) -> [MapObject]? {
  guard case .list(let list) = value.plain, !list.items.isEmpty else { return nil }
  var records: [MapObject] = []
  var isEmpty = true
  for item in list.items {
    guard case .map(let map) = item.plain else { return nil }
    if map.count > 0 { isEmpty = false }
    records.append(map)
  }
  return isEmpty ? nil : records
}

/// A table for a list of records, nil for any other list.
public func recordTable(_ items: [Value], width: Int? = nil) -> String? {
  if items.isEmpty { return nil }
  var records: [MapObject] = []
  for item in items {
    guard case .map(let map) = item.plain else { return nil }
    records.append(map)
  }
  return tableText(records, width: width)
}

/// Facts as lines of a name and its value, the values below each other; each stays on its line.
public func factsText(_ facts: [(name: String, value: String)]) -> String {
  let names = facts.map { TerminalText.line($0.name) }
  let width = names.reduce(0) { max($0, displayWidth($1)) } + 2
  let lines = zip(names, facts).map { name, fact in
    name + String(repeating: " ", count: width - displayWidth(name))
      + TerminalText.line(fact.value)
  }
  return lines.joined(separator: "\n")
}
