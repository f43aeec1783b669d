/// Something that can be done so that a stuck set goes on.
public enum Fix: Hashable, Sendable {
  /// Let go of a lock or a permit that a process holds.
  case release(ObjectID, by: Int32)
  /// Close the reader's own end.
  case close(ObjectID, by: Int32)
  /// Put a value, take one, set, notify, release a permit: what the want needs once.
  case give(WaitTarget)
  case proceed(Int32)
  /// End a process; by force where TERM would not end it at once.
  case kill(Int32, isForced: Bool)

  /// Fixes that harm less come first: release, close, put, continue, kill.
  public var rank: Int {
    switch self {
    case .release: 0
    case .close: 1
    case .give: 2
    case .proceed: 3
    case .kill: 4
    }
  }
}

/// Who reads a report, and what he can type there.
public struct Reader: Hashable, Sendable {
  /// The process in which commands would run; nil for another shell, where only signals help.
  public var pid: Int32?

  public init(pid: Int32? = nil) { self.pid = pid }

  /// A command line outside the session.
  public static let outside = Reader()
}

extension WaitGraph {
  /// What frees all of a set, each tried on the graph; the least harmful first, at most `most`.
  ///
  /// Several steps are listed together where one is not enough.
  public func fixes(for set: StuckSet, reader: Reader = .outside, most: Int = 3) -> [[Fix]] {
    var result: [[Fix]] = []
    let possible = candidates(set, reader)
    for fix in possible where result.count < most && frees(set, [fix]) { result.append([fix]) }
    if !result.isEmpty { return result }
    // As one alone does not help: the fewest of those, taken greedily.
    var steps: [Fix] = []
    var rest = possible
    while !frees(set, steps), !rest.isEmpty, steps.count < set.processes.count {
      let best = rest.enumerated().max { a, b in
        (moved(set, steps + [a.element]), -a.element.rank, -a.offset)
          < (moved(set, steps + [b.element]), -b.element.rank, -b.offset)
      }
      guard let best, moved(set, steps + [best.element]) > moved(set, steps) else { return [] }
      steps.append(rest.remove(at: best.offset))
    }
    return steps.isEmpty ? [] : [steps]
  }

  /// The graph as it would be after something was done.
  public func after(_ fix: Fix) -> WaitGraph {
    var graph = self
    graph.apply(fix)
    return graph
  }

  private mutating func apply(_ fix: Fix) {
    switch fix {
    case .release(let id, let pid):
      change(id) { object in
        object.shares = object.shares.map { share in
          var share = share
          if share.pid == pid { share.roles.subtract(.holds) }
          return share
        }
        object.isTrue[object.id.kind == .semaphore ? .permit : .hold] = true
      }
    case .close(let id, let pid):
      change(id) { object in
        object.shares.removeAll { $0.pid == pid }
        // The end of a stream is something that comes, too.
        let writers = object.shares.contains { !$0.roles.isDisjoint(with: [.canPut, .writes]) }
        if !writers { object.isTrue[.value] = true }
        let readers = object.shares.contains { !$0.roles.isDisjoint(with: [.canGet, .reads]) }
        if !readers { object.isTrue[.room] = true }
      }
    case .give(let target):
      change(target.object) { $0.isTrue[target.want] = true }
    case .proceed(let pid):
      change(pid) { $0.state = $0.sleep == nil ? .running : .asleep }
    case .kill(let pid, _):
      change(pid) { $0.state = .ended }
      for object in objects.values {
        guard let roles = object.roles(of: pid), !object.isIdle(roles) else { continue }
        apply(.close(object.id, by: pid))
        // The task of a worker fails, or is given to another one.
        if object.id.kind == .pool, roles.contains(.canAct) {
          change(object.id) { $0.isTrue[.result] = true }
        }
        guard roles.contains(.holds) else { continue }
        change(object.id) { object in
          let isFree = !object.shares.contains { $0.roles.contains(.holds) }
          if object.id.kind == .semaphore {
            object.isTrue[.permit] = true
          } else if isFree {
            object.isTrue[.hold] = true
          }
        }
      }
    }
  }

  private func frees(_ set: StuckSet, _ fixes: [Fix]) -> Bool {
    moved(set, fixes) == set.processes.count
  }

  /// How many of a set could act, or have ended, after some fixes.
  private func moved(_ set: StuckSet, _ fixes: [Fix]) -> Int {
    let graph = fixes.reduce(self) { $0.after($1) }
    let answers = graph.whoCanAct([])
    return set.processes.count {
      answers[$0] == .can || graph.processes[$0]?.state == .ended
    }
  }

  private func candidates(_ set: StuckSet, _ reader: Reader) -> [Fix] {
    var result: [Fix] = []
    let core = Set(set.core)
    let wanted = set.edges.filter { core.contains($0.waiter) }.map(\.target)
    var seen: Set<WaitTarget> = []
    if let own = reader.pid {
      for target in wanted where seen.insert(target).inserted {
        guard let object = objects[target.object] else { continue }
        let share = object.shares.first { $0.pid == own }
        if share?.roles.contains(.holds) ?? false {
          result.append(.release(object.id, by: own))
        }
        switch target.want {
        case .value where !(share?.roles.isDisjoint(with: .writes) ?? true):
          result.append(.close(object.id, by: own))
        case .value, .room:
          if object.id.kind == .queue || object.id.kind == .pipe { result.append(.give(target)) }
        case .set, .notification: result.append(.give(target))
        case .permit where share?.roles.contains(.canAct) ?? false: result.append(.give(target))
        default: break
        }
      }
    }
    for pid in set.processes where processes[pid]?.state == .stopped {
      result.append(.proceed(pid))
    }
    // The youngest loses least; the session's own process would take all with it.
    let victims = set.core.filter {
      $0 != reader.pid && !(processes[$0]?.flags.contains(.session) ?? true)
    }
    for pid in victims.reversed() {
      let survives = processes[pid]?.flags.contains(.outlivesTerm) ?? true
      result.append(.kill(pid, isForced: survives || processes[pid]?.state == .stopped))
    }
    let ranked = result.enumerated().sorted {
      ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
    }
    return ranked.map(\.element)
  }
}

extension WaitObject {
  /// All roles of a process; nil if it does not have the object.
  fileprivate func roles(of pid: Int32) -> Roles? {
    var result: Roles?
    for share in shares where share.pid == pid { result = (result ?? []).union(share.roles) }
    return result
  }

  /// Whether the end of a process with these roles changes nothing: it only has a lock, as all
  /// processes of a session may.
  fileprivate func isIdle(_ roles: Roles) -> Bool {
    switch id.kind {
    case .lock, .memory, .semaphore: roles.isSubset(of: [.has, .waits])
    default: false
    }
  }
}
