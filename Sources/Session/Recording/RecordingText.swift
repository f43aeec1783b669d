import Channels
import Posix
import Processes
import Waits

/// An event of a recording in words.
public enum RecordingText {
  /// - Parameters:
  ///   - names: of objects.
  ///   - process: the name of a process.
  public static func words(
    _ event: RecordedEvent, names: [UInt64: String], process: (Int32) -> String
  ) -> String {
    func signal() -> String {
      Signal(Int32(truncatingIfNeeded: event.number))?.name ?? "\(event.number)"
    }
    func ending() -> String {
      RecordedEnding.signal(event.number).map { "ended by \($0.name)" }
        ?? "exited with status \(event.number)"
    }
    func object() -> String {
      if let name = names[event.id], !name.isEmpty { return " \(name)" }
      return ""
    }
    switch event.what {
    case .start: return "began"
    case .fork: return "forked \(process(event.other))"
    case .spawn: return "started \(process(event.other))"
    case .exec: return "became \(event.text)"
    case .exit: return ending()
    case .wait: return "saw that \(process(event.other)) \(ending())"
    case .kill:
      let target = event.other < 0 ? "group \(-event.other)" : process(event.other)
      return "sent \(signal()) to \(target)"
    case .handler: return "began its handler of \(signal())"
    case .handled: return "ended its handler of \(signal())"
    case .operation:
      let value = event.size > 0 ? " " + ValuePrefix.text(event.bytes, of: event.size) : ""
      let outcome = event.outcome == .ok ? "" : ": \(event.outcome.name)"
      return "\(event.verb?.name ?? "")\(object())\(value)\(outcome)"
    case .sleep:
      let verb = event.verb.map(\.name) ?? ""
      return "began to wait: " + (verb.isEmpty ? event.text : verb + object())
    case .wake: return "was woken\(object())"
    case .task: return "began task \(event.number)"
    case .taskEnd: return "ended task \(event.number)"
    case .print: return "printed \(event.text)"
    case .mark: return "mark \(event.text)"
    case .name, .more: return ""
    }
  }
}
