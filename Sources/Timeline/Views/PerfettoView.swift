/// Perfetto's own format: packets of `TrackEvent` (protos/perfetto/trace/trace.proto), written by hand.
///
/// Each process has a track of its events, one of its states and one of its tasks; each arrow is a
/// flow with a number of its own.
public enum PerfettoView {
  public static func bytes(_ chart: Chart) -> [UInt8] {
    var out = ProtobufOutput()
    var pids: Set<Int32> = []
    for (number, lane) in chart.lanes.enumerated() {
      out.packet { packet in
        packet.message(60) { track in
          track.integer(1, Track.process.uuid(number))
          // Of two processes with one pid, Perfetto would make one.
          if lane.pid > 0, pids.insert(lane.pid).inserted {
            track.message(3) { process in
              process.integer(1, UInt64(lane.pid))
              process.text(6, lane.title)
            }
          } else {
            track.text(2, lane.title)
          }
        }
      }
      for track in [Track.events, .states, .tasks] {
        if track == .tasks && lane.tasks.isEmpty { continue }
        out.packet { packet in
          packet.message(60) {
            $0.integer(1, track.uuid(number))
            $0.integer(5, Track.process.uuid(number))
            $0.text(2, track.name)
          }
        }
      }
    }
    addEvents(chart, &out)
    return out.bytes
  }

  private enum Track: UInt64 {
    case process = 1
    case events, states, tasks

    func uuid(_ lane: Int) -> UInt64 { UInt64(lane) * 8 + rawValue + 8 }

    var name: String {
      switch self {
      case .process: "process"
      case .events: "events"
      case .states: "state"
      case .tasks: "tasks"
      }
    }
  }

  private static func addEvents(_ chart: Chart, _ out: inout ProtobufOutput) {
    let slices = Slices(chart)
    for edge in slices.edges {
      let slice = slices.slices[edge.slice]
      let track = Track.events.uuid(slice.lane)
      guard edge.isBegin else {
        out.end(edge.time - chart.begin, track)
        continue
      }
      let point = slice.point.map { chart.lanes[slice.lane].points[$0] }
      out.begin(edge.time - chart.begin, track, slice.name, category: "event") { event in
        for arrow in slice.begins { event.fixed(47, UInt64(arrow) + 1) }
        for arrow in slice.ends { event.fixed(48, UInt64(arrow) + 1) }
        if let place = point?.place { event.note("at", place) }
        if let value = point?.value { event.note("value", value) }
      }
    }
    for (number, lane) in chart.lanes.enumerated() {
      for span in lane.spans {
        let name = span.label.isEmpty ? span.state.name : "\(span.state.name): \(span.label)"
        out.begin(span.start - chart.begin, Track.states.uuid(number), name, category: "state") {
          if let place = span.place { $0.note("at", place) }
        }
        out.end(span.end - chart.begin, Track.states.uuid(number))
      }
      for task in lane.tasks {
        out.begin(task.start - chart.begin, Track.tasks.uuid(number), task.label, category: "task")
        {
          if let place = task.place { $0.note("at", place) }
        }
        out.end(task.end - chart.begin, Track.tasks.uuid(number))
      }
    }
  }
}

/// Fields of protocol buffers (the wire format of protobuf.dev).
struct ProtobufOutput {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func integer(_ field: UInt64, _ number: UInt64) {
    varint(field << 3)
    varint(number)
  }

  mutating func fixed(_ field: UInt64, _ number: UInt64) {
    varint(field << 3 | 1)
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  mutating func text(_ field: UInt64, _ text: String) {
    varint(field << 3 | 2)
    varint(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  mutating func message(_ field: UInt64, _ fill: (inout ProtobufOutput) -> Void) {
    var inner = ProtobufOutput()
    fill(&inner)
    varint(field << 3 | 2)
    varint(UInt64(inner.bytes.count))
    bytes += inner.bytes
  }

  /// A packet of a trace; all are of one sequence.
  mutating func packet(_ fill: (inout ProtobufOutput) -> Void) {
    message(1) {
      $0.integer(10, 1)
      fill(&$0)
    }
  }

  mutating func begin(
    _ time: Int64, _ track: UInt64, _ name: String, category: String,
    _ fill: (inout ProtobufOutput) -> Void
  ) {
    packet { packet in
      packet.integer(8, UInt64(clamping: time))
      packet.message(11) { event in
        event.integer(9, 1)
        event.integer(11, track)
        event.text(22, category)
        event.text(23, name)
        fill(&event)
      }
    }
  }

  mutating func end(_ time: Int64, _ track: UInt64) {
    packet { packet in
      packet.integer(8, UInt64(clamping: time))
      packet.message(11) { event in
        event.integer(9, 2)
        event.integer(11, track)
      }
    }
  }

  /// A debug annotation.
  mutating func note(_ name: String, _ text: String) {
    message(4) { note in
      note.text(10, name)
      note.text(6, text)
    }
  }
}
