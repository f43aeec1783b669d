import Language
import Posix
import Session

/// `pool with`: a pool for the time of a block.
enum PoolWithCommand {
  static let command = Command(
    "pool with", "Make a pool of N workers for the time of a block",
    details: """
      In the block it is the pool that commands mean without --pool; the block's parameter is its \
      handle. When the block is left, by return, break and continue too, work that was submitted is \
      done and the workers end; after an error or Ctrl-C they are ended at once. The block runs in \
      place, so that it can assign variables around it.
      """,
    parameters: [
      Parameter("n", .int.within(PoolFlags.sizes), .required, "how many workers"),
      Parameter("block", .function),
    ],
    flags: PoolFlags.workers,
    examples: [
      Example(
        "var squares = []\npool with 2 { squares = (pool map { |x| $x * $x } 1..3) }\n"
          + "print $squares (len (pool list))", "[1, 4, 9] 0"),
      Example(
        "pool with 2 --max-tasks 1 { |p| print (len (unique (pool map { $pid } 1..4))) $p.size }",
        "4 2"),
    ],
    inline: InlineBody(
      parameter: "pool",
      enter: { call in
        let options = PoolFlags.options(call, size: call.int(0))
        return .handle(try call.session.makePool(nil, options, call.interpreter))
      },
      value: { _, token in token },
      leave: { _, token in
        guard let pool = pool(of: token) else { return }
        do {
          // One that is paused would never have done its work.
          if pool.isPaused { try pool.resume() }
          try pool.close()
          _ = try pool.join()
        } catch {
          pool.terminate()
          throw error
        }
        pool.wasJoined()
      },
      abandon: { _, token in
        guard let pool = pool(of: token) else { return }
        pool.terminate()
        _ = try pool.join(until: Clock.deadline(after: timeout))
        pool.wasJoined()
      }))

  /// The pool that the block was for, unless it has ended, or is another process's.
  private static func pool(of token: Value) -> Pool? {
    guard case .handle(let handle) = token, let pool = handle as? Pool, !pool.isInherited,
      !pool.isGone
    else { return nil }
    return pool
  }

  /// So long it is waited for workers that are being ended (ns).
  private static let timeout: Int64 = 10_000_000_000
}
