/// Whether locks that were taken in some order could be taken so that processes deadlock, though none
/// has yet (as lockdep of Linux finds out).
///
/// A value: `LockOrder` notes what is taken while what is held, and asks here.
public struct LockRing {
  /// When a process lived, by two measures.
  public struct Life: Hashable, Sendable {
    /// Tells it from all others.
    public var number: UInt32
    /// Births and ends are counted together: when it was made, and when it was waited for
    /// (`UInt64.max`: not yet).
    public var born: UInt64, gone: UInt64
    /// The same by the clock (ns): when it was made, and when its end was seen (`Int64.max`: not yet).
    public var began: Int64, ended: Int64

    public init(
      number: UInt32, born: UInt64 = 0, gone: UInt64 = .max, began: Int64 = 0,
      ended: Int64 = .max
    ) {
      self.number = number
      self.born = born
      self.gone = gone
      self.began = began
      self.ended = ended
    }

    /// An end that no process has waited for keeps nothing back: by chance the other one could have
    /// been made a little earlier (ns).
    static let chance: Int64 = 500_000_000

    /// Whether two processes have lived at once, or could have.
    func overlaps(_ other: Life) -> Bool {
      isBefore(other) == false && other.isBefore(self) == false
    }

    private func isBefore(_ other: Life) -> Bool {
      gone < other.born || ended < other.began && other.began - ended > Life.chance
    }
  }

  /// That a lock was taken while another one was held; locks are bits, 0 to 63.
  public struct Edge: Sendable {
    public var held: Int, taken: Int
    /// What else was held each time.
    public var guards: UInt64
    /// Some processes that have done so.
    public var takers: [Life]

    public init(held: Int, taken: Int, guards: UInt64 = 0, takers: [Life]) {
      self.held = held
      self.taken = taken
      self.guards = guards
      self.takers = takers
    }
  }

  /// No longer rings are looked for, and no more steps are taken for one.
  static let longest = 8
  static let mostSteps = 2000

  private let followers: (Int) -> UInt64
  private let next: (Int) -> [Edge]
  private var steps = LockRing.mostSteps

  /// - Parameters:
  ///   - followers: the locks that were taken while one was held, as bits.
  ///   - next: the same as edges.
  public init(followers: @escaping (Int) -> UInt64, _ next: @escaping (Int) -> [Edge]) {
    self.followers = followers
    self.next = next
  }

  /// A shortest ring through an edge in which each lock could be held by another process.
  ///
  /// The edge comes first; nil if there is none.
  ///
  /// Where a lock is held at two of its edges, only one process can be there at a time. And each edge
  /// needs a process of its own, all alive at once.
  public mutating func ring(through edge: Edge) -> [Edge]? {
    // Where all keep one order, no way leads back.
    guard reaches(edge.held, from: edge.taken) else { return nil }
    steps = LockRing.mostSteps
    for length in 2...LockRing.longest {
      if let found = extend([edge], to: length) { return found }
      if steps <= 0 { return nil }
    }
    return nil
  }

  private func reaches(_ goal: Int, from start: Int) -> Bool {
    var seen: UInt64 = 1 << UInt64(start)
    var agenda = [start]
    while let lock = agenda.popLast() {
      var new = followers(lock) & ~seen
      if new >> UInt64(goal) & 1 != 0 { return true }
      seen |= new
      while new != 0 {
        agenda.append(new.trailingZeroBitCount)
        new &= new - 1
      }
    }
    return false
  }

  private mutating func extend(_ path: [Edge], to length: Int) -> [Edge]? {
    steps -= 1
    guard steps > 0, let first = path.first, let last = path.last else { return nil }
    let guards = path.reduce(0) { $0 | $1.guards }
    for edge in next(last.taken) where edge.guards & guards == 0 {
      let closes = edge.taken == first.held
      guard closes == (path.count + 1 == length), LockRing.canMeet(path + [edge]) else { continue }
      if closes {
        return path + [edge]
      } else if !path.contains(where: { $0.held == edge.taken || $0.taken == edge.taken }) {
        if let found = extend(path + [edge], to: length) { return found }
      }
    }
    return nil
  }

  /// Whether there is a process for each edge, all different, all alive at once.
  private static func canMeet(_ ring: [Edge], _ chosen: [Life] = []) -> Bool {
    guard chosen.count < ring.count else { return true }
    return ring[chosen.count].takers.contains { taker in
      chosen.allSatisfy { $0.number != taker.number && $0.overlaps(taker) }
        && canMeet(ring, chosen + [taker])
    }
  }
}
