/// An object of a `WaitGraph`: which processes have it, and who could change it.
public struct WaitObject: Sendable {
  /// What a process does with an object, or could do.
  public struct Roles: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Has a lock, or permits.
    public static let holds = Roles(rawValue: 1)
    /// Has an item that comes back if it is not acknowledged.
    public static let lent = Roles(rawValue: 2)
    public static let waits = Roles(rawValue: 4)
    public static let canPut = Roles(rawValue: 8)
    public static let canGet = Roles(rawValue: 16)
    /// Has an end of a raw pipe or a socket.
    public static let reads = Roles(rawValue: 32)
    public static let writes = Roles(rawValue: 64)
    public static let listens = Roles(rawValue: 128)
    /// Has it, and may set, notify, arrive or release.
    public static let canAct = Roles(rawValue: 256)
    /// Has it in some other way.
    public static let has = Roles(rawValue: 512)

    /// The words of `who`, in the order in which they matter.
    public var words: [String] {
      let all: [(Roles, String)] = [
        (.holds, "holds"), (.lent, "lent"), (.waits, "waits"), (.canPut, "can-put"),
        (.canGet, "can-get"), (.reads, "reads"), (.writes, "writes"), (.listens, "listens"),
        (.canAct, "can-act"), (.has, "has"),
      ]
      return all.filter { contains($0.0) }.map(\.1)
    }
  }

  /// One process that has it.
  public struct Share: Sendable {
    public var pid: Int32
    public var roles: Roles
    /// Permits, leases, or how deep a lock is held.
    public var count: Int
    /// Since when (monotonic ns); nil if not known.
    public var since: Int64?
    public var descriptor: Int32?
    /// Where it was acquired or inherited.
    public var place: SourcePlace?

    public init(
      _ pid: Int32, _ roles: Roles, count: Int = 1, since: Int64? = nil,
      descriptor: Int32? = nil, place: SourcePlace? = nil
    ) {
      self.pid = pid
      self.roles = roles
      self.count = count
      self.since = since
      self.descriptor = descriptor
      self.place = place
    }
  }

  /// Who else could change it.
  public enum Reach: Hashable, Sendable {
    /// Only the processes in `shares`.
    case members
    /// Any process of this machine or another, by a path, a port, an address; a person at a
    /// terminal. The text says by what.
    case outsiders(String)
    /// Perhaps others; the text says what could not be looked at.
    case unknown(String)
  }

  public var id: ObjectID
  /// As `queue jobs`, `lock a`, `pipe:[4711]`.
  public var name: String
  /// As `2 of 3 items, 1 lent, open`; empty if there is nothing to tell.
  public var detail: String
  public var shares: [Share]
  public var reach: Reach
  /// Whether what is waited for is true now; a want that is not listed is unknown.
  public var isTrue: [Want: Bool]
  /// How many parties a barrier lacks.
  public var missing: Int
  /// What has happened to it before, for texts.
  public var past: Past?
  /// Processes that had it and have ended, the last one last, for texts.
  public var former: [Former]

  /// One that has ended.
  public struct Former: Sendable {
    public var pid: Int32
    public var name: String
    /// As `ended with status 0`.
    public var ending: String

    public init(_ pid: Int32, name: String, ending: String) {
      self.pid = pid
      self.name = name
      self.ending = ending
    }
  }

  /// What is kept no longer, and a waiter may have missed.
  public enum Past: Hashable, Sendable {
    /// Notifications when no process waited; the last one of all by whom, and when (monotonic ns).
    case notified(lost: Int, by: Int32, when: Int64)
    /// It was set so often, last by whom, and cleared by whom (0: not).
    case wasSet(Int, by: Int32, clearedBy: Int32)

    /// The processes that did so; 0 is none.
    public var pids: [Int32] {
      switch self {
      case .notified(_, let pid, _): [pid]
      case .wasSet(_, let setter, let clearer): [setter, clearer]
      }
    }
  }

  public init(
    _ id: ObjectID, name: String = "", detail: String = "", _ shares: [Share] = [],
    reach: Reach = .members, isTrue: [Want: Bool] = [:], missing: Int = 1,
    former: [Former] = []
  ) {
    self.id = id
    self.name = name
    self.detail = detail
    self.shares = shares
    self.reach = reach
    self.isTrue = isTrue
    self.missing = missing
    self.former = former
  }

  /// The processes that could make a want true, and how many of them have to act.
  ///
  /// A lock has to be let go by all who hold it (several do with flock(2)), a barrier needs each
  /// party that is missing; of everything else one is enough.
  public func wakers(of want: Want) -> (pids: [Int32], needed: Int) {
    func having(_ roles: Roles) -> [Int32] {
      shares.filter { !$0.roles.isDisjoint(with: roles) }.map(\.pid)
    }
    switch want {
    case .end: return (id.pid.map { [$0] } ?? [], 1)
    case .hold:
      let holders = having(.holds)
      return (holders, max(1, holders.count))
    case .permit: return (having([.holds, .canAct]), 1)
    case .value: return (having([.canPut, .writes, .lent]), 1)
    case .room: return (having([.canGet, .reads]), 1)
    case .set, .notification, .result: return (having(.canAct), 1)
    case .arrival: return (having(.canAct), max(1, missing))
    case .signal, .time, .other: return ([], 1)
    }
  }
}
