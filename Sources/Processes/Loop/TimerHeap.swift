import Posix

/// Names a timer of an event loop.
public struct TimerID: Hashable, Sendable {
  let number: Int
}

/// Timers in the order of their deadlines; cancelled ones are dropped when they come up.
struct TimerHeap {
  private struct Entry {
    let deadline: Int64
    let number: Int
  }

  private var entries: [Entry] = []
  private var bodies: [Int: () -> Void] = [:]
  private var next = 0

  /// The earliest deadline, if there is a timer.
  mutating func earliest() -> Int64? {
    while let first = entries.first {
      if bodies[first.number] != nil { return first.deadline }
      removeFirst()
    }
    return nil
  }

  mutating func insert(at deadline: Int64, _ body: @escaping () -> Void) -> TimerID {
    next += 1
    bodies[next] = body
    entries.append(Entry(deadline: deadline, number: next))
    var index = entries.count - 1
    while index > 0, precedes(index, (index - 1) / 2) {
      entries.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
    return TimerID(number: next)
  }

  mutating func cancel(_ timer: TimerID) {
    bodies[timer.number] = nil
    // Many cancelled timeouts far in the future would otherwise pile up.
    if entries.count > 64 && entries.count > 2 * bodies.count { rebuild() }
  }

  /// Takes the first timer that is due.
  mutating func takeDue(_ now: Int64) -> (() -> Void)? {
    guard let deadline = earliest(), deadline <= now, let first = entries.first else { return nil }
    removeFirst()
    return bodies.removeValue(forKey: first.number)
  }

  // Equal deadlines fire in the order in which they were made.
  private func precedes(_ left: Int, _ right: Int) -> Bool {
    let (a, b) = (entries[left], entries[right])
    return (a.deadline, a.number) < (b.deadline, b.number)
  }

  private mutating func removeFirst() {
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    sink(0)
  }

  private mutating func sink(_ start: Int) {
    var index = start
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < entries.count && precedes(child, least) { least = child }
      if least == index { return }
      entries.swapAt(least, index)
      index = least
    }
  }

  private mutating func rebuild() {
    entries.removeAll { bodies[$0.number] == nil }
    for index in stride(from: entries.count / 2, through: 0, by: -1) { sink(index) }
  }
}
