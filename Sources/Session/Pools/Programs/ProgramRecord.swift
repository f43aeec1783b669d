import Language
import Posix

/// What became of one program of `pool run`.
public struct ProgramRecord {
  public let index: Int
  public let input: String
  public var pid: Int32 = 0
  public var attempts = 0
  /// When its last attempt began (ns since 1970).
  public var start: Int64 = 0
  public var elapsed: Int64 = 0
  public var info: ExitInfo?
  public var hasTimedOut = false
  /// Never started, or ended because it was not wanted any more.
  public var isCancelled = false
  /// Why it could not be started.
  public var problem: String?
  /// The last line of its standard error.
  public var lastLine: String?
  /// What a journal knows of it.
  public var recalled: RecalledProgram?

  public init(index: Int, input: String) {
    self.index = index
    self.input = input
  }

  public var exit: Int32? {
    if case .exited(let status)? = info?.cause { return status }
    return nil
  }

  public var signal: Signal? {
    if case .signaled(let signal, _)? = info?.cause { return signal }
    return nil
  }

  public var isOk: Bool { exit == 0 && !hasTimedOut }

  /// As `exit status 3: no such file`, for messages.
  public var phrase: String {
    var text: String
    if let problem {
      text = problem
    } else if hasTimedOut {
      text = "took too long"
    } else if let exit {
      text = "exit status \(exit)"
    } else if let signal {
      text = "ended by \(signal.name)"
    } else {
      text = "not started"
    }
    if let lastLine { text += ": \(lastLine)" }
    if recalled?.isSkipped == true { text += " (in an earlier run)" }
    return text
  }

  /// - Parameters: what it wrote, where that was kept.
  public func value(output: [UInt8]?, error: [UInt8]?) -> Value {
    func text(_ bytes: [UInt8]?) -> Value {
      bytes.map { .string(StringObject.make(decoding: $0)) } ?? .null
    }
    return .record([
      "index": .int(index), "item": .text(input), "pid": pid == 0 ? .null : .int(Int(pid)),
      "attempts": .int(attempts), "start": start == 0 ? .null : .time(Int(start)),
      "elapsed": .duration(Int(elapsed)),
      "cpu": info.map { .duration(Int($0.userTime + $0.systemTime)) } ?? .null,
      "maxrss": info.map { .size(Int($0.maxRSS)) } ?? .null,
      "exit": exit.map { .int(Int($0)) } ?? .null,
      "signal": signal.map { .text($0.name) } ?? .null, "timed_out": .bool(hasTimedOut),
      "ok": .bool(isOk), "output": text(output),
      "error": problem.map { .text($0) } ?? text(error),
    ])
  }
}
