import Testing

@testable import Pools

/// Executors and jobs: who gets what, taking back, deaths, sizes, cancelling in each state.
@Suite struct SchedulerTests {
  private func policy(_ set: (inout TaskPolicy) -> Void) -> TaskPolicy {
    var policy = TaskPolicy()
    set(&policy)
    return policy
  }

  // MARK: Giving out

  @Test func eachGetsOneBeforeAnyGetsTwo() {
    let crew = FakeCrew(3)
    crew.tasks = { _ in FakeTask(duration: .max) }
    _ = crew.job(4, policy { $0.chunk = 1 })
    crew.world.run(until: 2000)
    #expect(Set(crew.starts.map(\.executor)).count == 3)
    #expect(crew.scheduler.running == 4)
  }

  @Test func batchesGrowWithShortTasks() {
    let crew = FakeCrew(1)
    crew.tasks = { _ in FakeTask(duration: 1000) }
    let job = crew.job(100_000)
    crew.world.run()
    #expect(job.succeeded == 100_000)
    #expect(crew.handed.count < 200)
    #expect(crew.handed.map(\.count).max() ?? 0 > 3000)
  }

  @Test func programsGoToAsManySlotsAsAreNeeded() {
    let crew = FakeCrew(100, isProgram: true)
    _ = crew.job(3)
    crew.world.run()
    #expect(crew.made == 3)
  }

  @Test func jobsShareExecutors() {
    let crew = FakeCrew(4)
    let jobs = (0..<5).map { _ in crew.job(20) }
    crew.world.run()
    for job in jobs { #expect(job.isFinished && job.succeeded == 20) }
  }

  @Test func inputIsWantedOnlyAsItIsUsed() {
    let crew = FakeCrew(2, isProgram: true)
    crew.tasks = { _ in FakeTask(duration: .max) }
    let job = crew.job(TaskPolicy())
    job.mostQueued = 1
    var taken = 0
    while job.wantsInput {
      taken += 1
      crew.scheduler.supply(job, upTo: taken, isWhole: false)
      crew.scheduler.pump()
    }
    #expect(taken == 3)
    job.mostKept = 3
    #expect(!job.wantsInput)
  }

  // MARK: No room

  @Test func whatHasNoRoomWaitsUntilSomethingEnds() {
    let crew = FakeCrew(8, isProgram: true)
    crew.outcome = { [crew] _, _ in crew.scheduler.running >= 2 ? .noRoom : .started }
    let job = crew.job(6)
    crew.world.run()
    #expect(job.succeeded == 6)
    #expect(crew.starts.map(\.at) == [1000, 1000, 1100, 1100, 1200, 1200])
  }

  @Test func roomMayComeWhileNothingRuns() {
    let crew = FakeCrew(8, isProgram: true)
    crew.outcome = { [world = crew.world] _, _ in world.now < 50_000_000 ? .noRoom : .started }
    let job = crew.job(6)
    crew.world.run()
    #expect(job.succeeded == 6)
    #expect(crew.starts.first?.at == Int64(70_001_000))
  }

  @Test func noRoomWhileNothingRunsEndsTheJob() {
    let crew = FakeCrew(8, isProgram: true)
    crew.outcome = { _, _ in .noRoom }
    let job = crew.job(6)
    crew.world.run()
    #expect(crew.world.now == 1000 + 630_000_000)
    #expect(job.isFinished && job.abortion == .noRoom && job.unfinished == 6)
  }

  @Test func whatCannotBeStartedAtAllEndsTheJob() {
    let crew = FakeCrew(2, isProgram: true)
    crew.outcome = { _, batch in batch.job.supplied - batch.job.queued > 3 ? .impossible : .started
    }
    let job = crew.job(20_000)
    crew.world.run()
    #expect(job.isFinished && job.abortion == .impossible)
    #expect(crew.starts.count < 10)
  }

  @Test func oneThatCannotBeStartedFailsAlone() {
    let crew = FakeCrew(1, isProgram: true)
    crew.outcome = { _, batch in batch.upcoming == 1 ? .failed : .started }
    let job = crew.job(3, policy { $0.retries = 5 })
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .succeeded, 1: .failed, 2: .succeeded])
  }

  // MARK: Replacing

  @Test(arguments: [1, 3, 7]) func anExecutorGetsNoMoreThanItsTasks(_ most: Int) {
    let crew = FakeCrew(2)
    crew.scheduler.life.mostTasks = most
    let job = crew.job(42, policy { $0.chunk = 5 })
    crew.world.run()
    #expect(job.succeeded == 42)
    let shares = Dictionary(grouping: crew.starts, by: \.executor).mapValues(\.count)
    #expect(shares.values.allSatisfy { $0 <= most })
    #expect(shares.count >= 42 / most)
  }

  @Test func whatCameBackCanBeGivenAgain() {
    let crew = FakeCrew(2)
    crew.scheduler.life.mostTasks = 4
    // The first of each batch takes long, so that the second executor takes from the first.
    crew.tasks = { FakeTask(duration: $0 == 0 ? 1_000_000 : 10) }
    let job = crew.job(8, policy { $0.chunk = 4 })
    crew.world.run()
    #expect(job.succeeded == 8)
    for task in 0..<8 { #expect(crew.starts.count { $0.task == task } == 1) }
  }

  @Test func anOldExecutorFinishesWhatItIsAt() {
    let crew = FakeCrew(1)
    crew.scheduler.life.mostAge = 1_000
    crew.tasks = { _ in FakeTask(duration: 900) }
    let job = crew.job(6, policy { $0.chunk = 6 })
    crew.world.run()
    #expect(job.succeeded == 6)
    for task in 0..<6 { #expect(crew.starts.count { $0.task == task } == 1) }
    #expect(Set(crew.starts.map(\.executor)).count == 3)
  }

  // MARK: Deaths

  @Test func aDeathTakesOnlyWhatWasInHand() {
    let crew = FakeCrew(1)
    crew.tasks = { FakeTask(end: $0 == 2 ? .death : .success) }
    let job = crew.job(6, policy { $0.chunk = 6 })
    crew.world.run()
    #expect(job.succeeded == 5)
    #expect(crew.ends(of: job)[2] == .failed)
    for task in [0, 1, 3, 4, 5] { #expect(crew.starts.count { $0.task == task } == 1) }
    #expect(crew.made == 2)
  }

  @Test func lateResultsOfTheDeadAreDropped() {
    let crew = FakeCrew(1)
    crew.tasks = { _ in FakeTask(duration: .max) }
    let job = crew.job(1, policy { $0.deathRetries = 1 })
    crew.world.run(until: 1500)
    let batch = job.batches[0]
    let number = batch.number
    crew.living[0].gone()
    crew.scheduler.pump()
    #expect(crew.scheduler.succeeded(batch, 0) == nil)
    #expect(crew.scheduler.failed(batch, 0, .error) == .dropped)
    #expect(job.batches[0].number > number)
  }

  @Test func workersThatCannotStartAreTriedSlowerAndSlowerAndGivenUp() {
    let crew = FakeCrew(1)
    crew.hireFails = 100
    let job = crew.job(3)
    crew.world.run()
    #expect(job.isFinished && job.abortion == .noExecutors && job.unfinished == 3)
    #expect(100 - crew.hireFails == TaskScheduler.mostFailedStarts)
    #expect(crew.world.now == 1000 + 10_000_000 * 63)
  }

  @Test func workersThatGetNothingDoneAreTriedSlowerAndSlowerAndGivenUp() {
    let crew = FakeCrew(2)
    crew.tasks = { _ in FakeTask(duration: .max) }
    // Each ends with its first batch before it begins on it.
    crew.latency = .max / 2
    crew.outcome = { [world = crew.world] executor, _ in
      world.after(10) { if !executor.isDead { executor.gone() } }
      return .started
    }
    let job = crew.job(3)
    crew.world.run(until: 10_000_000_000)
    #expect(job.isFinished && job.abortion == .noProgress && job.unfinished == 3)
    #expect(crew.made <= TaskScheduler.mostFailedStarts + 2)
  }

  @Test func workersThatGetSomethingDoneAreReplacedAsOftenAsTheyEnd() {
    let crew = FakeCrew(1)
    // Each second one ends before it begins, the others after their first result.
    crew.latency = 5
    crew.outcome = { [world = crew.world] executor, _ in
      let time: Int64 = executor.number % 2 == 0 ? 1 : 110
      world.after(time) { if !executor.isDead { executor.gone() } }
      return .started
    }
    let job = crew.job(100, policy { $0.chunk = 1 })
    crew.world.run()
    #expect(job.succeeded == 100 && crew.made > 2 * TaskScheduler.mostFailedStarts)
  }

  @Test func idleWorkersMayBeKilledAsOftenAsOneLikes() {
    let crew = FakeCrew(1)
    crew.scheduler.pump()
    for _ in 0..<50 {
      crew.living[0].gone()
      crew.scheduler.pump()
      crew.world.run()
    }
    #expect(crew.made == 51)
  }

  @Test func whatTheDeadHadGatheredCounts() {
    let crew = FakeCrew(1)
    crew.gathers = true
    crew.tasks = { FakeTask(duration: $0 == 4 ? .max : 10, end: $0 == 2 ? .failure : .success) }
    let job = crew.job(6, policy { $0.chunk = 6 })
    crew.world.run(until: 2000)
    crew.tasks = { _ in FakeTask(duration: 10) }
    crew.living[0].die()
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 4)
    #expect(crew.ends(of: job)[2] == .failed && crew.ends(of: job)[4] == .failed)
    for task in [0, 1, 2, 3, 5] { #expect(crew.starts.count { $0.task == task } == 1) }
  }

  @Test func whatIsDoneCannotBeCancelled() {
    let crew = FakeCrew(1)
    crew.gathers = true
    crew.random = FakeRandom(3)
    crew.tasks = { FakeTask(duration: $0 == 3 ? .max : 10) }
    let job = crew.job(4, policy { $0.chunk = 4 })
    crew.world.run(until: 2000)
    guard let batch = job.batches.first, batch.reported < 3 else {
      Issue.record("all is reported")
      return
    }
    #expect(!crew.scheduler.cancel(2, of: job) && crew.living[0].slot?.isEnding == false)
    #expect(crew.scheduler.cancel(3, of: job) && crew.living[0].slot?.isEnding == true)
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 3 && crew.ends(of: job)[3] == .cancelled)
  }

  // MARK: Stealing

  @Test func anIdleOneGetsHalfOfWhatWaitsElsewhere() {
    let crew = FakeCrew(1)
    crew.tasks = { FakeTask(duration: $0 == 0 ? 10_000 : 100) }
    let job = crew.job(9, policy { $0.chunk = 9 })
    crew.world.run(until: 1500)
    crew.scheduler.setLimit(2)
    crew.scheduler.pump()
    #expect(job.batches.map(\.rest).sorted() == [4, 5] || job.batches.count > 2)
    crew.world.run()
    #expect(job.succeeded == 9)
    #expect(crew.finishTime(of: job) == 11_000)
    for task in 0..<9 { #expect(crew.starts.count { $0.task == task } == 1) }
  }

  @Test func oneFromWhichAllWasTakenIsTakenForIdle() {
    let crew = FakeCrew(2)
    crew.readyTime = .max
    crew.tasks = { _ in FakeTask(duration: .max) }
    crew.scheduler.pump()
    let first = crew.job(1)
    let busy = first.batches[0].slot
    // The other one is ready first, and gets the task.
    crew.living.first { $0.slot !== busy }?.becomeReady()
    crew.scheduler.pump()
    #expect(first.batches.contains { $0.slot !== busy && $0.count == 1 })
    // So the next one goes to the first one, and the third waits behind any of them.
    let second = crew.job(1)
    #expect(second.batches[0].slot === busy)
    let third = crew.job(1)
    crew.living.first { $0.slot === busy }?.becomeReady()
    crew.scheduler.pump()
    crew.world.run(until: 100_000)
    #expect(crew.starts.count == 2 && crew.starts(of: third).isEmpty)
  }

  @Test func oneThatIsHeardOfAfterAllWasTakenIsNotLeftOut() {
    let crew = FakeCrew(2)
    crew.readyTime = .max
    crew.latency = 1000
    crew.tasks = { _ in FakeTask(duration: .max) }
    crew.scheduler.pump()
    let first = crew.job(1)
    let robbed = first.batches[0].slot
    crew.living.first { $0.slot !== robbed }?.becomeReady()
    crew.scheduler.pump()
    // It is heard of before it tells that nothing is left of its batch.
    crew.living.first { $0.slot === robbed }?.isReady = true
    crew.scheduler.ready(robbed)
    crew.scheduler.pump()
    let second = crew.job(1)
    #expect(second.batches[0].slot === robbed)
  }

  @Test func oneThatIsSlowToBeginIsNotLeftOut() {
    let crew = FakeCrew(2)
    crew.latency = 20_000_000
    crew.tasks = { _ in FakeTask(duration: .max) }
    crew.scheduler.pump()
    crew.living[1].isReady = false
    let first = crew.job(1)
    let slow = first.batches[0].slot
    crew.world.run(until: 15_000_000)
    // It has not begun, and the other one gets the task.
    crew.scheduler.stealForIdle()
    crew.scheduler.pump()
    #expect(first.batches.contains { $0.slot !== slow && $0.count == 1 })
    let second = crew.job(1)
    #expect(second.batches[0].slot === slow)
  }

  @Test func theOnlyTaskIsNotPassedAround() {
    let crew = FakeCrew(8)
    crew.latency = 50
    crew.readyTime = 500
    _ = crew.job(1)
    crew.world.run()
    #expect(crew.handed.count <= 2)
  }

  // MARK: Size

  @Test func aSmallerLimitLetsBusyOnesFinish() {
    let crew = FakeCrew(4)
    let job = crew.job(40, policy { $0.chunk = 5 })
    crew.world.run(until: 1050)
    crew.scheduler.setLimit(1)
    crew.scheduler.pump()
    #expect(crew.scheduler.living == 1)
    crew.world.run()
    #expect(job.succeeded == 40)
    #expect(crew.starts.count == 40)
    #expect(crew.living.count == 1)
  }

  @Test func drainingAndHolding() {
    let crew = FakeCrew(2)
    crew.tasks = { _ in FakeTask(duration: 1000) }
    let job = crew.job(10, policy { $0.chunk = 5 })
    crew.world.run(until: 1100)
    let (first, second) = (crew.scheduler.slots[0], crew.scheduler.slots[1])
    crew.scheduler.hold(first)
    crew.scheduler.leave(second)
    crew.scheduler.pump()
    #expect(first.batches.reduce(0) { $0 + $1.rest } == 1)
    crew.world.run(until: 5000)
    #expect(second.state == .ended)
    crew.scheduler.release(first)
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 10 && crew.starts.count == 10)
  }

  @Test func aPauseStartsNothing() {
    let crew = FakeCrew(2, isProgram: true)
    let job = crew.job(10)
    crew.scheduler.pause()
    crew.world.run(until: 10_000)
    #expect(crew.starts.count == 2)
    crew.scheduler.resume()
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 10)
  }

  @Test func aClosedPoolEndsWhenAllIsDone() {
    let crew = FakeCrew(2)
    let job = crew.job(10)
    crew.scheduler.close()
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 10 && crew.scheduler.slots.isEmpty && crew.living.isEmpty)
  }

  @Test(arguments: 1...6)
  func terminationForgetsNoJob(_ workers: Int) {
    let crew = FakeCrew(workers)
    crew.tasks = { _ in FakeTask(duration: .max) }
    let jobs = (0..<3 * workers).map { _ in crew.job(1) }
    crew.world.run(until: 2000)
    crew.scheduler.terminate()
    crew.scheduler.pump()
    crew.world.run()
    for job in jobs {
      #expect(job.isFinished && job.abortion == .terminated)
      var notStarted = 0
      job.forEachNotStarted { _ in notStarted += 1 }
      #expect(job.cancelled + notStarted == 1)
    }
    #expect(crew.scheduler.slots.isEmpty)
  }

  // MARK: Cancelling

  @Test func cancellingInEachState() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(duration: $0 == 0 ? 10 : .max, end: $0 == 0 ? .failure : .success) }
    let job = crew.job(
      policy {
        $0.retries = 9
        $0.backoff = 1_000_000
      })
    crew.scheduler.supply(job, upTo: 3, isWhole: false)
    crew.scheduler.pump()
    crew.world.run(until: 1100)
    guard case .delayed = job.place(of: 0), case .atExecutor = job.place(of: 1) else {
      Issue.record("\(job.place(of: 0)) \(job.place(of: 1))")
      return
    }
    #expect(job.place(of: 2) == .queued && job.place(of: 3) == .waitingForInput)
    #expect(!crew.scheduler.cancel(3, of: job))
    for task in 0..<3 {
      #expect(crew.scheduler.cancel(task, of: job))
      crew.scheduler.pump()
    }
    #expect(crew.ends(of: job) == [0: .cancelled, 2: .cancelled])
    crew.world.run(until: 2000)
    #expect(crew.ends(of: job)[1] == .cancelled)
    for task in 0..<3 { #expect(!crew.scheduler.cancel(task, of: job)) }
    crew.scheduler.supply(job, upTo: 3, isWhole: true)
    #expect(job.isFinished && job.cancelled == 3)
  }

  @Test func cancellingOneInABatchLeavesTheOthers() {
    let crew = FakeCrew(1)
    let job = crew.job(10, policy { $0.chunk = 10 })
    crew.world.run(until: 1050)
    #expect(crew.scheduler.cancel(5, of: job))
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 9 && crew.ends(of: job)[5] == .cancelled)
    #expect(!crew.starts.contains { $0.task == 5 })
  }

  @Test func cancellingAJobLeavesWhatRunsOrEndsIt() {
    for ends in [false, true] {
      let crew = FakeCrew(2)
      crew.tasks = { _ in FakeTask(duration: 5000) }
      let job = crew.job(10, policy { $0.chunk = 5 })
      crew.world.run(until: 1100)
      crew.scheduler.cancel(job, endsRunning: ends)
      crew.scheduler.pump()
      crew.world.run()
      #expect(job.isFinished && job.abortion == .cancelled)
      #expect(crew.finishTime(of: job) == (ends ? 1101 : 6000))
      #expect(job.succeeded == (ends ? 0 : 2) && job.cancelled == (ends ? 2 : 0))
    }
  }

  // MARK: Cost

  /// Entries of lists that were looked at for each task.
  private func cost(_ executors: Int, isProgram: Bool) -> Double {
    let crew = FakeCrew(executors, isProgram: isProgram)
    let count = 3 * executors
    var random = FakeRandom(9)
    crew.tasks = { _ in
      FakeTask(
        duration: Int64(1_000_000 + random.next(1_000_000)),
        end: random.chance(1) ? .death : random.chance(2) ? .failure : .success)
    }
    let job = crew.job(
      count,
      policy {
        $0.retries = 3
        $0.timeout = 1_900_000
        $0.chunk = isProgram ? nil : 3
      })
    crew.world.run()
    #expect(job.isFinished && job.succeeded + job.failed == count)
    return Double(crew.scheduler.looked + crew.looks) / Double(count)
  }

  @Test(arguments: [false, true])
  func theCostOfATaskDoesNotGrowWithExecutors(_ isProgram: Bool) {
    let few = cost(100, isProgram: isProgram)
    let many = cost(10_000, isProgram: isProgram)
    #expect(many < few * 1.1 + 0.1, "\(few) entries a task with 100, \(many) with 10,000")
    #expect(many < 8)
  }
}

@Suite struct QueueTests {
  @Test func deadlinesComeInOrderAndEqualOnesAsTheyCame() {
    var heap = DeadlineHeap<Int>()
    var random = FakeRandom(3)
    for i in 0..<1000 { heap.insert(i, at: Int64(random.next(50))) }
    var last: (at: Int64, element: Int) = (-1, -1)
    while let next = heap.popDue(.max) {
      #expect(next.at > last.at || next.at == last.at && next.element > last.element)
      last = next
    }
    #expect(heap.count == 0)
  }

  @Test func theLowestFreeNumberIsTaken() {
    var numbers = FreeNumbers(from: 1)
    #expect((0..<5).map { _ in numbers.take() } == [1, 2, 3, 4, 5])
    for number in [4, 1, 3] { numbers.giveBack(number) }
    #expect((0..<4).map { _ in numbers.take() } == [1, 3, 4, 6])
  }

  @Test func firstInFirstOut() {
    var queue = FIFO<Int>()
    var expected = 0
    for i in 0..<10_000 {
      queue.append(i)
      if i % 3 != 0 {
        #expect(queue.popFirst() == expected)
        expected += 1
      }
    }
    #expect(queue.count == 10_000 - expected && queue.first == expected)
  }
}
