import Language
import Machines
import Pools
import Posix
import Processes

/// A worker on another machine, as its pool knows it.
///
/// What it has begun is known by what it has reported: the first task of its oldest batch that was
/// not. What is asked back from it its agent answers.
final class FarWorker: TaskExecutor {
  private weak var pool: Pool?
  let host: FarHost
  /// Never used again.
  let number: UInt32
  var slot: ExecutorSlot?
  let survives = false
  let holdsTasks = true
  var batches: [TaskBatch?] = [nil, nil]
  var pid: Int32 = 0
  var isReady = false
  var tasksDone = 0
  /// When it last reported.
  var reportedAt = Clock.monotonic
  /// Its agent ends it because its task takes too long.
  var isLate = false
  var startFailure: String?

  init(_ pool: Pool, _ host: FarHost, _ number: UInt32) {
    self.pool = pool
    self.host = host
    self.number = number
  }

  var name: String { "worker \(number) on \(host.name)" }

  /// The batch that it works on.
  var oldest: TaskBatch? {
    batches.compactMap { $0 }.filter { $0.rest > 0 }.min { $0.number < $1.number }
  }

  func batch(_ number: UInt64) -> TaskBatch? {
    batches.first { $0?.number == number } ?? nil
  }

  /// The task that it may have begun.
  var taskInHand: (batch: TaskBatch, place: Int)? {
    guard isReady, let oldest else { return nil }
    return (oldest, oldest.reported)
  }

  var waiting: Int { batches.reduce(0) { sum, batch in sum + (batch.map { unbegun($0) } ?? 0) } }

  func start(_ batch: TaskBatch) -> StartOutcome {
    pool?.start(batch, at: self) ?? .unavailable
  }

  func takeBack(_ batch: TaskBatch, most: Int) -> Int? {
    var writer = FieldWriter()
    writer.add(number)
    writer.add(UInt32(clamping: most))
    host.send(FarMessage(.cancel, batch.number, writer.bytes))
    return nil
  }

  /// When it could begin what it has in hand of a batch (ns).
  func begun(_ batch: TaskBatch) -> Int64 { max(batch.sentAt, reportedAt) }

  func unbegun(_ batch: TaskBatch) -> Int {
    batch === oldest && isReady ? max(0, batch.rest - 1) : batch.rest
  }

  var inHand: TaskInHand? {
    guard let (batch, place) = taskInHand else { return nil }
    // A fixed time limit is kept by the agent, from when the task has really begun.
    let isKeptThere = batch.job.policy.timeout != nil
    let since = isKeptThere ? Clock.monotonic + FarTimes.hold : begun(batch)
    return TaskInHand(batch, place: place, since: since)
  }

  func end(_ how: EndStep) {
    if how == .terminate, isLate { return }
    host.send(FarOrder.worker(how == .kill ? .kill : .terminate, number))
  }

  func leave() { host.send(FarOrder.worker(.stop, number)) }
}

/// A handle of something that other machines can reach, too.
public protocol FarReachable: Handle {
  /// What it is on the wire; throws where other machines cannot reach it after all.
  func farBytes() throws -> (kind: UInt8, bytes: [UInt8])
}

/// Refuses handles whose meaning is on this machine.
final class FarHandles: HandleCoder {
  func encode(_ handle: Handle) throws -> (kind: UInt8, bytes: [UInt8]) {
    if let handle = handle as? any FarReachable { return try handle.farBytes() }
    throw FarHandles.error("the value has a \(handle.typeName)")
  }

  func encodedCount(of handle: Handle) throws -> Int { try encode(handle).bytes.count }

  func decode(kind: UInt8, bytes: UnsafeRawBufferPointer) throws -> Handle {
    throw ErrorObject(.type, "a handle came from another machine, where it means something else")
  }

  static func error(_ what: String) -> ErrorObject {
    ErrorObject(
      .type, "\(what), which another machine cannot reach",
      help:
        "let the task return what it has instead, or make the queue on a server that all reach: "
        + "queue new NAME --on redis://HOST/0")
  }

  /// The first variable of a function that has a handle in it.
  static func variable(of function: Value, _ interpreter: Interpreter) -> (name: String, Handle)? {
    var seen: Set<ObjectIdentifier> = []
    func look(_ closure: Closure) -> (String, Handle)? {
      guard seen.count < 1000, seen.insert(ObjectIdentifier(closure)).inserted else { return nil }
      for variable in (try? closure.outerVariables(interpreter, constantsToo: true)) ?? [] {
        let value = variable.cell.value.plain
        if let handle = handle(in: value, depth: 0) { return (variable.name, handle) }
        if case .closure(let inner) = value, let found = look(inner) { return found }
      }
      for inner in (try? closure.outerFunctions(interpreter)) ?? [] {
        if let found = look(inner) { return found }
      }
      return nil
    }
    guard case .closure(let closure) = function else { return nil }
    return look(closure)
  }

  private static func handle(in value: Value, depth: Int) -> Handle? {
    if depth > 8 { return nil }
    switch value.plain {
    case .handle(let handle): return handle is any FarReachable ? nil : handle
    case .list(let list):
      for item in list.items.prefix(1000) {
        if let handle = handle(in: item, depth: depth + 1) { return handle }
      }
    case .map(let map):
      for pair in map.pairs.prefix(1000) {
        if let handle = handle(in: pair.value, depth: depth + 1) { return handle }
      }
    default: break
    }
    return nil
  }
}
