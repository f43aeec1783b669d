import Testing
import Waits

/// Which orders of locks can deadlock.
@Suite struct LockRingTests {
  private func life(_ number: UInt32, born: UInt64 = 0, gone: UInt64 = .max) -> LockRing.Life {
    LockRing.Life(number: number, born: born, gone: gone)
  }

  private func ring(_ edges: [LockRing.Edge]) -> [LockRing.Edge]? {
    var search = LockRing(
      followers: { lock in
        edges.filter { $0.held == lock }.reduce(0) { $0 | 1 << UInt64($1.taken) }
      }, { lock in edges.filter { $0.held == lock } })
    return search.ring(through: edges[0])
  }

  private func edge(
    _ held: Int, _ taken: Int, _ takers: LockRing.Life..., guards: UInt64 = 0
  ) -> LockRing.Edge {
    LockRing.Edge(held: held, taken: taken, guards: guards, takers: takers)
  }

  @Test func twoOrdersOfTwoProcesses() {
    #expect(ring([edge(0, 1, life(1)), edge(1, 0, life(2))])?.map(\.held) == [0, 1])
    #expect(ring([edge(0, 1, life(1)), edge(1, 0, life(1))]) == nil)
    #expect(ring([edge(0, 1, life(1)), edge(1, 0, life(1), life(2))]) != nil)
    #expect(ring([edge(0, 1, life(1)), edge(1, 2, life(2))]) == nil)
  }

  @Test func aCommonLockKeepsThemApart() {
    let (one, other) = (life(1), life(2))
    #expect(ring([edge(0, 1, one, guards: 4), edge(1, 0, other, guards: 12)]) == nil)
    #expect(ring([edge(0, 1, one, guards: 4), edge(1, 0, other, guards: 8)]) != nil)
    // Two of three are enough.
    #expect(
      ring([
        edge(0, 1, one, guards: 8), edge(1, 2, other), edge(2, 0, life(3), guards: 8),
      ]) == nil)
  }

  @Test func livesThatDoNotMeet() {
    let first = life(1, born: 1, gone: 2)
    #expect(ring([edge(0, 1, first), edge(1, 0, life(2, born: 3))]) == nil)
    #expect(ring([edge(0, 1, life(1, born: 1, gone: 3)), edge(1, 0, life(2, born: 2))]) != nil)
    // It ended, and was not waited for: long before, or just before by chance.
    let old = LockRing.Life(number: 1, born: 1, began: 0, ended: 1_000_000_000)
    let soon = LockRing.Life(number: 2, born: 2, began: 1_100_000_000)
    let late = LockRing.Life(number: 2, born: 2, began: 3_000_000_000)
    #expect(ring([edge(0, 1, old), edge(1, 0, soon)]) != nil)
    #expect(ring([edge(0, 1, old), edge(1, 0, late)]) == nil)
  }

  @Test func longerRings() {
    let edges = (0..<8).map { edge($0, ($0 + 1) % 8, life(UInt32($0 + 1))) }
    #expect(ring(edges)?.count == 8)
    // Each edge needs a process of its own.
    let few = (0..<3).map { edge($0, ($0 + 1) % 3, life(UInt32($0 % 2 + 1))) }
    #expect(ring(few) == nil)
    #expect(ring((0..<9).map { edge($0, ($0 + 1) % 9, life(UInt32($0 + 1))) }) == nil)
  }

  /// All orders of all locks: the search ends.
  @Test func aDenseGraphTakesBoundedTime() {
    var edges: [LockRing.Edge] = []
    for held in 0..<64 {
      for taken in 0..<64 where held != taken {
        edges.append(edge(held, taken, life(1)))
      }
    }
    #expect(ring(edges) == nil)
  }
}
