import CPosix
import Posix
import Processes

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
