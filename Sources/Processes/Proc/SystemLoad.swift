import Glibc
import Posix

/// How busy the machine is.
public enum SystemLoad {
  /// How many processes and threads run or wait for a disk now, this one left out (proc_stat(5)).
  ///
  /// The mean of the last minute, as of getloadavg(3), comes much too late to decide on starts.
  public static var running: Double {
    guard let bytes = try? Transfer.readFile("/proc/stat") else { return 0 }
    var result = -1
    for line in bytes.split(separator: 0x0A) {
      let text = String(decoding: line.prefix(40), as: UTF8.self)
      guard text.hasPrefix("procs_") else { continue }
      result += Int(text.split(separator: " ").last ?? "") ?? 0
    }
    return Double(max(0, result))
  }

  /// How many processes one more program can have beside it: by the limits of open files, of which
  /// each needs `files`, and of the user's processes; and which of these is the lower one.
  public static func room(files: Int) -> (count: Int, cause: String) {
    var limit = rlimit()
    var result = (count: Int.max, cause: "")
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      let free = Int(clamping: limit.rlim_cur) - Int(Descriptors.privateBase) - 64
      result = (max(1, free / max(1, files)), "open files, ulimit -n")
    }
    // RLIMIT_NPROC, a macro that Swift does not see.
    if getrlimit(__rlimit_resource_t(6), &limit) == 0, limit.rlim_cur < result.count {
      result = (max(1, Int(clamping: limit.rlim_cur)), "processes, ulimit -u")
    }
    return result
  }
}
