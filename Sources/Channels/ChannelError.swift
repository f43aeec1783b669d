import Posix

/// Why an operation on a channel could not be done.
public enum ChannelError: Error, Sendable {
  /// The deadline has passed.
  case timeout
  /// The channel is closed.
  case closed
  /// No peer is left that could answer.
  case abandoned
  /// The last one who could have answered was ended by a signal.
  case peerDied(Ending)
  /// Nothing is there, and the caller did not want to wait.
  case empty
  /// There is no room, and the caller did not want to wait.
  case full
  /// No more descriptors can wait in it, and no peer is left that could take some out.
  case handles
  /// What is to be given back is not held by this process.
  case notHeld
  /// The calling process holds it already, so that waiting would never end.
  case selfDeadlock
  /// A message, an index or a number does not fit.
  case tooLarge(limit: Int)
  /// The memory that channels may take is used up, in bytes.
  case memory(limit: Int)
  /// The channel's inner lock is held by a process that does not go on (KERNEL.md).
  case stuck(holder: Int32)
  /// The bytes or descriptors are not those of such a channel.
  case malformed
}

/// How a process that had to do with a channel ended.
public struct Ending: Hashable, Sendable {
  public enum Cause: Hashable, Sendable {
    case exited(Int32)
    case signaled(Signal)
    /// It was reaped by a process that did not tell.
    case unknown
  }

  public let pid: Int32
  public let cause: Cause

  public init(pid: Int32, cause: Cause) {
    self.pid = pid
    self.cause = cause
  }

  /// Whether a signal ended it.
  public var isDeath: Bool {
    if case .signaled = cause { return true }
    return false
  }

  /// In words, such as "was ended by KILL".
  public var description: String {
    switch cause {
    case .exited(let status): "exited with status \(status)"
    case .signaled(let signal): "was ended by \(signal.name)"
    case .unknown: "ended"
    }
  }
}
