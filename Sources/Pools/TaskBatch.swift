/// Tasks that an executor has, each under an attempt of its own.
///
/// An attempt is known by the batch's number, which is never used again, and the task's place in
/// it. Results come in the order of places; what comes of another batch or place is dropped.
public final class TaskBatch {
  /// Of which its tasks are.
  public let job: TaskJob
  /// Where it is.
  public let slot: ExecutorSlot
  /// With a place it names an attempt; never used again by the scheduler.
  public let number: UInt64
  /// How many tasks it has.
  public private(set) var count = 0
  /// Results of how many have come.
  public internal(set) var reported = 0
  /// When it was handed over (ns).
  public internal(set) var sentAt: Int64 = 0
  /// For the executor's own use.
  public var tag = 0
  /// How many it should have at most.
  let wanted: Int
  /// Whether its executor still has it.
  public internal(set) var isLive = false
  /// Tasks were asked back from a distant executor, and it has not answered.
  var isReturning = false
  /// Its place among the job's batches.
  var jobPlace = 0
  private var first = 0
  private var others: [Int]?

  init(_ job: TaskJob, _ slot: ExecutorSlot, _ number: UInt64, wanted: Int) {
    self.job = job
    self.slot = slot
    self.number = number
    self.wanted = wanted
  }

  /// The task at a place.
  public subscript(_ place: Int) -> Int {
    if let others { return others[place] }
    return first + place
  }

  var tasks: [Int] { others ?? Array(first..<(first + count)) }

  /// How many results are still to come.
  public var rest: Int { count - reported }

  /// While an executor starts it: the task that `take` would add; nil if there is none or it has
  /// enough.
  public var upcoming: Int? { count < wanted ? job.upcoming : nil }

  /// Adds the upcoming task.
  public func take() {
    guard let task = job.upcoming else { return }
    job.take()
    append(task)
  }

  /// While an executor starts it: tasks one after the other that `take(count:)` would add, for
  /// executors that look at each only once; empty as `upcoming` is nil.
  public var upcomingRun: Range<Int> {
    count < wanted ? job.upcomingRun(most: wanted - count) : 0..<0
  }

  /// Adds the first ones of the upcoming run.
  public func take(count added: Int) {
    if added <= 0 { return }
    let run = job.upcomingRun(most: added)
    if run.isEmpty { return }
    if run.count == 1 { return take() }
    job.takeNew(run.count)
    if count == 0 {
      first = run.lowerBound
    } else if others == nil, run.lowerBound != first + count {
      others = Array(first..<(first + count))
    }
    others?.append(contentsOf: run)
    count += run.count
  }

  /// The task at place 0, if the others follow it one by one.
  public var start: Int? { others == nil ? first : nil }

  private func append(_ task: Int) {
    if count == 0 {
      first = task
    } else if others == nil, task != first + count {
      others = Array(first..<(first + count))
    }
    others?.append(task)
    count += 1
  }

  /// Tasks were taken back from its end.
  func shorten(to count: Int) {
    others?.removeLast(max(0, self.count - count))
    self.count = count
  }
}
