import Language
import Pools
import Posix
import Processes
import Waits

/// How a pool is to be.
public struct PoolOptions {
  /// How many workers it has.
  public var size: Int
  /// Runs in each worker before its first task.
  public var initializer: Value?
  /// How much memory each worker may have of its own, in bytes.
  public var memoryLimit: Int?
  /// After how many tasks a worker is replaced; nil for never.
  public var mostTasks: Int?
  /// How long after its start a worker is replaced (ns); nil for never.
  public var mostAge: Int64?
  /// The machines where its workers are; nil for this one.
  public var placement: FarPlacement?

  public init(size: Int) { self.size = size }

  var life: ExecutorLife {
    var life = ExecutorLife()
    life.mostTasks = mostTasks ?? .max
    life.mostAge = mostAge
    return life
  }
}

extension Session {
  /// Makes a pool and forks its workers.
  ///
  /// - Parameter name: nil for one that Brood chooses.
  public func makePool(
    _ name: String?, _ options: PoolOptions, _ interpreter: Interpreter
  ) throws -> Pool {
    if let name { try names.check(name) }
    let pool = Pool(name ?? names.fresh("pool"), options, interpreter)
    try names.claim(pool.name, for: pool)
    do {
      try pool.start()
    } catch {
      pool.terminate()
      names.release(pool.name, of: pool)
      throw error
    }
    pools.add(pool)
    return pool
  }

  /// How many workers a pool has by default.
  public var usableCPUs: Int { Process.usableCPUs(reader) }
}

/// The pools that this process has made.
public final class PoolList {
  private var pools: [Pool] = []
  private var count: Int32 = 0

  /// In the order in which they were made, without those that are gone or a parent's.
  public var all: [Pool] { pools.filter { !$0.isGone && !$0.isInherited } }

  /// One that was closed and whose workers have ended meanwhile, so that it can be joined still.
  public func ended(named name: String) -> Pool? {
    pools.last { $0.isGone && !$0.isInherited && $0.name == name }
  }

  /// The one that is meant by default: the last one, closed or not; once it was joined, the
  /// last one before that was not ended.
  public var latest: Pool? {
    let own = pools.filter { !$0.isInherited }
    if let last = own.last, !last.isJoined { return last }
    return own.last { !$0.isJoined && !$0.wasTerminated }
  }

  func takeNumber() -> Int32 {
    count &+= 1
    return count
  }

  /// Results that may come while this process sleeps, and have it give out further tasks.
  var awaited: [WaitTarget] {
    pools.isEmpty ? [] : pools.filter(\.hasWork).map { WaitTarget($0.objectID, .result) }
  }

  /// Whether tasks of this process's pools may do something while it sleeps.
  var haveWork: Bool { pools.contains(where: \.hasWork) }

  /// How often it is looked whether submitted work can still be done (ns).
  private static let lookTime: Int64 = 500_000_000

  /// So many that were closed and never joined are remembered.
  private static let mostUnjoined = 16

  /// How many tasks of `pool submit` are not finished.
  public var submitted: Int { all.reduce(0) { $0 + $1.submitted } }

  /// At the end of a script: its submitted work is done; not that of a pool that is paused, nor what
  /// waits for what only this process or a daemon could do.
  func finishSubmitted(_ session: Session, _ interpreter: Interpreter) throws {
    let busy = all.filter { $0.submitted > 0 && !$0.isPaused }
    if busy.isEmpty { return }
    // Nothing more will come from this process: a task that waits for it alone shall know.
    session.channels.leave()
    while try !session.pause(
      interpreter, until: Clock.deadline(after: PoolList.lookTime),
      done: { busy.allSatisfy { $0.submitted == 0 } })
    {
      let working = busy.flatMap(\.workingProcesses)
      let isStuck = !working.isEmpty && working.allSatisfy(session.channels.waitsForEver)
      if isStuck, session.joinable.isEmpty { return }
    }
    try session.runDueCalls(interpreter)
  }

  /// At the end of the session: nothing more is begun, and nothing done again.
  func terminate() { for pool in all { pool.terminate() } }

  func add(_ pool: Pool) {
    pools.removeAll { $0.isGone && !$0.isInherited && ($0.isJoined || $0.wasTerminated) }
    if pools.count(where: \.isGone) >= PoolList.mostUnjoined,
      let oldest = pools.firstIndex(where: \.isGone)
    {
      pools.remove(at: oldest)
    }
    pools.append(pool)
  }
}
