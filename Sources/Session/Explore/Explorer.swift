import Channels
import Explore
import Glibc
import Language
import Posix
import Processes

/// Explores a block: runs it again and again, as real processes of which one at a time goes on, until
/// all schedules that could make a difference were seen.
///
/// It works in a process of its own, which has no other children.
final class Explorer {
  private let session: Session
  private let interpreter: Interpreter
  private let limits: ExploreLimits
  /// Installs what the layers above watch, in the first process of a run.
  private let prepare: (Gate) -> Void
  private let body: () throws -> Value
  /// Of outcomes one that is enough, so that nothing further is tried.
  private let isEnough: ((ExploredOutcome) throws -> Bool)?
  private let directory: RunDirectory?
  private var report = ExploredReport()
  private var places: [String: Int] = [:]
  private var killed: Set<String> = []
  private var stuck: Set<String> = []
  /// Each process that lives at each moment of the first run, with how many operations it has done.
  private var moments: [String] = []
  private let began = Clock.monotonic

  init(
    _ session: Session, _ interpreter: Interpreter, _ limits: ExploreLimits,
    _ directory: RunDirectory?, prepare: @escaping (Gate) -> Void,
    until isEnough: ((ExploredOutcome) throws -> Bool)? = nil, body: @escaping () throws -> Value
  ) {
    self.session = session
    self.directory = directory
    self.isEnough = isEnough
    self.interpreter = interpreter
    self.limits = limits
    self.prepare = prepare
    self.body = body
  }

  /// All schedules, as far as the limits allow.
  func explore() throws -> ExploredReport {
    try? Process.adoptOrphans(true)
    if let count = limits.random { return try exploreAtRandom(count) }
    let search = Search(limits.search)
    var goesOn = true
    while goesOn {
      if let most = limits.runs, search.runs >= most { break }
      if let most = limits.time, Clock.monotonic - began >= most { break }
      search.begin()
      let (run, outcome) = try run { run, moment in
        if search.runs == 0 { noteLiving(moment, run) }
        if !search.isRepeating, !moment.choices.contains(where: { $0.act != .kill }) { return nil }
        return try search.choose(moment).map { ($0, { search.took($0, cause: $1) }) }
      }
      let (schedule, switches) = (search.shortSchedule, search.schedule.switches)
      goesOn = search.end(run.lastMoment)
      if !search.wasCut, try note(run, outcome, schedule, switches) { break }
    }
    report.runs = search.runs
    report.isCut = goesOn || search.isBounded
    countDeaths()
    return report
  }

  /// So many schedules that are drawn.
  private func exploreAtRandom(_ count: Int) throws -> ExploredReport {
    var schedules = RandomSchedules(seed: limits.seed)
    report.isCut = true
    while report.runs < count {
      if let most = limits.time, Clock.monotonic - began >= most { break }
      schedules.begin(kills: limits.kills > 0)
      var taken: [Step] = []
      let (run, outcome) = try run { run, moment in
        if report.runs == 0 { noteLiving(moment, run) }
        guard let step = schedules.choose(moment) else { return nil }
        taken.append(step)
        return (step, { _, _ in })
      }
      report.runs += 1
      let schedule = Schedule(taken)
      if try note(run, outcome, schedule, schedule.switches) { break }
    }
    countDeaths()
    return report
  }

  /// Who could be killed at a moment of the first run.
  private func noteLiving(_ moment: Moment, _ run: ExploredRun) {
    for choice in moment.choices where choice.act == .kill {
      moments.append("\(choice.process) \(run.history.operations[choice.process] ?? 0)")
    }
  }

  /// Counts kill points: at each moment of the first run each process that lives then, and operations that
  /// only other runs have.
  private func countDeaths() {
    let others = killed.subtracting(moments)
    report.killPoints = moments.count + others.count
    report.stuckPoints = moments.count { stuck.contains($0) } + others.count { stuck.contains($0) }
  }

  /// One run by a schedule; behind its end it goes on as usual.
  func replay(_ schedule: Schedule) throws -> ExploredOutcome {
    try? Process.adoptOrphans(true)
    var rest = schedule.steps[...]
    var last: Step?
    var taken: [Step] = []
    let (_, outcome) = try run { _, moment in
      let choice: Step
      if let wanted = rest.popFirst() {
        guard moment.choices.contains(wanted) else {
          throw NotPossible(step: taken.count + 1, wanted: wanted, moment: moment)
        }
        choice = wanted
      } else if let usual = Schedule.usual(moment.choices, after: last) {
        choice = usual
      } else {
        return nil
      }
      last = choice
      taken.append(choice)
      return (choice, { _, _ in })
    }
    var result = outcome
    result.schedule = Schedule(taken)
    return result
  }

  /// One run whose steps somebody chooses.
  ///
  /// - Parameter ask: what is to be done at a moment, after some steps; it may take some of them back.
  func walk(_ ask: (ExploredRun, Moment, [Step]) throws -> Walk) throws -> ExploredOutcome? {
    try? Process.adoptOrphans(true)
    var given: [Step] = []
    while true {
      var taken: [Step] = []
      do {
        let (_, outcome) = try run { run, moment in
          if taken.count == given.count {
            if !moment.choices.contains(where: { $0.act != .kill }) { return nil }
            switch try ask(run, moment, given) {
            case .take(let step): given.append(step)
            case .back(let count): throw Again(count: count)
            case .leave: throw Left()
            }
          }
          let step = given[taken.count]
          guard moment.choices.contains(step) else {
            throw NotPossible(step: taken.count + 1, wanted: step, moment: moment)
          }
          taken.append(step)
          return (step, { _, _ in })
        }
        var result = outcome
        result.schedule = Schedule(taken)
        result.switches = result.schedule.switches
        return result
      } catch let again as Again {
        given.removeLast(min(given.count, again.count))
      } catch is Left {
        return nil
      }
    }
  }

  /// What somebody has chosen.
  enum Walk {
    case take(Step)
    case back(Int)
    case leave
  }

  private struct Again: Error {
    let count: Int
  }

  private struct Left: Error {}

  /// A step of a schedule that cannot be taken.
  struct NotPossible: Error {
    let step: Int
    let wanted: Step
    let moment: Moment
  }

  /// Notes what came of a run; whether that is enough.
  private func note(
    _ run: ExploredRun, _ outcome: ExploredOutcome, _ schedule: Schedule, _ switches: Int
  ) throws -> Bool {
    for (path, operation) in run.history.killed {
      killed.insert("\(path) \(operation)")
      if outcome.kind == .deadlock { stuck.insert("\(path) \(operation)") }
    }
    for reason in run.used where !report.reasons.contains(reason) { report.reasons.append(reason) }
    let key = masked(outcome.key, run)
    guard let place = places[key] else {
      var first = outcome
      first.schedule = schedule
      first.switches = switches
      places[key] = report.outcomes.count
      report.outcomes.append(first)
      return try isEnough?(first) ?? false
    }
    var known = report.outcomes[place]
    known.count += 1
    if switches < known.switches {
      known.schedule = schedule
      known.switches = switches
      known.findings = outcome.findings
    }
    report.outcomes[place] = known
    return false
  }

  // MARK: A run

  private typealias Decision = (choice: Step, took: (Operation, Int?) -> Void)

  private func run(
    _ decide: (ExploredRun, Moment) throws -> Decision?
  ) throws -> (ExploredRun, ExploredOutcome) {
    let run = ExploredRun(limits)
    let output = try mapErrors("cannot explore") { try MemoryFile.make("brood explored") }
    defer {
      Descriptors.close(output)
      directory?.clear()
    }
    let root = try begin(run, output)
    var isEndless = false
    do {
      while true {
        run.keepMoment()
        if run.steps >= limits.steps || run.isLost {
          isEndless = true
          break
        }
        guard let (choice, took) = try decide(run, run.lastMoment) else { break }
        let (effects, cause) = try run.take(choice)
        took(effects, cause)
      }
    } catch {
      run.end()
      _ = try? session.wait(for: root, interpreter)
      throw error
    }
    let waiting = run.waiting
    let graph = waiting.isEmpty ? nil : run.graph
    run.end()
    let record = try session.wait(for: root, interpreter)
    while let gone = try? Reaper.reapAny(), gone.pid > 0 {}
    var outcome = outcome(run, record, waiting, isEndless)
    outcome.graph = outcome.kind == .deadlock ? graph : nil
    outcome.hasDeaths = !run.history.killed.isEmpty
    if limits.comparesOutput { outcome.output = masked(text(of: output), run) }
    return (run, outcome)
  }

  /// Forks the first process of a run.
  private func begin(_ run: ExploredRun, _ output: Int32) throws -> ProcessHandle {
    let ends = try mapErrors("cannot explore") { try Descriptors.messagePair() }
    let own = try mapErrors("cannot explore") { try Descriptors.makePrivate(ends.0) }
    var options = ForkOptions(name: "explored", kind: .fork, command: "explored")
    options.prepare = { [session] in
      try mapErrors("cannot explore") {
        let null = try Descriptors.open("/dev/null", O_RDONLY)
        try Descriptors.copy(null, onto: 0)
        Descriptors.close(null)
        for fd: Int32 in [1, 2] { try Descriptors.copy(output, onto: fd) }
        Descriptors.close(output)
      }
      session.output.descriptorChanged()
    }
    let isReal = limits.isReal
    let root = try session.fork(options, interpreter) { [session, prepare, body, directory] in
      let gate = try Gate(ends.1, ProcessPath())
      gate.isReal = isReal
      if let path = directory?.path {
        gate.directory = path
        gate.outerDirectory = try? Directory.current()
        try mapErrors("cannot explore") { try Directory.change(to: path) }
        try interpreter.host.setEnvironment("PWD", .text(path))
        try interpreter.host.setEnvironment("TMPDIR", .text(path))
      }
      session.setSeed(0)
      session.processes.countAnew()
      gate.open()
      prepare(gate)
      gate.begin()
      do {
        return .items([.text("value"), try body()])
      } catch let error as ErrorObject where !ExitRequest.isStop(error) {
        return .items([.text("error"), .text(error.kind.rawValue), .text(error.message)])
      }
    }
    // Only the process of the run has its end from now on, so that its death is seen.
    Descriptors.close(ends.1)
    do {
      try run.begin(own)
    } catch {
      run.end()
      _ = try? session.wait(for: root, interpreter)
      throw error
    }
    return root
  }

  private func outcome(
    _ run: ExploredRun, _ record: WaitRecord?, _ waiting: [(ProcessPath, GatePoint)],
    _ isEndless: Bool
  ) -> ExploredOutcome {
    var outcome = ExploredOutcome(kind: .value)
    if isEndless {
      outcome.kind = .endless
    } else if !waiting.isEmpty {
      outcome.kind = .deadlock
      outcome.error = waiting.map { "\($0) in \($1.operation.name)" }.joined(separator: ", ")
    } else if let signal = record?.signal {
      outcome.kind = .signal
      outcome.error = signal.name
    } else if case .list(let parts)? = record?.value, parts.items.count >= 2 {
      if parts.items[0].asText == "error", parts.items.count == 3 {
        outcome.kind = .error
        outcome.error = "\(parts.items[1].asText): \(parts.items[2].asText)"
      } else {
        outcome.value = parts.items[1]
      }
    } else if let status = record?.exit {
      outcome.value = .null
      if status != 0 {
        outcome.kind = .error
        outcome.error = "exit status \(status)"
      }
    }
    outcome.findings = run.history.findings
    return outcome
  }

  private func text(of file: Int32) -> String {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while let count = part.withUnsafeMutableBytes({
      try? MemoryFile.read(file, into: $0, at: bytes.count)
    }), count > 0 {
      bytes += part[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A text with the pids of the run's processes as `<2.1>`, and its directory as `<dir>`: they differ from
  /// run to run, or from one time to the next.
  private func masked(_ text: String, _ run: ExploredRun) -> String {
    run.masked(directory.map { text.replacing($0.path, with: "<dir>") } ?? text)
  }
}
