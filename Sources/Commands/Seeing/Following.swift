import Language
import Posix
import Session
import Waits

/// `why --follow`: tells of processes again when what is said of them has changed.
struct Following {
  private let looks: Looks
  private let pids: [Int32]
  private let write: (String) throws -> Void

  init(_ looks: Looks, _ pids: [Int32], write: @escaping (String) throws -> Void) {
    self.looks = looks
    self.pids = pids
    self.write = write
  }

  /// Ends when all processes have ended; an interrupt is thrown.
  func run(_ session: Session, _ interpreter: Interpreter) throws {
    var last: [String] = []
    while true {
      let report = looks.why(pids)
      let now = report.records.map(sign)
      if now != last {
        try write(report.text)
        try session.output.flush()
        last = now
      }
      if report.records.allSatisfy({ hasEnded($0) }) { return }
      // Nothing tells when another process falls asleep or wakes.
      let deadline = Clock.deadline(after: 500_000_000)
      _ = try session.pause(interpreter, until: deadline) { false }
    }
  }

  /// What counts as a change: not the time that goes by.
  private func sign(_ record: Value) -> String {
    guard case .map(let map) = record else { return "" }
    return ["pid", "state", "verdict", "waits", "wakers"].map { key in
      map.get(key)?.asText ?? ""
    }.joined(separator: " ")
  }

  private func hasEnded(_ record: Value) -> Bool {
    guard case .map(let map) = record else { return true }
    return map.get("verdict")?.asText == Verdict.ended.rawValue
  }
}
