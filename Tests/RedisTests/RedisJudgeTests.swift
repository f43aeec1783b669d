import Testing

@testable import Redis

/// Who has gone is judged by a waiter's own clock, and only while its own looks get through.
@Suite struct RedisJudges {
  private static let second: Int64 = 1_000_000_000

  /// Looks at each of some seconds; yields those at which a holder was judged gone.
  private func look(
    _ beats: (Int) -> [(String, String)], at seconds: [Int], _ judge: inout RedisJudge
  ) -> [Int] {
    seconds.filter { second in
      let now = Int64(second + 100) * Self.second
      return !judge.take(
        beats(second).map { (holder: $0.0, beat: $0.1) }, asked: now, answered: now + 1000
      ).isEmpty
    }
  }

  @Test func aHolderThatBeatsStays() {
    var judge = RedisJudge()
    #expect(look({ [("a", "\($0)")] }, at: Array(0...100), &judge).isEmpty)
    // At a fifth of the pace, still.
    judge = RedisJudge()
    #expect(look({ [("a", "\($0 / 4)")] }, at: Array(0...100), &judge).isEmpty)
  }

  @Test func oneThatDoesNotIsGoneAfterFiveSeconds() {
    var judge = RedisJudge()
    #expect(look({ _ in [("a", "7")] }, at: Array(0...6), &judge) == [6])
  }

  @Test func aGapOfItsOwnCounts() {
    var judge = RedisJudge()
    #expect(
      look({ _ in [("a", "7")] }, at: [0, 1, 2, 3, 4, 20, 21, 22, 23, 24, 25], &judge).isEmpty)
    #expect(look({ _ in [("a", "7")] }, at: [26], &judge) == [26])
  }

  @Test func whatWasRefusedCounts() {
    var judge = RedisJudge()
    #expect(look({ _ in [("a", "7")] }, at: [0, 1, 2, 3, 4], &judge).isEmpty)
    judge.forget()
    #expect(look({ _ in [("a", "7")] }, at: [5, 6, 7, 8, 9, 10], &judge).isEmpty)
  }

  @Test func oneThatCameBackBeginsAnew() {
    var judge = RedisJudge()
    #expect(
      look({ $0 == 3 ? [] : [("a", "7")] }, at: Array(0...9), &judge).isEmpty)
  }

  @Test func aSlowAnswerIsNoLook() {
    var judge = RedisJudge()
    for second in 0..<20 {
      let now = Int64(second) * 4 * Self.second
      let gone = judge.take(
        [(holder: "a", beat: "7")], asked: now, answered: now + 3 * Self.second)
      #expect(gone.isEmpty)
    }
  }
}
