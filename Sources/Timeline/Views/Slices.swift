/// Lanes as slices that nest, in an order of time in which each arrow goes forward.
///
/// Perfetto joins a flow to slices, and draws no arrow to a slice that began before the flow. So each
/// event is a short slice of its own, inside the longer one of an operation that slept.
struct Slices {
  struct Slice {
    var lane: Int
    var start: Int64
    /// At least one nanosecond later.
    var end: Int64
    /// The event; nil for the longer slice around it.
    var point: Int?
    var name: String
    /// Arrows that begin and end here, as places in `Chart.arrows`.
    var begins: [Int] = []
    var ends: [Int] = []
  }

  /// In each lane, those that are outside come before those inside.
  private(set) var slices: [Slice] = []

  private static let longest: Int64 = 1000

  init(_ chart: Chart) {
    // Per lane, where its points begin in the arrays below.
    var bases: [Int] = []
    var total = 0
    for lane in chart.lanes {
      bases.append(total)
      total += lane.points.count
    }
    var begins = [[Int]](repeating: [], count: total)
    var ends = [[Int]](repeating: [], count: total)
    var times = chart.lanes.flatMap { $0.points.map(\.time) }
    for (number, arrow) in chart.arrows.enumerated() {
      let from = bases[arrow.from.lane] + arrow.from.point
      let to = bases[arrow.to.lane] + arrow.to.point
      begins[from].append(number)
      ends[to].append(number)
    }
    for (index, arrows) in begins.enumerated() where !arrows.isEmpty {
      times[index] = arrows.reduce(times[index]) { min($0, chart.arrows[$1].from.time) }
    }
    for (index, arrows) in ends.enumerated() where !arrows.isEmpty {
      times[index] = arrows.reduce(times[index]) { max($0, chart.arrows[$1].to.time) }
    }
    // Of equal times, what sends comes before what receives.
    var order: [(time: Int64, isEnd: Bool, lane: Int, point: Int)] = []
    for (number, lane) in chart.lanes.enumerated() {
      for (place, point) in lane.points.enumerated() {
        let index = bases[number] + place
        guard chart.shows(point) || !begins[index].isEmpty || !ends[index].isEmpty else { continue }
        order.append((times[index], !ends[index].isEmpty, number, place))
      }
    }
    order.sort {
      ($0.time, $0.isEnd ? 1 : 0, $0.lane, $0.point) < (
        $1.time, $1.isEnd ? 1 : 0, $1.lane, $1.point
      )
    }
    // The next event of the lane: a slice is over before it.
    var next = [Int64](repeating: .max, count: order.count)
    var following = [Int64](repeating: .max, count: chart.lanes.count)
    for index in order.indices.reversed() {
      next[index] = following[order[index].lane]
      following[order[index].lane] = order[index].time
    }
    var free = [Int64](repeating: .min, count: chart.lanes.count)
    var starts = [Int64](repeating: .min, count: chart.arrows.count)
    slices.reserveCapacity(order.count)
    /// Where the order has a point; an event of each arrow's beginning comes before that of its end.
    var positions = [Int](repeating: -1, count: total)
    for (index, entry) in order.enumerated() { positions[bases[entry.lane] + entry.point] = index }
    var isBegun = [Bool](repeating: false, count: order.count)
    var isDone = isBegun
    var stack: [Int] = []
    for first in order.indices where !isDone[first] {
      stack.append(first)
      while let index = stack.last {
        let place = bases[order[index].lane] + order[index].point
        if !isBegun[index] {
          isBegun[index] = true
          // Of equal times: what sends may stand behind what receives.
          for arrow in ends[place] {
            let from = chart.arrows[arrow].from
            let source = positions[bases[from.lane] + from.point]
            if source >= 0, !isBegun[source], order[source].time <= order[index].time {
              stack.append(source)
            }
          }
          if stack.last != index { continue }
        }
        stack.removeLast()
        if isDone[index] { continue }
        isDone[index] = true
        let lane = order[index].lane
        let point = chart.lanes[lane].points[order[index].point]
        var start = max(order[index].time, free[lane])
        for arrow in ends[place] where starts[arrow] != .min {
          start = max(start, starts[arrow] + 1)
        }
        let room = next[index] == .max ? Slices.longest : next[index] - start
        let end = start + max(1, min(Slices.longest, room))
        for arrow in begins[place] { starts[arrow] = start }
        if let since = point.sleptSince {
          let begin = max(since, free[lane], chart.begin)
          if begin < start {
            slices.append(
              Slice(lane: lane, start: begin, end: end, point: nil, name: Slices.outer(point)))
          }
        }
        slices.append(
          Slice(
            lane: lane, start: start, end: end, point: order[index].point, name: point.label,
            begins: begins[place], ends: ends[place]))
        free[lane] = end
      }
    }
  }

  private static func outer(_ point: Chart.Point) -> String {
    guard case .operation(let operation) = point.what else { return "sleep" }
    return operation.object.name.isEmpty
      ? operation.verb : "\(operation.verb) \(operation.object.name)"
  }

  /// The beginnings and ends of all slices, in an order in which they nest.
  var edges: [(time: Int64, slice: Int, isBegin: Bool)] {
    var all: [(time: Int64, slice: Int, isBegin: Bool)] = []
    all.reserveCapacity(slices.count * 2)
    for (number, slice) in slices.enumerated() {
      all.append((slice.start, number, true))
      all.append((slice.end, number, false))
    }
    // Slices are longer than nothing, so of equal times ends come first, the inner ones before.
    all.sort {
      let (left, right) = ($0.isBegin ? 1 : 0, $1.isBegin ? 1 : 0)
      if $0.time != $1.time || left != right { return ($0.time, left) < ($1.time, right) }
      return $0.isBegin ? $0.slice < $1.slice : $0.slice > $1.slice
    }
    return all
  }
}
