import CPosix
import Glibc
import Posix

/// What the fork point yields.
public enum ForkResult {
  /// In the parent: the child's pid, and a private pidfd that the caller owns.
  case parent(pid: Int32, pidfd: Int32)

  /// In the child: recorded signals dropped, private descriptors closed.
  case child
}

/// The one fork point (fork(2), pidfd_open(2)).
///
/// Flush before. In the child the caller resets its event loop and forgets its own records; the
/// child must end by `Process.exitNow`. Throws EAGAIN at the process limit, EMFILE, ENOMEM.
public func forkProcess() throws(SystemError) -> ForkResult {
  var pidfd: Int32 = -1
  let pid = try checked("fork") { brood_fork(&pidfd, 0) }
  return pid == 0 ? .child : .parent(pid: pid, pidfd: pidfd)
}

/// The same without a pidfd, which a parent that waits by pid can do without: the child's pid in
/// the parent, 0 in the child.
///
/// - Parameter number: tells the forks of this process apart, for `Process.forkPath`.
public func forkBare(number: UInt64) throws(SystemError) -> Int32 {
  try checked("fork") { brood_fork(nil, number) }
}
