import Channels
import Posix
import TestSupport
import Testing

@testable import Redis

/// The same of locks, semaphores, events and values.
@Suite(.enabled(if: RedisServer.isThere, "there is no redis-server: scripts/setup --tests=cluster"))
struct HolderScheduleTests {
  private func acquire(_ bench: ScriptBench, _ who: String, _ number: Int) throws -> String {
    try bench.run(HolderScripts.acquire, who, "\(number)", who)
  }

  private func release(_ bench: ScriptBench, _ who: String, _ number: Int) throws -> String {
    try bench.run(HolderScripts.release, who, "\(number)", who)
  }

  private func change(_ bench: ScriptBench, _ words: String...) throws -> String {
    try bench.call(HolderScripts.change, HolderScripts.keys, words).items
      .map { $0.text ?? "" }.joined(separator: " ")
  }

  // MARK: Locks

  @Test func anAcquireWhoseAnswerWasLostIsHeldOnce() throws {
    let bench = try ScriptBench(kind: "lock", ["permits", "1"])
    #expect(try acquire(bench, "a", 1) == "held 1 ")
    #expect(try acquire(bench, "a", 1) == "held 1 ")
    #expect(try acquire(bench, "b", 1) == "busy")
    #expect(try release(bench, "a", 2) == "done 0")
    #expect(try acquire(bench, "b", 2) == "held 2 ")
    // Both come again, late.
    #expect(try acquire(bench, "a", 1) == "busy")
    #expect(try release(bench, "a", 2) == "done 0")
    #expect(try release(bench, "a", 3) == "missing")
    #expect(try release(bench, "b", 3) == "done 0")
  }

  @Test func anAcquireThatWasGivenUpHoldsNothing() throws {
    let bench = try ScriptBench(kind: "lock", ["permits", "1"])
    #expect(try bench.run(HolderScripts.undo, "a", "1", "a") == "done")
    #expect(try acquire(bench, "a", 1) == "stale")
    #expect(try acquire(bench, "a", 2) == "held 1 ")
    for _ in 1...2 { #expect(try bench.run(HolderScripts.undo, "a", "2", "a") == "done") }
    #expect(try acquire(bench, "b", 1) == "held 2 ")
    #expect(try bench.run(HolderScripts.undo, "a", "2", "a") == "done")
    #expect(try release(bench, "b", 2) == "done 0")
  }

  @Test func whoWasTakenForGoneHasLostIt() throws {
    let bench = try ScriptBench(kind: "lock", ["permits", "1"])
    #expect(try acquire(bench, "a", 1) == "held 1 ")
    let seen = try bench.beat(of: "a")
    #expect(try bench.reap("a", seeing: seen) == "done 1")
    // A second waiter has come to the same; the one that was taken for gone is told at once.
    #expect(try bench.reap("a", seeing: seen) == "done 0")
    #expect(try acquire(bench, "b", 1) == "held 2 a")
    #expect(try bench.reap("a", seeing: seen) == "done 0")
    #expect(try release(bench, "a", 2) == "missing")
    #expect(try acquire(bench, "a", 1) == "busy")
    #expect(try change(bench, "a", "3", "a", "set", "0", "5") == "lost")
    #expect(try change(bench, "b", "3", "b", "set", "0", "6") == "value 1")
  }

  @Test func allPermitsOfOneComeBackTogether() throws {
    let bench = try ScriptBench(kind: "sem", ["permits", "2"])
    #expect(try acquire(bench, "a", 1) == "held 1 ")
    #expect(try acquire(bench, "a", 2) == "held 2 ")
    #expect(try acquire(bench, "a", 3) == "own")
    #expect(try acquire(bench, "b", 1) == "busy")
    #expect(try bench.reap("a", seeing: bench.beat(of: "a")) == "done 1")
    for i in 2...3 { #expect(try acquire(bench, "b", i).hasPrefix("held \(i + 1)")) }
    #expect(try release(bench, "a", 4) == "missing")
  }

  // MARK: Events and values

  @Test func aSetThatComesAgainUndoesNoClear() throws {
    let bench = try ScriptBench(kind: "event", [])
    #expect(try bench.run(HolderScripts.set, "a", "1", "1") == "done")
    #expect(try bench.run(HolderScripts.set, "b", "1", "0") == "done")
    #expect(try bench.run(HolderScripts.set, "a", "1", "1") == "done")
    let state = try bench.call(HolderScripts.state, HolderScripts.keys, [])
    #expect(state[1].text == "0" && state[2].text == "1")
  }

  @Test func aChangeWhoseAnswerWasLostHappensOnce() throws {
    let bench = try ScriptBench(kind: "shm", ["type", "int", "count", "", "permits", "1"])
    for _ in 1...2 {
      #expect(try change(bench, "a", "1", "", "add", "0", "5", "", "") == "value 5")
    }
    #expect(try change(bench, "b", "1", "", "add", "0", "1", "", "") == "value 6")
    // It still yields what it yielded then.
    #expect(try change(bench, "a", "1", "", "add", "0", "5", "", "") == "value 5")
    #expect(try change(bench, "a", "2", "", "cas", "0", "6", "9") == "value 1")
    #expect(try change(bench, "b", "2", "", "set", "0", "6") == "value 1")
    #expect(try change(bench, "a", "2", "", "cas", "0", "6", "9") == "value 1")
    #expect(try change(bench, "a", "1", "", "add", "0", "5", "", "") == "stale")
    #expect(try change(bench, "a", "3", "", "add", "0", "5", "0", "10") == "range 6")
    let value = try bench.call(HolderScripts.read, HolderScripts.keys, ["0"])
    #expect(value[1][0].text == "6")
  }

  // MARK: Beats

  /// A beat crosses the release of all: the server knows nothing of the holder any more, which is no
  /// loss; afterwards it is.
  @Test(arguments: [true, false]) func aBeatBehindTheReleaseIsNoLoss(_ isGivenBack: Bool) throws {
    let bench = try ScriptBench(kind: "lock", ["permits", "1"])
    // No timer's handler is to beat in this process.
    defer { Pulse.expect(within: 0, every: 0) }
    let client = try bench.another()
    let holders = RedisHolders(client, kind: "lock", [("permits", "1")])
    var losses = 0
    holders.onLoss = { losses += 1 }
    let wait = bench.wait()
    _ = try holders.acquire(wait)
    try bench.server.ask("HDEL", "brood:{k}:beats", String(decoding: client.id, as: UTF8.self))
    if isGivenBack { holders.heart.expectEnd() }
    // The first one may have been sent before.
    for _ in 1...3 {
      holders.heart.beat()
      try bench.server.ask("PING")
    }
    #expect(losses == (isGivenBack ? 0 : 1) && holders.isLost == !isGivenBack)
    #expect(holders.holds == (isGivenBack ? 1 : 0))
    if isGivenBack { try holders.release(wait) }
    #expect(holders.holds == 0)
  }
}
