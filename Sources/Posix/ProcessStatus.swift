/// What /proc/PID/status adds (proc_pid_status(5)).
public struct ProcessStatus: Sendable {
  /// The real and the effective user.
  public var user: UInt32 = 0
  public var effectiveUser: UInt32 = 0
  public var threads = 0

  /// The pid of a debugger; 0 is none.
  public var tracer: Int32 = 0

  public var blocked: SignalSet = []
  public var ignored: SignalSet = []
  public var caught: SignalSet = []

  /// Signals that wait for the thread or the process.
  public var pending: SignalSet = []

  /// Resident memory now and at its peak, and locked memory, in bytes.
  public var residentSize = 0
  public var peakSize = 0
  public var lockedSize = 0

  /// How often it gave up the CPU to wait, and how often it was taken away.
  public var voluntarySwitches = 0
  public var forcedSwitches = 0
}

extension ProcReader {
  /// Reads a process's status file.
  public func status(_ pid: Int32) -> ProcessStatus? {
    text(pid, "status").map { ProcessStatus(text: $0) }
  }
}

extension ProcReader {
  /// The memory that a process shares with others, and that it has for itself, in bytes
  /// (/proc/PID/smaps_rollup).
  ///
  /// After a fork all is shared; what one of the two writes to becomes its own.
  public func memory(of pid: Int32) -> (shared: Int, own: Int)? {
    guard let text = text(pid, "smaps_rollup") else { return nil }
    func sum(_ prefix: String) -> Int {
      text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.reduce(0) { sum, line in
        sum + (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024
      }
    }
    return (sum("Shared_"), sum("Private_"))
  }
}

extension ProcessStatus {
  init(text: String) {
    for line in text.split(separator: "\n") {
      let fields = line.split { $0 == ":" || $0.isWhitespace }
      guard fields.count >= 2 else { continue }
      let number = Int(fields[1]) ?? 0
      let set = SignalSet(mask: UInt64(fields[1], radix: 16) ?? 0)
      switch fields[0] {
      case "Uid":
        user = UInt32(fields[1]) ?? 0
        if fields.count > 2 { effectiveUser = UInt32(fields[2]) ?? 0 }
      case "Threads": threads = number
      case "TracerPid": tracer = Int32(truncatingIfNeeded: number)
      case "SigPnd", "ShdPnd": pending = pending.union(set)
      case "SigBlk": blocked = set
      case "SigIgn": ignored = set
      case "SigCgt": caught = set
      case "VmRSS": residentSize = number * 1024
      case "VmHWM": peakSize = number * 1024
      case "VmLck": lockedSize = number * 1024
      case "voluntary_ctxt_switches": voluntarySwitches = number
      case "nonvoluntary_ctxt_switches": forcedSwitches = number
      default: break
      }
    }
  }
}
