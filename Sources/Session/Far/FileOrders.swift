import Glibc
import Language
import Machines
import Posix

/// What is said about files; a transfer's number is used once in a connection.
enum FileOrder: UInt8 {
  /// To an agent: there is this file; its content; all of it was sent; it is not needed any more; a
  /// file there is wanted.
  case offer = 1
  case data, whole, drop, want
  /// From an agent: the content is needed; the file is there; it cannot be had; a file has this size,
  /// and content follows.
  case wanted, done, failed, found

  /// Numbers of transfers are beyond those of attempts.
  static let firstNumber: UInt64 = 1 << 63
  /// So much is sent that the other side has not taken.
  static let window = 256 << 10
  /// How much goes into a message.
  static let piece = 32 << 10

  func message(_ number: UInt64, _ writer: FieldWriter = FieldWriter()) -> FarMessage {
    FarMessage(.file, number, [rawValue] + writer.bytes)
  }

  func message(_ number: UInt64, bytes: UnsafeRawBufferPointer) -> FarMessage {
    var all = [rawValue]
    all += bytes
    return FarMessage(.file, number, all)
  }

  /// The other side may send so much more.
  static func window(_ number: UInt64, _ count: Int) -> FarMessage {
    var writer = FieldWriter()
    writer.add(UInt32(clamping: count))
    return FarMessage(.window, number, writer.bytes)
  }
}

/// Files by paths as bytes, as programs get them.
enum FarPath {
  static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

  private static func units(_ path: [UInt8]) -> [CChar] {
    path.map { CChar(bitPattern: $0) } + [0]
  }

  private static func error(_ call: String, _ path: [UInt8]) -> SystemError {
    SystemError(call: call, code: errno, detail: text(path))
  }

  /// Opens a file close-on-exec, with a descriptor of the shell's own.
  static func open(
    _ path: [UInt8], _ flags: Int32, mode: UInt32 = 0
  ) throws(SystemError) -> Int32 {
    let fd = Glibc.open(units(path), flags | O_CLOEXEC, mode_t(mode))
    if fd < 0 { throw error("open", path) }
    return try Descriptors.makePrivate(fd)
  }

  static func rename(_ old: [UInt8], _ new: [UInt8]) throws(SystemError) {
    if Glibc.rename(units(old), units(new)) < 0 { throw error("rename", new) }
  }

  static func remove(_ path: [UInt8]) { _ = unlink(units(path)) }

  /// False if it is not there, or not empty.
  @discardableResult
  static func removeDirectory(_ path: [UInt8]) -> Bool { rmdir(units(path)) == 0 }

  static func isLink(_ path: [UInt8]) -> Bool {
    var info = stat()
    return lstat(units(path), &info) == 0 && info.st_mode & S_IFMT == S_IFLNK
  }

  /// The paths of what a directory has (readdir(3)).
  static func entries(of path: [UInt8]) throws(SystemError) -> [[UInt8]] {
    guard let directory = opendir(units(path)) else { throw error("opendir", path) }
    defer { closedir(directory) }
    let slash = path.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
    var result: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        if errno != 0 { throw error("readdir", path) }
        return result
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [46], name != [46, 46] { result.append(path + slash + name) }
    }
  }

  static func directory(of path: [UInt8]) -> [UInt8] {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [] }
    return Array(path[...slash])
  }

  /// Makes the directories above a file, and yields those that were not there.
  static func makeDirectories(above path: [UInt8]) throws(SystemError) -> [[UInt8]] {
    var made: [[UInt8]] = []
    for place in path.indices.dropFirst() where path[place] == UInt8(ascii: "/") {
      let directory = Array(path[..<place])
      if mkdir(units(directory), 0o777) == 0 {
        made.append(directory)
      } else if errno != EEXIST, errno != EISDIR {
        // One that is there may be one in which nothing can be made.
        var info = stat()
        if stat(units(directory), &info) == 0, info.st_mode & S_IFMT == S_IFDIR { continue }
        throw error("mkdir", directory)
      }
    }
    return made
  }

  /// A name beside a file for its content while it comes; hosts may share the file system.
  static func temporary(beside path: [UInt8]) -> [UInt8] {
    directory(of: path) + Array(".brood-\(String(UInt64.random(in: 0 ... .max), radix: 16))".utf8)
  }

  /// SHA-256 of the content, 32 bytes; O(size).
  ///
  /// - Parameter alive: told again and again, since a large file takes a while.
  static func digest(
    of fd: Int32, alive: () -> Void = {}
  ) throws(SystemError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var hash = SHA256()
    var place = 0
    while true {
      let count = try MemoryFile.read(fd, into: buffer, at: place)
      if count <= 0 { return hash.bytes() }
      alive()
      hash.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      place += count
    }
  }

  static func writeAll(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = write(fd, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { throw SystemError(call: "write", code: count < 0 ? errno : EIO) }
      done += count
    }
  }
}

extension SHA256 {
  /// The digest of all that was added, 32 bytes.
  mutating func bytes() -> [UInt8] {
    finish().flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
  }
}

/// A file that comes: its content goes to a name of its own, and is renamed when all of it is right.
struct ArrivingFile {
  let path: [UInt8]
  let temporary: [UInt8]
  let size: Int64
  let mode: UInt32
  private(set) var count: Int64 = 0
  private var hash = SHA256()
  private var fd: Int32
  /// Directories that were made for it.
  let directories: [[UInt8]]

  init(_ path: [UInt8], size: Int64, mode: UInt32) throws(SystemError) {
    self.path = path
    self.size = size
    self.mode = mode
    temporary = FarPath.temporary(beside: path)
    directories = try FarPath.makeDirectories(above: path)
    do throws(SystemError) {
      fd = try FarPath.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    } catch {
      for directory in directories.reversed() { FarPath.removeDirectory(directory) }
      throw error
    }
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    try FarPath.writeAll(fd, bytes)
    hash.add(bytes)
    count += Int64(bytes.count)
  }

  /// - Returns: false if what came is not what was announced.
  mutating func finish(digest: [UInt8]) throws(SystemError) -> Bool {
    guard count == size, hash.bytes() == digest else { return false }
    if fchmod(fd, mode_t(mode & 0o777)) < 0 { throw SystemError(call: "fchmod", code: errno) }
    Descriptors.close(fd)
    fd = -1
    try FarPath.rename(temporary, path)
    return true
  }

  /// It does not come: nothing of it is left.
  mutating func abandon() {
    Descriptors.close(fd)
    fd = -1
    FarPath.remove(temporary)
    for directory in directories.reversed() { FarPath.removeDirectory(directory) }
  }
}
