import Language
import Posix

/// Whether a task is run, and why.
struct JournalVerdict {
  let isSkipped: Bool
  let reason: JournalNews.Reason
  let why: String

  private init(_ reason: JournalNews.Reason, _ why: String) {
    isSkipped = reason.isSkip
    self.reason = reason
    self.why = why
  }

  /// - Parameters:
  ///   - line: the last line on the task, nil if there is none.
  ///   - failure: how it failed, in words.
  ///   - hasResult: whether the journal has what a task that is skipped has to yield.
  ///   - files: the files that it depends on, as they are now.
  init(
    _ state: JournalIndex.State, _ line: MapObject?, _ rerun: TaskJournal.Rerun, failure: String,
    hasResult: Bool = true, files: [JournalFileState]
  ) {
    guard let line, state != .interrupted else {
      self.init(.interrupted, "it was interrupted\(JournalVerdict.time(line))")
      return
    }
    if rerun == .changed, let change = JournalFileState.change(line.get("files"), files) {
      self.init(.changed, change)
    } else if state == .failed {
      let text = "it failed\(JournalVerdict.time(line)): \(failure)"
      self.init(rerun == .failed || rerun == .all ? .failed : .standing, text)
    } else if rerun == .all {
      self.init(.all, "--rerun all, though it succeeded\(JournalVerdict.time(line))")
    } else if !hasResult {
      self.init(.unkept, "it succeeded, but its result could not be kept")
    } else {
      self.init(.succeeded, "it succeeded\(JournalVerdict.time(line))")
    }
  }

  /// A task that is done, and runs again because of another one.
  init(following why: String) { self.init(.changed, why) }

  /// A task of which the journal knows nothing.
  static let new = JournalVerdict(.new, "the journal has no record of it")

  private static func time(_ line: MapObject?) -> String {
    line?.text("at").map { " at \($0)" } ?? ""
  }
}

/// What a file was when a task began that depends on it.
struct JournalFileState: Equatable {
  let path: String
  let size: Int
  /// In ns since 1970.
  let modified: Int

  /// Nil if there is no regular file.
  init?(_ path: String) {
    guard !path.isEmpty, !path.utf8.contains(0), let status = try? FileStatus(path),
      status.kind == .regular
    else { return nil }
    self.path = path
    size = Int(status.size)
    modified = Int(status.modified)
  }

  private init?(_ value: Value) {
    guard case .map(let map) = value, let path = map.text("path"), let size = map.int("size"),
      let modified = map.int("modified")
    else { return nil }
    self.path = path
    self.size = size
    self.modified = modified
  }

  static func value(_ files: [JournalFileState]) -> Value {
    if files.isEmpty { return .null }
    return .items(
      files.map {
        .record(["path": .text($0.path), "size": .int($0.size), "modified": .int($0.modified)])
      })
  }

  /// What has changed since, in words; nil if nothing has.
  static func change(_ value: Value?, _ now: [JournalFileState]) -> String? {
    var before: [JournalFileState] = []
    if case .list(let list)? = value { before = list.items.compactMap { JournalFileState($0) } }
    for file in before {
      guard let current = now.first(where: { $0.path == file.path }) else {
        if JournalFileState(file.path) == nil { return "\(file.path) is gone" }
        continue
      }
      if current.size != file.size {
        return "\(file.path) has changed: \(current.size) bytes, was \(file.size)"
      }
      if current.modified != file.modified {
        return "\(file.path) has changed at \(timeText(current.modified))"
      }
    }
    let known = Set(before.map(\.path))
    return now.first { !known.contains($0.path) }.map { "\($0.path) is there now" }
  }
}
