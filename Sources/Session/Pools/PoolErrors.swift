import Language
import Pools
import Posix
import Processes

extension Pool {
  /// What became of tasks that were not finished.
  var terminated: ErrorObject { ErrorObject(.closed, "the pool '\(name)' was terminated") }

  /// Why what is left of a job will not be done; nil if that was its own doing.
  func cause(_ abortion: TaskJob.Abortion?) -> ErrorObject? {
    let reason = lastStartFailure.map { ": \($0)" } ?? ""
    let attempts = "\(TaskScheduler.mostFailedStarts)"
    switch abortion {
    case nil, .cancelled: return nil
    case .terminated: return terminated
    case .deadline:
      return ErrorObject(
        .timeout, "the time for all tasks was over before the task began",
        exitStatus: ErrorObject.timeoutStatus)
    case .noRoom, .impossible:
      return shortage ?? ErrorObject(.limit, "cannot send a task to a worker")
    case .noExecutors:
      return ErrorObject(
        .failed, "no worker of the pool '\(name)' can start\(reason)",
        help: far == nil ? "after \(attempts) attempts one after the other" : nil)
    case .noProgress:
      return ErrorObject(
        .failed, "workers of the pool '\(name)' end before they do anything\(reason)",
        help: "\(attempts) of them did, one after the other")
    }
  }

  /// Why a task has failed that was not begun in time.
  func causeOfDelay(_ name: String, _ pid: Int32, _ job: TaskJob) -> ErrorObject {
    let who = "'\(name)' (\(pid))"
    let allowed = durationText(Int(max(job.timeout ?? 0, job.policy.timeToBegin)))
    return ErrorObject(
      .timeout, "the task was not begun within \(allowed): the worker \(who) is not ready",
      help: initializer == nil ? nil : "what --init does counts for the first task of a worker",
      payload: ["pid": .int(Int(pid)), "worker": .text(name)],
      exitStatus: ErrorObject.timeoutStatus)
  }

  /// Why an attempt came to nothing whose worker has ended.
  func cause(
    _ worker: WorkerExecutor, _ job: PoolJob, _ reason: ExecutorSlot.Reason?, _ record: WaitRecord?
  ) -> ErrorObject {
    let who = "'\(worker.process.name)' (\(worker.process.pid))"
    let phrase = record.map { ending(of: worker, $0) } ?? "has ended"
    let error: ErrorObject
    switch reason {
    case .timeout:
      error = ErrorObject(.timeout, job.causeOfTimeout, exitStatus: ErrorObject.timeoutStatus)
    case .cancelled:
      error = ErrorObject(
        .failed, "the task was cancelled while it ran", payload: ["cancelled": .bool(true)])
    case .retired:
      error =
        wasTerminated
        ? terminated
        : ErrorObject(.closed, "the pool ended the worker \(who) while the task ran")
    case nil:
      error = ErrorObject(
        .peerDied, "the worker \(who) \(phrase) while it had the task in hand",
        help: record?.signal == nil
          ? "`exit` in a task ends its worker; to fail a task, use throw"
          : "with --retries N the task is tried again up to N times")
    }
    return error.amended { problem in
      problem.payload["pid"] = .int(Int(worker.process.pid))
      problem.payload["worker"] = .text(worker.process.name)
      if let record {
        problem.payload["exit"] = record.exit.map { .int(Int($0)) } ?? .null
        problem.payload["signal"] = record.signal.map { .text($0.name) } ?? .null
        problem.payload["maxrss"] = .size(Int(record.info.maxRSS))
        if reason == nil { explain(&problem, worker, record) }
      }
      if job.policy.isRecorded { problem.take(record: TaskRecord.facts(worker, record)) }
    }
  }

  /// How a worker ended: `was ended by KILL`, `ran out of memory (--memory 100MiB)`.
  func ending(of worker: WorkerExecutor, _ record: WaitRecord) -> String {
    guard let memoryLimit, hasExhausted(worker, record) else { return record.phrase }
    return "ran out of memory (--memory \(sizeText(memoryLimit)))"
  }

  /// Whether a worker ended because it got no more memory.
  private func hasExhausted(_ worker: WorkerExecutor, _ record: WaitRecord) -> Bool {
    guard let memoryLimit, let signal = record.signal, Pool.crashes.contains(signal.name) else {
      return false
    }
    return worker.ledger.isExhausted || Int(record.info.maxRSS) >= memoryLimit / 10 * 9
  }

  /// How a program ends that gets no memory.
  private static let crashes = ["ABRT", "TRAP", "ILL", "SEGV", "BUS"]

  /// Names the memory limit where that may be what ended a worker.
  private func explain(_ problem: inout Problem, _ worker: WorkerExecutor, _ record: WaitRecord) {
    let used = Int(record.info.maxRSS)
    guard let memoryLimit, record.signal != nil else { return }
    if !hasExhausted(worker, record) {
      guard used >= memoryLimit / 2 else { return }
      problem.message +=
        ", having used \(sizeText(used)) of memory, of which it may have \(sizeText(memoryLimit))"
    }
    problem.help = "a pool with more: pool new --memory \(sizeText(memoryLimit * 2))"
  }
}

extension PoolJob {
  /// Why a task was ended that took too long.
  var causeOfTimeout: String {
    if tasks.abortion == .deadline, let deadline = policy.deadline {
      let time = durationText(Int(deadline))
      return "the task was ended when the time for all tasks was over, \(time)"
    }
    let limit = Int(tasks.timeout ?? 0)
    guard policy.timeoutPercent != nil else {
      return "the task took longer than \(durationText(limit)) and was ended"
    }
    let time = durationText(limit / 1_000_000 * 1_000_000)
    return "the task took longer than \(time), which is much more than others took, and was ended"
  }
}
