import Glibc
import Language
import Posix
import Processes
import Session

/// The journal of a run: what became of each task in earlier ones, and of those of this one.
final class TaskJournal {
  /// Which tasks of earlier runs are done again, beside those that never came to an end.
  enum Rerun: String, CaseIterable {
    case failed, missing, changed, all
  }

  let rerun: Rerun?
  let news: JournalNews
  private let session: Session
  private let file: JournalFile
  private let index: JournalIndex
  private var occurrences: [ContentKey: Int32] = [:]
  private var failure: ErrorObject?
  private var retryTimer: TimerID?
  private var hasSaid = false

  /// How long to wait for room on a full disk before trying again (ns).
  private static let timeout: Int64 = 200_000_000

  /// Opens a journal; makes it if it is not there.
  ///
  /// - Parameter writing: false to look only, for --dry-run.
  /// - Throws: `arity` if it has entries and it is not said what to do with them.
  init(
    _ path: String, _ rerun: Rerun?, isVerbose: Bool, _ session: Session, writing: Bool = true
  ) throws {
    self.rerun = rerun
    self.session = session
    news = JournalNews(session, path, isVerbose: isVerbose)
    do throws(SystemError) {
      file = try JournalFile(path, writing: writing)
    } catch {
      if error.code == EAGAIN { throw JournalHolder.error(path) }
      if error.code == EINVAL { throw ErrorObject(.type, "'\(path)' is no regular file") }
      throw error.asError("cannot open the journal '\(path)'")
    }
    index = try mapErrors("cannot read the journal '\(path)'") { [file] in try JournalIndex(file) }
    if rerun == nil, !index.isEmpty { throw TaskJournal.needsRerun(path, index) }
    if file.tornBytes > 0 {
      news.say("its last line is torn (\(file.tornBytes) bytes), as after a crash: it is dropped")
    }
    for number in index.damaged.prefix(3) { news.say("line \(number) is damaged and is ignored") }
    if index.damaged.count > 3 { news.say("\(index.damaged.count) lines are damaged in all") }
    guard writing else { return }
    try mapErrors("cannot mend the journal '\(path)'") { [file] in try file.cutTornLine() }
    if !index.hasHeader { append(JournalLine.header) }
  }

  private static func needsRerun(_ path: String, _ index: JournalIndex) -> ErrorObject {
    let counts = [
      (index.count(.succeeded), "succeeded"), (index.count(.failed), "failed"),
      (index.count(.interrupted), "interrupted"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    return ErrorObject(
      .arity, "the journal '\(path)' has entries (\(counts)): say which tasks to run",
      help: "--rerun missing runs what never ended, --rerun failed that and what failed, "
        + "--rerun changed that and what has changed, --rerun all everything; "
        + "or name another file")
  }

  // MARK: Earlier runs

  /// The task that has this content; the second one of the same content is another task.
  func task(_ key: ContentKey) -> JournalIndex.TaskID {
    let occurrence = occurrences[key, default: 0] + 1
    occurrences[key] = occurrence
    return JournalIndex.TaskID(key: key, occurrence: occurrence)
  }

  /// The last line on a task, if it has one; nil in it if it cannot be read any more.
  func entry(_ task: JournalIndex.TaskID) -> (state: JournalIndex.State, line: MapObject?)? {
    guard let entry = index.entries[task] else { return nil }
    let bytes = try? file.part(at: entry.place, length: entry.length)
    return (entry.state, bytes.flatMap { JournalLine.parse($0) })
  }

  // MARK: This run

  private var run: JournalRun?

  /// Says what this run is about.
  func begin(_ run: JournalRun) {
    self.run = run
    write("run", nil, run.line)
  }

  /// Adds a line.
  func write(_ event: String, _ task: JournalIndex.TaskID?, _ fields: [(String, Value)]) {
    var all: [(String, Value)] = [("event", .text(event))]
    if let task {
      all.append(("key", .text(task.key.text)))
      if task.occurrence > 1 { all.append(("occurrence", .int(Int(task.occurrence)))) }
    }
    all.append(("at", .text(timeText(Int(Clock.realtime)))))
    do {
      append(try JournalLine.bytes(all + fields))
    } catch {
      fail(error)
    }
  }

  private func append(_ line: [UInt8]) {
    if !file.isWritable { return }
    do throws(SystemError) {
      if try !file.append(line) { retryLater() }
    } catch {
      fail(error.asError("cannot write the journal '\(file.path)'"))
    }
  }

  func fail(_ error: any Error) {
    failure = failure ?? error as? ErrorObject ?? ErrorObject(.system, "\(error)")
  }

  /// The disk is full: nothing is started until there is room again.
  private func retryLater() {
    if !hasSaid { news.say("the disk is full; waiting for room, Ctrl-C gives up") }
    hasSaid = true
    if retryTimer != nil { return }
    retryTimer = session.loop.addTimer(at: Clock.deadline(after: TaskJournal.timeout)) {
      [weak self] in
      guard let self else { return }
      retryTimer = nil
      do throws(SystemError) {
        if try !file.flush() { retryLater() }
      } catch {
        fail(error.asError("cannot write the journal '\(file.path)'"))
      }
    }
  }

  /// Whether lines wait for room on the disk.
  var isWaiting: Bool { file.isWaiting && failure == nil }

  func check() throws { if let failure { throw failure } }

  /// Waits until all is written, and lets the file go.
  func finish(_ interpreter: Interpreter) throws {
    defer { close() }
    _ = try session.pause(interpreter) { !isWaiting }
    try check()
    try mapErrors("cannot write the journal '\(file.path)'") { try file.sync() }
  }

  /// Lets the file go, and tells what was done.
  func close() {
    if let retryTimer { session.loop.cancel(retryTimer) }
    retryTimer = nil
    if isClosed || file.isInherited { return }
    isClosed = true
    try? file.sync()
    file.close()
    news.summarize()
    if news.allAreNew, !index.isEmpty, let run, let last = index.lastRun {
      news.say("none of these tasks is on record: \(run.difference(from: last))")
    }
  }

  private var isClosed = false

  deinit { if !isClosed { file.close() } }
}

/// Who has a journal that is locked.
enum JournalHolder {
  static func error(_ path: String) -> ErrorObject {
    let pid = holder(path)
    let who = pid.map { $0 == Process.pid ? "this process" : "process \($0)" } ?? "another process"
    return ErrorObject(
      .failed, "the journal '\(path)' is in use: a run of \(who) writes it",
      help: "wait for that run to end\(pid.map { ", or end it: kill \($0)" } ?? ""), "
        + "or name another file")
  }

  /// The process that holds an OFD lock on a file, as far as /proc tells.
  private static func holder(_ path: String) -> Int32? {
    guard let file = try? FileStatus(path) else { return nil }
    for pid in ((try? Directory.names("/proc")) ?? []).compactMap({ Int32($0) }) {
      for name in (try? Directory.names("/proc/\(pid)/fd")) ?? [] {
        guard let other = try? FileStatus("/proc/\(pid)/fd/\(name)"),
          other.inode == file.inode, other.device == file.device,
          let info = try? Transfer.readFile("/proc/\(pid)/fdinfo/\(name)"),
          String(decoding: info, as: UTF8.self).contains("OFDLCK")
        else { continue }
        return pid
      }
    }
    return nil
  }
}
