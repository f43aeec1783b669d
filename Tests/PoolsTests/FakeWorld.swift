import Testing

@testable import Pools

/// A clock that stands until something is due, and what is due.
final class FakeWorld {
  private(set) var now: Int64 = 1_000
  private var events = DeadlineHeap<() -> Void>()
  var deadline: Int64?
  /// What the scheduler does when its deadline has come, and after an event.
  var advance: () -> Void = {}
  var pump: () -> Void = {}
  /// Called after each event.
  var check: (() -> Void)?

  func after(_ delay: Int64, _ body: @escaping () -> Void) {
    events.insert(body, at: now + max(0, delay))
  }

  /// Does the next thing that is due, and goes to its moment; false if nothing will happen.
  func step() -> Bool {
    let moment = min(events.earliest ?? .max, deadline ?? .max)
    if moment == .max { return false }
    hold(moment >= now, "a deadline in the past")
    now = max(now, moment)
    if let deadline, deadline <= now {
      advance()
      hold(self.deadline.map { $0 > now } ?? true, "a deadline is left after it was due")
    } else if let (_, event) = events.popDue(now) {
      event()
      pump()
    }
    check?()
    return true
  }

  func run(until end: Int64 = .max) {
    while min(events.earliest ?? .max, deadline ?? .max) < end, step() {}
    if end < .max { now = max(now, end) }
  }
}

/// What an attempt does in the end.
struct FakeTask {
  enum End { case success, failure, death, loss }
  var duration: Int64 = 100
  var end = End.success
}

/// Runs tasks of a fake world.
final class FakeExecutor: TaskExecutor {
  let crew: FakeCrew
  let number: Int
  var world: FakeWorld { crew.world }
  var scheduler: TaskScheduler { crew.scheduler }
  var slot: ExecutorSlot?
  var survives: Bool { crew.isProgram }
  var holdsTasks: Bool { !crew.isProgram || crew.isDistant }
  var isReady: Bool
  var isDead = false
  /// It begins nothing, as a process that was stopped.
  var isStopped = false
  /// How many tasks of each batch were begun.
  private var begun: [UInt64: Int] = [:]
  private var batches: [TaskBatch] = []
  private(set) var current: (batch: TaskBatch, place: Int, since: Int64)?
  private var attempt = 0
  /// What it has done and not reported, as results that gather in a worker's memory.
  private var gathered: [(batch: TaskBatch, place: Int, isSuccess: Bool)] = []
  var place = 0
  private var askedAt: Int64?
  var log: [String] = []

  init(_ crew: FakeCrew, _ number: Int, isReady: Bool) {
    self.crew = crew
    self.number = number
    self.isReady = isReady
  }

  // MARK: What the scheduler asks

  func start(_ batch: TaskBatch) -> StartOutcome {
    hold(!isDead)
    hold(!batch.job.isHalted, "a task is started after a halt")
    hold(batch.upcoming != nil)
    let outcome = crew.startOutcome(self, batch)
    if outcome == .noRoom || outcome == .unavailable || outcome == .impossible {
      if crew.random.next(2) == 0 { batch.take() }
      return outcome
    }
    while batch.count < crew.mostTasks, let task = batch.upcoming {
      if crew.isProgram {
        batch.take()
        break
      }
      // One by one or some together, that must be the same.
      let run = batch.upcomingRun
      hold(run.lowerBound == task)
      let count = min(run.count, crew.mostTasks - batch.count)
      let (before, taken) = (batch.count, crew.random.next(count + 1))
      batch.take(count: taken)
      hold(batch.count == before + taken && (taken == 0 || batch[before] == task))
      if taken == 0 { batch.take() }
    }
    for place in 0..<batch.count { hold(batch.start.map { batch[place] == $0 + place } ?? true) }
    if outcome == .failed { return .failed }
    crew.started(batch)
    batches.append(batch)
    begun[batch.number] = 0
    // A program here begins at once; others when they see its packet.
    if crew.isProgram, !crew.isDistant {
      begin()
    } else {
      world.after(crew.latency) { [self] in begin() }
    }
    return .started
  }

  func unbegun(_ batch: TaskBatch) -> Int { batch.count - (begun[batch.number] ?? batch.count) }

  func takeBack(_ batch: TaskBatch, most: Int) -> Int? {
    let taken = min(most, unbegun(batch))
    if !crew.isDistant { return taken }
    world.after(crew.latency) { [self] in
      // It may have gone on meanwhile, and tells what it can return.
      if isDead { return }
      let count = min(taken, unbegun(batch))
      scheduler.returned(batch, count)
    }
    return nil
  }

  var inHand: TaskInHand? {
    crew.looks += 1
    return current.map { TaskInHand($0.batch, place: $0.place, since: $0.since) }
  }

  func end(_ how: EndStep) {
    hold(!isDead)
    log.append("\(how)")
    if how == .terminate {
      askedAt = world.now
      if slot?.reason == .timeout { crew.checkTimeout(self) }
      let delay = crew.obeyTime()
      guard let delay else { return }
      let number = attempt
      world.after(delay) { [self] in if !isDead, !survives || attempt == number { stop() } }
    } else {
      if crew.checksGrace, let askedAt {
        hold(world.now == askedAt + crew.grace, "killed when the grace is over")
      }
      let number = attempt
      world.after(1) { [self] in if !isDead, !survives || attempt == number { stop() } }
    }
  }

  func leave() {
    log.append("leave")
    world.after(1) { [self] in if !isDead { gone() } }
  }

  // MARK: What it does

  func becomeReady() {
    if isDead || isReady { return }
    isReady = true
    if let slot { scheduler.ready(slot) }
    begin()
  }

  func begin() {
    guard !isDead, isReady, !isStopped, current == nil else { return }
    guard let batch = batches.first else { return }
    let place = begun[batch.number] ?? 0
    guard place < batch.count else {
      batches.removeFirst()
      reportGathered()
      scheduler.finished(batch)
      return begin()
    }
    begun[batch.number] = place + 1
    attempt += 1
    let number = attempt
    current = (batch, place, world.now)
    let task = crew.task(self, batch[place], batch.job)
    if task.duration == .max { return }
    world.after(task.duration) { [self] in
      guard !isDead, attempt == number, current != nil else { return }
      switch task.end {
      case .death, .loss:
        lose(task.end == .loss ? .lost : .died)
        if !survives { gone() }
      case .success, .failure: report(task.end == .success)
      }
    }
  }

  private func report(_ isSuccess: Bool) {
    guard let (batch, place, _) = current else { return }
    current = nil
    if crew.gathers, !survives {
      gathered.append((batch, place, isSuccess))
      if crew.random.chance(20) { reportGathered() }
      return begin()
    }
    tell(batch, place, isSuccess)
    begin()
  }

  /// What has gathered is reported, also that of a dead one.
  private func reportGathered() {
    let all = gathered
    gathered = []
    var rest = all[...]
    while let (batch, place, isSuccess) = rest.first {
      let many = isSuccess ? rest.prefix { $0.batch === batch && $0.isSuccess } : rest.prefix(1)
      if isSuccess, batch.isLive, batch.reported == place {
        scheduler.succeeded(batch, upTo: place + many.count)
        for entry in many { crew.succeeded(batch.job, batch[entry.place]) }
      } else {
        for entry in many { tell(batch, entry.place, isSuccess) }
      }
      rest = rest.dropFirst(many.count)
    }
  }

  private func tell(_ batch: TaskBatch, _ place: Int, _ isSuccess: Bool) {
    if isSuccess {
      // A result counts even of one that was asked to end; of a program it does not.
      if survives, slot?.isEnding == true {
        crew.failed(batch, place, scheduler.failed(batch, place, .ended))
      } else if let task = scheduler.succeeded(batch, place) {
        crew.succeeded(batch.job, task)
      }
    } else {
      crew.failed(batch, place, scheduler.failed(batch, place, .error))
    }
  }

  /// What is in hand comes to nothing.
  private func lose(_ fault: TaskFault) {
    reportGathered()
    guard let (batch, place, _) = current else { return }
    current = nil
    let fault = slot?.isEnding == true && fault != .lost ? .ended : fault
    crew.failed(batch, place, scheduler.failed(batch, place, fault))
    if survives { begin() }
  }

  /// It obeys, or is killed.
  private func stop() {
    lose(.ended)
    if !survives { gone() }
  }

  /// A signal ends it.
  func die() {
    lose(.died)
    gone()
  }

  /// Its host or link is lost, and what it has done and not reported with it.
  func vanish() {
    if isDead { return }
    gathered = []
    lose(.lost)
    gone(isLost: true)
  }

  func gone(isLost: Bool = false) {
    reportGathered()
    isDead = true
    if let slot { scheduler.ended(slot, isLost: isLost) }
    if let last = crew.living.popLast(), last !== self {
      last.place = place
      crew.living[place] = last
    }
    // A late result of an attempt that is over.
    for batch in batches where batch.rest > 0 || !batch.isLive {
      hold(scheduler.succeeded(batch, batch.reported) == nil, "a late result counts")
    }
  }
}

/// Makes fake executors, and is the client of all jobs.
final class FakeCrew: ExecutorCrew, TaskClient {
  let world = FakeWorld()
  private(set) lazy var scheduler = makeScheduler()
  private let limit: Int
  var random: FakeRandom
  var isProgram: Bool
  var isDistant = false
  var isEager: Bool
  var credit: Int
  var mostTasks = Int.max
  /// Results are reported some at a time.
  var gathers = false
  var latency: Int64 = 0
  var readyTime: Int64 = 0
  var grace: Int64 = 2_000_000_000
  var checksGrace = true
  var looks = 0
  var living: [FakeExecutor] = []
  var made = 0
  var hireFails = 0
  /// Whether there is a host with room for another.
  var hasHost: () -> Bool = { true }

  /// What a task does at its next attempt.
  var tasks: (Int) -> FakeTask = { _ in FakeTask() }
  var outcome: (FakeExecutor, TaskBatch) -> StartOutcome = { _, _ in .started }
  /// How long it takes to obey; nil for never.
  var obeyTime: () -> Int64? = { 1 }
  var held = false

  struct Start {
    let job: ObjectIdentifier
    let task: Int
    let at: Int64
    let executor: Int
  }
  /// Beginnings of attempts.
  var starts: [Start] = []
  /// When batches were handed over.
  var handed: [(job: ObjectIdentifier, at: Int64, count: Int)] = []
  private(set) var ends: [ObjectIdentifier: [Int: TaskEnd]] = [:]
  private(set) var failures: [ObjectIdentifier: [Int: Int]] = [:]
  private(set) var finishedJobs: [ObjectIdentifier: Int64] = [:]
  private(set) var lateTasks: [Int] = []
  /// What each task waits for.
  private(set) var needed: [ObjectIdentifier: [Int: [Int]]] = [:]
  var known: [Int: TaskEnd] = [:]

  init(
    _ limit: Int, isProgram: Bool = false, credit: Int = 2, seed: UInt64 = 1,
    isEager: Bool? = nil
  ) {
    self.isProgram = isProgram
    self.credit = isProgram ? 1 : credit
    self.isEager = isEager ?? !isProgram
    self.limit = limit
    random = FakeRandom(seed)
  }

  private func makeScheduler() -> TaskScheduler {
    let scheduler = TaskScheduler(crew: self, limit: limit, isEager: isEager) { [world] in
      world.now
    }
    scheduler.onDeadline = { [world] in world.deadline = $0 }
    world.advance = { [unowned scheduler] in scheduler.advance() }
    world.pump = { [unowned scheduler] in scheduler.pump() }
    return scheduler
  }

  func hire() -> HireOutcome {
    if hireFails > 0 {
      hireFails -= 1
      return .failed
    }
    if !hasHost() { return .awaited }
    made += 1
    let isReady = readyTime == 0
    let executor = FakeExecutor(self, made, isReady: isReady)
    executor.place = living.count
    living.append(executor)
    if !isReady, readyTime < .max { world.after(readyTime) { executor.becomeReady() } }
    return .hired(executor, credit: credit, isReady: isReady)
  }

  func job(
    _ policy: TaskPolicy = TaskPolicy(), recalls: Bool = false, isOrdered: Bool = false
  ) -> TaskJob {
    let job = TaskJob(policy, client: self, recalls: recalls, isOrdered: isOrdered)
    ends[ObjectIdentifier(job)] = [:]
    scheduler.add(job)
    return job
  }

  /// A job whose tasks wait for those with the numbers that are given.
  func job(_ needed: [[Int]], _ policy: TaskPolicy = TaskPolicy()) -> TaskJob {
    let job = job(policy, isOrdered: true)
    for needed in needed { supply(job, after: needed) }
    scheduler.supply(job, upTo: job.supplied, isWhole: true)
    scheduler.pump()
    return job
  }

  func supply(_ job: TaskJob, after needed: [Int]) {
    self.needed[ObjectIdentifier(job), default: [:]][job.supplied] = needed
    scheduler.supply(job, after: needed)
  }

  /// A job of so many tasks, all known.
  func job(_ count: Int, _ policy: TaskPolicy = TaskPolicy(), recalls: Bool = false) -> TaskJob {
    let job = job(policy, recalls: recalls)
    scheduler.supply(job, upTo: count, isWhole: true)
    scheduler.pump()
    return job
  }

  func task(_ executor: FakeExecutor, _ task: Int, _ job: TaskJob) -> FakeTask {
    starts.append(
      Start(job: ObjectIdentifier(job), task: task, at: world.now, executor: executor.number))
    hold(ends[ObjectIdentifier(job)]?[task] == nil, "task \(task) begins after its end")
    for other in needed[ObjectIdentifier(job)]?[task] ?? [] {
      hold(ends(of: job)[other] == .succeeded, "task \(task) begins before \(other) has succeeded")
    }
    return tasks(task)
  }

  func startOutcome(_ executor: FakeExecutor, _ batch: TaskBatch) -> StartOutcome {
    outcome(executor, batch)
  }

  func started(_ batch: TaskBatch) {
    handed.append((ObjectIdentifier(batch.job), world.now, batch.count))
  }

  func checkTimeout(_ executor: FakeExecutor) {
    guard let (batch, place, since) = executor.current, batch.job.abortion != .deadline
    else { return }
    let own = batch.job.terms?(batch[place])?.timeout
    guard let timeout = own ?? batch.job.policy.timeout else { return }
    let late = world.now - since - timeout
    let slack = batch.job.policy.timeToBegin / 256
    hold(late >= 0 && late <= slack, "a time limit is kept to the nanosecond")
  }

  // MARK: As a client

  func recall(_ task: Int, of job: TaskJob) -> TaskEnd? { known[task] }
  func isHeld(_ job: TaskJob) -> Bool { held }

  func late(_ task: Int, of job: TaskJob, at slot: ExecutorSlot) {
    hold(slot.executor?.inHand == nil && ends[ObjectIdentifier(job)]?[task] == nil)
    lateTasks.append(task)
  }

  func succeeded(_ job: TaskJob, _ task: Int) { ended(task, of: job, .succeeded) }

  func failed(_ batch: TaskBatch, _ place: Int, _ verdict: TaskVerdict) {
    let job = batch.job
    if verdict == .dropped { return }
    failures[ObjectIdentifier(job), default: [:]][batch[place], default: 0] += 1
    if case .final(let end) = verdict { ended(batch[place], of: job, end) }
  }

  func ended(_ task: Int, of job: TaskJob, _ end: TaskEnd) {
    let old = ends[ObjectIdentifier(job), default: [:]].updateValue(end, forKey: task)
    hold(old == nil, "task \(task) ends twice: \(String(describing: old)), \(end)")
  }

  func finished(_ job: TaskJob) {
    hold(finishedJobs.updateValue(world.now, forKey: ObjectIdentifier(job)) == nil)
  }

  func ends(of job: TaskJob) -> [Int: TaskEnd] { ends[ObjectIdentifier(job)] ?? [:] }
  func starts(of job: TaskJob) -> [Start] { starts.filter { $0.job == ObjectIdentifier(job) } }
  func failures(of job: TaskJob, _ task: Int) -> Int {
    failures[ObjectIdentifier(job)]?[task] ?? 0
  }
  func finishTime(of job: TaskJob) -> Int64? { finishedJobs[ObjectIdentifier(job)] }
}

/// Reproducible random numbers (splitmix64).
struct FakeRandom {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func next(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
  mutating func chance(_ percent: Int) -> Bool { next(100) < percent }
}

/// As `#expect`, but quick enough for millions of checks.
func hold(
  _ condition: Bool, _ message: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if !condition { Issue.record("\(message())", sourceLocation: sourceLocation) }
}
