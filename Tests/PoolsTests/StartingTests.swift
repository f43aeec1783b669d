import Testing

@testable import Pools

/// What holds starts back: the time between two of them, the machine, the tokens of others.
@Suite struct StartingTests {
  let begin: Int64 = 1_000

  private func policy(_ set: (inout TaskPolicy) -> Void) -> TaskPolicy {
    var policy = TaskPolicy()
    set(&policy)
    return policy
  }

  @Test func startsKeepTheirDelay() {
    let crew = FakeCrew(4, isProgram: true)
    crew.tasks = { _ in FakeTask(duration: 10) }
    let job = crew.job(3, policy { $0.gap = 700 })
    crew.world.run()
    #expect(crew.starts.map(\.at) == [begin, begin + 700, begin + 1400])
    #expect(crew.finishTime(of: job) == begin + 1410)
  }

  @Test(arguments: [(1e9 / 500, 700), (1e9 / 700, 500)] as [(Double, Int64)])
  func theLongerOfRateAndDelayHolds(_ rate: Double, _ gap: Int64) {
    let both = policy {
      $0.rate = rate
      $0.gap = gap
    }
    #expect((699...700).contains(both.interval ?? 0))
  }

  // MARK: The machine

  @Test func nothingStartsWhileTheMachineIsBusy() {
    let crew = FakeCrew(8, isProgram: true)
    var others = 3.0
    crew.tasks = { _ in FakeTask(duration: 150_000_000) }
    crew.scheduler.machine = { [unowned crew] in
      MachineState(load: others + Double(crew.scheduler.running), freeMemory: 0)
    }
    let job = crew.job(4, policy { $0.mostLoad = 2 })
    crew.world.after(250_000_000) { others = 0 }
    crew.world.run(until: 200_000_000)
    #expect(crew.starts.isEmpty && job.hold == .load(3) && job.heldSince == begin)
    crew.world.run()
    // Two at a time as soon as there is room, looked at each tenth of a second and at each end.
    let looked = begin + 300_000_000
    #expect(
      crew.starts.map(\.at) == [looked, looked, looked + 150_000_000, looked + 150_000_000])
    #expect(job.succeeded == 4 && job.hold == nil)
  }

  @Test func nothingStartsWithoutMemory() {
    let crew = FakeCrew(8, isProgram: true)
    crew.tasks = { _ in FakeTask(duration: 1_000_000_000) }
    crew.scheduler.machine = { [unowned crew] in
      MachineState(load: 0, freeMemory: 1000 - 300 * crew.scheduler.running)
    }
    let job = crew.job(6, policy { $0.leastMemory = 500 })
    crew.world.run(until: begin + 500_000_000)
    #expect(crew.starts.count == 2 && job.hold == .memory(400))
    crew.world.run()
    #expect(job.succeeded == 6)
  }

  @Test func aJobThatIsHeldKeepsNoOtherWaiting() {
    let crew = FakeCrew(2, isProgram: true)
    crew.scheduler.machine = { MachineState(load: 9, freeMemory: 0) }
    let held = crew.job(2, policy { $0.mostLoad = 1 })
    let other = crew.job(2)
    crew.world.run(until: 1_000_000_000)
    #expect(other.isFinished && !held.isFinished)
  }

  // MARK: Tokens

  private final class FakeTokens: TokenSource {
    var free: Int
    let all: Int
    var isWanted = false
    /// Others may take tokens at any time.
    var others = 0

    init(_ count: Int) { (free, all) = (count, count) }

    func take() -> Bool {
      if free == 0 { return false }
      free -= 1
      return true
    }
    func giveBack(_ count: Int) { free += count }
    func want(_ isWanted: Bool) { self.isWanted = isWanted }
  }

  private func crew(_ limit: Int, _ tokens: FakeTokens) -> FakeCrew {
    let crew = FakeCrew(limit, isProgram: true)
    crew.scheduler.tokens = tokens
    crew.world.check = { [unowned crew, unowned tokens] in
      let scheduler: TaskScheduler = crew.scheduler
      hold(scheduler.heldTokens == max(0, scheduler.running - 1), "no token too many, none too few")
      hold(tokens.free + tokens.others + scheduler.heldTokens == tokens.all)
    }
    return crew
  }

  @Test func oneRunsWithoutATokenTheOthersWithOneEach() {
    let tokens = FakeTokens(2)
    let crew = crew(8, tokens)
    let job = crew.job(9)
    #expect(crew.scheduler.running == 3 && crew.scheduler.heldTokens == 2 && tokens.isWanted)
    crew.world.run()
    #expect(job.succeeded == 9 && tokens.free == 2 && !tokens.isWanted)
    #expect(crew.starts.map(\.at).last == begin + 200)
  }

  @Test func withoutAnyTokenOneRunsAtATime() {
    let tokens = FakeTokens(0)
    let crew = crew(8, tokens)
    let job = crew.job(3)
    crew.world.run()
    #expect(crew.starts.map(\.at) == [begin, begin + 100, begin + 200] && job.succeeded == 3)
  }

  @Test func aTokenThatComesIsUsedAtOnce() {
    let tokens = FakeTokens(3)
    (tokens.free, tokens.others) = (0, 3)
    let crew = crew(8, tokens)
    crew.tasks = { _ in FakeTask(duration: 1000) }
    _ = crew.job(4)
    crew.world.after(300) { [unowned crew] in
      (tokens.free, tokens.others) = (1, 2)
      hold(tokens.isWanted)
      crew.scheduler.tokenCame()
    }
    crew.world.run()
    #expect(crew.starts.map(\.at) == [begin, begin + 300, begin + 1000, begin + 1300])
  }

  @Test func noTokenIsKeptForAPlaceThatThereIsNot() {
    let tokens = FakeTokens(5)
    let crew = crew(2, tokens)
    _ = crew.job(4)
    #expect(tokens.free == 4 && !tokens.isWanted)
    crew.world.run()
    #expect(tokens.free == 5)
  }

  @Test func aStartThatIsRefusedGivesItsTokenBack() {
    let tokens = FakeTokens(5)
    let crew = crew(4, tokens)
    crew.outcome = { [unowned crew] _, _ in crew.scheduler.running >= 2 ? .noRoom : .started }
    let job = crew.job(6)
    #expect(tokens.free == 4)
    crew.world.run()
    #expect(job.succeeded == 6 && tokens.free == 5)
  }

  @Test(arguments: 0..<20) func noTokenIsLostWhateverHappens(_ seed: UInt64) {
    let tokens = FakeTokens(4)
    let crew = crew(6, tokens)
    var random = FakeRandom(seed)
    crew.tasks = { _ in
      FakeTask(
        duration: Int64(1 + random.next(200)), end: random.chance(20) ? .failure : .success)
    }
    var jobs: [TaskJob] = []
    for _ in 0..<4 {
      jobs.append(
        crew.job(
          20,
          policy {
            $0.retries = 1
            $0.timeout = 150
          }))
    }
    for _ in 0..<40 {
      let moment = Int64(random.next(2000))
      crew.world.after(moment) { [unowned crew] in
        switch random.next(4) {
        case 0 where tokens.free > 0:
          (tokens.free, tokens.others) = (tokens.free - 1, tokens.others + 1)
        case 1 where tokens.others > 0:
          (tokens.free, tokens.others) = (tokens.free + 1, tokens.others - 1)
          crew.scheduler.tokenCame()
        case 2: _ = crew.scheduler.cancel(random.next(20), of: jobs[random.next(4)])
        default: crew.scheduler.setLimit(1 + random.next(6))
        }
        crew.scheduler.pump()
      }
    }
    crew.world.run()
    for job in jobs { #expect(job.isFinished) }
    #expect(tokens.free + tokens.others == 4)
  }
}
