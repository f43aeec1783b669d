extension Chart {
  /// What a view is to show.
  public struct Selection: Sendable {
    /// The last so many nanoseconds.
    public var last: Int64?
    /// Texts of marks.
    public var from: String?
    public var to: String?
    /// Names or pids of processes; empty means all.
    public var processes: [String] = []

    public init() {}

    /// Whether it leaves nothing out.
    public var isAll: Bool { last == nil && from == nil && to == nil && processes.isEmpty }
  }

  /// What a selection names and the recording does not have.
  public enum Missing: Error, Equatable {
    case mark(String)
    case process(String)
    /// The second mark is before the first one.
    case order(String, String)
  }

  /// The part that a selection means; what is not in it is counted in `leftOut`.
  ///
  /// An arrow is shown if both of its ends are.
  public func selected(_ selection: Selection) throws(Missing) -> Chart {
    var chart = self
    if !selection.processes.isEmpty { try chart.keep(processes: selection.processes) }
    var begin = self.begin
    var end = self.end
    if let text = selection.from {
      guard let mark = marks.first(where: { $0.text == text }) else { throw .mark(text) }
      begin = mark.time
    }
    if let text = selection.to {
      guard let mark = marks.last(where: { $0.text == text }) else { throw .mark(text) }
      end = mark.time
      if let from = selection.from, end < begin { throw .order(from, text) }
    }
    if let last = selection.last {
      begin = max(begin, end.subtractingReportingOverflow(max(0, last)).partialValue)
    }
    if begin > self.begin || end < self.end { chart.clip(begin, end) }
    return chart
  }

  private mutating func keep(processes words: [String]) throws(Missing) {
    var wanted: Set<Int> = []
    for word in words {
      let found = lanes.indices.filter {
        lanes[$0].name == word || String(lanes[$0].pid) == word
      }
      if found.isEmpty { throw .process(word) }
      wanted.formUnion(found)
    }
    let order = lanes.indices.filter(wanted.contains)
    leftOut.lanes += lanes.count - order.count
    for (number, lane) in lanes.enumerated() where !wanted.contains(number) {
      leftOut.events += lane.points.count
    }
    keep(order)
  }

  private mutating func clip(_ begin: Int64, _ end: Int64) {
    self.begin = begin
    self.end = end
    let all = arrows.count
    arrows.removeAll { $0.from.time < begin || $0.to.time > end }
    leftOut.arrows += all - arrows.count
    marks.removeAll { $0.time < begin || $0.time > end }
    for number in lanes.indices {
      clip(&lanes[number].spans, begin, end)
      clip(&lanes[number].tasks, begin, end)
    }
    // Those that were not there at the time; parents of others stay.
    var isSeen = lanes.map { $0.ended >= begin && $0.began <= end }
    for number in lanes.indices.reversed() where isSeen[number] {
      if let parent = lanes[number].parent { isSeen[parent] = true }
    }
    let order = lanes.indices.filter { isSeen[$0] }
    leftOut.lanes += lanes.count - order.count
    for number in lanes.indices {
      // Arrows know points by their places, so what is outside stays and is not shown.
      leftOut.events += lanes[number].points.count { $0.time < begin || $0.time > end }
      lanes[number].began = max(lanes[number].began, begin)
      if lanes[number].ended > end {
        lanes[number].ended = end
        lanes[number].hasEnded = false
      }
    }
    keep(order)
  }

  private func clip(_ spans: inout [Span], _ begin: Int64, _ end: Int64) {
    spans = spans.compactMap { span in
      guard span.end > begin, span.start < end else { return nil }
      var span = span
      span.start = max(span.start, begin)
      span.end = min(span.end, end)
      return span
    }
  }
}
