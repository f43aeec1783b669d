import Glibc
import Posix

/// All processes at one moment, by parent.
public struct ProcessTree {
  /// Every process by its pid.
  public private(set) var processes: [Int32: ProcessStat] = [:]

  /// The children of each pid, in the order of their pids.
  public private(set) var children: [Int32: [Int32]] = [:]

  /// Why some may be missing: where no descriptor or memory is left, processes cannot be looked at.
  ///
  /// What belongs to others, and is hidden from this user, is no such reason.
  public private(set) var gap: SystemError?

  /// Reads /proc once.
  public init(_ reader: ProcReader = ProcReader()) {
    do throws(SystemError) {
      for pid in try reader.allPids() { add(pid, reader) }
    } catch {
      gap = error
    }
    for pid in children.keys { children[pid]?.sort() }
  }

  /// Reads /proc once; throws where some may be missing.
  public static func whole(_ reader: ProcReader = ProcReader()) throws(SystemError) -> ProcessTree {
    let tree = ProcessTree(reader)
    if let gap = tree.gap { throw gap }
    return tree
  }

  private mutating func add(_ pid: Int32, _ reader: ProcReader) {
    do throws(SystemError) {
      guard let stat = try reader.statIfThere(pid) else { return }
      processes[pid] = stat
      children[stat.parent, default: []].append(pid)
    } catch {
      if error.code != EPERM, error.code != EACCES { gap = gap ?? error }
    }
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
