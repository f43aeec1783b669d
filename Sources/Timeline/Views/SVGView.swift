/// A picture for pages and slides: no script, light and dark by what the reader prefers.
public enum SVGView {
  private static let laneHeight = 30
  private static let barHeight = 14
  private static let top = 56

  /// - Parameter width: in pixels; the picture can be scaled.
  public static func bytes(_ chart: Chart, width: Int = 1200, measure: TextMeasure) -> [UInt8] {
    var drawing = Drawing(chart, width: max(320, width), measure)
    return drawing.make()
  }

  private struct Drawing {
    let chart: Chart
    let width: Int
    let measure: TextMeasure
    let labels: Int
    let height: Int
    let duration: Double
    var out = TextOutput()

    init(_ chart: Chart, width: Int, _ measure: TextMeasure) {
      self.chart = chart
      self.width = width
      self.measure = measure
      let longest = chart.lanes.prefix(1000).map {
        measure.width(measure.clean($0.title)) + 2 * min($0.depth, 8)
      }.max()
      labels = min(max(60, (longest ?? 0) * 7 + 16), width / 4)
      height = SVGView.top + chart.lanes.count * SVGView.laneHeight + 28
      duration = max(1, Double(chart.end) - Double(chart.begin))
    }

    /// Tenths of a pixel from the left.
    func x(_ time: Int64) -> Int {
      let place = (Double(time) - Double(chart.begin)) / duration
      return labels * 10 + Int(min(1, max(0, place)) * Double(width - labels - 24) * 10)
    }

    func y(_ lane: Int) -> Int { SVGView.top + lane * SVGView.laneHeight + SVGView.laneHeight / 2 }

    func tenths(_ value: Int) -> String {
      value % 10 == 0 ? "\(value / 10)" : "\(value / 10).\(value % 10)"
    }

    mutating func title(_ text: String) {
      out.add("<title>")
      out.addXML(text)
      out.add("</title>")
    }

    mutating func make() -> [UInt8] {
      out.add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
          + "viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-labelledby=\"title desc\">\n")
      out.add("<title id=\"title\">")
      out.addXML(chart.titles.isEmpty ? "timeline" : chart.titles.joined(separator: ", "))
      out.add("</title>\n<desc id=\"desc\">")
      out.addXML(([chart.summary] + chart.remarks).joined(separator: "; "))
      out.add("</desc>\n<style>\(SVGView.style)</style>\n<defs>")
      for kind in Chart.ArrowKind.allCases {
        out.add(
          "<marker id=\"h\(kind.rawValue)\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
            + "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
            + "<path class=\"f\(kind.rawValue)\" d=\"M0 1 8 4 0 7z\"/></marker>")
      }
      out.add("</defs>\n<rect class=\"page\" width=\"\(width)\" height=\"\(height)\"/>\n")
      axis()
      for number in chart.lanes.indices { lane(number) }
      arrows()
      footer()
      out.add("</svg>\n")
      return out.bytes
    }

    mutating func axis() {
      out.add("<text class=\"head\" x=\"8\" y=\"18\">")
      out.addXML(
        measure.truncated(chart.titles.joined(separator: ", "), to: max(8, (width - 16) / 8)))
      out.add("</text>\n")
      let step = TimeText.step(atLeast: Int64(duration * 90 / Double(width - labels)))
      var time: Int64 = 0
      let bottom = height - 24
      while Double(time) <= duration {
        let place = tenths(x(chart.begin &+ time))
        out.add("<path class=\"grid\" d=\"M\(place) 40V\(bottom)\"/>")
        out.add("<text class=\"tick\" x=\"\(place)\" y=\"36\">\(TimeText.short(time))</text>\n")
        let (next, isOver) = time.addingReportingOverflow(step)
        if isOver { break }
        time = next
      }
      for mark in chart.marks {
        out.add("<g class=\"mark\"><path d=\"M\(tenths(x(mark.time))) 40V\(bottom)\"/>")
        let text = measure.truncated(mark.text, to: 24)
        let isLast = x(mark.time) + measure.width(text) * 70 + 30 > width * 10
        let place = tenths(x(mark.time) + (isLast ? -30 : 30))
        out.add("<text\(isLast ? " text-anchor=\"end\"" : "") x=\"\(place)\" y=\"50\">")
        out.addXML(text)
        out.add("</text></g>\n")
      }
    }

    mutating func lane(_ number: Int) {
      let lane = chart.lanes[number]
      let middle = y(number)
      let indent = min(lane.depth, 8) * 12
      let title = measure.truncated(lane.title, to: max(4, (labels - 16 - indent) / 7))
      out.add("<g class=\"lane\"><text x=\"\(8 + indent)\" y=\"\(middle + 4)\">")
      out.addXML(title)
      out.add("</text>")
      var open: (state: Chart.State, start: Int, end: Int, span: Chart.Span, count: Int)?
      func close(_ drawing: inout Drawing) {
        guard let rect = open else { return }
        drawing.bar(rect.state, rect.start, rect.end, middle, rect.span, rect.count)
        open = nil
      }
      for span in lane.spans {
        let start = x(span.start)
        let end = x(span.end)
        // What is narrower than half a pixel is drawn with what is beside it.
        if let last = open, end - last.start < 5 {
          let longer = span.end - span.start > last.span.end - last.span.start ? span : last.span
          open = (longer.state, last.start, end, longer, last.count + 1)
          continue
        }
        close(&self)
        open = (span.state, start, end, span, 1)
      }
      close(&self)
      if lane.hasEnded {
        let place = x(lane.ended)
        out.add("<path class=\"end\" d=\"M\(tenths(place)) \(middle - 9)v18\">")
        endTitle(lane)
        out.add("</path>")
      }
      out.add("</g>\n")
    }

    mutating func endTitle(_ lane: Chart.Lane) {
      title("\(lane.title) ended" + (lane.ending.map { ", \($0.text)" } ?? ""))
    }

    mutating func bar(
      _ state: Chart.State, _ start: Int, _ end: Int, _ middle: Int, _ span: Chart.Span,
      _ count: Int
    ) {
      let width = max(3, end - start)
      let isFlat = state == .sleeping
      let height = isFlat ? 6 : SVGView.barHeight
      out.add(
        "<rect class=\"s\(state.rawValue)\" x=\"\(tenths(start))\" y=\"\(middle - height / 2)\" "
          + "width=\"\(tenths(width))\" height=\"\(height)\" rx=\"2\">")
      var text = span.label.isEmpty ? state.name : "\(state.name): \(span.label)"
      text += ", \(TimeText.short(span.end - span.start))"
      if let place = span.place { text += ", \(place)" }
      if count > 1 { text += ", and \(count - 1) more" }
      title(text)
      out.add("</rect>")
      let label = measure.clean(span.label)
      if !label.isEmpty, measure.width(label) * 62 + 40 < width {
        out.add(
          "<text class=\"in\" x=\"\(tenths(start + 30))\" y=\"\(middle + (isFlat ? -5 : 4))\">")
        out.addXML(label)
        out.add("</text>")
      }
    }

    mutating func arrows() {
      struct Path: Hashable {
        var kind: Int
        var x1: Int, lane1: Int, x2: Int, lane2: Int
      }
      // A picture cannot show thousands on one place: those on the same half of a pixel are one line.
      let grain = chart.arrows.count > 2000 ? 5 : 1
      var places: [Path: Int] = [:]
      var paths: [(path: Path, arrow: Int, count: Int)] = []
      for (number, arrow) in chart.arrows.enumerated() {
        let path = Path(
          kind: arrow.kind.rawValue, x1: x(arrow.from.time) / grain * grain,
          lane1: arrow.from.lane, x2: x(arrow.to.time) / grain * grain, lane2: arrow.to.lane)
        if let place = places[path] {
          paths[place].count += 1
        } else {
          places[path] = paths.count
          paths.append((path, number, 1))
        }
      }
      for (path, number, count) in paths {
        let arrow = chart.arrows[number]
        let isDown = path.lane2 >= path.lane1
        let from = y(path.lane1) + (path.lane1 == path.lane2 ? -7 : isDown ? 7 : -7)
        let to = y(path.lane2) + (path.lane1 == path.lane2 ? -7 : isDown ? -7 : 7)
        let bend = path.lane1 == path.lane2 ? from - 10 : (from + to) / 2
        out.add(
          "<path class=\"a a\(path.kind)\" data-arrows=\"\(count)\" marker-end=\"url(#h\(path.kind))\" "
            + "d=\"M\(tenths(path.x1)) \(from)C\(tenths(path.x1)) \(bend) "
            + "\(tenths(path.x2)) \(bend) \(tenths(path.x2)) \(to)\">")
        var text =
          "\(chart.label(arrow)): \(chart.lanes[arrow.from.lane].title) → "
          + chart.lanes[arrow.to.lane].title
        if let value = chart.value(arrow) { text += ", \(value)" }
        let ends = [chart.point(arrow.from).place, chart.point(arrow.to).place]
        if ends.contains(where: { $0 != nil }) {
          text += ", " + ends.map { $0 ?? "?" }.joined(separator: " → ")
        }
        if count > 1 { text += ", and \(count - 1) more here" }
        title(text)
        out.add("</path>\n")
      }
    }

    mutating func footer() {
      out.add("<text class=\"tick left\" x=\"8\" y=\"\(height - 8)\">")
      out.addXML(([chart.summary] + chart.remarks).joined(separator: "; "))
      out.add("</text>\n")
    }
  }

  private static let style = """

    text{font:12px system-ui,sans-serif;fill:#1f2328}
    .head{font-weight:600;font-size:14px}.tick{font-size:11px;fill:#59636e;text-anchor:middle}
    .left{text-anchor:start}.in{font-size:10px}.page{fill:#fff}.grid{stroke:#d1d9e0;stroke-width:1}
    .mark path{stroke:#9a6700;stroke-dasharray:3 3}.mark text{fill:#7d4e00;font-size:11px}
    .s0{fill:#4ac26b}.s1{fill:#c9d1d9}.s2{fill:#c297ff}.s3{fill:#80ccff}
    .end{stroke:#1f2328;stroke-width:2;fill:none}.a{fill:none;stroke-width:1.2}
    .a0{stroke:#0969da}.a1{stroke:#59636e}.a2{stroke:#bc4c00}.a3{stroke:#cf222e}.a4{stroke:#8250df}
    .f0{fill:#0969da}.f1{fill:#59636e}.f2{fill:#bc4c00}.f3{fill:#cf222e}.f4{fill:#8250df}
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.tick{fill:#9198a1}.page{fill:#0d1117}
    .grid{stroke:#2a313c}.mark path{stroke:#d29922}.mark text{fill:#e3b341}
    .s0{fill:#238636}.s1{fill:#484f58}.s2{fill:#8957e5}.s3{fill:#1f6feb}.end{stroke:#e6edf3}
    .a0{stroke:#58a6ff}.a1{stroke:#9198a1}.a2{stroke:#f0883e}.a3{stroke:#ff7b72}.a4{stroke:#bc8cff}
    .f0{fill:#58a6ff}.f1{fill:#9198a1}.f2{fill:#f0883e}.f3{fill:#ff7b72}.f4{fill:#bc8cff}}

    """
}
