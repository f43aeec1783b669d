import Explore
import Language
import Posix
import Processes
import Waits

/// Explores a block: runs it again and again, as real processes of which one at a time goes on, until
/// all schedules that could make a difference were seen.
///
/// It works in a process of its own, which has no other children.
final class Explorer {
  let session: Session
  let interpreter: Interpreter
  let limits: ExploreLimits
  /// Installs what the layers above watch.
  let prepare: () -> Void
  let body: () throws -> Value
  /// Of outcomes one that is enough, so that nothing further is tried.
  private let isEnough: ((ExploredOutcome) throws -> Bool)?
  /// What would keep a deadlock from happening, in words.
  let advise: (WaitGraph) -> [String]
  var directory: RunDirectory?
  var outerDirectory: String?
  /// Of the processes of each run, where they have one of their own.
  var group: RunGroup?
  /// Its number among those that make runs at the same time.
  var place = 0
  /// How many runs it has made.
  var made = 0
  /// Processes have the same pids in each run.
  var fixesPids = false
  /// What runs have shown; nil where pids need not be told from other numbers.
  var numbers: RunNumbers?
  /// A run is made that only confirms another one, whatever time it is.
  var confirms = false
  /// What is a step of its own.
  var detail: RunDetail = []
  /// What some run has looked at.
  var wanted: RunDetail = []
  var report = ExploredReport()
  private var places: [String: Int] = [:]
  private var killed: Set<String> = []
  private var stuck: Set<String> = []
  /// Each process that lives at each moment of the first run, with how many operations it has done.
  private var moments: [String] = []
  let began = Clock.monotonic

  init(
    _ session: Session, _ interpreter: Interpreter, _ limits: ExploreLimits,
    _ directory: RunDirectory?, prepare: @escaping () -> Void,
    until isEnough: ((ExploredOutcome) throws -> Bool)? = nil,
    advise: @escaping (WaitGraph) -> [String] = { _ in [] }, body: @escaping () throws -> Value
  ) {
    self.session = session
    self.directory = directory
    self.advise = advise
    self.isEnough = isEnough
    self.interpreter = interpreter
    self.limits = limits
    self.prepare = prepare
    self.body = body
  }

  /// All schedules, as far as the limits allow.
  func explore() throws -> ExploredReport {
    try settle()
    while true {
      do {
        return try exploreAll()
      } catch let error where needsAnew(error) {
        (report, places, killed, stuck, moments) = (ExploredReport(), [:], [], [], [])
      }
    }
  }

  /// Whether all runs are to be made anew, knowing more.
  private func needsAnew(_ error: any Error) -> Bool {
    switch error {
    case is MoreDetail: detail.formUnion(wanted)
    case is Mistaken: numbers?.restart()
    default: return false
    }
    return true
  }

  /// Whether an outcome was not seen before.
  func isNew(_ result: RunResult) -> Bool { places[result.key] == nil }

  private func exploreAll() throws -> ExploredReport {
    report.hasFixedPids = fixesPids
    if let count = limits.random { return try exploreAtRandom(count) }
    let search = Search(limits.search)
    let crew = limits.jobs > 1 ? RunCrew(session, interpreter, limits.jobs) : nil
    defer { crew?.end() }
    var goesOn = true
    while goesOn {
      if let most = limits.runs, search.runs >= most { break }
      if let most = limits.time, Clock.monotonic - began >= most { break }
      let result: RunResult
      do {
        result =
          try crew?.result(search) { [self] place, target, subtree in
            search.enter(subtree)
            try work(search, place, target)
          } ?? make(search)
      } catch is OutOfTime {
        break
      }
      let (schedule, switches) = (search.shortSchedule, search.schedule.switches)
      goesOn = search.end(result.end)
      if !search.wasCut, try note(result, schedule, switches) { break }
    }
    report.runs = search.runs
    report.isCut = goesOn || search.isBounded
    countDeaths()
    return report
  }

  /// Makes the next run of a search.
  private func make(_ search: Search) throws -> RunResult {
    let count = search.repeated
    let result = try untilApart(forget: { search.giveUp(count) }) {
      search.begin()
      if search.runs == 0 { moments = [] }
      return try run { run, moment in
        if search.runs == 0 { noteLiving(moment, run) }
        if !search.isRepeating, !moment.choices.contains(where: { $0.act != .kill }) { return nil }
        return try search.choose(moment).map { ($0, { search.took($0, cause: $1) }) }
      }
    }
    if search.wasCut { return result }
    try confirm(result) {
      search.begin()
      return try run { _, moment in
        guard search.isRepeating else { return nil }
        return try search.choose(moment).map { ($0, { search.took($0, cause: $1) }) }
      }
    }
    return result
  }

  /// In a worker: makes runs as long as there are some, and hands on what they have shown.
  private func work(_ search: Search, _ place: Int, _ target: Int32) throws {
    try move(place)
    defer { directory?.remove() }
    var goesOn = true
    while goesOn {
      let count = search.repeated
      let result = try make(search)
      // It has differed, which the explorer is to find itself.
      if search.isRepeating { return }
      let trace = search.trace(repeating: count, end: result.end)
      guard try hand(on: result, trace, isNew: !search.wasCut, to: target) else { return }
      goesOn = search.end(result.end)
    }
  }

  /// Runs in a directory of its own.
  private func move(_ place: Int) throws {
    (self.place, made) = (place, 0)
    directory = try directory?.another(place)
    try enter(directory)
  }

  /// Whether somebody still wants the next one.
  ///
  /// - Parameter isNew: whether its outcome counts.
  private func hand(
    on result: RunResult, _ trace: RunTrace?, isNew: Bool, to target: Int32
  ) throws -> Bool {
    var result = result
    var writer = TraceWriter()
    let isWhole = isNew && places[result.key] == nil
    if isWhole {
      places[result.key] = -1
      complete(&result.outcome)
    }
    session.codec.travel?.outgoing = .withoutDescriptors
    try result.put(
      to: &writer, trace, isWhole: isWhole, session.codec.encoder)
    return RunCrew.send(writer, to: target)
  }

  private func complete(_ outcome: inout ExploredOutcome) {
    if let graph = outcome.graph { outcome.fixes = advise(graph) }
    outcome.graph = nil
  }

  /// So many schedules that are drawn.
  private func exploreAtRandom(_ count: Int) throws -> ExploredReport {
    var schedules = RandomSchedules(seed: limits.seed)
    report.isCut = true
    let crew = limits.jobs > 1 ? RunCrew(session, interpreter, min(limits.jobs, count)) : nil
    defer { crew?.end() }
    while report.runs < count {
      if let most = limits.time, Clock.monotonic - began >= most { break }
      let result: RunResult
      do {
        result =
          try crew?.result(report.runs) { [self] place, target in
            try move(place)
            defer { directory?.remove() }
            for number in stride(from: place, to: count, by: min(limits.jobs, count)) {
              let result = try draw(number, &schedules)
              guard try hand(on: result, nil, isNew: true, to: target) else { return }
            }
          } ?? draw(report.runs, &schedules)
      } catch is OutOfTime {
        break
      }
      report.runs += 1
      let schedule = Schedule(result.steps)
      if try note(result, schedule, schedule.switches) { break }
    }
    countDeaths()
    return report
  }

  /// Makes a run whose steps are drawn.
  private func draw(_ number: Int, _ schedules: inout RandomSchedules) throws -> RunResult {
    let before = schedules
    let result = try untilApart {
      schedules = before
      return try drawOnce(number, &schedules)
    }
    try confirm(result) {
      var same = before
      return try drawOnce(number, &same)
    }
    return result
  }

  private func drawOnce(_ number: Int, _ schedules: inout RandomSchedules) throws -> RunResult {
    if number == 0 { moments = [] }
    schedules.begin(number, kills: limits.kills > 0)
    var taken: [Step] = []
    var result = try run { run, moment in
      if number == 0 { noteLiving(moment, run) }
      guard let step = schedules.choose(moment) else { return nil }
      taken.append(step)
      return (step, { _, _ in })
    }
    result.steps = taken
    return result
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
    try settle()
    if schedule.steps.contains(where: { $0.act == .end }) { detail.insert(.ends) }
    if schedule.steps.contains(where: { $0.act == .wait }) { detail.insert(.waiters) }
    while true {
      do {
        let made = try untilApart { try replayOnce(schedule) }
        try confirm(made) { try replayOnce(schedule) }
        var result = made.outcome
        complete(&result)
        result.schedule = Schedule(made.steps)
        return result
      } catch let error where needsAnew(error) {}
    }
  }

  private func replayOnce(_ schedule: Schedule) throws -> RunResult {
    var rest = schedule.steps[...]
    var last: Step?
    var taken: [Step] = []
    var result = try run { _, moment in
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
    result.steps = taken
    return result
  }

  /// One run whose steps somebody chooses.
  ///
  /// - Parameter ask: what is to be done at a moment, after some steps; it may take some of them back.
  func walk(_ ask: (ExploredRun, Moment, [Step]) throws -> Walk) throws -> ExploredOutcome? {
    try settle()
    var given: [Step] = []
    while true {
      var taken: [Step] = []
      do {
        let made = try run { run, moment in
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
        var result = made.outcome
        complete(&result)
        result.schedule = Schedule(taken)
        result.switches = result.schedule.switches
        return result
      } catch let again as Again {
        given.removeLast(min(given.count, again.count))
      } catch is ExploredRun.Coincidence {
        continue
      } catch is Mistaken {
        numbers?.restart()
      } catch is MoreDetail {
        detail.formUnion(wanted)
        given = []
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
    _ result: RunResult, _ schedule: Schedule, _ switches: Int
  ) throws -> Bool {
    for (path, operation) in result.killed {
      killed.insert("\(path) \(operation)")
      if result.outcome.kind == .deadlock { stuck.insert("\(path) \(operation)") }
    }
    for reason in result.used where !report.reasons.contains(reason) {
      report.reasons.append(reason)
    }
    guard let place = places[result.key] else {
      var first = result.outcome
      complete(&first)
      first.schedule = schedule
      first.switches = switches
      places[result.key] = report.outcomes.count
      report.outcomes.append(first)
      return try isEnough?(first) ?? false
    }
    var known = report.outcomes[place]
    known.count += 1
    if switches < known.switches {
      known.schedule = schedule
      known.switches = switches
      known.findings = result.outcome.findings
    }
    report.outcomes[place] = known
    return false
  }
}
