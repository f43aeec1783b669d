import Channels
import Posix
import Processes
import Waits

/// An event of a recording with names in place of numbers.
public struct RecordedFact {
  /// A word as `ev` of the file of a recording has it: fork, wait, kill, op.
  public var kind: String
  /// CLOCK_MONOTONIC (ns).
  public var time: Int64
  public var pid: Int32
  /// The process that did it; the session's own is `brood`.
  public var by: String
  /// The child, the target or the object; empty for none.
  public var of = ""
  public var signal: String?
  public var status: Int?
  /// Of an operation or a sleep: `put`, `acquire`.
  public var verb: String?
  /// The kind of the object: `queue`.
  public var on: String?
  /// The item's number, the same for who puts it and who gets it.
  public var number: Int?
  /// The beginning of the value, as text.
  public var value: String?
  public var outcome: String?
  public var text: String?

  /// What was recorded since a moment, oldest first.
  ///
  /// O(n) in all events, O(n log n) in those of the kind.
  ///
  /// - Parameter kind: the only kind that is wanted; nil for all.
  public static func all(
    in recording: Recording, since moment: Int64, kind wanted: String? = nil
  ) -> [RecordedFact] {
    let begin = recording.begin.monotonic
    var processes: [Int32: String] = [recording.session: "brood"]
    var objects: [UInt64: String] = [:]
    let needed: (Recorder.What) -> Bool = { what in
      [.name, .fork, .spawn].contains(what) || wanted == nil || word(what) == wanted
    }
    let events = recording.events(where: needed).enumerated()
      .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    var facts: [RecordedFact] = []
    for event in events where event.what == .name { objects[event.id] = event.text }
    // A child may do something before its parent has written that it was forked.
    for event in events where event.what == .fork || event.what == .spawn {
      processes[event.other] = event.text
    }
    for event in events {
      guard event.time + begin >= moment, let kind = word(event.what),
        wanted == nil || kind == wanted
      else { continue }
      var fact = RecordedFact(
        kind: kind, time: event.time + begin, pid: event.pid,
        by: processes[event.pid] ?? "\(event.pid)")
      fact.fill(event, processes, objects)
      facts.append(fact)
    }
    return facts
  }

  /// Who has forked or started whom since a moment, oldest first.
  public static func forks(
    in recording: Recording, since moment: Int64
  ) -> [(parent: Int32, child: Int32)] {
    let begin = recording.begin.monotonic
    return recording.events { $0 == .fork || $0 == .spawn }.filter { event in
      (event.what == .fork || event.what == .spawn) && event.time + begin >= moment
    }.sorted { $0.time < $1.time }.map { ($0.pid, $0.other) }
  }

  /// The taking of a child's status.
  public init(reaped process: ProcessHandle, by pid: Int32) {
    kind = "wait"
    time = process.reapedAt
    self.pid = pid
    by = "brood"
    of = process.name
    switch process.record?.info.cause {
    case .exited(let status)?: self.status = Int(status)
    case .signaled(let signal, _)?: self.signal = signal.name
    case nil: break
    }
  }

  private init(kind: String, time: Int64, pid: Int32, by: String) {
    (self.kind, self.time, self.pid, self.by) = (kind, time, pid, by)
  }

  private static func word(_ what: Recorder.What) -> String? {
    switch what {
    case .start, .name, .more: nil
    case .operation: "op"
    case .taskEnd: "task"
    case .wait: "end"
    default: "\(what)"
    }
  }

  private mutating func fill(
    _ event: RecordedEvent, _ processes: [Int32: String], _ objects: [UInt64: String]
  ) {
    switch event.what {
    case .fork, .spawn: of = event.text
    case .wait: of = processes[event.other] ?? "\(event.other)"
    case .kill:
      of = event.other < 0 ? "group \(-event.other)" : processes[event.other] ?? "\(event.other)"
      signal = Signal(Int32(truncatingIfNeeded: event.number))?.name
    case .handler, .handled: signal = Signal(Int32(truncatingIfNeeded: event.number))?.name
    case .exec, .print, .mark: text = event.text
    case .operation, .sleep, .wake:
      of = objects[event.id] ?? ""
      verb = (event.verb?.name ?? event.text).split(separator: " ").last.map(String.init)
      if event.kind != 0 { on = Channel.Kind(rawValue: UInt32(event.kind))?.word }
      if event.what == .wake { of = processes[event.other] ?? "\(event.other)" }
      guard event.what == .operation else { break }
      outcome = event.outcome.name
      if event.number > 0 { number = Int(clamping: event.number) }
      if event.size > 0 {
        let text = ValuePrefix.text(event.bytes, of: event.size)
        if !text.isEmpty { value = text }
      }
    case .task, .taskEnd: number = Int(clamping: event.number)
    default: break
    }
    if event.what == .exit || event.what == .wait {
      if let ended = RecordedEnding.signal(event.number) {
        signal = ended.name
      } else {
        status = Int(clamping: event.number)
      }
    }
  }
}
