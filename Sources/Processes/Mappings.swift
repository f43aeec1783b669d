import CPosix
import Glibc

/// A place in memory that several processes can share: the file behind it, and where in it.
public struct SharedPlace: Hashable, Sendable {
  public let file: FileID
  public let offset: UInt64
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
    return .known(SharedPlace(file: file, offset: mapping.offset + (address - mapping.start)))
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
