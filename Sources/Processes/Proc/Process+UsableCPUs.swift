import CPosix
import Posix

extension Process {
  /// How many CPUs this process can really use: those that it may run on (sched_getaffinity(2)),
  /// and no more than its control groups give time for (cpu.max, cgroups(7)).
  public static func usableCPUs(_ reader: ProcReader) -> Int {
    var result = usableCPUs
    for directory in SystemMemory.groups(reader) {
      guard let bytes = try? Transfer.readFile("\(directory)/cpu.max") else { continue }
      if let limit = limit(String(decoding: bytes, as: UTF8.self)) { result = min(result, limit) }
    }
    for directory in ["cpu", "cpu,cpuacct"] {
      let path = "/sys/fs/cgroup/\(directory)"
      guard let quota = SystemMemory.number("\(path)/cpu.cfs_quota_us"), quota > 0,
        let period = SystemMemory.number("\(path)/cpu.cfs_period_us"), period > 0
      else { continue }
      result = min(result, rounded(quota, period))
    }
    return max(1, result)
  }

  /// What a line of cpu.max allows, as "150000 100000"; nil for "max".
  static func limit(_ line: String) -> Int? {
    let numbers = line.split(whereSeparator: \.isWhitespace).map { Int($0) }
    guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0
    else { return nil }
    return rounded(quota, period)
  }

  /// Rounded up: half a CPU is one worker.
  private static func rounded(_ quota: Int, _ period: Int) -> Int {
    max(1, quota / period + (quota % period > 0 ? 1 : 0))
  }
}
