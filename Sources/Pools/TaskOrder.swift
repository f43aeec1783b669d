/// Which tasks of a job begin only when others have succeeded.
///
/// A task is told with those that it needs, which have lower numbers, so that there is no cycle. It
/// waits until they have ended: when the last one has succeeded it is freed, and when one of them
/// has not it is blocked, and never begins. Both are taken out by the scheduler, between events.
struct TaskOrder {
  /// A task that waits no longer.
  struct Turn: Equatable {
    let task: Int
    /// All that it needs has succeeded; else something has not.
    let isFreed: Bool
  }

  /// How many of those that it needs have not ended, of each task that waits.
  private var missing: [Int: Int] = [:]
  /// Who waits for a task.
  private var followers: [Int: [Int]] = [:]
  /// Whether those that have ended have succeeded.
  private var successes: [Int: Bool] = [:]
  private var turns = FIFO<Turn>()

  /// Whether it waits for others, or to be taken out.
  func waits(_ task: Int) -> Bool { missing[task] != nil }

  var count: Int { missing.count }
  var hasTurn: Bool { !turns.isEmpty }

  /// A task is known with those that it needs.
  mutating func add(_ task: Int, after needed: [Int]) {
    let needed = Set(needed).filter { successes[$0] != true }
    if needed.isEmpty { return }
    missing[task] = needed.count
    if needed.contains(where: { successes[$0] == false }) {
      return turns.append(Turn(task: task, isFreed: false))
    }
    for other in needed { followers[other, default: []].append(task) }
  }

  /// A task has ended.
  mutating func ended(_ task: Int, succeeded: Bool) {
    successes[task] = succeeded
    for follower in followers.removeValue(forKey: task) ?? [] {
      guard let count = missing[follower], count > 0 else { continue }
      missing[follower] = succeeded ? count - 1 : 0
      if !succeeded {
        turns.append(Turn(task: follower, isFreed: false))
      } else if count == 1 {
        turns.append(Turn(task: follower, isFreed: true))
      }
    }
  }

  /// The next task that waits no longer.
  mutating func takeTurn() -> Turn? {
    while let turn = turns.popFirst() {
      if missing.removeValue(forKey: turn.task) != nil { return turn }
    }
    return nil
  }

  /// A task was cancelled that waits.
  mutating func remove(_ task: Int) { missing[task] = nil }
}
