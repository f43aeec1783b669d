import CPosix
import Glibc

/// Locks of whole files (flock(2)): of the open file description, so that all copies of a descriptor
/// have one, and it is gone with the last of them.
public enum WholeFileLock {
  /// Takes the lock if that is free; false if another description has it.
  public static func tryTake(_ fd: Int32) throws(SystemError) -> Bool {
    do throws(SystemError) {
      _ = try libc("flock", "descriptor \(fd)") { flock(fd, LOCK_EX | LOCK_NB) }
      return true
    } catch {
      if error.code == EWOULDBLOCK { return false }
      throw error
    }
  }

  /// Waits for the lock; throws EINTR if a signal came.
  public static func take(_ fd: Int32) throws(SystemError) {
    if flock(fd, LOCK_EX) != 0 {
      throw SystemError(call: "flock", code: errno, detail: "descriptor \(fd)")
    }
  }

  /// Gives it back for all copies of the descriptor.
  public static func release(_ fd: Int32) { _ = flock(fd, LOCK_UN) }
}
