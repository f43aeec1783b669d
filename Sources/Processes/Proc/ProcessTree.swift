import Posix

/// All processes at one moment, by parent.
public struct ProcessTree {
  /// Every process by its pid.
  public private(set) var processes: [Int32: ProcessStat] = [:]

  /// The children of each pid, in the order of their pids.
  public private(set) var children: [Int32: [Int32]] = [:]

  /// Reads /proc once.
  public init(_ reader: ProcReader = ProcReader()) {
    for pid in reader.pids() {
      guard let stat = reader.stat(pid) else { continue }
      processes[pid] = stat
      children[stat.parent, default: []].append(pid)
    }
    for pid in children.keys { children[pid]?.sort() }
  }

  /// Children, their children and so on, parents first.
  public func descendants(of pid: Int32) -> [Int32] {
    var result = children[pid] ?? []
    var index = 0
    while index < result.count {
      result += children[result[index]] ?? []
      index += 1
    }
    return result
  }
}
