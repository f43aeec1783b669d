import Language
import Pools
import Posix
import Waits

/// Where the tasks of a job come from.
public enum PoolInput {
  case list([Value])
  case range(RangeObject)
  /// Items of a stream are taken as there is room for them.
  case stream(StreamObject)
}

/// The tasks of `pool map` and its like: one for each item.
public final class MapJob: PoolJob {
  private let input: PoolInput
  private let takesTwo: Bool
  private let isSpread: Bool
  private let isUnordered: Bool
  /// Items of a stream whose tasks are not finished.
  private var items: [Int: Value] = [:]
  private var count: Int
  private var hasEnded: Bool

  /// Results by index, as far as they have come; null for tasks that failed or were not started.
  private var results: [Value] = []
  /// Without an order, and of streams: results that were not taken.
  private var ready: [(index: Int, outcome: TaskOutcome)] = []
  private var readyHead = 0
  private var waiting: [Int: TaskOutcome] = [:]
  private var delivered = 0
  private let collects: Bool
  /// Failures in the order in which they came.
  public private(set) var failures: [(index: Int, error: ErrorObject)] = []
  /// Told after each finished task.
  public var onProgress: (() -> Void)?
  /// Knows what became of tasks in earlier runs.
  private let journal: (any RunJournal)?

  /// Keeps the records of tasks.
  private let files: ResultFiles?
  private var problem: (any Error)?
  /// Of who takes results one by one, while it is not known whether failures count.
  var firstFailure: ErrorObject?
  /// Called with a record of each task that has been done.
  public var onDone: Value?
  /// What the source of items has failed with.
  private(set) var sourceError: ErrorObject?

  /// - Parameters:
  ///   - takesTwo: the function gets the item and its index.
  ///   - spreads: each item is a list of arguments.
  ///   - collects: keep all results, for a list of them; else they are taken one by one.
  init(
    _ pool: Pool, _ function: PoolFunction, _ policy: PoolPolicy, verb: String,
    at location: Location?, input: PoolInput, takesTwo: Bool, spreads: Bool, isUnordered: Bool,
    collects: Bool, journal: (any RunJournal)? = nil, files: ResultFiles? = nil
  ) {
    self.input = input
    self.files = files
    self.journal = journal
    self.takesTwo = takesTwo
    isSpread = spreads
    self.isUnordered = isUnordered
    self.collects = collects
    switch input {
    case .list(let items): (count, hasEnded) = (items.count, true)
    case .range(let range): (count, hasEnded) = (range.count, true)
    case .stream: (count, hasEnded) = (0, false)
    }
    if collects { results = Array(repeating: .null, count: count) }
    super.init(pool, function, policy, verb: verb, at: location)
  }

  // MARK: Input

  override func supply() {
    // No more than will soon be asked for.
    let known = collects ? count : delivered + min(count - delivered, window)
    pool.scheduler.supply(tasks, upTo: known, isWhole: hasEnded && known == count)
  }

  override var spreads: Bool { isSpread || takesTwo }
  override var recalls: Bool { journal != nil }

  public override func item(_ index: Int) -> Value {
    switch input {
    case .list(let items): items[index]
    case .range(let range): .int(range.start &+ index)
    case .stream: items[index] ?? .null
    }
  }

  public override func argument(_ index: Int) -> Value {
    let item = item(index)
    if takesTwo { return .items([item, .int(index)]) }
    if isSpread {
      if case .list = item { return item }
      return .items([item])
    }
    return item
  }

  /// How many tasks may be under way or wait for being taken.
  private var window: Int { tasks.worthQueueing(executors: pool.target) }

  /// Whether there is room for another item of a stream.
  var wantsInput: Bool {
    guard !hasEnded, !isHalted else { return false }
    return count - (collects ? succeeded + failed : delivered) < window
  }

  /// Takes items from the stream as far as there is room; runs the user's code.
  func pull() throws {
    guard case .stream(let stream) = input else { return }
    var taken = 0
    while wantsInput {
      // Not so many that workers wait meanwhile.
      if taken >= 64 { break }
      let item: Value?
      do {
        item = try stream.next()
      } catch let error as ErrorObject where error.kind != .interrupted {
        // What was taken before is done still.
        sourceError = error
        item = nil
      }
      guard let item else {
        hasEnded = true
        break
      }
      items[count] = item
      if collects { results.append(.null) }
      count += 1
      taken += 1
    }
    supply()
    pool.act()
  }

  /// No more items are wanted.
  func stopInput() {
    if case .stream(let stream) = input, !hasEnded { stream.close() }
    hasEnded = true
  }

  // MARK: Results

  override var isHeld: Bool { journal?.isWaiting ?? false }

  /// Throws if what becomes of tasks cannot be kept.
  func check() throws {
    try journal?.check()
    if let problem { throw problem }
  }

  override func recall(_ index: Int) -> TaskOutcome? {
    guard let journal else { return nil }
    var record = TaskRecord(index: index, item: item(index))
    do {
      return try journal.recall(&record) ? record.outcome : nil
    } catch {
      problem = problem ?? error
      return nil
    }
  }

  public override func deliver(_ index: Int, _ value: Value, isKnown: Bool) {
    if !isKnown { tell(index, .value(value)) }
    if !policy.isRecorded, journal == nil { return store(index, value) }
    var record = TaskRecord(index: index, item: item(index))
    record.attempts = tasks.failures(of: index) + 1
    let isWhole = policy.isRecorded && !(isKnown && !policy.yieldsRecords)
    if isWhole { record.take(value) } else { record.outcome = .value(value) }
    let whole = isWhole ? record.value() : .null
    // In its journal a run that yields values has values.
    var kept = value
    if isWhole, !policy.yieldsRecords, case .value(let own)? = record.outcome { kept = own }
    if let journal, !isKnown {
      record.outcome = .value(kept)
      journal.ended(record, output: nil, error: nil)
    }
    // What an earlier run has found is there already.
    if isWhole, !isKnown { save(whole) }
    store(index, policy.yieldsRecords ? whole : kept)
  }

  var keepsFiles: Bool { files != nil }

  /// Copies what a task that runs has written.
  func follow(_ index: Int, output: Int32, error: Int32) {
    files?.follow(index, item(index), output: output, error: error)
  }

  private func save(_ record: Value) {
    guard let files, problem == nil, case .map(let map) = record else { return }
    do { try files.save(map) } catch { problem = error }
  }

  private func store(_ index: Int, _ value: Value) {
    if collects {
      if isUnordered { ready.append((index, .value(value))) } else { results[index] = value }
    } else {
      keep(index, .value(value))
    }
    if !items.isEmpty { items[index] = nil }
  }

  override func hasProgressed() { onProgress?() }

  public override func deliver(_ index: Int, failure: ErrorObject, isKnown: Bool) {
    if !isKnown, !failure.isOfUnwantedTask { tell(index, .failure(failure)) }
    var failure = failure
    if policy.isRecorded || journal != nil {
      var record = TaskRecord(index: index, item: item(index))
      record.attempts = tasks.failures(of: index)
      record.isCancelled = isAbandoned || failure.isOfUnwantedTask
      failure = record.take(failure)
      if !isKnown { journal?.ended(record, output: nil, error: nil) }
      if policy.isRecorded {
        let value = record.value()
        if !isKnown, !record.isCancelled { save(value) }
        if policy.yieldsRecords { return store(index, value) }
      }
    }
    if collects { failures.append((index, failure)) } else { keep(index, .failure(failure)) }
    if !items.isEmpty { items[index] = nil }
  }

  /// Has the user's block called, where there is one.
  private func tell(_ index: Int, _ outcome: TaskOutcome) {
    guard let onDone else { return }
    var (value, error) = (Value.null, Value.null)
    switch outcome {
    // Of a task whose output is kept the value is a part.
    case .value(.map(let record)) where policy.isRecorded: value = record.get("value") ?? .null
    case .value(let own): value = own
    case .failure(let own): error = .error(own.rethrown)
    }
    var isOk = true
    if case .error = error { isOk = false }
    pool.session.callSoon(
      onDone,
      .record([
        "index": .int(index), "item": item(index), "ok": .bool(isOk), "value": value,
        "error": error,
      ]))
  }

  private func keep(_ index: Int, _ outcome: TaskOutcome) {
    if isUnordered { ready.append((index, outcome)) } else { waiting[index] = outcome }
  }

  /// All results that a list shall have.
  var collected: [Value] {
    if !isUnordered { return results }
    return ready.map { entry in
      if case .value(let value) = entry.outcome { return value }
      return .null
    }
  }

  /// The next outcome for who takes them one by one; nil if it has not come.
  func takeNext() -> TaskOutcome? {
    defer { if !collects, !tasks.isWhole, !isHalted, tasks.queued < window / 4 { supplyMore() } }
    if isUnordered {
      guard readyHead < ready.count else { return nil }
      delivered += 1
      readyHead += 1
      let outcome = ready[readyHead - 1].outcome
      if readyHead == ready.count || readyHead > 256 {
        ready.removeFirst(readyHead)
        readyHead = 0
      }
      return outcome
    }
    // After a halt some were not started.
    if isFinished, waiting[delivered] == nil, let next = waiting.keys.min() { delivered = next }
    guard let outcome = waiting.removeValue(forKey: delivered) else { return nil }
    delivered += 1
    return outcome
  }

  private func supplyMore() {
    supply()
    pool.act()
  }

  /// Whether `takeNext` would yield something.
  var hasNext: Bool {
    if isUnordered { return readyHead < ready.count }
    return waiting[delivered] != nil || isFinished && !waiting.isEmpty
  }

  /// Whether nothing is left for who takes one by one.
  var isExhausted: Bool { isFinished && waiting.isEmpty && readyHead == ready.count }
}
