import Posix

/// What can go wrong between a process and its server.
public enum RedisTrouble: Error, Equatable {
  /// The server cannot be reached, or has gone in between: the same request may be made again.
  case lost(String)
  /// What came is no reply.
  case garbage
  /// An error that the server reports: the kind first.
  case server(String)
  /// The server's settings do not allow what is wanted; what to do about it.
  case unfit(String, help: String)
  /// The time is over before the server has answered.
  case unanswered(String?)
  /// There is no way to the server: a login at the host that it leads through fails.
  case noWay(String, login: String)
  /// Nothing came within the time.
  case timeout
  /// Nothing is there, or no room, for one who does not wait.
  case empty, full
  case closed
  /// This process does not hold it, or not any more.
  case notHeld
  /// This process holds it already.
  case selfDeadlock
  /// A number does not fit; what is there.
  case range(String)
  /// It exists with other settings: the name of one, what there is, and what was wanted.
  case other(String, String, String)
}

extension RedisTrouble {
  /// Whether the server has answered, so that nothing was changed.
  var isRefusal: Bool {
    if case .server = self { return true }
    return false
  }

  /// Whether another attempt may succeed without anything being changed.
  static func isPassing(_ text: String) -> Bool {
    ["LOADING", "BUSY ", "MASTERDOWN", "TRYAGAIN", "UNKILLABLE"].contains(where: text.hasPrefix)
  }
}
