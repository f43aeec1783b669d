import CPosix
import Glibc
import Posix

/// What a look at a process has found.
///
/// A look can fail without telling anything of the process: where no descriptor or memory is left
/// (EMFILE, ENFILE, ENOMEM), where it may not be looked at, and without /proc. That is no death.
public enum ProcessLook {
  case seen(ProcessStat)
  /// There is no such process.
  case gone
  /// It cannot be looked at now; whether it has ended as far as that can be told otherwise.
  case unseen(hasEnded: Bool)

  /// What /proc says; nil if it is gone or cannot be looked at.
  public var stat: ProcessStat? {
    if case .seen(let stat) = self { return stat }
    return nil
  }
}

extension ProcReader {
  /// Looks at a process.
  public func look(_ pid: Int32) -> ProcessLook {
    guard pid > 0 else { return .gone }
    if let stat = stat(pid) { return .seen(stat) }
    if kill(pid, 0) < 0, errno == ESRCH { return .gone }
    return .unseen(hasEnded: brood_has_ended(pid))
  }
}
