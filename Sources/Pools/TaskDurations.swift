/// What the last tasks took that succeeded, for time limits that are relative to that.
struct TaskDurations {
  /// So many count, so that memory is bounded and a change of the tasks is followed.
  static let most = 1001
  /// Of fewer there is no median.
  static let least = 3

  private var sorted: [Int64] = []
  private var order = FIFO<Int64>()

  /// Adds one (ns); costs a move of at most `most` numbers.
  mutating func add(_ duration: Int64) {
    if order.count >= TaskDurations.most, let oldest = order.popFirst() {
      sorted.remove(at: place(of: oldest))
    }
    order.append(duration)
    sorted.insert(duration, at: place(of: duration))
  }

  /// The middle one, the lower of two; nil while there are too few.
  var median: Int64? { sorted.count < TaskDurations.least ? nil : sorted[(sorted.count - 1) / 2] }

  /// The first place whose number is not smaller.
  private func place(of duration: Int64) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < duration { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
