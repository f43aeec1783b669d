import Foundation

/// An instant after which a test no longer waits.
public struct Deadline {
  private let instant: ContinuousClock.Instant

  public init(_ duration: Duration) { instant = .now + duration }

  /// What poll(2) wants: the rest in milliseconds, at least 0.
  public var milliseconds: Int32 {
    let rest = ContinuousClock.now.duration(to: instant)
    guard rest > .zero else { return 0 }
    let (seconds, attoseconds) = rest.components
    return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
  }

  public var hasPassed: Bool { milliseconds == 0 }
}

/// Wait until a condition holds that nothing tells of, looking now and then; whether it came to hold.
public func waits(_ limit: Duration, until condition: () throws -> Bool) rethrows -> Bool {
  let deadline = Deadline(limit)
  while try !condition() {
    if deadline.hasPassed { return false }
    _ = poll([], until: Deadline(.milliseconds(5)))
  }
  return true
}

/// Wait until one of the descriptors is ready or the deadline has passed; tells which are ready.
public func poll(_ wanted: [(descriptor: Int32, events: Int32)], until deadline: Deadline) -> [Bool]
{
  var entries = wanted.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
  while true {
    let count = Foundation.poll(&entries, nfds_t(entries.count), deadline.milliseconds)
    if count < 0 && errno == EINTR { continue }
    return entries.map { $0.revents != 0 }
  }
}
