import Pools

/// What of a run depends on the task, where its programs have an order.
public struct ProgramPlan {
  public struct PlannedTask {
    public let name: String
    /// Those that must succeed before it, which have lower numbers.
    public let needed: [Int]
    public let terms: TaskTerms

    public init(name: String, needed: [Int], terms: TaskTerms) {
      self.name = name
      self.needed = needed
      self.terms = terms
    }
  }

  public let tasks: [PlannedTask]

  public init(_ tasks: [PlannedTask]) { self.tasks = tasks }
}

extension ProgramRun {
  /// How often a task that failed is tried again.
  func retries(of index: Int) -> Int { job.retries(of: index) ?? 0 }

  /// Tells of a task that cannot begin any more, since one that it needs has not succeeded.
  func block(_ index: Int) {
    guard let plan, plan.tasks.indices.contains(index), var record = live[index] else { return }
    let cause = plan.tasks[index].needed.first { unsuccessful[$0] != nil }
    let name = cause.map { "'\(plan.tasks[$0].name)'" } ?? "one that it needs"
    let what = cause.flatMap { unsuccessful[$0] } == .blocked ? "was not run" : "failed"
    record.problem = "not run, since \(name) \(what)"
    record.isBlocked = true
    live[index] = record
    say("\(record.input.shortText): \(record.phrase)")
    note(end: index, record)
  }
}
