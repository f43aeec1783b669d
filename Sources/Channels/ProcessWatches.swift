import CPosix
import Glibc
import Posix

/// Watches processes whose end matters to one who sleeps: by their pidfds, or, where no descriptor is
/// left for one, by a look from time to time.
struct ProcessWatches {
  /// After how long one that is not watched is looked at again (ns).
  static let interval: Int64 = 50_000_000

  /// Private pidfds.
  private(set) var descriptors: [Int32] = []
  /// When to look again (monotonic ns); `Int64.max` if all are watched.
  private(set) var next = Int64.max

  /// Adds a process; false if it has ended.
  mutating func add(_ process: ProcessIdentity) -> Bool {
    let fd = brood_pidfd_open(process.pid)
    if fd == -ESRCH { return false }
    guard process.isLiving else {
      Descriptors.close(fd)
      return false
    }
    if fd >= 0 { descriptors.append(fd) } else { lookAgain() }
    return true
  }

  /// Adds others, which are watched already if they can be.
  mutating func add(_ peers: [Peers.Peer]) {
    descriptors += peers.lazy.filter(\.isWatched).map(\.pidfd)
    if !peers.allSatisfy(\.isWatched) { lookAgain() }
  }

  private mutating func lookAgain() { next = Clock.deadline(after: ProcessWatches.interval) }

  func close() {
    for fd in descriptors { Descriptors.close(fd) }
  }
}
