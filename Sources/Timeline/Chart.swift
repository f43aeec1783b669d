/// What views are made of: a lane for each process, what state it was in, and arrows between them.
public struct Chart: Sendable {
  public enum State: Int, Sendable, CaseIterable {
    case running, sleeping, handler, program

    public var name: String {
      switch self {
      case .running: "running"
      case .sleeping: "sleeping"
      case .handler: "handler"
      case .program: "program"
      }
    }
  }

  /// A state, or a task, for some time; spans of one kind in one lane do not overlap.
  public struct Span: Sendable, Equatable {
    public var start: Int64
    public var end: Int64
    public var state: State
    /// What it waits for, which signal is handled, or which task it is; may be empty.
    public var label: String
    public var place: String?
  }

  /// An event in its lane.
  public struct Point: Sendable {
    public var time: Int64
    /// The lane's event before: what this one reports cannot have been earlier.
    public var earliest: Int64
    public var what: ChartEvent.What
    public var place: String?
    /// When it went to sleep on the way; nil if it did not.
    public var sleptSince: Int64?
    /// Who woke it then; 0 is not known.
    public var wokenBy: Int32 = 0
  }

  /// A process; one whose pid is used again has another lane.
  public struct Lane: Sendable {
    /// Which recording it is of.
    public var recording: Int
    public var pid: Int32
    public var name: String
    /// The lane of the process that made it.
    public var parent: Int?
    /// How many ancestors have lanes.
    public var depth = 0
    public var began: Int64
    public var ended: Int64
    /// Whether it is known to have ended; else `ended` is the end of the chart.
    public var hasEnded = false
    public var ending: ChartEvent.Ending?
    /// The other events of this process are not known, since it is a program from the beginning.
    public var isProgram = false
    public var spans: [Span] = []
    public var tasks: [Span] = []
    public var points: [Point] = []
    /// How many of its events were overwritten.
    public var lost: Int64 = 0
    /// How many lanes with the same pid come before it.
    public var incarnation = 0

    /// As `worker1 (4711)`.
    public var title: String { name.isEmpty ? "(\(pid))" : "\(name) (\(pid))" }
  }

  public enum ArrowKind: Int, Sendable, CaseIterable {
    case fork, exit, message, signal, handOver

    public var name: String {
      switch self {
      case .fork: "fork"
      case .exit: "exit"
      case .message: "message"
      case .signal: "signal"
      case .handOver: "hand-over"
      }
    }
  }

  /// Where an arrow begins or ends.
  public struct End: Sendable, Equatable {
    public var lane: Int
    /// Which of the lane's points.
    public var point: Int
    public var time: Int64
  }

  /// One process has brought something about in another: `from` is never later than `to`.
  public struct Arrow: Sendable, Equatable {
    public var kind: ArrowKind
    public var from: End
    public var to: End
    /// How many items went at once.
    public var count: Int64 = 1
  }

  /// A point of time that a process has named.
  public struct Mark: Sendable, Equatable {
    public var time: Int64
    public var lane: Int
    public var text: String
  }

  /// What a selection does not show.
  public struct LeftOut: Sendable, Equatable {
    public var lanes = 0
    public var arrows = 0
    public var events = 0

    public init() {}
    public var isEmpty: Bool { self == LeftOut() }
  }

  /// A parent comes before its children.
  public var lanes: [Lane] = []
  /// In order of the time at which they end.
  public var arrows: [Arrow] = []
  public var marks: [Mark] = []
  /// The time that is shown (ns since the first recording began).
  public var begin: Int64 = 0
  public var end: Int64 = 0
  public var events = 0
  /// Items and messages that were received, and whose sending was not recorded.
  public var unmatched = 0
  /// Arrows whose end was recorded as earlier than the event before their beginning.
  public var disordered = 0
  /// Events that were overwritten before they were read.
  public var lost: Int64 = 0
  /// Lines of the files that could not be understood.
  public var unread = 0
  public var leftOut = LeftOut()
  /// One for each recording: a script, a host and a pid.
  public var titles: [String] = []
  /// CLOCK_REALTIME at time 0 (ns since 1970), if it is known.
  public var realtime: Int64?

  public init() {}

  public func point(_ end: End) -> Point { lanes[end.lane].points[end.point] }

  /// Messages that were received and whose sender is known.
  public var deliveries: Int { arrows.count { $0.kind == .message } }

  /// What an arrow stands for, as `queue jobs #3`, `TERM`, `fork kid`.
  public func label(_ arrow: Arrow) -> String {
    let from = point(arrow.from)
    switch from.what {
    case .operation(let operation):
      let object = operation.object.text
      guard arrow.kind == .message, case .operation(let receipt) = point(arrow.to).what,
        let first = receipt.number
      else { return object }
      let number = max(first, operation.number ?? first)
      return arrow.count > 1
        ? "\(object) #\(number)-\(number &+ arrow.count &- 1)" : "\(object) #\(number)"
    case .kill(_, let signal): return signal
    case .fork: return "fork \(lanes[arrow.to.lane].name)"
    case .spawn: return "spawn \(lanes[arrow.to.lane].name)"
    case .exit(let ending): return ending.map { "exit \($0.text)" } ?? "exit"
    default: return arrow.kind.name
    }
  }

  /// The value that a message carries, as far as it was recorded.
  public func value(_ arrow: Arrow) -> String? {
    guard arrow.kind == .message else { return nil }
    if case .operation(let sent) = point(arrow.from).what, let value = sent.value { return value }
    if case .operation(let received) = point(arrow.to).what { return received.value }
    return nil
  }
}

extension Chart.Point {
  /// A short text for lists, as `queue put jobs #3`.
  public var label: String {
    switch what {
    case .start(let name, _): return name.isEmpty ? "start" : "start \(name)"
    case .fork(_, let name): return "fork \(name)"
    case .spawn(_, let name): return "spawn \(name)"
    case .exec(let name): return "exec \(name)"
    case .exit(let ending): return ending.map { "exit \($0.text)" } ?? "exit"
    case .wait(let child, let ending):
      return "wait \(child)" + (ending.map { ": \($0.text)" } ?? "")
    case .kill(let pid, let signal): return "kill \(signal) \(pid)"
    case .handler(let signal): return "handler \(signal)"
    case .handled(let signal): return "handled \(signal)"
    case .operation(let operation):
      var text = operation.verb
      let name = operation.object.name.isEmpty ? "\(operation.object.id)" : operation.object.name
      if operation.object.id != 0 || !operation.object.name.isEmpty { text += " \(name)" }
      if let number = operation.number {
        text += " #\(number)"
        if operation.count > 1 { text += "-\(number &+ operation.count &- 1)" }
      }
      return operation.outcome == "ok" ? text : "\(text): \(operation.outcome)"
    case .sleep(let verb, let object):
      if verb.isEmpty { return "sleep" }
      return object.name.isEmpty ? "sleep in \(verb)" : "sleep in \(verb) \(object.name)"
    case .wake(_, let pid): return pid > 0 ? "woken by \(pid)" : "woken"
    case .task(let task):
      let name = "task \(task.number)" + (task.attempt > 1 ? ", attempt \(task.attempt)" : "")
      return task.isBegin ? "\(name) begins" : "\(name) ends: \(task.outcome)"
    case .print(let text): return "print \(text)"
    case .mark(let text): return "mark \(text)"
    case .lost(let count): return "\(count) events lost"
    }
  }

  /// The value of an operation, as far as it was recorded.
  public var value: String? {
    if case .operation(let operation) = what { return operation.value }
    return nil
  }
}
