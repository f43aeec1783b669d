/// One event of a recording, as the process that wrote it saw it.
public struct ChartEvent: Sendable, Equatable {
  /// How a process ended.
  public enum Ending: Sendable, Equatable {
    case status(Int)
    /// The name of the signal, as `TERM`.
    case signal(String)

    /// As `status 1` or `by KILL`.
    public var text: String {
      switch self {
      case .status(let status): "status \(status)"
      case .signal(let name): "by \(name)"
      }
    }
  }

  /// What processes share: a queue, a lock and so on.
  public struct SharedObject: Sendable, Hashable {
    /// The kind, as `queue`.
    public var kind: String
    public var id: Int64
    public var name: String

    public init(_ kind: String, _ id: Int64, _ name: String = "") {
      self.kind = kind
      self.id = id
      self.name = name
    }

    /// Whether it is one and the same, whatever it was called.
    func isSame(as other: SharedObject) -> Bool { kind == other.kind && id == other.id }

    /// As `queue jobs`, or `queue 7` for one without a name; empty if it is nothing.
    public var text: String {
      if kind.isEmpty { return name }
      if name.isEmpty { return id == 0 ? kind : "\(kind) \(id)" }
      return "\(kind) \(name)"
    }
  }

  /// An operation on a shared object that has ended.
  public struct Operation: Sendable, Equatable {
    /// As typed, `queue put`.
    public var verb: String
    public var object: SharedObject
    /// The number of the first item or message; puts and gets have the same.
    public var number: Int64?
    /// How many items.
    public var count: Int64
    /// In bytes.
    public var size: Int64?
    /// The first bytes of the value, as text.
    public var value: String?
    /// `ok`, or the kind of the error.
    public var outcome: String

    public init(
      _ verb: String, _ object: SharedObject, number: Int64? = nil, count: Int64 = 1,
      size: Int64? = nil, value: String? = nil, outcome: String = "ok"
    ) {
      self.verb = verb
      self.object = object
      self.number = number
      self.count = count
      self.size = size
      self.value = value
      self.outcome = outcome
    }
  }

  /// The beginning or the end of a task of a pool.
  public struct PoolTask: Sendable, Equatable {
    public var number: Int64
    public var attempt: Int64
    public var pool: String
    public var isBegin: Bool
    /// How it ended; empty at the beginning.
    public var outcome: String

    public init(
      _ number: Int64, attempt: Int64 = 1, pool: String = "", isBegin: Bool, outcome: String = ""
    ) {
      self.number = number
      self.attempt = attempt
      self.pool = pool
      self.isBegin = isBegin
      self.outcome = outcome
    }
  }

  public enum What: Sendable, Equatable {
    /// The first event of a process; parent 0 is unknown.
    case start(name: String, parent: Int32)
    /// The child has events of its own.
    case fork(child: Int32, name: String)
    /// The child is a program, without events of its own.
    case spawn(child: Int32, name: String)
    /// The process has become a program.
    case exec(name: String)
    /// An orderly end, by the process itself.
    case exit(Ending?)
    /// The end of a child was taken in.
    case wait(child: Int32, Ending?)
    case kill(to: Int32, signal: String)
    /// A block for a signal begins.
    case handler(signal: String)
    /// It has ended.
    case handled(signal: String)
    case operation(Operation)
    case sleep(verb: String, on: SharedObject)
    /// By whom; 0 is not known.
    case wake(on: SharedObject, by: Int32)
    case task(PoolTask)
    case print(String)
    case mark(String)
    /// So many events of this process were overwritten before they were read.
    case lost(Int64)
  }

  /// Nanoseconds since the start of the recording.
  public var time: Int64
  public var pid: Int32
  public var what: What
  /// A text and a line, as `demo.brood:12`.
  public var place: String?

  public init(_ time: Int64, _ pid: Int32, _ what: What, at place: String? = nil) {
    self.time = time
    self.pid = pid
    self.what = what
    self.place = place
  }
}

/// All that was recorded of a session.
public struct ChartSource: Sendable {
  /// The pid of the session's own process.
  public var session: Int32
  public var script: String
  public var host: String
  /// The boot of that host; recordings of one boot have one monotonic clock.
  public var boot: String
  /// CLOCK_MONOTONIC at the start of the recording (ns).
  public var zero: Int64
  /// CLOCK_REALTIME then (ns since 1970); nil if it is not known.
  public var began: Int64?
  /// Those of one process in order of time, those of several in any order.
  public var events: [ChartEvent]
  /// How many lines could not be understood.
  public var unread = 0

  public init(
    session: Int32, script: String = "", host: String = "", boot: String = "", zero: Int64 = 0,
    began: Int64? = nil, events: [ChartEvent] = []
  ) {
    self.session = session
    self.script = script
    self.host = host
    self.boot = boot
    self.zero = zero
    self.began = began
    self.events = events
  }
}
