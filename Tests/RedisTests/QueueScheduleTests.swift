import Channels
import TestSupport
import Testing

@testable import Redis

/// Answers that are lost, requests that come late or in another order, holders that are taken for gone:
/// one schedule each, of the scripts alone.
@Suite(.enabled(if: RedisServer.isThere, "there is no redis-server: scripts/setup --tests=cluster"))
struct QueueScheduleTests {
  // MARK: Putting

  @Test func aPutWhoseAnswerWasLostHappensOnce() throws {
    let bench = try ScriptBench()
    #expect(try bench.put("p", 1, "a") == "put 1")
    #expect(try bench.put("p", 1, "a") == "put 1")
    #expect(try bench.put("p", 2, "b") == "put 1")
    // It comes out of an old connection, behind the next one.
    #expect(try bench.put("p", 1, "a") == "stale")
    // Another producer's numbers are its own.
    #expect(try bench.put("q", 1, "c") == "put 1")
    #expect(try bench.take("c", 1, 9) == "a×1 b×1 c×1")
  }

  @Test func aPutForWhichThereWasRoomInPartYieldsTheSame() throws {
    let bench = try ScriptBench(most: "3")
    #expect(try bench.put("p", 1, "a", "b", "c", "d", "e") == "put 3")
    #expect(try bench.take("c", 1) == "a×1")
    // There is room for one now, but not for this request.
    #expect(try bench.put("p", 1, "a", "b", "c", "d", "e") == "put 3")
    #expect(try bench.put("p", 2, "d", "e") == "put 1")
    #expect(try bench.put("p", 3, "e") == "full")
    #expect(try bench.counts() == [4, 1, 0])
  }

  @Test func aPutThatWasDoneBeforeItWasClosedWasDone() throws {
    let bench = try ScriptBench()
    #expect(try bench.put("p", 1, "a") == "put 1")
    #expect(try bench.run(QueueScripts.close) == "done")
    #expect(try bench.put("p", 1, "a") == "put 1")
    #expect(try bench.put("p", 2, "b") == "closed")
    #expect(try bench.counts() == [1, 0, 0])
  }

  /// What was given back is more than there is room for, and stays; nothing else comes in.
  @Test func whatComesBackNeedsNoRoom() throws {
    let bench = try ScriptBench(most: "1")
    #expect(try bench.put("p", 1, "a") == "put 1")
    #expect(try bench.take("c", 1) == "a×1")
    #expect(try bench.put("p", 2, "b") == "put 1")
    #expect(try bench.nack("c", 2, "a") == "done 1")
    #expect(try bench.put("p", 3, "c") == "full")
    #expect(try bench.take("d", 1) == "a×2")
    #expect(try bench.put("p", 4, "c") == "full")
    #expect(try bench.take("d", 2) == "b×1")
    #expect(try bench.put("p", 5, "c") == "put 1")
  }

  // MARK: Taking

  @Test func aTakeWhoseAnswerWasLostYieldsTheSame() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a", "b", "c")
    #expect(try bench.take("c", 1) == "a×1")
    #expect(try bench.take("d", 1) == "b×1")
    #expect(try bench.take("c", 1) == "a×1")
    #expect(try bench.take("c", 2) == "c×1")
    #expect(try bench.take("c", 1) == "stale")
    #expect(try bench.counts() == [3, 3, 0])
  }

  /// It took two, and one of them was acknowledged by a request that overtook it.
  @Test func aTakeThatComesAgainYieldsWhatIsLeft() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a", "b")
    #expect(try bench.take("c", 1, 2) == "a×1 b×1")
    #expect(try bench.ack("c", 1, "a") == "done 1")
    #expect(try bench.take("c", 1, 2) == "b×1")
  }

  /// It was taken for gone meanwhile, and is still told of one item.
  @Test func aTakeThatComesAgainAfterItsHolderWasTakenForGone() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a")
    #expect(try bench.take("c", 1) == "a×1")
    #expect(try bench.reap("c", seeing: bench.beat(of: "c")) == "done 1")
    #expect(try bench.take("c", 1) == "a×2")
    #expect(try bench.counts() == [1, 1, 0])
    #expect(try bench.reap("c", seeing: bench.beat(of: "c")) == "done 1")
    #expect(try bench.take("d", 1) == "a×3")
    #expect(try bench.take("c", 1) == "empty")
  }

  @Test func aTakeThatWasGivenUpHasNothing() throws {
    let bench = try ScriptBench(attempts: "1")
    _ = try bench.put("p", 1, "a")
    // The server sees the request after the word that it is not wanted.
    #expect(try bench.undo("c", 1) == "done 0")
    #expect(try bench.take("c", 1) == "stale")
    // Before it; that counts as no attempt, and is taken back once.
    #expect(try bench.take("c", 2) == "a×1")
    #expect(try bench.undo("c", 2) == "done 1")
    #expect(try bench.undo("c", 2) == "done 0")
    #expect(try bench.counts() == [1, 0, 0])
    #expect(try bench.take("d", 1) == "a×1")
    // Late words about it take nothing from another, or from a later request.
    #expect(try bench.undo("c", 2) == "done 0")
    #expect(try bench.ack("c", 3, "a") == "done 0")
    #expect(try bench.counts() == [1, 1, 0])
  }

  @Test func whatWasGivenUpTakesNothingFromALaterRequest() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a")
    #expect(try bench.take("c", 5) == "a×1")
    #expect(try bench.undo("c", 4) == "done 0")
    #expect(try bench.counts() == [1, 1, 0])
    #expect(try bench.take("c", 5) == "a×1")
  }

  // MARK: Keeping and giving back

  @Test func anAckWhoseAnswerWasLostIsRepeated() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a", "b")
    #expect(try bench.take("c", 1) == "a×1")
    #expect(try bench.ack("d", 1, "a") == "done 0")
    #expect(try bench.ack("c", 1, "a") == "done 1")
    #expect(try bench.ack("c", 1, "a") == "done 1")
    #expect(try bench.ack("c", 2, "a") == "done 0")
    #expect(try bench.counts() == [1, 0, 0])
  }

  @Test func aNackWhoseAnswerWasLostTakesNothingFromTheNext() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a")
    #expect(try bench.take("c", 1) == "a×1")
    #expect(try bench.nack("c", 1, "a") == "done 1")
    #expect(try bench.take("d", 1) == "a×2")
    #expect(try bench.nack("c", 1, "a") == "done 1")
    #expect(try bench.counts() == [1, 1, 0])
    #expect(try bench.ack("d", 1, "a") == "done 1")
    #expect(try bench.nack("c", 1, "a") == "done 1")
    #expect(try bench.counts() == [0, 0, 0])
  }

  @Test func whatComesBackTooOftenIsADeadLetterOnce() throws {
    let bench = try ScriptBench(attempts: "2")
    _ = try bench.put("p", 1, "a")
    #expect(try bench.take("c", 1) == "a×1")
    #expect(try bench.reap("c", seeing: bench.beat(of: "c")) == "done 1")
    #expect(try bench.take("c", 2) == "a×2")
    let seen = try bench.beat(of: "c")
    #expect(try bench.reap("c", seeing: seen) == "done 1")
    #expect(try bench.reap("c", seeing: seen) == "done 0")
    #expect(try bench.nack("c", 3, "a") == "done 0")
    #expect(try bench.counts() == [0, 0, 1])
    #expect(try bench.take("d", 1) == "empty")
  }

  @Test func itIsClosedWhenNothingIsLent() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a")
    #expect(try bench.take("c", 1) == "a×1")
    _ = try bench.run(QueueScripts.close)
    #expect(try bench.take("d", 1) == "empty")
    #expect(try bench.nack("c", 1, "a") == "done 1")
    #expect(try bench.take("d", 2) == "a×2")
    #expect(try bench.ack("d", 1, "a") == "done 1")
    #expect(try bench.take("c", 2) == "closed")
  }

  // MARK: Who is gone

  /// Two waiters come to the same judgement; meanwhile the holder has come back, and takes it again.
  @Test func whoHasComeBackIsNotJudgedByWhatWasSeenBefore() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a")
    #expect(try bench.take("c", 1) == "a×1")
    let seen = try bench.beat(of: "c")
    #expect(try bench.reap("c", seeing: seen) == "done 1")
    #expect(try bench.take("c", 2) == "a×2")
    #expect(try bench.beat(of: "c") != seen)
    #expect(try bench.reap("c", seeing: seen) == "done 0")
    #expect(try bench.ack("c", 3, "a") == "done 1")
  }

  @Test func whoBeatsInBetweenIsNotGone() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a")
    #expect(try bench.take("c", 1) == "a×1")
    let seen = try bench.beat(of: "c")
    #expect(try bench.call(HolderScripts.beat, ["beats"], ["c"]).number == Int(seen).map { $0 + 1 })
    #expect(try bench.reap("c", seeing: seen) == "done 0")
    // One that was stopped learns by its next beat.
    #expect(try bench.reap("c", seeing: bench.beat(of: "c")) == "done 1")
    #expect(try bench.call(HolderScripts.beat, ["beats"], ["c"]) == .integer(0))
  }

  /// Another program's consumer, of which nothing beats, is given up by its name.
  @Test func whatAnotherProgramTookComesBack() throws {
    let bench = try ScriptBench()
    _ = try bench.put("p", 1, "a")
    let items = "brood:{k}:items"
    try bench.server.ask("XREADGROUP", "GROUP", "brood", "python", "STREAMS", items, ">")
    #expect(try bench.take("c", 1) == "empty")
    #expect(try bench.run(QueueScripts.look).contains("python 0"))
    #expect(try bench.reap("python", seeing: "0") == "done 1")
    #expect(try bench.take("c", 2) == "a×2")
  }

  // MARK: The server

  /// Nobody rings while a waiter is on its way from a take that found nothing to its wait.
  @Test func noRingIsMissed() throws {
    let bench = try ScriptBench()
    let empty = try bench.call(QueueScripts.take, QueueScripts.keys, ["c", "1", "c", "1"])
    let bell = try #require(empty[1].text)
    for i in 1...3 { _ = try bench.put("p", i, "a") }
    // Asked for a minute, it is over at once.
    let wait = bench.wait(60)
    try bench.client.awaitBell(from: bell, until: wait.deadline, wait.sleeper)
    #expect(try bench.take("c", 2) == "a×1")
  }

  @Test func whatTheServerForgotIsMadeAgain() throws {
    let bench = try ScriptBench(most: "3", attempts: "2")
    let queue = RedisQueue(bench.client)
    let wait = bench.wait()
    try queue.make(most: 3, attempts: 2, until: wait.deadline, wait.sleeper)
    try queue.put([[1], [2]], wait)
    #expect(try queue.take(1, lease: .max, wait).map(\.value) == [[1]])
    try bench.server.ask("FLUSHALL")
    try bench.server.ask("SCRIPT", "FLUSH")
    #expect(throws: RedisTrouble.notHeld) { try queue.acknowledge(wait) }
    try queue.put([[3]], wait)
    let facts = try queue.facts(wait)
    #expect(facts.items == 1 && facts.most == 3 && facts.attempts == 2)
    #expect(try queue.take(9, lease: nil, wait).map(\.value) == [[3]])
  }
}
