import Glibc
import Posix

/// How much memory there is for this process.
public enum SystemMemory {
  /// Bytes that the machine has (sysconf(3)).
  public static var total: Int {
    let (bytes, isOver) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
      by: sysconf(Int32(_SC_PAGESIZE)))
    return isOver ? .max : bytes
  }

  /// Bytes that could be taken now without swapping: what the machine has available, and no more
  /// than its control groups still allow (proc_meminfo(5), cgroups(7)).
  public static func available(_ reader: ProcReader) -> Int {
    var result = Int.max
    if let line = reader.text(0, "meminfo")?.split(separator: "\n").first(where: {
      $0.hasPrefix("MemAvailable:")
    }), let kilobytes = Int(line.split(separator: " ").dropFirst().first ?? "") {
      result = kilobytes * 1024
    }
    for directory in groups(reader) {
      guard let most = number("\(directory)/memory.max") else { continue }
      result = min(result, max(0, most - (number("\(directory)/memory.current") ?? 0)))
    }
    return result == .max ? 1 << 30 : result
  }

  /// The directory of this process's control group, and those above it.
  static func groups(_ reader: ProcReader) -> [String] {
    guard let text = reader.text(0, "self/cgroup"),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
    else { return [] }
    var parts = line.dropFirst(3).split(separator: "/")
    var result = ["/sys/fs/cgroup"]
    while !parts.isEmpty {
      result.append("/sys/fs/cgroup/" + parts.joined(separator: "/"))
      parts.removeLast()
    }
    return result
  }

  static func number(_ path: String) -> Int? {
    guard let bytes = try? Transfer.readFile(path) else { return nil }
    return Int(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? "")
  }
}
