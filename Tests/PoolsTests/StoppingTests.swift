import Testing

@testable import Pools

/// When a job stops before its tasks are done: shares of failures, relative limits, deadlines.
@Suite struct StoppingTests {
  let begin: Int64 = 1_000
  private let second: Int64 = 1_000_000_000

  private func policy(_ set: (inout TaskPolicy) -> Void) -> TaskPolicy {
    var policy = TaskPolicy()
    set(&policy)
    return policy
  }

  // MARK: Conditions as texts

  @Test(arguments: [
    ("soon", TaskHalt(.soon)), ("now", TaskHalt(.now)),
    ("now,fail=3", TaskHalt(.now, after: .failures(3))),
    ("soon,fail=10%", TaskHalt(.soon, after: .failedPercent(10))),
    ("soon,fail=2.5%", TaskHalt(.soon, after: .failedPercent(2.5))),
    ("now,success=1", TaskHalt(.now, after: .successes(1))),
    ("soon,done=100", TaskHalt(.soon, after: .finished(100))),
  ])
  func conditionsAreTexts(_ text: String, _ halt: TaskHalt) {
    #expect(TaskHalt.request(text) == .halt(halt))
  }

  @Test(arguments: [
    "", "later", "now,", "now,fail", "now,fail=", "now,fail=0", "now,fail=-1", "now,fail=1.5",
    "now,fail=101%", "now,fail=0%", "now,done=5%", "now,success=50%", "now,crash=1", "now,fail=1,x",
    "now,fail=%", "now,fail=1e3", "never,fail=1", "now,fail=99999999999999999999", "now;fail=1",
  ])
  func otherTextsAreWrong(_ text: String) {
    guard case .wrong(let reason) = TaskHalt.request(text) else {
      Issue.record("'\(text)' means something")
      return
    }
    #expect(!reason.isEmpty)
  }

  @Test func neverIsNoCondition() { #expect(TaskHalt.request("never") == .never) }

  // MARK: Shares

  @Test func aShareIsOfTheTasksKnownOfFromTheTenthEndOn() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(end: $0 < 4 ? .failure : .success) }
    let job = crew.job(policy { $0.halt = TaskHalt(.soon, after: .failedPercent(30)) })
    job.mostQueued = 1
    feed(crew, job, 100)
    crew.world.run()
    // The tenth end halts: 4 of the 11 that are known of then have failed.
    #expect(crew.starts.count == 10)
    #expect(job.isHalted && !job.isFulfilled)
  }

  @Test func aShareThatIsNotReachedHaltsNothing() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(end: $0 % 10 == 0 ? .failure : .success) }
    let job = crew.job(100, policy { $0.halt = TaskHalt(.now, after: .failedPercent(11)) })
    crew.world.run()
    #expect(job.succeeded == 90 && job.failed == 10)
  }

  @Test func ofFewTasksNoShareIsTaken() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { _ in FakeTask(end: .failure) }
    let job = crew.job(9, policy { $0.halt = TaskHalt(.now, after: .failedPercent(1)) })
    crew.world.run()
    #expect(job.failed == 9)
  }

  /// Supplies as there is room.
  private func feed(_ crew: FakeCrew, _ job: TaskJob, _ count: Int) {
    crew.world.check = { [unowned job] in
      while job.wantsInput, !job.isWhole {
        let next = job.supplied + 1
        crew.scheduler.supply(job, upTo: min(next, count), isWhole: next > count)
        crew.scheduler.pump()
      }
    }
    crew.world.after(0) {}
  }

  @Test func whatWasWantedHasCome() {
    let crew = FakeCrew(2, isProgram: true)
    crew.tasks = { FakeTask(duration: $0 == 1 ? 10 : .max) }
    let job = crew.job(10, policy { $0.halt = TaskHalt(.now, after: .successes(1)) })
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .cancelled, 1: .succeeded])
    #expect(job.isFulfilled && crew.starts.count == 2)
  }

  @Test func workersHaveNoTaskAheadOfWhatIsWanted() {
    let crew = FakeCrew(2)
    let job = crew.job(
      1000,
      policy {
        $0.halt = TaskHalt(.soon, after: .finished(5))
        $0.chunk = 100
      })
    crew.world.run(until: 1_000_000)
    #expect(crew.starts.count <= 7)
    #expect(job.isFulfilled)
  }

  // MARK: Relative time limits

  @Test func theMedianIsOfTheLastOnes() {
    var durations = TaskDurations()
    #expect(durations.median == nil)
    for duration in [5, 1] as [Int64] { durations.add(duration) }
    #expect(durations.median == nil)
    durations.add(9)
    #expect(durations.median == 5)
    durations.add(7)
    #expect(durations.median == 5)
    for _ in 0..<TaskDurations.most { durations.add(100) }
    #expect(durations.median == 100)
    var random = FakeRandom(7)
    var all: [Int64] = []
    for _ in 0..<5000 {
      all.append(Int64(random.next(1000)))
      durations.add(all[all.count - 1])
    }
    let last = all.suffix(TaskDurations.most).sorted()
    #expect(durations.median == last[(last.count - 1) / 2])
  }

  @Test func aRelativeLimitHoldsFromTheThirdSuccessOn() {
    let crew = FakeCrew(2, isProgram: true)
    // The first one hangs from the beginning, the others set the pace.
    crew.tasks = { [second] in FakeTask(duration: $0 == 0 ? .max : second) }
    let job = crew.job(6, policy { $0.timeoutPercent = 200 })
    crew.world.run(until: 100 * second)
    #expect(crew.ends(of: job)[0] == .timedOut)
    #expect(job.succeeded == 5 && job.timedOut == 1)
    // The third success comes after three seconds, when two are over already; then both go on.
    #expect(crew.finishTime(of: job) == begin + 4 * second + 1)
  }

  @Test func aRelativeLimitIsKeptToTheNanosecond() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { [second] in FakeTask(duration: $0 == 3 ? .max : second) }
    let job = crew.job(4, policy { $0.timeoutPercent = 150 })
    crew.world.run(until: 100 * second)
    #expect(crew.ends(of: job)[3] == .timedOut)
    #expect(crew.finishTime(of: job) == begin + 3 * second + second * 3 / 2 + 1)
  }

  @Test func aRelativeLimitFollowsTheTasks() {
    let crew = FakeCrew(2, isProgram: true)
    // Long ones come first, so that the limit is 20 seconds; then it shrinks to 2.
    crew.tasks = { [second] task in
      FakeTask(duration: task == 3 ? .max : task < 3 ? 10 * second : second)
    }
    let job = crew.job(40, policy { $0.timeoutPercent = 200 })
    crew.world.run(until: 1000 * second)
    #expect(crew.ends(of: job)[3] == .timedOut && job.succeeded == 39)
  }

  @Test func shortTasksHaveSomeTimeMore() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { FakeTask(duration: $0 < 3 ? 1_000_000 : 90_000_000) }
    let job = crew.job(5, policy { $0.timeoutPercent = 200 })
    crew.world.run(until: 100 * second)
    #expect(job.succeeded == 5)
  }

  // MARK: Deadlines

  @Test func aDeadlineEndsWhatRunsAndStartsNothingMore() {
    let crew = FakeCrew(2, isProgram: true)
    crew.tasks = { FakeTask(duration: $0 < 2 ? 60 : 1000) }
    let job = crew.job(10, policy { $0.deadline = 100 })
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .succeeded, 1: .succeeded, 2: .timedOut, 3: .timedOut])
    #expect(job.abortion == .deadline && crew.finishTime(of: job) == begin + 101)
    #expect(job.timedOut == 2 && crew.starts.count == 4)
  }

  @Test func aDeadlineThatIsNotReachedChangesNothing() {
    let crew = FakeCrew(2, isProgram: true)
    let job = crew.job(4, policy { $0.deadline = 1000 })
    crew.world.run()
    #expect(job.succeeded == 4 && job.abortion == nil)
    #expect(crew.finishTime(of: job) == begin + 200)
  }

  @Test func aDeadlineComesWhileInputIsWaitedFor() {
    let crew = FakeCrew(2, isProgram: true)
    let job = crew.job(policy { $0.deadline = 1000 })
    crew.scheduler.pump()
    crew.world.run()
    #expect(crew.finishTime(of: job) == begin + 1000 && job.abortion == .deadline)
  }

  @Test func aDeadlineEndsTheWaitForAnotherAttempt() {
    let crew = FakeCrew(1, isProgram: true)
    crew.tasks = { _ in FakeTask(duration: 10, end: .failure) }
    let job = crew.job(
      1,
      policy {
        $0.retries = 5
        $0.backoff = 10_000
        $0.deadline = 500
      })
    crew.world.run()
    #expect(crew.ends(of: job) == [0: .failed] && crew.finishTime(of: job) == begin + 500)
  }

  @Test func aDeadlineTakesBackWhatWorkersHaveNotBegun() {
    let crew = FakeCrew(2)
    crew.tasks = { _ in FakeTask(duration: 40) }
    let job = crew.job(
      100,
      policy {
        $0.chunk = 20
        $0.deadline = 100
      })
    crew.world.run(until: 1_000_000)
    #expect(job.isFinished && job.succeeded == 4 && job.timedOut == 2)
    #expect(crew.starts.count == 6)
  }
}
