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
      switch (try? FileStatus(descriptor: 0))?.kind {
      case .regular: isComplete = try readFromFile(&line)
      case .fifo: isComplete = try readFromPipe(&line, isPipe: true, call.interpreter)
      case .socket: isComplete = try readFromPipe(&line, isPipe: false, call.interpreter)
      default: isComplete = try readFromStream(&line, call.interpreter)
      }
    } catch let failure as SystemError {
      if failure.code == EFBIG { throw call.error(.limit, "the line is longer than 1GiB") }
      let reason = failure.message.prefix(1).lowercased() + failure.message.dropFirst()
      throw call.error(.system, "cannot read standard input: \(reason)")
    }
    if !isComplete && line.isEmpty { return nil }
    if isComplete, line.last == UInt8(ascii: "\r") { line.removeLast() }
    return line
  }

  /// Of a pipe exactly what a look at its content shows to belong to the line.
  private static func readFromPipe(
    _ line: inout [UInt8], isPipe: Bool, _ interpreter: Interpreter
  ) throws -> Bool {
    var room = 256
    while line.count < mostBytes {
      let isComplete = try withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) {
        buffer -> Bool? in
        let seen: Int
        do {
          seen = try Transfer.peek(0, isPipe: isPipe, into: buffer) {
            try interpreter.host.attend(interpreter)
          }
        } catch is SystemError {
          return try readFromStream(&line, interpreter)  // without a descriptor left for the look
        }
        if seen == 0 { return false }
        let shown = buffer[..<seen]
        let end = shown.firstIndex(of: UInt8(ascii: "\n"))
        let wanted = UnsafeMutableRawBufferPointer(
          rebasing: shown[..<(end.map { $0 + 1 } ?? shown.endIndex)])
        let count = try Transfer.read(0, into: wanted) { try interpreter.host.attend(interpreter) }
        line += wanted[..<count]
        if line.last == UInt8(ascii: "\n") {
          line.removeLast()
          return true
        }
        return count == 0 ? false : nil
      }
      if let isComplete { return isComplete }
      room = min(room * 4, 1 << 16)
    }
    throw SystemError(call: "read", code: EFBIG)
  }

  /// Of a terminal single bytes, since what was read cannot be put back.
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
