import Language
import Posix
import Processes
import Session

/// Reads a list of tasks from a file, without running anything.
///
/// It is a list of maps in Brood's own syntax, or JSON.
struct TaskReader {
  private let source: Source
  /// Whether words are spelled in the source; values have none.
  private let isText: Bool
  private var places: [String: Int] = [:]

  static let fields = [
    "name", "run", "after", "retries", "timeout", "backoff", "cwd", "env", "key",
  ]

  /// - Throws: `missing` and `system` if the file cannot be read, `syntax` and `type` with the place
  ///   in it for what is no list of tasks.
  static func read(_ path: String, onAttention: OnAttention?) throws -> TaskList {
    let bytes = try mapErrors("cannot read the tasks from '\(path)'") {
      if try FileStatus(path).kind == .directory {
        throw SystemError(call: "read", code: 21, detail: path)
      }
      return try Transfer.readFile(path, onAttention: onAttention)
    }
    let source = Source(name: path, bytes: bytes)
    do {
      return try read(isJSON(source.bytes) ? PlacedJSON.read(source) : .read(source), source)
    } catch let error as ErrorObject where error.kind != .interrupted {
      throw error.amended {
        $0.exitStatus = ErrorObject.usageStatus
        if $0.kind == .syntax, bytes.starts(with: Array("#!".utf8)) {
          $0.help = "a program of that name is run by: brood run -- \(path)"
        }
      }
    }
  }

  /// Tasks that are values already: all mistakes are at one place.
  static func read(_ value: Value, at location: Location) throws -> TaskList {
    try read(written(value, location.span), location.source, isText: false)
  }

  private static func written(_ value: Value, _ place: Span) -> WrittenValue {
    switch value.plain {
    case .list(let list):
      return WrittenValue(.list(list.items.map { written($0, place) }), place)
    case .map(let map):
      var entries: [WrittenValue.Entry] = []
      for index in 0..<map.end {
        guard let entry = map.entry(at: index) else { continue }
        entries.append(
          WrittenValue.Entry(
            key: entry.key.asText, place: place, value: written(entry.value, place)))
      }
      return WrittenValue(.map(entries), place)
    case let other: return WrittenValue(.scalar(other), place)
    }
  }

  /// Brood's lists begin with no brace behind the bracket, and its blocks are no values.
  private static func isJSON(_ bytes: [UInt8]) -> Bool {
    let signs = bytes.lazy.filter { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }.prefix(2)
    return Array(signs) == Array("[{".utf8) || signs.first == UInt8(ascii: "{")
  }

  private static func read(
    _ written: WrittenValue, _ source: Source, isText: Bool = true
  ) throws -> TaskList {
    var reader = TaskReader(source, isText: isText)
    return try reader.list(written)
  }

  private init(_ source: Source, isText: Bool) {
    self.source = source
    self.isText = isText
  }

  // MARK: The list

  private mutating func list(_ written: WrittenValue) throws -> TaskList {
    guard case .list(let items) = written.content else {
      throw wrong("tasks are a list of maps: [[name: build, run: \"make\"]]", written.place)
    }
    if items.isEmpty { throw wrong("there are no tasks", written.place) }
    let maps = try items.map(map)
    for (index, map) in maps.enumerated() {
      let field = map.first { $0.key == "name" }
      guard let field else { throw wrong("a task needs a name", items[index].place) }
      let name = try text(field)
      if name.isEmpty { throw wrong("a task's name must not be empty", field.value.place) }
      if places.updateValue(index, forKey: name) != nil {
        throw wrong("there are two tasks of the name '\(name)'", field.value.place)
      }
    }
    let tasks = try maps.enumerated().map { try task($1, items[$0].place) }
    return try TaskList(tasks) { ring in
      let names = ring.map { "'\(tasks[$0].name)'" } + ["'\(tasks[ring[0]].name)'"]
      let place = maps[ring[0]].first { $0.key == "after" }?.value.place ?? written.place
      return wrong(
        "tasks need each other, so that none can begin: " + names.joined(separator: " needs "),
        place)
    }
  }

  private func map(_ item: WrittenValue) throws -> [WrittenValue.Entry] {
    guard case .map(let entries) = item.content else {
      throw wrong("a task is a map, as [name: build, run: \"make\"]", item.place)
    }
    var seen: Set<String> = []
    for entry in entries {
      guard TaskReader.fields.contains(entry.key) else {
        let near = nearest(entry.key, among: TaskReader.fields)
        throw wrong(
          "a task has no field '\(entry.key)'", entry.place,
          near.map { "did you mean '\($0)'?" }
            ?? "there are: " + TaskReader.fields.joined(separator: ", "))
      }
      if !seen.insert(entry.key).inserted {
        throw wrong("the field '\(entry.key)' is there twice", entry.place)
      }
    }
    return entries
  }

  private func task(_ entries: [WrittenValue.Entry], _ place: Span) throws -> TaskList.ListedTask {
    func field(_ name: String) -> WrittenValue.Entry? { entries.first { $0.key == name } }
    guard let run = field("run") else {
      throw wrong("a task needs a field 'run', what is to be run", place)
    }
    let (words, line) = try command(run)
    var task = TaskList.ListedTask(
      name: try field("name").map(text) ?? "", words: words, text: line,
      needed: try field("after").map(needed) ?? [])
    if let retries = field("retries") {
      guard case .int(let count) = retries.value.value, (0...1_000_000_000).contains(count) else {
        throw wrong("'retries' must be a number from 0 on", retries.value.place)
      }
      task.terms.retries = count
    }
    task.terms.timeout = try field("timeout").map { try duration($0, least: 1) }
    task.terms.backoff = try field("backoff").map { try duration($0, least: 0) }
    task.directory = try field("cwd").map(text)
    task.environment = try field("env").map(environment) ?? []
    task.key = field("key")?.value.value ?? .null
    return task
  }

  // MARK: Fields

  /// The words of a program; a text is a line of sh.
  private func command(_ field: WrittenValue.Entry) throws -> (words: [String], text: String) {
    switch field.value.content {
    case .list(let items):
      let words = try items.map { try word($0, "a word of 'run'") }
      if words.first?.isEmpty ?? true {
        throw wrong("'run' must have at least the name of a program", field.value.place)
      }
      let line = words.map { ShellWord.quoted(Array($0.utf8)) }.joined(separator: " ")
      return (words, line)
    default:
      let line = try text(field)
      if line.isEmpty { throw wrong("'run' must not be empty", field.value.place) }
      return (["sh", "-c", line], line)
    }
  }

  private func needed(_ field: WrittenValue.Entry) throws -> [Int] {
    var items = [field.value]
    if case .list(let list) = field.value.content { items = list }
    return try items.map { item in
      let name = try word(item, "a name in 'after'")
      guard let place = places[name] else {
        let near = nearest(name, among: Array(places.keys))
        throw wrong(
          "no task is named '\(name)'", item.place, near.map { "did you mean '\($0)'?" },
          kind: .missing)
      }
      return place
    }
  }

  private func environment(
    _ field: WrittenValue.Entry
  ) throws -> [(name: String, value: String)] {
    guard case .map(let entries) = field.value.content else {
      throw wrong("'env' is a map, as [LANG: C]", field.value.place)
    }
    return try entries.map { entry in
      if entry.key.isEmpty || entry.key.contains("=") || entry.key.utf8.contains(0) {
        throw wrong("'\(entry.key)' is no name of a variable", entry.place)
      }
      return (entry.key, try word(entry.value, "the value of '\(entry.key)'"))
    }
  }

  /// A time in ns; a plain number is seconds.
  private func duration(_ field: WrittenValue.Entry, least: Int) throws -> Int64 {
    var value = field.value.value
    if case .string(let text) = value, case .value(let literal) = literal(text.string) {
      value = literal
    }
    var time: Int?
    switch value {
    case .duration(let nanoseconds): time = nanoseconds
    case .int(let seconds):
      let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      time = isOver ? nil : product
    case .float(let seconds): time = Int(exactly: (seconds * 1e9).rounded())
    default: break
    }
    guard let time, time >= least else {
      throw wrong("'\(field.key)' must be a time, as 30s or 5m", field.value.place)
    }
    return Int64(time)
  }

  private func text(_ field: WrittenValue.Entry) throws -> String {
    guard case .scalar(.string(let text)) = field.value.content else {
      throw wrong("'\(field.key)' must be a text", field.value.place, "quote it: \"…\"")
    }
    return try checked(text.string, field.value.place)
  }

  /// A word as it is written: `-j4` and `5` are ones.
  private func word(_ item: WrittenValue, _ what: String) throws -> String {
    guard case .scalar(let value) = item.content else {
      throw wrong("\(what) must be a text", item.place)
    }
    switch value {
    case .string(let text): return try checked(text.string, item.place)
    case .null, .missing, .closure: throw wrong("\(what) must be a text", item.place)
    default: return try checked(isText ? source.text(item.place) : value.asText, item.place)
    }
  }

  private func checked(_ text: String, _ place: Span) throws -> String {
    if text.utf8.contains(0) { throw wrong("it must not hold a null character", place) }
    return text
  }

  private func wrong(
    _ message: String, _ place: Span, _ help: String? = nil, kind: ErrorKind = .type
  ) -> ErrorObject {
    ErrorObject(kind, message, help: help, location: Location(source, place))
  }
}
