/// A process of a `WaitGraph`: what it does, and what it waits for.
public struct WaitProcess: Sendable {
  /// What it was seen to do at both of two looks.
  public enum State: Hashable, Sendable {
    /// On a CPU, or asleep at one look and not in the same sleep at the other.
    case running
    /// Has what it waits for, or could run, but has not had its turn.
    case ready
    /// Blocked in `WaitProcess.sleep`.
    case asleep
    /// By a signal or a debugger; `sleep` is what it goes on with.
    case stopped
    case ended
    /// Cannot be read; the reason is for the report.
    case unknown(String)
  }

  /// What else decides whether it can act while it is asleep.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A handler of the user's could act when its signal comes.
    public static let handler = Flags(rawValue: 1)
    /// A timer of its own is pending and ends or interrupts the sleep.
    public static let alarm = Flags(rawValue: 2)
    /// A person can interrupt it and type something.
    public static let prompt = Flags(rawValue: 4)
    /// It runs a program: what it will do is not known to Brood.
    public static let program = Flags(rawValue: 8)
    /// Something of it that cannot be looked at could act: another thread, a timer whose signal is
    /// caught, a descriptor that several calls wait for.
    public static let otherWays = Flags(rawValue: 16)
    /// It is ended with the process that made it.
    public static let daemon = Flags(rawValue: 32)
    /// TERM does not end it at once: a handler, `finally` or `on-exit` runs first, or it is ignored.
    public static let outlivesTerm = Flags(rawValue: 64)
    /// The process of a session that reads the text.
    public static let session = Flags(rawValue: 128)
    /// What it slept for has come: a stopped process then needs only to be continued.
    public static let woken = Flags(rawValue: 256)
  }

  /// A sleep in one call.
  public struct Sleep: Sendable {
    /// Whether one of the targets ends the sleep, or only all of them.
    public enum Mode: Sendable { case any, all }

    /// The verb or call, as `lock acquire`.
    public var verb: String
    public var targets: [WaitTarget]
    public var mode: Mode
    /// There are targets that are not listed.
    public var hasMore: Bool
    /// When it began (monotonic ns).
    public var since: Int64
    /// When it ends by itself (monotonic ns); nil for never.
    public var deadline: Int64?
    public var place: SourcePlace?

    public init(
      _ verb: String, _ targets: [WaitTarget], mode: Mode = .any, hasMore: Bool = false,
      since: Int64 = 0, deadline: Int64? = nil, place: SourcePlace? = nil
    ) {
      self.verb = verb
      self.targets = targets
      self.mode = mode
      self.hasMore = hasMore
      self.since = since
      self.deadline = deadline
      self.place = place
    }
  }

  /// A signal whose block has run in it.
  public struct Handled: Sendable {
    public var signal: Int32
    /// When the last one came (monotonic ns).
    public var when: Int64
    /// The block's.
    public var place: SourcePlace?

    public init(signal: Int32, when: Int64, place: SourcePlace?) {
      self.signal = signal
      self.when = when
      self.place = place
    }
  }

  public var pid: Int32
  /// Clock ticks after boot, as in proc_pid_stat(5); 0 if not known.
  public var start: UInt64
  public var name: String
  /// The pid of its parent; 0 if not known.
  public var parent: Int32
  public var state: State
  public var sleep: Sleep?
  public var flags: Flags
  /// The last few, for texts.
  public var handled: [Handled] = []
  /// Where it was forked, for texts.
  public var forked: SourcePlace?

  public init(
    pid: Int32, name: String = "", start: UInt64 = 0, parent: Int32 = 0, _ state: State,
    _ sleep: Sleep? = nil, flags: Flags = []
  ) {
    self.pid = pid
    self.start = start
    self.name = name
    self.parent = parent
    self.state = state
    self.sleep = sleep
    self.flags = flags
  }
}
