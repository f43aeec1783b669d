import Processes
import Waits

extension Explainer {
  /// A set in words: who waits for whom, what can be typed, what to change in the text.
  public func explain(_ set: StuckSet) -> SetExplanation {
    var lines = ["\(word(set.verdict)): \(headline(set))"]
    lines += table(set.processes.count > 24 ? Array(set.processes.prefix(24)) : set.processes)
    for pid in set.core where graph.processes[pid]?.state == .stopped {
      lines += (survey?.member(pid)?.situation.notes ?? []).map { "  \(name(pid)): \($0)" }
    }
    var past: Set<String> = []
    for pid in set.core.prefix(24) {
      lines += phrases.past(of: pid).filter { past.insert($0).inserted }.map { "  \($0)" }
    }
    if set.processes.count > 24 { lines.append("  … and \(set.processes.count - 24) more") }
    let steps = steps(set)
    let commands = steps.compactMap(command)
    // Half of the steps would not help.
    let fix = commands.count == steps.count ? commands.joined(separator: "; ") : ""
    if !fix.isEmpty {
      lines.append("to go on: \(fix)" + (effect(steps, set).map { "   (\($0))" } ?? ""))
    }
    if let advice = Advice(graph, set).text { lines.append("in the text: \(advice)") }
    return SetExplanation(set: set, text: lines.joined(separator: "\n"), fix: fix)
  }

  /// What to do, as the graph has tried it; the end of a process lets nothing go that only its
  /// memory holds, so all have to end who wait for a semaphore of theirs.
  private func steps(_ set: StuckSet) -> [Fix] {
    let sleepers = set.core.filter { pid in
      set.edges.contains { $0.waiter == pid && $0.target.object.kind == .futex }
    }
    let steps = graph.fixes(for: set, reader: reader, most: 1).first ?? []
    // What it does then is not known; but it can do nothing else first.
    if let stopped = set.core.first, set.core.count == 1,
      graph.processes[stopped]?.state == .stopped
    {
      return [.proceed(stopped)]
    }
    guard !sleepers.isEmpty, steps.allSatisfy({ $0.rank == Fix.kill(0, isForced: false).rank })
    else { return steps }
    return sleepers.map { pid in
      .kill(pid, isForced: graph.processes[pid]?.flags.contains(.outlivesTerm) ?? true)
    }
  }

  /// A name alone where it is one process's only.
  private func plain(_ pid: Int32) -> String {
    let name = graph.processes[pid]?.name ?? ""
    let isUnique = graph.processes.values.count { $0.name == name } == 1
    return name.isEmpty ? "\(pid)" : isUnique ? name : "\(name) (\(pid))"
  }

  /// `p and q wait for each other, for 12.3s`.
  private func headline(_ set: StuckSet) -> String {
    let ages = set.core.compactMap(since)
    let age = ages.min().map { $0 >= 100_000_000 ? ", for \(Wording.duration($0))" : "" } ?? ""
    if set.core.count == 1, let one = set.core.first, graph.processes[one]?.state == .stopped {
      let waiters = set.followers.map(plain)
      let verb = waiters.count == 1 ? "waits" : "wait"
      return "\(plain(one)) is stopped"
        + (waiters.isEmpty ? "" : ", and \(Wording.list(waiters)) \(verb) for it") + age
    }
    switch set.cycle.count {
    case 0:
      let who = Wording.list(set.core.map(plain))
      let verb = set.core.count == 1 ? "waits" : "wait"
      return "\(who) \(verb), and no process is left that could end that\(age)"
    case 1: return "\(plain(set.cycle[0])) waits for itself\(age)"
    case 2: return "\(plain(set.cycle[0])) and \(plain(set.cycle[1])) wait for each other\(age)"
    default:
      var text = "a ring of \(set.cycle.count): "
      let shown = set.cycle.count > 12 ? Array(set.cycle.prefix(12)) : set.cycle
      for (at, pid) in shown.enumerated() {
        let next = set.cycle[(at + 1) % set.cycle.count]
        text += "\(plain(pid)) → "
        let edge = set.edges.first { $0.waiter == pid && $0.waker == next }
        if let edge, edge.target.want != .end {
          text += "\(graph.objects[edge.target.object]?.name ?? "?") → "
        }
      }
      if shown.count < set.cycle.count { text += "… → " }
      return text + plain(set.cycle[0]) + age
    }
  }

  /// What to type, where the report is read.
  func command(_ fix: Fix) -> String? {
    func name(_ id: ObjectID) -> String? {
      // `lock a`: the word is the kind's.
      guard let words = graph.objects[id]?.name.split(separator: " "), words.count == 2 else {
        return nil
      }
      return String(words[1])
    }
    let isInside = reader.pid != nil
    switch fix {
    case .kill(let pid, let isForced): return isForced ? "kill -9 \(pid)" : "kill \(pid)"
    case .proceed(let pid): return isInside ? "continue \(pid)" : "kill -CONT \(pid)"
    case .release(let id, _):
      guard let name = name(id) else { return nil }
      return id.kind == .semaphore ? "sem release \(name)" : "lock release \(name)"
    case .close(let id, _): return name(id).map { "pipe close \($0)" }
    case .give(let target):
      guard let name = name(target.object) else { return nil }
      switch (target.object.kind, target.want) {
      case (.queue, .value): return "queue put \(name) VALUE"
      case (.queue, .room): return "queue get \(name)"
      case (.event, _): return "event set \(name)"
      case (.condition, _): return "cond notify \(name)"
      case (.semaphore, _): return "sem release \(name)"
      default: return nil
      }
    }
  }

  /// `lock b is free then, and p goes on`.
  private func effect(_ steps: [Fix], _ set: StuckSet) -> String? {
    guard steps.count == 1, let step = steps.first else { return nil }
    switch step {
    case .kill(let victim, _):
      let edges = set.edges.filter { $0.waker == victim && $0.waiter != victim }
      guard let edge = edges.first else { return nil }
      let who = plain(edge.waiter)
      let object = phrases.object(edge.target.object)
      switch edge.target.want {
      case .hold, .permit: return "\(object) is free then, and \(who) goes on"
      case .end: return "\(who) goes on then"
      case .result: return "its task ends then, and \(who) goes on"
      default: return "\(object) has one end less then, and \(who) goes on"
      }
    case .proceed(let pid): return "\(name(pid)) goes on then"
    default: return nil
    }
  }
}

/// What to change in the text of a program, by the shape of what is stuck.
public struct Advice {
  private let graph: WaitGraph
  private let set: StuckSet

  /// Of a stuck set in a graph.
  public init(_ graph: WaitGraph, _ set: StuckSet) {
    self.graph = graph
    self.set = set
  }

  /// The advice; nil where none is known.
  public var text: String? {
    let core = Set(set.core)
    let edges = set.edges.filter { core.contains($0.waiter) }
    let kinds = Set(edges.map(\.target.object.kind))
    let wants = Set(edges.map(\.target.want))
    if set.core.contains(where: { graph.processes[$0]?.state == .stopped }) { return nil }
    if set.core.count == 1, let edge = edges.first(where: { $0.waker == $0.waiter }) {
      switch edge.target.want {
      case .value: return "close the end that writes before you read"
      case .room: return "close the end that reads, or read from it first"
      default: return "do not wait for what only the waiting process can do"
      }
    }
    if kinds.isSubset(of: [.lock, .file]) {
      return set.core.count > 2
        ? "take the locks in the same order everywhere, or let fewer try at once"
        : "take both locks in the same order everywhere"
    }
    if set.cycle.isEmpty, kinds.isSubset(of: [.lock, .semaphore, .futex]) {
      return "it was taken twice, or by a process that has ended without letting go of it"
    }
    if kinds.isSubset(of: [.lock, .semaphore, .futex, .semaphoreSet, .file]) {
      return "take locks and permits in the same order everywhere"
    }
    // Programs wait for children that want the locks, as flock(1) does for a shell.
    let locks = Set(
      edges.filter { [.hold, .permit].contains($0.target.want) }.map(\.target.object))
    if wants.isSubset(of: [.end, .hold, .permit]), locks.count > 1 {
      return "take the locks in the same order everywhere"
    }
    if wants == [.result] { return "a paused pool starts no task: pool continue comes first" }
    if wants.contains(.result) {
      return "let no task wait for what only its pool's owner, or a later task, would do"
    }
    if wants.contains(.notification) {
      return "while not READY { cond wait c }, or an event, which stays set"
    }
    if wants.contains(.set) { return "set the event before you wait for those who wait for it" }
    if wants.contains(.end) {
      if wants.contains(.room) { return "take what is sent first, then wait for the sender to end" }
      if wants.contains(.value) { return "send or close first, then wait for the reader to end" }
      if wants == [.end] { return "do not wait for a process that waits for this one" }
      return "let go of it before you wait for the process that wants it"
    }
    if wants == [.room] {
      return "read before you write so much, or give one direction a process of its own"
    }
    if wants == [.value] { return "one side has to send first" }
    return nil
  }
}
