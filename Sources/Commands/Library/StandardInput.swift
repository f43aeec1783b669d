import Glibc
import Language
import Posix

/// Lines from descriptor 0, which programs share: never more is taken than the line itself.
enum StandardInput {
  /// The next line without its end, nil at the end of the input.
  static func readLine(_ call: borrowing Call) throws -> [UInt8]? {
    var line: [UInt8] = []
    let isComplete: Bool
    do {
      let isFile = (try? FileStatus(descriptor: 0))?.kind == .regular
      isComplete = isFile ? try readFromFile(&line) : try readFromStream(&line, call.interpreter)
    } catch let failure as SystemError {
      if failure.code == EFBIG { throw call.error(.limit, "the line is longer than 1GiB") }
      let reason = failure.message.prefix(1).lowercased() + failure.message.dropFirst()
      throw call.error(.system, "cannot read standard input: \(reason)")
    }
    if !isComplete && line.isEmpty { return nil }
    if isComplete, line.last == UInt8(ascii: "\r") { line.removeLast() }
    return line
  }

  /// Of a pipe or terminal single bytes, since what was read cannot be put back.
  private static func readFromStream(
    _ line: inout [UInt8], _ interpreter: Interpreter
  ) throws -> Bool {
    var byte: UInt8 = 0
    while line.count < mostBytes {
      let count = try withUnsafeMutableBytes(of: &byte) { buffer in
        try Transfer.read(0, into: buffer) { try interpreter.host.attend(interpreter) }
      }
      if count == 0 { return false }
      if byte == UInt8(ascii: "\n") { return true }
      line.append(byte)
    }
    throw SystemError(call: "read", code: EFBIG)
  }

  /// Of a file a block, whose end behind the line is put back by moving the offset.
  private static func readFromFile(_ line: inout [UInt8]) throws -> Bool {
    var block = [UInt8](repeating: 0, count: 4096)
    while line.count < mostBytes {
      let count = try block.withUnsafeMutableBytes { try Transfer.read(0, into: $0) }
      if count == 0 { return false }
      guard let end = block[..<count].firstIndex(of: UInt8(ascii: "\n")) else {
        line += block[..<count]
        continue
      }
      line += block[..<end]
      if lseek(0, off_t(end + 1 - count), SEEK_CUR) < 0 {
        throw SystemError(call: "lseek", code: errno)
      }
      return true
    }
    throw SystemError(call: "read", code: EFBIG)
  }
}
