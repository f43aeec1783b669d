import Language
import Posix

extension Pool {
  /// What became of tasks that were not finished.
  var terminated: ErrorObject { ErrorObject(.closed, "the pool '\(name)' was terminated") }

  /// Why an attempt came to nothing whose worker has ended.
  func cause(
    _ member: PoolMember, _ job: PoolJob, _ reason: PoolMember.Reason?, _ record: WaitRecord?
  ) -> ErrorObject {
    let worker = "'\(member.process.name)' (\(member.process.pid))"
    let phrase = record.map { ending(of: member, $0) } ?? "has ended"
    let error: ErrorObject
    switch reason {
    case .timeout:
      let time = durationText(Int(job.policy.timeout ?? 0))
      error = ErrorObject(.timeout, "the task took longer than \(time) and was ended")
      error.exitStatus = ErrorObject.timeoutStatus
    case .cancelled:
      error = ErrorObject(
        .failed, "the task was ended while it ran, since it was not wanted any more")
      error.payload["cancelled"] = .bool(true)
    case .retired:
      error =
        wasTerminated
        ? terminated
        : ErrorObject(.closed, "the pool ended the worker \(worker) while the task ran")
    case nil:
      error = ErrorObject(
        .peerDied, "the worker \(worker) \(phrase) while it had the task in hand",
        help: record?.signal == nil
          ? "`exit` in a task ends its worker; to fail a task, use throw"
          : "with --retries N the task is tried again up to N times")
    }
    error.payload["pid"] = .int(Int(member.process.pid))
    error.payload["worker"] = .text(member.process.name)
    if let record {
      error.payload["exit"] = record.exit.map { .int(Int($0)) } ?? .null
      error.payload["signal"] = record.signal.map { .text($0.name) } ?? .null
      error.payload["maxrss"] = .size(Int(record.info.maxRSS))
      if reason == nil { explain(error, member, record) }
    }
    if job.policy.isRecorded {
      let facts = TaskRecord.facts(member, record)
      TaskRecord.explain(error, facts)
      error.payload["record"] = .map(facts)
    }
    return error
  }

  /// How a worker ended: `was ended by KILL`, `ran out of memory (--memory 100MiB)`.
  func ending(of member: PoolMember, _ record: WaitRecord) -> String {
    guard let memoryLimit, hasExhausted(member, record) else { return record.phrase }
    return "ran out of memory (--memory \(sizeText(memoryLimit)))"
  }

  /// Whether a worker ended because it got no more memory.
  private func hasExhausted(_ member: PoolMember, _ record: WaitRecord) -> Bool {
    guard let memoryLimit, let signal = record.signal, Pool.crashes.contains(signal.name) else {
      return false
    }
    return member.ledger.isExhausted || Int(record.info.maxRSS) >= memoryLimit / 10 * 9
  }

  /// How a program ends that gets no memory.
  private static let crashes = ["ABRT", "TRAP", "ILL", "SEGV", "BUS"]

  /// Names the memory limit where that may be what ended a worker.
  private func explain(_ error: ErrorObject, _ member: PoolMember, _ record: WaitRecord) {
    let used = Int(record.info.maxRSS)
    guard let memoryLimit, record.signal != nil else { return }
    if !hasExhausted(member, record) {
      guard used >= memoryLimit / 2 else { return }
      error.message +=
        ", having used \(sizeText(used)) of memory, of which it may have \(sizeText(memoryLimit))"
    }
    error.help = "a pool with more: pool new --memory \(sizeText(memoryLimit * 2))"
  }
}
