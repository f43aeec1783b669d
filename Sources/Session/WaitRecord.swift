import Language
import Posix
import Processes

/// How a process ended: what `wait` yields.
public final class WaitRecord {
  public let pid: Int32
  public let name: String
  public let info: ExitInfo
  /// From its start to its reaping (ns).
  public let elapsed: Int64
  /// What its block returned.
  public let value: Value
  /// Whether it printed the error that it ended with.
  public let hasReported: Bool
  /// The members before it, for the last one of a pipeline in the background.
  private let members: [ProcessHandle]

  /// Their records.
  public var upstream: [WaitRecord] { members.compactMap(\.record) }

  init(_ process: ProcessHandle, _ info: ExitInfo, at moment: Int64, value: Value) {
    pid = process.pid
    name = process.name
    self.info = info
    elapsed = moment - process.startedAt
    self.value = value
    hasReported = process.hasReported
    members = process.upstream.filter { !$0.isRelay }
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

  /// How it ended in one number, as shells have it: the status, or 128 and the signal.
  public var statusNumber: Int32 { exit ?? 128 + (signal?.number ?? 0) }

  /// Whether it ended with status 0, and the members of its pipeline did or lost their reader.
  public var ok: Bool { failure == nil }

  /// The first of its pipeline that failed, nil if none did.
  public var failure: WaitRecord? {
    upstream.first(where: \.hasFailed) ?? (exit == 0 ? nil : self)
  }

  /// Whether it failed as a member that is not the last one.
  public var hasFailed: Bool { exit != 0 && !lostReader }

  /// Whether it ended as a writer does whose reader left; 141 is how a shell in between tells it.
  var lostReader: Bool { signal == .pipe || exit == 141 }

  /// How it ended, as fields of an error.
  public var errorFacts: [String: Value] {
    [
      "status": exit.map { .int(Int($0)) } ?? .null,
      "signal": signal.map { .text($0.name) } ?? .null,
      "record": map,
    ]
  }

  /// Whether TERM ended it, or what it waited for, as shells tell by their status.
  var isOfTerm: Bool { statusNumber == 128 + Signal.term.number }

  /// TERM that comes to all processes at once may end a program before this one knows of it: so long
  /// it is waited for (ns).
  static let timeOfEndings: Int64 = 100_000_000

  /// What its status means if it is that of a shell whose child was ended by a signal.
  public var statusMeaning: String? { exit.flatMap { WaitRecord.meaning(ofStatus: $0) } }

  /// As `137 = 128 + 9: so a shell tells that KILL ended its child`; nil for other statuses.
  public static func meaning(ofStatus status: Int32) -> String? {
    guard status > 128, status <= 192, let signal = Signal(status - 128) else { return nil }
    let sum = "\(status) = 128 + \(signal.number)"
    return "\(sum): so a shell tells that \(signal.name) ended its child"
  }

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
    case "all": upstream.isEmpty ? nil : .items(upstream.map(\.map) + [.map(alone())])
    default: nil
    }
  }

  /// The record as a map; of a pipeline's last process also those of all members, in `all`.
  public var map: Value {
    let map = ownMap()
    if let all = field("all") { map.set(.text("all"), all) }
    return .map(map)
  }

  /// Its map in that list, where `ok` is its own.
  private func alone() -> MapObject {
    let map = ownMap()
    map.set(.text("ok"), .bool(exit == 0))
    return map
  }

  private func ownMap() -> MapObject {
    let map = MapObject(room: Self.keys.count)
    for (name, key) in Self.keys { map.set(key, field(name) ?? .null) }
    return map
  }

  nonisolated(unsafe) private static let keys = fieldNames.map { (name: $0, key: Value.text($0)) }
}
