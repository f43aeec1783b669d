import Language
import Posix
import Processes
import Session

/// A process that is described first and started later, as `multiprocessing.Process` is.
final class ProcessObject: Handle, NameHolder {
  let name: String
  let target: Value
  let arguments: NamedArguments.Arranged
  let isDaemon: Bool
  private(set) var process: ProcessHandle?
  private(set) var isClosed = false

  init(name: String, target: Value, arguments: NamedArguments.Arranged, isDaemon: Bool) {
    self.name = name
    self.target = target
    self.arguments = arguments
    self.isDaemon = isDaemon
  }

  /// Its name is free again once it was waited for, or closed.
  var holdsName: Bool { !isClosed && process?.record == nil }

  override var typeName: String { "process" }

  override var text: String {
    if isClosed { return "process \(name) (closed)" }
    return process?.text ?? "process \(name) (not started)"
  }

  override var fieldNames: [String] {
    ["name", "pid", "alive", "daemon", "exitcode", "state", "word"]
  }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": return .text(self.name)
    case let name where isClosed && Self.knows(name): throw closedError
    case "pid": return process.map { .int(Int($0.pid)) } ?? .null
    case "daemon": return .bool(isDaemon)
    case "alive": return .bool(isAlive)
    case "exitcode": return process.map { Self.exitCode(of: $0) } ?? .null
    case "state", "word":
      guard let process else { return .text(name == "state" ? "" : "new") }
      return process.field(name)
    default: return process?.field(name)
    }
  }

  private static func knows(_ name: String) -> Bool {
    ["pid", "alive", "daemon", "exitcode", "id", "command"].contains(name)
      || WaitRecord.fieldNames.contains(name) || name == "state" || name == "word"
  }

  private var closedError: ErrorObject {
    ErrorObject(
      .closed, "process '\(name)' is closed", help: "read what you need before you close it")
  }

  /// Throws after `process close`.
  func requireOpen() throws { if isClosed { throw closedError } }

  /// Whether it was started and has not ended.
  var isAlive: Bool {
    guard let process else { return false }
    return !"ZX".contains(process.letter)
  }

  /// The status, or the signal's number negated; null before its end.
  static func exitCode(of process: ProcessHandle) -> Value {
    guard let info = process.record?.info ?? (try? process.ending) else { return .null }
    switch info.cause {
    case .exited(let status): return .int(Int(status))
    case .signaled(let signal, _): return .int(-Int(signal.number))
    }
  }

  /// A field of the record that it has or will have; nil before its end.
  static func outcome(
    of process: ProcessHandle, _ field: String, _ session: Session
  ) -> Value? {
    if process.record != nil { return process.field(field) }
    guard let info = try? process.ending else { return nil }
    switch (field, info.cause) {
    case ("exit", .exited(let status)): return .int(Int(status))
    case ("signal", .signaled(let signal, _)): return .text(signal.name)
    case ("value", _): return session.value(of: process)
    default: return nil
    }
  }

  /// The running or ended process.
  func started() throws -> ProcessHandle {
    try requireOpen()
    if let process { return process }
    throw ErrorObject(
      .closed, "process '\(name)' was not started",
      help: "start it first: process start \(name)")
  }

  /// Forks it.
  func start(_ interpreter: Interpreter) throws {
    try requireOpen()
    guard process == nil else {
      throw ErrorObject(
        .closed, "process '\(name)' was started before", help: "make another: process new NAME …")
    }
    var options = ForkOptions(name: name, running: target)
    options.isDaemon = isDaemon
    options.nameHolder = self
    let session = interpreter.session
    process = try session.fork(options, interpreter) { [target, arguments] in
      try interpreter.invoke(
        target, arguments.positional, flags: arguments.flags, wantsValue: false)
    }
    // The name means this object, which knows more than the bare process.
    session.names.replace(name, by: self)
  }

  /// Lets go of the name; the process must have ended.
  func close(_ session: Session) throws {
    if isAlive {
      throw ErrorObject(
        .closed, "process '\(name)' is still running",
        help: "process join \(name), or process terminate \(name) first")
    }
    if let process { try session.reapNow(process) }
    // The name is free, and means this object until it is given again.
    isClosed = true
  }
}
