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
  /// The least solution: everybody who sleeps cannot, until one who can act could wake him.
  ///
  /// - Parameter ways: what counts as a way out.
  /// - Complexity: each process is looked at again only when one that could wake it rises, at most
  ///   twice: O(wakers).
  public func whoCanAct(_ ways: WayOut = .all) -> [Int32: Answer] {
    var answers: [Int32: Answer] = [:]
    answers.reserveCapacity(order.count)
    for pid in order { answers[pid] = .cannot }
    // Who has to be looked at again when a process rises.
    var waiters: [Int32: [Int32]] = [:]
    for pid in order {
      for waker in wakers(of: pid) where waker != pid { waiters[waker, default: []].append(pid) }
    }
    var agenda = order
    while let pid = agenda.popLast() {
      guard let old = answers[pid], old != .can else { continue }
      let new = answer(pid, ways, answers)
      if new <= old { continue }
      answers[pid] = new
      agenda += waiters[pid] ?? []
    }
    return answers
  }

  /// All processes that could make one of the things true that a process waits for.
  public func wakers(of pid: Int32) -> [Int32] {
    guard let sleep = sleep(of: pid) else { return [] }
    var seen: Set<Int32> = []
    return sleep.targets.flatMap { wakers(of: $0).pids }.filter { seen.insert($0).inserted }
  }

  private func answer(
    _ pid: Int32, _ ways: WayOut, _ answers: [Int32: Answer]
  ) -> Answer {
    guard let process = processes[pid] else { return .unknown }
    switch process.state {
    case .running, .ready: return .can
    case .ended: return .cannot
    case .unknown: return .unknown
    case .stopped:
      guard ways.contains(.continued) else { return .cannot }
      return process.sleep == nil ? .can : answer(asleep: process, ways, answers)
    case .asleep: return answer(asleep: process, ways, answers)
    }
  }

  private func answer(
    asleep process: WaitProcess, _ ways: WayOut, _ answers: [Int32: Answer]
  ) -> Answer {
    guard let sleep = process.sleep else { return .unknown }
    let flags = process.flags
    if sleep.deadline != nil || flags.contains(.alarm) { return .can }
    if flags.contains(.handler), ways.contains(.signal) { return .can }
    if flags.contains(.prompt), ways.contains(.prompt) { return .can }
    let least: Answer = flags.contains(.otherWays) ? .unknown : .cannot
    if sleep.targets.isEmpty { return .unknown }
    let each = sleep.targets.map { answer(to: $0, answers) }
    let known: Answer
    switch sleep.mode {
    case .any:
      let best = each.max() ?? .unknown
      known = sleep.hasMore ? max(best, .unknown) : best
    case .all:
      let worst = each.min() ?? .unknown
      known = sleep.hasMore ? min(worst, .unknown) : worst
    }
    return max(known, least)
  }

  /// Whether a target is true, or one who can act could make it so.
  func answer(to target: WaitTarget, _ answers: [Int32: Answer]) -> Answer {
    let already = max(isTrue(target), outsiders(of: target))
    if already == .can { return .can }
    let (pids, needed) = wakers(of: target)
    // The one who matters is the last of those that have to act.
    let sorted = pids.map { answers[$0] ?? .unknown }.sorted(by: >)
    let others = needed <= sorted.count ? sorted[needed - 1] : Answer.cannot
    return max(already, others)
  }
}
