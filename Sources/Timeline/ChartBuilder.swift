/// Makes a chart of recordings: first the lanes, then the arrows (`ArrowMatcher`).
///
/// It takes any events in any order, O(n log n) in their number.
public struct ChartBuilder {
  /// What is open in a lane.
  private enum Open {
    case sleep(Int64, verb: String, label: String, place: String?, ChartEvent.SharedObject)
    case handler(signal: String, place: String?)
  }

  /// What is known of a lane while events go by.
  private struct Progress {
    var open: [Open] = []
    /// Up to where spans have been written.
    var written: Int64
    var last: Int64
    var task: (start: Int64, label: String, place: String?)?
    var isBegun = false
    var isForked = false
    var isWaitedFor = false
    /// The last sleep, what for, and who ended it.
    var slept: (since: Int64, by: Int32, verb: String, object: ChartEvent.SharedObject)?
    var becameProgram = false
  }

  private struct Key: Hashable {
    var recording: Int
    var pid: Int32
  }

  /// No time is farther from zero, so that differences are numbers too (ns; 36 years).
  private static let limit: Int64 = 1 << 60

  private var chart = Chart()
  private var progress: [Progress] = []
  /// All lanes of a pid, the last one last.
  private var lanesOf: [Key: [Int]] = [:]
  private var matcher = ArrowMatcher()
  private var recording = 0

  private init() {}

  /// The chart of some recordings, on one axis of time.
  ///
  /// Recordings of one boot of one host have the same clock; others are placed by the time of day.
  public static func chart(_ recordings: [ChartSource]) -> Chart {
    var builder = ChartBuilder()
    builder.add(recordings)
    return builder.chart
  }

  /// The one with which time begins: the earliest by the time of day, else the first.
  private static func first(_ recordings: [ChartSource]) -> ChartSource? {
    recordings.min { ($0.began ?? .max, $0.zero) < ($1.began ?? .max, $1.zero) }
  }

  private mutating func add(_ recordings: [ChartSource]) {
    guard let first = ChartBuilder.first(recordings) else { return }
    chart.realtime = first.began
    var order: [(time: Int64, recording: Int, index: Int)] = []
    order.reserveCapacity(recordings.reduce(0) { $0 + $1.events.count })
    for (number, recording) in recordings.enumerated() {
      let offset = ChartBuilder.offset(recording, from: first)
      for (index, event) in recording.events.enumerated() {
        let (time, isOver) = event.time.addingReportingOverflow(offset)
        let limited = max(-ChartBuilder.limit, min(ChartBuilder.limit, isOver ? 0 : time))
        order.append((limited, number, index))
      }
      chart.unread += recording.unread
      chart.titles.append(ChartBuilder.title(recording))
    }
    // Stable: of equal times the one that was read first comes first.
    order.sort { ($0.time, $0.recording, $0.index) < ($1.time, $1.recording, $1.index) }
    chart.events = order.count
    chart.begin = order.first?.time ?? 0
    chart.end = order.last?.time ?? 0
    for entry in order {
      recording = entry.recording
      add(recordings[entry.recording].events[entry.index], at: entry.time)
    }
    finish()
    matcher.match(&chart)
    for number in chart.lanes.indices where chart.lanes[number].parent == number {
      chart.lanes[number].parent = nil
    }
    chart.arrangeAsTree()
  }

  private static func offset(_ recording: ChartSource, from first: ChartSource) -> Int64 {
    if recording.host == first.host, recording.boot == first.boot || recording.began == nil {
      return recording.zero.subtractingReportingOverflow(first.zero).partialValue
    }
    guard let began = recording.began, let origin = first.began else { return 0 }
    return began.subtractingReportingOverflow(origin).partialValue
  }

  private static func title(_ recording: ChartSource) -> String {
    let script = recording.script.isEmpty ? "session" : recording.script
    let host = recording.host.isEmpty ? "" : " on \(recording.host)"
    return "\(script) (\(recording.session))\(host)"
  }

  // MARK: Lanes

  private mutating func makeLane(_ pid: Int32, _ name: String, at time: Int64) -> Int {
    let key = Key(recording: recording, pid: pid)
    let number = chart.lanes.count
    var lane = Chart.Lane(recording: recording, pid: pid, name: name, began: time, ended: time)
    lane.incarnation = lanesOf[key]?.count ?? 0
    chart.lanes.append(lane)
    progress.append(Progress(written: time, last: time))
    lanesOf[key, default: []].append(number)
    return number
  }

  /// The lane that a pid has now; nil if it has none, or its process has ended.
  private func living(_ pid: Int32) -> Int? {
    guard let lane = lanesOf[Key(recording: recording, pid: pid)]?.last else { return nil }
    return chart.lanes[lane].hasEnded ? nil : lane
  }

  private mutating func lane(_ pid: Int32, at time: Int64) -> Int {
    // An event after the end, as of a clock that went back, belongs to the one that has ended.
    if let lane = lanesOf[Key(recording: recording, pid: pid)]?.last { return lane }
    return makeLane(pid, "", at: time)
  }

  private mutating func end(_ lane: Int, at time: Int64, _ ending: ChartEvent.Ending?) {
    guard !chart.lanes[lane].hasEnded else { return }
    write(lane, to: time)
    if let task = progress[lane].task { closeTask(lane, task, at: time) }
    chart.lanes[lane].hasEnded = true
    chart.lanes[lane].ended = max(time, chart.lanes[lane].began)
    chart.lanes[lane].ending = ending
    progress[lane].open = []
  }

  /// Writes the state that a lane is in, up to a time.
  private mutating func write(_ lane: Int, to time: Int64) {
    let start = progress[lane].written
    guard time > start, !chart.lanes[lane].hasEnded else { return }
    let isProgram = chart.lanes[lane].isProgram || progress[lane].becameProgram
    var span = Chart.Span(start: start, end: time, state: .running, label: "", place: nil)
    switch progress[lane].open.last {
    case _ where isProgram:
      span.state = .program
      span.label = chart.lanes[lane].name
    case .sleep(_, _, let label, let place, _)?:
      span.state = .sleeping
      span.label = label
      span.place = place
    case .handler(let signal, let place)?:
      span.state = .handler
      span.label = signal
      span.place = place
    case nil: break
    }
    progress[lane].written = time
    chart.lanes[lane].spans.append(span)
  }

  private mutating func closeTask(
    _ lane: Int, _ task: (start: Int64, label: String, place: String?), at time: Int64
  ) {
    progress[lane].task = nil
    chart.lanes[lane].tasks.append(
      Chart.Span(
        start: task.start, end: max(task.start, time), state: .running, label: task.label,
        place: task.place))
  }

  private mutating func finish() {
    for number in chart.lanes.indices where !chart.lanes[number].hasEnded {
      write(number, to: chart.end)
      if let task = progress[number].task { closeTask(number, task, at: chart.end) }
      chart.lanes[number].ended = chart.end
    }
  }

  // MARK: Events

  private mutating func add(_ event: ChartEvent, at time: Int64) {
    if case .start(let name, let parent) = event.what {
      begin(event, name, parent, at: time)
      return
    }
    let number = lane(event.pid, at: time)
    let end = note(event, in: number, at: time)
    progress[number].isBegun = true
    switch event.what {
    case .start: break
    case .fork(let child, let name): forked(child, name, end, isProgram: false)
    case .spawn(let child, let name): forked(child, name, end, isProgram: true)
    case .exec(let name):
      write(number, to: time)
      progress[number].becameProgram = true
      if !name.isEmpty { chart.lanes[number].name = name }
    case .exit(let ending):
      matcher.exits[number] = end
      self.end(number, at: time, ending)
    case .wait(let child, let ending): waited(child, ending, end)
    case .kill(let pid, let signal): matcher.kills.append((end, recording, pid, signal))
    case .handler(let signal):
      write(number, to: time)
      progress[number].open.append(.handler(signal: signal, place: event.place))
      matcher.handlers.append((end, signal))
    case .handled(let signal):
      write(number, to: time)
      closeHandler(number, signal)
    case .operation(let operation):
      closeSleep(number, on: operation.object, at: time, by: 0)
      let slept = progress[number].slept
      progress[number].slept = nil
      // Of several objects, as in select, a sleep names the first.
      if let slept, slept.verb == operation.verb || slept.object.isSame(as: operation.object) {
        chart.lanes[number].points[end.point].sleptSince = slept.since
        chart.lanes[number].points[end.point].wokenBy = slept.by
      }
      matcher.add(operation, end, recording)
    case .sleep(let verb, let object):
      write(number, to: time)
      let name = object.name.isEmpty && object.id != 0 ? "\(object.id)" : object.name
      let label = name.isEmpty ? verb : "\(verb) \(name)"
      progress[number].open.append(
        .sleep(time, verb: verb, label: label, place: event.place, object))
    case .wake(let object, let pid):
      closeSleep(number, on: object, at: time, by: pid, isWake: true)
    case .task(let task):
      if let open = progress[number].task { closeTask(number, open, at: time) }
      if task.isBegin { progress[number].task = (time, "task \(task.number)", event.place) }
    case .print: break
    case .mark(let text): chart.marks.append(Chart.Mark(time: time, lane: number, text: text))
    case .lost(let count):
      let most = max(0, count)
      chart.lanes[number].lost = chart.lanes[number].lost.addingReportingOverflow(most).partialValue
      chart.lost = chart.lost.addingReportingOverflow(most).partialValue
    }
  }

  /// Puts an event into a lane.
  @discardableResult
  private mutating func note(
    _ event: ChartEvent, in lane: Int, at time: Int64
  ) -> Chart.End {
    let point = chart.lanes[lane].points.count
    chart.lanes[lane].points.append(
      Chart.Point(
        time: time, earliest: progress[lane].last, what: event.what, place: event.place))
    progress[lane].last = max(progress[lane].last, time)
    if chart.lanes[lane].hasEnded { chart.lanes[lane].ended = max(chart.lanes[lane].ended, time) }
    return Chart.End(lane: lane, point: point, time: time)
  }

  private mutating func begin(
    _ event: ChartEvent, _ name: String, _ parent: Int32, at time: Int64
  ) {
    var number: Int
    if let lane = living(event.pid), !progress[lane].isBegun {
      number = lane
      // It was forked before; it lives from here on.
      chart.lanes[lane].began = time
      progress[lane].written = time
      if !name.isEmpty { chart.lanes[lane].name = name }
    } else {
      if let lane = living(event.pid) { end(lane, at: time, nil) }
      number = makeLane(event.pid, name, at: time)
    }
    progress[number].isBegun = true
    chart.lanes[number].isProgram = false
    if chart.lanes[number].parent == nil, parent > 0, parent != event.pid {
      chart.lanes[number].parent = lanesOf[Key(recording: recording, pid: parent)]?.last
    }
    matcher.starts[number] = note(event, in: number, at: time)
  }

  private mutating func forked(
    _ pid: Int32, _ name: String, _ end: Chart.End, isProgram: Bool
  ) {
    guard pid != chart.lanes[end.lane].pid else { return }
    var child: Int
    if !isProgram, let lane = living(pid), progress[lane].isBegun, !progress[lane].isForked,
      matcher.starts[lane] != nil
    {
      // Its first event was recorded before the one of its parent.
      child = lane
    } else {
      // A process that forks so soon that it has ended already, by the order of the recording.
      let last = lanesOf[Key(recording: recording, pid: pid)]?.last
      if !isProgram, let last, !progress[last].isForked, matcher.starts[last] != nil,
        !progress[last].isWaitedFor, chart.lanes[last].began >= chart.point(end).earliest
      {
        child = last
      } else {
        if let lane = living(pid) { self.end(lane, at: end.time, nil) }
        child = makeLane(pid, name, at: end.time)
        chart.lanes[child].isProgram = isProgram
      }
    }
    progress[child].isForked = true
    if chart.lanes[child].name.isEmpty { chart.lanes[child].name = name }
    if !isDescendant(end.lane, of: child) { chart.lanes[child].parent = end.lane }
    matcher.forks.append((end, child))
  }

  private func isDescendant(_ lane: Int, of ancestor: Int) -> Bool {
    var lane: Int? = lane
    var steps = 0
    while let number = lane, steps <= chart.lanes.count {
      if number == ancestor { return true }
      lane = chart.lanes[number].parent
      steps += 1
    }
    return false
  }

  private mutating func waited(
    _ pid: Int32, _ ending: ChartEvent.Ending?, _ end: Chart.End
  ) {
    let all = lanesOf[Key(recording: recording, pid: pid)] ?? []
    let ended = all.first { chart.lanes[$0].hasEnded && !progress[$0].isWaitedFor }
    guard let child = ended ?? all.last, child != end.lane, !progress[child].isWaitedFor else {
      return
    }
    progress[child].isWaitedFor = true
    self.end(child, at: end.time, ending)
    if chart.lanes[child].ending == nil { chart.lanes[child].ending = ending }
    matcher.waits.append((end, child))
  }

  private mutating func closeHandler(_ lane: Int, _ signal: String) {
    let index = progress[lane].open.lastIndex {
      if case .handler(signal, _) = $0 { return true }
      return false
    }
    if let index { progress[lane].open.removeSubrange(index...) }
  }

  /// Ends a sleep, and what began within it and was never told to have ended.
  private mutating func closeSleep(
    _ lane: Int, on object: ChartEvent.SharedObject, at time: Int64, by pid: Int32,
    isWake: Bool = false
  ) {
    let index = progress[lane].open.lastIndex {
      guard case .sleep(_, _, _, _, let slept) = $0 else { return false }
      return isWake || slept.isSame(as: object)
    }
    guard let index,
      case .sleep(let since, let verb, _, _, let slept) = progress[lane].open[index]
    else { return }
    write(lane, to: time)
    progress[lane].slept = (since, pid, verb, slept)
    progress[lane].open.removeSubrange(index...)
  }
}

extension Chart {
  /// Puts lanes in the order in which parents come before their children, siblings by their age.
  mutating func arrangeAsTree() {
    var children = [[Int]](repeating: [], count: lanes.count)
    var roots: [Int] = []
    for (number, lane) in lanes.enumerated() {
      if let parent = lane.parent { children[parent].append(number) } else { roots.append(number) }
    }
    // Recordings keep together.
    roots.sort { (lanes[$0].recording, $0) < (lanes[$1].recording, $1) }
    var order: [Int] = []
    var stack = Array(roots.reversed())
    var isPlaced = [Bool](repeating: false, count: lanes.count)
    while let number = stack.popLast() {
      if isPlaced[number] { continue }
      isPlaced[number] = true
      lanes[number].depth = lanes[number].parent.map { lanes[$0].depth + 1 } ?? 0
      order.append(number)
      stack += children[number].reversed()
    }
    // What is its own ancestor, by events that contradict each other.
    for number in lanes.indices where !isPlaced[number] {
      lanes[number].parent = nil
      order.append(number)
    }
    keep(order)
  }

  /// Keeps only some lanes, in this order, and the arrows between them.
  mutating func keep(_ order: [Int]) {
    var places = [Int?](repeating: nil, count: lanes.count)
    for (place, number) in order.enumerated() { places[number] = place }
    let old = lanes
    lanes = order.map { old[$0] }
    for number in lanes.indices {
      var parent = lanes[number].parent
      while let lane = parent, places[lane] == nil { parent = old[lane].parent }
      lanes[number].parent = parent.flatMap { places[$0] }
    }
    for number in lanes.indices {
      lanes[number].depth = lanes[number].parent.map { lanes[$0].depth + 1 } ?? 0
    }
    let all = arrows.count
    arrows = arrows.compactMap { arrow in
      guard let from = places[arrow.from.lane], let to = places[arrow.to.lane] else { return nil }
      var arrow = arrow
      arrow.from.lane = from
      arrow.to.lane = to
      return arrow
    }
    leftOut.arrows += all - arrows.count
    marks = marks.compactMap { mark in
      guard let lane = places[mark.lane] else { return nil }
      var mark = mark
      mark.lane = lane
      return mark
    }
  }
}
