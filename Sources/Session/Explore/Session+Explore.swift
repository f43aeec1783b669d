import Explore
import Language
import Posix
import Processes
import Waits

extension Session {
  /// Explores a block in a process of its own; yields what that makes of the report.
  ///
  /// - Parameters:
  ///   - prepare: installs what is watched besides channels.
  ///   - isEnough: whether nothing need be tried after an outcome, asked once for each.
  ///   - advise: what would keep a deadlock from happening, in words.
  ///   - summary: makes a value of the report, in that process.
  public func explore(
    _ limits: ExploreLimits, _ interpreter: Interpreter, prepare: @escaping () -> Void,
    until isEnough: @escaping (ExploredOutcome) throws -> Bool,
    advise: @escaping (WaitGraph) -> [String], body: @escaping () throws -> Value,
    summary: @escaping (ExploredReport) throws -> Value
  ) throws -> Value {
    try inExplorer(limits, interpreter) { [self] directory, _ in
      try summary(
        Explorer(
          self, interpreter, limits, directory, prepare: prepare, until: isEnough, advise: advise,
          body: body
        ).explore())
    }
  }

  /// Runs a block by a schedule, in a process of its own; yields what `summary` makes of the outcome.
  public func replay(
    _ schedule: Schedule, _ limits: ExploreLimits, _ interpreter: Interpreter,
    prepare: @escaping () -> Void, advise: @escaping (WaitGraph) -> [String],
    body: @escaping () throws -> Value, summary: @escaping (ExploredOutcome) throws -> Value
  ) throws -> Value {
    try inExplorer(limits, interpreter) { [self] directory, _ in
      try summary(
        Explorer(
          self, interpreter, limits, directory, prepare: prepare, advise: advise, body: body
        ).replay(schedule))
    }
  }

  /// Lets a person choose each step of a run of a block, at the terminal of this process.
  ///
  /// - Parameter ask: gets what each process is about to do, the steps so far, and what can happen.
  public func walk(
    _ limits: ExploreLimits, _ interpreter: Interpreter, prepare: @escaping () -> Void,
    advise: @escaping (WaitGraph) -> [String], body: @escaping () throws -> Value,
    ask: @escaping ([ExploredStand], [Step], [Step]) throws -> ExploredChoice,
    summary: @escaping (ExploredOutcome?) throws -> Value
  ) throws -> Value {
    try inExplorer(limits, interpreter, hasTerminal: true) { [self] directory, group in
      let explorer = Explorer(
        self, interpreter, limits, directory, prepare: prepare, advise: advise, body: body)
      explorer.group = group
      return try summary(
        explorer.walk { run, moment, steps in
          switch try ask(run.stands, steps, moment.choices) {
          case .take(let step): .take(step)
          case .back(let count): .back(count)
          case .leave: .leave
          }
        })
    }
  }

  /// What went wrong with exploring itself, in words.
  private func explained(_ error: any Error) -> ErrorObject {
    switch error {
    case let error as ErrorObject: return error
    case let error as ExploredRun.Refused:
      let place = error.place.isEmpty ? "" : " (\(error.place))"
      return ErrorObject(.type, error.what + place, help: error.help)
    case let error as NotRepeatable:
      return ErrorObject(
        .failed, "step \(error.step) differs: it was \(error.before); it is \(error.now)",
        help: "something that is not part of the block decides what it does, as a file or a pid")
    case let error as Explorer.NotPossible:
      let can = error.moment.choices.filter { $0.act != .kill }.map { "\(Schedule([$0]))" }
      return ErrorObject(
        .failed, "step \(error.step) of the schedule, \(Schedule([error.wanted])), is not possible",
        help: can.isEmpty
          ? "no process can do anything then" : "possible: \(can.joined(separator: " "))")
    default: return ErrorObject(.system, "\(error)")
    }
  }

  /// A process that has no other children, and goes with all of them.
  private func inExplorer(
    _ limits: ExploreLimits, _ interpreter: Interpreter, hasTerminal: Bool = false,
    _ body: @escaping (RunDirectory?, RunGroup?) throws -> Value
  ) throws -> Value {
    guard Gate.current?.isLoose ?? true else {
      throw ErrorObject(
        .type, "what is explored cannot explore itself",
        help: "explore the inner block alone")
    }
    var parent = "/tmp"
    if case .map(let variables) = interpreter.host.liveVariable("env"),
      let text = variables.get("TMPDIR")?.asText, text.hasPrefix("/")
    {
      parent = text
    }
    let directory = limits.isReal ? nil : try RunDirectory(in: parent)
    defer { directory?.remove() }
    let group = hasTerminal ? try RunGroup() : nil
    defer { group?.end() }
    var options = ForkOptions(kind: hasTerminal ? .foreground : .helper, command: "explore")
    options.prefix = "explorer"
    if !hasTerminal { options.group = 0 }
    let explorer = try fork(options, interpreter) { [self] in
      isPoolWorker = false
      do {
        return .items([.text("value"), try body(directory, group)])
      } catch {
        let error = explained(error)
        return .items([
          .text("error"), .text(error.kind.rawValue), .text(error.message),
          error.help.map { .text($0) } ?? .null,
        ])
      }
    }
    let record: WaitRecord?
    lookout.spacing = 2_000_000_000
    defer { (lookout.spacing, lookout.earliest) = (0, 0) }
    do {
      record = try wait(for: explorer, interpreter)
    } catch {
      if hasTerminal {
        try? Process.send(.kill, to: explorer.pid)
      } else {
        try? Process.send(.kill, toGroup: explorer.pid)
      }
      _ = try? wait(for: explorer, interpreter)
      throw error
    }
    guard case .list(let parts)? = record?.value, parts.items.count >= 2 else {
      // It may have been killed, with processes left that are not at a gate.
      if !hasTerminal { try? Process.send(.kill, toGroup: explorer.pid) }
      throw ErrorObject(
        .system, "what explores has ended: \(record?.phrase ?? "its end was not seen")")
    }
    if parts.items[0].asText == "value" { return parts.items[1] }
    let kind = ErrorKind(rawValue: parts.items[1].asText) ?? .system
    throw ErrorObject(
      kind, parts.items[2].asText, help: parts.items[3].isNull ? nil : parts.items[3].asText)
  }
}

/// What a process of a run is about to do.
public struct ExploredStand {
  /// Which process.
  public let path: ProcessPath
  /// Its next operation.
  public let operation: String
  /// Where it stands, as `file:line`.
  public let place: String
  /// Whether it has to wait, or is stopped.
  public let waits: Bool
  /// What it holds, as `lock acquire a`.
  public let held: [String]
}

/// What a person chooses.
public enum ExploredChoice {
  /// A step.
  case take(Step)
  /// To take back so many steps.
  case back(Int)
  /// To leave the run.
  case leave
}

extension ExploredRun {
  /// All processes that live, in order.
  var stands: [ExploredStand] {
    members.values.sorted { $0.path < $1.path }.compactMap { member in
      guard let point = member.point else { return nil }
      return ExploredStand(
        path: member.path, operation: point.operation.name, place: point.place,
        waits: !canGo(member.path), held: member.held.map(\.operation))
    }
  }
}
