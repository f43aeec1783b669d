/// The characters right of the names: for each lane a row with its states, and a row below it in
/// which arrows run.
struct TerminalGrid {
  /// One column; the second one of a wide character is empty.
  private struct Cell {
    var text = " "
    /// Whether a line may run over it.
    var isBar = false
  }

  private let chart: Chart
  private let columns: Int
  private let isASCII: Bool
  private let plain: (String) -> String
  private let measure: TextMeasure
  private let duration: Double
  private var bars: [[Cell]]
  private var gaps: [[String]]
  private(set) var drawn = 0
  private(set) var withoutRoom = 0

  init(
    _ chart: Chart, columns: Int, isASCII: Bool, _ plain: @escaping (String) -> String,
    _ measure: TextMeasure
  ) {
    self.chart = chart
    self.columns = columns
    self.isASCII = isASCII
    self.plain = plain
    self.measure = measure
    duration = max(1, Double(chart.end) - Double(chart.begin))
    bars = Array(
      repeating: Array(repeating: Cell(), count: columns), count: chart.lanes.count)
    gaps = Array(
      repeating: Array(repeating: " ", count: columns), count: chart.lanes.count)
  }

  private func column(_ time: Int64) -> Int {
    let place = (Double(time) - Double(chart.begin)) / duration
    return min(columns - 1, Int(min(1, max(0, place)) * Double(columns)))
  }

  // MARK: Bars

  private func glyph(_ state: Chart.State) -> String {
    switch state {
    case .running: isASCII ? "=" : "━"
    case .sleeping: isASCII ? "." : "┄"
    case .handler: isASCII ? "#" : "▒"
    case .program: isASCII ? "~" : "═"
    }
  }

  mutating func drawBars() {
    for (number, lane) in chart.lanes.enumerated() {
      let states = self.states(lane)
      for (place, state) in states.enumerated() {
        if let state { bars[number][place] = Cell(text: glyph(state), isBar: true) }
      }
      for span in lane.spans where span.state == .sleeping && !span.label.isEmpty {
        write(plain(span.label), number, column(span.start), column(span.end), states)
      }
      if lane.hasEnded { drawEnd(lane, number) }
    }
  }

  /// The state that a lane was in for most of each column.
  private func states(_ lane: Chart.Lane) -> [Chart.State?] {
    let count = Chart.State.allCases.count
    var shares = [Double](repeating: 0, count: columns * count)
    let step = duration / Double(columns)
    let begin = Double(chart.begin)
    for span in lane.spans {
      let (first, last) = (column(span.start), column(span.end))
      for place in first...max(first, last) {
        let left = max(Double(span.start), begin + Double(place) * step)
        let right = min(Double(span.end), begin + Double(place + 1) * step)
        shares[place * count + span.state.rawValue] += max(right - left, 0)
      }
    }
    var states = (0..<columns).map { place -> Chart.State? in
      let part = shares[place * count..<(place + 1) * count]
      guard let most = part.max(), most > 0, let index = part.firstIndex(of: most) else {
        return nil
      }
      return Chart.State(rawValue: index - place * count)
    }
    // A lane is seen where it began, however short it was.
    if states.allSatisfy({ $0 == nil }) {
      states[column(lane.began)] = lane.isProgram ? .program : .running
    }
    return states
  }

  /// Puts what is waited for into a bar, if it fits between its ends.
  private mutating func write(
    _ text: String, _ lane: Int, _ first: Int, _ last: Int, _ states: [Chart.State?]
  ) {
    let size = measure.width(text)
    guard size > 0, first + 1 + size < last, first + 1 + size < columns else { return }
    let range = first + 1..<first + 1 + size
    guard range.allSatisfy({ states[$0] == .sleeping }) else { return }
    var place = range.lowerBound
    for character in text {
      let width = measure.width(String(character))
      guard place + width <= range.upperBound else { break }
      if width == 0 {
        if place > range.lowerBound { bars[lane][place - 1].text.append(character) }
        continue
      }
      bars[lane][place] = Cell(text: String(character))
      for next in place + 1..<place + max(1, width) { bars[lane][next] = Cell(text: "") }
      place += width
    }
  }

  private mutating func drawEnd(_ lane: Chart.Lane, _ number: Int) {
    let place = column(lane.ended)
    clear(number, place)
    bars[number][place] = Cell(text: isASCII ? "x" : "×")
    var text = ""
    switch lane.ending {
    case .signal(let name)?: text = plain(name)
    case .status(let status)? where status != 0: text = "\(status)"
    default: break
    }
    let size = measure.width(text)
    guard size > 0, size == text.count, place + 2 + size <= columns else { return }
    for (index, character) in text.enumerated() {
      bars[number][place + 2 + index] = Cell(text: String(character))
    }
  }

  /// Blanks out the whole of a wide character before a part of it is written over.
  private mutating func clear(_ lane: Int, _ place: Int) {
    if bars[lane][place].text.isEmpty, place > 0 { bars[lane][place - 1].text = " " }
    if place + 1 < columns, bars[lane][place + 1].text.isEmpty {
      bars[lane][place + 1].text = " "
    }
  }

  // MARK: Arrows

  private struct Path: Hashable {
    var from: Int, start: Int, to: Int, end: Int
  }

  /// Draws what has room: first of what there are few, then messages, each in the order of time.
  mutating func drawArrows() {
    let order: [Chart.ArrowKind] = [.fork, .signal, .exit, .handOver, .message]
    var paths: [Path: Bool] = [:]
    for kind in order {
      for arrow in chart.arrows where arrow.kind == kind {
        let path = Path(
          from: arrow.from.lane, start: column(arrow.from.time), to: arrow.to.lane,
          end: column(arrow.to.time))
        let hasRoom: Bool
        if let known = paths[path] {
          hasRoom = known
        } else {
          hasRoom = draw(path)
          paths[path] = hasRoom
        }
        if hasRoom { drawn += 1 } else { withoutRoom += 1 }
      }
    }
  }

  private mutating func draw(_ path: Path) -> Bool {
    if path.from == path.to { return false }
    let isDown = path.from < path.to
    let rows = isDown ? Array(path.from..<path.to) : Array((path.to..<path.from).reversed())
    guard let first = rows.first, let last = rows.last, path.start <= path.end else { return false }
    let vertical = isASCII ? "|" : "│"
    let horizontal = isASCII ? "-" : "─"
    let crossing = isASCII ? "+" : "┼"
    // What each cell of the gaps gets; nil if it is taken.
    var cells: [(row: Int, column: Int, text: String)] = []
    func put(_ row: Int, _ column: Int, _ text: String) -> Bool {
      let old = gaps[row][column]
      if old == " " {
        cells.append((row, column, text))
      } else if old == horizontal && text == vertical || old == vertical && text == horizontal {
        cells.append((row, column, crossing))
      } else {
        return false
      }
      return true
    }
    let head = isDown ? (isASCII ? "v" : "▼") : isASCII ? "^" : "▲"
    if path.start < path.end {
      let corner = isASCII ? "+" : isDown ? "└" : "┌"
      guard put(first, path.start, corner) else { return false }
      for column in path.start + 1..<path.end {
        guard put(first, column, horizontal) else { return false }
      }
      let turn = isASCII ? "+" : isDown ? "┐" : "┘"
      guard put(first, path.end, first == last ? head : turn) else { return false }
    } else {
      guard put(first, path.end, first == last ? head : vertical) else { return false }
    }
    for row in rows.dropFirst() {
      guard put(row, path.end, row == last ? head : vertical) else { return false }
    }
    for cell in cells { gaps[cell.row][cell.column] = cell.text }
    for lane in min(path.from, path.to) + 1..<max(path.from, path.to) {
      if bars[lane][path.end].isBar || bars[lane][path.end].text == " " {
        bars[lane][path.end] = Cell(text: bars[lane][path.end].isBar ? crossing : vertical)
      }
    }
    if bars[path.from][path.start].isBar {
      bars[path.from][path.start].text = isASCII ? "+" : isDown ? "┬" : "┴"
    }
    return true
  }

  // MARK: Lines

  func line(bar lane: Int) -> String { bars[lane].map(\.text).joined() }

  /// Empty if no arrow runs there.
  func line(gap lane: Int) -> String {
    gaps[lane].allSatisfy { $0 == " " } ? "" : gaps[lane].joined()
  }

  /// Times above the lanes.
  func axis() -> String {
    let micro = isASCII ? "us" : "µs"
    let step = TimeText.step(atLeast: Int64(duration * 12 / Double(columns)))
    var line = ""
    var time: Int64 = 0
    while Double(time) <= duration {
      let place = column(chart.begin &+ time)
      let text = (isASCII ? "|" : "╷") + TimeText.short(time, micro: micro)
      let used = measure.width(line)
      if place >= used, place + measure.width(text) <= columns {
        line += String(repeating: " ", count: place - used) + text
      }
      let (next, isOver) = time.addingReportingOverflow(step)
      if isOver { break }
      time = next
    }
    return line
  }

  /// Marks, in as many lines as they need; at most three.
  func markLines() -> [String] {
    var lines: [String] = []
    var left = 0
    for mark in chart.marks {
      let text =
        (isASCII ? "!" : "▾") + measure.truncated(plain(mark.text), to: max(1, columns / 2))
      let place = min(column(mark.time), max(0, columns - measure.width(text)))
      let free = lines.indices.first { measure.width(lines[$0]) <= place - ($0 >= 0 ? 1 : 0) }
      if let free {
        lines[free] += String(repeating: " ", count: place - measure.width(lines[free])) + text
      } else if lines.count < 3 {
        lines.append(String(repeating: " ", count: place) + text)
      } else {
        left += 1
      }
    }
    if left > 0 { lines.append("\(left) more marks") }
    return lines
  }
}
