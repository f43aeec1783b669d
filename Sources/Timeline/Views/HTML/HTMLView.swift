/// One page that needs no network: the chart as data, and a script that draws it.
///
/// The page's own policy forbids it to load anything. Texts stand once, in a table, and times are
/// differences, so that an event takes some tens of bytes.
public enum HTMLView {
  /// - Parameter line: the text at a place such as `demo.brood:12`, where it can be read.
  public static func bytes(_ chart: Chart, line: (String) -> String?) -> [UInt8] {
    var out = TextOutput()
    out.add(HTMLPage.head)
    out.add("<title>")
    out.addXML(chart.titles.isEmpty ? "timeline" : chart.titles.joined(separator: ", "))
    out.add("</title>\n<style>\(HTMLPage.style)</style>\n</head>\n")
    out.add(HTMLPage.body)
    out.add("<noscript><p>")
    out.addXML(([chart.summary] + chart.remarks).joined(separator: "; "))
    out.add(". This page draws with a script.</p></noscript>\n")
    out.add("<script type=\"application/json\" id=\"data\">")
    var data = Data(chart)
    data.write(&out, line)
    out.add("</script>\n<script>\n")
    out.add(HTMLScript.model)
    out.add(HTMLScript.drawing)
    out.add(HTMLScript.picking)
    out.add(HTMLScript.input)
    out.add("</script>\n</body>\n</html>\n")
    return out.bytes
  }

  private struct Data {
    let chart: Chart
    private var numbers: [String: Int] = [:]
    private var strings: [String] = []
    private var places: Set<Int> = []

    init(_ chart: Chart) { self.chart = chart }

    private mutating func number(_ text: String?) -> Int {
      guard let text else { return -1 }
      if let number = numbers[text] { return number }
      numbers[text] = strings.count
      strings.append(text)
      return strings.count - 1
    }

    private mutating func number(place: String?) -> Int {
      let number = number(place)
      if number >= 0 { places.insert(number) }
      return number
    }

    mutating func write(_ out: inout TextOutput, _ line: (String) -> String?) {
      out.add("{\"version\":1,\"duration\":\(chart.end - chart.begin),\"summary\":")
      out.addJSON(chart.summary)
      out.add(",\"titles\":[")
      texts(chart.titles, &out)
      out.add("],\"remarks\":[")
      texts(chart.remarks, &out)
      out.add("],\"states\":[")
      texts(Chart.State.allCases.map(\.name), &out)
      out.add("],\"kinds\":[")
      texts(Chart.ArrowKind.allCases.map(\.name), &out)
      out.add("],\"lanes\":[")
      for (index, lane) in chart.lanes.enumerated() {
        let ending = lane.hasEnded ? lane.ending.map { "ended, \($0.text)" } ?? "ended" : nil
        row(
          [
            number(lane.name), Int(lane.pid), lane.parent ?? -1, lane.depth,
            Int(lane.began - chart.begin), Int(lane.ended - chart.begin), lane.hasEnded ? 1 : 0,
            number(ending), lane.isProgram ? 1 : 0, Int(lane.lost),
          ], index, &out)
      }
      for (key, spans) in [
        ("spans", chart.lanes.map(\.spans)), ("tasks", chart.lanes.map(\.tasks)),
      ] {
        out.add("],\n\"\(key)\":[")
        for (index, spans) in spans.enumerated() {
          var flat: [Int] = []
          var last = chart.begin
          for span in spans {
            flat += [
              Int(span.start - last), Int(span.end - span.start), span.state.rawValue,
              number(span.label.isEmpty ? nil : span.label), number(place: span.place),
            ]
            last = span.end
          }
          row(flat, index, &out)
        }
      }
      out.add("],\n\"points\":[")
      for (index, lane) in chart.lanes.enumerated() {
        var flat: [Int] = []
        var last = chart.begin
        for point in lane.points where chart.shows(point) {
          flat += [
            Int(point.time - last), number(point.label), number(point.value),
            number(place: point.place),
          ]
          last = point.time
        }
        row(flat, index, &out)
      }
      out.add("],\n\"arrows\":")
      arrows(&out)
      out.add(",\n\"marks\":[")
      for (index, mark) in chart.marks.enumerated() {
        row([Int(mark.time - chart.begin), number(mark.text), mark.lane], index, &out)
      }
      out.add("],\n\"lines\":{")
      var isFirst = true
      for place in places.sorted() {
        guard let text = line(strings[place]) else { continue }
        out.add(isFirst ? "\"\(place)\":" : ",\"\(place)\":")
        out.addJSON(text)
        isFirst = false
      }
      out.add("},\n\"strings\":[")
      texts(strings, &out)
      out.add("]}")
    }

    private mutating func arrows(_ out: inout TextOutput) {
      var flat: [Int] = []
      var last = chart.begin
      for arrow in chart.arrows {
        flat += [
          arrow.kind.rawValue, arrow.from.lane, arrow.to.lane, Int(arrow.to.time - last),
          Int(arrow.to.time - arrow.from.time), number(chart.label(arrow)),
          number(chart.value(arrow)), number(place: chart.point(arrow.from).place),
          number(place: chart.point(arrow.to).place), Int(arrow.count),
        ]
        last = arrow.to.time
      }
      row(flat, 0, &out)
    }

    private func row(_ numbers: [Int], _ index: Int, _ out: inout TextOutput) {
      out.add(index > 0 ? ",[" : "[")
      for (place, number) in numbers.enumerated() {
        if place > 0 { out.add(",") }
        out.add(number)
      }
      out.add("]")
    }

    private func texts(_ texts: [String], _ out: inout TextOutput) {
      for (index, text) in texts.enumerated() {
        if index > 0 { out.add(",") }
        out.addJSON(text)
      }
    }
  }
}
