/// What was printed, to be played again: the format of asciinema, version 3 (docs.asciinema.org).
///
/// Lines of all processes are output in the order of time, as far as they were recorded; marks are
/// markers.
public enum AsciicastView {
  public static func bytes(_ chart: Chart, columns: Int = 80, rows: Int = 24) -> [UInt8] {
    var out = TextOutput()
    out.add("{\"version\":3,\"term\":{\"cols\":\(columns),\"rows\":\(rows)}")
    if let realtime = chart.realtime {
      let begin = realtime.addingReportingOverflow(chart.begin).partialValue
      out.add(",\"timestamp\":\(begin / 1_000_000_000)")
    }
    out.add(",\"title\":")
    out.addJSON(chart.titles.joined(separator: ", "))
    out.add("}\n")
    var events: [(time: Int64, code: String, text: String)] = []
    for lane in chart.lanes {
      for point in lane.points where chart.shows(point) {
        switch point.what {
        case .print(let text): events.append((point.time, "o", line(text)))
        case .mark(let text): events.append((point.time, "m", text))
        default: break
        }
      }
    }
    let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
    // The format has the time since the event before; microseconds, rounded so that none get lost.
    var last: Int64 = 0
    for index in order {
      let now = (events[index].time - chart.begin) / 1000
      let passed = now - last
      last = now
      let fraction = String(passed % 1_000_000)
      let zeros = String(repeating: "0", count: 6 - fraction.utf8.count)
      out.add("[\(passed / 1_000_000).\(zeros)\(fraction),\"\(events[index].code)\",")
      out.addJSON(events[index].text)
      out.add("]\n")
    }
    return out.bytes
  }

  /// A terminal in raw mode needs a carriage return; a line that was not kept whole ends, too.
  private static func line(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar == "\n" { result += "\r\n" } else { result.unicodeScalars.append(scalar) }
    }
    return result.unicodeScalars.last == "\n" ? result : result + "\r\n"
  }
}
