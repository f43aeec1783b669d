import CPosix
import Posix
import Processes

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
  /// How a process ended, as far as that is known.
  public enum Cause: Hashable, Sendable {
    case exited(Int32)
    case signaled(Signal)
    /// It was reaped by a process that did not tell.
    case unknown
  }

  /// The pid it had.
  public let pid: Int32
  /// How it ended.
  public let cause: Cause

  /// Makes one of what is known.
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

extension Ending {
  /// How a process ended that was just seen to let go of something: nil if it lives, or if that
  /// cannot be told any more.
  ///
  /// A killed process closes its descriptors some moments before it is a zombie; these are waited
  /// for.
  public static func recent(pid: Int32) -> Ending? {
    if case .seen(let stat) = ProcessIdentity.look(pid), stat.isEnding { awaitEnd(pid) }
    switch ProcessIdentity.look(pid) {
    case .seen(let stat):
      return stat.state == UInt8(ascii: "Z") ? Ending(pid: pid, waitStatus: stat.exitCode) : nil
    case .unseen(hasEnded: false): return nil
    case .unseen, .gone: break
    }
    var latest: (when: Int64, ending: Ending)?
    for slot in 0..<brood_slots_top() {
      guard let found = recorded(slot), found.ending.pid == pid else { continue }
      if let known = latest, known.when > found.when { continue }
      latest = found
    }
    return latest?.ending
  }

  private static func awaitEnd(_ pid: Int32) {
    let fd = brood_pidfd_open(pid)
    if fd < 0 { return }
    defer { Descriptors.close(fd) }
    var copy = fd
    var ready: UInt8 = 0
    // A signal only makes it shorter; a process with much memory takes a while.
    let deadline = Clock.deadline(after: 500_000_000)
    while Clock.monotonic < deadline, brood_wait_readable(&copy, 1, &ready, deadline) == 0 {}
  }
}
