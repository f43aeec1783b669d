import Glibc
import Language
import Pools
import Posix
import Processes

/// What a run has come to.
extension ProgramRun {
  /// Whether it was ended since its time was over.
  public var isOverdue: Bool { job.abortion == .deadline }

  /// Whether programs have failed, and that is a fault.
  public var hasFailed: Bool { failed > cancelled && !job.forgivesFailures }

  /// Whether it stopped before all inputs were done, because what was wanted had come.
  public var isFulfilled: Bool { job.isFulfilled }
}

extension TaskRecord {
  /// A program's end as a status, where 124 is one that took too long, 125 one that a signal ended,
  /// 126 one that cannot be executed, 127 one that was not found.
  public var status: Int32 {
    if hasTimedOut { return 124 }
    if let exit { return exit }
    if signal != nil { return 125 }
    return problemStatus ?? (isOk ? 0 : 1)
  }
}

extension ErrorObject {
  /// What a shell's status tells of a program that cannot be started.
  public var statusOfProgram: Int32 { kind == .missing ? 127 : 126 }
}

extension ProgramRun {
  /// What the running programs have in memory (bytes), of the first hundred; without what these have
  /// started.
  public var runningMemory: Int {
    attempts.prefix(100).reduce(0) { sum, attempt in
      let text = session.reader.text(attempt.process.pid, "statm")
      return sum + (Int(text?.split(separator: " ").dropFirst().first ?? "") ?? 0) * pageSize
    }
  }

  private var pageSize: Int { sysconf(Int32(_SC_PAGESIZE)) }
}
