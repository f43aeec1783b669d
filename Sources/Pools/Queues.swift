/// First in, first out, in constant time.
struct FIFO<Element> {
  private var items: [Element] = []
  private var head = 0

  var count: Int { items.count - head }
  var isEmpty: Bool { head == items.count }
  var first: Element? { isEmpty ? nil : items[head] }
  var all: ArraySlice<Element> { items[head...] }

  mutating func append(_ item: Element) { items.append(item) }

  @discardableResult
  mutating func popFirst() -> Element? {
    if isEmpty { return nil }
    defer {
      head += 1
      if head == items.count {
        items.removeAll(keepingCapacity: items.count < 1024)
        head = 0
      } else if head >= 64, head * 2 > items.count {
        items.removeFirst(head)
        head = 0
      }
    }
    return items[head]
  }

  mutating func removeAll(where isGone: (Element) -> Bool) {
    items.removeFirst(head)
    head = 0
    items.removeAll(where: isGone)
  }
}

/// What is due at which moment; equal moments come in the order of their insertion.
///
/// Entries are not removed early: who takes one out judges whether it still means anything.
struct DeadlineHeap<Element> {
  private var entries: [(at: Int64, order: UInt64, element: Element)] = []
  private var order: UInt64 = 0

  var earliest: Int64? { entries.first?.at }
  var count: Int { entries.count }
  var first: (at: Int64, element: Element)? { entries.first.map { ($0.at, $0.element) } }

  mutating func insert(_ element: Element, at moment: Int64) {
    order += 1
    entries.append((moment, order, element))
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if !isLess(child, parent) { break }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// The first entry that is due.
  mutating func popDue(_ now: Int64) -> (at: Int64, element: Element)? {
    guard let first = entries.first, first.at <= now, let last = entries.popLast() else {
      return nil
    }
    if !entries.isEmpty {
      entries[0] = last
      var parent = 0
      while true {
        var least = parent
        for child in [2 * parent + 1, 2 * parent + 2]
        where child < entries.count && isLess(child, least) {
          least = child
        }
        if least == parent { break }
        entries.swapAt(least, parent)
        parent = least
      }
    }
    return (first.at, first.element)
  }

  private func isLess(_ a: Int, _ b: Int) -> Bool {
    let (a, b) = (entries[a], entries[b])
    return a.at != b.at ? a.at < b.at : a.order < b.order
  }
}

/// Numbers from a first one on, of which the lowest free one is taken.
public struct FreeNumbers {
  private var free: [Int] = []
  private var next: Int

  /// Numbers from `first` on, all of them free.
  public init(from first: Int) { next = first }

  /// Takes the lowest free number.
  ///
  /// - Complexity: O(log n) in the numbers that were given back.
  public mutating func take() -> Int {
    guard let lowest = free.first, let last = free.popLast() else {
      next += 1
      return next - 1
    }
    if free.isEmpty { return lowest }
    free[0] = last
    var parent = 0
    while true {
      var least = parent
      if 2 * parent + 1 < free.count, free[2 * parent + 1] < free[least] { least = 2 * parent + 1 }
      if 2 * parent + 2 < free.count, free[2 * parent + 2] < free[least] { least = 2 * parent + 2 }
      if least == parent { return lowest }
      free.swapAt(least, parent)
      parent = least
    }
  }

  /// Makes a number that was taken free again; each once.
  ///
  /// - Complexity: O(log n) in the numbers that were given back.
  public mutating func giveBack(_ number: Int) {
    free.append(number)
    var child = free.count - 1
    while child > 0, free[child] < free[(child - 1) / 2] {
      free.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }
}
