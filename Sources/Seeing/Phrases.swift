import Waits

/// Numbers and lists in words.
enum Wording {
  /// `12.3s`, `59m57s`, `2h3m`, `4d7h`.
  static func duration(_ nanoseconds: Int64) -> String {
    let tenths = max(0, nanoseconds) / 100_000_000
    let seconds = tenths / 10
    if seconds < 60 { return "\(seconds).\(tenths % 10)s" }
    if seconds < 3600 { return "\(seconds / 60)m\(seconds % 60)s" }
    if seconds < 86_400 { return "\(seconds / 3600)h\(seconds / 60 % 60)m" }
    return "\(seconds / 86_400)d\(seconds / 3600 % 24)h"
  }

  /// `a`, `a and b`, `a, b and 3 more`.
  static func list(_ items: [String], most: Int = 4, word: String = "and") -> String {
    if items.count > most {
      let rest = items.count - (most - 1)
      return items.prefix(most - 1).joined(separator: ", ") + " \(word) \(rest) more"
    }
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " \(word) \(last)"
  }
}

/// Words for what stands in a graph.
struct Phrases {
  let graph: WaitGraph
  let reader: Reader
  private let memory = Memory()

  init(graph: WaitGraph, reader: Reader) {
    self.graph = graph
    self.reader = reader
  }

  /// What was found once: hundreds of processes may wait for one thing, which hundreds have.
  private final class Memory {
    var wakers: [WaitTarget: [Int32]] = [:]
    /// By target: the text for processes that are none of those it names.
    var texts: [WaitTarget: String] = [:]
  }

  /// The processes that could make a target true, each once.
  func wakers(of target: WaitTarget) -> [Int32] {
    if let known = memory.wakers[target] { return known }
    var seen: Set<Int32> = []
    let found = graph.wakers(of: target).pids.filter { seen.insert($0).inserted }
    memory.wakers[target] = found
    return found
  }

  /// The processes that could make one of the things true that a process waits for, each once.
  func wakers(of pid: Int32) -> [Int32] {
    guard let targets = graph.sleep(of: pid)?.targets, let first = targets.first else { return [] }
    if targets.count == 1 { return wakers(of: first) }
    var seen: Set<Int32> = []
    return targets.flatMap { wakers(of: $0) }.filter { seen.insert($0).inserted }
  }

  /// `p (3286)`.
  func name(_ pid: Int32) -> String {
    let name = graph.processes[pid]?.name ?? ""
    return name.isEmpty ? "\(pid)" : "\(name) (\(pid))"
  }

  func object(_ id: ObjectID) -> String {
    let name = graph.objects[id]?.name ?? ""
    return name.isEmpty ? "something unnamed" : name
  }

  /// What a process does, without its subject: `wants lock b`.
  func phrase(of pid: Int32) -> String {
    guard let process = graph.processes[pid] else { return "is not known" }
    switch process.state {
    // It woke, looked, and sleeps again; that counts as one that moves.
    case .running: return process.sleep.map { phrase(of: $0) } ?? "runs"
    case .ready: return "is ready to run"
    case .ended: return "has ended"
    case .unknown(let why): return "cannot be looked at: \(why)"
    case .stopped:
      guard let sleep = process.sleep, !sleep.targets.isEmpty else { return "is stopped" }
      return "is stopped; it \(phrase(of: sleep))"
    case .asleep:
      guard let sleep = process.sleep else { return "sleeps" }
      return phrase(of: sleep)
    }
  }

  func phrase(of sleep: WaitProcess.Sleep) -> String {
    let ends = sleep.targets.filter { $0.want == .end }
    if !ends.isEmpty, ends.count == sleep.targets.count {
      let names = ends.compactMap(\.object.pid).map(name)
      if names.count == 1 { return "waits for \(names[0]) to end" }
      if sleep.mode == .any { return "waits until one of \(Wording.list(names)) ends" }
      return "waits for \(Wording.list(names)) to end"
    }
    var seen: Set<String> = []
    // Of several how each is would be too much.
    let areMany = sleep.targets.count > 1
    let wants = sleep.targets.map { phrase($0, isShort: areMany) }
      .filter { seen.insert($0).inserted }
    switch wants.count {
    case 0: return sleep.verb.isEmpty ? "sleeps" : "is in \(sleep.verb)"
    case 1: return wants[0]
    default:
      let word = sleep.mode == .any ? "or" : "and"
      let rest = wants.dropFirst().map { $0.hasPrefix("waits ") ? String($0.dropFirst(6)) : $0 }
      return Wording.list([wants[0]] + rest, most: 4, word: word)
    }
  }

  func phrase(_ target: WaitTarget, isShort: Bool = false) -> String {
    let name = object(target.object)
    let detail = isShort ? "" : graph.objects[target.object]?.detail ?? ""
    let state = detail.isEmpty ? "" : ", which is \(detail)"
    switch (target.object.kind, target.want) {
    case (.process, _): return "waits for \(target.object.pid.map(self.name) ?? name) to end"
    case (.file, _): return "wants a lock of \(name)"
    case (.futex, .hold): return "wants \(name)"
    case (.futex, _): return "waits for a lock or a semaphore in \(name)"
    case (.listener, _): return "waits for a connection to \(name)"
    case (.messageQueue, .value): return "waits for a message of \(name)"
    case (.messageQueue, .room): return "waits for room in \(name)"
    case (.semaphoreSet, _): return "waits for \(name)"
    case (.rawPipe, .value), (.socket, .value): return "reads \(name)\(state)"
    case (.rawPipe, .room), (.socket, .room): return "writes to \(name)\(state)"
    case (.terminal, .room): return "writes to the terminal \(name)"
    case (.terminal, _): return "reads the terminal \(name)"
    case (.signal, _):
      return name == "something unnamed" ? "waits for a signal" : "waits for \(name)"
    case (.time, _): return "sleeps"
    case (.pool, .value): return "waits for a task of \(name)"
    case (.pool, _): return "waits for a result of \(name)"
    case (.other, .value), (.other, .room): return "waits for \(name)"
    case (_, .hold): return "wants \(name)"
    case (_, .permit): return "wants a permit of \(name)"
    case (_, .value): return "waits for a value of \(name)\(state)"
    case (_, .room): return "waits for room in \(name)\(state)"
    case (_, .set): return "waits for \(name)" + (isShort ? "" : ", which is not set")
    case (_, .notification): return "waits for a notification of \(name)"
    case (_, .arrival):
      let missing = graph.objects[target.object]?.missing ?? 1
      return "waits at \(name), which lacks \(missing) more"
    case (_, .signal): return "waits for a signal"
    case (_, .time): return "sleeps"
    case (_, .end), (_, .other), (_, .result): return "waits for \(name)"
    }
  }

  /// Few words for a table: `read pipe:[4711]`, `lock b`.
  func short(_ sleep: WaitProcess.Sleep) -> String {
    // The call that waits for results tells it.
    let named = sleep.targets.filter { $0.want != .result || sleep.verb.isEmpty }
    let targets = named.prefix(3).map { target in
      if target.object.kind == .pool {
        return (target.want == .value ? "a task of " : "") + object(target.object)
      }
      return target.object.pid.map { graph.processes[$0]?.name ?? "\($0)" }
        ?? plain(object(target.object), sleep.verb)
    }
    let rest = named.count > 3 ? " …" : ""
    return ([sleep.verb] + targets).filter { !$0.isEmpty }.joined(separator: " ") + rest
  }

  /// `b` for `lock b` behind `lock acquire`.
  private func plain(_ object: String, _ verb: String) -> String {
    let family = verb.prefix { $0 != " " }
    return !family.isEmpty && object.hasPrefix("\(family) ")
      ? String(object.dropFirst(family.count + 1)) : object
  }

  /// Who could bring a target about, behind its phrase: `, held by q (3287)`.
  func wakers(of target: WaitTarget, for pid: Int32) -> String {
    guard target.want != .end, let object = graph.objects[target.object] else { return "" }
    let isOfKernel = [.rawPipe, .socket].contains(target.object.kind)
    // Who waits at it cannot be the one; but an end of a pipe can be forgotten.
    let countsItself = isOfKernel || target.want == .hold
    let isAmong = countsItself && wakers(of: target).contains(pid)
    if !isAmong, let known = memory.texts[target] { return known }
    let pids = wakers(of: target).filter { waker in
      if graph.processes[waker]?.state == .ended, target.object.kind.isChannel { return false }
      return countsItself
        || (waker != pid && !(graph.sleep(of: waker)?.targets.contains(target) ?? false))
    }
    let text = wakers(pids, of: target, object, for: pid)
    // One that waits for it is left out as a waiter, so the text is the same for all of those.
    let isWaiter = graph.sleep(of: pid)?.targets.contains(target) ?? false
    if !isAmong, isWaiter { memory.texts[target] = text }
    return text
  }

  private func wakers(
    _ pids: [Int32], of target: WaitTarget, _ object: WaitObject, for pid: Int32
  ) -> String {
    let names = pids.map { waker in
      waker == pid ? "itself" + end(of: waker, object) : name(waker) + end(of: waker, object)
    }
    if names.isEmpty {
      let former = object.former.last.map { "; \($0.name) (\($0.pid)) had it and \($0.ending)" }
      return former ?? ""
    }
    let list = Wording.list(names)
    switch (target.object.kind, target.want) {
    case (.lock, _), (_, .hold), (.file, _): return ", held by \(list)"
    case (.rawPipe, .value), (.socket, .value):
      return names.count == 1 ? "; only \(list) can write" : "; writers: \(list)"
    case (.rawPipe, .room), (.socket, .room):
      return names.count == 1 ? "; only \(list) can read" : "; readers: \(list)"
    case (.futex, _): return "; shared with \(Wording.list(names.filter { $0 != "itself" }))"
    case (.semaphore, _): return ", held by \(list)"
    case (.pool, .value): return "; who could give it one: \(list)"
    case (.pool, _): return "; who works on it: \(list)"
    case (_, .value): return "; who could put: \(list)"
    case (_, .room): return "; who could take: \(list)"
    case (_, .set): return "; who could set it: \(list)"
    case (_, .notification): return "; who could notify: \(list)"
    case (_, .arrival): return "; who has not come: \(list)"
    default: return "; who could act: \(list)"
    }
  }

  // MARK: What was before

  /// What a waiter may have missed, and where those who could act came from, each as a line.
  func past(of pid: Int32) -> [String] {
    guard let process = graph.processes[pid] else { return [] }
    var lines: [String] = []
    for target in process.sleep?.targets ?? [] {
      if let line = past(target) { lines.append(line) }
      if target.object.kind == .signal { lines += handled(by: process, target) }
      if target.object.kind == .rawPipe { lines += inherited(target, from: pid) }
    }
    return lines
  }

  private func past(_ target: WaitTarget) -> String? {
    guard let object = graph.objects[target.object], let past = object.past else { return nil }
    func who(_ pid: Int32) -> String {
      let former = object.former.first { $0.pid == pid }?.name ?? graph.formerNames[pid]
      if graph.processes[pid] == nil, let former, !former.isEmpty { return "\(former) (\(pid))" }
      return name(pid)
    }
    func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
    switch past {
    case .notified(let lost, let pid, let when):
      let age = Wording.duration(graph.moment - when)
      return "\(object.name) was notified \(times(lost)) when no process waited, the last time by "
        + "\(who(pid)) \(age) ago: a notification is not kept"
    case .wasSet(let count, let setter, let clearer):
      if object.isTrue[.set] ?? false { return nil }
      let clearing = clearer == 0 ? "" : ", and was cleared by \(who(clearer))"
      return "\(object.name) was set \(times(count)) before, the last time by \(who(setter))"
        + clearing
    }
  }

  private func handled(by process: WaitProcess, _ target: WaitTarget) -> [String] {
    process.handled.filter { one in
      // The kernel's number 0 stands for several.
      UInt64(UInt32(bitPattern: one.signal)) == target.object.number
    }.map { one in
      let name = graph.objects[target.object]?.name ?? "it"
      let place = one.place.map { " (\($0.text):\($0.line))" } ?? ""
      return "\(name) came \(Wording.duration(graph.moment - one.when)) ago and was taken by its "
        + "handler\(place): block it before, then signal wait cannot miss it"
    }
  }

  private func inherited(_ target: WaitTarget, from pid: Int32) -> [String] {
    wakers(of: target).prefix(4).compactMap { waker in
      guard waker != pid, let place = graph.processes[waker]?.forked else { return nil }
      return "\(name(waker)), which has an end of \(object(target.object)), was forked at "
        + "\(place.text):\(place.line)"
    }
  }

  /// ` by descriptor 4`, where a descriptor of the kernel is meant.
  private func end(of pid: Int32, _ object: WaitObject) -> String {
    let numbers = object.shares.filter { $0.pid == pid && $0.roles != .has }.compactMap(
      \.descriptor)
    return numbers.isEmpty || object.id.kind == .file ? "" : " by descriptor \(numbers[0])"
  }
}
