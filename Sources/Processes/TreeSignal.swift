import Glibc
import Posix

/// Sends a signal to processes and all their descendants, also to those that are forked meanwhile.
///
/// A child that is forked between the look and the signal that ends its parent becomes an orphan, which is
/// in no tree any more. So what the signal may end is stopped first, until two looks one after the other
/// find nobody new and nobody who runs; it goes on with the signal pending.
public struct TreeSignal {
  /// What is asked of the kernel.
  public struct System {
    var look: () throws(SystemError) -> ProcessTree
    /// The last argument tells whether the user asked for this signal.
    var send: (Signal, Int32, Bool) throws(SystemError) -> Void
    /// Is neither stopped nor sent anything.
    var isSpared: (Int32) -> Bool
    /// Between two looks; the argument counts them.
    var pause: (Int) -> Void

    /// This machine, without this process and the guardians of sessions.
    public static var real: System {
      System(
        look: { () throws(SystemError) -> ProcessTree in try ProcessTree.whole() },
        send: { (signal, pid, isAsked) throws(SystemError) in
          if isAsked { return try Process.send(signal, to: pid) }
          // Not recorded, since nobody has asked for it.
          guard pid > 1 else { throw SystemError(call: "kill", code: EINVAL, detail: "\(pid)") }
          _ = try libc("kill", "\(pid)") { kill(pid, signal.number) }
        },
        isSpared: { $0 == Process.pid || Guardian.isGuardian($0) },
        pause: { count in
          var time = timespec(tv_sec: 0, tv_nsec: min(1_000_000 << min(count, 5), 20_000_000))
          nanosleep(&time, nil)
        })
    }
  }

  private let signal: Signal
  private let system: System

  /// Those that are meant, parents first, each once.
  public private(set) var members: [Int32] = []
  /// Those of them that may not be sent the signal, as processes of another user.
  public private(set) var refused: [(pid: Int32, error: SystemError)] = []
  /// Whether new descendants still turned up when the looks were at their end.
  public private(set) var isOutrun = false

  /// Those that were stopped for a moment, which their parents are told.
  public private(set) var held: [Int32] = []

  private var known: Set<Int32> = []
  private var unstoppable: Set<Int32> = []

  /// They take about a second.
  static let mostLooks = 60
  /// So many looks that fail are an error.
  static let mostFailures = 3

  public init(_ signal: Signal, _ system: System = .real) {
    self.signal = signal
    self.system = system
  }

  /// Whether processes that take no measures are ended by it.
  private var ends: Bool { signal.defaultAction == .terminate || signal.defaultAction == .core }

  /// Sends it to some processes and all below them.
  ///
  /// - Parameter beforehand: called with each of them just before.
  /// - Throws: where processes cannot be looked at; what was stopped for this goes on then.
  public mutating func reach(
    _ roots: [Int32], beforehand: (Int32) throws -> Void = { _ in }
  ) throws {
    for pid in roots { admit(pid) }
    var count = 0
    do {
      defer { release() }
      if ends { try hold() } else { try find() }
      count = try sendAll(from: 0, beforehand)
    }
    if signal.defaultAction == .ignore || ends && !isOutrun { return }
    // They were not stopped, and may have forked until the signal came.
    for _ in 0..<TreeSignal.mostLooks {
      try find()
      if count == members.count { return }
      count = try sendAll(from: count, beforehand)
    }
    isOutrun = true
  }

  private mutating func sendAll(
    from first: Int, _ beforehand: (Int32) throws -> Void
  ) throws -> Int {
    for pid in members[first...] where !system.isSpared(pid) {
      try beforehand(pid)
      do throws(SystemError) {
        try system.send(signal, pid, true)
      } catch {
        if error.code != ESRCH { refused.append((pid, error)) }
      }
    }
    return members.count
  }

  // MARK: Looking

  /// Stops members until nobody else can turn up, or for about a second.
  private mutating func hold() throws(SystemError) {
    var wasQuiet = false
    for count in 0..<TreeSignal.mostLooks {
      let tree = try look()
      let fresh = grow(tree)
      for pid in (count == 0 ? members : fresh) { stop(pid, tree) }
      let isQuiet = fresh.isEmpty && members.allSatisfy { isStill($0, tree) }
      if isQuiet, wasQuiet { return }
      wasQuiet = isQuiet
      system.pause(count)
    }
    isOutrun = true
  }

  /// Looks until two looks find the same.
  private mutating func find() throws(SystemError) {
    isOutrun = false
    _ = grow(try look())
    for count in 0..<TreeSignal.mostLooks {
      if grow(try look()).isEmpty { return }
      system.pause(count)
    }
    isOutrun = true
  }

  /// A look that fails is tried again: what was missing may be there in a moment.
  private func look() throws(SystemError) -> ProcessTree {
    for count in 1..<TreeSignal.mostFailures {
      if let tree = try? system.look() { return tree }
      system.pause(count)
    }
    return try system.look()
  }

  /// Takes in the descendants that were not known; yields them.
  private mutating func grow(_ tree: ProcessTree) -> [Int32] {
    var fresh: [Int32] = []
    for pid in members {
      for other in tree.descendants(of: pid) where admit(other) { fresh.append(other) }
    }
    return fresh
  }

  @discardableResult
  private mutating func admit(_ pid: Int32) -> Bool {
    guard known.insert(pid).inserted else { return false }
    members.append(pid)
    return true
  }

  // MARK: Stopping

  private mutating func stop(_ pid: Int32, _ tree: ProcessTree) {
    if isStopped(pid, tree) || system.isSpared(pid) { return }
    do throws(SystemError) {
      try system.send(.stop, pid, false)
      held.append(pid)
    } catch {
      if error.code != ESRCH { unstoppable.insert(pid) }
    }
  }

  /// Whether a process is stopped or traced, or has ended.
  private func isStopped(_ pid: Int32, _ tree: ProcessTree) -> Bool {
    guard let stat = tree.processes[pid] else { return true }
    return "TtZX".utf8.contains(stat.state)
  }

  /// Whether a process cannot fork, or is not to be stopped.
  private func isStill(_ pid: Int32, _ tree: ProcessTree) -> Bool {
    if isStopped(pid, tree) || unstoppable.contains(pid) || system.isSpared(pid) { return true }
    // In vfork(2) it waits for the exec of a child that is stopped.
    return tree.processes[pid]?.state == UInt8(ascii: "D")
      && tree.children[pid, default: []].contains { isStopped($0, tree) }
  }

  /// Lets go on what was stopped here, and nothing else.
  private func release() {
    for pid in held { try? system.send(.cont, pid, false) }
  }
}
