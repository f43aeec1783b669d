import CPosix
import Glibc

/// A place in memory that several processes can share: the file behind it, and where in it.
public struct SharedPlace: Hashable, Sendable {
  /// The file that is mapped.
  public let file: FileID
  /// The place in it at which the mapping begins, in bytes.
  public let offset: UInt64
  /// The path of the file; `/memfd:NAME (deleted)` and the like for memory without one.
  public let path: String

  /// Whether processes that do not have it yet can open it by its path.
  public var isNamed: Bool {
    path.hasPrefix("/") && !path.hasSuffix(" (deleted)") && !path.hasPrefix("/SYSV")
      && !path.hasPrefix("/memfd:") && path != "/dev/zero"
  }

  /// Whether it is memory of MAP_ANONYMOUS, which a process has from its parent alone: no descriptor
  /// leads to it (mmap(2)).
  public var isAnonymous: Bool { path == "/dev/zero (deleted)" }
}

extension ProcFiles {
  /// The place behind an address; nil for memory that is the process's own.
  public func place(_ pid: Int32, at address: UInt64) -> Reading<SharedPlace?> {
    if hidden.contains(.memory) { return .hidden(errno: EACCES) }
    var mapping = brood_mapping()
    let code = brood_proc_mapping(pid, address, &mapping)
    if code < 0 { return .failed(Int(code)) }
    guard code == 1, mapping.is_shared, mapping.inode != 0 else { return .known(nil) }
    let file = FileID(device: mapping.device, inode: mapping.inode)
    let path = withUnsafeBytes(of: mapping.path) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return .known(
      SharedPlace(file: file, offset: mapping.offset + (address - mapping.start), path: path))
  }

  /// Whether a process maps a place, to share it.
  public func maps(_ pid: Int32, _ place: SharedPlace) -> Reading<Bool> {
    if hidden.contains(.memory) { return .hidden(errno: EACCES) }
    var address: UInt64 = 0
    let code = brood_proc_maps(
      pid, place.file.device, place.file.inode, place.offset, &address)
    return code < 0 ? .failed(Int(code)) : .known(code == 1)
  }

  /// The word of a futex as it is now.
  public func word(_ pid: Int32, at address: UInt64) -> UInt32? {
    number(pid, at: address, as: UInt32.self)
  }

  /// The named pipe at a path; nil if there is none.
  public func namedPipe(at path: String) -> FileID? {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    guard brood_named_pipe(path, &device, &inode) == 1 else { return nil }
    return FileID(device: device, inode: inode)
  }

  /// The file at a path, of whatever kind; nil if there is none.
  public func file(at path: String) -> FileID? {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    guard brood_named_pipe(path, &device, &inode) >= 0 else { return nil }
    return FileID(device: device, inode: inode)
  }

  /// Whether two processes have one address space, as a child of vfork(2) and its parent.
  public func shareMemory(_ one: Int32, _ other: Int32) -> Reading<Bool> {
    let code = brood_share_memory(one, other)
    return code < 0 ? .failed(Int(code)) : .known(code == 1)
  }

  /// The process that changed a System V semaphore last; nil if it is not told.
  public func lastUser(ofSemaphore number: Int, set: Int32) -> Int32? {
    let pid = brood_semaphore_user(set, Int32(truncatingIfNeeded: number))
    return pid > 0 ? pid : nil
  }
}
