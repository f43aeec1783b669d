import Language
import Posix
import Session

/// The journal of `pool run`.
///
/// A task is its working directory, its words, its input and the chosen variables; places for
/// numbers, as `{#}`, count as written, so that a task is the same wherever its input stands.
final class ProgramTasks: ProgramJournal {
  private let journal: TaskJournal
  private let template: ProgramTemplate
  private let keys: ProgramKeys
  /// The file of a program's name; nil if there is none.
  private let find: (String) -> String?
  /// What is under way, by index.
  private var tasks: [Int: Known] = [:]

  /// Longer outputs are not kept.
  private static let mostOutput = 1 << 20

  private struct Known {
    let id: JournalIndex.TaskID
    var files: [JournalFileState]
  }

  init(
    _ journal: TaskJournal, _ template: ProgramTemplate, _ interpreter: Interpreter,
    environment: Value, find: @escaping (String) -> String?
  ) throws {
    self.journal = journal
    self.template = template
    self.find = find
    keys = try ProgramKeys(template, interpreter, environment: environment)
    journal.begin(
      JournalRun(
        verb: "pool run", rerun: journal.rerun, directory: keys.directory,
        work: ("program", .items(template.source.map { .text($0) }))))
  }

  private func words(_ words: [[UInt8]]) -> Value {
    RecordText.withoutBytes(.items(words.map(TaskInput.value)))
  }

  private func words(_ record: ProgramRecord) -> Value {
    words((try? template.words(for: record.input, index: record.index, slot: 0)) ?? [])
  }

  var isWaiting: Bool { journal.isWaiting }
  func check() throws { try journal.check() }

  // MARK: Earlier runs

  func recall(_ record: inout ProgramRecord) throws -> Bool {
    let key = try keys.key(of: record.input)
    let id = journal.task(key)
    let files = files(record.input)
    var recalled = RecalledProgram()
    recalled.key = key.text
    var verdict = JournalVerdict.new
    if let rerun = journal.rerun, let (state, line) = journal.entry(id) {
      var earlier = record
      if let line { read(line, into: &earlier) }
      verdict = JournalVerdict(state, line, rerun, failure: earlier.phrase, files: files)
      if verdict.isSkipped {
        recalled.output = JournalLine.bytes(of: line?.get("output"))
        recalled.error = JournalLine.bytes(of: line?.get("error"))
        record = earlier
      }
    }
    journal.news.tell(record.input.text, verdict.reason, verdict.why)
    recalled.isSkipped = verdict.isSkipped
    recalled.why = verdict.why
    record.recalled = recalled
    if !verdict.isSkipped { tasks[record.index] = Known(id: id, files: files) }
    return verdict.isSkipped
  }

  /// The program, a script that is its first argument for all inputs, and the input's parts.
  private func files(_ input: TaskInput) -> [JournalFileState] {
    var paths: [String] = []
    if let name = template.content(for: input).first, let path = find(text(name)) {
      paths.append(path)
    }
    if let script = template.script { paths.append(script) }
    for part in input.parts.map(text) where !paths.contains(part) { paths.append(part) }
    return paths.compactMap { JournalFileState($0) }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  // MARK: This run

  func began(_ record: ProgramRecord) {
    guard let task = tasks[record.index] else { return }
    journal.write(
      "began", task.id,
      [
        ("attempt", .int(record.attempts)), ("pid", .int(Int(record.pid))),
        ("command", words(record)),
      ])
  }

  func ended(_ record: ProgramRecord, output: [UInt8]?, error: [UInt8]?) {
    guard let task = tasks.removeValue(forKey: record.index) else { return }
    if record.isCancelled {
      return journal.write(
        "interrupted", task.id, [("input", RecordText.withoutBytes(record.input.value))])
    }
    let info = record.info
    journal.write(
      "ended", task.id,
      [
        ("ok", .bool(record.isOk)), ("exit", record.exit.map { .int(Int($0)) } ?? .null),
        ("signal", record.signal.map { .text($0.name) } ?? .null),
        ("timed_out", record.hasTimedOut ? .bool(true) : .null),
        ("problem", record.problem.map { .text($0) } ?? .null),
        ("last_line", record.lastLine.map { .text($0) } ?? .null),
        ("attempts", .int(record.attempts)), ("pid", .int(Int(record.pid))),
        ("start", .float(Double(record.start) / 1e9)), ("elapsed", .duration(Int(record.elapsed))),
        ("user", info.map { .duration(Int($0.userTime)) } ?? .null),
        ("system", info.map { .duration(Int($0.systemTime)) } ?? .null),
        ("maxrss", info.map { .size(Int($0.maxRSS)) } ?? .null),
        ("command", words(record)),
        ("input", RecordText.withoutBytes(record.input.value)),
        ("files", JournalFileState.value(task.files)),
        ("output", kept(output)), ("error", kept(error)),
      ])
  }

  private func kept(_ bytes: [UInt8]?) -> Value {
    guard let bytes, bytes.count <= ProgramTasks.mostOutput else { return .null }
    return JournalLine.value(of: bytes)
  }

  /// Puts what `ended` wrote into a record.
  private func read(_ line: MapObject, into record: inout ProgramRecord) {
    record.pid = Int32(clamping: line.int("pid") ?? 0)
    record.attempts = line.int("attempts") ?? 0
    record.start = line.nanoseconds("start")
    record.elapsed = line.nanoseconds("elapsed")
    record.hasTimedOut = line.isTrue("timed_out")
    record.problem = line.text("problem")
    record.lastLine = line.text("last_line")
    let cause: ExitInfo.Cause
    if let exit = line.int("exit") {
      cause = .exited(Int32(clamping: exit))
    } else if let signal = line.text("signal").flatMap({ Signal($0) }) {
      cause = .signaled(signal, core: false)
    } else {
      return
    }
    record.info = ExitInfo(
      pid: record.pid, cause: cause, userTime: line.nanoseconds("user"),
      systemTime: line.nanoseconds("system"), maxRSS: Int64(line.int("maxrss") ?? 0))
  }
}
