/// What counts as a way out for processes that would be stuck without it.
public struct WayOut: OptionSet, Hashable, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A person at a prompt.
  public static let prompt = WayOut(rawValue: 1)
  /// That a stopped process is continued.
  public static let continued = WayOut(rawValue: 2)
  /// A signal whose handler could act.
  public static let signal = WayOut(rawValue: 4)
  public static let all: WayOut = [.prompt, .continued, .signal]
}

extension WaitGraph {
  /// Who can act, of all processes.
  ///
  /// - Parameter ways: what counts as a way out.
  /// - Complexity: that of `WaitReducer`.
  public func whoCanAct(_ ways: WayOut = .all) -> [Int32: Answer] {
    let found = WaitReducer(self).whoCanAct(ways)
    var answers: [Int32: Answer] = [:]
    answers.reserveCapacity(order.count)
    for (place, pid) in order.enumerated() { answers[pid] = found.answers[place] }
    return answers
  }

  /// All processes that could make one of the things true that a process waits for.
  public func wakers(of pid: Int32) -> [Int32] {
    guard let sleep = sleep(of: pid) else { return [] }
    var seen: Set<Int32> = []
    return sleep.targets.flatMap { wakers(of: $0).pids }.filter { seen.insert($0).inserted }
  }
}

/// A graph prepared for several reductions: processes and targets by numbers, so that a target for
/// which a thousand processes wait, of which each could bring it about, costs two thousand steps.
///
/// - Complexity: to make it O(waits + shares of the objects waited for); to reduce, the same: of a
///   process that rises, each of its targets counts once.
struct WaitReducer {
  /// Something that processes wait for.
  struct Target {
    let target: WaitTarget
    /// What follows without any process of the graph: it is true, or others can make it so.
    let already: Answer
    /// Those that could make it true, by their places; how many of them have to.
    var wakers: [Int] = []
    let needed: Int
    /// How many more could of whom the graph knows nothing.
    var unknownWakers = 0
    /// Those that wait for it, by their places.
    var waiters: [Int] = []
  }

  let graph: WaitGraph
  /// Where in the graph's order a process is.
  let places: [Int32: Int]
  private(set) var targets: [Target] = []
  /// The targets that each process waits for; nil for one that is not blocked.
  private(set) var sleeps: [[Int]?]
  /// The targets that each process could make true, once for each share.
  private(set) var wakes: [[Int]]

  init(_ graph: WaitGraph) {
    self.graph = graph
    let count = graph.order.count
    var places: [Int32: Int] = [:]
    places.reserveCapacity(count)
    for (place, pid) in graph.order.enumerated() { places[pid] = place }
    self.places = places
    sleeps = Array(repeating: nil, count: count)
    wakes = Array(repeating: [], count: count)
    var numbers: [WaitTarget: Int] = [:]
    for (place, pid) in graph.order.enumerated() {
      guard let sleep = graph.sleep(of: pid) else { continue }
      sleeps[place] = sleep.targets.map { target in
        let number: Int
        if let known = numbers[target] {
          number = known
        } else {
          number = targets.count
          numbers[target] = number
          add(target, number)
        }
        targets[number].waiters.append(place)
        return number
      }
    }
  }

  private mutating func add(_ target: WaitTarget, _ number: Int) {
    let (pids, needed) = graph.wakers(of: target)
    let already = max(graph.isTrue(target), graph.outsiders(of: target))
    var made = Target(target: target, already: already, needed: needed)
    for pid in pids {
      if let place = places[pid] {
        made.wakers.append(place)
        wakes[place].append(number)
      } else {
        made.unknownWakers += 1
      }
    }
    targets.append(made)
  }

  /// What a reduction found.
  struct Result {
    /// Of each process, by its place.
    fileprivate(set) var answers: [Answer]
    /// Of those that could make a target true: how many can act, and how many perhaps can.
    fileprivate var able: [Int]
    fileprivate var perhapsAble: [Int]
  }

  /// The least solution: every process that sleeps cannot act, until one who can act could wake it.
  func whoCanAct(_ ways: WayOut) -> Result {
    var result = Result(
      answers: Array(repeating: .cannot, count: graph.order.count),
      able: Array(repeating: 0, count: targets.count), perhapsAble: targets.map(\.unknownWakers))
    var agenda = Array(graph.order.indices)
    while let place = agenda.popLast() {
      let old = result.answers[place]
      if old == .can { continue }
      let new = answer(place, ways, result)
      if new <= old { continue }
      result.answers[place] = new
      for number in wakes[place] {
        let before = answer(to: number, result)
        if old == .cannot { result.perhapsAble[number] += 1 }
        if new == .can { result.able[number] += 1 }
        if answer(to: number, result) > before { agenda += targets[number].waiters }
      }
    }
    return result
  }

  /// Whether a target is true, or those who can act could make it so: the one who matters is the last
  /// of those that have to.
  func answer(to number: Int, _ result: Result) -> Answer {
    let target = targets[number]
    let known: Answer =
      result.able[number] >= target.needed
      ? .can : result.perhapsAble[number] >= target.needed ? .unknown : .cannot
    return max(target.already, known)
  }

  private func answer(_ place: Int, _ ways: WayOut, _ result: Result) -> Answer {
    guard let process = graph.processes[graph.order[place]] else { return .unknown }
    switch process.state {
    case .running, .ready: return .can
    case .ended: return .cannot
    case .unknown: return .unknown
    case .stopped:
      guard ways.contains(.continued) else { return .cannot }
      return process.sleep == nil ? .can : answer(asleep: process, place, ways, result)
    case .asleep: return answer(asleep: process, place, ways, result)
    }
  }

  private func answer(
    asleep process: WaitProcess, _ place: Int, _ ways: WayOut, _ result: Result
  ) -> Answer {
    guard let sleep = process.sleep, let targets = sleeps[place] else { return .unknown }
    let flags = process.flags
    if sleep.deadline != nil || flags.contains(.alarm) { return .can }
    if flags.contains(.handler), ways.contains(.signal) { return .can }
    if flags.contains(.prompt), ways.contains(.prompt) { return .can }
    let least: Answer = flags.contains(.otherWays) ? .unknown : .cannot
    if targets.isEmpty { return .unknown }
    var best = Answer.cannot
    var worst = Answer.can
    for number in targets {
      let one = answer(to: number, result)
      best = max(best, one)
      worst = min(worst, one)
    }
    let known: Answer =
      switch sleep.mode {
      case .any: sleep.hasMore ? max(best, .unknown) : best
      case .all: sleep.hasMore ? min(worst, .unknown) : worst
      }
    return max(known, least)
  }
}
