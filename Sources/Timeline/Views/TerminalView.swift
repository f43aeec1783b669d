/// Lanes, states and arrows in characters.
public struct TerminalView {
  /// The columns that it may take; fewer than 40 count as 40.
  public var width = 80
  /// Only ASCII.
  public var isASCII = false
  /// No more lanes are drawn.
  var mostLanes = 40
  /// No more arrows are listed below the lanes.
  public var mostListed = 20
  let measure: TextMeasure

  public init(measure: TextMeasure) { self.measure = measure }

  /// What was drawn, and how much of it was not.
  public struct Result {
    public var text: String
    /// Arrows that have a line, or lie on one that is the same in characters.
    public var drawn: Int
    /// Arrows between lanes that are shown, for which there was no room.
    public var withoutRoom: Int
    /// Arrows of lanes that are not shown.
    public var ofHiddenLanes: Int
    public var hiddenLanes: Int
  }

  public func text(_ chart: Chart) -> String { draw(chart).text }

  public func draw(_ chart: Chart) -> Result {
    let shown = visible(chart)
    var part = chart
    if shown.count < chart.lanes.count { part.keep(shown) }
    let width = max(40, self.width)
    var labels = part.lanes.map {
      String(repeating: "  ", count: min($0.depth, 6)) + plain($0.title)
    }
    let longest = labels.map(measure.width).max() ?? 0
    let margin = min(longest, width * 3 / 10) + 1
    labels = labels.map { measure.padded($0, to: margin - 1, more: more) + " " }
    var grid = TerminalGrid(part, columns: width - margin, isASCII: isASCII, plain, measure)
    grid.drawBars()
    grid.drawArrows()
    var lines: [String] = wrapped(heading(chart), width)
    let blank = String(repeating: " ", count: margin)
    if chart.end > chart.begin || !chart.lanes.isEmpty { lines.append(blank + grid.axis()) }
    lines += grid.markLines().map { blank + $0 }
    for number in part.lanes.indices {
      lines.append(labels[number] + grid.line(bar: number))
      let links = grid.line(gap: number)
      if !links.isEmpty { lines.append(blank + links) }
    }
    if !part.lanes.isEmpty { lines.append(contentsOf: wrapped(legend, width)) }
    let result = Result(
      text: "", drawn: grid.drawn, withoutRoom: grid.withoutRoom,
      ofHiddenLanes: chart.arrows.count - part.arrows.count,
      hiddenLanes: chart.lanes.count - shown.count)
    lines += footer(chart, result).flatMap { wrapped($0, width) }
    lines += list(chart, width)
    return Result(
      text: lines.map(trimmed).joined(separator: "\n") + "\n", drawn: result.drawn,
      withoutRoom: result.withoutRoom, ofHiddenLanes: result.ofHiddenLanes,
      hiddenLanes: result.hiddenLanes)
  }

  /// The lanes that are drawn: if there are too many, those with the most events.
  private func visible(_ chart: Chart) -> [Int] {
    guard chart.lanes.count > mostLanes else { return Array(chart.lanes.indices) }
    let order = chart.lanes.indices.sorted {
      (-chart.lanes[$0].points.count, $0) < (-chart.lanes[$1].points.count, $1)
    }
    return order.prefix(mostLanes).sorted()
  }

  // MARK: Texts

  private var more: String { isASCII ? "..." : "…" }
  private var arrow: String { isASCII ? "->" : "→" }

  /// Text of others as it may stand here.
  private func plain(_ text: String) -> String {
    let text = measure.clean(text)
    guard isASCII else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
  }

  private func heading(_ chart: Chart) -> String {
    let titles = chart.titles.map(plain).joined(separator: ", ")
    let summary = chart.summary(micro: isASCII ? "us" : "µs")
    return titles.isEmpty ? summary : "\(titles): \(summary)"
  }

  private var legend: String {
    isASCII
      ? "= running  . sleeping  # handler  ~ program  x ended"
      : "━ running  ┄ sleeping  ▒ handler  ═ program  × ended"
  }

  private func footer(_ chart: Chart, _ result: Result) -> [String] {
    var lines: [String] = []
    if result.hiddenLanes > 0 {
      lines.append(
        "not drawn: \(count(result.hiddenLanes, "process", "processes")) with fewer events"
          + (result.ofHiddenLanes > 0
            ? ", and \(count(result.ofHiddenLanes, "arrow")) from or to them" : "")
          + " (--of P… shows some)")
    }
    if result.withoutRoom > 0 {
      lines.append(
        "no room for \(count(result.withoutRoom, "arrow")) of "
          + "\(result.withoutRoom + result.drawn) (--last, --from or --of show a part, --html all)")
    }
    return lines + chart.remarks
  }

  /// The arrows one by one: the first and the last ones if there are many.
  private func list(_ chart: Chart, _ width: Int) -> [String] {
    if chart.arrows.isEmpty || mostListed < 2 { return [] }
    let half = mostListed / 2
    let isAll = chart.arrows.count <= mostListed
    let chosen =
      isAll
      ? Array(chart.arrows.indices)
      : Array(chart.arrows.indices.prefix(half)) + Array(chart.arrows.indices.suffix(half))
    let rows = chosen.map { row(chart.arrows[$0], chart) }
    let times = rows.map { measure.width($0.time) }.max() ?? 0
    let room = width - times - 8
    let names = min(rows.map { measure.width($0.names) }.max() ?? 0, room / 2)
    let whats = min(rows.map { measure.width($0.what) }.max() ?? 0, (room - names) / 2)
    var lines = rows.map { row in
      let time = String(repeating: " ", count: max(0, times - measure.width(row.time))) + row.time
      let rest = width - times - names - whats - 8
      return "  \(time)  \(measure.padded(row.names, to: names, more: more))  "
        + "\(measure.padded(row.what, to: whats, more: more))  "
        + places(row.places, max(0, rest))
    }
    if !isAll {
      lines.insert("  \(more) \(chart.arrows.count - 2 * half) more \(more)", at: half)
    }
    return lines
  }

  private struct Row {
    let time: String
    let names: String
    let what: String
    /// Where it begins and ends, as `FILE:LINE`.
    let places: [String]
  }

  /// Lines of source texts in as many columns; the number of a line is the last thing to go.
  private func places(_ places: [String], _ width: Int) -> String {
    func split(_ place: String) -> (file: Substring, line: Substring) {
      guard let colon = place.lastIndex(of: ":") else { return (place[...], "") }
      return (place[..<colon], place[colon...])
    }
    let short = places.map { place in
      let (file, line) = split(place)
      return (file.split(separator: "/").last ?? "") + line
    }
    var forms = [places, short.map(String.init)]
    if short.count == 2, split(String(short[0])).file == split(String(short[1])).file {
      forms.append([String(short[0]), String(split(String(short[1])).line.dropFirst())])
    }
    forms.append(places.map { String(split($0).line.dropFirst()) })
    for form in forms {
      let text = form.joined(separator: " \(arrow) ")
      if measure.width(text) <= width { return text }
    }
    return measure.truncated(forms[0].joined(separator: " \(arrow) "), to: width, more: more)
  }

  private func row(_ arrow: Chart.Arrow, _ chart: Chart) -> Row {
    let from = chart.point(arrow.from)
    let to = chart.point(arrow.to)
    var what = plain(chart.label(arrow))
    if let value = chart.value(arrow) { what += " " + plain(value) }
    let places = [from.place, to.place].compactMap { $0.map(plain) }
    let time = arrow.to.time - chart.begin
    return Row(
      time: TimeText.short(time, micro: isASCII ? "us" : "µs"),
      names: "\(plain(chart.lanes[arrow.from.lane].title)) \(self.arrow) "
        + plain(chart.lanes[arrow.to.lane].title),
      what: what,
      places: places.first == places.last ? Array(places.prefix(1)) : places)
  }

  /// Breaks a line at blanks where it is too long.
  private func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      let longer = line.isEmpty ? String(word) : "\(line) \(word)"
      if measure.width(longer) <= width || line.isEmpty {
        line = longer
      } else {
        lines.append(line)
        line = "  \(word)"
      }
    }
    lines.append(line)
    return lines.map { measure.truncated($0, to: width, more: more) }
  }

  private func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }
}
