import Glibc
import Language
import Posix
import Processes

/// Writes what programs have put out, to descriptors of this process or into files.
///
/// While the reader takes nothing, or the disk is full, everything else goes on.
final class OutputWriter {
  private let session: Session
  private let interpreter: Interpreter
  /// Told once when there is no room on a disk.
  var onFull: ((_ what: String, _ error: SystemError) -> Void)?
  /// How long a write waits for its reader or for room (ns); nil for as long as it takes.
  var timeout: Int64?
  /// Nothing is waited for where a disk is full.
  var failsWhenFull = false
  private var hasTold = false
  private var isWide = false
  private static let pause: Int64 = 200_000_000

  init(_ session: Session, _ interpreter: Interpreter) {
    self.session = session
    self.interpreter = interpreter
  }

  /// An output whole, each line in a frame if there is one.
  func write(_ output: TaskOutput, to fd: Int32, in frame: LineFrame) throws {
    if fd == 1, !isWide, output.size >= 1 << 18 {
      // If it is a pipe, its reader is woken less often.
      isWide = true
      OutputPipe.widen(1, to: 1 << 20)
    }
    if frame.isEmpty { return try output.forEachPiece { try write($0, to: fd) } }
    var tagged: [UInt8] = []
    var isOpen = false
    try output.forEachPiece { piece in
      try LineRelay.forEachLine(piece) { line, isWhole in
        if !isOpen { tagged += frame.before }
        tagged.append(contentsOf: line)
        if isWhole { tagged += frame.after + [0x0A] }
        isOpen = !isWhole
        if tagged.count > 1 << 16 {
          try write(tagged, to: fd)
          tagged.removeAll(keepingCapacity: true)
        }
      }
    }
    if isOpen { tagged += frame.after + [0x0A] }
    try write(tagged, to: fd)
  }

  func write(_ bytes: [UInt8], to fd: Int32) throws {
    try bytes.withUnsafeBytes { try write($0, to: fd) }
  }

  func write(_ bytes: UnsafeRawBufferPointer, to fd: Int32) throws {
    var rest = bytes
    var needsAttention = false
    while !rest.isEmpty {
      do throws(SystemError) {
        if let count = try Transfer.writeNow(fd, rest) {
          rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
          continue
        }
      } catch {
        if error.code == EPIPE {
          if fd == 1 {
            // The reader has gone, which ends this process as it would end a program.
            if let broken = session.output.brokenPipe() { throw broken }
            needsAttention = true
          }
          break
        }
        guard OutputStore.isNoRoom(error) else {
          throw error.asError("cannot write the output of a task")
        }
        try waitForRoom(fd == 1 ? "where standard output goes" : "for --results", error)
        continue
      }
      try waitWritable(fd)
    }
    if needsAttention { try session.attend(interpreter) }
  }

  private func waitWritable(_ fd: Int32) throws {
    var isReady = false
    let watch = try mapErrors { try session.loop.watch(fd, for: .write) { isReady = true } }
    defer { session.loop.remove(watch) }
    let limit = timeout.map { Clock.deadline(after: $0) }
    if try session.pause(interpreter, until: limit, done: { isReady }) { return }
    throw ErrorObject(.timeout, "no process reads the output of the tasks")
  }

  private func waitForRoom(_ what: String, _ error: SystemError) throws {
    if failsWhenFull { throw ProgramRun.noRoom(what, error) }
    if !hasTold { onFull?(what, error) }
    hasTold = true
    if let timeout, timeout <= 0 { throw error.asError("cannot keep the output of a task") }
    let moment = Clock.deadline(after: OutputWriter.pause)
    _ = try session.pause(interpreter, until: moment) { false }
    timeout? -= OutputWriter.pause
  }

  // MARK: Files

  /// Runs what makes files; as long as there is no room, it is tried again.
  func makingFiles<Result>(_ body: () throws(SystemError) -> Result) throws -> Result {
    while true {
      do throws(SystemError) {
        return try body()
      } catch {
        guard OutputStore.isNoRoom(error) else { throw error.asError("cannot keep a result") }
        try waitForRoom("for --results", error)
      }
    }
  }

  /// Makes a file of an output, or writes what it lacks.
  func save(_ output: TaskOutput, as path: String) throws {
    if output.path != nil {
      var file: Int32 = -1
      defer { Descriptors.close(file) }
      return try output.completeFile { piece in
        if file < 0 { file = try append(path) }
        try write(piece, to: file)
      }
    }
    let fd = try create(path)
    defer { Descriptors.close(fd) }
    try output.forEachPiece { try write($0, to: fd) }
  }

  /// Makes a file of some bytes.
  func save(_ bytes: [UInt8], as path: String) throws {
    let fd = try create(path)
    defer { Descriptors.close(fd) }
    try write(bytes, to: fd)
  }

  private func append(_ path: String) throws -> Int32 {
    try makingFiles { () throws(SystemError) in
      try Descriptors.makePrivate(try Descriptors.open(path, O_WRONLY | O_APPEND | O_NONBLOCK))
    }
  }

  private func create(_ path: String) throws -> Int32 {
    try makingFiles { () throws(SystemError) in
      try Descriptors.makePrivate(
        try Descriptors.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK))
    }
  }
}
