import CPosix
import Posix

/// Whether an operation could be done now, as a process sees it that is about to do it.
public enum Prospect: Equatable, Sendable {
  /// It is done, or fails, at once.
  case goes
  /// It would wait; those who hold what it waits for, where that is known.
  case waits(holders: [Int32])
}

extension Ownership {
  /// Of taking it.
  var prospect: Prospect {
    let holder = holder
    if holder.isNoProcess || holder.isOwn || !holder.isLiving { return .goes }
    return .waits(holders: [holder.pid])
  }
}
