/// The chart as JSON, for other programs: lanes with their states and tasks, and arrows.
///
/// Times are nanoseconds since the first recording began; arrows name lanes by their place in `lanes`.
public enum JSONView {
  public static func bytes(_ chart: Chart) -> [UInt8] {
    var out = TextOutput()
    out.add("{\"begin\":\(chart.begin),\"end\":\(chart.end),\"events\":\(chart.events)")
    out.add(",\"lost\":\(chart.lost),\"unmatched\":\(chart.unmatched)")
    out.add(",\"disordered\":\(chart.disordered),\"unread\":\(chart.unread)")
    let left = chart.leftOut
    out.add(",\"leftOut\":{\"lanes\":\(left.lanes),\"events\":\(left.events)")
    out.add(",\"arrows\":\(left.arrows)},\"recordings\":[")
    list(chart.titles, &out) { $1.addJSON($0) }
    out.add("],\"lanes\":[\n")
    list(chart.lanes, separator: ",\n", &out, lane)
    out.add("],\"arrows\":[\n")
    list(chart.arrows, separator: ",\n", &out) { arrow($0, chart, &$1) }
    out.add("],\"marks\":[")
    list(chart.marks, &out) { mark, out in
      out.add("{\"t\":\(mark.time),\"lane\":\(mark.lane),\"text\":")
      out.addJSON(mark.text)
      out.add("}")
    }
    out.add("]}\n")
    return out.bytes
  }

  private static func list<T>(
    _ items: [T], separator: String = ",", _ out: inout TextOutput,
    _ write: (T, inout TextOutput) -> Void
  ) {
    for (index, item) in items.enumerated() {
      if index > 0 { out.add(separator) }
      write(item, &out)
    }
  }

  private static func lane(_ lane: Chart.Lane, _ out: inout TextOutput) {
    out.add("{\"pid\":\(lane.pid),\"name\":")
    out.addJSON(lane.name)
    out.add(",\"parent\":" + (lane.parent.map { "\($0)" } ?? "null"))
    out.add(",\"recording\":\(lane.recording),\"program\":\(lane.isProgram)")
    out.add(",\"began\":\(lane.began),\"ended\":\(lane.hasEnded ? "\(lane.ended)" : "null")")
    switch lane.ending {
    case .status(let status)?: out.add(",\"status\":\(status)")
    case .signal(let name)?:
      out.add(",\"signal\":")
      out.addJSON(name)
    case nil: break
    }
    out.add(",\"states\":[")
    list(lane.spans, &out) { span, out in
      out.add("{\"t\":\(span.start),\"end\":\(span.end),\"state\":\"\(span.state.name)\"")
      label(span, &out)
    }
    out.add("],\"tasks\":[")
    list(lane.tasks, &out) { span, out in
      out.add("{\"t\":\(span.start),\"end\":\(span.end)")
      label(span, &out)
    }
    out.add("]}")
  }

  private static func label(_ span: Chart.Span, _ out: inout TextOutput) {
    if !span.label.isEmpty {
      out.add(",\"label\":")
      out.addJSON(span.label)
    }
    place(span.place, &out)
    out.add("}")
  }

  private static func place(_ place: String?, _ out: inout TextOutput) {
    guard let place else { return }
    out.add(",\"at\":")
    out.addJSON(place)
  }

  private static func arrow(_ arrow: Chart.Arrow, _ chart: Chart, _ out: inout TextOutput) {
    out.add("{\"kind\":\"\(arrow.kind.name)\",\"label\":")
    out.addJSON(chart.label(arrow))
    out.add(",\"count\":\(arrow.count)")
    if let value = chart.value(arrow) {
      out.add(",\"value\":")
      out.addJSON(value)
    }
    for (key, end) in [("from", arrow.from), ("to", arrow.to)] {
      out.add(",\"\(key)\":{\"lane\":\(end.lane),\"t\":\(end.time)")
      place(chart.point(end).place, &out)
      out.add("}")
    }
    out.add("}")
  }
}
