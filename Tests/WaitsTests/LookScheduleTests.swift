import Testing
import Waits

/// Looks at a clock that is set.
@Suite struct LookScheduleTests {
  static let second: Int64 = 1_000_000_000

  /// The moments of the looks, in milliseconds, while what is seen stays or changes by the clock.
  private func looks(
    for duration: Int64, _ scan: (Int64) -> LookSchedule.Scan
  ) -> [Int64] {
    var schedule = LookSchedule()
    var result: [Int64] = []
    var now: Int64 = 0
    var turns = 0
    while now <= duration, turns < 100_000 {
      turns += 1
      let (looks, next) = schedule.step(scan(now), at: now)
      if looks { result.append((now + 500_000) / 1_000_000) }
      guard let next else { break }
      // Nothing is scanned twice at one moment.
      #expect(next > now)
      now = next
    }
    #expect(turns < 100_000)
    return result
  }

  /// What one wait that began at a moment says.
  private func scan(_ begins: [Int64], at now: Int64) -> LookSchedule.Scan {
    let old = begins.filter { $0 <= now - LookSchedule.youth }
    let young = begins.filter { $0 > now - LookSchedule.youth }.min()
    let signature = old.reduce(UInt64(17)) { $0 &* 31 &+ UInt64($1 + 1) }
    return .init(
      signature: signature, old: old.count, next: young.map { $0 + LookSchedule.age })
  }

  @Test func aWaitIsLookedAtAfterOneSecondThenLessAndLessOften() {
    let moments = looks(for: 200 * Self.second) { scan([0], at: $0) }
    #expect(moments == [1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000, 183_000])
  }

  @Test func withoutWaitsNothingIsLookedAt() {
    #expect(looks(for: 100 * Self.second) { _ in .init(signature: 0, old: 0) }.isEmpty)
  }

  @Test func aWaitThatBeginsLaterIsLookedAtAfterItsSecond() {
    let late = 20 * Self.second
    let moments = looks(for: 30 * Self.second) { now in
      scan(now < late ? [0] : [0, late], at: now)
    }
    // What began meanwhile is told by a question; here the clock comes to it by itself.
    #expect(moments.starts(with: [1000, 3000, 7000, 15_000]))
    var schedule = LookSchedule()
    _ = schedule.step(scan([0], at: Self.second), at: Self.second)
    let asked = schedule.step(scan([0, late], at: late + Self.second), at: late + Self.second)
    #expect(asked.looks)
  }

  @Test func waitsThatBeganTogetherAreLookedAtOnce() {
    let moments = looks(for: 2 * Self.second) { scan([0, 5_000_000, 80_000_000], at: $0) }
    #expect(moments == [1000])
  }

  @Test func whatChangesAllTheTimeIsLookedAtOnceASecond() {
    // One wait is old; something else changes at every scan.
    var count: UInt64 = 0
    let moments = looks(for: 10 * Self.second) { now in
      count += 1
      return .init(signature: count, old: 1, next: now + 1_000_000)
    }
    #expect(moments.count == 11)
    for (one, next) in zip(moments, moments.dropFirst()) { #expect(next - one >= 1000) }
  }

  @Test func shortWaitsOfOthersDoNotCountAsChanges() {
    // Two that answer each other all the time, beside one that waits for ever.
    let moments = looks(for: 60 * Self.second) { now in scan([0, now - 1], at: now) }
    #expect(moments == [1000, 3000, 7000, 15_000, 31_000])
  }

  @Test func afterAChangeThePausesAreShortAgain() throws {
    var schedule = LookSchedule()
    var now: Int64 = 0
    for _ in 0..<8 { now = try #require(schedule.step(.init(signature: 1, old: 1), at: now).next) }
    let early = schedule.step(.init(signature: 2, old: 1), at: now)
    let next = try #require(early.next)
    #expect(!early.looks || next - now == 2 * Self.second)
    let later = schedule.step(.init(signature: 3, old: 1), at: next)
    #expect(later.looks && later.next == next + 2 * Self.second)
  }
}
