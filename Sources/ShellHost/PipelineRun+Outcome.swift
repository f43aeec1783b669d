import Glibc
import Language
import Posix
import Processes
import Session

extension PipelineRun {
  /// Runs to the end and yields what the mode asks for.
  func runInForeground() throws -> Value {
    try start()
    guard captured >= 0 else { return try wait(nil) }
    let reader: CaptureReader
    do {
      reader = try CaptureReader(captured, session.loop)
    } catch {
      Descriptors.close(captured)
      throw error
    }
    defer { reader.close() }
    return try wait(reader)
  }

  private func wait(_ reader: CaptureReader?) throws -> Value {
    let job = Job(members, command: command)
    job.sharesTerminal = true
    let isComplete: (() -> Bool)? = reader.map { reader in { reader.isComplete } }
    let (end, interrupt) = try host.waitInForeground(job, interpreter, isComplete)
    if case .stopped = end {
      // The statement cannot go on, and is not over either: back to the prompt.
      throw host.stopped(job)
    }
    let records = try job.records(session)
    host.lastStatus = (firstFailure(records) ?? records.last)?.statusNumber ?? 0
    if let error = host.interruption(records, interrupt) { throw error }
    switch pipeline.mode {
    case .ok: return .bool(failure(records) == nil)
    case .status: return statusValue(records)
    case .statement, .capture, .background:
      if let error = reader?.problem ?? failure(records) { throw error }
      return try reader?.text() ?? .null
    }
  }

  /// Starts without waiting; yields the last process.
  func startInBackground() throws -> ProcessHandle {
    try start()
    let job = Job(members, command: command)
    host.jobs.add(job)
    return job.last
  }

  /// The pipeline as typed, without the `&`.
  private var command: String {
    var text = Substring(pipeline.location.source.text(pipeline.location.span))
    while let last = text.last, last == "&" || last.isWhitespace { text.removeLast() }
    return String(text)
  }

  // MARK: Judging

  /// The error for the first member that failed, nil if all did what they should.
  private func failure(_ records: [WaitRecord]) -> ErrorObject? {
    guard let index = records.indices.first(where: { hasFailed($0, records) }) else { return nil }
    let record = records[index]
    let stage = pipeline.stages[index]
    var payload = record.errorFacts
    payload["records"] = .items(records.map(\.map))
    let error = ErrorObject(
      .failed, "'\(name(stage))' \(Self.phrase(record))", help: record.statusMeaning,
      location: stage.location, payload: payload)
    // Unless what the member said went elsewhere.
    let isHidden = stage.redirections.contains { $0.descriptors.contains(2) }
    error.wasPrinted = record.hasReported && !isHidden
    return error
  }

  private static func phrase(_ record: WaitRecord) -> String {
    switch record.info.cause {
    case .exited(let status): "failed with exit status \(status)"
    case .signaled(let signal, let core):
      "was killed by \(signal.name) (\(signal.number))\(core ? ", core dumped" : "")"
    }
  }

  /// Death by SIGPIPE is no failure where the reader left: `yes | head -1`.
  private func hasFailed(_ index: Int, _ records: [WaitRecord]) -> Bool {
    let record = records[index]
    if index < records.count - 1 { return record.hasFailed }
    return record.exit != 0 && !(record.signal == .pipe && PipelineRun.hasLostReader(1))
  }

  /// Whether a descriptor is a pipe or socket without a reader.
  private static func hasLostReader(_ fd: Int32) -> Bool {
    var entry = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) > 0 && Int32(entry.revents) & POLLERR != 0
  }

  private func firstFailure(_ records: [WaitRecord]) -> WaitRecord? {
    records.indices.first { hasFailed($0, records) }.map { records[$0] }
  }

  /// The record of the first one that failed, else that of the last, with those of all members
  /// in `all`.
  private func statusValue(_ records: [WaitRecord]) -> Value {
    let all = Value.items(records.map(\.map))
    guard let record = firstFailure(records) ?? records.last, case .map(let map) = record.map
    else { return all }
    let copy = map.copy()
    copy.set("all", all)
    return .map(copy)
  }
}
