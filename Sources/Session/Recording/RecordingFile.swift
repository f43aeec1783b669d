import Channels
import Language
import Posix
import Processes
import Waits

/// A recording as JSON lines: a first line about the session, then one for each event.
///
/// Times are ns since the recording began. The fields of each kind of event are those that
/// `Sources/README.md` lists.
public struct RecordingFile {
  private var bytes: [UInt8] = []
  private var names: [UInt64: String] = [:]

  /// The text of a recording, events in the order of their times.
  public static func bytes(of recording: Recording, version: String) -> [UInt8] {
    var file = RecordingFile()
    file.head(recording, version)
    let events = recording.events().enumerated().sorted {
      ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
    }
    for (_, event) in events where event.what == .name { file.names[event.id] = event.text }
    for (_, event) in events where event.what != .name { file.add(event) }
    return file.bytes
  }

  private mutating func head(_ recording: Recording, _ version: String) {
    let begin = recording.begin
    bytes += "{\"brood\":1".utf8
    field("version", text: version)
    field("session", Int(recording.session))
    field("script", text: recording.script)
    field("host", text: Machine.hostName)
    field("boot", text: Machine.bootID)
    field("clock", text: "monotonic")
    field("began", text: timeText(Int(begin.real)))
    field("zero", Int(begin.monotonic))
    bytes += "}\n".utf8
  }

  private mutating func add(_ event: RecordedEvent) {
    bytes += "{\"t\":\(event.time),\"pid\":\(event.pid)".utf8
    switch event.what {
    case .start:
      field("ev", text: "start")
      field("name", text: event.text)
      field("parent", Int(event.other))
    case .fork, .spawn:
      field("ev", text: event.what == .fork ? "fork" : "spawn")
      field("child", Int(event.other))
      field("name", text: event.text)
    case .exec:
      field("ev", text: "exec")
      field("name", text: event.text)
    case .exit:
      field("ev", text: "exit")
      ending(event)
    case .wait:
      field("ev", text: "wait")
      field("child", Int(event.other))
      ending(event)
    case .kill:
      field("ev", text: "kill")
      field("to", Int(event.other))
      signal(event.number)
    case .handler, .handled:
      field("ev", text: event.what == .handler ? "handler" : "handled")
      signal(event.number)
    case .operation:
      field("ev", text: "op")
      field("verb", text: event.verb?.name ?? "")
      object(event)
      if event.number > 0 { field("n", Int(clamping: event.number)) }
      if event.count > 1 { field("count", event.count) }
      if event.size > 0 {
        field("size", event.size)
        let value = ValuePrefix.text(event.bytes, of: event.size)
        if !value.isEmpty { field("value", text: value) }
      }
      field("out", text: event.outcome.name)
    case .sleep:
      field("ev", text: "sleep")
      let verb = event.verb?.name ?? ""
      field("verb", text: verb.isEmpty ? event.text : verb)
      object(event)
    case .wake:
      field("ev", text: "wake")
      object(event)
      field("by", Int(event.other))
    case .task, .taskEnd:
      field("ev", text: "task")
      field("task", Int(clamping: event.number))
      field("attempt", event.count)
      field("pool", Int(clamping: event.id))
      field("phase", text: event.what == .task ? "begin" : "end")
      if event.what == .taskEnd { field("out", text: event.outcome.name) }
    case .print:
      field("ev", text: "print")
      field("text", text: event.text)
    case .mark:
      field("ev", text: "mark")
      field("text", text: event.text)
    case .name, .more: break
    }
    if let place = event.place { field("at", text: "\(place.text):\(place.line)") }
    bytes += "}\n".utf8
  }

  private mutating func object(_ event: RecordedEvent) {
    guard event.kind != 0 else { return }
    let kind = ObjectID.Kind(rawValue: event.kind)
    let word = Channel.Kind(rawValue: UInt32(event.kind))?.word ?? kind.map { "\($0)" }
    field("on", text: word ?? "other")
    field("id", Int(truncatingIfNeeded: event.id))
    if let name = names[event.id], !name.isEmpty { field("name", text: name) }
  }

  private mutating func ending(_ event: RecordedEvent) {
    if let signal = RecordedEnding.signal(event.number) {
      field("signal", text: signal.name)
    } else {
      field("status", Int(clamping: event.number))
    }
  }

  private mutating func signal(_ number: UInt64) {
    field("signal", text: Signal(Int32(truncatingIfNeeded: number))?.name ?? "\(number)")
  }

  private mutating func field(_ name: String, _ number: Int) {
    bytes += ",\"\(name)\":\(number)".utf8
  }

  private mutating func field(_ name: String, text: String) {
    bytes += ",\"\(name)\":\"".utf8
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes += "\\\"".utf8
      case "\\": bytes += "\\\\".utf8
      case "\n": bytes += "\\n".utf8
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
      default: bytes += String(scalar).utf8
      }
    }
    bytes.append(0x22)
  }
}

/// How a process ended, as the number of an event has it.
enum RecordedEnding {
  private static let signaled: UInt64 = 1 << 16

  static func number(_ cause: ExitInfo.Cause) -> UInt64 {
    switch cause {
    case .exited(let status): UInt64(UInt32(bitPattern: status) & 0xFFFF)
    case .signaled(let signal, _): signaled | UInt64(signal.number)
    }
  }

  static func signal(_ number: UInt64) -> Signal? {
    guard number & signaled != 0 else { return nil }
    return Signal(Int32(truncatingIfNeeded: number & 0xFFFF))
  }
}
