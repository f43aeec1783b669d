import Posix

/// What /proc/PID/status adds (proc_pid_status(5)).
public struct ProcessStatus: Sendable {
  /// The real and the effective user.
  public var user: UInt32 = 0
  /// The user whose rights it has.
  public var effectiveUser: UInt32 = 0
  /// How many threads it has.
  public var threads = 0

  /// The pid of a debugger; 0 is none.
  public var tracer: Int32 = 0

  /// Signals that it blocks.
  public var blocked: SignalSet = []
  /// Signals that it ignores.
  public var ignored: SignalSet = []
  /// Signals for which it has a handler.
  public var caught: SignalSet = []

  /// Signals that wait for the thread or the process.
  public var pending: SignalSet = []

  /// Resident memory now and at its peak, and locked memory, in bytes.
  public var residentSize = 0
  /// The most address space that it had, in bytes.
  public var peakSize = 0

  /// How often it gave up the CPU to wait, and how often it was taken away.
  public var voluntarySwitches = 0
  /// How often the kernel took the CPU from it.
  public var forcedSwitches = 0
}

extension ProcReader {
  /// Reads a process's status file.
  public func status(_ pid: Int32) -> ProcessStatus? {
    with(pid, "status", ProcessStatus.init(lines:))
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
  /// - Parameter bytes: what the file says.
  public init(lines bytes: UnsafeRawBufferPointer) {
    var lines = ProcLines(bytes)
    while var line = lines.next() {
      func number() -> Int { line.nextNumber().map { Int(clamping: $0) } ?? 0 }
      func set() -> SignalSet { SignalSet(mask: line.nextNumber(radix: 16) ?? 0) }
      if line.isNamed("Uid") {
        user = UInt32(clamping: number())
        effectiveUser = UInt32(clamping: number())
      } else if line.isNamed("Threads") {
        threads = number()
      } else if line.isNamed("TracerPid") {
        tracer = Int32(clamping: number())
      } else if line.isNamed("SigPnd") || line.isNamed("ShdPnd") {
        pending = pending.union(set())
      } else if line.isNamed("SigBlk") {
        blocked = set()
      } else if line.isNamed("SigIgn") {
        ignored = set()
      } else if line.isNamed("SigCgt") {
        caught = set()
      } else if line.isNamed("VmRSS") {
        residentSize = number() &* 1024
      } else if line.isNamed("VmHWM") {
        peakSize = number() &* 1024
      } else if line.isNamed("voluntary_ctxt_switches") {
        voluntarySwitches = number()
      } else if line.isNamed("nonvoluntary_ctxt_switches") {
        forcedSwitches = number()
      }
    }
  }
}
