import Channels
import Glibc
import Language
import Posix
import Processes
import Session

/// Runs a block in a process of its own and looks what it does.
struct PredictRun {
  private let block: Value
  private let interpreter: Interpreter
  private var session: Session { interpreter.session }

  /// Marks what the block starts; pools and lessons have other numbers.
  private static let task: UInt32 = 0x5052_4544
  /// How long it may take (ns).
  private static let timeLimit: Int64 = 10_000_000_000
  /// How often an order is looked at.
  private static let runs = 10

  init(_ block: Value, _ interpreter: Interpreter) {
    self.block = block
    self.interpreter = interpreter
  }

  /// - Parameter mayRace: other processes have a part in it, so that one run does not tell.
  func answer(_ question: PredictQuestion, mayRace: Bool) throws -> PredictResult {
    if question == .outcomes { return try outcomes(of: explored(within: nil)) }
    let first = try once()
    var result = PredictResult(texts: [], output: first.output)
    switch question {
    case .processes: result.texts = ["\(first.forks + 1)"]
    case .lines: result.texts = ["\(lines(first.output).count)"]
    case .value:
      result.texts = [first.value.asText]
      if mayRace, let found = try probed() {
        let all = outcomes(of: found)
        if all.texts.count > 1 { (result.texts, result.isSet) = (all.texts, true) }
      }
    case .state: result.texts = [String(first.value.asText.prefix(1))]
    case .order:
      var orders = [lines(first.output).joined(separator: "/")]
      if mayRace, let found = try probed() {
        var count = 0
        for outcome in records(found) {
          let order = lines(outcome.get("output")?.asText ?? "").joined(separator: "/")
          if !orders.contains(order) { orders.append(order) }
        }
        if case .int(let runs)? = found.get("runs") { count = runs }
        if case .bool(true)? = found.get("complete") {
          (result.texts, result.runs) = (orders, count)
          return result
        }
      }
      for _ in 1..<PredictRun.runs {
        let order = lines(try once().output).joined(separator: "/")
        if !orders.contains(order) { orders.append(order) }
      }
      (result.texts, result.runs) = (orders, PredictRun.runs)
    case .outcomes: break
    }
    return result
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
  }

  /// What `explore` finds of the block.
  ///
  /// - Parameter time: how long it may take (ns).
  private func explored(within time: Int64?) throws -> MapObject {
    var limits = ExploreLimits()
    limits.time = time
    guard case .map(let found) = try ExploreCalls.explore(interpreter, block, [], limits).plain
    else {
      throw ErrorObject(.failed, "nothing was explored")
    }
    return found
  }

  /// The same for a short time; nil for what cannot be explored, as programs.
  private func probed() throws -> MapObject? {
    do {
      return try explored(within: PredictRun.probeTime)
    } catch let error as ErrorObject where error.kind != .interrupted {
      return nil
    }
  }

  private static let probeTime: Int64 = 3_000_000_000

  private func records(_ found: MapObject) -> [MapObject] {
    guard case .list(let list)? = found.get("outcomes")?.plain else { return [] }
    return list.items.compactMap { if case .map(let outcome) = $0.plain { outcome } else { nil } }
  }

  /// All values that are possible.
  private func outcomes(of found: MapObject) -> PredictResult {
    var result = PredictResult(texts: [], isSet: true)
    for outcome in records(found) {
      let kind = outcome.get("kind")?.asText ?? "value"
      let text = kind == "value" ? outcome.get("value")?.asText ?? "null" : kind
      if !result.texts.contains(text) { result.texts.append(text) }
    }
    return result
  }

  private func once() throws -> (value: Value, output: String, forks: Int) {
    try session.record()
    let began = Clock.monotonic
    let file = try mapErrors("cannot keep the output") {
      try MemoryFile.make("predict")
    }
    defer { Descriptors.close(file) }
    var options = ForkOptions(running: block)
    options.prefix = "predicted"
    options.kind = .foreground
    options.prepare = {
      try mapErrors { try Descriptors.copy(file, onto: 1) }
      if Guardian.isMarked { try mapErrors { try Guardian.setTask(PredictRun.task) } }
    }
    let process = try session.fork(options, interpreter) {
      session.output.descriptorChanged()
      return try interpreter.invoke(block, [], wantsValue: true)
    }
    let deadline = Clock.deadline(after: PredictRun.timeLimit)
    let record = try session.wait(for: process, interpreter, until: deadline)
    // What the block has left behind writes into the same file.
    let isOver = try session.pause(interpreter, until: record == nil ? 0 : deadline) {
      rest.isEmpty
    }
    if !isOver { for pid in rest { Termination.force(pid) } }
    if record == nil {
      _ = try session.wait(for: process, interpreter)
      throw ErrorObject(
        .timeout, "the block did not end within \(PredictRun.timeLimit / 1_000_000_000) s")
    }
    lseek(file, 0, SEEK_SET)
    let bytes = try mapErrors { try Transfer.readAll(file) }
    var family: Set<Int32> = [process.pid]
    var forks = 0
    if let recording = Recording.own {
      let all = RecordedFact.forks(in: recording, since: began)
      // A child may fork before its parent has written that it was forked.
      var before = 0
      repeat {
        before = family.count
        for (pid, child) in all where family.contains(pid) { family.insert(child) }
      } while family.count > before
      forks = all.count { family.contains($0.parent) }
    }
    return (record?.value ?? .null, String(decoding: bytes, as: UTF8.self), forks)
  }

  private var rest: [Int32] {
    guard Guardian.isMarked else { return [] }
    return Guardian.members(task: PredictRun.task).filter { $0 != Process.pid }
  }
}
