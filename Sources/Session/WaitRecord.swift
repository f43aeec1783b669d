import Language
import Posix

/// How a process ended: what `wait` yields.
public final class WaitRecord {
  public let pid: Int32
  public let name: String
  public let info: ExitInfo
  /// From its start to its reaping (ns).
  public let elapsed: Int64
  /// What its block returned.
  public let value: Value

  init(_ process: ProcessHandle, _ info: ExitInfo, at moment: Int64, value: Value) {
    pid = process.pid
    name = process.name
    self.info = info
    elapsed = moment - process.startedAt
    self.value = value
  }

  public static let fieldNames = [
    "pid", "name", "exit", "signal", "ok", "elapsed", "cpu", "maxrss", "value",
  ]

  /// The exit status, nil if a signal ended it.
  public var exit: Int32? {
    if case .exited(let status) = info.cause { return status }
    return nil
  }

  /// The signal that ended it.
  public var signal: Signal? {
    if case .signaled(let signal, _) = info.cause { return signal }
    return nil
  }

  /// Whether it ended with status 0.
  public var ok: Bool { exit == 0 }

  /// `exited with 3`, `was ended by KILL`, for messages.
  public var phrase: String {
    switch info.cause {
    case .exited(let status): "ended with status \(status)"
    case .signaled(let signal, let core):
      "was ended by \(signal.name) (\(signal.word)\(core ? ", core dumped" : ""))"
    }
  }

  func field(_ name: String) -> Value? {
    switch name {
    case "pid": .int(Int(pid))
    case "name": .text(self.name)
    case "exit": exit.map { .int(Int($0)) } ?? .null
    case "signal": signal.map { .text($0.name) } ?? .null
    case "ok": .bool(ok)
    case "elapsed": .duration(Int(elapsed))
    case "cpu": .duration(Int(info.userTime + info.systemTime))
    case "maxrss": .size(Int(info.maxRSS))
    case "value": value
    default: nil
    }
  }

  /// The record as a map.
  public var map: Value {
    let map = MapObject(room: Self.keys.count)
    for (name, key) in Self.keys { map.set(key, field(name) ?? .null) }
    return .map(map)
  }

  nonisolated(unsafe) private static let keys = fieldNames.map { (name: $0, key: Value.text($0)) }
}
