import CPosix
import Glibc

/// What a blocked transfer does when a signal was recorded: run handlers, or throw to abandon.
///
/// It must clear the attention flag (`Attention.clear`), or it is called again at once.
public typealias OnAttention = () throws -> Void

/// Reading and writing whole amounts: short transfers, EINTR and EAGAIN are dealt with here.
public enum Transfer {
  /// Reads once, without waiting; nil if nothing is there yet, 0 at the end (preadv2(2)).
  public static func readNow(
    _ fd: Int32, into buffer: UnsafeMutableRawBufferPointer
  ) throws(SystemError) -> Int? {
    try now("read") { brood_read_now(fd, buffer.baseAddress, buffer.count) }
  }

  /// Looks at what a pipe or socket holds without taking it, waiting for data; 0 at the end.
  public static func peek(
    _ fd: Int32, isPipe: Bool, into buffer: UnsafeMutableRawBufferPointer,
    onAttention: OnAttention? = nil
  ) throws -> Int {
    while true {
      let count = try now("tee") { brood_look(fd, buffer.baseAddress, buffer.count, isPipe) }
      if let count { return count }
      try pause(fd, Int16(POLLIN), "read", onAttention)
    }
  }

  /// Writes what fits without waiting; nil if nothing does (pwritev2(2)).
  public static func writeNow(
    _ fd: Int32, _ bytes: UnsafeRawBufferPointer
  ) throws(SystemError) -> Int? {
    try now("write") { brood_write_now(fd, bytes.baseAddress, bytes.count) }
  }

  /// Reads once, waiting for data; 0 at the end.
  ///
  /// `onAttention` runs at recorded signals.
  public static func read(
    _ fd: Int32, into buffer: UnsafeMutableRawBufferPointer, onAttention: OnAttention? = nil
  ) throws -> Int {
    while true {
      if let count = try readNow(fd, into: buffer) { return count }
      try pause(fd, Int16(POLLIN), "read", onAttention)
    }
  }

  /// Writes all bytes, waiting as needed, but no longer than `timeout` (ns) for the reader to take
  /// something; ETIMEDOUT then.
  ///
  /// `onAttention` runs at recorded signals.
  public static func writeAll(
    _ fd: Int32, _ bytes: UnsafeRawBufferPointer, timeout: Int64? = nil,
    onAttention: OnAttention? = nil
  ) throws {
    var written = 0
    try writeAll(fd, bytes, counting: &written, timeout: timeout, onAttention: onAttention)
  }

  /// The same for who wants to know how far it came when it throws.
  public static func writeAll(
    _ fd: Int32, _ bytes: UnsafeRawBufferPointer, counting written: inout Int,
    timeout: Int64? = nil, onAttention: OnAttention? = nil
  ) throws {
    while written < bytes.count {
      if let count = try writeNow(fd, UnsafeRawBufferPointer(rebasing: bytes[written...])) {
        written += count
      } else {
        let deadline = timeout.map { Clock.deadline(after: $0) } ?? .max
        try pause(fd, Int16(POLLOUT), "write", until: deadline, onAttention)
      }
    }
  }

  /// Writes once to a file on a disk, which does not wait for anybody (write(2)).
  public static func writeFile(
    _ fd: Int32, _ bytes: UnsafeRawBufferPointer
  ) throws(SystemError) -> Int {
    try libc("write") { write(fd, bytes.baseAddress, bytes.count) }
  }

  /// Waits until something can be written; runs `onAttention` at recorded signals.
  public static func waitWritable(_ fd: Int32, onAttention: OnAttention? = nil) throws {
    try pause(fd, Int16(POLLOUT), "write", onAttention)
  }

  /// Writes all bytes of an array.
  public static func writeAll(
    _ fd: Int32, _ bytes: [UInt8], timeout: Int64? = nil, onAttention: OnAttention? = nil
  ) throws {
    try bytes.withUnsafeBytes { try writeAll(fd, $0, timeout: timeout, onAttention: onAttention) }
  }

  /// Writes all of a text's UTF-8.
  public static func writeAll(_ fd: Int32, _ text: String, onAttention: OnAttention? = nil) throws {
    var text = text
    try text.withUTF8 { try writeAll(fd, UnsafeRawBufferPointer($0), onAttention: onAttention) }
  }

  /// Reads until the end, or throws EFBIG above `limit` bytes.
  public static func readAll(
    _ fd: Int32, limit: Int = .max, onAttention: OnAttention? = nil
  ) throws -> [UInt8] {
    var result = try readSome(fd, onAttention: onAttention)
    var isMore = !result.isEmpty
    var chunk = firstChunk
    while isMore, result.count <= limit {
      if result.count < chunk {
        // Without touching memory that the little there is does not need.
        let some = try readSome(fd, onAttention: onAttention)
        result += some
        isMore = !some.isEmpty
        continue
      }
      let used = result.count
      if used + chunk > result.capacity { try ProgramMemory.require(max(used * 2, used + chunk)) }
      // Grown in place, so that a large output is not copied twice.
      result.append(contentsOf: repeatElement(0, count: chunk))
      let count = try result.withUnsafeMutableBytes { bytes in
        try read(
          fd, into: UnsafeMutableRawBufferPointer(rebasing: bytes[used...]),
          onAttention: onAttention)
      }
      result.removeLast(chunk - count)
      isMore = count > 0
      if count == chunk && chunk < 1 << 20 { chunk *= 2 }
    }
    if result.count > limit { throw SystemError(call: "read", code: EFBIG) }
    return result
  }

  private static let firstChunk = 65536

  private static func readSome(_ fd: Int32, onAttention: OnAttention?) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: firstChunk) { buffer, count in
      count = try read(fd, into: UnsafeMutableRawBufferPointer(buffer), onAttention: onAttention)
    }
  }

  /// Reads a whole file.
  ///
  /// It is opened once: what a FIFO's writer sent would be lost with the first reader.
  public static func readFile(_ path: String, onAttention: OnAttention? = nil) throws -> [UInt8] {
    let fd = try openForReading(path, onAttention: onAttention)
    defer { Descriptors.close(fd) }
    return try readAll(fd, onAttention: onAttention)
  }

  /// Opens a file to be read; `onAttention` runs at signals that are recorded while a FIFO waits for
  /// its writer.
  ///
  /// Only poll(2) notices a signal that came just before it: open(2) would wait all the same.
  public static func openForReading(
    _ path: String, onAttention: OnAttention? = nil
  ) throws -> Int32 {
    guard (try? FileStatus(path))?.kind == .fifo else {
      return try Descriptors.open(path, O_RDONLY)
    }
    let file = OwnedDescriptor(try Descriptors.open(path, O_RDONLY | O_NONBLOCK))
    let fd = file.number
    // Until a writer has written, or was there and is gone.
    while true {
      let isReady = try checked("poll", path) {
        brood_wait_ready(fd, Int16(POLLIN), onAttention != nil, .max)
      }
      if isReady != 0 { break }
      try onAttention?()
    }
    try Descriptors.setNonBlocking(fd, false)
    return file.release()
  }

  /// Opens a file to be written; `onAttention` runs at signals that come while a FIFO waits for its
  /// reader.
  public static func openForWriting(
    _ path: String, _ flags: Int32, onAttention: OnAttention? = nil
  ) throws -> Int32 {
    let isFIFO = onAttention != nil && (try? FileStatus(path))?.kind == .fifo
    while true {
      do throws(SystemError) {
        let fd = try Descriptors.open(path, O_WRONLY | flags | (isFIFO ? O_NONBLOCK : 0))
        if isFIFO { try Descriptors.setNonBlocking(fd, false) }
        return fd
      } catch {
        guard error.code == EINTR || isFIFO && error.code == ENXIO else { throw error }
        // A signal just before open(2) would be lost in it, and nothing tells that a reader comes.
        let deadline = Clock.deadline(after: Transfer.retryOfFIFO)
        do {
          if error.code == ENXIO { try pause(-1, 0, "poll", until: deadline, onAttention) }
        } catch let error as SystemError where error.code == ETIMEDOUT {}
      }
      try onAttention?()
    }
  }

  /// How long a FIFO is left alone before it is looked for a reader again (ns).
  private static let retryOfFIFO: Int64 = 5_000_000

  private static func now(
    _ call: String, _ body: () -> Int64
  ) throws(SystemError) -> Int? {
    let result = body()
    if result >= 0 { return Int(result) }
    let code = Int32(truncatingIfNeeded: -result)
    if code == EAGAIN || code == EINTR { return nil }
    throw SystemError(call: call, code: code)
  }

  private static func pause(
    _ fd: Int32, _ events: Int16, _ call: String, until deadline: Int64 = .max,
    _ onAttention: OnAttention?
  ) throws {
    let ready = try checked(call) { brood_wait_ready(fd, events, onAttention != nil, deadline) }
    if ready == 0 { try onAttention?() }
  }
}
