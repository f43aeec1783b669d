import Glibc
import Language
import Posix

/// The directory of `--results`: one directory for each task, with what it wrote and its record.
///
/// They are named by number and input, as `00002-b.txt`, and hold `stdout`, `stderr` and
/// `record.json`. The record comes last, so that whoever finds it finds the rest whole.
public final class ResultFiles {
  private let directory: String
  private let form: (Value) throws -> [UInt8]

  /// Makes the directory if there is none.
  ///
  /// - Parameters:
  ///   - goesOn: whether it may hold results of earlier runs.
  ///   - form: makes the text of a record.
  public init(
    _ directory: String, goesOn: Bool, form: @escaping (Value) throws -> [UInt8]
  ) throws {
    self.directory = directory
    self.form = form
    try asking("cannot make '\(directory)'") { try ResultFiles.make(directory) }
    if goesOn { return }
    let isEmpty = try asking("cannot tell whether '\(directory)' is empty") {
      try Directory.names(directory).isEmpty
    }
    if isEmpty { return }
    let error = ErrorObject(
      .failed, "the directory '\(directory)' of --results is not empty",
      help:
        "name another one or remove it, lest old and new results mix; with --journal FILE a run "
        + "goes on in it")
    error.exitStatus = ErrorObject.usageStatus
    throw error
  }

  private static func make(_ path: String) throws(SystemError) {
    if mkdir(path, 0o777) == 0 { return }
    let code = errno
    var info = stat()
    if code == EEXIST, stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR { return }
    throw SystemError(call: "mkdir", code: code, detail: path)
  }

  func save(
    _ record: ProgramRecord, _ output: TaskOutput?, _ error: TaskOutput?, _ writer: OutputWriter
  ) throws {
    let place = "\(directory)/\(ResultFiles.name(record.index, record.input.text))"
    try writer.makingFiles { () throws(SystemError) in try ResultFiles.make(place) }
    // One of an earlier run does not speak for this one.
    unlink("\(place)/record.json")
    if let output { try writer.save(output, as: "\(place)/stdout") }
    if let error { try writer.save(error, as: "\(place)/stderr") }
    let value = record.value(output: nil, error: nil)
    if case .map(let map) = value {
      // What stands in the files beside it.
      map.set("output", .null)
      if record.problem == nil { map.set("error", .null) }
    }
    try writer.save(try form(value), as: "\(place)/record.json")
  }

  /// Likewise what an attempt wrote that was made again: `stdout.1` and `stderr.1`.
  func save(
    _ record: ProgramRecord, _ output: TaskOutput, _ error: TaskOutput, of attempt: Int,
    _ writer: OutputWriter
  ) throws {
    let place = "\(directory)/\(ResultFiles.name(record.index, record.input.text))"
    try writer.makingFiles { () throws(SystemError) in try ResultFiles.make(place) }
    try writer.save(output, as: "\(place)/stdout.\(attempt)")
    try writer.save(error, as: "\(place)/stderr.\(attempt)")
  }

  /// Likewise for a task of `pool map`, whose record has what its block yielded, too.
  func save(_ record: MapObject) throws {
    guard case .int(let index)? = record.get("index") else { return }
    let name = ResultFiles.name(index, TaskInput(record.get("item") ?? .null).text)
    let place = "\(directory)/\(name)"
    let copy = MapObject()
    for (key, value) in record.pairs { copy.set(key, value) }
    copy.set("output", .null)
    copy.set("error", .null)
    try asking("cannot keep a result") {
      try ResultFiles.make(place)
      unlink("\(place)/record.json")
    }
    try save(TaskInput(record.get("output") ?? .null).bytes, as: "\(place)/stdout")
    try save(TaskInput(record.get("error") ?? .null).bytes, as: "\(place)/stderr")
    try save(try text(of: copy), as: "\(place)/record.json")
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
    try asking("cannot keep a result") {
      // What is no file, as a FIFO that nothing reads, is refused rather than waited for.
      let fd = try Descriptors.makePrivate(
        try Descriptors.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK))
      defer { Descriptors.close(fd) }
      try bytes.withUnsafeBytes { try Transfer.writeAll(fd, $0) }
    }
  }

  /// As `00002-b.txt`: what a file's name cannot hold, or a shell would stumble over, is `_`.
  private static func name(_ index: Int, _ input: String) -> String {
    let number = String(index + 1)
    let text = input.unicodeScalars.prefix(100).map { scalar in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "-_.,+=@%".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
    }
    let zeros = String(repeating: "0", count: max(0, 5 - number.count))
    var name = String(text)
    while name.utf8.count > 100 { name.removeLast() }
    return "\(zeros)\(number)-\(name)"
  }
}
