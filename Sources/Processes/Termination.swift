import Posix

/// How processes are told to end: TERM and CONT, and KILL where a grace has passed.
///
/// CONT comes after TERM, since a stopped process takes no other signal than KILL until it goes on.
/// A process that has ended meanwhile, or that may not be signalled, is passed over: whether it has
/// ended is seen by the one who waits for it.
public enum Termination {
  /// Between TERM and KILL when a session ends (ns).
  public static let graceOfSession: Int64 = 300_000_000
  /// Between TERM and KILL for the programs of a pipeline that is given up (ns).
  public static let graceOfPipeline: Int64 = 1_000_000_000

  /// Asks a process to end (kill(2)).
  public static func request(_ pid: Int32) {
    try? Process.send(.term, to: pid)
    try? Process.send(.cont, to: pid)
  }

  /// Asks all processes of a group to end (killpg(3)).
  ///
  /// - Parameter leader: signalled instead where there is no such group yet.
  public static func request(group: Int32, leader: Int32? = nil) {
    if (try? Process.send(.term, toGroup: group)) == nil, let leader {
      try? Process.send(.term, to: leader)
    }
    try? Process.send(.cont, toGroup: group)
  }

  /// Ends a process at once (kill(2)).
  public static func force(_ pid: Int32) { try? Process.send(.kill, to: pid) }

  /// Ends all processes of a group at once, as `request`.
  public static func force(group: Int32, leader: Int32? = nil) {
    if (try? Process.send(.kill, toGroup: group)) == nil, let leader {
      try? Process.send(.kill, to: leader)
    }
  }
}
