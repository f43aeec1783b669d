import Testing

@testable import Pools

/// What happens at the same time as the loss of a host: one schedule each.
@Suite struct HostScheduleTests {
  private func crew(_ limit: Int = 1, credit: Int = 2) -> FakeCrew {
    let crew = FakeCrew(limit, credit: credit)
    crew.isDistant = true
    crew.latency = 50
    crew.readyTime = 100
    crew.checksGrace = false
    return crew
  }

  private func policy(chunk: Int, losses: Int = 3, retries: Int? = nil) -> TaskPolicy {
    var policy = TaskPolicy()
    policy.chunk = chunk
    policy.losses = losses
    policy.retries = retries
    return policy
  }

  private func loseAll(_ crew: FakeCrew) {
    for executor in crew.living { executor.vanish() }
    crew.scheduler.pump()
  }

  /// Tasks that are much shorter than the way there go in batches that are as long as the way.
  @Test func aLongWayIsFilled() {
    let crew = crew(2)
    crew.latency = 100_000
    crew.readyTime = 0
    crew.tasks = { _ in FakeTask(duration: 10) }
    var policy = TaskPolicy()
    policy.batchTime = 100_000
    let job = crew.job(200_000, policy)
    crew.world.check = { for executor in crew.living { executor.slot?.way = 100_000 } }
    crew.world.run()
    #expect(job.isFinished && crew.ends(of: job).count == 200_000)
    // The tasks alone take 1 ms at each of two; one by one it would be 10,000 ms.
    #expect(crew.world.now < 5_000_000, "\(crew.world.now)")
  }

  // MARK: Places for programs

  private func places(_ count: Int, credit: Int) -> FakeCrew {
    let crew = FakeCrew(count, isProgram: true)
    crew.credit = credit
    crew.isDistant = true
    crew.latency = 50
    crew.checksGrace = false
    return crew
  }

  /// What lay behind a program that is to end comes back before that has ended: it is killed in time.
  @Test func aPlaceWhoseProgramIsToEndIsNotTakenForFree() {
    let crew = places(1, credit: 3)
    crew.tasks = { FakeTask(duration: $0 == 0 ? .max : 10) }
    crew.obeyTime = { nil }
    var policy = policy(chunk: 1)
    policy.grace = 1_000
    let job = crew.job(3, policy)
    crew.world.run(until: 1_200)
    #expect(crew.starts.map(\.task) == [0] && crew.handed.count == 3)
    #expect(crew.scheduler.cancel(0, of: job))
    crew.scheduler.pump()
    crew.world.run(until: 1_300)
    #expect(crew.living[0].slot?.reason == .cancelled)
    crew.world.run()
    #expect(crew.living[0].log == ["terminate", "kill"])
    #expect(crew.ends(of: job) == [0: .cancelled, 1: .succeeded, 2: .succeeded])
  }

  /// A job is cancelled, and what lay behind begins before it is asked back: it is ended, too.
  @Test func whatBeginsWhileAllIsCancelledIsEnded() {
    let crew = places(1, credit: 2)
    crew.tasks = { FakeTask(duration: $0 == 0 ? 310 : .max) }
    crew.obeyTime = { 100 }
    let job = crew.job(2, policy(chunk: 1))
    crew.world.run(until: 1_350)
    crew.scheduler.cancel(job, endsRunning: true)
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.isFinished && crew.scheduler.running == 0)
    #expect(crew.ends(of: job) == [0: .cancelled, 1: .cancelled])
  }

  // MARK: What was to be ended anyway

  /// A task is cancelled, its host is silent, and lost before it has said anything.
  @Test func whatWasCancelledIsNotMadeAgain() {
    let crew = crew()
    crew.tasks = { _ in FakeTask(duration: .max) }
    crew.obeyTime = { nil }
    let job = crew.job(1)
    crew.world.run(until: 1_300)
    #expect(crew.starts.count == 1 && crew.scheduler.cancel(0, of: job))
    loseAll(crew)
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .cancelled] && crew.starts.count == 1)
  }

  /// The same of one whose time was over: it was no loss, and is tried again as one that took too long.
  @Test(arguments: [0, 1]) func whatTookTooLongIsNoLoss(_ retries: Int) {
    let crew = crew()
    crew.tasks = { _ in FakeTask(duration: .max) }
    crew.obeyTime = { nil }
    var policy = policy(chunk: 1, losses: 9, retries: retries)
    policy.timeout = 500
    policy.grace = 1_000_000
    let job = crew.job(1, policy)
    for _ in 0..<20 where !job.isFinished {
      crew.world.run(until: crew.world.now + 300)
      for executor in crew.living where executor.slot?.isEnding == true { executor.vanish() }
      crew.scheduler.pump()
    }
    #expect(crew.ends(of: job) == [0: .timedOut] && crew.starts.count == retries + 1)
  }

  @Test func whatADeadlineEndsIsNotMadeAgain() {
    let crew = crew()
    crew.tasks = { _ in FakeTask(duration: .max) }
    crew.obeyTime = { nil }
    var policy = policy(chunk: 1)
    policy.deadline = 1_000
    policy.grace = 1_000_000
    let job = crew.job(3, policy)
    crew.world.run(until: 2_500)
    loseAll(crew)
    crew.world.run()
    #expect(job.isFinished && crew.ends(of: job) == [0: .timedOut] && crew.starts.count == 1)
  }

  /// A task is cancelled that lies with its host, and the answer whether it has begun is lost with it.
  @Test func whatWasCancelledBeforeItBeganIsNotBegun() {
    let crew = crew()
    crew.tasks = { _ in FakeTask(duration: 1_000) }
    let job = crew.job(10, policy(chunk: 10))
    crew.world.run(until: 1_300)
    #expect(crew.handed.map(\.count) == [10] && crew.scheduler.cancel(5, of: job))
    loseAll(crew)
    crew.world.run()
    #expect(crew.ends(of: job)[5] == .cancelled && job.succeeded == 9)
    #expect(!crew.starts.contains { $0.task == 5 })
  }

  /// The same, and the tasks before it are reported first, so that it seems to be in hand.
  @Test func norIfItSeemsToHaveBegun() {
    let crew = crew()
    crew.tasks = { FakeTask(duration: $0 == 0 ? 100 : 1_000) }
    crew.latency = 0
    let job = crew.job(2, policy(chunk: 2))
    crew.world.run(until: 1_150)
    crew.latency = 10_000
    #expect(crew.scheduler.cancel(1, of: job))
    crew.world.run(until: 1_400)
    #expect(job.succeeded == 1 && crew.living.first?.current?.place == 1)
    loseAll(crew)
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .succeeded, 1: .cancelled])
  }

  /// It has begun when it is asked back: then it is ended, however long it would take.
  @Test func whatWasCancelledJustAfterItBeganIsEnded() {
    let crew = crew()
    crew.tasks = { FakeTask(duration: $0 == 0 ? 20 : .max) }
    let job = crew.job(2, policy(chunk: 2))
    crew.world.run(until: 1_110)
    #expect(crew.starts.count == 1 && crew.scheduler.cancel(1, of: job))
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .succeeded, 1: .cancelled] && crew.starts.count == 2)
  }

  // MARK: What is counted

  @Test func lossesAndFailuresCountForThemselves() {
    for retries in 1...2 {
      let crew = crew()
      var attempt = 0
      crew.tasks = { _ in
        attempt += 1
        let ends: [FakeTask.End] = [.loss, .failure, .loss, .failure, .success]
        return FakeTask(duration: 100, end: ends[attempt - 1])
      }
      let job = crew.job(1, policy(chunk: 1, losses: 2, retries: retries))
      crew.world.run()
      #expect(crew.ends(of: job) == [0: retries == 2 ? .succeeded : .failed])
      #expect(attempt == (retries == 2 ? 5 : 4))
    }
  }

  /// What lay ahead at a lost host was not begun, and is no loss.
  @Test func onlyWhatWasBegunIsLost() {
    let crew = crew()
    crew.tasks = { _ in FakeTask(duration: 1_000) }
    let job = crew.job(10, policy(chunk: 10, losses: 0))
    crew.world.run(until: 1_300)
    loseAll(crew)
    crew.world.run()
    #expect(crew.ends(of: job)[0] == .lost && job.succeeded == 9 && job.failed == 1)
    #expect(crew.starts.count == 10)
  }

  @Test func anAttemptThatWasReportedIsNotLost() {
    let crew = crew()
    crew.tasks = { FakeTask(duration: $0 == 0 ? 100 : .max) }
    let job = crew.job(2, policy(chunk: 2, losses: 0))
    crew.world.run(until: 1_400)
    #expect(job.succeeded == 1)
    loseAll(crew)
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .succeeded, 1: .lost])
  }

  @Test func whatNeedsALostTaskIsBlocked() {
    let crew = crew()
    crew.tasks = { FakeTask(duration: 100, end: $0 == 0 ? .loss : .success) }
    let job = crew.job([[], [0], []], policy(chunk: 1, losses: 1))
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .lost, 1: .blocked, 2: .succeeded])
  }

  @Test func afterAHaltNothingIsMadeAgain() {
    let crew = crew(2, credit: 1)
    crew.tasks = { FakeTask(duration: $0 == 0 ? 100 : .max, end: .failure) }
    var policy = policy(chunk: 1, losses: 9)
    policy.halt = TaskHalt(.soon, after: .failures(1))
    let job = crew.job(5, policy)
    crew.world.run(until: 2_000)
    #expect(job.isHalted && !job.isFinished)
    loseAll(crew)
    crew.world.run()
    #expect(job.isFinished && crew.ends(of: job) == [0: .failed, 1: .cancelled])
    #expect(crew.starts.count == 2)
  }

  /// A task went with its host, and another one has failed once; none is there that could try again.
  @Test(arguments: ["cancel", "drain", "give up"])
  func whatWaitsToBeMadeAgainHasNotFailed(_ end: String) {
    let crew = crew(2, credit: 1)
    crew.tasks = { FakeTask(duration: $0 == 0 ? .max : 100, end: .failure) }
    var policy = policy(chunk: 1, losses: 9, retries: 9)
    policy.backoff = 1_000_000
    let job = crew.job(2, policy)
    crew.world.run(until: 2_000)
    crew.hasHost = { false }
    loseAll(crew)
    crew.world.run(until: 3_000)
    #expect(crew.ends(of: job).isEmpty && crew.starts.count == 2)
    switch end {
    case "cancel": crew.scheduler.cancel(job, endsRunning: true)
    case "drain": crew.scheduler.cancel(job, endsRunning: false)
    default: crew.scheduler.giveUp()
    }
    crew.scheduler.pump()
    #expect(job.isFinished)
    #expect(crew.ends(of: job) == [0: .cancelled, 1: end == "cancel" ? .cancelled : .failed])
  }

  /// A worker died, and another one has its task and has not begun it, when all is cancelled, and then
  /// its process ends.
  @Test func whatIsToBeTriedAgainStaysCancelled() {
    let crew = FakeCrew(1, credit: 2)
    crew.readyTime = 100
    crew.checksGrace = false
    crew.tasks = { _ in FakeTask(duration: 100, end: .death) }
    var policy = policy(chunk: 1)
    policy.deathRetries = 1
    let job = crew.job(1, policy)
    while crew.handed.count < 2, crew.world.now < 10_000 {
      crew.world.run(until: crew.world.now + 10)
    }
    #expect(crew.starts.count == 1 && crew.handed.count == 2)
    crew.scheduler.cancel(job, endsRunning: true)
    crew.scheduler.pump()
    crew.scheduler.terminate()
    crew.scheduler.pump()
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .cancelled])
  }

  @Test func aRateIsKeptAcrossLosses() {
    let crew = crew(4)
    crew.tasks = { _ in FakeTask(duration: 150) }
    var policy = policy(chunk: 1, losses: 100)
    policy.gap = 100
    let job = crew.job(20, policy)
    for _ in 0..<8 {
      crew.world.run(until: crew.world.now + 330)
      loseAll(crew)
    }
    crew.world.run()
    #expect(job.succeeded == 20)
    let times = crew.handed.map(\.at)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= 100 })
  }

  // MARK: Messages that cross each other

  /// An answer of an agent whose host was lost, and one that tells of more than it had.
  @Test func returnsAreBoundedAndLateOnesAreDropped() {
    let crew = crew()
    crew.tasks = { _ in FakeTask(duration: 1_000) }
    let job = crew.job(4, policy(chunk: 4))
    crew.world.run(until: 1_300)
    guard let batch = crew.scheduler.slots.first?.batches.first else {
      Issue.record("there is no batch")
      return
    }
    crew.scheduler.returned(batch, 1_000_000)
    crew.scheduler.returned(batch, 1_000_000)
    #expect(batch.rest == 0)
    crew.scheduler.returned(batch, -3)
    loseAll(crew)
    crew.scheduler.returned(batch, 2)
    #expect(crew.scheduler.succeeded(batch, 0) == nil)
    #expect(crew.scheduler.failed(batch, 0, .lost) == .dropped)
    crew.world.run()
    #expect(job.succeeded == 4 && crew.ends(of: job).count == 4)
  }

  @Test func aReportThatComesTwiceCountsOnce() {
    let crew = crew()
    crew.tasks = { _ in FakeTask(duration: .max) }
    let job = crew.job(3, policy(chunk: 3))
    crew.world.run(until: 1_300)
    guard let batch = crew.scheduler.slots.first?.batches.first else {
      Issue.record("there is no batch")
      return
    }
    for _ in 0..<2 { crew.scheduler.succeeded(batch, upTo: 2) }
    #expect(job.succeeded == 2 && crew.scheduler.succeeded(batch, 1) == nil)
    #expect(crew.scheduler.succeeded(batch, 2) == 2 && crew.scheduler.succeeded(batch, 2) == nil)
    crew.scheduler.succeeded(batch, upTo: 1_000)
    #expect(job.succeeded == 3)
  }

  /// One that has nothing asks another for a part; that one is lost before it answers.
  @Test func aHostIsLostFromWhichTasksWereAskedBack() {
    let crew = crew(1)
    crew.tasks = { _ in FakeTask(duration: 500) }
    let job = crew.job(12, policy(chunk: 12))
    crew.world.run(until: 1_200)
    let first = crew.living[0]
    crew.latency = 10_000
    crew.scheduler.setLimit(2)
    crew.scheduler.pump()
    // The second one is ready, and has asked.
    crew.world.run(until: 1_400)
    crew.latency = 50
    first.vanish()
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 12 && crew.starts.count == 13)
  }

  @Test func aHostIsLostThatWasToFinishWhatItHas() {
    let crew = crew(2)
    crew.tasks = { _ in FakeTask(duration: 1_000) }
    let job = crew.job(2, policy(chunk: 1))
    crew.world.run(until: 1_300)
    if let slot = crew.living.first?.slot { crew.scheduler.leave(slot) }
    crew.scheduler.pump()
    crew.living.first?.vanish()
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 2 && crew.starts.count == 3)
  }

  @Test func hostsAreLostBeforeTheyAreReady() {
    let crew = crew(3)
    let job = crew.job(6, policy(chunk: 1, losses: 0))
    for _ in 0..<50 {
      crew.world.run(until: crew.world.now + 60)
      loseAll(crew)
    }
    #expect(crew.starts.isEmpty && crew.scheduler.failedStarts == 0 && !job.isFinished)
    crew.world.run()
    #expect(job.succeeded == 6)
  }

  /// Jobs that were given up stay so; those that come later are done by hosts that come later.
  @Test func hostsComeBackAfterAllWasGivenUp() {
    let crew = crew(2)
    var isThere = false
    crew.hasHost = { isThere }
    let first = crew.job(3)
    crew.scheduler.giveUp()
    crew.scheduler.pump()
    isThere = true
    crew.scheduler.roomCame()
    let second = crew.job(3)
    crew.world.run()
    #expect(first.abortion == .noExecutors && crew.ends(of: first).isEmpty)
    #expect(second.succeeded == 3)
  }
}
