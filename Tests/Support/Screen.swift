/// What a VT100 shows after some output: enough of one to answer "what is on the screen?".
///
/// Cells never written to are empty, so that the blank at the end of a prompt counts and the rest of
/// its line does not. Lines that scroll off the top are kept.
public struct Screen {
  public private(set) var columns: Int
  public private(set) var rows: Int
  public private(set) var cursorRow = 0
  public private(set) var cursorColumn = 0
  /// Answers that a terminal gives to questions in the output, to be sent to the program.
  public private(set) var answers = ""
  /// Whether the program wants to know what is pasted.
  public private(set) var bracketsPastes = false
  /// How often all of the screen was erased.
  public private(set) var clearings = 0

  private struct Line {
    var cells: [String]
    /// The text goes on in the next line, because it reached the margin.
    var wraps = false

    init(_ columns: Int) { cells = Array(repeating: "", count: columns) }

    var text: String {
      let end = cells.lastIndex { !$0.isEmpty } ?? -1
      var result = ""
      for (column, cell) in cells[...end].enumerated() {
        if cell == Screen.wideTail { continue }
        result += cell.isEmpty && column < end ? " " : cell
      }
      return result
    }
  }

  fileprivate static let wideTail = "\u{0}"

  private var history: [Line] = []
  private var grid: [Line]
  private var mainGrid: [Line]?
  private var savedCursor = (row: 0, column: 0)
  private var top = 0
  private var bottom: Int
  /// The last column was written; the next character goes to the next line.
  private var wrapPending = false
  private var parser = EscapeParser()

  public init(columns: Int, rows: Int) {
    (self.columns, self.rows) = (columns, rows)
    grid = Array(repeating: Line(columns), count: rows)
    bottom = rows - 1
  }

  // MARK: What is there

  /// The lines of the screen, without the blanks at their ends.
  public var lines: [String] { grid.map { $0.text.trimmedRight } }

  /// The screen as one text, without the empty lines at its end.
  public var text: String { lines.joined(separator: "\n").trimmedRight }

  /// The line that the cursor is in, with the blanks that were written at its end.
  public var cursorLine: String { grid[cursorRow].text }

  /// The cursor's line counted from the first line ever shown.
  public var cursorPosition: Int { history.count + cursorRow }

  /// The first line of the screen counted from the first line ever shown.
  public var firstPosition: Int { history.count }

  /// All lines from a position on, also those that have scrolled off; wrapped ones are joined on wish.
  public func lines(from position: Int, joiningWrapped: Bool = false) -> [String] {
    lines(in: position..<max(position, history.count + rows), joiningWrapped: joiningWrapped)
  }

  /// The lines between two positions.
  public func lines(in positions: Range<Int>, joiningWrapped: Bool = false) -> [String] {
    var result: [String] = []
    var continues = false
    let all = history + grid
    for line in all[positions.clamped(to: all.indices)] {
      if continues, joiningWrapped {
        result[result.count - 1] += line.text
      } else {
        result.append(line.text)
      }
      continues = line.wraps
    }
    return result
  }

  // MARK: What happens to it

  /// Show what a program has written.
  public mutating func feed(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      switch parser.next(byte) {
      case .none: break
      case .text(let scalar): put(scalar)
      case .control(let code): control(code)
      case .escape(let final): escape(final)
      case .sequence(let sequence): perform(sequence)
      }
    }
  }

  /// Take the answers that wait to be sent.
  public mutating func takeAnswers() -> String {
    defer { answers = "" }
    return answers
  }

  /// Give the screen a new size; what no longer fits at the top scrolls off.
  public mutating func resize(columns: Int, rows: Int) {
    while cursorRow >= rows {
      history.append(grid.removeFirst())
      cursorRow -= 1
    }
    grid = grid.prefix(rows) + Array(repeating: Line(columns), count: max(0, rows - grid.count))
    for row in grid.indices {
      let cells = grid[row].cells.prefix(columns)
      grid[row].cells = cells + Array(repeating: "", count: columns - cells.count)
    }
    (self.columns, self.rows) = (columns, rows)
    (top, bottom) = (0, rows - 1)
    cursorColumn = min(cursorColumn, columns - 1)
    wrapPending = false
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    let width = scalar.columns
    if width == 0 {
      let column = wrapPending ? cursorColumn : max(cursorColumn - 1, 0)
      grid[cursorRow].cells[column].unicodeScalars.append(scalar)
      return
    }
    if wrapPending || cursorColumn + width > columns {
      grid[cursorRow].wraps = true
      cursorColumn = 0
      lineFeed()
    }
    grid[cursorRow].cells[cursorColumn] = String(scalar)
    if width == 2 { grid[cursorRow].cells[cursorColumn + 1] = Screen.wideTail }
    wrapPending = cursorColumn + width >= columns
    cursorColumn = min(cursorColumn + width, columns - 1)
  }

  private mutating func control(_ code: UInt8) {
    switch code {
    case 0x08: cursorColumn = max(cursorColumn - 1, 0)
    case 0x09: cursorColumn = min((cursorColumn / 8 + 1) * 8, columns - 1)
    case 0x0a, 0x0b, 0x0c: lineFeed()
    case 0x0d: cursorColumn = 0
    default: return
    }
    wrapPending = false
  }

  private mutating func lineFeed() {
    wrapPending = false
    if cursorRow == bottom { scrollUp(1) } else { cursorRow = min(cursorRow + 1, rows - 1) }
  }

  private mutating func scrollUp(_ count: Int) {
    for _ in 0..<min(count, bottom - top + 1) {
      let line = grid.remove(at: top)
      if top == 0 && mainGrid == nil { history.append(line) }
      grid.insert(Line(columns), at: bottom)
    }
  }

  private mutating func scrollDown(_ count: Int, from row: Int) {
    for _ in 0..<min(count, bottom - row + 1) {
      grid.remove(at: bottom)
      grid.insert(Line(columns), at: row)
    }
  }

  private mutating func escape(_ final: UInt8) {
    switch final {
    case UInt8(ascii: "7"): savedCursor = (cursorRow, cursorColumn)
    case UInt8(ascii: "8"): moveTo(row: savedCursor.row, column: savedCursor.column)
    case UInt8(ascii: "D"): lineFeed()
    case UInt8(ascii: "E"):
      cursorColumn = 0
      lineFeed()
    case UInt8(ascii: "M"):
      if cursorRow == top { scrollDown(1, from: top) } else { cursorRow = max(cursorRow - 1, 0) }
    case UInt8(ascii: "c"):
      erase(rows: 0..<rows)
      moveTo(row: 0, column: 0)
    default: break
    }
  }

  private mutating func moveTo(row: Int, column: Int) {
    cursorRow = min(max(row, 0), rows - 1)
    cursorColumn = min(max(column, 0), columns - 1)
    wrapPending = false
  }

  private mutating func erase(rows range: Range<Int>) {
    if range == 0..<rows { clearings += 1 }
    for row in range { grid[row] = Line(columns) }
  }

  private mutating func erase(columns range: Range<Int>) {
    grid[cursorRow].wraps = false
    for column in range { grid[cursorRow].cells[column] = "" }
  }

  private mutating func perform(_ sequence: ControlSequence) {
    let count = max(sequence[0] ?? 1, 1)
    let (row, column) = (cursorRow, cursorColumn)
    if sequence.isPrivate {
      if sequence[0] == 1049 || sequence[0] == 47 { switchScreens(sequence.final) }
      if sequence[0] == 2004 { bracketsPastes = sequence.final == "h" }
      return
    }
    switch sequence.final {
    case "A": moveTo(row: row - count, column: column)
    case "B", "e": moveTo(row: row + count, column: column)
    case "C", "a": moveTo(row: row, column: column + count)
    case "D": moveTo(row: row, column: column - count)
    case "E": moveTo(row: row + count, column: 0)
    case "F": moveTo(row: row - count, column: 0)
    case "G", "`": moveTo(row: row, column: count - 1)
    case "d": moveTo(row: count - 1, column: column)
    case "H", "f": moveTo(row: count - 1, column: max(sequence[1] ?? 1, 1) - 1)
    case "J":
      switch sequence[0] ?? 0 {
      case 0:
        erase(columns: column..<columns)
        erase(rows: row + 1..<rows)
      case 1:
        erase(columns: 0..<column + 1)
        erase(rows: 0..<row)
      default: erase(rows: 0..<rows)
      }
    case "K":
      switch sequence[0] ?? 0 {
      case 0: erase(columns: column..<columns)
      case 1: erase(columns: 0..<column + 1)
      default: erase(columns: 0..<columns)
      }
    case "X": erase(columns: column..<min(column + count, columns))
    case "P":
      for _ in 0..<min(count, columns - column) {
        grid[row].cells.remove(at: column)
        grid[row].cells.append("")
      }
    case "@":
      for _ in 0..<min(count, columns - column) {
        grid[row].cells.removeLast()
        grid[row].cells.insert("", at: column)
      }
    case "L": if (top...bottom).contains(row) { scrollDown(count, from: row) }
    case "M":
      if (top...bottom).contains(row) {
        for _ in 0..<min(count, bottom - row + 1) {
          grid.remove(at: row)
          grid.insert(Line(columns), at: bottom)
        }
      }
    case "S": scrollUp(count)
    case "T": scrollDown(count, from: top)
    case "r":
      let last = min(sequence[1] ?? rows, rows)
      (top, bottom) = count < last ? (count - 1, last - 1) : (0, rows - 1)
      moveTo(row: 0, column: 0)
    case "s": savedCursor = (row, column)
    case "u": moveTo(row: savedCursor.row, column: savedCursor.column)
    case "n": if sequence[0] == 6 { answers += "\u{1b}[\(row + 1);\(column + 1)R" }
    case "c": answers += "\u{1b}[?6c"
    default: break
    }
    if !"AmnrHs".contains(sequence.final) { wrapPending = false }
  }

  /// The alternate screen that full-screen programs draw on.
  private mutating func switchScreens(_ final: Character) {
    if final == "h", mainGrid == nil {
      mainGrid = grid
      savedCursor = (cursorRow, cursorColumn)
      erase(rows: 0..<rows)
    } else if final == "l", let main = mainGrid {
      grid = main
      mainGrid = nil
      moveTo(row: savedCursor.row, column: savedCursor.column)
    }
  }
}

extension String {
  /// Without the white space at the end.
  public var trimmedRight: String {
    guard let last = lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(self[...last])
  }
}

extension Unicode.Scalar {
  /// How many columns a terminal gives the character: 0, 1 or 2.
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
      0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff,
      0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }
}
