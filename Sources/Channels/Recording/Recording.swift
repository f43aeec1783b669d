import CPosix
import Posix
import Waits

/// What a process of a session did, and when.
public struct RecordedEvent: Sendable {
  /// Monotonic ns since the recording began.
  public var time: Int64
  /// Of the process that did it.
  public var pid: Int32
  /// What happened.
  public var what: Recorder.What
  /// How an operation ended.
  public var outcome: RecordedOutcome
  /// Which operation, or what a sleep is for; nil for other events.
  public var verb: OperationPoint.Verb?
  /// The number of the object's kind; 0 for none.
  public var kind: UInt16
  /// The object's own number; 0 for none.
  public var id: UInt64
  /// Of an item, a task, a signal, a wait status.
  public var number: UInt64
  /// How many items were put or taken at once; of a task, which attempt it is.
  public var count: Int
  /// Of the whole value or text (bytes).
  public var size: Int
  /// Another process that it is about; 0 for none.
  public var other: Int32
  /// The line that did it; nil if it is not known.
  public var place: SourcePlace?
  /// The text, or the first bytes of the value.
  public var bytes: [UInt8]

  /// The text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The recording of a session, as it lies in its memory or in a copy of that.
public struct Recording {
  private let memory: UnsafePointer<brood_events_header>
  /// Ticks of the clock in a second; 0 to measure it anew each time.
  private var rate: UInt64 = 0

  /// That of this session; nil if it has none.
  public static var own: Recording? { brood_events_memory().map { Recording(memory: $0) } }

  private init(memory: UnsafePointer<brood_events_header>) { self.memory = memory }

  /// What lies in a copy, which must outlive this value; nil if it is none, or has another layout.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, brood_events_are(base, UInt64(bytes.count)) else {
      return nil
    }
    memory = base.assumingMemoryBound(to: brood_events_header.self)
  }

  /// Measures the clock's rate now and for all times: an event that is read twice has the same time
  /// then, but late ones are less exact.
  public mutating func keepRate() { rate = brood_events_rate(memory) }

  /// The session's first process.
  public var session: Int32 { memory.pointee.session }
  /// Its guardian; 0 if it has none.
  public var guardian: Int32 { brood_events_guardian(memory) }
  /// When it began: monotonic ns, and ns since 1970.
  public var begin: (monotonic: Int64, real: Int64) {
    (Int64(clamping: memory.pointee.zero_ns), Int64(clamping: memory.pointee.zero_real))
  }
  /// What the session runs.
  public var script: String {
    withUnsafeBytes(of: memory.pointee.script) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// All events that are there, those of each process in their order.
  ///
  /// O(n log n) in their number.
  public func events() -> [RecordedEvent] { events { _ in true } }

  /// Those of some kinds, as `events`; the others are passed over without being read.
  public func events(where isWanted: (Recorder.What) -> Bool) -> [RecordedEvent] {
    var chunks: [(pid: Int32, serial: UInt64, index: UInt32)] = []
    for index in 0..<brood_events_top(memory) {
      var (serial, pid, used): (UInt64, Int32, UInt32) = (0, 0, 0)
      guard brood_events_chunk(memory, index, &serial, &pid, &used) else { continue }
      chunks.append((pid, serial, index))
    }
    chunks.sort { ($0.pid, $0.serial) < ($1.pid, $1.serial) }
    let rate = rate > 0 ? rate : brood_events_rate(memory)
    var result: [RecordedEvent] = []
    for chunk in chunks { read(chunk.index, chunk.serial, rate, isWanted, &result) }
    return result
  }

  private func read(
    _ index: UInt32, _ known: UInt64, _ rate: UInt64, _ isWanted: (Recorder.What) -> Bool,
    _ result: inout [RecordedEvent]
  ) {
    var (serial, pid, used): (UInt64, Int32, UInt32) = (0, 0, 0)
    guard brood_events_chunk(memory, index, &serial, &pid, &used), serial == known else { return }
    let events = UnsafeBufferPointer(start: brood_events_of(memory, index), count: Int(used))
    let copy = Array(events)
    let before = result.count
    var isTaken = false
    for event in copy {
      guard let what = Recorder.What(rawValue: event.what) else { continue }
      // What follows an event as its rest goes with it.
      if what != .more { isTaken = isWanted(what) }
      if isTaken { append(event, pid, rate, &result) }
    }
    // It was used again meanwhile: what was read is of two.
    guard brood_events_chunk(memory, index, &serial, &pid, &used), serial == known else {
      result.removeLast(result.count - before)
      return
    }
  }

  private func append(
    _ raw: brood_recorded, _ pid: Int32, _ rate: UInt64, _ result: inout [RecordedEvent]
  ) {
    guard let what = Recorder.What(rawValue: raw.what) else { return }
    if what == .more {
      guard let last = result.indices.last, result[last].pid == pid else { return }
      withUnsafeBytes(of: raw) { bytes in
        let rest = bytes.suffix(Int(BROOD_EVENT_REST)).prefix(Int(raw.outcome))
        result[last].bytes.append(contentsOf: rest)
      }
      return
    }
    let moment = brood_events_moment(memory, raw.ticks, rate)
    var place: SourcePlace?
    if raw.line > 0, let name = brood_events_text(memory, UInt32(raw.text)) {
      place = SourcePlace(String(cString: name), line: Int(raw.line))
    }
    let bytes = withUnsafeBytes(of: raw.bytes) { bytes in
      Array(bytes.prefix(min(Int(raw.size), bytes.count)))
    }
    result.append(
      RecordedEvent(
        time: Int64(clamping: moment) - begin.monotonic, pid: pid, what: what,
        outcome: RecordedOutcome(rawValue: raw.outcome) ?? .other,
        verb: OperationPoint.Verb(rawValue: raw.verb), kind: raw.kind, id: raw.id,
        number: raw.number, count: Int(raw.count), size: Int(raw.size), other: raw.other,
        place: place, bytes: bytes))
  }
}
