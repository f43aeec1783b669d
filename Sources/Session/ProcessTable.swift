import Language
import Posix

/// The children of this process: those not yet reaped, and the last ones that were.
public final class ProcessTable {
  private var live: [Int32: ProcessHandle] = [:]
  private var history: [ProcessHandle] = []
  private var depth = Process.forkDepth
  private var nextID = 1

  static let keptRecords = 256

  /// Every child that was not reaped, in the order of their ids.
  public var all: [ProcessHandle] {
    forgetInherited()
    return live.values.sorted { $0.id < $1.id }
  }

  /// The same in no order.
  var unordered: [ProcessHandle] { isInherited ? [] : Array(live.values) }

  /// Those that `wait` without P can yield.
  public var users: [ProcessHandle] { all.filter(\.kind.isUsers) }

  /// How many children there are, zombies included.
  public var count: Int { isInherited ? 0 : live.count }

  public var isEmpty: Bool { isInherited || live.isEmpty }

  /// A child that was not reaped, by pid.
  public func child(_ pid: Int32) -> ProcessHandle? {
    isInherited ? nil : live[pid]
  }

  /// A reaped child whose record is still kept, the latest with that name or pid.
  public func ended(named name: String) -> ProcessHandle? {
    forgetInherited()
    return history.last { $0.name == name }
  }

  public func ended(pid: Int32) -> ProcessHandle? {
    forgetInherited()
    return history.last { $0.pid == pid }
  }

  func takeID() -> Int {
    defer { nextID += 1 }
    return nextID
  }

  func add(_ process: ProcessHandle) {
    forgetInherited()
    live[process.pid] = process
  }

  /// Moves a child to the history.
  func remove(_ process: ProcessHandle) {
    live[process.pid] = nil
    guard process.kind.isUsers || process.kind == .foreground else { return }
    history.append(process)
    if history.count > 2 * Self.keptRecords { history.removeFirst(Self.keptRecords) }
  }

  /// In a forked child the parent's children are none of this process's.
  private var isInherited: Bool { depth != Process.forkDepth }

  // Kept alive on purpose: releasing a thousand handles would write a thousand pages.
  private var relics: [[Int32: ProcessHandle]] = []

  private func forgetInherited() {
    guard isInherited else { return }
    depth = Process.forkDepth
    relics.append(live)
    live = [:]
    history = []
  }
}
