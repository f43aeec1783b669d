import CPosix
import Posix

/// What one waits for on a descriptor.
public struct Interest: OptionSet, Sendable {
  /// The bits, as epoll(7) has them.
  public let rawValue: UInt32

  /// Makes a set of bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Data, a connection, or the end.
  public static let read = Interest(rawValue: UInt32(brood_ready_read))

  /// Room for data.
  public static let write = Interest(rawValue: UInt32(brood_ready_write))
}

/// Names one watch of an event loop.
public struct Watch: Hashable, Sendable {
  /// The descriptor watched.
  public let fd: Int32
  let number: UInt32
}

/// What of other processes a watch can change, for those who look whether this one can act.
public enum WatchPurpose: Sendable {
  /// Anything.
  case action
  /// What is read is only shown.
  case display
  /// It tells of a pool's worker: what follows is that of the pool.
  case worker
}

/// All that an event loop knows about one descriptor.
struct WatchEntry {
  struct Watcher {
    let number: UInt32
    let interest: Interest
    let purpose: WatchPurpose
    let body: () -> Void

    /// Errors and hang-ups concern everyone: a read or write will tell.
    func wants(_ events: UInt32) -> Bool {
      let trouble = UInt32(brood_ready_error) | UInt32(brood_ready_hangup)
      return events & (interest.rawValue | trouble) != 0
    }
  }

  /// Tells this use of the descriptor number from earlier ones.
  let generation: UInt32
  var watchers: [Watcher] = []

  /// How many of its watches are for actions.
  var actions: Int { watchers.count { $0.purpose == .action } }

  var events: UInt32 { watchers.reduce(0) { $0 | $1.interest.rawValue } }

  func key(_ fd: Int32) -> UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd)) }
}
