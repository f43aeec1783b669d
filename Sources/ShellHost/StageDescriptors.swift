import Glibc
import Language
import Posix
import Session

/// Which descriptor of the shell becomes which number in a stage of a pipeline.
struct StageDescriptors {
  private(set) var moves: [(from: Int32, to: Int32)] = []

  /// Makes `target` what `source` is in the shell now.
  mutating func set(_ target: Int32, to source: Int32) {
    moves.removeAll { $0.to == target }
    if source != target { moves.append((from: source, to: target)) }
  }

  /// What a number of the stage will be.
  private func source(of target: Int32) -> Int32 {
    moves.first { $0.to == target }?.from ?? target
  }

  /// Adds a redirection whose file was opened.
  mutating func add(_ redirection: Redirection, file: Int32?) throws {
    var source = file ?? 0
    if case .duplicate(let other) = redirection.kind {
      source = self.source(of: other)
      try StageDescriptors.checkOpen(source, redirection)
    }
    for target in redirection.descriptors { set(target, to: source) }
  }

  /// Puts all in place in a forked child, and closes what only the shell needs.
  func enact(closing others: Set<Int32>) throws(SystemError) {
    // By way of copies, since a source may be another one's target.
    var copies: [(from: Int32, to: Int32)] = []
    for move in moves {
      copies.append((from: try Descriptors.privateCopy(of: move.from), to: move.to))
    }
    let targets = Set(moves.map(\.to))
    for fd in others where !targets.contains(fd) { Descriptors.close(fd) }
    for copy in copies {
      try Descriptors.copy(copy.from, onto: copy.to)
      Descriptors.close(copy.from)
    }
  }

  /// A duplicated descriptor must be open, and none of the session's own.
  static func checkOpen(_ fd: Int32, _ redirection: Redirection) throws {
    if fd < Descriptors.privateBase, Descriptors.isOpen(fd) { return }
    throw ErrorObject(
      .system, "descriptor \(fd) is not open", help: "open it first, as \(fd)>FILE",
      location: redirection.location)
  }
}

extension Redirection {
  /// Whether opening its file may wait for another process.
  var isFIFO: Bool {
    if case .duplicate = kind { return false }
    if handle != nil { return false }
    return (try? FileStatus(target))?.kind == .fifo
  }
}

extension BroodHost {
  /// Opens the file of a redirection, or copies the descriptor that its handle has; nil for one that
  /// copies a numbered descriptor.
  ///
  /// A FIFO waits for its other end; meanwhile signal handlers run.
  func open(_ redirection: Redirection, _ interpreter: Interpreter) throws -> Int32? {
    let flags: Int32?
    switch redirection.kind {
    case .read: flags = nil
    case .write: flags = O_CREAT | O_TRUNC
    case .append: flags = O_CREAT | O_APPEND
    case .duplicate: return nil
    }
    do {
      if let handle = redirection.handle { return try redirection.descriptor(of: handle) }
      if let gate = Gate.current {
        let sign = flags.map { $0 & O_APPEND != 0 ? ">>" : ">" } ?? "<"
        try gate.stop(
          file: redirection.target, writes: flags != nil, "\(sign) \(redirection.target)")
      }
      if redirection.target.utf8.contains(0) {
        throw ErrorObject(.type, "a path cannot hold a null character")
      }
      do {
        let attend = { try self.attend(interpreter) }
        let fd =
          try flags.map {
            try Transfer.openForWriting(redirection.target, $0, onAttention: attend)
          } ?? Transfer.openForReading(redirection.target, onAttention: attend)
        guard redirection.descriptors.contains(fd) else { return fd }
        // The number itself is the target: what is opened must stand elsewhere, where a forked child
        // still has it.
        defer { Descriptors.close(fd) }
        return try Descriptors.copyBeyondDigits(fd)
      } catch let error as SystemError {
        throw problem(redirection, error)
      }
    } catch let error as ErrorObject {
      if error.location == nil { error.location = redirection.location }
      throw error
    }
  }

  private func problem(_ redirection: Redirection, _ error: SystemError) -> ErrorObject {
    let path = redirection.target
    let reason = error.message.prefix(1).lowercased() + error.message.dropFirst()
    let isRead = if case .read = redirection.kind { true } else { false }
    var help: String?
    if error.code == ENOENT, !path.hasPrefix("/") {
      help = (try? Directory.current()).map { "the working directory is \($0)" }
    }
    return ErrorObject(
      error.code == ENOENT ? .missing : .system,
      "cannot open '\(path)' for \(isRead ? "reading" : "writing"): \(reason)", help: help)
  }
}
