/// What is said of a process, or of a set of them.
public enum Verdict: String, Sendable, CaseIterable {
  /// No process and no person can ever move it.
  case stuck
  /// Only a person at the prompt can.
  case stuckUnlessYouAct = "stuck-unless-you-act"
  /// It goes on when a stopped process is continued.
  case stuckUntilContinued = "stuck-until-continued"
  /// A handler of a process of the set could act, if its signal came.
  case stuckUnlessSignal = "stuck-unless-signal"
  /// A program is in the set.
  case probablyStuck = "probably-stuck"
  case waiting, busy, ready, ended
  /// Something that matters cannot be read.
  case unknown

  /// Whether it is one of the grades of stuck.
  public var isStuck: Bool {
    switch self {
    case .stuck, .stuckUnlessYouAct, .stuckUntilContinued, .stuckUnlessSignal, .probablyStuck: true
    case .waiting, .busy, .ready, .ended, .unknown: false
    }
  }
}

/// Processes that cannot go on, and why.
public struct StuckSet: Sendable {
  /// Who waits for what because of whom.
  public struct Edge: Hashable, Sendable {
    public var waiter: Int32
    public var target: WaitTarget
    /// Nil where no process is left that could act.
    public var waker: Int32?

    public init(_ waiter: Int32, _ target: WaitTarget, _ waker: Int32?) {
      self.waiter = waiter
      self.target = target
      self.waker = waker
    }
  }

  /// Those that hold each other, in the order in which they were added to the graph.
  public var core: [Int32]
  /// Those that wait for them.
  public var followers: [Int32]
  /// A shortest ring in the core, each waiting for the next and the last for the first; empty if
  /// there is none, as where who could act has ended.
  public var cycle: [Int32]
  public var edges: [Edge]
  public var verdict: Verdict

  /// The core, then those that wait for it.
  public var processes: [Int32] { core + followers }
}

extension WaitGraph {
  /// All sets of processes that cannot go on; empty if there is none.
  ///
  /// A set is a part of the graph in which all who could act wait for each other, or of which none
  /// is left who could act, with those that wait for it alone or among others.
  public func stuckSets() -> [StuckSet] {
    let reducer = WaitReducer(self)
    let strict = reducer.whoCanAct([])
    let left = order.indices.filter { strict.answers[$0] == .cannot }.map { order[$0] }
      .filter(isBlocked)
    if left.isEmpty { return [] }
    let next = edges(among: Set(left), reducer, strict)
    var result: [StuckSet] = []
    var owner: [Int32: Int] = [:]
    // Tarjan's order: a part comes after all that it leads to.
    for part in parts(of: left, next) {
      let outside = part.flatMap { next[$0] ?? [] }.compactMap(\.waker)
        .compactMap { owner[$0] }.min()
      if let set = outside {
        for pid in part { owner[pid] = set }
        // A worker without a task lacks nothing.
        result[set].followers += part.filter { !isIdleWorker($0) }
      } else {
        for pid in part { owner[pid] = result.count }
        result.append(
          StuckSet(core: part, followers: [], cycle: [], edges: [], verdict: .stuck))
      }
    }
    let place = reducer.places
    func inOrder(_ pids: [Int32]) -> [Int32] { pids.sorted { place[$0] ?? 0 < place[$1] ?? 0 } }
    let verdicts = self.verdicts(reducer)
    for i in result.indices {
      result[i].core = inOrder(result[i].core)
      result[i].followers = inOrder(result[i].followers)
      result[i].cycle = ring(in: result[i].core, next)
      result[i].edges = result[i].processes.flatMap { next[$0] ?? [] }
      result[i].verdict = verdict(of: result[i].core, verdicts)
    }
    return result
  }

  /// What is said of each process.
  public func verdicts() -> [Int32: Verdict] { verdicts(WaitReducer(self)) }

  private func verdicts(_ reducer: WaitReducer) -> [Int32: Verdict] {
    let strict = reducer.whoCanAct([])
    let open = reducer.whoCanAct(.all)
    let ways: [(WayOut, Verdict)] = [
      (.prompt, .stuckUnlessYouAct), (.continued, .stuckUntilContinued),
      (.signal, .stuckUnlessSignal),
    ]
    // Most graphs have nothing to grade.
    lazy var graded = ways.map { (found: reducer.whoCanAct($0.0), verdict: $0.1) }
    lazy var without = ways.map {
      (found: reducer.whoCanAct(.all.subtracting($0.0)), verdict: $0.1)
    }
    var result: [Int32: Verdict] = [:]
    result.reserveCapacity(order.count)
    for (place, pid) in order.enumerated() {
      guard let process = processes[pid] else { continue }
      switch process.state {
      case .running: result[pid] = .busy
      case .ready: result[pid] = .ready
      case .ended: result[pid] = .ended
      case .unknown: result[pid] = .unknown
      case .asleep, .stopped:
        switch (strict.answers[place], open.answers[place]) {
        case (.can, _): result[pid] = isTrueNow(process) ? .ready : .waiting
        case (.cannot, .cannot): result[pid] = .stuck
        // Whatever it would do then, a step without which it cannot move is known.
        case (.cannot, .unknown):
          result[pid] = without.first { $0.found.answers[place] == .cannot }?.verdict ?? .unknown
        case (.unknown, _): result[pid] = .unknown
        case (.cannot, .can):
          // Where only several together help, the first that is needed is named.
          result[pid] =
            graded.first { $0.found.answers[place] == .can }?.verdict
            ?? without.first { $0.found.answers[place] != .can }?.verdict
            ?? .waiting
        }
      }
    }
    markPrograms(&result, reducer, strict)
    return result
  }

  /// Where a program is among those that hold each other, what it will do is only likely.
  private func markPrograms(
    _ verdicts: inout [Int32: Verdict], _ reducer: WaitReducer, _ strict: WaitReducer.Result
  ) {
    var agenda = order.indices.filter { place in
      strict.answers[place] == .cannot && processes[order[place]]?.state != .ended
        && processes[order[place]]?.flags.contains(.program) ?? false
    }
    // Each process that depends on one, too.
    var isMarked = Array(repeating: false, count: order.count)
    for place in agenda { isMarked[place] = true }
    var isPassed = Array(repeating: false, count: reducer.targets.count)
    while let place = agenda.popLast() {
      if verdicts[order[place]] == .stuck { verdicts[order[place]] = .probablyStuck }
      for number in reducer.wakes[place] where !isPassed[number] {
        isPassed[number] = true
        for waiter in reducer.targets[number].waiters
        where !isMarked[waiter] && strict.answers[waiter] == .cannot {
          isMarked[waiter] = true
          agenda.append(waiter)
        }
      }
    }
  }

  private func verdict(of core: [Int32], _ verdicts: [Int32: Verdict]) -> Verdict {
    let order: [Verdict] = [
      .unknown, .waiting, .probablyStuck, .stuckUnlessSignal, .stuckUntilContinued,
      .stuckUnlessYouAct,
    ]
    let found = core.compactMap { verdicts[$0] }
    return order.first(where: found.contains) ?? .stuck
  }

  private func isBlocked(_ pid: Int32) -> Bool {
    guard let state = processes[pid]?.state else { return false }
    return state == .asleep || state == .stopped
  }

  private func isIdleWorker(_ pid: Int32) -> Bool {
    guard let targets = sleep(of: pid)?.targets, !targets.isEmpty else { return false }
    return targets.allSatisfy { $0.object.kind == .pool && $0.want == .value }
  }

  private func isTrueNow(_ process: WaitProcess) -> Bool {
    guard process.state == .asleep, let sleep = process.sleep, !sleep.targets.isEmpty else {
      return false
    }
    let each = sleep.targets.map { isTrue($0) == .can }
    return sleep.mode == .all ? each.allSatisfy { $0 } : each.contains(true)
  }

  // MARK: The shape of what is left

  private func edges(
    among left: Set<Int32>, _ reducer: WaitReducer, _ strict: WaitReducer.Result
  ) -> [Int32: [StuckSet.Edge]] {
    // Who of those that are left could bring a target about; nil where others can.
    let wakers = reducer.targets.indices.map { number -> [Int32]? in
      guard reducer.answer(to: number, strict) == .cannot else { return nil }
      return reducer.targets[number].wakers.map { order[$0] }.filter(left.contains)
    }
    var result: [Int32: [StuckSet.Edge]] = [:]
    for pid in left {
      guard let place = reducer.places[pid] else { continue }
      var edges: [StuckSet.Edge] = []
      for number in reducer.sleeps[place] ?? [] {
        guard var found = wakers[number] else { continue }
        let target = reducer.targets[number].target
        if target.isForOthers { found.removeAll { $0 == pid } }
        edges.reserveCapacity(edges.count + max(1, found.count))
        if found.isEmpty { edges.append(.init(pid, target, nil)) }
        for waker in found { edges.append(.init(pid, target, waker)) }
      }
      result[pid] = edges
    }
    return result
  }

  /// Strongly connected parts (Tarjan, *Depth-first search and linear graph algorithms*, 1972),
  /// without recursion, since a chain may be as long as there are processes.
  private func parts(
    of pids: [Int32], _ next: [Int32: [StuckSet.Edge]]
  ) -> [[Int32]] {
    var number: [Int32: Int] = [:]
    var low: [Int32: Int] = [:]
    var open: [Int32] = []
    var isOpen: Set<Int32> = []
    var result: [[Int32]] = []
    for root in pids where number[root] == nil {
      var calls: [(pid: Int32, rest: ArraySlice<StuckSet.Edge>)] = []
      func enter(_ pid: Int32) {
        low[pid] = number.count
        number[pid] = number.count
        open.append(pid)
        isOpen.insert(pid)
        calls.append((pid, (next[pid] ?? [])[...]))
      }
      enter(root)
      while var call = calls.popLast() {
        let pid = call.pid
        if let edge = call.rest.popFirst() {
          calls.append(call)
          guard let waker = edge.waker else { continue }
          if let seen = number[waker] {
            if isOpen.contains(waker) { low[pid] = min(low[pid] ?? seen, seen) }
          } else {
            enter(waker)
          }
          continue
        }
        if let above = calls.last?.pid { low[above] = min(low[above] ?? 0, low[pid] ?? 0) }
        guard low[pid] == number[pid] else { continue }
        var part: [Int32] = []
        while let one = open.popLast() {
          isOpen.remove(one)
          part.append(one)
          if one == pid { break }
        }
        result.append(part)
      }
    }
    return result
  }

  /// A shortest ring, by a search in breadth from each process; of a large core from some of them.
  private func ring(in core: [Int32], _ next: [Int32: [StuckSet.Edge]]) -> [Int32] {
    let members = Set(core)
    var best: [Int32] = []
    for start in core.prefix(max(1, 10_000 / max(1, core.count))) {
      var before: [Int32: Int32] = [:]
      var agenda = [start]
      var at = 0
      search: while at < agenda.count {
        let pid = agenda[at]
        at += 1
        for edge in next[pid] ?? [] {
          guard let waker = edge.waker, members.contains(waker) else { continue }
          if waker == start {
            var path = [pid]
            while let last = path.last, last != start, let earlier = before[last] {
              path.append(earlier)
            }
            if best.isEmpty || path.count < best.count { best = path.reversed() }
            if best.count <= 2 { return best }
            break search
          }
          if before[waker] == nil {
            before[waker] = pid
            agenda.append(waker)
          }
        }
      }
    }
    return best
  }
}
