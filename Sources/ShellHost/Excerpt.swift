import Language

/// A source line as a diagnostic shows it, with what stands under it.
///
/// Columns are those of a terminal: tabs become blanks, wide characters count two, and of a long
/// line only a window around the span is shown.
struct Excerpt {
  let line: String
  /// Blanks and carets, to be put under the line.
  let carets: String

  private struct Cell {
    var text: String
    var width: Int
    let start: Int
  }

  /// The line on which a location begins, at most `width` columns of it.
  init(_ location: Location, width: Int) {
    let at = location.source.position(location.span.start)
    let cells = Excerpt.cells(location.source.line(at.line))
    let length = Int(location.span.end - location.span.start)
    // Offsets within the line: columns count scalars, so walk to find the byte.
    let start = Excerpt.offset(ofColumn: at.column, cells)
    var first = cells.firstIndex { $0.start >= start } ?? cells.count
    var last = cells.firstIndex { $0.start >= start + length } ?? cells.count
    last = max(last, first)

    var window = 0..<cells.count
    let total = cells.reduce(0) { $0 + $1.width }
    if total > width {
      window = Excerpt.window(cells, around: first..<last, width: max(20, width) - 2)
    }
    first = min(max(first, window.lowerBound), window.upperBound)
    last = min(max(last, first), window.upperBound)

    let before = window.lowerBound > 0 ? "…" : ""
    let after = window.upperBound < cells.count ? "…" : ""
    line = before + cells[window].map(\.text).joined() + after
    let blanks = before.count + cells[window.lowerBound..<first].reduce(0) { $0 + $1.width }
    let marks = cells[first..<last].reduce(0) { $0 + $1.width }
    carets = String(repeating: " ", count: blanks) + String(repeating: "^", count: max(1, marks))
  }

  /// One cell for each scalar, control characters made visible.
  private static func cells(_ line: String) -> [Cell] {
    var result: [Cell] = []
    var column = 0
    var offset = 0
    for scalar in line.unicodeScalars {
      var text = String(scalar)
      var width = displayWidth(scalar)
      if scalar == "\t" {
        width = 4 - column % 4
        text = String(repeating: " ", count: width)
      } else if TerminalText.isControl(scalar) {
        text = TerminalText.escape(scalar)
        width = displayWidth(text)
      }
      result.append(Cell(text: text, width: width, start: offset))
      column += width
      offset += UTF8.width(scalar)
    }
    return result
  }

  private static func offset(ofColumn column: Int, _ cells: [Cell]) -> Int {
    if column - 1 < cells.count { return cells[column - 1].start }
    return (cells.last?.start ?? 0) + 4
  }

  /// The cells to show: the span's beginning with something before it and more behind.
  private static func window(_ cells: [Cell], around span: Range<Int>, width: Int) -> Range<Int> {
    var start = min(span.lowerBound, cells.count)
    var end = start
    var used = 0
    func grow(to limit: Int) {
      while end < limit, used + cells[end].width <= width {
        used += cells[end].width
        end += 1
      }
    }
    // A third of the width goes to what stands before the span.
    var before = 0
    while start > 0, before + cells[start - 1].width <= width / 3 {
      start -= 1
      before += cells[start].width
    }
    used = before
    grow(to: cells.count)
    while start > 0, used + cells[start - 1].width <= width {
      start -= 1
      used += cells[start].width
    }
    return start..<end
  }
}
