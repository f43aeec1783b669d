import CPosix
import Posix

/// Reads files of /proc into one buffer that is used again and again.
///
/// Everything yields nil for a process that is gone or may not be looked into.
public final class ProcReader {
  private var memory: UnsafeMutableRawBufferPointer?
  /// A directory that stands for /proc; -1 for /proc itself.
  private let root: Int32

  /// Makes one, without a buffer.
  ///
  /// - Parameter root: a directory, open, whose files are read in the place of those of /proc.
  public init(root: Int32 = -1) { self.root = root }

  deinit { memory?.deallocate() }

  /// 64 KiB, made at the first use: it would stand between objects that are used together.
  private var buffer: UnsafeMutableRawBufferPointer {
    if let memory { return memory }
    let made = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
    memory = made
    return made
  }

  /// All pids at this moment; none where /proc cannot be read.
  public func pids() -> [Int32] { (try? allPids()) ?? [] }

  /// All pids at this moment.
  public func allPids() throws(SystemError) -> [Int32] {
    var capacity: Int32 = 4096
    while true {
      var found: Int32 = 0
      let result = [Int32](unsafeUninitializedCapacity: Int(capacity)) { pids, count in
        found =
          root < 0
          ? brood_proc_pids(pids.baseAddress, capacity)
          : brood_proc_pids_at(root, pids.baseAddress, capacity)
        count = Int(min(capacity, max(0, found)))
      }
      if found < 0 { throw SystemError(call: "getdents64", code: -found, detail: "/proc") }
      if found <= capacity { return result }
      capacity = found + 1024
    }
  }

  /// The children of a process's main thread (/proc/PID/task/PID/children).
  public func children(of pid: Int32) -> [Int32] { childrenIfKnown(of: pid) ?? [] }

  /// The same; nil if the kernel does not tell.
  public func childrenIfKnown(of pid: Int32) -> [Int32]? {
    text(pid, "task/\(pid)/children")?.split(separator: " ").compactMap { Int32($0) }
  }

  /// The arguments; empty for zombies and kernel threads.
  public func arguments(of pid: Int32) -> [String]? {
    guard let bytes = bytes(pid, "cmdline") else { return nil }
    let body = bytes.last == 0 ? bytes.dropLast() : bytes[...]
    if body.isEmpty { return [] }
    return body.split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// The working directory.
  public func directory(of pid: Int32) -> String? { link(pid, "cwd") }

  /// The program file.
  public func executable(of pid: Int32) -> String? { link(pid, "exe") }

  /// What a descriptor leads to: "pipe:[123]", "/dev/null", "socket:[77]".
  public func target(of pid: Int32, descriptor: Int) -> String? { link(pid, "fd/\(descriptor)") }

  /// The open descriptors and what they lead to.
  public func descriptors(of pid: Int32) -> [(fd: Int32, target: String)]? {
    guard let names = try? Directory.names("/proc/\(pid)/fd") else { return nil }
    return names.compactMap { Int32($0) }.sorted().compactMap { fd in
      link(pid, "fd/\(fd)").map { (fd, $0) }
    }
  }

  /// What tells the file of a descriptor from others of that name; nil if it cannot be seen.
  public func inode(of pid: Int32, _ fd: Int32) -> String? {
    let status = try? FileStatus("/proc/\(pid)/fd/\(fd)")
    return status.map { "\($0.device):\($0.inode)" }
  }

  /// Time on a CPU and time ready but waiting for one, in nanoseconds (/proc/PID/schedstat).
  public func schedule(of pid: Int32) -> (running: Int64, waiting: Int64)? {
    let numbers = text(pid, "schedstat")?.split(whereSeparator: \.isWhitespace)
    guard let numbers, numbers.count >= 2, let running = Int64(numbers[0]),
      let waiting = Int64(numbers[1])
    else { return nil }
    return (running, waiting)
  }

  /// How often its first thread has been on a CPU (/proc/PID/schedstat); nil where that is not counted.
  ///
  /// As long as it has not changed, the process has not run.
  public func turns(of pid: Int32) -> UInt64? {
    let count = with(pid, "schedstat") { bytes -> UInt64? in
      var lines = ProcLines(bytes)
      guard var line = lines.next(), line.nextWord() != nil else { return nil }
      return line.nextNumber()
    }
    return count == 0 ? nil : count
  }

  /// A whole small file as text (at most 64 KiB); pid 0 means /proc itself.
  public func text(_ pid: Int32, _ name: String) -> String? {
    with(pid, name) { String(decoding: $0, as: UTF8.self) }
  }

  /// A whole small file (at most 64 KiB).
  public func bytes(_ pid: Int32, _ name: String) -> [UInt8]? { with(pid, name) { Array($0) } }

  /// Lends a file's bytes; they are overwritten by the next call.
  func with<Result>(
    _ pid: Int32, _ name: String, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    guard let bytes = try? lend(pid, name) else { return nil }
    return body(bytes)
  }

  /// The same, with the reason where it cannot be read.
  func lend(_ pid: Int32, _ name: String) throws(SystemError) -> UnsafeRawBufferPointer {
    let length = brood_proc_read_at(root, pid, name, buffer.baseAddress, buffer.count)
    guard length >= 0 else {
      throw SystemError(
        call: "read", code: Int32(truncatingIfNeeded: -length), detail: "/proc/\(pid)/\(name)")
    }
    return UnsafeRawBufferPointer(rebasing: buffer.prefix(Int(length)))
  }

  private func link(_ pid: Int32, _ name: String) -> String? {
    let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    let length = brood_proc_link(pid, name, base, buffer.count)
    guard length >= 0 else { return nil }
    return String(decoding: buffer.prefix(Int(length)), as: UTF8.self)
  }
}
