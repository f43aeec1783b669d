import Language
import Posix
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

/// The arguments of a call by position and by name, in the order of a function's parameters.
struct NamedArguments {
  private let positional: [Function.Declared]
  private let flags: [Function.Declared]
  /// Whether all parameters are positional ones without a default.
  private let isBare: Bool
  private let function: String

  /// What to call the function with.
  struct Arranged {
    var positional: [Value]
    var flags: [(name: String, value: Value)] = []
  }

  init(of function: Function) {
    positional = function.declaredParameters.filter { $0.role == .positional }
    flags = function.declaredParameters.filter { $0.role == .flag }
    isBare = function.declaredParameters.allSatisfy {
      $0.role == .positional && $0.standard == nil
    }
    self.function = function.signature
  }

  /// The arguments as one list, and those by name as one map, for a function with the parameters
  /// `args` or `args, kwargs`; nil for others.
  func whole(_ given: [Value], _ named: MapObject?) throws -> Arranged? {
    let names = positional.map(\.name)
    guard isBare, names == ["args"] || names == ["args", "kwargs"] else { return nil }
    let keywords = (named?.pairs ?? []).map(\.key.asText)
    // They are meant one by one.
    if !keywords.isEmpty, keywords.allSatisfy(names.contains) { return nil }
    if names.count == 2 {
      return Arranged(positional: [.items(given), .map(named ?? MapObject())])
    }
    if let keyword = keywords.first {
      throw ErrorObject(
        .arity, "there is no parameter '\(keyword)'",
        help: "'{ |args, kwargs| … }' takes arguments by name as a map; it is \(function)")
    }
    return Arranged(positional: [.items(given)])
  }

  func arranged(_ given: [Value], _ named: MapObject) throws -> Arranged {
    var result = Arranged(positional: given)
    var rest = named.pairs.reduce(into: [String: Value]()) { $0[$1.key.asText] = $1.value }
    for flag in flags {
      if let value = rest.removeValue(forKey: flag.name) { result.flags.append((flag.name, value)) }
    }
    let last = positional.lastIndex { rest[$0.name] != nil } ?? -1
    for (index, parameter) in positional.enumerated() where index <= last {
      let value = rest.removeValue(forKey: parameter.name)
      if index < given.count {
        if value == nil { continue }
        throw ErrorObject(
          .arity, "'\(parameter.name)' was given twice: by position and by name",
          help: "it is \(function)")
      }
      guard value != nil || parameter.standard != nil else {
        throw ErrorObject(
          .arity, "'\(parameter.name)' was not given", help: "it is \(function)")
      }
      result.positional.append(value ?? .missing)
    }
    if let unknown = rest.keys.min() {
      throw ErrorObject(
        .arity, "there is no parameter '\(unknown)'",
        help: nearest(unknown, among: (positional + flags).map(\.name)).map {
          "did you mean '\($0)'?"
        } ?? "it is \(function)")
    }
    return result
  }
}
