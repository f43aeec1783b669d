import Glibc

/// What a file is (stat(2)).
public struct FileStatus: Sendable {
  /// The kinds of files.
  public enum Kind: String, Sendable {
    case regular, directory, symlink, fifo, socket, character, block, unknown
  }

  public let kind: Kind

  /// Permission bits, with setuid, setgid and sticky.
  public let permissions: UInt32

  /// Size in bytes.
  public let size: Int64
  public let owner: UInt32
  public let group: UInt32
  public let device: UInt64
  public let inode: UInt64
  public let links: UInt64

  /// Last change of the content, in ns since 1970.
  public let modified: Int64

  /// Asks about a path; `following` a last symbolic link or not (stat(2), lstat(2)).
  public init(_ path: String, following: Bool = true) throws(SystemError) {
    var raw = stat()
    _ = try libc(following ? "stat" : "lstat", path) {
      fstatat(AT_FDCWD, path, &raw, following ? 0 : AT_SYMLINK_NOFOLLOW)
    }
    self.init(raw)
  }

  /// Asks about an open descriptor (fstat(2)).
  public init(descriptor: Int32) throws(SystemError) {
    var raw = stat()
    _ = try libc("fstat", "descriptor \(descriptor)") { fstat(descriptor, &raw) }
    self.init(raw)
  }

  private init(_ raw: stat) {
    switch raw.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symlink
    case S_IFIFO: kind = .fifo
    case S_IFSOCK: kind = .socket
    case S_IFCHR: kind = .character
    case S_IFBLK: kind = .block
    default: kind = .unknown
    }
    permissions = raw.st_mode & 0o7777
    size = Int64(raw.st_size)
    owner = raw.st_uid
    group = raw.st_gid
    device = UInt64(raw.st_dev)
    inode = UInt64(raw.st_ino)
    links = UInt64(raw.st_nlink)
    modified = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
  }

  /// Whether this process can find anything there, a dangling link included.
  ///
  /// Only an answer of the file system is one: what else the kernel refuses is thrown.
  public static func exists(_ path: String) throws(SystemError) -> Bool {
    try unlessAbsent(path, following: false) != nil
  }

  /// What a file is; nil where there is none, or none that this process may reach.
  ///
  /// Throws what the kernel refuses for another reason, as ENOMEM and EIO.
  public static func unlessAbsent(
    _ path: String, following: Bool = true
  ) throws(SystemError) -> FileStatus? {
    do {
      return try FileStatus(path, following: following)
    } catch  where error.isAbsence {
      return nil
    }
  }
}

/// Directories and links.
public enum Directory {
  /// The working directory (getcwd(3)).
  public static func current() throws(SystemError) -> String {
    guard let text = getcwd(nil, 0) else { throw SystemError(call: "getcwd", code: errno) }
    defer { free(text) }
    return String(cString: text)
  }

  /// Changes the working directory (chdir(2)).
  public static func change(to path: String) throws(SystemError) {
    _ = try libc("chdir", path) { chdir(path) }
  }

  /// The names in a directory without `.` and `..`, unsorted (opendir(3), readdir(3)).
  public static func names(_ path: String) throws(SystemError) -> [String] {
    guard let directory = opendir(path) else {
      throw SystemError(call: "opendir", code: errno, detail: path)
    }
    defer { closedir(directory) }
    var result: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        if errno == 0 { return result }
        throw SystemError(call: "readdir", code: errno, detail: path)
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { result.append(name) }
    }
  }

  /// Where a symbolic link points (readlink(2)).
  public static func link(_ path: String) throws(SystemError) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = try libc("readlink", path) {
      buffer.withUnsafeMutableBytes {
        $0.withMemoryRebound(to: CChar.self) { text in
          text.baseAddress.map { readlink(path, $0, 4096) } ?? -1
        }
      }
    }
    return String(decoding: buffer.prefix(count), as: UTF8.self)
  }
}

extension SystemError {
  /// The path leads to nothing, or to nothing that this process may reach.
  public var isAbsence: Bool {
    [ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG].contains(code)
  }
}
