import Explore
import Language
import Posix

/// What came of a run, wherever it was made.
struct RunResult {
  var outcome: ExploredOutcome
  /// Tells its outcome from others: its texts without pids and the directory of the run.
  var key: String
  /// What there is behind its last step.
  var end: Moment
  /// Who was killed before which of its operations.
  var killed: [(path: ProcessPath, operation: Int)] = []
  /// What makes a proof impossible, in words.
  var used: [String] = []
  /// Its steps, where these are drawn.
  var steps: [Step] = []
  /// Its decisions, where another process has made it.
  var trace: RunTrace?
}

/// Results as bytes, for the process that puts those of all together.
extension RunResult {
  /// Puts it.
  ///
  /// - Parameters:
  ///   - trace: its decisions; nil where they are drawn.
  ///   - isWhole: whether the other one does not know the outcome yet.
  func put(
    to writer: inout TraceWriter, _ trace: RunTrace?, isWhole: Bool, _ encoder: WireEncoder
  ) throws {
    writer.put(trace == nil ? 0 : 1 as UInt8)
    trace?.put(to: &writer)
    writer.put(key)
    writer.put(outcome.findings)
    writer.put(used)
    writer.put(killed.count)
    for (path, operation) in killed {
      writer.put(path)
      writer.put(operation)
    }
    writer.put(steps.count)
    for step in steps { writer.put(step) }
    writer.put(outcome.kind.rawValue)
    writer.put(isWhole ? 1 : 0 as UInt8)
    guard isWhole else { return }
    writer.put(try encoder.encode(outcome.value))
    writer.put(outcome.error)
    writer.put(outcome.output)
    writer.put(outcome.fixes)
    writer.put(outcome.hasDeaths ? 1 : 0 as UInt8)
  }

  /// Nil for bytes that are none.
  init?(from reader: inout TraceReader, _ decoder: WireDecoder) {
    var trace: RunTrace?
    guard let hasTrace = reader.byte() else { return nil }
    if hasTrace == 1 {
      guard let read = RunTrace(from: &reader) else { return nil }
      trace = read
    }
    guard let key = reader.text(), let findings = reader.texts(), let used = reader.texts(),
      let deaths = reader.count()
    else { return nil }
    var killed: [(path: ProcessPath, operation: Int)] = []
    for _ in 0..<deaths {
      guard let path = reader.path(), let operation = reader.number() else { return nil }
      killed.append((path, operation))
    }
    guard let count = reader.count() else { return nil }
    var steps: [Step] = []
    for _ in 0..<count {
      guard let step = reader.step() else { return nil }
      steps.append(step)
    }
    guard let kind = reader.text().flatMap(ExploredOutcome.Kind.init), let isWhole = reader.byte()
    else { return nil }
    var outcome = ExploredOutcome(kind: kind)
    outcome.findings = findings
    if isWhole == 1 {
      guard let value = reader.part(), let error = reader.text(), let output = reader.text(),
        let fixes = reader.texts(), let deaths = reader.byte(),
        let decoded = try? decoder.decode(value)
      else { return nil }
      outcome.value = decoded
      outcome.error = error
      outcome.output = output
      outcome.fixes = fixes
      outcome.hasDeaths = deaths == 1
    }
    self.init(
      outcome: outcome, key: key, end: trace?.end ?? Moment([], [:]), killed: killed, used: used,
      steps: steps, trace: trace)
  }
}

extension TraceWriter {
  fileprivate mutating func put(_ texts: [String]) {
    put(texts.count)
    for text in texts { put(text) }
  }
}

extension TraceReader {
  fileprivate mutating func texts() -> [String]? {
    guard let count = count() else { return nil }
    var texts: [String] = []
    for _ in 0..<count {
      guard let text = text() else { return nil }
      texts.append(text)
    }
    return texts
  }
}
