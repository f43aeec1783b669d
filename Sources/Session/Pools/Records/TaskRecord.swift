import Language
import Posix

/// The records of `--records`: what became of a block, as of a program.
enum TaskRecord {
  /// What a record has beside the fields that those of programs have.
  private static let further = ["value", "failure"]

  /// The record of a task that ended well or threw, of one that its worker died with, or that was
  /// not begun.
  ///
  /// - Parameter outcome: the worker's part of it, or the error with that part in its payload.
  static func make(_ index: Int, _ item: Value, attempts: Int, outcome: Value) -> Value {
    let map = MapObject()
    var facts: MapObject?
    var failure: ErrorObject?
    switch outcome {
    case .map(let own): facts = own
    case .error(let error):
      failure = error
      if case .map(let own)? = error.payload["record"] { facts = own }
      error.payload["record"] = nil
    default: break
    }
    for name in ProgramRecord.fieldNames + further {
      map.set(.text(name), facts?.get(name) ?? .null)
    }
    map.set("index", .int(index))
    map.set("item", item)
    map.set("host", .text(ProgramRecord.host))
    map.set("attempts", .int(attempts))
    map.set("timed_out", .bool(failure?.kind == .timeout && failure?.payload["worker"] != nil))
    map.set("ok", .bool(failure == nil))
    if let failure { map.set("failure", .error(failure)) }
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

  /// Adds the last line of standard error to a message, which often says why.
  static func explain(_ error: ErrorObject, _ facts: MapObject) {
    guard case .string(let text)? = facts.get("error"),
      let line = LineRelay.lastLine(of: text.withBytes { Array($0) })
    else { return }
    error.message += ": \(line)"
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
