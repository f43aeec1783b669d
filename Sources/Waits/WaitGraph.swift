/// Which processes wait for what, and who could give it to them: a value, made by a look at the
/// session's memory or at /proc, and judged without either.
///
/// The judgement is a reduction (Coffman, Elphick and Shoshani, *System Deadlocks*, 1971; for waits
/// for one of several, Knapp, *Deadlock Detection in Distributed Databases*, 1987): a process that runs, or
/// sleeps with a time limit, can act; who waits for something that one who can act could bring
/// about can act too; who is left cannot.
///
/// Whatever is not in the graph, as an object or a process that a sleep names, is unknown.
public struct WaitGraph: Sendable {
  public private(set) var processes: [Int32: WaitProcess] = [:]
  public private(set) var objects: [ObjectID: WaitObject] = [:]
  /// Pids in the order in which they were added.
  public private(set) var order: [Int32] = []
  /// When it was looked (monotonic ns).
  public var moment: Int64
  /// The names of some that have ended and are no part of it, for texts.
  public var formerNames: [Int32: String] = [:]

  public init(
    _ processes: [WaitProcess] = [], objects: [WaitObject] = [], moment: Int64 = 0
  ) {
    self.moment = moment
    for process in processes { add(process) }
    for object in objects { add(object) }
  }

  /// Adds or replaces a process.
  public mutating func add(_ process: WaitProcess) {
    if processes.updateValue(process, forKey: process.pid) == nil { order.append(process.pid) }
  }

  /// Adds an object, or replaces it.
  public mutating func add(_ object: WaitObject) { objects[object.id] = object }

  /// Changes an object that is there.
  public mutating func change(_ id: ObjectID, _ body: (inout WaitObject) -> Void) {
    guard var object = objects[id] else { return }
    body(&object)
    objects[id] = object
  }

  /// Changes a process that is there.
  public mutating func change(_ pid: Int32, _ body: (inout WaitProcess) -> Void) {
    guard var process = processes[pid] else { return }
    body(&process)
    processes[pid] = process
  }

  /// Takes in what another graph knows; where both know a thing, the other is right.
  public mutating func merge(_ other: WaitGraph) {
    for pid in other.order { other.processes[pid].map { add($0) } }
    for object in other.objects.values { add(object) }
  }

  /// Whether what a target names is true now.
  public func isTrue(_ target: WaitTarget) -> Answer {
    if target.want == .end, let pid = target.object.pid {
      guard let process = processes[pid] else { return .unknown }
      return switch process.state {
      case .ended: .can
      case .unknown: .unknown
      default: .cannot
      }
    }
    guard let known = objects[target.object]?.isTrue[target.want] else { return .unknown }
    return known ? .can : .cannot
  }

  /// The processes that could make a target true.
  public func wakers(of target: WaitTarget) -> (pids: [Int32], needed: Int) {
    if target.want == .end, let pid = target.object.pid { return ([pid], 1) }
    return objects[target.object]?.wakers(of: target.want) ?? ([], 1)
  }

  /// Whether others than those could make it true.
  public func outsiders(of target: WaitTarget) -> Answer {
    if target.want == .end, target.object.kind == .process { return .cannot }
    guard let object = objects[target.object] else { return .unknown }
    return switch object.reach {
    case .members: .cannot
    case .outsiders: .can
    case .unknown: .unknown
    }
  }

  /// The sleep that a process goes on with, if it is blocked.
  public func sleep(of pid: Int32) -> WaitProcess.Sleep? {
    guard let process = processes[pid] else { return nil }
    return process.state == .asleep || process.state == .stopped ? process.sleep : nil
  }
}
