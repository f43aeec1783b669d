import CPosix
import Glibc
import Posix
import Processes

/// A process for ever: a pid alone may be given again.
///
/// It lies in shared memory, in records of who holds a lock, a permit or a lease.
public struct ProcessIdentity: Hashable, Sendable {
  /// The pid, which another process may have later.
  public var pid: Int32
  /// The place in the session's table plus one; 0 is none.
  var slot: UInt32
  /// Clock ticks after boot (proc_pid_stat(5)).
  var start: UInt64

  static let noProcess = ProcessIdentity(pid: 0, slot: 0, start: 0)

  var isNoProcess: Bool { pid == 0 }

  nonisolated(unsafe) private static let reader = ProcReader()

  static func stat(_ pid: Int32) -> ProcessStat? { reader.stat(pid) }
  static func look(_ pid: Int32) -> ProcessLook { reader.look(pid) }

  /// This process; costs a read of /proc the first time.
  @inline(__always)
  public static var own: ProcessIdentity {
    if !brood_self_known() { readOwn() }
    let word = brood_self_word()
    return ProcessIdentity(
      pid: Int32(truncatingIfNeeded: word), slot: UInt32(truncatingIfNeeded: word >> 32),
      start: brood_self_start())
  }

  @inline(never)
  private static func readOwn() {
    let pid = Process.pid
    let own = ProcessIdentity(
      pid: pid, slot: UInt32(bitPattern: brood_slot_own() + 1),
      start: reader.stat(pid)?.startTicks ?? 0)
    brood_self_set(own.word, own.start)
  }

  /// Pid and slot in one word.
  @inline(__always)
  var word: UInt64 { UInt64(UInt32(bitPattern: pid)) | UInt64(slot) << 32 }

  /// Whether it is this process.
  @inline(__always)
  public var isOwn: Bool {
    let own = ProcessIdentity.own
    return pid == own.pid && start == own.start
  }

  // No process has the start 0: one that could not read its own does not know it.
  private func isOf(_ stat: ProcessStat) -> Bool { start == 0 || stat.startTicks == start }

  /// Whether it lives; a zombie does not.
  ///
  /// One that cannot be looked at does, as far as is known.
  public var isLiving: Bool {
    switch Self.reader.look(pid) {
    case .seen(let stat): isOf(stat) && !stat.hasEnded
    case .gone: false
    case .unseen(let hasEnded): !hasEnded && !isRecordedAsEnded
    }
  }

  /// Whether its parent has seen its end.
  private var isRecordedAsEnded: Bool {
    guard slot > 0 else { return false }
    let place = Int32(bitPattern: slot - 1)
    return brood_slot_occupant(place) != pid && Ending.recorded(place)?.ending.pid == pid
  }

  /// Whether a process lives and is not on its way out.
  static func isLiving(_ pid: Int32) -> Bool {
    switch reader.look(pid) {
    case .seen(let stat): !stat.isEnding && !stat.hasEnded
    case .gone: false
    case .unseen(let hasEnded): !hasEnded
    }
  }

  /// Whether a process is stopped, or held by a debugger.
  static func isStopped(_ pid: Int32) -> Bool {
    guard let stat = reader.stat(pid) else { return false }
    return stat.state == UInt8(ascii: "T") || stat.state == UInt8(ascii: "t")
  }

  /// The letter of its state, as ps(1) shows it; nil if it is gone.
  public var state: UInt8? {
    guard let stat = Self.reader.stat(pid), isOf(stat) else { return nil }
    return stat.state
  }

  /// How it ended, as far as that can be known.
  public var ending: Ending {
    if let stat = Self.reader.stat(pid), isOf(stat), stat.state == UInt8(ascii: "Z") {
      return Ending(pid: pid, waitStatus: stat.exitCode)
    }
    guard slot > 0, let found = Ending.recorded(Int32(bitPattern: slot - 1)),
      found.ending.pid == pid
    else { return Ending(pid: pid, cause: .unknown) }
    return found.ending
  }
}

extension Ending {
  /// From what waitpid(2) would tell.
  init(pid: Int32, waitStatus status: Int32) {
    if let signal = Signal(status & 0x7F) {
      self.init(pid: pid, cause: .signaled(signal))
    } else {
      self.init(pid: pid, cause: .exited(status >> 8 & 0xFF))
    }
  }

  /// From what the reaper wrote into the session's table.
  init(pid: Int32, recorded code: Int32) {
    if code > 1000 {
      self.init(pid: pid, cause: .exited(code - 1001))
    } else if let signal = Signal(code - 256) {
      self.init(pid: pid, cause: .signaled(signal))
    } else {
      self.init(pid: pid, cause: .unknown)
    }
  }
}
