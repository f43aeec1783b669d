import Language
import Posix
import Session

/// A process that is described first and started later, as `multiprocessing.Process` is.
final class ProcessObject: Handle, NameHolder {
  let name: String
  let target: Value
  let arguments: [Value]
  let isDaemon: Bool
  private(set) var process: ProcessHandle?
  private(set) var isClosed = false

  init(name: String, target: Value, arguments: [Value], isDaemon: Bool) {
    self.name = name
    self.target = target
    self.arguments = arguments
    self.isDaemon = isDaemon
  }

  /// Its name is free again once it was waited for, or closed.
  var holdsName: Bool { !isClosed && process?.record == nil }

  override var typeName: String { "process" }

  override var text: String {
    process?.text ?? "process \(name) (\(isClosed ? "closed" : "not started"))"
  }

  override var fieldNames: [String] {
    ["name", "pid", "alive", "daemon", "exitcode", "state", "word"]
  }

  override func field(_ name: String) -> Value? {
    switch name {
    case "name": return .text(self.name)
    case "pid": return process.map { .int(Int($0.pid)) } ?? .null
    case "daemon": return .bool(isDaemon)
    case "alive": return .bool(isAlive)
    case "exitcode": return exitCode
    case "state", "word":
      guard let process else { return .text(name == "state" ? "" : "new") }
      return process.field(name)
    default: return process?.field(name)
    }
  }

  /// Whether it was started and has not ended.
  var isAlive: Bool {
    guard let process else { return false }
    return !"ZX".contains(process.letter)
  }

  /// The status, or the signal's number negated; null before its end.
  private var exitCode: Value {
    guard let process, let info = try? process.ending else { return .null }
    switch info.cause {
    case .exited(let status): return .int(Int(status))
    case .signaled(let signal, _): return .int(-Int(signal.number))
    }
  }

  /// The running or ended process.
  func started() throws -> ProcessHandle {
    if let process { return process }
    throw ErrorObject(
      .closed, "process '\(name)' \(isClosed ? "is closed" : "was not started")",
      help: isClosed ? nil : "start it first: process start \(name)")
  }

  /// Forks it.
  func start(_ interpreter: Interpreter) throws {
    guard process == nil, !isClosed else {
      throw ErrorObject(
        .closed, "process '\(name)' was started before", help: "make another: process new NAME …")
    }
    var options = ForkOptions(name: name, command: command)
    options.isDaemon = isDaemon
    options.nameHolder = self
    let session = interpreter.session
    process = try session.fork(options, interpreter) { [target, arguments] in
      try interpreter.invoke(target, arguments, wantsValue: false)
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
    isClosed = true
    session.names.release(name, of: self)
  }

  private var command: String {
    guard case .closure(let closure) = target else { return "" }
    if let name = closure.function.name { return name }
    let text = closure.function.text
    return String(text.prefix { $0 != "\n" }.prefix(80))
  }
}

/// The arguments of a call by position and by name, in the order of a function's parameters.
struct NamedArguments {
  private let names: [String]
  private let isFlexible: Bool
  private let function: String

  init(of function: Function) {
    // The signature is `name(first, second: int, third = …, ...rest, --flag)`.
    let inner = function.signature.drop { $0 != "(" }.dropFirst().dropLast()
    let parts = inner.split(separator: ",").map { part in
      String(part.drop { $0 == " " }.prefix { $0 != ":" && $0 != " " })
    }
    names = parts.filter { !$0.hasPrefix(".") && !$0.hasPrefix("-") }
    isFlexible = parts.contains { $0.hasPrefix(".") }
    self.function = function.signature
  }

  func arranged(_ positional: [Value], _ named: MapObject) throws -> [Value] {
    if named.count == 0 { return positional }
    var rest = named.pairs.reduce(into: [String: Value]()) { $0[$1.key.asText] = $1.value }
    var result = positional
    for (index, name) in names.enumerated() {
      guard let value = rest.removeValue(forKey: name) else { continue }
      if index < positional.count {
        throw ErrorObject(
          .arity, "'\(name)' was given twice: by position and by name", help: "it is \(function)")
      }
      guard index == result.count else {
        throw ErrorObject(
          .arity, "'\(names[result.count])' was not given", help: "it is \(function)")
      }
      result.append(value)
    }
    if let unknown = rest.keys.min() {
      throw ErrorObject(
        .arity, "there is no parameter '\(unknown)'",
        help: nearest(unknown, among: names).map { "did you mean '\($0)'?" }
          ?? "it is \(function)")
    }
    return result
  }
}
