import Explore
import Glibc
import Posix
import Processes

/// Gives the processes of a run the same pids each time, where all processes of the pid namespace are of
/// the session or above it (pid_namespaces(7)).
///
/// Before each fork the kernel is told which pid it gave last. As one process of a run goes on at a time,
/// nobody forks in between.
enum RunPids {
  private static let file = "/proc/sys/kernel/ns_last_pid"

  /// Whether nobody else forks here, and the kernel can be told.
  static func arePossible(_ session: Session) -> Bool {
    guard access(file, W_OK) == 0 else { return false }
    var parents: [Int32: Int32] = [:]
    for pid in session.reader.pids() {
      guard let stat = session.reader.stat(pid) else { continue }
      parents[pid] = stat.parent
    }
    guard parents[Process.pid] != nil else { return false }
    var above: Set<Int32> = []
    var next = session.rootPid
    while let parent = parents[next], above.insert(next).inserted { next = parent }
    let areOwn = parents.keys.allSatisfy { pid in
      if above.contains(pid) || pid == session.guardianPid { return true }
      var next = pid
      for _ in 0..<parents.count {
        guard let parent = parents[next] else { return false }
        if parent == session.rootPid { return true }
        next = parent
      }
      return false
    }
    return areOwn && tell(lastPid() ?? 0)
  }

  /// Before a fork: the child gets the pid of its path, or the next one that is free.
  static func prepare(_ path: ProcessPath) { _ = tell(number(of: path) - 1) }

  /// The pid of a path: 10000 for the first process, 10001 for its first child, 10017 for the first one of
  /// that.
  static func number(of path: ProcessPath) -> Int32 {
    var number: Int32 = 0
    for place in path.places { number = (number * 16 + Int32(clamping: place)) % 20_000 }
    return 10_000 + number
  }

  private static func lastPid() -> Int32? {
    guard let bytes = try? Transfer.readFile(file, onAttention: nil) else { return nil }
    return Int32(String(decoding: bytes, as: UTF8.self).filter(\.isNumber))
  }

  private static func tell(_ pid: Int32) -> Bool {
    guard pid > 0, let file = try? Descriptors.open(file, O_WRONLY) else { return false }
    defer { Descriptors.close(file) }
    let text = Array("\(pid)".utf8)
    return write(file, text, text.count) == text.count
  }
}
