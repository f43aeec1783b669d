import Posix
import Processes
import Waits

/// What is said of one process: why it does not go on, and who could change that.
public struct Explanation: Sendable {
  public var pid: Int32
  public var name: String
  /// The kernel's letter; empty if there is no such process.
  public var state: String
  public var verdict: Verdict
  /// Few words for a table.
  public var waits: String
  /// For how long it has slept (ns); nil if not known.
  public var since: Int64?
  /// What it waits for, by name.
  public var objects: [String]
  public var wakers: [Int32]
  /// From it to the one that decides, each waiting for the next.
  public var chain: [Int32]
  /// The report.
  public var text: String
  /// What can be typed, empty if there is nothing to mend or nothing is known that would.
  public var fix: String
}

/// A set of processes that wait for each other, in words.
public struct SetExplanation: Sendable {
  public var set: StuckSet
  public var text: String
  public var fix: String
}

/// Tells what a graph means, with what /proc adds to it.
///
/// The graph may come from a session's memory, from /proc, or from both.
public struct Explainer {
  public let graph: WaitGraph
  public let reader: Reader
  let survey: Survey?
  let phrases: Phrases
  let verdicts: [Int32: Verdict]
  public let sets: [StuckSet]
  /// In which of the sets a process is.
  private let setOf: [Int32: Int]
  private let memory = Memory()

  public init(_ survey: Survey, reader: Reader = .outside) {
    self.init(survey.graph, survey: survey, reader: reader)
  }

  /// - Parameter survey: what /proc tells of the same processes, if it was asked.
  public init(_ graph: WaitGraph, survey: Survey?, reader: Reader) {
    self.graph = graph
    self.survey = survey
    self.reader = reader
    phrases = Phrases(graph: graph, reader: reader)
    verdicts = graph.verdicts()
    sets = graph.stuckSets()
    var setOf: [Int32: Int] = [:]
    for (index, set) in sets.enumerated().reversed() {
      for pid in set.processes { setOf[pid] = index }
    }
    self.setOf = setOf
  }

  /// An object by its name, or the name of the process that is waited for.
  public func words(for target: WaitTarget) -> String {
    target.object.pid.map(name) ?? phrases.object(target.object)
  }

  public func verdict(of pid: Int32) -> Verdict { verdicts[pid] ?? .ended }

  /// What a process does, without its subject; the kernel's words where the graph has none.
  func phrase(of pid: Int32) -> String {
    if graph.processes[pid] == nil, survey?.stat(pid) != nil { return "was not looked at" }
    let told = survey?.member(pid)?.situation.phrase ?? ""
    return told.isEmpty ? phrases.phrase(of: pid) : told
  }

  /// A process of which nothing else is known as its pid.
  func name(_ pid: Int32) -> String {
    if graph.processes[pid] != nil { return phrases.name(pid) }
    return survey?.stat(pid).map { "\($0.name) (\(pid))" } ?? "\(pid)"
  }

  // MARK: One process

  public func explain(_ pid: Int32) -> Explanation {
    let process = graph.processes[pid]
    let stat = survey?.stat(pid)
    let situation = survey?.member(pid)?.situation
    let sleep = process?.sleep
    var waits = situation?.waits ?? ""
    if waits.isEmpty, let sleep { waits = phrases.short(sleep) }
    var seen: Set<String> = []
    let objects = (sleep?.targets ?? []).map { target in
      target.object.pid.map(name) ?? phrases.object(target.object)
    }.filter { seen.insert($0).inserted }
    let isSet = setOf[pid]
    let letter = stat.map { String(UnicodeScalar($0.state)) } ?? ""
    var wakers = situation?.wakers ?? []
    if wakers.isEmpty { wakers = phrases.wakers(of: pid) }
    var result = Explanation(
      pid: pid, name: process?.name ?? stat?.name ?? "", state: letter,
      verdict: process == nil ? .ended : verdict(of: pid), waits: waits, since: since(pid),
      objects: objects, wakers: wakers, chain: chain(pid), text: "", fix: "")
    if process == nil, survey?.lives(pid) == false {
      result.text = "ended: there is no process \(pid)"
    } else if process == nil {
      result.verdict = .unknown
      let why = (survey?.gaps ?? []).first ?? "/proc does not show it"
      result.text = "cannot tell what \(name(pid)) does: \(why)"
    } else if let isSet, result.state != "T" || sets[isSet].processes.count > 1 {
      let told = memory.sets[isSet] ?? explain(sets[isSet])
      memory.sets[isSet] = told
      result.text = told.text
      result.fix = told.fix
    } else {
      result.text = text(result)
      if result.state == "T" { result.fix = command(.proceed(pid)) ?? "" }
    }
    return result
  }

  /// How long a process has slept (ns).
  func since(_ pid: Int32) -> Int64? {
    guard let since = graph.processes[pid]?.sleep?.since, since > 0 else { return nil }
    return max(0, graph.moment - since)
  }

  /// From a process to its first waker, and on, until one is met again or none is known.
  func chain(_ pid: Int32) -> [Int32] {
    var result = [pid]
    while let last = result.last, result.count < 64 {
      guard let waker = decisive(for: last) else { break }
      let isRepeat = result.contains(waker)
      result.append(waker)
      if isRepeat { break }
    }
    return result
  }

  /// Of those that could wake a process the one that matters: one that cannot act itself.
  private func decisive(for pid: Int32) -> Int32? {
    let targets = graph.sleep(of: pid)?.targets ?? []
    if targets.count == 1, let target = targets.first, let known = memory.decisive[target] {
      return known
    }
    let next = phrases.wakers(of: pid)
    let found = next.first(where: { verdict(of: $0).isStuck }) ?? next.first
    if targets.count == 1, let target = targets.first, let found {
      memory.decisive[target] = found
    }
    return found
  }

  private func text(_ told: Explanation) -> String {
    let pid = told.pid
    let situation = survey?.member(pid)?.situation
    var head = "\(name(pid)) \(phrase(of: pid))"
    if let sleep = graph.sleep(of: pid) {
      if sleep.targets.count == 1, let target = sleep.targets.first {
        head += phrases.wakers(of: target, for: pid)
      }
      if let since = told.since, since >= 1_000_000_000 {
        head += ", for \(Wording.duration(since))"
      }
    }
    var lines = ["\(word(told.verdict)): \(head)"]
    lines += (situation?.notes ?? []).map { "  \($0)" }
    lines += phrases.past(of: pid).map { "  \($0)" }
    if let place = graph.processes[pid]?.sleep?.place {
      lines.append("  at \(place.text):\(place.line)")
    }
    if told.verdict == .waiting, let who = situation?.outsider {
      lines.append("  it goes on by \(who)")
    }
    let others = followed(from: pid)
    lines += table(others)
    if told.verdict == .unknown { lines += gaps(of: [pid] + others) }
    if told.state == "T", let fix = command(.proceed(pid)) { lines.append("to go on: \(fix)") }
    return lines.joined(separator: "\n")
  }

  /// The word before a report.
  func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .unknown: "waiting, cannot tell for how long"
    case .stuckUnlessYouAct: "stuck unless you act"
    case .stuckUntilContinued: "stuck until a stopped process is continued"
    case .stuckUnlessSignal: "stuck unless a signal comes"
    case .probablyStuck: "probably stuck"
    default: verdict.rawValue
    }
  }

  /// Those that a process waits for, and whom they wait for, nearest first; some of many.
  private func followed(from pid: Int32) -> [Int32] {
    var result: [Int32] = []
    var agenda = [pid]
    while !agenda.isEmpty, result.count < 12 {
      let one = agenda.removeFirst()
      let known = one == pid ? survey?.member(pid)?.situation.wakers : nil
      let wakers = phrases.wakers(of: one)
      for waker in (wakers.isEmpty ? known ?? [] : wakers).prefix(8)
      where waker != pid && !result.contains(waker) && result.count < 12 {
        result.append(waker)
        agenda.append(waker)
      }
    }
    return result
  }

  /// A line for each process: its name, what it does, where.
  func table(_ pids: [Int32]) -> [String] {
    let rows = pids.map(row)
    func width(_ counts: [Int], most: Int) -> Int { counts.filter { $0 <= most }.max() ?? 0 }
    let first = width(rows.map(\.nameCount), most: 30)
    let second = width(rows.map(\.doesCount), most: 48)
    func padding(_ count: Int, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - count) + 2)
    }
    return rows.map { row in
      let head = "  " + row.name + padding(row.nameCount, first) + row.does
      return row.place.isEmpty ? head : head + padding(row.doesCount, second) + row.place
    }
  }

  /// A line of a table, by its columns, and how wide they are.
  struct Row {
    let name: String, does: String, place: String
    let nameCount: Int, doesCount: Int
  }

  /// What was found once: a process stands in the tables of many others.
  private final class Memory {
    var rows: [Int32: Row] = [:]
    var decisive: [WaitTarget: Int32] = [:]
    var sets: [Int: SetExplanation] = [:]
  }

  private func row(_ pid: Int32) -> Row {
    if let known = memory.rows[pid] { return known }
    var does = phrase(of: pid)
    if let sleep = graph.sleep(of: pid) {
      if sleep.targets.count == 1, let target = sleep.targets.first {
        does += phrases.wakers(of: target, for: pid)
      }
      if let deadline = sleep.deadline, deadline != Int64.max,
        graph.processes[pid]?.state != .stopped
      {
        does += " (\(Wording.duration(deadline - graph.moment)) left)"
      }
    }
    let sleep = graph.processes[pid]?.sleep
    let place =
      sleep?.place.map { place in
        "\(place.text):\(place.line): \(sleep.map(phrases.short) ?? "")"
      } ?? ""
    let name = name(pid)
    let made = Row(
      name: name, does: does, place: place, nameCount: name.count, doesCount: does.count)
    memory.rows[pid] = made
    return made
  }

  /// Why the answer is not whole.
  func gaps(of pids: [Int32]) -> [String] {
    var lines: [String] = []
    for pid in pids {
      guard let process = graph.processes[pid] else { continue }
      if case .unknown(let why) = process.state { lines.append("  \(name(pid)): \(why)") }
      if process.flags.contains(.otherWays), graph.sleep(of: pid) != nil {
        lines.append("  \(name(pid)) could go on by another thread, a timer or a signal")
      }
    }
    lines += (survey?.gaps ?? []).prefix(4).map { "  cannot tell: \($0)" }
    return lines
  }
}
