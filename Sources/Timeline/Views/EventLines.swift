/// Events as lines, for those who follow a recording while it is made.
public struct EventLines {
  /// Only ASCII.
  public var isASCII = false
  private let measure: TextMeasure

  public init(measure: TextMeasure) { self.measure = measure }

  /// How much of each process has been shown.
  public struct Shown {
    fileprivate struct Key: Hashable {
      var recording: Int
      var pid: Int32
      var incarnation: Int
    }

    /// The time of the last event, and how many of that time.
    fileprivate var last: [Key: (time: Int64, count: Int)] = [:]

    public init() {}
  }

  /// The lines of what was not shown before, in the order of time.
  ///
  /// - Parameters:
  ///   - processes: names or pids; empty means all.
  ///   - other: the pid of a process that is left out.
  public func lines(
    _ chart: Chart, of processes: [String] = [], except other: Int32? = nil,
    after shown: inout Shown
  ) -> [String] {
    struct Place: Hashable {
      var lane: Int
      var point: Int
    }
    var senders: [Place: Int] = [:]
    for arrow in chart.arrows {
      senders[Place(lane: arrow.to.lane, point: arrow.to.point)] = arrow.from.lane
    }
    var new: [(time: Int64, lane: Int, point: Int)] = []
    for (number, lane) in chart.lanes.enumerated() {
      let isWanted =
        processes.isEmpty || processes.contains(lane.name) || processes.contains("\(lane.pid)")
      guard isWanted, lane.pid != other else { continue }
      let key = Shown.Key(
        recording: lane.recording, pid: lane.pid, incarnation: lane.incarnation)
      let (last, skipped) = shown.last[key] ?? (.min, 0)
      var equal = 0
      for (place, point) in lane.points.enumerated() where point.time >= last {
        if point.time == last {
          equal += 1
          if equal <= skipped { continue }
        }
        if case .wake = point.what { continue }
        // A prompt waits for keys.
        if case .sleep(let verb, _) = point.what, verb.isEmpty { continue }
        new.append((point.time, number, place))
      }
      if let newest = lane.points.map(\.time).max() {
        shown.last[key] = (newest, lane.points.count { $0.time == newest })
      }
    }
    new.sort { ($0.time, $0.lane, $0.point) < ($1.time, $1.lane, $1.point) }
    return new.map { entry in
      let point = chart.lanes[entry.lane].points[entry.point]
      var text = plain(point.label)
      if let value = point.value { text += " " + plain(value) }
      if let sender = senders[Place(lane: entry.lane, point: entry.point)], sender != entry.lane {
        text += (isASCII ? "  <- " : "  ← ") + plain(chart.lanes[sender].title)
      }
      if let place = point.place { text += "  " + plain(place) }
      return "\(TimeText.seconds(entry.time))  \(plain(chart.lanes[entry.lane].title))  \(text)"
    }
  }

  private func plain(_ text: String) -> String {
    let text = measure.clean(text)
    guard isASCII else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
  }
}
