import CPosix
import Glibc

/// A file of lines that only grows, written by one process at a time (KERNEL.md).
///
/// Each line is one write(2) at the end, so that a crash leaves at most the last line torn. While it
/// is open an OFD lock keeps others out; forked children and programs do not inherit that.
public final class JournalFile {
  public let path: String
  /// Whether it was opened by a process that this one was forked from.
  public var isInherited: Bool { depth != Process.forkDepth }
  /// Whether the file can be written, and is locked.
  public let isWritable: Bool
  /// How many bytes were found behind the last whole line.
  public private(set) var tornBytes = 0
  private var wholeSize = 0
  private var fd: Int32
  private let depth = Process.forkDepth
  /// Lines that wait for room on the disk.
  private var backlog: [[UInt8]] = []
  /// A part of a line stands at the end and could not be taken away.
  private var isTorn = false
  private var syncedAt = Clock.coarse
  private var isSynced = true

  private static let chunk = 1 << 18
  /// How long what was written may stay in the memory of the kernel (ns).
  private static let syncInterval: Int64 = 1_000_000_000

  /// Opens a file, and makes and locks it unless it shall only be read.
  ///
  /// - Throws: EAGAIN if another process has it locked; EINVAL if it is no regular file.
  public init(_ path: String, writing: Bool = true) throws(SystemError) {
    self.path = path
    isWritable = writing
    fd = -1
    let flags = writing ? O_RDWR | O_APPEND | O_CREAT : O_RDONLY
    let opened = OwnedDescriptor(try Descriptors.open(path, flags | O_NONBLOCK))
    guard try FileStatus(descriptor: opened.number).kind == .regular else {
      throw SystemError(call: "open", code: EINVAL, detail: path)
    }
    if writing { try JournalFile.lock(opened.number, path) }
    fd = try opened.makePrivate().release()
  }

  /// What a session that was killed had just forked may have its lock for a moment yet.
  private static func lock(_ fd: Int32, _ path: String) throws(SystemError) {
    let deadline = Clock.deadline(after: 1_000_000_000)
    while true {
      do throws(SystemError) {
        try checked("fcntl", path) { brood_lock_file(fd, true) }
        return
      } catch {
        guard error.code == EAGAIN, Clock.monotonic < deadline else { throw error }
        _ = poll(nil, 0, 20)
      }
    }
  }

  // MARK: Reading

  /// Goes through the whole lines.
  ///
  /// - Parameter body: gets a line without its end, and where it begins in the file.
  public func forEachLine(
    _ body: (_ line: UnsafeRawBufferPointer, _ place: Int) throws -> Void
  ) throws {
    var pending: [UInt8] = []
    var begin = 0
    while true {
      let count = try read(at: begin + pending.count, upTo: JournalFile.chunk, into: &pending)
      if count == 0 { break }
      var start = 0
      try pending.withUnsafeBytes { bytes in
        while let end = bytes[start...].firstIndex(of: 0x0A) {
          try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), begin + start)
          start = end + 1
        }
      }
      pending.removeFirst(start)
      begin += start
    }
    tornBytes = pending.count
    wholeSize = begin
  }

  /// Cuts off what is torn behind the lines that were met.
  public func cutTornLine() throws(SystemError) {
    if tornBytes == 0 { return }
    _ = try libc("ftruncate", path) { ftruncate(fd, wholeSize) }
    tornBytes = 0
  }

  /// A part that was met, again.
  public func part(at place: Int, length: Int) throws(SystemError) -> [UInt8] {
    var line: [UInt8] = []
    while line.count < length {
      let count = try read(at: place + line.count, upTo: length - line.count, into: &line)
      if count == 0 { throw SystemError(call: "read", code: EIO, detail: path) }
    }
    return line
  }

  private func read(
    at place: Int, upTo size: Int, into bytes: inout [UInt8]
  ) throws(SystemError) -> Int {
    var code: Int32 = 0
    let fd = fd
    let piece = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let got = pread(fd, buffer.baseAddress, size, place)
      if got < 0 { code = errno }
      count = max(0, got)
    }
    if code != 0 { throw SystemError(call: "read", code: code, detail: path) }
    bytes += piece
    return piece.count
  }

  // MARK: Writing

  /// Adds a line; false if it waits for room on the disk.
  ///
  /// - Parameter line: without its end, which no byte of it is.
  @discardableResult
  public func append(_ line: [UInt8]) throws(SystemError) -> Bool {
    if fd < 0 { return true }
    backlog.append(line + [0x0A])
    return try flush()
  }

  /// Whether lines wait for room on the disk.
  public var isWaiting: Bool { !backlog.isEmpty }

  /// Writes what waits; false if there is still no room.
  @discardableResult
  public func flush() throws(SystemError) -> Bool {
    guard !isInherited, fd >= 0 else { return true }
    while let line = backlog.first {
      if try !write(line) { return false }
      backlog.removeFirst()
    }
    if Clock.coarse - syncedAt > JournalFile.syncInterval { try sync() }
    return true
  }

  private func write(_ line: [UInt8]) throws(SystemError) -> Bool {
    // A part that could not be taken away becomes a line of its own, which readers pass over.
    let bytes = isTorn ? [0x0A] + line : line
    isSynced = false
    var done = 0
    var code: Int32 = 0
    bytes.withUnsafeBytes { bytes in
      // All of it goes at once, unless there is no room: then the next call says why.
      while done < bytes.count, code == 0 {
        let count = Glibc.write(fd, bytes.baseAddress?.advanced(by: done), bytes.count - done)
        if count > 0 { done += count } else { code = count < 0 ? errno : ENOSPC }
        if code == EINTR { code = 0 }
      }
    }
    if code == 0 {
      isTorn = false
      return true
    }
    if done > 0 {
      let end = lseek(fd, 0, SEEK_CUR)
      isTorn = end < done || ftruncate(fd, end - done) != 0
    }
    if code == ENOSPC || code == EDQUOT { return false }
    throw SystemError(call: "write", code: code, detail: path)
  }

  /// Sees to it that what was written outlives a power failure (fdatasync(2)).
  public func sync() throws(SystemError) {
    if isSynced || fd < 0 { return }
    syncedAt = Clock.coarse
    isSynced = true
    _ = try libc("fdatasync", path) { fdatasync(fd) }
  }

  /// Lets others have it.
  public func close() {
    // In a forked child the number may mean something else.
    if !isInherited, fd >= 0 {
      // A child that was forked a moment ago may still have the descriptor, and with it the lock.
      _ = brood_lock_file(fd, false)
      Descriptors.close(fd)
    }
    fd = -1
  }

  deinit { close() }
}
