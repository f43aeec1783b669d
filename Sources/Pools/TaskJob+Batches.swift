/// How many tasks go to an executor at a time, by what they have taken.
extension TaskJob {
  /// How many tasks make a batch that is worth its way.
  private var batchSize: Int {
    if policy.isSingle { return 1 }
    // More than any list has; sums of it stay within the range of numbers.
    if let chunk = policy.chunk { return max(1, min(chunk, 1 << 32)) }
    guard let perTask else { return 1 }
    let wanted = policy.batchTime / max(perTask, 20)
    // Growing step by step, since the first tasks need not be like the others; each step costs the way.
    let step = policy.hasWay ? 16 : 4
    return max(1, min(Int(min(wanted, 1e6)), lastChunk * step, TaskPolicy.mostTasks))
  }

  /// How many tasks are worth having ready for so many executors.
  public func worthQueueing(executors: Int) -> Int { max(16, executors * 3 * batchSize) }

  /// How many tasks the next batch should have.
  func chunk(executors: Int) -> Int {
    if policy.chunk != nil, !isEager { return batchSize }
    let size = isEager ? TaskPolicy.mostEager : batchSize
    var left = queued / max(1, executors * 2)
    // What takes no longer than the way goes at once; what an idle one lacks is taken back.
    if policy.hasWay, left < size { left = (queued + executors - 1) / max(1, executors) }
    return max(1, min(size, left))
  }

  /// Whether tasks that are to go out one at a time are so short that a few lie with an executor
  /// already: each result is sent at once, and what is not begun can be taken back.
  public var isEager: Bool {
    guard policy.chunk == 1, !policy.isSingle, let perTask else { return false }
    return perTask < TaskPolicy.eagerTime
  }

  /// A batch was done in so long.
  func note(_ count: Int, in elapsed: Int64) {
    guard count > 0, elapsed > 0 else { return }
    let measured = Double(elapsed) / Double(count)
    // Slower tasks count at once.
    perTask = perTask.map { measured > $0 ? measured : ($0 + measured) / 2 } ?? measured
    lastChunk = count
  }
}
