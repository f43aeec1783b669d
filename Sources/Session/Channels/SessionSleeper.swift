import Channels
import Language
import Posix
import Processes

/// Sleeps in the session's event loop: handlers run, children are looked after, and Ctrl-C throws
/// `interrupted`.
extension Session: Sleeper {
  public func sleep(
    on descriptors: UnsafeBufferPointer<Int32>, ready: UnsafeMutablePointer<UInt8>,
    until deadline: Int64
  ) throws {
    try output.flush()
    if let gate = Gate.current, try gate.sleep(on: descriptors, ready: ready) { return }
    try mapErrors("cannot wait") {
      try loop.sleep(on: descriptors, ready: ready, until: min(deadline, nextErrand))
    }
    lookout.sleeping = descriptors
    defer { lookout.sleeping = nil }
    if Attention.isPending { try attend() }
    if nextErrand <= Clock.monotonic { try runErrands() }
  }

  public func attend() throws {
    guard let interpreter else { return Attention.clear() }
    try attend(interpreter)
  }

  public var mayActWhileAsleep: Bool { handlers.hasOwn || pools.haveWork }

  public func isFree(until moment: Int64) -> Bool {
    guard loop.isIdle, !Attention.isPending else { return false }
    // What is due before any sleep.
    if supervisor.nextSweep <= Clock.monotonic { sweep() }
    return supervisor.nextSweep > moment && !Attention.isPending
  }
}

extension Session {
  /// How long to wait for a channel.
  ///
  /// - Parameter timeout: nanoseconds; nil for ever.
  @inlinable @inline(__always)
  public func waitLimit(_ timeout: Int? = nil) -> Wait {
    Wait(until: timeout.map { Clock.deadline(after: Int64($0)) }, self)
  }

  /// Without waiting.
  public var nonblocking: Wait { Wait.not(self) }
}
