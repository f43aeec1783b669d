import Language
import Posix

/// The children of this process: those not yet reaped, and the last ones that were.
///
/// Adding and removing the one child of a simple `fork` and `wait` writes to few pages, since after
/// a fork each page that is written has to be copied.
public final class ProcessTable {
  /// In the order of their ids; nil where one was reaped.
  private var live: [ProcessHandle?] = []
  private var liveCount = 0
  /// Those before `indexed`, by pid.
  private var index: [Int32: ProcessHandle] = [:]
  private var indexed = 0
  private var history = History()
  private var depth = Process.forkDepth
  private var nextID = 1
  /// Stands here since this is written for each fork anyway.
  private var forks: UInt64 = 0

  /// Every child that was not reaped, in the order of their ids.
  public var all: [ProcessHandle] { isInherited ? [] : live.compactMap { $0 } }

  /// Those that `wait` without P can yield.
  public var users: [ProcessHandle] { all.filter(\.kind.isUsers) }

  /// How many children there are, zombies included.
  public var count: Int { isInherited ? 0 : liveCount }

  public var isEmpty: Bool { count == 0 }

  /// A child that was not reaped, by pid.
  public func child(_ pid: Int32) -> ProcessHandle? {
    if isEmpty { return nil }
    if liveCount <= 8 {
      for place in live.indices {
        if let process = live[place], process.pid == pid { return process }
      }
      return nil
    }
    while indexed < live.count {
      if let process = live[indexed] { index[process.pid] = process }
      indexed += 1
    }
    return index[pid]
  }

  /// A reaped child whose record is still kept, the latest with that name.
  public func ended(named name: String) -> ProcessHandle? {
    isInherited ? nil : history.last { $0.name == name }
  }

  /// The same by pid.
  public func ended(pid: Int32) -> ProcessHandle? {
    isInherited ? nil : history.last { $0.pid == pid }
  }

  /// Children whose status was taken since a moment (monotonic ns), the latest of them first.
  public func reaped(since moment: Int64) -> [ProcessHandle] {
    if isInherited { return [] }
    return history.ring.compactMap { $0 }.filter { $0.reapedAt >= moment }
      .sorted { $0.reapedAt > $1.reapedAt }
  }

  /// Takes new memory for what each fork writes to.
  func move() {
    let current = live
    live = []
    live.reserveCapacity(max(8, current.count))
    live += current
  }

  /// The highest id that was given so far.
  public var lastID: Int { nextID - 1 }

  func takeID() -> Int {
    defer { nextID += 1 }
    return nextID
  }

  /// Numbers processes from 1 again, for names that are the same in each run.
  func countAnew() { nextID = 1 }

  /// Counts the forks of this process.
  func takeForkNumber() -> UInt64 {
    forks &+= 1
    return forks
  }

  /// Counts them from the beginning again.
  func forgetForkNumber() { forks = 0 }

  func add(_ process: ProcessHandle) {
    forgetInherited()
    process.place = live.count
    live.append(process)
    liveCount += 1
  }

  /// Takes out a child that was reaped, or never made.
  func remove(_ process: ProcessHandle) {
    guard live.indices.contains(process.place), live[process.place] === process else { return }
    live[process.place] = nil
    liveCount -= 1
    if process.place < indexed { index[process.pid] = nil }
    while let last = live.last, last == nil { live.removeLast() }
    indexed = min(indexed, live.count)
    if live.count > 64, liveCount * 2 < live.count { close() }
  }

  /// Closes the gaps.
  private func close() {
    live = live.filter { $0 != nil }
    for (place, process) in live.enumerated() { process?.place = place }
    index = [:]
    indexed = 0
  }

  /// Keeps a reaped child's record findable for a while.
  func remember(_ process: ProcessHandle) {
    guard process.kind.isUsers || process.kind == .foreground else { return }
    history.add(process)
  }

  /// In a forked child the parent's children are none of this process's.
  private var isInherited: Bool { depth != Process.forkDepth }

  // Kept alive on purpose: releasing a thousand handles would write a thousand pages.
  private var keptForParent: [[ProcessHandle?]] = []

  private func forgetInherited() {
    guard isInherited else { return }
    depth = Process.forkDepth
    keptForParent.append(live)
    keptForParent.append(history.ring)
    live = []
    liveCount = 0
    index = [:]
    indexed = 0
    history = History()
  }
}

/// The last processes that were reaped.
private struct History {
  static let room = 256

  /// Filled in turns, since moving or releasing many at once would write to many pages.
  private(set) var ring: [ProcessHandle?] = []
  private var next = 0

  mutating func add(_ process: ProcessHandle) {
    if ring.isEmpty { ring = Array(repeating: nil, count: History.room) }
    ring[next] = process
    next = (next + 1) % History.room
  }

  /// The latest that answers to a description.
  func last(where matches: (ProcessHandle) -> Bool) -> ProcessHandle? {
    for older in 1...History.room where !ring.isEmpty {
      if let process = ring[(next + History.room - older) % History.room], matches(process) {
        return process
      }
    }
    return nil
  }
}
