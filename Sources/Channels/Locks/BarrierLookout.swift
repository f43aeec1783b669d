import Posix

/// Looks, for a party that waits for long, whether as many live as are missing yet.
///
/// A barrier cannot know which processes will come: each that lives may, or fork one that does. Only if one that
/// had it was killed in this round, and fewer than are missing have been alive for a while since, is
/// it taken for broken: until then its parent may replace it.
struct BarrierLookout {
  /// No process is looked at before one has waited for so long (ns), and too few must be too few for so
  /// long.
  static let grace: Int64 = 500_000_000
  private static let mostWatched = 64

  /// When to look again (monotonic ns).
  private(set) var next = Clock.deadline(after: BarrierLookout.grace)
  /// Some whose death may leave too few; their pidfds are the caller's to close.
  private(set) var watched: [Peers.Peer] = []
  private var isShort = false

  /// The process whose death leaves too few to come, if that has been so for a while.
  ///
  /// - Parameters:
  ///   - arrived: the others that wait.
  ///   - missing: how many have not come.
  ///   - moment: when this round began.
  mutating func look(
    at peers: Peers, arrived: [ProcessIdentity], missing: Int, since moment: Int64
  ) -> ProcessIdentity? {
    watched = []
    let now = Clock.monotonic
    let isDue = now >= next
    if !isDue, isShort || next != .max { return nil }
    // If at least as many as are missing live, one of these is among those whose death ends that.
    let absent = peers.others(
      min(missing, BarrierLookout.mostWatched), except: Set(arrived.map(\.pid)))
    let count =
      missing <= BarrierLookout.mostWatched || absent.count < BarrierLookout.mostWatched
      ? absent.count : peers.living.count - arrived.count - 1
    let dead = count < missing && !peers.isTravelling ? peers.lastDead(since: moment) : nil
    guard let dead else {
      isShort = false
      watched = absent
      let isAllWatched =
        missing <= BarrierLookout.mostWatched && absent.allSatisfy(\.isWatched)
      next = isAllWatched ? .max : Clock.deadline(after: BarrierLookout.grace)
      return nil
    }
    for peer in absent { Descriptors.close(peer.pidfd) }
    if isShort { return dead }
    isShort = true
    next = Clock.deadline(after: BarrierLookout.grace)
    return nil
  }
}
