import Posix

/// What there is to know about a queue at one moment.
public struct QueueFacts: Sendable {
  /// Items that can be taken, and those that are lent.
  public let items: Int
  /// Items that were taken and are not acknowledged yet.
  public let leased: Int
  /// Bytes of the items that can be taken.
  public let bytes: Int
  /// The bounds, nil for none.
  public let mostItems: Int?
  /// The bound of bytes; nil for none.
  public let mostBytes: Int?
  /// Whether nothing more can be put.
  public let isClosed: Bool
  /// Items that were ever put and taken.
  public let puts: Int
  /// Items taken since it was made.
  public let gets: Int
  /// Bytes of memory that it takes.
  public let memory: Int
}

extension Queue {
  /// Items that can be taken now.
  public func count(_ wait: Wait) throws -> Int {
    let state = try snapshot(wait)
    return Int(state.items) + Int(state.returned)
  }

  /// Whether a `put` of a small item would have to wait.
  public func isFull(_ wait: Wait) throws -> Bool { try !hasRoom(snapshot(wait), 0) }

  // What dead processes hold, and what was held for too long, is back already.
  private func snapshot(_ wait: Wait) throws -> QueueState {
    try lock(wait)
    let now = state
    unlock()
    guard now.leases > now.returned, try reclaim(wait) else { return now }
    try lock(wait)
    defer { unlock() }
    return state
  }

  /// What there is to know about it.
  public func facts(_ wait: Wait) throws -> QueueFacts {
    let state = try snapshot(wait)
    func bound(_ value: Int64) -> Int? { value == .max ? nil : Int(value) }
    return QueueFacts(
      items: Int(state.items) + Int(state.returned), leased: Int(state.leases - state.returned),
      bytes: Int(state.bytes + state.returnedBytes), mostItems: bound(header.pointee.mostItems),
      mostBytes: bound(header.pointee.mostBytes), isClosed: state.isClosed != 0,
      puts: Int(state.puts), gets: Int(state.gets), memory: memory.used)
  }

  /// Lends the first message to `body` without taking it; throws `empty` if there is none.
  public func peek<R>(_ wait: Wait, body: (QueueItem) throws -> R) throws -> R {
    _ = try reclaim(wait)
    try lock(wait)
    var next = state
    guard next.items > 0 || next.returned > 0 else {
      unlock()
      throw ChannelError.empty
    }
    let seen = Result { try lookAtFirst(&next) }
    publish(next)
    unlock()
    let (item, lease) = try seen.get()
    defer { if let lease { try? putBack(lease, wait) } }
    return try body(item)
  }
}
