import Language
import Posix
import Processes
import Session

/// The journal of `pool run`.
///
/// A task is its working directory, its words, its input and the chosen variables, so that it is the
/// same wherever its input stands; where the words have a number, as `{#}`, that belongs to it, too.
/// A call with several inputs has a line for each of them.
final class ProgramTasks: RunJournal {
  private let journal: TaskJournal
  private let content: ProgramContent
  /// The file of a program's name; nil if there is none.
  private let find: (String) -> String?
  /// Why a task that is done is to be run again nevertheless; nil where it is not.
  var follows: ((_ index: Int) -> String?)?
  /// Told whether a task is left out.
  var onVerdict: ((_ index: Int, _ isSkipped: Bool) -> Void)?

  /// Longer outputs are not kept.
  private static let mostOutput = 1 << 20

  /// An input that is to be done.
  private final class Known {
    let id: JournalIndex.TaskID
    let input: TaskInput
    let files: [JournalFileState]

    init(_ id: JournalIndex.TaskID, _ input: TaskInput, _ files: [JournalFileState]) {
      self.id = id
      self.input = input
      self.files = files
    }
  }

  private func tasks(of record: TaskRecord) -> [Known] {
    let recalled = record.members.isEmpty ? [record.recalled].compactMap { $0 } : record.members
    return recalled.compactMap { $0.entry as? Known }
  }

  init(
    _ journal: TaskJournal, _ content: ProgramContent, find: @escaping (String) -> String?
  ) {
    self.journal = journal
    self.content = content
    self.find = find
    journal.begin(
      JournalRun(
        verb: "pool run", rerun: journal.rerun, directory: content.directory, work: content.work))
  }

  private func words(_ words: [[UInt8]]) -> Value {
    RecordText.withoutBytes(.items(words.map(TaskInput.value)))
  }

  /// What was run; of a call with several inputs, what it would be for one alone.
  private func words(_ task: Known, _ record: TaskRecord) -> Value {
    words(content.words(task.input, record.index))
  }

  var isWaiting: Bool { journal.isWaiting }
  func check() throws { try journal.check() }

  // MARK: Earlier runs

  func recall(_ record: inout TaskRecord) throws -> Bool {
    let key = try content.key(record.input, record.index)
    let id = journal.task(key)
    let files = files(record.input, record.index)
    var recalled = RecalledProgram()
    recalled.key = key.text
    var verdict = JournalVerdict.new
    if let rerun = journal.rerun, let (state, line) = journal.entry(id) {
      var earlier = record
      if let line { read(line, into: &earlier) }
      verdict = JournalVerdict(state, line, rerun, failure: earlier.phrase, files: files)
      if verdict.isSkipped, let why = follows?(record.index) {
        verdict = JournalVerdict(following: why)
      }
      if verdict.isSkipped {
        recalled.output = JournalLine.bytes(of: line?.get("output"))
        recalled.error = JournalLine.bytes(of: line?.get("error"))
        record = earlier
      }
    }
    journal.news.tell(record.input.text, verdict.reason, verdict.why)
    onVerdict?(record.index, verdict.isSkipped)
    recalled.isSkipped = verdict.isSkipped
    recalled.why = verdict.why
    if !verdict.isSkipped { recalled.entry = Known(id, record.input, files) }
    record.recalled = recalled
    return verdict.isSkipped
  }

  /// The program, and other files that it depends on.
  private func files(_ input: TaskInput, _ index: Int) -> [JournalFileState] {
    let (program, others) = content.files(input, index)
    var paths: [String] = []
    if let program, let path = find(text(program)) { paths.append(path) }
    for path in others where !paths.contains(path) { paths.append(path) }
    return paths.compactMap { JournalFileState($0) }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  // MARK: This run

  func began(_ record: TaskRecord) {
    for task in tasks(of: record) {
      journal.write(
        "began", task.id,
        [
          ("attempt", .int(record.attempts)), ("pid", .int(Int(record.pid))),
          ("command", words(task, record)), ("inputs", inputs(record)),
        ])
    }
  }

  /// How many inputs a call has, if it is several.
  private func inputs(_ record: TaskRecord) -> Value {
    record.members.count > 1 ? .int(record.members.count) : .null
  }

  func ended(_ record: TaskRecord, output: [UInt8]?, error: [UInt8]?) {
    for task in tasks(of: record) { ended(task, record, output, error) }
  }

  private func ended(
    _ task: Known, _ record: TaskRecord, _ output: [UInt8]?, _ error: [UInt8]?
  ) {
    if record.isCancelled {
      return journal.write(
        "interrupted", task.id, [("input", RecordText.withoutBytes(task.input.value))])
    }
    let info = record.info
    // What several inputs' call wrote is of none of them alone.
    let isOne = record.members.count <= 1
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
        ("command", words(task, record)), ("inputs", inputs(record)),
        ("input", RecordText.withoutBytes(task.input.value)),
        ("files", JournalFileState.value(task.files)),
        ("output", isOne ? kept(output) : .null), ("error", isOne ? kept(error) : .null),
      ])
  }

  private func kept(_ bytes: [UInt8]?) -> Value {
    guard let bytes, bytes.count <= ProgramTasks.mostOutput else { return .null }
    return JournalLine.value(of: bytes)
  }

  /// Puts what `ended` wrote into a record.
  private func read(_ line: MapObject, into record: inout TaskRecord) {
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
