/// Finds which event of one process brought about which event of another.
///
/// An operation is recorded when it has ended, so a receipt may be recorded before the sending. What
/// counts is when the sending can have happened at the earliest: at the event before it in its lane.
struct ArrowMatcher {
  /// The forks, and the lane of each child.
  var forks: [(Chart.End, child: Int)] = []
  /// The ends that were taken in, and of which lane.
  var waits: [(Chart.End, child: Int)] = []
  var kills: [(Chart.End, recording: Int, pid: Int32, signal: String)] = []
  var handlers: [(Chart.End, signal: String)] = []
  /// The first and the last event of a lane, where it was recorded.
  var starts: [Int: Chart.End] = [:]
  var exits: [Int: Chart.End] = [:]

  private struct ObjectKey: Hashable {
    var recording: Int
    var kind: String
    var id: Int64
  }

  /// Items first to end, without the end.
  private struct Items {
    var first: Int64
    var end: Int64
    var place: Chart.End
  }

  private struct Turn {
    var place: Chart.End
    var isNotify = false
  }

  private struct Channel {
    var sendings: [Items] = []
    var receipts: [Items] = []
    var releases: [Turn] = []
    var acquires: [Turn] = []
    var arrivals: [Turn] = []
  }

  private var channels: [ObjectKey: Channel] = [:]

  // MARK: Operations

  private enum Role { case send, receive, release, acquire, arrive }

  private static func role(_ verb: String) -> Role? {
    switch verb {
    case "queue put", "queue put-many", "pipe send", "pipe write", "socket send", "socket write":
      .send
    case "queue get", "queue get-many", "queue items", "pipe recv", "pipe read", "socket recv",
      "socket read", "select":
      .receive
    case "lock release", "sem release", "cond release", "event set", "cond notify",
      "cond notify-all", "shm unlock":
      .release
    case "lock acquire", "sem acquire", "cond acquire", "event wait", "cond wait", "shm lock":
      .acquire
    case "barrier wait": .arrive
    default: nil
    }
  }

  mutating func add(
    _ operation: ChartEvent.Operation, _ place: Chart.End, _ recording: Int
  ) {
    guard operation.outcome == "ok", let role = ArrowMatcher.role(operation.verb) else { return }
    let key = ObjectKey(
      recording: recording, kind: operation.object.kind, id: operation.object.id)
    switch role {
    case .send, .receive:
      guard let first = operation.number, first >= 0, operation.count > 0 else { return }
      let (end, isOver) = first.addingReportingOverflow(operation.count)
      let items = Items(first: first, end: isOver ? .max : end, place: place)
      if role == .send {
        channels[key, default: Channel()].sendings.append(items)
      } else {
        channels[key, default: Channel()].receipts.append(items)
      }
    case .release:
      channels[key, default: Channel()].releases.append(
        Turn(place: place, isNotify: operation.verb.hasPrefix("cond notify")))
    case .acquire:
      channels[key, default: Channel()].acquires.append(
        Turn(place: place, isNotify: operation.verb == "cond wait"))
    case .arrive: channels[key, default: Channel()].arrivals.append(Turn(place: place))
    }
  }

  // MARK: Matching

  func match(_ chart: inout Chart) {
    matchBirths(&chart)
    matchEnds(&chart)
    matchSignals(&chart)
    for (key, channel) in channels {
      matchMessages(channel, isTwoWay: key.kind == "pipe" || key.kind == "socket", &chart)
      if key.kind == "barrier" {
        matchBarrier(channel, &chart)
      } else {
        matchTurns(channel, isForAll: key.kind == "event", &chart)
      }
    }
    chart.arrows.sort {
      ($0.to.time, $0.to.lane, $0.to.point, $0.from.lane, $0.from.point)
        < ($1.to.time, $1.to.lane, $1.to.point, $1.from.lane, $1.from.point)
    }
  }

  /// Adds an arrow, with times that do not go back.
  private func add(
    _ kind: Chart.ArrowKind, _ from: Chart.End, _ to: Chart.End, count: Int64 = 1,
    _ chart: inout Chart
  ) {
    var from = from
    var to = to
    if from.time > to.time { from.time = min(from.time, max(chart.point(from).earliest, to.time)) }
    if from.time > to.time {
      chart.disordered += 1
      to.time = from.time
    }
    chart.arrows.append(Chart.Arrow(kind: kind, from: from, to: to, count: count))
  }

  /// A point for what a process did not write itself.
  private func makePoint(
    _ lane: Int, _ what: ChartEvent.What, at time: Int64, _ chart: inout Chart
  ) -> Chart.End {
    let earliest = chart.lanes[lane].points.last?.time ?? chart.lanes[lane].began
    chart.lanes[lane].points.append(
      Chart.Point(time: time, earliest: min(earliest, time), what: what))
    return Chart.End(lane: lane, point: chart.lanes[lane].points.count - 1, time: time)
  }

  private func matchBirths(_ chart: inout Chart) {
    for (place, child) in forks {
      let lane = chart.lanes[child]
      let start =
        starts[child]
        ?? makePoint(
          child, .start(name: lane.name, parent: chart.lanes[place.lane].pid), at: lane.began,
          &chart)
      add(.fork, place, start, &chart)
    }
  }

  private func matchEnds(_ chart: inout Chart) {
    for (place, child) in waits {
      let lane = chart.lanes[child]
      let exit = exits[child] ?? makePoint(child, .exit(lane.ending), at: lane.ended, &chart)
      add(.exit, exit, place, &chart)
    }
  }

  private func matchSignals(_ chart: inout Chart) {
    var lanes: [Int32: [Int]] = [:]
    for (number, lane) in chart.lanes.enumerated() { lanes[lane.pid, default: []].append(number) }
    var begun: [Int: [String: [Chart.End]]] = [:]
    for (place, signal) in handlers {
      begun[place.lane, default: [:]][signal, default: []].append(place)
    }
    for (place, recording, pid, signal) in kills {
      let sent = chart.point(place)
      let all = lanes[pid] ?? []
      // Else a process of another session.
      let own = all.filter { chart.lanes[$0].recording == recording }
      let alive = (own.isEmpty ? all : own).first {
        !chart.lanes[$0].hasEnded || chart.lanes[$0].ended >= sent.earliest
      }
      guard let target = alive else { continue }
      if let handler = begun[target]?[signal]?.first(where: { $0.time >= sent.earliest }) {
        add(.signal, place, handler, &chart)
      } else if case .signal(signal)? = chart.lanes[target].ending, target != place.lane {
        let end = chart.lanes[target].points.lastIndex {
          if case .exit = $0.what { return true }
          return false
        }
        let death =
          end.map { Chart.End(lane: target, point: $0, time: chart.lanes[target].points[$0].time) }
          ?? makePoint(
            target, .exit(chart.lanes[target].ending), at: chart.lanes[target].ended, &chart)
        add(.signal, place, death, &chart)
      }
    }
  }

  /// Joins each receipt to the sendings of its items: an arrow for each pair.
  private func matchMessages(_ channel: Channel, isTwoWay: Bool, _ chart: inout Chart) {
    if channel.receipts.isEmpty { return }
    let sendings = channel.sendings.sorted { ($0.first, $0.place.time) < ($1.first, $1.place.time) }
    // Up to where the items of those before reach, so that looking back ends early.
    var reach: [Int64] = []
    for sending in sendings { reach.append(max(reach.last ?? .min, sending.end)) }
    for receipt in channel.receipts {
      var low = 0
      var high = sendings.count
      while low < high {
        let middle = (low + high) / 2
        if sendings[middle].first < receipt.end { low = middle + 1 } else { high = middle }
      }
      var found: [Items] = []
      var index = low - 1
      var misses = 0
      while index >= 0, reach[index] > receipt.first, misses < 64 {
        if sendings[index].end > receipt.first {
          found.append(sendings[index])
        } else {
          misses += 1
        }
        index -= 1
      }
      join(receipt, found, isTwoWay, &chart)
    }
  }

  private func join(
    _ receipt: Items, _ found: [Items], _ isTwoWay: Bool, _ chart: inout Chart
  ) {
    /// The better a sending fits, the lower.
    func rank(_ sending: Items) -> (Int, Int64) {
      let isOwn = isTwoWay && sending.place.lane == receipt.place.lane
      let isLate = chart.point(sending.place).earliest > receipt.place.time
      return ((isOwn ? 2 : 0) + (isLate ? 1 : 0), -sending.place.time)
    }
    let ranked = found.count < 2 ? found : found.sorted { rank($0) < rank($1) }
    var taken: [(first: Int64, end: Int64)] = []
    for sending in ranked {
      let first = max(sending.first, receipt.first)
      let end = min(sending.end, receipt.end)
      if taken.contains(where: { $0.first < end && first < $0.end }) { continue }
      taken.append((first, end))
      add(.message, sending.place, receipt.place, count: end - first, &chart)
    }
    if taken.isEmpty { chart.unmatched += 1 }
  }

  /// Joins who slept for a lock, a permit, an event or a condition to who gave way.
  private func matchTurns(_ channel: Channel, isForAll: Bool, _ chart: inout Chart) {
    for isNotify in [false, true] {
      let releases = channel.releases.filter { $0.isNotify == isNotify }
      let acquires = channel.acquires.filter { $0.isNotify == isNotify }
      if releases.isEmpty { continue }
      var holder: Int?
      for acquire in acquires {
        let place = acquire.place
        defer { holder = place.lane }
        let point = chart.point(place)
        guard let since = point.sleptSince else { continue }
        var low = 0
        var high = releases.count
        while low < high {
          let middle = (low + high) / 2
          if releases[middle].place.time <= place.time { low = middle + 1 } else { high = middle }
        }
        let near = releases[max(0, low - 32)..<min(releases.count, low + 8)].filter {
          $0.place.lane != place.lane && $0.place.time >= since
            && chart.point($0.place).earliest <= place.time
        }
        let waker = near.last { chart.lanes[$0.place.lane].pid == point.wokenBy }
        let ofHolder = isForAll || isNotify ? nil : near.last { $0.place.lane == holder }
        let before = near.last { $0.place.time <= place.time }
        if let release = waker ?? ofHolder ?? before ?? near.first {
          add(.handOver, release.place, place, &chart)
        }
      }
    }
  }

  /// The last one to come to a barrier, which does not sleep, lets the others go on.
  private func matchBarrier(_ channel: Channel, _ chart: inout Chart) {
    let openers = channel.arrivals.filter { chart.point($0.place).sleptSince == nil }
    var next = 0
    for arrival in channel.arrivals {
      guard let since = chart.point(arrival.place).sleptSince else { continue }
      // The first that came after this one slept.
      while next < openers.count, openers[next].place.time < since { next += 1 }
      var index = next
      if index > 0, openers[index - 1].place.time >= since { index -= 1 }
      guard index < openers.count else { continue }
      let opener = openers[index].place
      if opener.lane != arrival.place.lane, chart.point(opener).earliest <= arrival.place.time {
        add(.handOver, opener, arrival.place, &chart)
      }
    }
  }
}
