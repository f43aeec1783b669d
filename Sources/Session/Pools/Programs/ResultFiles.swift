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
    if goesOn || Directory.names(directory)?.isEmpty != false { return }
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
    let place = "\(directory)/\(ResultFiles.name(record))"
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

  /// As `00002-b.txt`: what a file's name cannot hold, or a shell would stumble over, is `_`.
  private static func name(_ record: ProgramRecord) -> String {
    let number = String(record.index + 1)
    let text = record.input.text.unicodeScalars.map { scalar in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "-_.,+=@%".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
    }
    let zeros = String(repeating: "0", count: max(0, 5 - number.count))
    var name = String(text)
    while name.utf8.count > 100 { name.removeLast() }
    return "\(zeros)\(number)-\(name)"
  }
}
