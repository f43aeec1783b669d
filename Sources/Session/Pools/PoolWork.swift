import Language
import Pools
import Posix

/// What the commands ask of a pool.
extension Pool {
  /// Runs one task; yields what its result will be in.
  ///
  /// Unless it is waited for next, results interrupt code that computes.
  ///
  /// - Parameter named: arguments by the names of the function's parameters.
  public func submit(
    _ function: Value, _ arguments: [Value], named: MapObject? = nil,
    _ policy: PoolPolicy = PoolPolicy(), at location: Location? = nil
  ) throws -> PoolFuture {
    try requireOpen()
    let job = FutureJob(
      self, try self.function(function), arguments, named: named, policy, at: location)
    futures += 1
    let future = PoolFuture(job, self, futures)
    submitted += 1
    job.isSubmitted = true
    do {
      try add(job)
    } catch {
      if job.isSubmitted, !job.isFinished { submitted -= 1 }
      job.isSubmitted = false
      throw error
    }
    return future
  }

  /// Makes the tasks of a map and starts them.
  public func map(
    _ function: Value, over input: PoolInput, _ policy: PoolPolicy, verb: String,
    at location: Location? = nil, takesTwo: Bool = false, spreads: Bool = false,
    isUnordered: Bool = false, collects: Bool = true, journal: (any RunJournal)? = nil,
    files: ResultFiles? = nil, onDone: Value? = nil, onProgress: ((MapJob) -> Void)? = nil
  ) throws -> MapJob {
    try requireOpen()
    let job = MapJob(
      self, try self.function(function), policy, verb: verb, at: location, input: input,
      takesTwo: takesTwo, spreads: spreads, isUnordered: isUnordered, collects: collects,
      journal: journal, files: files)
    job.onDone = onDone
    if let onProgress { job.onProgress = { [weak job] in if let job { onProgress(job) } } }
    try add(job)
    follow(job)
    return job
  }

  /// Waits until a map is done, and yields its results.
  ///
  /// - Throws: the error of the first task that failed, with all results and failures.
  public func results(of job: MapJob) throws -> [Value] {
    do {
      while !job.isFinished {
        if job.wantsInput { try job.pull() }
        _ = try wait {
          try job.check()
          return job.isFinished || job.wantsInput
        }
      }
      try job.check()
    } catch {
      throw interrupt(job, error)
    }
    job.stopInput()
    if let error = job.sourceError {
      throw error.rethrown.amended { $0.payload["results"] = .items(job.collected) }
    }
    if job.hasWhatWasWanted { return job.collected }
    throw job.summary
  }

  /// The results of a map, one by one; nil at the end.
  ///
  /// - Throws: a task's error when its turn comes.
  public func next(of job: MapJob) throws -> Value? {
    do {
      while true {
        if job.wantsInput { try job.pull() }
        if let outcome = job.takeNext() {
          switch outcome {
          case .value(let value): return value
          case .failure(let error) where job.forgives(error): continue
          case .failure(let error) where job.tasks.policy.awaitsSuccesses:
            // It is none if enough others succeed.
            if job.firstFailure == nil { job.firstFailure = error }
          case .failure(let error):
            abandon(job)
            throw error
          }
        }
        if job.isExhausted {
          if let error = job.sourceError { throw error.rethrown }
          if let error = job.firstFailure, !job.forgives(error) { throw error }
          return nil
        }
        _ = try wait { job.hasNext || job.isExhausted || job.wantsInput }
      }
    } catch  where ExitRequest.isStop(error) {
      throw interrupt(job, error)
    }
  }

  /// The rest is not wanted: nothing more is started, and what runs is let go.
  public func abandon(_ job: MapJob) {
    if isInherited { return }
    job.stopInput()
    cancel(job, endsRunning: false)
  }

  /// Something came between: no further task is started, the running ones are ended, by TERM and
  /// after a while by KILL, or at once if it comes again.
  private func interrupt(_ job: MapJob, _ error: any Error) -> any Error {
    let object = error as? ErrorObject
    if object == nil, !(error is ExitRequest) { return error }
    job.stopInput()
    let before = job.succeeded + job.failed
    cancel(job, endsRunning: true)
    // The end of this process ends them too.
    guard let object else { return error }
    do {
      _ = try wait { job.isFinished }
    } catch {
      scheduler.killEnding()
      session.postponing {
        _ = try wait(until: Clock.deadline(after: 1_000_000_000)) { job.isFinished }
      }
    }
    guard object.kind == .interrupted else { return object }
    let ended = job.succeeded + job.failed - before
    let left = job.supplied - job.succeeded - job.failed
    return ErrorObject(
      .interrupted,
      "of \(job.supplied) tasks \(before) were done, \(ended) were running and have been ended, "
        + "\(left) were not started", payload: ["results": .items(job.collected)])
  }
}

extension Pool {
  /// How the scheduler is to treat tasks.
  func scheduling(_ policy: PoolPolicy) -> TaskPolicy {
    var result = policy.ofBlock
    guard let far else { return result }
    // The third one that dies alone makes the task suspect.
    result.deathRetries = FarCrew.mostDeaths - 1
    if policy.losses == nil, policy.retries != 0, let losses = far.hosts.placement.losses {
      result.losses = losses
    }
    // A batch lasts as long as its way there and back, so that workers need not wait for the next.
    result.batchTime = max(result.batchTime, Double(far.hosts.roundTrip))
    result.isExact = result.losses == 0
    return result
  }
}

extension MapJob {
  /// Whether it was halted by what was wanted, so that what has failed until then, or was ended for
  /// that, is no fault.
  fileprivate var hasWhatWasWanted: Bool { failures.allSatisfy { forgives($0.error) } }

  fileprivate func forgives(_ error: ErrorObject) -> Bool {
    tasks.isFulfilled && (tasks.forgivesFailures || error.isOfUnwantedTask)
  }

  /// The error of the first failed task, which knows all the others and the results.
  fileprivate var summary: ErrorObject {
    let sorted = failures.sorted { $0.index < $1.index }
    // Not one that was only ended because another had failed.
    let own = sorted.first { $0.error.payload["cancelled"] == nil }
    guard let first = own ?? sorted.first else { return ErrorObject(.failed, "no task failed") }
    var problem = first.error.problem
    if failures.contains(where: { $0.error.exitStatus == nil && !$0.error.isOfUnwantedTask }) {
      problem.exitStatus = nil
    }
    problem.payload["results"] = .items(collected)
    problem.payload["failures"] = .items(
      sorted.map { entry in
        .record([
          "index": .int(entry.index), "item": entry.error.payload["item"] ?? .null,
          "error": .error(entry.error),
        ])
      })
    let others = sorted.count - 1
    let notStarted = isHalted ? max(0, supplied - succeeded - failed) : 0
    var notes: [String] = []
    if others > 0 { notes.append("\(others) more of \(supplied) tasks failed") }
    if notStarted > 0 { notes.append("\(notStarted) were not started") }
    if !notes.isEmpty {
      notes.append("the error has `failures` and `results`")
      problem.help = ([problem.help].compactMap { $0 } + [notes.joined(separator: "; ")])
        .joined(separator: "; ")
    }
    return first.error.rethrown.amended { $0 = problem }
  }
}
