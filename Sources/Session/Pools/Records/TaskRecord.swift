import Glibc
import Language
import Posix
import Processes

/// What became of one task: of a program of `pool run`, or of a block of `pool map`.
public struct TaskRecord {
  public internal(set) var index: Int
  /// What it works on, in words.
  public let input: TaskInput
  /// Likewise, as a value.
  public let item: Value
  /// What a block yielded or threw; nil of a program.
  public var outcome: TaskOutcome?
  /// What else is known of a block, by the names of fields.
  var facts: MapObject?
  /// What a journal knows of each input, where the call is for several.
  public internal(set) var members: [RecalledProgram] = []
  /// What it is known by, whatever its place: its content.
  public var key: String?
  public var pid: Int32 = 0
  /// Its place among the programs that run at once, from 0.
  public internal(set) var slot = 0
  /// How many bytes its last attempt wrote to standard output.
  public internal(set) var outputSize = 0
  public var attempts = 0
  /// Where its last attempt ran; nil for here.
  public internal(set) var host: String?
  /// When its last attempt began (ns since 1970).
  public var start: Int64 = 0
  public var elapsed: Int64 = 0
  public var info: ExitInfo?
  public var hasTimedOut = false
  /// How much memory it could have.
  public var memoryLimit: Int?
  /// Never started, or ended because it was not wanted any more.
  public var isCancelled = false
  /// Never begun, since one that it needs had not succeeded.
  public internal(set) var isBlocked = false
  /// Why it could not be started.
  public var problem: String?
  /// What a shell would say of that: 127 or 126.
  var problemStatus: Int32?
  /// What to do about that.
  public var remedy: String?
  /// The last line of its standard error.
  public var lastLine: String?
  /// What a journal knows of it.
  public var recalled: RecalledProgram?

  /// Of a program.
  public init(index: Int, input: TaskInput) {
    self.index = index
    self.input = input
    item = input.value
  }

  /// Of a block.
  public init(index: Int, item: Value) {
    self.index = index
    self.item = item
    input = TaskInput([])
  }

  public var exit: Int32? {
    if case .exited(let status)? = info?.cause { return status }
    return nil
  }

  public var signal: Signal? {
    if case .signaled(let signal, _)? = info?.cause { return signal }
    return nil
  }

  public var isOk: Bool {
    switch outcome {
    case .value?: true
    case .failure?: false
    case nil: exit == 0 && !hasTimedOut
    }
  }

  /// As `exit status 3: no such file`, for messages.
  public var phrase: String {
    var text: String
    if let problem {
      text = TaskInput.shortened(problem, to: 200)
    } else if hasTimedOut {
      text = "took too long"
    } else if let exit {
      text = "exit status \(exit)" + (WaitRecord.meaning(ofStatus: exit).map { " (\($0))" } ?? "")
    } else if let signal {
      text = "ended by \(signal.name)"
    } else {
      text = "not started"
    }
    if let memoryLimit, let used = info?.maxRSS, !isOk, used >= memoryLimit / 2 {
      text += ", having used \(sizeText(Int(used))) of \(sizeText(memoryLimit)) of memory"
    }
    if let lastLine { text += ": \(lastLine)" }
    if recalled?.isSkipped == true { text += " (in an earlier run)" }
    return text
  }

  /// The fields of a record, in their order.
  public static let fieldNames = [
    "index", "key", "item", "pid", "host", "attempts", "start", "elapsed", "cpu", "maxrss", "exit",
    "signal", "timed_out", "ok", "output", "error",
  ]

  /// What the records of blocks have beside these.
  static let fieldsOfBlocks = ["value", "failure"]

  /// - Parameters: what it wrote, where that was kept.
  public func value(output: [UInt8]? = nil, error: [UInt8]? = nil) -> Value {
    if let outcome { return value(of: outcome) }
    let output = output ?? recalled?.output
    let error = error ?? recalled?.error
    let value = Value.record([
      "index": .int(index), "key": key.map { .text($0) } ?? .null, "item": item,
      "pid": pid == 0 ? .null : .int(Int(pid)), "host": .text(host ?? Machine.hostName),
      "attempts": .int(attempts), "start": start == 0 ? .null : .time(Int(start)),
      "elapsed": .duration(Int(elapsed)),
      "cpu": info.map { .duration(Int($0.userTime + $0.systemTime)) } ?? .null,
      "maxrss": info.map { .size(Int($0.maxRSS)) } ?? .null,
      "exit": exit.map { .int(Int($0)) } ?? .null,
      "signal": signal.map { .text($0.name) } ?? .null, "timed_out": .bool(hasTimedOut),
      "ok": .bool(isOk), "output": output.map(TaskInput.value) ?? .null,
      "error": problem.map { .text($0) } ?? error.map(TaskInput.value) ?? .null,
    ])
    if let recalled, case .map(let map) = value {
      map.set("skipped", .bool(recalled.isSkipped))
      map.set("why", recalled.why.map { .text($0) } ?? .null)
    }
    return value
  }
}
