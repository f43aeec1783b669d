import Language
import Posix
import Session

/// The journal of `pool map`.
///
/// A task is its working directory, the text of its block with the values of the variables and the
/// functions that it uses, its item and the chosen variables; not where any of these stand.
final class BlockTasks: RunJournal {
  private let journal: TaskJournal
  private let interpreter: Interpreter
  private let keys: BlockKeys
  private var tasks: [Int: Known] = [:]

  private struct Known {
    let id: JournalIndex.TaskID
    let files: [JournalFileState]
  }

  init(
    _ journal: TaskJournal, _ function: Value, verb: String, _ keys: BlockKeys,
    _ interpreter: Interpreter
  ) {
    self.journal = journal
    self.interpreter = interpreter
    self.keys = keys
    journal.begin(
      JournalRun(
        verb: "pool \(verb)", rerun: journal.rerun, directory: keys.directory,
        work: ("block", .text(BlockTasks.text(of: function)))))
  }

  private static func text(of function: Value) -> String {
    guard case .closure(let closure) = function else { return function.asText }
    let source = closure.function.source
    let text = source.bytes.isEmpty ? "" : source.text(closure.function.span)
    return text.isEmpty ? function.asText : text
  }

  var isWaiting: Bool { journal.isWaiting }
  func check() throws { try journal.check() }

  // MARK: Earlier runs

  func recall(_ record: inout TaskRecord) throws -> Bool {
    let item = record.item
    let id: JournalIndex.TaskID
    do {
      id = journal.task(try keys.key(of: item))
    } catch {
      journal.fail(error)
      return false
    }
    var files: [JournalFileState] = []
    if case .string(let text) = item, let file = JournalFileState(text.string) { files = [file] }
    var verdict = JournalVerdict.new
    if let rerun = journal.rerun, let (state, line) = journal.entry(id) {
      let failure = line.map { self.failure($0) }
      let value = line.flatMap { JournalResult.value($0, interpreter) }
      verdict = JournalVerdict(
        state, line, rerun, failure: failure?.message ?? "", hasResult: value != nil, files: files)
      if verdict.isSkipped {
        record.outcome = state == .failed ? failure.map { .failure($0) } : value.map { .value($0) }
      }
    }
    journal.news.tell(Interpreter.shown(item), verdict.reason, verdict.why)
    if record.outcome == nil { tasks[record.index] = Known(id: id, files: files) }
    return record.outcome != nil
  }

  /// The error that a task ended with.
  private func failure(_ line: MapObject) -> ErrorObject {
    let kind = line.text("kind").flatMap { ErrorKind(rawValue: $0) } ?? .failed
    var payload: [String: Value] = [:]
    if let attempts = line.int("attempts") { payload["attempts"] = .int(attempts) }
    return ErrorObject(
      kind, line.text("message") ?? "it failed",
      help: "that was at \(line.text("at") ?? "some time"), in an earlier run of the journal; "
        + "--rerun failed runs it again", payload: payload,
      exitStatus: line.isTrue("timed_out") ? ErrorObject.timeoutStatus : nil)
  }

  // MARK: This run

  func ended(_ record: TaskRecord, output: [UInt8]?, error: [UInt8]?) {
    guard let task = tasks.removeValue(forKey: record.index), let outcome = record.outcome else {
      return
    }
    if record.isCancelled { return journal.write("interrupted", task.id, []) }
    let item = record.item
    var fields: [(String, Value)] = []
    switch outcome {
    case .value(let value): fields = [("ok", .bool(true)), JournalResult.field(value, interpreter)]
    case .failure(let error):
      let isTimeout = error.exitStatus == ErrorObject.timeoutStatus
      fields = [
        ("ok", .bool(false)), ("kind", .text(error.kind.rawValue)),
        ("message", .text(error.message)),
        ("timed_out", isTimeout ? .bool(true) : .null),
        ("attempts", error.payload["attempts"] ?? .null),
      ]
    }
    fields.append(("item", JournalResult.isPlain(item) ? item : .text(Interpreter.shown(item))))
    fields.append(("files", JournalFileState.value(task.files)))
    journal.write("ended", task.id, fields)
  }
}

/// What a task returned, as a field of its line.
enum JournalResult {
  /// `value` where JSON says all of it, else its bytes on the wire in base64 as `wire`.
  static func field(_ value: Value, _ interpreter: Interpreter) -> (String, Value) {
    if isPlain(value) { return ("value", value) }
    let bytes = try? WireEncoder(interpreter).copied(value)
    return ("wire", bytes.map { .text(Base64.text($0)) } ?? .null)
  }

  /// Nil if it was not kept.
  static func value(_ line: MapObject, _ interpreter: Interpreter) -> Value? {
    if let value = line.get("value") { return value }
    guard let bytes = line.text("wire").flatMap({ Base64.bytes($0) }) else { return nil }
    return bytes.withUnsafeBytes { try? WireDecoder(interpreter).decode($0) }
  }

  /// Whether it comes back from JSON as it was.
  static func isPlain(_ value: Value) -> Bool {
    switch value {
    case .null, .bool, .int, .string: true
    case .float(let float): float.isFinite
    case .list(let list): list.items.allSatisfy(isPlain)
    case .map(let map):
      map.pairs.allSatisfy { key, value in
        if case .string = key { return isPlain(value) }
        return false
      }
    default: false
    }
  }
}

/// What tasks of `pool map` are known by: a hash of directory, block, item and chosen variables.
struct BlockKeys {
  private let keys: ContentKeys
  /// What all tasks have in common.
  private let common: [Value]
  let directory: String

  init(
    _ function: Value, spreads: Bool, _ interpreter: Interpreter, environment: Value
  ) throws {
    keys = ContentKeys(interpreter)
    directory = try mapErrors { try Directory.current() }
    common = [
      .text("block"), .text(try keys.key(of: function).text), .bool(spreads), .text(directory),
      environment,
    ]
  }

  func key(of item: Value) throws -> ContentKey { try keys.key(of: .items(common + [item])) }
}
