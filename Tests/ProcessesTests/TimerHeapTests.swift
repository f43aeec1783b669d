import Posix
import Testing

@testable import Processes

/// Timers come out in the order of their deadlines, whatever was cancelled meanwhile.
@Suite struct TimerHeapTests {
  private func drain(_ heap: inout TimerHeap, until now: Int64 = .max) {
    while let body = heap.takeDue(now) { body() }
  }

  @Test func theyComeInTheOrderOfTheirDeadlines() {
    var heap = TimerHeap()
    var seen: [Int64] = []
    for deadline in [5, 1, 4, 1, 3] as [Int64] {
      _ = heap.insert(at: deadline) { seen.append(deadline) }
    }
    #expect(heap.earliest() == 1)
    drain(&heap, until: 3)
    #expect(seen == [1, 1, 3])
    #expect(heap.earliest() == 4)
    drain(&heap)
    #expect(seen == [1, 1, 3, 4, 5])
    #expect(heap.earliest() == nil)
  }

  @Test func equalOnesComeInTheOrderInWhichTheyWereMade() {
    var heap = TimerHeap()
    var seen: [Int] = []
    for i in 0..<100 { _ = heap.insert(at: 7) { seen.append(i) } }
    drain(&heap)
    #expect(seen == Array(0..<100))
  }

  @Test func aCancelledOneDoesNotCome() {
    var heap = TimerHeap()
    var seen: [Int] = []
    let first = heap.insert(at: 1) { seen.append(1) }
    _ = heap.insert(at: 2) { seen.append(2) }
    heap.cancel(first)
    heap.cancel(first)
    #expect(heap.earliest() == 2)
    drain(&heap)
    #expect(seen == [2])
  }

  @Test func aTimerThatMakesAnotherOneWhichIsDueIsFollowedByIt() {
    var heap = TimerHeap()
    var seen: [Int] = []
    _ = heap.insert(at: 1) { seen.append(1) }
    while let body = heap.takeDue(10) {
      body()
      if seen == [1] { _ = heap.insert(at: 0) { seen.append(2) } }
    }
    #expect(seen == [1, 2])
  }

  /// Against a sorted list, with many cancelled so that the heap is made anew.
  @Test(arguments: 0..<20)
  func randomOnesAgreeWithASortedList(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    var heap = TimerHeap()
    var model: [(deadline: Int64, number: Int, id: TimerID)] = []
    var seen: [Int] = []
    var now: Int64 = 0
    for number in 0..<2000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0...1:
        let deadline = now + Int64.random(in: 0..<50, using: &random)
        let id = heap.insert(at: deadline) { seen.append(number) }
        model.append((deadline, number, id))
      case 2 where !model.isEmpty:
        let index = Int.random(in: model.indices, using: &random)
        heap.cancel(model.remove(at: index).id)
      default:
        now += Int64.random(in: 0..<10, using: &random)
        let due = model.filter { $0.deadline <= now }.sorted {
          ($0.deadline, $0.number) < ($1.deadline, $1.number)
        }
        model.removeAll { $0.deadline <= now }
        seen = []
        drain(&heap, until: now)
        #expect(seen == due.map(\.number))
      }
      #expect(heap.earliest() == model.map(\.deadline).min())
    }
  }
}
