import Language
import Posix
import Session

/// The inputs that a descriptor brings, as rows of one or more columns, as they come.
final class InputRecords {
  let fd: Int32
  private let form: InputForm
  private let name: String
  private let interpreter: Interpreter
  private var csv: CSVReader?
  /// Why there are no further rows; those before it come first.
  private var failure: ErrorObject?
  private var buffer: [UInt8] = []
  private var place = 0
  /// Where the search for a delimiter goes on.
  private var seen = 0
  private var hasEnded = false

  /// - Parameter name: of the file, for messages.
  init(_ fd: Int32, _ form: InputForm, name: String, _ interpreter: Interpreter) {
    self.fd = fd
    self.form = form
    self.name = name
    self.interpreter = interpreter
    if case .csv(let separator) = form.columns { csv = CSVReader(separator: separator) }
  }

  /// Where the next delimiter begins.
  private var stop: Int? {
    let first = form.delimiter[0]
    while let found = buffer[seen...].firstIndex(of: first) {
      seen = found
      if form.delimiter.count == 1 || buffer[found...].starts(with: form.delimiter) { return found }
      // It may go on in what is not read yet.
      if !hasEnded, found + form.delimiter.count > buffer.count { return nil }
      seen = found + 1
    }
    seen = buffer.count
    return nil
  }

  /// Whether `next` would not wait.
  func isReady() throws -> Bool {
    while !hasEnded, failure == nil, csv.map({ !$0.hasRow }) ?? (stop == nil) {
      guard try read(waits: false) else { return false }
    }
    return true
  }

  func next() throws -> [[UInt8]]? {
    while csv != nil {
      if let row = csv?.next() { return row.fields }
      if let failure { throw failure }
      if hasEnded { return nil }
      _ = try read(waits: true)
    }
    while true {
      if let stop {
        defer {
          place = stop + form.delimiter.count
          seen = place
        }
        return try form.row(Array(buffer[place..<stop]))
      }
      if hasEnded {
        defer { (place, seen) = (buffer.count, buffer.count) }
        return place < buffer.count ? try form.row(Array(buffer[place...])) : nil
      }
      _ = try read(waits: true)
    }
  }

  /// False if nothing is there yet.
  private func read(waits: Bool) throws -> Bool {
    buffer.removeFirst(place)
    seen -= place
    place = 0
    return try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
      var count = try mapErrors("cannot read the inputs") { try Transfer.readNow(fd, into: chunk) }
      if count == nil, waits {
        count = try Transfer.read(fd, into: chunk) {
          try self.interpreter.session.attend(self.interpreter)
        }
      }
      guard let count else { return false }
      hasEnded = count == 0
      if hasEnded, fd > 2 { Descriptors.close(fd) }
      let bytes = UnsafeRawBufferPointer(rebasing: chunk[..<count])
      if csv == nil { buffer.append(contentsOf: bytes) } else { parse(bytes) }
      return true
    }
  }

  private func parse(_ bytes: UnsafeRawBufferPointer) {
    do throws(CSVReader.Failure) {
      if hasEnded { try csv?.finish() } else { try csv?.take(bytes) }
    } catch {
      failure = ErrorObject(
        .syntax, "bad CSV in \(name) at \(error.line):\(error.column): \(error.message)",
        help: error.help)
    }
  }
}
