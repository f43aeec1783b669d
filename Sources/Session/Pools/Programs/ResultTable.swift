import Glibc
import Language
import Posix

/// `--results FILE.csv`, `.json` or `.jsonl`: the records of all tasks with what they wrote, in one
/// file, as each task ends.
public final class ResultTable {
  /// What a file of records is made of.
  public struct Form {
    let suffix: String
    let head: [UInt8]
    /// Between two rows.
    let separator: [UInt8]
    let tail: [UInt8]
    let row: (Value) throws -> [UInt8]

    public init(
      suffix: String, head: String, separator: String, tail: String,
      row: @escaping (Value) throws -> [UInt8]
    ) {
      self.suffix = suffix
      self.head = Array(head.utf8)
      self.separator = Array(separator.utf8)
      self.tail = Array(tail.utf8)
      self.row = row
    }
  }

  private let form: Form
  private let path: String
  private let fd: Int32
  /// Whether a row is in it.
  private var hasRows = false
  private var isEnded = false

  /// - Parameter goesOn: whether it may hold rows of earlier runs.
  /// - Throws: an error of usage if it holds something and may not.
  init(_ path: String, _ form: Form, goesOn: Bool) throws {
    self.path = path
    self.form = form
    fd = try mapErrors("cannot write '\(path)'") {
      try Descriptors.makePrivate(try Descriptors.open(path, O_RDWR | O_CREAT | O_NONBLOCK))
    }
    let size = try mapErrors { try FileStatus(descriptor: fd).size }
    if size > 0, !goesOn { throw ResultFiles.isUsed(path, "file") }
    if size == 0 {
      try append(form.head)
    } else {
      try goOn(behind: Int(size))
    }
  }

  deinit { Descriptors.close(fd) }

  /// Rows of an earlier run are there: its tail goes, if it came to that.
  private func goOn(behind size: Int) throws {
    var end = size
    let tail = form.tail
    if !tail.isEmpty, size >= tail.count {
      let last = try withUnsafeTemporaryAllocation(byteCount: tail.count, alignment: 1) { buffer in
        let count = try mapErrors { try MemoryFile.read(fd, into: buffer, at: size - tail.count) }
        return Array(buffer[..<count])
      }
      if last == tail { end -= tail.count }
    }
    hasRows = end > form.head.count
    guard ftruncate(fd, off_t(end)) == 0, lseek(fd, 0, SEEK_END) >= 0 else {
      throw SystemError(call: "ftruncate", code: errno, detail: path).asError(
        "cannot go on in '\(path)'")
    }
  }

  func add(_ record: Value, _ write: ([UInt8], Int32) throws -> Void) throws {
    let row = try form.row(record)
    try write((hasRows ? form.separator : []) + row, fd)
    hasRows = true
  }

  func add(_ record: Value) throws { try add(record) { bytes, _ in try append(bytes) } }

  /// All are there.
  func finish() throws {
    if isEnded { return }
    isEnded = true
    try append(form.tail)
  }

  private func append(_ bytes: [UInt8]) throws {
    try mapErrors("cannot keep a result") {
      try bytes.withUnsafeBytes { try Transfer.writeAll(fd, $0) }
    }
  }
}
