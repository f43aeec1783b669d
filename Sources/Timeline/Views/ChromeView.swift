/// The JSON of Chrome's trace viewer, which Perfetto and speedscope read too.
///
/// Each process has three threads: its events, its states, its tasks. An arrow is a pair of flow
/// events, bound to the short slices in which they are.
public enum ChromeView {
  public static func bytes(_ chart: Chart) -> [UInt8] {
    var out = TextOutput()
    out.add("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")
    var isFirst = true
    /// Begins an event; what else it has is added, and then a `}`.
    func event(_ phase: String, _ lane: Int, _ thread: Int) {
      out.add(isFirst ? "\n" : ",\n")
      isFirst = false
      out.add("{\"ph\":\"\(phase)\",\"pid\":\(pids[lane]),\"tid\":\(lane * 4 + thread)")
    }
    /// A time in microseconds.
    func time(_ key: String, _ nanoseconds: Int64) {
      out.add(",\"\(key)\":\(microseconds(nanoseconds))")
    }
    func slice(_ lane: Int, _ thread: Int, _ start: Int64, _ end: Int64, _ name: String) {
      event("X", lane, thread)
      time("ts", start - chart.begin)
      time("dur", end - start)
      out.add(",\"name\":")
      out.addJSON(name)
    }
    func notes(_ place: String?, _ value: String?) {
      if place == nil && value == nil { return }
      out.add(",\"args\":{")
      if let place {
        out.add("\"at\":")
        out.addJSON(place)
      }
      if let value {
        out.add(place == nil ? "\"value\":" : ",\"value\":")
        out.addJSON(value)
      }
      out.add("}")
    }

    let pids = numbers(chart)
    for (number, lane) in chart.lanes.enumerated() {
      event("M", number, 1)
      out.add(",\"name\":\"process_name\",\"args\":{\"name\":")
      out.addJSON(lane.title)
      out.add("}}")
      event("M", number, 1)
      out.add(",\"name\":\"process_sort_index\",\"args\":{\"sort_index\":\(number)}}")
      for (thread, name) in [(1, "events"), (2, "state"), (3, "tasks")] {
        if thread == 3 && lane.tasks.isEmpty { continue }
        event("M", number, thread)
        out.add(",\"name\":\"thread_name\",\"args\":{\"name\":\"\(name)\"}}")
      }
      for (thread, spans) in [(2, lane.spans), (3, lane.tasks)] {
        for span in spans where span.end > span.start {
          let name =
            thread == 3
            ? span.label
            : span.label.isEmpty ? span.state.name : "\(span.state.name): \(span.label)"
          slice(number, thread, span.start, span.end, name)
          out.add(",\"cat\":\"\(thread == 2 ? "state" : "task")\"")
          notes(span.place, nil)
          out.add("}")
        }
      }
    }
    for entry in Slices(chart).slices {
      slice(entry.lane, 1, entry.start, entry.end, entry.name)
      out.add(",\"cat\":\"event\"")
      let point = entry.point.map { chart.lanes[entry.lane].points[$0] }
      notes(point?.place, point?.value)
      out.add("}")
      for (phase, arrows) in [("s", entry.begins), ("f", entry.ends)] {
        for arrow in arrows {
          event(phase, entry.lane, 1)
          time("ts", entry.start - chart.begin)
          let kind = chart.arrows[arrow].kind.name
          out.add(",\"id\":\(arrow + 1),\"cat\":\"\(kind)\",\"name\":\"\(kind)\"")
          out.add(phase == "f" ? ",\"bp\":\"e\"}" : "}")
        }
      }
    }
    out.add("\n]}\n")
    return out.bytes
  }

  private static func microseconds(_ nanoseconds: Int64) -> String {
    let fraction = String(nanoseconds.magnitude % 1000)
    let sign = nanoseconds < 0 ? "-" : ""
    return "\(sign)\(nanoseconds.magnitude / 1000)."
      + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
  }

  /// The pids; where one is used again, a number that no process of Linux has.
  private static func numbers(_ chart: Chart) -> [Int] {
    var seen: Set<Int32> = []
    return chart.lanes.enumerated().map { number, lane in
      seen.insert(lane.pid).inserted ? Int(lane.pid) : 0x400000 + number + 1
    }
  }
}
