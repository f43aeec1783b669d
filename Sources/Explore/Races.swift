/// Finds, in a run that has ended, pairs of steps whose order could have been the other one.
///
/// Happens-before is kept as vector clocks: the order in each process, of conflicting steps, of a fork and what
/// its child does, of a step and one that it makes possible. O(steps × processes × accesses).
struct Races {
  private let search: Search
  private var numbers: [ProcessPath: Int] = [:]
  /// Of each step: for each process the last of its steps, plus one, that comes before or is it.
  private var clocks: [[Int]] = []
  /// Of each process: its last step and the clock before its first one.
  private var last: [Int: Int] = [:]
  /// For each thing, process and kind of use: the last step.
  private var uses: [String: [Use]] = [:]

  private struct Use {
    let process: Int
    let access: Access
    var step: Int
  }

  init(_ search: Search) { self.search = search }

  mutating func find(_ pending: [ProcessPath: Operation]) {
    for (index, node) in search.nodes.enumerated() {
      guard let pick = node.pick else { break }
      let clock = clock(before: pick.process)
      race(pick.process, node.effects, clock, before: index)
      for (path, operation) in node.moment.pending {
        if path == pick.process {
          // What it was about to do it might have done before others.
          if !pick.act.isOwn { race(path, operation, clock, before: index) }
          continue
        }
        let conflicts = operation.accesses.contains { access in
          node.effects.accesses.contains { $0.conflicts(with: access) }
        }
        guard conflicts else { continue }
        // From now on it is behind this step, or another operation: races with earlier ones are now.
        race(path, operation, self.clock(before: path), before: index)
        let isRace = operation.accesses.contains { access in
          node.effects.accesses.contains {
            $0.conflicts(with: access) && $0.mayMeet(access.exclusion)
          }
        }
        if isRace { search.add(path, at: index) }
      }
      note(node, index, pick, clock)
    }
    for (path, operation) in pending.sorted(by: { $0.key < $1.key }) {
      race(path, operation, clock(before: path), before: search.nodes.count)
    }
  }

  private mutating func number(_ path: ProcessPath) -> Int {
    if let number = numbers[path] { return number }
    numbers[path] = numbers.count
    return numbers.count - 1
  }

  /// What is known to come before the next step of a process: for a child's first one what came before
  /// its fork, which is the step of its parent after which it was there.
  private mutating func clock(before path: ProcessPath) -> [Int] {
    if let step = last[number(path)] { return clocks[step] }
    guard let parent = path.parent else { return [] }
    // The first decision that knows the child comes behind the step that made it.
    for (index, node) in search.nodes.enumerated() where node.moment.pending[path] != nil {
      var maker = index - 1
      while maker >= 0, search.nodes[maker].pick?.process != parent { maker -= 1 }
      return maker >= 0 ? clocks[maker] : []
    }
    return clock(before: parent)
  }

  // Conflicting steps of other processes that do not come before anyway.
  private mutating func race(
    _ path: ProcessPath, _ operation: Operation, _ clock: [Int], before end: Int
  ) {
    let own = number(path)
    var found: Set<Int> = []
    for access in operation.accesses {
      for use in uses[access.object] ?? []
      where use.process != own && use.step < end && use.access.conflicts(with: access)
        && use.access.mayMeet(access.exclusion)
        && !(use.process < clock.count && clock[use.process] > use.step)
      {
        found.insert(use.step)
      }
    }
    // Behind one that comes before another one there is that other one.
    for step in found where !found.contains(where: { comes(step, before: $0) }) {
      search.add(first(of: path, operation, clock, behind: step, before: end), at: step)
    }
  }

  /// Who has to do something first where a step is to come before an earlier one: what it needs that came
  /// meanwhile and does not need that one, as a signal; else its own process.
  private mutating func first(
    of path: ProcessPath, _ operation: Operation, _ clock: [Int], behind raced: Int, before end: Int
  ) -> ProcessPath {
    for step in (raced + 1)..<max(raced + 1, end) where !comes(raced, before: step) {
      guard let pick = search.nodes[step].pick?.process else { continue }
      let process = number(pick)
      let isNeeded = process < clock.count && clock[process] > step
      if isNeeded || search.nodes[step].effects.conflicts(with: operation) { return pick }
    }
    return path
  }

  /// Whether a step comes before a later one in each order that makes no difference.
  private mutating func comes(_ step: Int, before later: Int) -> Bool {
    guard later > step, clocks.indices.contains(later), let pick = search.nodes[step].pick else {
      return false
    }
    let process = number(pick.process)
    return process < clocks[later].count && clocks[later][process] > step
  }

  private mutating func note(
    _ node: Search.Node, _ index: Int, _ pick: Step, _ before: [Int]
  ) {
    let process = number(pick.process)
    var clock = before
    func join(_ other: [Int], into clock: inout [Int]) {
      while clock.count < other.count { clock.append(0) }
      for (i, step) in other.enumerated() where step > clock[i] { clock[i] = step }
    }
    for access in node.effects.accesses {
      for use in uses[access.object] ?? [] where use.access.conflicts(with: access) {
        join(clocks[use.step], into: &clock)
      }
    }
    if let cause = node.cause, clocks.indices.contains(cause) {
      join(clocks[cause], into: &clock)
    }
    // Time goes on only when nothing else can happen, so all before comes before it; but others that
    // are due at the same moment may come first.
    if pick.act == .expire, node.moment.advances {
      for earlier in clocks { join(earlier, into: &clock) }
    }
    while clock.count <= process { clock.append(0) }
    clock[process] = index + 1
    clocks.append(clock)
    last[process] = index
    for access in node.effects.accesses {
      var all = uses[access.object] ?? []
      let place = all.firstIndex { $0.process == process && $0.access == access }
      if let place {
        all[place].step = index
      } else {
        all.append(Use(process: process, access: access, step: index))
      }
      uses[access.object] = all
    }
  }
}
