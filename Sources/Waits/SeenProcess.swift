/// What the shared words of a channel tell of a process that has it, for one who waits there: the first
/// half of the rule of who is left, which is asked before each sleep.
public struct Standing: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// It will never use the channel again.
  public static let hasLeft = Standing(rawValue: 1)
  /// It waits for ever for the same, and was not woken since it saw that this is not there.
  public static let waitsForTheSame = Standing(rawValue: 2)
  /// It only does what another process tells it that has the channel, too: that one counts.
  public static let isIdleWorker = Standing(rawValue: 4)

  /// Whether it could be the one to act, if it lives; whether it can is for `SeenProcess` to tell.
  public var mayAct: Bool { isEmpty }
}

/// What one who waits for ever at a channel sees of another process, and what follows from it: the
/// rule of who is left.
///
/// A pure function of what was read, so that each case can be tried without processes.
public struct SeenProcess: Sendable {
  public enum Life: Sendable {
    case living, ended
    /// Its fork is under way, and it has not told its pid.
    case beginning
    /// It cannot be looked at.
    case unseen
  }

  public var pid: Int32
  public var life: Life
  /// It waits for ever for the same at the same channel, and was not woken since it saw that this is
  /// not there.
  public var waitsForTheSame = false
  /// It only does what another one tells it, and waits to be told: that one's pid.
  public var maker: Int32?
  /// Its wait record; nil while it is awake.
  public var note: WaitProcess.Sleep?
  public var flags: WaitProcess.Flags = []
  /// Whether all that the record names is sure not to be there yet.
  public var isNoteBelieved = false

  public init(pid: Int32, _ life: Life) {
    self.pid = pid
    self.life = life
  }

  /// The process as it stands in the graph of the one who looks, who waits for `target`.
  public func process(beside target: WaitTarget) -> WaitProcess {
    switch life {
    case .ended: return WaitProcess(pid: pid, .ended)
    case .beginning: return WaitProcess(pid: pid, .running)
    // An error of the kernel is no death.
    case .unseen: return WaitProcess(pid: pid, .unknown("it cannot be looked at"))
    case .living: break
    }
    if let maker {
      return WaitProcess(pid: pid, .asleep, .init("", [WaitTarget(.pool(0, of: maker), .value)]))
    }
    if waitsForTheSame { return WaitProcess(pid: pid, .asleep, .init("", [target])) }
    guard let note, isNoteBelieved else { return WaitProcess(pid: pid, .running) }
    return WaitProcess(pid: pid, .asleep, note, flags: flags)
  }
}
