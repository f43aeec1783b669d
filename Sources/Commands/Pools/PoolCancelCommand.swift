import Language
import Session

/// `pool cancel`: ends one task while the others go on.
enum PoolCancelCommand {
  static let command = Command(
    "pool cancel", "Cancel one task, running or queued, while the others go on",
    details: """
      A task is named by its future, by the worker that has it in hand (its name or pid, as `pool \
      info` shows them), or by its index where items are worked on, as by pool imap. Its worker is \
      ended by TERM, and KILL after a while, and replaced; the task fails with `failed` and the \
      field cancelled. It is not tried again. Yields how many tasks were still to be cancelled.
      """,
    parameters: [Parameter("task", .any, .rest, "futures, workers or indices")], flags: [.pool],
    examples: [
      Example(
        "pool new 2\nlet f = pool submit { sleep 1h }\nprint (pool cancel $f) $f.error.cancelled",
        "1 true"),
      Example(
        "pool new w 1\nlet a = pool submit { sleep 1h }\nlet b = pool submit { 5 }\n"
          + "while (pool info w).busy == 0 { sleep 1ms }\npool cancel w.1\nprint (pool result $b)",
        "5"),
    ]
  ) { call in
    guard call.count > 0 else {
      throw call.error(
        .arity, "'pool cancel' needs a task", help: "as: pool cancel $future, or pool cancel w.2")
    }
    var count = 0
    for place in 0..<call.count { count += try cancel(place, call) }
    return .int(count)
  }

  private static func cancel(_ place: Int, _ call: borrowing Call) throws -> Int {
    switch call[place].plain {
    case .handle(let handle):
      guard let future = handle as? PoolFuture else { break }
      let isCancelled = future.cancelTask()
      if isCancelled { try wait(for: future) }
      return isCancelled ? 1 : 0
    case .list(let list):
      let futures = list.items.compactMap { item -> PoolFuture? in
        if case .handle(let handle) = item.plain { return handle as? PoolFuture }
        return nil
      }
      guard futures.count == list.items.count else { break }
      let cancelled = futures.filter { $0.cancelTask() }
      for future in cancelled { try wait(for: future) }
      return cancelled.count
    case .int(let number):
      let pool = try existing(call)
      return pool.cancelTask(number) || pool.cancelTask(ofWorker: String(number)) ? 1 : 0
    case .string(let name):
      return try cancel(worker: name.string, place, call)
    default: break
    }
    throw call.bad("task", must: "a future, a worker's name or pid, or an index", at: place)
  }

  /// A task that is being ended has ended when this yields.
  private static func wait(for future: PoolFuture) throws {
    do {
      _ = try future.result()
    } catch  where ExitRequest.isStop(error) {
      throw error
    } catch {
      // How it ended is not asked for.
    }
  }

  private static func existing(_ call: borrowing Call) throws -> Pool {
    if case .handle(let handle)? = call.flag("pool"), let pool = handle as? Pool {
      try pool.requireOwn()
      return pool
    }
    guard let pool = call.session.pools.latest else {
      throw call.error(.missing, "there is no pool", help: "make one with: pool new")
    }
    return pool
  }

  private static func cancel(
    worker name: String, _ place: Int, _ call: borrowing Call
  ) throws -> Int {
    let pools = call.session.pools.all
    if pools.contains(where: { $0.cancelTask(ofWorker: name) }) { return 1 }
    let busy = pools.flatMap(\.busyWorkers)
    throw call.error(
      .missing, "no worker '\(name)' has a task in hand", at: place,
      help: busy.isEmpty
        ? "no worker has one" : "these have one: " + namesText(busy))
  }
}
