import CPosix
import Posix

/// The system call in which a process sleeps (/proc/PID/syscall).
public struct ProcessWait: Sendable {
  /// Its number on this machine.
  public let number: Int

  /// Its name, such as "read"; "syscall 999" if it is not a common one.
  public let name: String

  /// Its six raw arguments.
  public let arguments: [UInt64]

  /// What a descriptor in the first argument leads to, or another plain hint at what is awaited.
  public var target: String?

  /// Name and target in one line: "read pipe:[123]", "wait4 4312", "clock_nanosleep".
  public var summary: String { target.map { "\(name) \($0)" } ?? name }
}

extension ProcReader {
  /// What a process waits for; nil if it runs, is gone, or may not be looked into.
  public func waiting(_ pid: Int32) -> ProcessWait? {
    guard let fields = text(pid, "syscall")?.split(whereSeparator: \.isWhitespace),
      let first = fields.first, let number = Int(first), number >= 0, fields.count >= 7
    else { return nil }
    // A thread of the kernel is in no system call, and shows zeros.
    if fields.allSatisfy({ $0 == "0" || $0 == "0x0" }) { return nil }
    let arguments = fields[1...6].map { UInt64($0.dropFirst(2), radix: 16) ?? 0 }
    let name = brood_syscall_name(Int64(number)).map { String(cString: $0) }
    var wait = ProcessWait(
      number: number, name: name ?? "syscall \(number)", arguments: arguments, target: nil)
    wait.target = target(of: wait, pid)
    return wait
  }

  private func target(of wait: ProcessWait, _ pid: Int32) -> String? {
    let argument = wait.arguments[0]
    switch wait.name {
    case "wait4":
      let child = Int32(truncatingIfNeeded: argument)
      return child > 0 ? "\(child)" : nil
    case "waitid":
      return argument == 1 ? "\(Int32(truncatingIfNeeded: wait.arguments[1]))" : nil
    case "futex":
      return "0x" + String(argument, radix: 16)
    case let name where takesDescriptor.contains(name):
      return target(of: pid, descriptor: Int(Int32(truncatingIfNeeded: argument)))
    default:
      return nil
    }
  }
}

private let takesDescriptor: Set<String> = [
  "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
  "pwritev2", "accept", "accept4", "connect", "sendto", "recvfrom", "sendmsg", "recvmsg",
  "sendmmsg", "recvmmsg", "flock", "fcntl", "ioctl", "fsync", "fdatasync", "splice", "tee",
  "vmsplice", "getdents64", "fallocate", "ftruncate",
]
