import Language
import Posix
import Processes

/// The records of blocks: what the worker knows of a task, and the pool.
extension TaskRecord {
  /// Takes over what a worker sent of a task that ended well, of which what the block yielded is a
  /// part; yields that.
  mutating func take(_ value: Value) {
    guard case .map(let own) = value else { return outcome = .value(value) }
    facts = own
    outcome = .value(own.get("value") ?? .null)
  }

  /// Likewise of one that threw, that its worker died with, or that was not begun; yields the error
  /// alone.
  mutating func take(_ failure: ErrorObject) -> ErrorObject {
    if case .map(let own)? = failure.payload["record"] { facts = own }
    hasTimedOut = failure.kind == .timeout && failure.payload["worker"] != nil
    let failure = failure.amended { $0.payload["record"] = nil }
    outcome = .failure(failure)
    return failure
  }

  /// Has the record of a task tell where it ran, by the session's clock.
  static func note(_ host: String, in value: Value) {
    guard case .map(let map) = value else { return }
    map.set("host", .text(host))
    guard case .duration(let elapsed)? = map.get("elapsed") else { return }
    map.set("start", .time(Int(Clock.realtime) - max(0, elapsed)))
  }

  func value(of outcome: TaskOutcome) -> Value {
    if recalled == nil, let entries = BlockEntries(self, outcome) {
      let depth =
        switch outcome {
        case .value(let value): max(item.depth, value.depth)
        case .failure: item.depth
        }
      return .map(MapObject(entries, depth: depth))
    }
    let map = MapObject(room: BlockEntries.names.count)
    for name in BlockEntries.names { map.set(.text(name), facts?.get(name) ?? .null) }
    map.set("index", .int(index))
    map.set("item", item)
    map.set("host", facts?.get("host") ?? .text(Machine.hostName))
    map.set("attempts", .int(attempts))
    map.set("timed_out", .bool(hasTimedOut))
    map.set("ok", .bool(isOk))
    switch outcome {
    case .value(let value): map.set("value", value)
    case .failure(let error): map.set("failure", .error(error))
    }
    return .map(map)
  }

  /// What is known of the task that a worker died with.
  static func facts(_ worker: WorkerExecutor, _ record: WaitRecord?) -> MapObject {
    let map = MapObject()
    map.set("pid", .int(Int(worker.process.pid)))
    let elapsed = max(0, Clock.monotonic - worker.ledger.startedAt)
    map.set("start", .time(Int(Clock.realtime - elapsed)))
    map.set("elapsed", .duration(Int(elapsed)))
    if let record {
      map.set("maxrss", .size(Int(record.info.maxRSS)))
      map.set("exit", record.exit.map { .int(Int($0)) } ?? .null)
      map.set("signal", record.signal.map { .text($0.name) } ?? .null)
    }
    if let capture = worker.capture {
      map.set("output", TaskInput.value(TaskCapture.contents(of: capture.output)))
      map.set("error", TaskInput.value(TaskCapture.contents(of: capture.error)))
    }
    return map
  }
}

extension Problem {
  /// Takes the record of a task with it, whose last line on standard error often says why.
  mutating func take(record: MapObject) {
    payload["record"] = .map(record)
    guard case .string(let text)? = record.get("error"),
      let line = LineRelay.lastLine(of: text.withBytes { Array($0) })
    else { return }
    message += ": \(line)"
  }
}

extension Pool {
  /// A worker has told where its tasks write.
  func takeCapture(_ descriptors: [Int32], from worker: WorkerExecutor) {
    guard descriptors.count == 2, worker.capture == nil,
      let output = try? Descriptors.makePrivate(descriptors[0]),
      let error = try? Descriptors.makePrivate(descriptors[1])
    else {
      for fd in descriptors { Descriptors.close(fd) }
      return
    }
    worker.capture = (output, error)
  }
}
