import Glibc
import Language
import Posix

/// The directory of `--results`: one directory for each task, with what it wrote and its record.
///
/// They are named by number, input and key, as `00002-b.txt-1f3c9a2e`, and hold `stdout`, `stderr` and
/// `record.json`. The record comes last, so that its reader finds the rest whole. What is there of an
/// earlier run is never written again: a task that has a directory already gets another one.
public final class ResultFiles {
  private let directory: String
  private let form: (Value) throws -> [UInt8]
  /// Where all goes into one file.
  private let table: ResultTable?
  /// The path of a task's directory below `directory`, where the user has said it.
  private let path: ((_ input: TaskInput, _ index: Int, _ slot: Int) -> [UInt8])?
  /// Those of tasks that were begun, by number.
  private var places: [Int: String] = [:]
  /// What a task of `pool map` is known by.
  public var key: ((_ item: Value) -> String?)?

  /// Makes the directory if there is none.
  ///
  /// - Parameters:
  ///   - goesOn: whether it may hold results of earlier runs.
  ///   - form: makes the text of a record.
  ///   - tables: the suffixes of names that are files of all records.
  ///   - path: makes the paths of tasks' directories below it.
  public init(
    _ directory: String, goesOn: Bool, form: @escaping (Value) throws -> [UInt8],
    tables: [ResultTable.Form] = [],
    path: ((_ input: TaskInput, _ index: Int, _ slot: Int) -> [UInt8])? = nil
  ) throws {
    self.directory = directory
    self.form = form
    self.path = path
    if path == nil, let form = tables.first(where: { directory.hasSuffix($0.suffix) }) {
      table = try ResultTable(directory, form, goesOn: goesOn)
      return
    }
    table = nil
    // Nothing is said of what else is in the working directory.
    if directory == "." { return }
    try mapErrors("cannot make '\(directory)'") { try ResultFiles.make(directory) }
    if goesOn { return }
    let isEmpty = try mapErrors("cannot tell whether '\(directory)' is empty") {
      try Directory.names(directory).isEmpty
    }
    if isEmpty { return }
    throw ResultFiles.isUsed(directory, "directory")
  }

  static func isUsed(_ path: String, _ kind: String) -> ErrorObject {
    ErrorObject(
      .failed, "the \(kind) '\(path)' of --results is not empty",
      help:
        "name another one or remove it, lest old and new results mix; with --journal FILE a run "
        + "goes on in it", exitStatus: ErrorObject.usageStatus)
  }

  /// All results are there.
  public func finish() throws { try table?.finish() }

  /// Makes a directory, and those that it stands in.
  private static func make(_ path: String) throws(SystemError) {
    if mkdir(path, 0o777) == 0 { return }
    var code = errno
    if code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try make(String(path[..<slash]))
      if mkdir(path, 0o777) == 0 { return }
      code = errno
    }
    var info = stat()
    if code == EEXIST, stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR { return }
    throw SystemError(call: "mkdir", code: code, detail: path)
  }

  /// Makes the directory of a task, or yields the one that was made for it.
  func place(
    _ index: Int, _ input: TaskInput, _ key: String?, slot: Int
  ) throws(SystemError) -> String {
    if let place = places[index] { return place }
    var path = "\(directory)/"
    if let own = self.path {
      path += try makeParents(of: ResultFiles.below(own(input, index, slot)))
    } else {
      path += ResultFiles.name(index, input.text, key)
    }
    var number = 1
    while true {
      let place = number == 1 ? path : "\(path).\(number)"
      if mkdir(place, 0o777) == 0 {
        places[index] = place
        return place
      }
      guard errno == EEXIST, number < 100_000 else {
        throw SystemError(call: "mkdir", code: errno, detail: place)
      }
      number += 1
    }
  }

  private func place(of record: TaskRecord) throws(SystemError) -> String {
    try place(record.index, record.input, record.key, slot: record.slot)
  }

  /// Makes the directories above one.
  private func makeParents(of path: [String]) throws(SystemError) -> String {
    var place = directory
    for part in path.dropLast() {
      place += "/\(part)"
      try ResultFiles.make(place)
    }
    return path.joined(separator: "/")
  }

  /// The parts of a path that stays below a directory, whatever an input has in it.
  private static func below(_ path: [UInt8]) -> [String] {
    let parts = path.split(separator: UInt8(ascii: "/")).map { part -> String in
      let text = String(decoding: part.filter { $0 != 0 }, as: UTF8.self)
      return text == "." || text == ".." ? "_" : text
    }
    return parts.isEmpty ? ["_"] : parts
  }

  /// The files that an attempt begins to write; nil where there is no room for them now.
  func files(of record: TaskRecord) throws -> (output: String, error: String)? {
    if table != nil { return nil }
    do throws(SystemError) {
      let place = try place(of: record)
      return ("\(place)/stdout", "\(place)/stderr")
    } catch {
      if OutputStore.isNoRoom(error) { return nil }
      throw error
    }
  }

  /// A task could not be started: nothing is left of its beginning.
  func undo(_ index: Int) {
    guard let place = places[index] else { return }
    unlink("\(place)/stdout")
    unlink("\(place)/stderr")
    // What earlier attempts wrote stays there.
    if rmdir(place) == 0 { places[index] = nil }
  }

  /// An attempt is made again: what it wrote is `stdout.1` and `stderr.1` from now on.
  func setAside(_ attempt: Int, _ output: TaskOutput, _ error: TaskOutput) {
    for output in [output, error] {
      guard let path = output.path else { continue }
      try? output.rename(to: "\(path).\(attempt)")
    }
  }

  /// What a task wrote last and its record.
  func save(
    _ record: TaskRecord, _ output: TaskOutput?, _ error: TaskOutput?, _ writer: OutputWriter
  ) throws {
    if let table {
      let row = record.value(output: try output?.bytes, error: try error?.bytes)
      return try table.add(row) { try writer.write($0, to: $1) }
    }
    let place = try writer.makingFiles { () throws(SystemError) in try self.place(of: record) }
    if let output { try writer.save(output, as: output.path ?? "\(place)/stdout") }
    if let error { try writer.save(error, as: error.path ?? "\(place)/stderr") }
    let value = record.value(output: nil, error: nil)
    if case .map(let map) = value {
      // What stands in the files beside it.
      map.set("output", .null)
      if record.problem == nil { map.set("error", .null) }
    }
    try writer.save(try form(value), as: "\(place)/record.json")
    places[record.index] = nil
  }

  /// Likewise what an attempt wrote that was made again.
  func save(
    _ record: TaskRecord, _ output: TaskOutput, _ error: TaskOutput, of attempt: Int,
    _ writer: OutputWriter
  ) throws {
    if table != nil { return }
    let place = try writer.makingFiles { () throws(SystemError) in try self.place(of: record) }
    try writer.save(output, as: output.path ?? "\(place)/stdout.\(attempt)")
    try writer.save(error, as: error.path ?? "\(place)/stderr.\(attempt)")
  }

  /// Likewise for a task of `pool map`, whose record has what its block yielded, too.
  func save(_ record: MapObject) throws {
    guard case .int(let index)? = record.get("index") else { return }
    let item = record.get("item") ?? .null
    let copy = MapObject()
    for (key, value) in record.pairs { copy.set(key, value) }
    if let key = key?(item) { copy.set("key", .text(key)) }
    if let table { return try table.add(.map(copy)) }
    copy.set("output", .null)
    copy.set("error", .null)
    let place = try mapErrors("cannot keep a result") { try self.place(index, item) }
    defer { places[index] = nil }
    try save(TaskInput(record.get("output") ?? .null).bytes, as: "\(place)/stdout")
    try save(TaskInput(record.get("error") ?? .null).bytes, as: "\(place)/stderr")
    try save(try text(of: copy), as: "\(place)/record.json")
  }

  private func place(_ index: Int, _ item: Value) throws(SystemError) -> String {
    if let place = places[index] { return place }
    return try place(index, TaskInput(item), key?(item), slot: 0)
  }

  /// Copies what a task of `pool map` that runs has written so far, as far as there is room.
  func follow(_ index: Int, _ item: Value, output: Int32, error: Int32) {
    guard table == nil, let place = try? place(index, item) else { return }
    for (memory, name) in [(output, "stdout"), (error, "stderr")] {
      try? ResultFiles.copy(memory, to: "\(place)/\(name)")
    }
  }

  private static func copy(_ memory: Int32, to path: String) throws {
    let fd = try Descriptors.makePrivate(
      try Descriptors.open(path, O_WRONLY | O_CREAT | O_NONBLOCK))
    defer { Descriptors.close(fd) }
    var place = Int(lseek(fd, 0, SEEK_END))
    // The worker writes at the place that lseek(2) would move. It may be another attempt by now.
    var info = stat()
    if fstat(memory, &info) == 0, Int(info.st_size) < place, ftruncate(fd, 0) == 0 {
      place = Int(lseek(fd, 0, SEEK_SET))
    }
    try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
      while place >= 0 {
        let count = try MemoryFile.read(memory, into: buffer, at: place)
        if count == 0 { return }
        try Transfer.writeAll(fd, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        place += count
      }
    }
  }

  // What has no form there, as a handle, stands as its text.
  private func text(of record: MapObject) throws -> [UInt8] {
    if let text = try? form(.map(record)) { return text }
    for name in ["item", "value"] {
      guard let value = record.get(name) else { continue }
      if (try? form(value)) == nil { record.set(name, .text(value.asText)) }
    }
    return try form(.map(record))
  }

  private func save(_ bytes: [UInt8], as path: String) throws {
    try mapErrors("cannot keep a result") {
      // What is no file, as a FIFO that nothing reads, is refused rather than waited for.
      let fd = try Descriptors.makePrivate(
        try Descriptors.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK))
      defer { Descriptors.close(fd) }
      try bytes.withUnsafeBytes { try Transfer.writeAll(fd, $0) }
    }
  }

  /// As `00002-b.txt-1f3c9a2e`: what a file's name cannot hold, or a shell would stumble over, is `_`.
  private static func name(_ index: Int, _ input: String, _ key: String?) -> String {
    let number = String(index + 1)
    let text = input.unicodeScalars.prefix(100).map { scalar in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "-_.,+=@%".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
    }
    let zeros = String(repeating: "0", count: max(0, 5 - number.count))
    var name = String(text)
    while name.utf8.count > 100 { name.removeLast() }
    return "\(zeros)\(number)-\(name)-\((key ?? "00000000").prefix(8))"
  }
}
