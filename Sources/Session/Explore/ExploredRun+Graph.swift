import Explore
import Waits

/// Who waits for whom at the end of a run, as a graph that `Waits` judges.
extension ExploredRun {
  /// The processes that are left, and what they wait for.
  var graph: WaitGraph {
    var graph = WaitGraph()
    let living = members.values.sorted { $0.path < $1.path }
    var objects: [ObjectID: WaitObject] = [:]
    for member in living {
      guard let point = member.point else { continue }
      var targets: [WaitTarget] = []
      for access in point.operation.accesses {
        guard let target = target(access.object, point.operation.name) else { continue }
        targets.append(target)
        guard target.object.kind != .process else { continue }
        var object =
          objects[target.object]
          ?? WaitObject(target.object, name: thing(point.operation.name))
        object.isTrue[target.want] = false
        object.shares = shares(target, access.object, living)
        objects[target.object] = object
      }
      graph.add(
        WaitProcess(
          pid: member.pid, name: "\(member.path)",
          member.isStopped ? .stopped : .asleep,
          WaitProcess.Sleep(
            point.operation.name, targets,
            mode: point.operation.name.hasPrefix("wait") ? .all : .any, deadline: point.deadline)))
    }
    for object in objects.values { graph.add(object) }
    return graph
  }

  /// The name of a channel with its kind, of an operation such as `lock acquire a`.
  private func thing(_ operation: String) -> String {
    let words = operation.split(separator: " ")
    return words.count > 2 ? "\(words[0]) \(words[2])" : operation
  }

  private func target(_ object: String, _ operation: String) -> WaitTarget? {
    if object.hasPrefix("proc ") {
      guard let path = ProcessPath(ofEnd: object), let member = members[path] else { return nil }
      return WaitTarget(.process(member.pid), .end)
    }
    guard let (kind, want) = ExploredRun.wants.first(where: { operation.hasPrefix($0.0) })?.1 else {
      return nil
    }
    if object.hasPrefix("life ") { return nil }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in object.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return WaitTarget(ObjectID(kind, hash), want)
  }

  private static let wants: [(String, (ObjectID.Kind, Want))] = [
    ("lock acquire", (.lock, .hold)), ("shm lock", (.memory, .hold)),
    ("sem acquire", (.semaphore, .permit)), ("queue get", (.queue, .value)),
    ("queue put", (.queue, .room)), ("event wait", (.event, .set)),
    ("barrier wait", (.barrier, .arrival)), ("cond wait", (.condition, .notification)),
    ("pipe recv", (.pipe, .value)), ("pipe send", (.pipe, .room)),
  ]

  /// Who could make a target true: of a lock its holder, else all that live.
  private func shares(
    _ target: WaitTarget, _ object: String, _ living: [Member]
  ) -> [WaitObject.Share] {
    switch target.want {
    case .hold, .permit:
      let holders = living.filter { $0.held.contains { $0.object == object } }
      if !holders.isEmpty || target.want == .hold {
        return holders.map { WaitObject.Share($0.pid, .holds) }
      }
      return living.map { WaitObject.Share($0.pid, .canAct) }
    case .value: return living.map { WaitObject.Share($0.pid, .canPut) }
    case .room: return living.map { WaitObject.Share($0.pid, .canGet) }
    default: return living.map { WaitObject.Share($0.pid, .canAct) }
    }
  }
}
