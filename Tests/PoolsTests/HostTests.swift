import Testing

@testable import Pools

/// Executors on hosts, which come and go with all that runs there.
@Suite struct HostTests {
  private func crew(_ limit: Int, seed: UInt64 = 1) -> FakeCrew {
    let crew = FakeCrew(limit, seed: seed)
    crew.isDistant = true
    crew.latency = 50
    crew.readyTime = 100
    crew.checksGrace = false
    return crew
  }

  @Test func tasksWaitUntilAHostComes() {
    let crew = crew(2)
    var isThere = false
    crew.hasHost = { isThere }
    let job = crew.job(5)
    crew.world.run(until: 1_000_000_000)
    #expect(!job.isFinished && crew.made == 0 && crew.scheduler.failedStarts == 0)
    isThere = true
    crew.scheduler.roomCame()
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.isFinished && job.succeeded == 5)
  }

  @Test func withoutAnyHostJobsAreGivenUp() {
    let crew = crew(2)
    crew.hasHost = { false }
    let job = crew.job(5)
    crew.scheduler.giveUp()
    crew.scheduler.pump()
    #expect(job.isFinished && job.abortion == .noExecutors && job.succeeded == 0)
  }

  @Test func aLostHostIsNoFailedStartAndNoFailure() {
    let crew = crew(16)
    var policy = TaskPolicy()
    policy.retries = 0
    policy.losses = 3
    let job = crew.job(16, policy)
    crew.world.run(until: 1_200)
    for executor in crew.living { executor.vanish() }
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.succeeded == 16 && crew.scheduler.failedStarts == 0)
    #expect(crew.scheduler.fruitless == 0 && job.abortion == nil)
  }

  @Test func lossesHaveABound() {
    for losses in 0...3 {
      let crew = crew(1)
      crew.tasks = { _ in FakeTask(duration: 500) }
      var policy = TaskPolicy()
      policy.losses = losses
      policy.isExact = losses == 0
      let job = crew.job(1, policy)
      for _ in 0..<100 where !job.isFinished {
        crew.world.run(until: crew.world.now + 300)
        for executor in crew.living where executor.current != nil { executor.vanish() }
        crew.scheduler.pump()
      }
      #expect(crew.ends(of: job) == [0: .lost])
      #expect(crew.starts.count == losses + 1)
    }
  }

  /// What was begun is known exactly: of the others none is taken for lost.
  @Test func whereNothingIsMadeAgainEachHasOneTask() {
    let crew = crew(4)
    crew.tasks = { _ in FakeTask(duration: 1000) }
    var policy = TaskPolicy()
    policy.losses = 0
    policy.isExact = true
    let job = crew.job(40, policy)
    crew.world.run(until: 1_500)
    #expect(crew.handed.allSatisfy { $0.count == 1 } && crew.handed.count == 4)
    for executor in crew.living { executor.vanish() }
    crew.scheduler.pump()
    crew.world.run()
    #expect(job.failed == 4 && job.succeeded == 36)
    #expect(Set(crew.starts.map(\.task)).count == crew.starts.count, "a task was begun twice")
  }

  /// Hosts of ten executors go and come back at random; an event costs the same however many there
  /// are.
  @Test func manyHostsComeAndGoAtTheSameCost() {
    var costs: [Double] = []
    for count in [100, 1_000, 10_000] {
      let crew = crew(count, seed: UInt64(count))
      var random = FakeRandom(UInt64(count) + 7)
      var open = count
      crew.hasHost = { crew.living.count < open }
      crew.tasks = { _ in
        FakeTask(duration: Int64(1 + random.next(400)), end: random.chance(1) ? .failure : .success)
      }
      var policy = TaskPolicy()
      policy.losses = 1_000
      policy.retries = 50
      let tasks = count * 3
      let job = crew.job(tasks, policy)
      func loseSome() {
        if job.isFinished { return }
        let first = random.next(max(1, crew.living.count - 10))
        let host = Array(crew.living.dropFirst(first).prefix(10))
        open -= host.count
        for executor in host { executor.vanish() }
        crew.world.after(Int64(200 + random.next(500))) {
          open += host.count
          crew.scheduler.roomCame()
        }
        crew.world.after(Int64(20_000 / count + random.next(100)), loseSome)
      }
      crew.world.after(200, loseSome)
      crew.world.run()
      #expect(job.isFinished && job.succeeded == tasks)
      #expect(crew.ends(of: job).count == tasks)
      costs.append(Double(crew.scheduler.looked) / Double(crew.starts.count))
    }
    #expect(costs[2] < costs[0] * 2 + 2, "\(costs)")
  }
}
