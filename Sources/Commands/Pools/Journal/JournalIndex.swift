import Language
import Posix
import Processes

/// What a journal says of each task: the last that happened to it.
struct JournalIndex {
  /// A task by its content; of equal ones in a run each counts.
  struct TaskID: Hashable {
    let key: ContentKey
    let occurrence: Int32
  }

  enum State {
    case succeeded, failed
    /// Begun, with no word of its end.
    case interrupted
  }

  struct Entry {
    var state: State
    /// Where its line stands.
    var place: Int
    var length: Int
  }

  private(set) var entries: [TaskID: Entry] = [:]
  /// Lines that make no sense, as after a power failure.
  private(set) var damaged: [Int] = []
  private(set) var lineCount = 0
  private(set) var hasHeader = false
  /// What the last run was about.
  private(set) var lastRun: MapObject?

  var isEmpty: Bool { entries.isEmpty }

  func count(_ state: State) -> Int { entries.values.count { $0.state == state } }

  /// Reads a journal.
  ///
  /// - Throws: `type` if the file is something else.
  init(_ file: JournalFile) throws {
    try file.forEachLine { line, place in
      lineCount += 1
      let line = line.assumingMemoryBound(to: UInt8.self)
      guard let map = JournalLine.parse(line) else {
        if lineCount == 1 { throw JournalIndex.isNoJournal(file.path) }
        return damaged.append(lineCount)
      }
      if lineCount == 1 { return try checkHeader(map, file.path) }
      take(map, Entry(state: .interrupted, place: place, length: line.count))
    }
    // The very first line may be torn, but nothing else is to be cut off.
    if !hasHeader, file.tornBytes > 0 {
      let start = try file.part(at: 0, length: min(file.tornBytes, JournalLine.header.count))
      guard file.tornBytes <= JournalLine.header.count, JournalLine.header.starts(with: start)
      else {
        throw JournalIndex.isNoJournal(file.path)
      }
    }
  }

  private mutating func checkHeader(_ map: MapObject, _ path: String) throws {
    guard map.text("journal") == "brood", let version = map.int("version") else {
      throw JournalIndex.isNoJournal(path)
    }
    if version > 1 {
      throw ErrorObject(
        .type, "the journal '\(path)' is of version \(version), which this Brood cannot read")
    }
    hasHeader = true
  }

  private static func isNoJournal(_ path: String) -> ErrorObject {
    ErrorObject(
      .type, "'\(path)' is not a journal, and is left as it is",
      help: "name a file that does not exist yet, or one that --journal has made")
  }

  private mutating func take(_ map: MapObject, _ entry: Entry) {
    let event = map.text("event")
    if event == "run" { lastRun = map }
    guard let event, let key = map.text("key").flatMap({ ContentKey($0) })
    else { return }
    let id = TaskID(key: key, occurrence: Int32(clamping: map.int("occurrence") ?? 1))
    var entry = entry
    if event == "ended" { entry.state = map.isTrue("ok") ? .succeeded : .failed }
    entries[id] = entry
  }
}
