import Testing

@testable import Pools

/// Random policies, executors, deaths, delays and commands, and what must hold after each event.
@Suite struct RandomScheduleTests {
  @Test(arguments: 0..<40)
  func workersKeepTheInvariants(_ block: Int) {
    for seed in 0..<20 { RandomSchedule(seed: UInt64(block * 20 + seed), .workers).run() }
  }

  @Test(arguments: 0..<20)
  func programsKeepTheInvariants(_ block: Int) {
    for seed in 0..<25 { RandomSchedule(seed: UInt64(block * 25 + seed), .programs).run() }
  }

  @Test(arguments: 0..<20)
  func distantWorkersKeepTheInvariants(_ block: Int) {
    for seed in 0..<25 { RandomSchedule(seed: UInt64(block * 25 + seed), .distant).run() }
  }

  /// Places for programs elsewhere, where programs lie behind the one that runs.
  @Test(arguments: 0..<20)
  func distantPlacesKeepTheInvariants(_ block: Int) {
    for seed in 0..<25 { RandomSchedule(seed: UInt64(block * 25 + seed), .places).run() }
  }
}

final class RandomSchedule {
  enum Kind { case workers, programs, distant, places }

  let crew: FakeCrew
  let kind: Kind
  let seed: UInt64
  var jobs: [TaskJob] = []
  var counts: [Int] = []
  var tasks: [Int] = []
  var steps = 0
  private var limitFell = false
  private var random: FakeRandom

  init(seed: UInt64, _ kind: Kind) {
    self.seed = seed
    self.kind = kind
    random = FakeRandom(seed &* 77 &+ 5)
    let credit = kind == .distant || kind == .places ? 1 + random.next(4) : 2
    let isProgram = kind == .programs || kind == .places
    crew = FakeCrew(1 + random.next(6), isProgram: isProgram, credit: credit, seed: seed)
    crew.isDistant = kind == .distant || kind == .places
    if kind == .places { crew.credit = credit }
    crew.latency = kind == .programs ? 0 : Int64(random.next(3) * 40)
    crew.readyTime = crew.isProgram || random.chance(30) ? 0 : Int64(1 + random.next(500))
    crew.mostTasks = random.chance(50) ? .max : 1 + random.next(5)
    crew.checksGrace = false
    if random.chance(30) { crew.scheduler.life.mostTasks = 1 + random.next(8) }
    if random.chance(20) { crew.scheduler.life.mostAge = Int64(200 + random.next(2000)) }
    crew.gathers = kind == .workers && random.chance(50)
    crew.tasks = { [unowned self] _ in task() }
    crew.obeyTime = { [unowned self] in random.chance(20) ? nil : Int64(random.next(300)) }
    if random.chance(30) { crew.outcome = { [unowned self] _, batch in outcome(batch) } }
    crew.world.check = { [unowned self] in check() }
  }

  private func task() -> FakeTask {
    var task = FakeTask(duration: Int64(random.next(400)))
    if random.chance(20) { task.end = .failure }
    if random.chance(8) { task.end = kind == .distant && random.chance(50) ? .loss : .death }
    if random.chance(3) { task.duration = 100_000 }
    return task
  }

  private func outcome(_ batch: TaskBatch) -> StartOutcome {
    if random.chance(85) { return .started }
    switch random.next(4) {
    case 0 where kind == .programs: return .failed
    case 1: return crew.scheduler.running > 0 ? .noRoom : .started
    case 2 where kind != .programs: return .unavailable
    default: return .started
    }
  }

  private func policy() -> TaskPolicy {
    var policy = TaskPolicy()
    if random.chance(50) { policy.retries = random.next(4) }
    policy.deathRetries = random.next(2)
    policy.losses = random.next(4)
    if random.chance(40) { policy.backoff = Int64(1 + random.next(1000)) }
    if random.chance(20) { policy.rate = 1e9 / Double(1 + random.next(500)) }
    if random.chance(40) { policy.timeout = Int64(1 + random.next(600)) }
    if random.chance(10) {
      policy.timeoutPercent = Double(101 + random.next(300))
      policy.timeout = nil
    }
    if random.chance(10) { policy.deadline = Int64(1 + random.next(6000)) }
    if random.chance(10) { policy.gap = Int64(1 + random.next(100)) }
    if random.chance(40) { policy.timeToBegin = Int64(random.next(800)) }
    if random.chance(40) { policy.chunk = 1 + random.next(8) }
    policy.grace = Int64(1 + random.next(400))
    if random.chance(30) {
      let conditions: [TaskHalt.Condition] = [
        .failures(1 + random.next(3)), .successes(1 + random.next(10)),
        .finished(1 + random.next(10)), .failedPercent(Double(1 + random.next(60))),
      ]
      policy.halt = TaskHalt(
        random.chance(50) ? .now : .soon, after: conditions[random.next(conditions.count)])
    }
    return policy
  }

  // MARK: Commands

  private func addJob() {
    let isOrdered = random.chance(40)
    let job = crew.job(policy(), isOrdered: isOrdered)
    jobs.append(job)
    counts.append(random.next(30))
    if !isOrdered, random.chance(60) {
      crew.scheduler.supply(job, upTo: counts[counts.count - 1], isWhole: true)
    } else {
      job.mostQueued = 1 + random.next(4)
      feed(jobs.count - 1)
    }
  }

  /// Supplies a job with input, as its window has room.
  private func feed(_ index: Int) {
    let job = jobs[index]
    if job.isFinished { return }
    var isWhole = false
    while job.wantsInput, !isWhole {
      if job.supplied < counts[index] {
        if random.chance(10) {
          let task = job.supplied
          crew.scheduler.supplyKnown(job, .succeeded)
          crew.ended(task, of: job, .succeeded)
        } else if job.order != nil {
          let count = job.supplied
          let needed = (0..<random.next(4)).map { _ in random.next(count + 2) }
          crew.supply(job, after: needed.filter { $0 < count })
        } else {
          crew.scheduler.supply(job, upTo: job.supplied + 1, isWhole: false)
        }
      } else {
        isWhole = true
        crew.scheduler.supply(job, upTo: job.supplied, isWhole: true)
      }
    }
    crew.scheduler.pump()
    if !job.isWhole, !job.isHalted {
      crew.world.after(Int64(1 + random.next(200))) { [unowned self] in feed(index) }
    }
  }

  private func command() {
    let scheduler: TaskScheduler = crew.scheduler
    switch random.next(12) {
    case 0:
      limitFell = true
      scheduler.setLimit(random.next(8))
    case 1:
      scheduler.pause()
      crew.world.after(Int64(random.next(300))) { scheduler.resume() }
    case 2:
      let job = jobs[random.next(jobs.count)]
      scheduler.cancel(job, endsRunning: random.chance(50))
    case 3, 4, 5, 6:
      let job = jobs[random.next(jobs.count)]
      let task = random.next(job.supplied + 1)
      let old = job.place(of: task)
      let isCancelled = scheduler.cancel(task, of: job)
      if old == .finished || old == .waitingForInput { hold(!isCancelled) }
      if old == .queued || old == .ordered { hold(isCancelled || job.isHalted) }
    case 7:
      // A worker of which nobody asked it dies.
      if kind != .programs, let worker = crew.living.randomItem(&random), worker.current == nil {
        worker.gone()
      }
    case 8: addJob()
    case 9:
      if let slot = scheduler.slots.randomItem(&random) {
        scheduler.hold(slot)
        crew.world.after(Int64(random.next(300))) { scheduler.release(slot) }
      }
    case 10: if let slot = scheduler.slots.randomItem(&random) { scheduler.leave(slot) }
    default:
      if let slot = scheduler.slots.randomItem(&random), slot.isEnding { scheduler.killEnding() }
    }
    scheduler.pump()
  }

  // MARK: Running

  func run() {
    for _ in 0...random.next(3) { addJob() }
    crew.scheduler.pump()
    check()
    for _ in 0..<random.next(12) {
      crew.world.after(Int64(random.next(3000))) { [unowned self] in command() }
    }
    crew.world.after(4000) { [unowned self] in
      // Whatever came between, it goes on in the end.
      crew.scheduler.resume()
      for slot in crew.scheduler.slots { crew.scheduler.release(slot) }
      if random.chance(10) {
        crew.scheduler.terminate()
      } else {
        crew.scheduler.setLimit(max(1, crew.scheduler.limit))
        crew.scheduler.close()
      }
    }
    while crew.world.step() {
      steps += 1
      if steps > 100_000 { break }
    }
    hold(steps < 100_000, "seed \(seed): it does not end")
    for job in jobs { checkEnd(job) }
    hold(crew.scheduler.slots.isEmpty, "seed \(seed): all have left")
    hold(crew.scheduler.running == 0 && crew.scheduler.living == 0)
  }

  private func checkEnd(_ job: TaskJob) {
    hold(job.isFinished, "seed \(seed): a job is not finished")
    hold(crew.finishTime(of: job) != nil)
    let ends = crew.ends(of: job)
    var notStarted = 0
    job.forEachNotStarted { task in
      notStarted += 1
      hold(ends[task] == nil, "seed \(seed): task \(task) ended and was not started")
      hold(!crew.starts(of: job).contains { $0.task == task } || job.isHalted)
    }
    hold(ends.count == job.succeeded + job.failed, "seed \(seed)")
    hold(ends.count + notStarted == job.supplied, "seed \(seed): every task is accounted for")
    hold(ends.values.count { $0 == .succeeded } == job.succeeded, "seed \(seed)")
    hold(ends.values.count { $0 == .cancelled } == job.cancelled, "seed \(seed)")
    hold(ends.values.count { $0 == .timedOut } == job.timedOut, "seed \(seed)")
    hold(ends.values.count { $0 == .blocked } == job.blocked, "seed \(seed)")
    for (task, needed) in crew.needed[ObjectIdentifier(job)] ?? [:] {
      let lacks = needed.contains { ends[$0] != .succeeded }
      if ends[task] == .blocked { hold(lacks, "seed \(seed): task \(task) was blocked") }
      if lacks { hold(ends[task] != .succeeded, "seed \(seed): task \(task) came too early") }
      if lacks, !job.isHalted { hold(ends[task] == .blocked || ends[task] == .cancelled) }
    }
    if !job.isHalted { hold(ends.count == job.supplied) }
    var begun: [Int: Int] = [:]
    for start in crew.starts(of: job) { begun[start.task, default: 0] += 1 }
    for (task, count) in begun {
      let failures = crew.failures(of: job, task)
      let last = ends[task] == .succeeded ? 1 : 0
      hold(count == failures + last, "seed \(seed): attempts of task \(task)")
      let most = max(job.policy.retries ?? job.policy.deathRetries, 0) + job.policy.losses + 1
      hold(count <= most, "seed \(seed): task \(task) was tried \(count) times")
    }
    if let interval = job.policy.interval {
      let times = crew.handed.filter { $0.job == ObjectIdentifier(job) }
      for (a, b) in zip(times, times.dropFirst()) {
        hold(b.at - a.at >= interval, "seed \(seed): the rate is kept")
        hold(a.count == 1)
      }
    }
  }

  /// What holds at any moment.
  private func check() {
    let scheduler: TaskScheduler = crew.scheduler
    // The dear part: not after each event.
    for job in jobs where steps % 4 == 0 {
      let ends = crew.ends(of: job)
      var places = 0
      for task in 0..<job.supplied {
        let place = job.place(of: task)
        if place == .finished {
          if !job.isHalted { hold(ends[task] != nil, "seed \(seed): task \(task) is lost") }
        } else {
          places += 1
          hold(ends[task] == nil, "seed \(seed): task \(task) is at \(place) and ended")
        }
      }
      if !job.isHalted {
        hold(places == job.queued + job.waiting + job.outstanding + job.ordered, "seed \(seed)")
      }
      let atExecutors = job.batches.reduce(0) { $0 + $1.rest }
      hold(atExecutors == job.outstanding, "seed \(seed): a task is in one place")
    }
    hold(scheduler.living == scheduler.slots.count(where: \.isLiving))
    for slot in scheduler.slots { hold((0...slot.mostTasks).contains(slot.given)) }
    if crew.isProgram {
      hold(scheduler.slots.count(where: \.isLiving) <= max(scheduler.limit, 0) || limitFell)
    }
    hold(scheduler.running == scheduler.slots.reduce(0) { $0 + $1.batches.count })
    for executor in crew.living {
      guard let (batch, _, since) = executor.current, let limit = batch.job.policy.timeout,
        let slot = executor.slot, !slot.isEnding
      else { continue }
      let slack = batch.job.policy.timeToBegin / 256
      hold(crew.world.now <= since + limit + slack, "seed \(seed): a time limit is over")
      if slack == 0, crew.world.now == since + limit {
        hold(crew.world.deadline ?? 0 <= crew.world.now)
      }
    }
    checkIdle()
  }

  /// Nothing waits while an executor is free.
  private func checkIdle() {
    let scheduler: TaskScheduler = crew.scheduler
    if scheduler.isPaused || scheduler.isFull { return }
    let free = scheduler.slots.contains(where: \.isIdle)
    let mayHire = !scheduler.isEager && scheduler.living < scheduler.limit
    guard free || mayHire else { return }
    for job in scheduler.jobs where !job.isHalted && job.hasTask {
      if job.policy.interval != nil, job.nextStart > crew.world.now { continue }
      Issue.record("seed \(seed): a task waits while an executor is free")
    }
    let isReady = scheduler.slots.contains {
      $0.isIdle && $0.state == .working
    }
    if isReady {
      for slot in scheduler.slots where scheduler.stealable(slot) > 0 {
        Issue.record("seed \(seed): tasks lie with a busy executor while another is free")
      }
    }
  }
}

extension Array {
  func randomItem(_ random: inout FakeRandom) -> Element? {
    isEmpty ? nil : self[random.next(count)]
  }
}
