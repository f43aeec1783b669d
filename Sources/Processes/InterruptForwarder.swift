import CPosix
import Posix

/// A process in the group of a terminal's foreground programs that tells the shell of Ctrl-C.
///
/// A shell with job control is in another group than its programs, so the key is for them alone.
/// Between the end of one program and the start of the next one that group has only zombies, and
/// the kernel drops the signal. The forwarder is never one: it hands each INT of its group on, which
/// is recorded here as one of the keyboard. It blocks all else, so a stop leaves it alone, and it
/// ends with the shell. There is at most one; a forked child has none.
public enum InterruptForwarder {
  /// Its pid; 0 if there is none.
  public static var pid: Int32 { brood_forwarder() }

  /// The group that it is in; nil if there is none, or it was killed.
  public static var group: Int32? {
    let group = brood_forwarder_group()
    return group > 0 ? group : nil
  }

  /// Starts one in a group, 0 for a new one that it leads, instead of the one before; yields the
  /// group.
  ///
  /// Throws EPERM if the group is gone, EAGAIN at the process limit, ENOMEM (clone(2)).
  @discardableResult
  public static func start(in group: Int32) throws(SystemError) -> Int32 {
    try checked("clone") { brood_forwarder_start(group) }
  }

  /// Ends it.
  public static func end() { brood_forwarder_end() }

  /// Waits until each INT that came to its group before has come here too: some microseconds, and
  /// `limit` (ns) at most.
  ///
  /// On a machine with much to do it may have no turn for a second; what it tells later would
  /// interrupt something else.
  public static func settle(within limit: Int64 = 5_000_000_000) { brood_forwarder_settle(limit) }
}
