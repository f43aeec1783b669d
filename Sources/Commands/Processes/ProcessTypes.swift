import Language
import Posix
import Processes
import Session

extension ParameterType {
  /// A process by name, handle or pid: becomes its handle, or the pid of one that is not ours.
  static let process = ParameterType(
    "process", "a process: its name, handle or pid", completion: .live("process")
  ) { try processValue($0.value.plain, word: $0.word, $0.interpreter.session) }

  /// The same, or a list of them.
  static let processes = ParameterType(
    "process", "a process, or a list of them", completion: .live("process")
  ) { try processValues($0.value.plain, word: $0.word, $0.interpreter.session) }

  static func processValues(
    _ value: Value, word: String?, _ session: Session
  ) throws -> Value? {
    guard case .list(let list) = value else {
      return try processValue(value, word: word, session)
    }
    var result: [Value] = []
    for item in list.items {
      let word: String? = if case .string(let text) = item { text.string } else { nil }
      guard let value = try processValue(item.plain, word: word, session) else { return nil }
      result.append(value)
    }
    return .items(result)
  }

  /// A signal in any spelling: becomes its name.
  static let signal = ParameterType(
    "signal", "a signal such as TERM, SIGTERM or 15", completion: .signal
  ) { input in
    if let word = input.word { return .text(try signal(named: word).name) }
    guard case .int(let number) = input.value else { return nil }
    return .text(try signal(named: String(number)).name)
  }

  /// A signal by its spelling.
  static func signal(named word: String) throws -> Signal {
    if let signal = Signal(word) { return signal }
    let near = nearest(word.uppercased(), among: Signal.all.map(\.name))
    throw ErrorObject(
      .missing, "there is no signal '\(word)'",
      help: near.map { "did you mean \($0)?" } ?? "kill -l lists them")
  }

  private static func processValue(
    _ value: Value, word: String?, _ session: Session
  ) throws -> Value? {
    switch value {
    case .handle(let handle):
      return handle is ProcessHandle || handle is ProcessObject ? value : nil
    case .int(let number):
      guard let pid = Int32(exactly: number), pid > 0 else {
        throw ErrorObject(
          .range, "\(number) is not the number of one process", help: "pids are positive")
      }
      let known = session.processes.child(pid) ?? session.processes.ended(pid: pid)
      return known.map { .handle($0) } ?? value
    default: break
    }
    guard let word else { return nil }
    if word.hasPrefix("%"), let id = Int(word.dropFirst()) {
      if let process = session.processes.all.last(where: { $0.id == id }) {
        return .handle(process)
      }
      throw ErrorObject(.missing, "there is no job \(word)", help: "jobs lists them")
    }
    if let pid = Int(word) { return try processValue(.int(pid), word: nil, session) }
    if let pid = try session.descendant(named: word) {
      return try processValue(.int(Int(pid)), word: nil, session)
    }
    return .handle(try session.process(named: word))
  }
}

extension Session {
  /// A process, or a process object, by its name.
  func process(named name: String) throws -> Handle {
    if let handle = names[name] {
      if handle is ProcessHandle || handle is ProcessObject { return handle }
      throw ErrorObject(
        .type, "'\(name)' is \(withArticle(handle.typeName)), not a process", help: liveProcesses)
    }
    if let process = processes.ended(named: name) { return process }
    if name.hasPrefix("-") {
      throw ErrorObject(
        .missing, "no process is named '\(name)'",
        help: "flags begin with two dashes: wait --any for the next to end; help wait lists them")
    }
    throw ErrorObject(.missing, "no process is named '\(name)'", help: liveProcesses)
  }

  /// A process of the session that this one did not make, as the child of a child, by its name; nil for
  /// a name that is known here, or that none has.
  ///
  /// Throws `range` where several have it.
  fileprivate func descendant(named name: String) throws -> Int32? {
    guard names[name] == nil, processes.ended(named: name) == nil else { return nil }
    let pids = processEntries.byPid.filter { $0.value.name == name }.map(\.key).sorted()
    guard pids.count > 1 else { return pids.first }
    throw ErrorObject(
      .range, "\(pids.count) processes are named '\(name)'",
      help: "use a pid: " + namesText(pids.map { "\($0)" }))
  }

  /// `live processes: worker1, worker3`, for messages.
  var liveProcesses: String {
    let live = names.all("process").filter { ($0.handle as? any NameHolder)?.holdsName ?? true }
      .map(\.name)
    if live.isEmpty { return "there are no processes; make one with fork or spawn" }
    return "live processes: \(namesText(live))"
  }
}

/// What a command that works on any process was given.
struct ProcessTarget {
  let pid: Int32
  /// Nil for a process that is not known here.
  let handle: ProcessHandle?

  /// - Parameter value: as `ParameterType.process` yields it.
  init(_ value: Value) throws {
    switch value {
    case .handle(let handle as ProcessHandle):
      pid = handle.pid
      self.handle = handle
    case .handle(let object as ProcessObject):
      let process = try object.started()
      pid = process.pid
      handle = process
    case .int(let number):
      pid = Int32(truncatingIfNeeded: number)
      handle = nil
    default:
      throw ErrorObject.badValue("process", must: "a name, handle or pid", is: value)
    }
  }

  /// The same of an argument, at which errors point.
  init(_ call: borrowing Call, _ index: Int, isLive: Bool = false) throws {
    do {
      try self.init(call[index])
      if isLive { try requireLive() }
    } catch let error as ErrorObject {
      error.location = error.location ?? call.location(index)
      throw error
    }
  }

  /// For messages: `process 'worker' (4711)` or `process 4711`.
  var shown: String { handle.map { "process '\($0.name)' (\(pid))" } ?? "process \(pid)" }

  /// For a process that was reaped, whose pid may be another's by now.
  var goneError: ErrorObject {
    guard let handle else {
      return ErrorObject(.missing, "there is no process \(pid)", help: "ps shows what lives")
    }
    let how = handle.record.map { ": it \($0.phrase) and was waited for" } ?? ""
    return ErrorObject(.missing, "\(shown) is gone\(how)", help: "ps shows what lives")
  }

  /// It and the members before it that live, where a handle stands for a job.
  var withMembers: [ProcessTarget] {
    let members = handle?.upstream.filter { $0.record == nil && !$0.isRelay } ?? []
    return members.map { ProcessTarget($0) } + [self]
  }

  private init(_ process: ProcessHandle) {
    pid = process.pid
    handle = process
  }

  /// Throws for init, unless this process is that, and for numbers that mean several processes.
  func requireSingle() throws {
    if pid >= 2 || (pid == 1 && Process.pid == 1) { return }
    throw ErrorObject(
      .range, "pid \(pid) is refused: it stands for init, or for more than one process",
      help: "give the pids of single processes; kill --group signals a whole group")
  }

  /// What /proc says of the process; throws if it is gone or cannot be looked at.
  func stat(_ session: Session) throws -> ProcessStat {
    switch session.reader.look(pid) {
    case .seen(let stat): return stat
    case .gone: throw goneError
    case .unseen:
      throw ErrorObject(
        .limit, "\(shown) cannot be looked at now",
        help: "close some files or channels first; ulimit -n sets how many may be open")
    }
  }

  /// Throws if the process is known to be gone.
  func requireLive() throws {
    if let handle, case .gone = handle.look { throw goneError }
  }
}
