import Testing

@testable import Pools

/// Each policy alone, on a clock that is set.
@Suite struct PolicyTests {
  let begin: Int64 = 1_000

  private func policy(_ set: (inout TaskPolicy) -> Void) -> TaskPolicy {
    var policy = TaskPolicy()
    set(&policy)
    return policy
  }

  // MARK: Retries

  @Test(arguments: [0, 1, 3])
  func aTaskThatFailsIsTriedAgainSoOften(_ retries: Int) {
    let crew = FakeCrew(2)
    crew.tasks = { _ in FakeTask(end: .failure) }
    let job = crew.job(1, policy { $0.retries = retries })
    crew.world.run()
    #expect(crew.starts.count == retries + 1)
    #expect(crew.ends(of: job) == [0: .failed])
    #expect(job.failures(of: 0) == retries + 1)
    #expect(job.repeated == retries)
  }

  @Test(arguments: [(false, 0, 1), (false, 1, 1), (true, 0, 1), (true, 1, 2)])
  func byDefaultOnlyDeathsAreRetried(_ isDeath: Bool, _ deathRetries: Int, _ attempts: Int) {
    let crew = FakeCrew(2)
    crew.tasks = { _ in FakeTask(end: isDeath ? .death : .failure) }
    _ = crew.job(1, policy { $0.deathRetries = deathRetries })
    crew.world.run(until: 1_000_000)
    #expect(crew.starts.count == attempts)
  }

  @Test func oneThatWasEndedIsNotTakenForADeath() {
    let crew = FakeCrew(1)
    crew.tasks = { _ in FakeTask(duration: .max) }
    let job = crew.job(
      1,
      policy {
        $0.timeout = 50
        $0.deathRetries = 5
      })
    crew.world.run(until: 1_000_000)
    #expect(crew.ends(of: job) == [0: .timedOut])
    #expect(crew.starts.count == 1)
    #expect(job.timedOut == 1)
  }

  @Test func lossesAreCountedApart() {
    let crew = FakeCrew(1)
    crew.tasks = { _ in FakeTask(end: .loss) }
    let job = crew.job(
      1,
      policy {
        $0.losses = 2
        $0.retries = 0
      })
    crew.world.run(until: 1_000_000)
    #expect(crew.starts.count == 3)
    #expect(crew.ends(of: job) == [0: .lost])
    #expect(job.failures(of: 0) == 0)
  }

  @Test func waitsBetweenRetriesDouble() {
    let crew = FakeCrew(1)
    crew.tasks = { _ in FakeTask(duration: 10, end: .failure) }
    _ = crew.job(
      1,
      policy {
        $0.retries = 3
        $0.backoff = 100
      })
    crew.world.run()
    #expect(crew.starts.map(\.at) == [begin, begin + 110, begin + 320, begin + 730])
  }

  @Test func aVeryLongWaitDoesNotOverflow() {
    let long = policy { $0.backoff = .max / 3 }
    #expect(long.delay(after: 1) == .max / 3)
    #expect(long.delay(after: 60) == .max / 2)
  }

  // MARK: Rate

  @Test func startsKeepTheirDistanceAndNothingWaitsAfterTheLast() {
    let crew = FakeCrew(4, isProgram: true)
    crew.tasks = { _ in FakeTask(duration: 10) }
    let job = crew.job(3, policy { $0.rate = 1e9 / 500 })
    crew.world.run()
    #expect(crew.starts.map(\.at) == [begin, begin + 500, begin + 1000])
    #expect(crew.finishTime(of: job) == begin + 1010)
  }

  @Test func theEndOfInputIsSeenBeforeTheRateAllowsAStart() {
    let crew = FakeCrew(4, isProgram: true)
    let job = crew.job(policy { $0.rate = 1e9 / 5000 })
    crew.scheduler.supply(job, upTo: 1, isWhole: false)
    crew.scheduler.pump()
    crew.scheduler.supply(job, upTo: 1, isWhole: true)
    crew.world.run()
    #expect(crew.finishTime(of: job) == begin + 100)
  }

  @Test func aRateDoesNotKeepOtherJobsWaiting() {
    let crew = FakeCrew(1, isProgram: true)
    _ = crew.job(5, policy { $0.rate = 1e9 / 5000 })
    let other = crew.job(1)
    crew.world.run(until: 3000)
    #expect(crew.finishTime(of: other) == begin + 200)
  }

  // MARK: Time limits

  @Test func aTimeLimitIsKeptToTheNanosecond() {
    let crew = FakeCrew(1)
    // The third task of the batch takes too long.
    crew.tasks = { FakeTask(duration: $0 == 2 ? .max : 70) }
    let job = crew.job(
      4,
      policy {
        $0.timeout = 100
        $0.chunk = 4
      })
    var ended: Int64 = 0
    crew.obeyTime = { [world = crew.world] in
      ended = world.now
      return 5
    }
    crew.world.run(until: 100_000)
    #expect(ended == begin + 140 + 100)
    #expect(crew.ends(of: job) == [0: .succeeded, 1: .succeeded, 2: .timedOut, 3: .succeeded])
  }

  @Test func whatDoesNotObeyIsKilledWhenTheGraceIsOver() {
    let crew = FakeCrew(1)
    crew.grace = 30
    crew.tasks = { _ in FakeTask(duration: .max) }
    crew.obeyTime = { nil }
    let job = crew.job(
      1,
      policy {
        $0.timeout = 100
        $0.grace = 30
      })
    let executor = crew.living[0]
    crew.world.run(until: 100_000)
    #expect(executor.log == ["terminate", "kill"])
    #expect(crew.finishTime(of: job) == begin + 131)
  }

  @Test func aWorkerThatNeverGetsReadyTimesOut() {
    let crew = FakeCrew(1)
    crew.readyTime = .max
    let job = crew.job(2, policy { $0.timeout = 100 })
    crew.world.run(until: 100_000)
    #expect(crew.ends(of: job) == [0: .timedOut, 1: .timedOut])
    #expect(crew.starts.isEmpty)
  }

  @Test func aWorkerHasTimeToBegin() {
    let crew = FakeCrew(1)
    crew.readyTime = 400
    let slow = policy {
      $0.timeout = 100
      $0.timeToBegin = 500
    }
    let job = crew.job(1, slow)
    crew.world.run(until: 100_000)
    #expect(crew.ends(of: job) == [0: .succeeded] && crew.lateTasks.isEmpty)

    let never = FakeCrew(1)
    never.readyTime = .max
    let other = never.job(1, slow)
    never.world.run(until: 100_000)
    #expect(never.ends(of: other) == [0: .timedOut] && never.lateTasks == [0])
    #expect(never.finishTime(of: other) == begin + 500)
  }

  @Test func aTaskThatBeginsWhenItIsLateKeepsItsOwnTime() {
    let crew = FakeCrew(1)
    crew.tasks = { _ in FakeTask(duration: 90) }
    crew.latency = 100
    let job = crew.job(1, policy { $0.timeout = 100 })
    crew.world.run(until: 100_000)
    #expect(crew.ends(of: job) == [0: .succeeded] || crew.lateTasks == [0])
  }

  @Test func aWorkerThatStandsStillTimesOut() {
    let crew = FakeCrew(1)
    let job = crew.job(policy { $0.timeout = 100 })
    crew.scheduler.pump()
    crew.living[0].isStopped = true
    crew.scheduler.supply(job, upTo: 1, isWhole: true)
    crew.scheduler.pump()
    crew.world.run(until: 100_000)
    #expect(crew.ends(of: job) == [0: .timedOut])
  }

  @Test func aTimeLimitBehindAnotherJobCountsFromItsOwnBeginning() {
    let crew = FakeCrew(1)
    crew.tasks = { _ in FakeTask(duration: 1000) }
    _ = crew.job(1)
    let timed = crew.job(1, policy { $0.timeout = 50 })
    crew.world.run(until: 100_000)
    #expect(crew.ends(of: timed) == [0: .timedOut])
    #expect(crew.starts(of: timed).map(\.at) == [begin + 1000])
    #expect(crew.finishTime(of: timed) == begin + 1051)
  }

  // MARK: Halting

  @Test func nothingStartsAfterTheFirstFailure() {
    let crew = FakeCrew(2, isProgram: true)
    crew.tasks = { FakeTask(duration: $0 == 0 ? 10 : 100, end: $0 == 0 ? .failure : .success) }
    let job = crew.job(10, policy { $0.halt = TaskHalt(.soon) })
    crew.world.run()
    #expect(crew.starts.count == 2)
    #expect(crew.ends(of: job) == [0: .failed, 1: .succeeded])
    var notStarted: [Int] = []
    job.forEachNotStarted { notStarted.append($0) }
    #expect(notStarted == Array(2..<10))
  }

  @Test func nowEndsWhatRuns() {
    let crew = FakeCrew(2, isProgram: true)
    crew.tasks = { FakeTask(duration: $0 == 0 ? 10 : .max, end: $0 == 0 ? .failure : .success) }
    let job = crew.job(10, policy { $0.halt = TaskHalt(.now) })
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .failed, 1: .cancelled])
    #expect(crew.finishTime(of: job) == begin + 11)
  }

  @Test func aHaltComesInTheMiddleOfABatch() {
    let crew = FakeCrew(1)
    crew.tasks = { FakeTask(end: $0 == 3 ? .failure : .success) }
    let job = crew.job(
      20,
      policy {
        $0.chunk = 10
        $0.halt = TaskHalt(.soon)
      })
    crew.world.run(until: 100_000)
    // A worker that goes straight on has one more in hand than was reported.
    #expect(crew.starts.map(\.task).max() ?? 0 <= 4)
    #expect(job.isFinished && job.unfinished >= 15)
  }

  @Test(arguments: [
    (TaskHalt.Condition.failures(3), 6), (.successes(2), 4), (.finished(5), 5),
  ])
  func haltConditions(_ condition: TaskHalt.Condition, _ starts: Int) {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(end: $0 % 2 == 1 ? .failure : .success) }
    let job = crew.job(10, policy { $0.halt = TaskHalt(.soon, after: condition) })
    crew.world.run()
    let expected = condition == .successes(2) ? 3 : starts
    #expect(crew.starts.count == expected)
    #expect(job.isFinished)
  }

  @Test func whatWasToBeTriedAgainFailsByAHalt() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { _ in FakeTask(end: .failure) }
    let job = crew.job(
      3,
      policy {
        $0.retries = 1
        $0.backoff = 150
        $0.halt = TaskHalt(.soon)
      })
    crew.world.run()
    // Task 0 fails twice; 1 has failed once meanwhile, and 2 was not started.
    #expect(crew.ends(of: job)[0] == .failed)
    #expect(crew.ends(of: job)[1] == .failed)
    #expect(job.isFinished)
  }

  // MARK: Known tasks

  @Test func whatIsKnownIsNotDone() {
    let crew = FakeCrew(2)
    crew.known = [0: .succeeded, 2: .failed, 4: .succeeded]
    let job = crew.job(5, recalls: true)
    crew.world.run()
    #expect(crew.starts.map(\.task).sorted() == [1, 3])
    #expect(job.succeeded == 4 && job.failed == 1 && job.isFinished)
  }

  @Test func aHeldJobIsLookedAtAgain() {
    let crew = FakeCrew(1)
    crew.held = true
    let job = crew.job(1)
    crew.world.after(150_000_000) { [crew] in crew.held = false }
    crew.world.run()
    #expect(crew.starts.map(\.at) == [begin + 200_000_000])
    #expect(job.isFinished)
  }

  /// The first tasks need not be like the others: a batch has at most four times what the last one had.
  @Test func batchesGrowAtMostFourfold() {
    let crew = FakeCrew(0)
    let job = crew.job(100_000)
    job.note(10, in: 10)
    #expect(job.chunk(executors: 1) == 40)
    job.note(40, in: 40)
    #expect(job.chunk(executors: 1) == 160)
    job.note(8000, in: 8000)
    #expect(job.chunk(executors: 1) == TaskPolicy.mostTasks)
  }

  /// Tasks that have become slower make smaller batches at once, faster ones larger batches by and by.
  @Test func slowerTasksCountAtOnce() {
    let crew = FakeCrew(0)
    let job = crew.job(100_000)
    job.note(1000, in: 1_000_000)
    #expect(job.chunk(executors: 1) == 4000)
    job.note(1000, in: 4_000_000_000)
    #expect(job.chunk(executors: 1) == 1)
    job.note(1000, in: 1_000_000)
    #expect(job.chunk(executors: 1) == 1)
  }
}
