/// Which schedules are tried.
public struct SearchLimits: Sendable {
  /// Leaves out schedules that differ from one that is tried only in the order of operations that have
  /// nothing to do with each other.
  public var isReduced = true
  /// At most so many preemptions, nil for any number.
  ///
  /// One is where a process goes on although the one before could have. Not with a reduced search.
  public var preemptions: Int?
  /// At most so many deaths in a run.
  public var kills = 0

  /// Makes some.
  public init(isReduced: Bool = true, preemptions: Int? = nil, kills: Int = 0) {
    self.isReduced = isReduced && preemptions == nil
    self.preemptions = preemptions
    self.kills = kills
  }
}

/// What can happen at one moment of a run.
public struct Moment: Sendable {
  /// All that can happen, deaths included.
  public var choices: [Step]
  /// What each process is about to do, whether it can or not.
  public var pending: [ProcessPath: Operation]
  /// Nothing can happen but that time goes on, to the moment at which all choices are due.
  public var advances = false

  /// Makes one.
  public init(_ choices: [Step], _ pending: [ProcessPath: Operation]) {
    self.choices = choices.sorted()
    self.pending = pending
  }
}

/// A replayed step is not what it was: something that is not fixed has a part in the run.
public struct NotRepeatable: Error, Sendable {
  /// Which step, from 1.
  public let step: Int
  /// What it was and is.
  public let before: String, now: String
}

/// Stateless search over schedules: each run begins anew and follows the decisions of the one before, up to the
/// deepest one of which another is left to try.
///
/// Reduced, it is the dynamic partial-order reduction of Flanagan and Godefroid (POPL 2005) with sleep sets:
/// of all schedules that differ only in the order of independent operations at least one is run. Races are
/// looked for when a run has ended. A death is a step of a process beside its operations.
///
/// A run is driven by its owner: `begin`, then for each step `choose` and `took`, then `end`.
public final class Search {
  /// A decision and what is known of it.
  final class Node {
    let moment: Moment
    /// What happened in the runs that are behind, with what it did.
    var done: [Step: Operation] = [:]
    var todo: Set<Step>
    /// What need not be tried here: a run that did it before has seen all that follows.
    var sleep: [Step: Operation]
    /// Nil behind the last step of a run.
    var pick: Step?
    var effects = Operation("")
    /// What the picked step was made possible by: the index of an earlier step.
    var cause: Int?
    /// Preemptions before it, and whether another process than the last one is one more.
    let preemptions: Int
    let last: Step?

    init(
      _ moment: Moment, todo: Set<Step>, sleep: [Step: Operation], pick: Step?,
      preemptions: Int, last: Step?
    ) {
      self.moment = moment
      self.todo = todo
      self.sleep = sleep
      self.pick = pick
      self.preemptions = preemptions
      self.last = last
    }

    /// Whether a choice would be one preemption more.
    func preempts(_ choice: Step) -> Bool {
      guard let last, choice.act != .kill, choice.process != last.process else { return false }
      return moment.choices.contains { $0.process == last.process && $0.act.isOwn }
    }
  }

  /// The limits that it was made with.
  public let limits: SearchLimits
  var nodes: [Node] = []
  private var depth = 0
  private var isCut = false
  /// Decisions that are not made another way: those that lead to a part of the tree.
  var floor = 0
  /// Whether the run that has ended last came to nothing that was not seen before.
  public var wasCut: Bool { isCut }
  /// How many runs have ended.
  public private(set) var runs = 0
  /// How many of them were cut, since what would follow was seen already.
  public private(set) var repeats = 0
  /// Whether a bound has kept a choice from being tried.
  public private(set) var isBounded = false

  /// Makes one.
  public init(_ limits: SearchLimits = SearchLimits()) { self.limits = limits }

  /// A run begins.
  public func begin() {
    depth = 0
    isCut = false
  }

  /// Decisions that are repeated elsewhere.
  func skip(_ count: Int) { depth = count }

  /// The run is no run: what it repeats stays.
  ///
  /// - Parameter count: how many decisions that is.
  public func giveUp(_ count: Int) {
    nodes.removeLast(max(0, nodes.count - count))
    depth = 0
    if isCut { repeats -= 1 }
    isCut = false
  }

  /// The steps of the run so far.
  public var schedule: Schedule { Schedule(nodes.prefix(depth).compactMap(\.pick)) }

  /// The same without the last steps of the first process that come anyway, as its waits.
  public var shortSchedule: Schedule {
    var end = min(depth, nodes.count)
    while end > 0 {
      let node = nodes[end - 1]
      let last = end > 1 ? nodes[end - 2].pick : nil
      guard let pick = node.pick, pick.process == ProcessPath(),
        pick == Schedule.usual(node.moment.choices, after: last)
      else { break }
      end -= 1
    }
    return Schedule(nodes.prefix(end).compactMap(\.pick))
  }

  /// Whether the next step is one that was decided before; else, where only deaths can happen, the run
  /// is over.
  public var isRepeating: Bool { depth < nodes.count }

  /// What happens next; nil where nothing need be tried any more, so that the run ends here.
  ///
  /// Throws `NotRepeatable` where a step is repeated and is not what it was. The choices must not be
  /// empty.
  public func choose(_ moment: Moment) throws(NotRepeatable) -> Step? {
    if depth < nodes.count {
      let node = nodes[depth]
      try compare(node.moment, moment)
      depth += 1
      return node.pick
    }
    let before = nodes.last
    let sleep = sleep(after: before)
    let awake = moment.choices.filter { sleep[$0] == nil }
    guard let pick = Schedule.usual(awake, after: before?.pick) ?? awake.min() else {
      repeats += 1
      isCut = true
      return nil
    }
    let todo =
      limits.isReduced ? moment.choices.filter { $0.process == pick.process } : moment.choices
    nodes.append(node(moment, todo, sleep, pick))
    depth += 1
    return pick
  }

  /// What need not be tried after a decision either.
  private func sleep(after before: Node?) -> [Step: Operation] {
    guard limits.isReduced, let before, let pick = before.pick else { return [:] }
    return before.sleep.filter {
      $0.key.process != pick.process && !$0.value.conflicts(with: before.effects)
    }
  }

  private func node(
    _ moment: Moment, _ todo: [Step], _ sleep: [Step: Operation], _ pick: Step?
  ) -> Node {
    let before = nodes.last
    let isPreemption = before.map { node in node.pick.map(node.preempts) ?? false } ?? false
    return Node(
      moment, todo: Set(todo), sleep: sleep, pick: pick,
      preemptions: (before?.preemptions ?? 0) + (isPreemption ? 1 : 0), last: before?.pick)
  }

  /// What the last step has done.
  ///
  /// - Parameter causes: the earlier step, from 0, that made it possible where it was not before.
  public func took(_ effects: Operation, cause: Int? = nil) {
    guard depth > 0, depth <= nodes.count else { return }
    nodes[depth - 1].effects = effects
    nodes[depth - 1].cause = cause
  }

  /// The run has ended; whether there is another one to make.
  ///
  /// - Parameter moment: what processes wait for that can do no more, and who of them could die.
  public func end(_ moment: Moment) -> Bool {
    runs += 1
    // A run that ends before a decision is reached that it was to repeat has differed already.
    if depth < nodes.count { nodes.removeLast(nodes.count - depth) }
    if limits.isReduced {
      var races = Races(self)
      races.find(moment.pending)
    }
    let deaths = moment.choices.filter { $0.act == .kill }
    if !isCut, !deaths.isEmpty {
      // Those that wait for ever may die, too.
      nodes.append(node(moment, deaths, sleep(after: nodes.last), nil))
    }
    while nodes.count > floor, let node = nodes.last {
      if let pick = node.pick {
        node.done[pick] = node.effects
        if limits.isReduced { node.sleep[pick] = node.effects }
      }
      if let next = next(at: node) {
        node.pick = next
        node.effects = Operation("")
        node.cause = nil
        return true
      }
      nodes.removeLast()
    }
    return false
  }

  private func next(at node: Node) -> Step? {
    next(at: node, done: nil, asleep: node.sleep)
  }

  /// What is tried next at a decision, where one more was tried and these need not be.
  func next(at node: Node, done: Step?, asleep: [Step: Operation]) -> Step? {
    // All that one process can do comes before what another one can: it sleeps as a whole.
    let own = node.todo.filter { $0.process == node.pick?.process }.sorted()
    let others = node.todo.filter { $0.process != node.pick?.process }
      .sorted { ($0.process, $0.act) < ($1.process, $1.act) }
    for choice in own + others
    where node.done[choice] == nil && choice != done && asleep[choice] == nil {
      if let most = limits.preemptions,
        node.preemptions + (node.preempts(choice) ? 1 : 0) > most
      {
        isBounded = true
        continue
      }
      return choice
    }
    return nil
  }

  /// Another order of a race: what one process does is tried at an earlier decision.
  ///
  /// Whether it lives on or dies is tried wherever it does something.
  func add(_ process: ProcessPath, at index: Int) {
    let node = nodes[index]
    let own = node.moment.choices.filter { $0.process == process }
    if own.contains(where: { $0.act != .kill }) {
      node.todo.formUnion(own)
    } else {
      node.todo.formUnion(node.moment.choices)
    }
  }

  private func compare(_ before: Moment, _ now: Moment) throws(NotRepeatable) {
    if before.choices == now.choices, before.pending == now.pending,
      before.advances == now.advances
    {
      return
    }
    let text = { (moment: Moment) -> String in
      moment.pending.sorted { $0.key < $1.key }
        .map { path, operation in
          let can = moment.choices.contains { $0.process == path && $0.act.isOwn } ? "" : " (waits)"
          return "\(path): \(operation.name)\(can)"
        }.joined(separator: ", ")
    }
    throw NotRepeatable(step: depth + 1, before: text(before), now: text(now))
  }
}
