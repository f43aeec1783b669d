import Glibc
import Language
import Posix

extension Call {
  /// A path argument with a leading `~` replaced by the home directory.
  ///
  /// Quoting does not hide the `~`, since paths often come in variables; `./~` names such a file.
  func path(_ index: Int) throws -> String {
    let path = text(index)
    if path.isEmpty { throw bad("path", must: "a text that is not empty", at: index) }
    if path.utf8.contains(0) { throw bad("path", must: "without a null character", at: index) }
    guard path == "~" || path.hasPrefix("~/") else { return path }
    return try home(at: index) + path.dropFirst()
  }

  /// The user's home directory.
  func home(at index: Int? = nil) throws -> String {
    guard let home = environment("HOME"), !home.isEmpty else {
      throw error(.missing, "$env.HOME is not set", at: index)
    }
    return home
  }

  /// A variable of the environment.
  func environment(_ name: String) -> String? {
    guard case .map(let variables) = interpreter.host.liveVariable("env") else { return nil }
    return variables.get(name)?.asText
  }

  /// Runs file operations; what fails becomes `cannot ACTION 'PATH': REASON`.
  func onFile<R>(_ action: String, _ path: String, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let failure as SystemError {
      let kind: ErrorKind =
        switch failure.code {
        case ENOENT: .missing
        case EFBIG, ENOMEM: .limit
        default: .system
        }
      let reason = failure.message.prefix(1).lowercased() + failure.message.dropFirst()
      throw error(
        kind, "cannot \(action) '\(path)': \(reason)", at: 0, help: help(failure, action, path))
    }
  }

  private func help(_ failure: SystemError, _ action: String, _ path: String) -> String? {
    switch failure.code {
    case ENOENT where path.hasPrefix("/"): return nil
    case ENOENT:
      guard let directory = try? Directory.current() else { return nil }
      return "the working directory is \(directory)"
    case ENOMEM: return LargeMemory.remedy()
    case EFBIG where action == "read": return "let a program such as 'head -c' read a part of it"
    default: return nil
    }
  }

  /// Opens a file; while a FIFO waits for its other end, signal handlers run.
  ///
  /// - Parameter flags: those of open(2) for writing; nil to read it.
  func open(_ path: String, writing flags: Int32? = nil) throws -> Int32 {
    // What is no file may block, and then what was printed before must be seen.
    if (try? FileStatus(path))?.kind ?? .regular != .regular { try interpreter.flush() }
    let interpreter = interpreter
    let attend = { try interpreter.host.attend(interpreter) }
    guard let flags else { return try Transfer.openForReading(path, onAttention: attend) }
    return try Transfer.openForWriting(path, flags, onAttention: attend)
  }

  /// Reads an open file to its end.
  func readAll(_ fd: Int32) throws -> [UInt8] {
    let interpreter = interpreter
    let attend = { try interpreter.host.attend(interpreter) }
    let status = try FileStatus(descriptor: fd)
    guard status.kind == .regular, status.size > 0 else {
      // A device such as /dev/zero has no end.
      return try Transfer.readAll(fd, limit: mostBytes, onAttention: attend)
    }
    let size = Int(status.size)
    try ProgramMemory.require(size)
    var bytes = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let rest = UnsafeMutableRawBufferPointer(buffer[count...].rebased)
        let got = try Transfer.read(fd, into: rest, onAttention: attend)
        if got == 0 { return }
        count += got
      }
    }
    if bytes.count == size {
      bytes += try Transfer.readAll(fd, limit: mostBytes, onAttention: attend)
    }
    return bytes
  }

  /// Writes a value's text, or bytes as they are.
  func writeAll(_ fd: Int32, _ content: Value) throws {
    let interpreter = interpreter
    let attend = { try interpreter.host.attend(interpreter) }
    if case .bytes(let bytes) = content {
      return try Transfer.writeAll(fd, bytes.bytes, onAttention: attend)
    }
    try content.textObject.withBytes {
      try Transfer.writeAll(fd, UnsafeRawBufferPointer($0), onAttention: attend)
    }
  }
}

extension Slice<UnsafeMutableBufferPointer<UInt8>> {
  fileprivate var rebased: UnsafeMutableBufferPointer<UInt8> { .init(rebasing: self) }
}
