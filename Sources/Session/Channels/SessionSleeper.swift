import Channels
import Language
import Posix

/// Sleeps in the session's event loop: handlers run, children are looked after, and Ctrl-C throws
/// `interrupted`.
public final class SessionSleeper: Sleeper {
  private unowned let session: Session

  init(_ session: Session) { self.session = session }

  public func sleep(
    on descriptors: UnsafeBufferPointer<Int32>, ready: UnsafeMutablePointer<UInt8>,
    until deadline: Int64
  ) throws {
    try session.output.flush()
    try asking {
      try session.loop.sleep(
        on: descriptors, ready: ready, until: min(deadline, session.supervisor.nextSweep))
    }
    if Attention.isPending { try attend() }
    if session.supervisor.nextSweep <= Clock.monotonic { session.sweep() }
  }

  public func attend() throws {
    guard let interpreter = session.interpreter else { return Attention.clear() }
    try session.attend(interpreter)
  }

  public var mayActWhileAsleep: Bool { !session.handlers.blocks.isEmpty }
}

extension Session {
  /// How long to wait for a channel.
  ///
  /// - Parameter timeout: nanoseconds; nil for ever.
  public func patience(_ timeout: Int? = nil) -> Wait {
    Wait(until: timeout.map { Clock.deadline(after: Int64($0)) }, sleeper)
  }

  /// Without waiting.
  public var impatience: Wait { Wait.not(sleeper) }
}
