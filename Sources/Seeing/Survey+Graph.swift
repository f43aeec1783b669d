import Posix
import Processes
import Waits

extension Survey {
  /// Who could bring about what a process waits for; the graph is not changed.
  func resolve(_ pid: Int32) -> [Int32] {
    guard let member = members[pid] else { return [] }
    if member.sight.stat.state == UInt8(ascii: "Z") { return [member.sight.stat.parent] }
    guard let sleep = member.sleep else { return [] }
    var wait = Resolution(self, pid)
    wait.resolve(sleep)
    return wait.wakers
  }

  /// A process as the two looks saw it.
  func addProcess(_ pid: Int32) {
    guard let member = members[pid] else { return }
    let stat = member.sight.stat
    var process = WaitProcess(
      pid: pid, name: stat.name, start: stat.startTicks, parent: stat.parent, .running)
    process.flags = flags(of: pid, member)
    switch stat.state {
    case UInt8(ascii: "Z"), UInt8(ascii: "X"): process.state = .ended
    case UInt8(ascii: "T"), UInt8(ascii: "t"): process.state = .stopped
    case UInt8(ascii: "S"), UInt8(ascii: "D"):
      if stat.isKernelThread {
        process.state = .unknown("it is a thread of the kernel")
      } else if member.isStill {
        process.state = .asleep
      }
    case UInt8(ascii: "R") where member.isKeptWaiting: process.state = .ready
    default: break
    }
    graph.add(process)
  }

  private func flags(of pid: Int32, _ member: Member) -> WaitProcess.Flags {
    var flags: WaitProcess.Flags = .program
    let signals = member.sight.signals
    // ALRM, VTALRM, PROF and POLL come from timers and devices that cannot be seen.
    let timers: [Int32] = [14, 26, 27, 29]
    if timers.contains(where: signals.catches) { flags.insert(.otherWays) }
    if member.sight.stat.threads > 1 { flags.insert(.otherWays) }
    let term: UInt64 = 1 << 14
    if (signals.caught | signals.ignored | signals.blocked) & term != 0 {
      flags.insert(.outlivesTerm)
    }
    return flags
  }

  /// What a process that was asleep at both looks, or is stopped, waits for.
  func addSleep(_ pid: Int32) {
    guard let member = members[pid], let process = graph.processes[pid],
      !describedBySessions.contains(pid)
    else { return }
    let hasSleep = process.state == .asleep || process.state == .stopped
    guard hasSleep, let sleep = member.sleep else { return describeAwake(pid, member) }
    var wait = Resolution(self, pid)
    wait.resolve(sleep)
    for object in wait.objects { merge(object) }
    let lastRun = lastRun(of: pid)
    let deadline: Int64? =
      switch sleep.limit {
      case .none: wait.deadline
      case .until(let end): end
      case .lasting(let duration): end(of: duration, lastRun)
      case .unknown: Int64.max
      }
    graph.change(pid) { process in
      process.sleep = WaitProcess.Sleep(
        sleep.call.name, wait.targets, mode: .any, hasMore: wait.hasMore,
        since: lastRun ?? 0, deadline: deadline)
      // A signal handler runs when a child ends, whatever the call waits for.
      if !wait.targets.isEmpty, member.sight.signals.catches(17) {
        let living = (children[pid] ?? []).filter { graph.processes[$0]?.state != .ended }
        let others = living.filter { !wait.wakers.contains($0) }
        if !others.isEmpty { process.flags.insert(.otherWays) }
      }
    }
    var situation = wait.situation
    situation.wakers = wait.wakers.filter { $0 != pid || wait.isOwnWaker }
    describe(&situation, pid, member, sleep, deadline)
    note(pid) { $0 = situation }
  }

  /// When a sleep of a known length ends: not before its beginning and its length.
  private func end(of duration: Int64, _ begin: Int64?) -> Int64 {
    guard let begin else { return Int64.max }
    let (end, isFar) = begin.addingReportingOverflow(duration)
    return isFar ? Int64.max : end
  }

  /// Adds an object, or what is new of it: two processes may wait for sides of the same.
  private func merge(_ object: WaitObject) {
    guard var known = graph.objects[object.id] else { return graph.add(object) }
    if !isSame(known.shares, object.shares) { merge(object.shares, into: &known.shares) }
    known.isTrue.merge(object.isTrue) { $0 || $1 }
    if case .members = known.reach { known.reach = object.reach }
    if known.detail.isEmpty { known.detail = object.detail }
    graph.add(known)
  }

  private func isSame(_ some: [WaitObject.Share], _ others: [WaitObject.Share]) -> Bool {
    some.count == others.count
      && zip(some, others).allSatisfy {
        $0.pid == $1.pid && $0.descriptor == $1.descriptor && $0.roles == $1.roles
      }
  }

  private func merge(
    _ shares: [WaitObject.Share], into known: inout [WaitObject.Share]
  ) {
    struct Key: Hashable {
      let pid: Int32
      let descriptor: Int32?
    }
    var places: [Key: Int] = [:]
    for (place, share) in known.enumerated() {
      let key = Key(pid: share.pid, descriptor: share.descriptor)
      if places[key] == nil { places[key] = place }
    }
    for share in shares {
      let key = Key(pid: share.pid, descriptor: share.descriptor)
      if let place = places[key] {
        known[place].roles.formUnion(share.roles)
      } else {
        places[key] = known.count
        known.append(share)
      }
    }
  }

  /// Before anything is called stuck: who has the ends is read again, and what is on its way counts
  /// as held by all who could receive it.
  ///
  /// - Returns: whether nothing is in doubt because of descriptors on their way.
  func check() -> Bool {
    let sets = graph.stuckSets()
    if sets.isEmpty { return true }
    let involved = Set(sets.flatMap(\.edges).map(\.target.object))
    // A session tells itself whether a handle of a channel is on its way.
    let isOfKernel = involved.contains(where: \.isOfKernel)
    let before = graph
    forgetHolders()
    for pid in Set(sets.flatMap(\.processes)) {
      if let timers = files.text(pid, "timers").value, !timers.isEmpty {
        graph.change(pid) { $0.flags.insert(.otherWays) }
      }
      guard isOfKernel, let sleep = members[pid]?.sleep else { continue }
      var wait = Resolution(self, pid)
      wait.resolve(sleep)
      for object in wait.objects where graph.objects[object.id] != nil { merge(object) }
    }
    for id in involved {
      guard let then = before.objects[id], let now = graph.objects[id] else { continue }
      let known = Set(then.shares.map(\.pid))
      let newcomers = Set(now.shares.map(\.pid)).subtracting(known)
      for pid in newcomers where members[pid] == nil {
        // It was not looked at twice, so nothing is known of what it does.
        graph.add(WaitProcess(pid: pid, name: stat(pid)?.name ?? "", .running))
      }
    }
    let travelling = involved.filter { $0.isOfKernel && !memoryWithoutFile.contains($0) }
    if travelling.isEmpty { return true }
    let sockets = holders.socketsWithDescriptors()
    for holder in sockets {
      for id in travelling {
        graph.change(id) { object in
          object.shares.append(.init(holder.pid, [.reads, .writes, .canAct]))
        }
      }
      if members[holder.pid] == nil {
        graph.add(
          WaitProcess(
            pid: holder.pid, name: stat(holder.pid)?.name ?? "",
            .unknown("descriptors are on their way to it")))
      }
    }
    return sockets.isEmpty
  }
}
