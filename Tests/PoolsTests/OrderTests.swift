import Testing

@testable import Pools

/// Tasks that wait for others.
@Suite struct OrderTests {
  private func policy(_ set: (inout TaskPolicy) -> Void) -> TaskPolicy {
    var policy = TaskPolicy()
    set(&policy)
    return policy
  }

  @Test(arguments: [1, 2, 8]) func eachBeginsWhenAllHaveSucceededThatItNeeds(_ executors: Int) {
    let crew = FakeCrew(executors, isProgram: true)
    crew.tasks = { FakeTask(duration: Int64(100 * (1 + $0 % 3))) }
    let needed = [[], [], [0], [0, 1], [3, 2], []]
    let job = crew.job(needed)
    #expect(job.ordered == 3)
    crew.world.run()
    #expect(job.isFinished && job.succeeded == 6 && job.ordered == 0)
    #expect(crew.starts.count == 6)
  }

  @Test func whatWaitsHoldsNothingElseUp() {
    let crew = FakeCrew(1, isProgram: true)
    let job = crew.job([[], [0], [], [1]])
    crew.world.run()
    #expect(crew.starts.map(\.task) == [0, 1, 2, 3] || crew.starts.map(\.task) == [0, 2, 1, 3])
    #expect(job.succeeded == 4)
  }

  @Test func afterAFailureWhatNeedsItIsBlockedAndTheOthersGoOn() {
    let crew = FakeCrew(2, isProgram: true)
    crew.tasks = { FakeTask(end: $0 == 0 ? .failure : .success) }
    let job = crew.job([[], [0], [1], [], [3], [2, 4]])
    crew.world.run()
    let ends = crew.ends(of: job)
    #expect(
      ends == [0: .failed, 1: .blocked, 2: .blocked, 3: .succeeded, 4: .succeeded, 5: .blocked])
    #expect(job.isFinished && job.failed == 4 && job.blocked == 3 && job.succeeded == 2)
  }

  @Test func aRetryThatSucceedsFreesThem() {
    let crew = FakeCrew(1, isProgram: true)
    var tries = 0
    crew.tasks = { task in
      tries += task == 0 ? 1 : 0
      return FakeTask(end: task == 0 && tries < 3 ? .failure : .success)
    }
    let job = crew.job([[], [0]], policy { $0.retries = 2 })
    crew.world.run()
    #expect(job.succeeded == 2 && crew.starts.count == 4)
  }

  @Test func aBlockedOneDoesNotCountAsAFailureForAHalt() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(end: $0 == 0 ? .failure : .success) }
    let job = crew.job(
      [[], [0], [0], []], policy { $0.halt = TaskHalt(.soon, after: .failures(2)) })
    crew.world.run()
    #expect(job.succeeded == 1 && job.blocked == 2 && !job.isHalted)
  }

  @Test func afterAHaltWhatWaitsWasNotStarted() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(end: $0 == 1 ? .failure : .success) }
    let job = crew.job([[], [0], [0], [1], [2]], policy { $0.halt = TaskHalt(.soon) })
    crew.world.run()
    var notStarted: [Int] = []
    job.forEachNotStarted { notStarted.append($0) }
    #expect(job.isFinished && crew.ends(of: job) == [0: .succeeded, 1: .failed])
    #expect(notStarted.sorted() == [2, 3, 4])
  }

  @Test func aCancelledOneBlocksWhatNeedsIt() {
    let crew = FakeCrew(1, isProgram: true)
    let job = crew.job([[], [0], [1], [0]])
    #expect(job.place(of: 1) == .ordered)
    #expect(crew.scheduler.cancel(1, of: job))
    crew.scheduler.pump()
    crew.world.run()
    #expect(
      crew.ends(of: job) == [0: .succeeded, 1: .cancelled, 2: .blocked, 3: .succeeded])
  }

  @Test func whatIsKnownCounts() {
    let crew = FakeCrew(1, isProgram: true)
    let job = crew.job(TaskPolicy(), isOrdered: true)
    crew.scheduler.supplyKnown(job, .succeeded)
    crew.ended(0, of: job, .succeeded)
    crew.scheduler.supplyKnown(job, .failed)
    crew.ended(1, of: job, .failed)
    crew.supply(job, after: [0])
    crew.supply(job, after: [0, 1])
    crew.scheduler.supply(job, upTo: 4, isWhole: true)
    crew.scheduler.pump()
    crew.world.run()
    #expect(crew.starts.map(\.task) == [2] && crew.ends(of: job)[3] == .blocked)
    #expect(job.isFinished)
  }

  @Test func termsOfATaskAreItsOwn() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(duration: $0 == 0 ? .max : 10, end: $0 == 1 ? .failure : .success) }
    let job = TaskJob(policy { $0.timeout = 5_000 }, client: crew, isOrdered: true)
    job.terms = { task in
      task == 0 ? TaskTerms(timeout: 300) : TaskTerms(retries: 2, backoff: 1_000)
    }
    crew.checksGrace = false
    crew.scheduler.add(job)
    for _ in 0..<2 { crew.scheduler.supply(job, after: []) }
    crew.scheduler.supply(job, upTo: 2, isWhole: true)
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.timedOut == 1)
    #expect(crew.starts.filter { $0.task == 1 }.map(\.at) == [1301, 2311, 4321])
  }

  @Test func tenThousandInARowAreLet() {
    let crew = FakeCrew(4, isProgram: true)
    let job = crew.job((0..<10_000).map { $0 == 0 ? [] : [$0 - 1] })
    crew.world.run()
    #expect(job.succeeded == 10_000)
    let failing = FakeCrew(4, isProgram: true)
    failing.tasks = { _ in FakeTask(end: .failure) }
    let blocked = failing.job((0..<10_000).map { $0 == 0 ? [] : [$0 - 1] })
    failing.world.run()
    #expect(blocked.blocked == 9_999 && blocked.isFinished)
  }
}
