import Language
import Posix

/// Who has a journal that is locked.
enum JournalHolder {
  static func error(_ path: String) -> ErrorObject {
    let pid = holder(path)
    let who = pid.map { $0 == Process.pid ? "this process" : "process \($0)" } ?? "another process"
    return ErrorObject(
      .failed, "the journal '\(path)' is in use: a run of \(who) writes it",
      help: "wait for that run to end\(pid.map { ", or end it: kill \($0)" } ?? ""), "
        + "or name another file")
  }

  /// The process that holds an OFD lock on a file, as far as /proc tells.
  private static func holder(_ path: String) -> Int32? {
    guard let file = try? FileStatus(path) else { return nil }
    for pid in ((try? Directory.names("/proc")) ?? []).compactMap({ Int32($0) }) {
      for name in (try? Directory.names("/proc/\(pid)/fd")) ?? [] {
        guard let other = try? FileStatus("/proc/\(pid)/fd/\(name)"),
          other.inode == file.inode, other.device == file.device,
          let info = try? Transfer.readFile("/proc/\(pid)/fdinfo/\(name)"),
          String(decoding: info, as: UTF8.self).contains("OFDLCK")
        else { continue }
        return pid
      }
    }
    return nil
  }
}
