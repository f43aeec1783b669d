import Glibc
import Language
import Posix
import Session

/// The processes of one pipeline, in one group.
package final class Job {
  package let members: [ProcessHandle]
  package let command: String
  /// The terminal's modes when it was stopped.
  package var modes: Terminal.Modes?
  /// Whether it began in the foreground, and so shares the terminal.
  var sharesTerminal = false

  package init(_ members: [ProcessHandle], command: String) {
    self.members = members
    self.command = command
  }

  /// The process that stands for the job.
  package var last: ProcessHandle { members[members.count - 1] }

  package var group: Int32 { last.group }

  /// The signal that stopped it, nil while it runs.
  var stoppedBy: Signal? { members.lazy.compactMap(\.stoppedBy).first }

  /// The state of its last process, or of another that outlives it.
  package var word: String {
    let living = members.last { !"ZX".contains($0.letter) }
    return (living ?? last).word
  }

  /// Reaps all members, which must have ended.
  package func records(_ session: Session) throws -> [WaitRecord] {
    try members.map { member in
      if let record = member.record { return record }
      if let record = try session.reapNow(member) { return record }
      throw ErrorObject(.system, "process \(member.pid) was reaped by another process")
    }
  }

  /// Sends a signal to all of it.
  package func send(_ signal: Signal) {
    if group > 1, (try? Process.send(signal, toGroup: group)) != nil { return }
    for member in members where member.record == nil {
      try? Process.send(signal, to: member.pid)
    }
  }
}

/// The jobs that `fg` and `bg` know beside single processes.
package final class JobList {
  private var jobs: [Job] = []
  /// In a forked child the parent's jobs are none of this process's.
  private var depth = Process.forkDepth

  package func add(_ job: Job) {
    job.last.upstream = Array(job.members.dropLast())
    if depth != Process.forkDepth { jobs = [] }
    depth = Process.forkDepth
    jobs.removeAll { $0.members.allSatisfy { $0.record != nil } || $0 === job }
    jobs.append(job)
  }

  package func remove(_ job: Job) { jobs.removeAll { $0 === job } }

  /// The job that a process belongs to.
  package func job(of process: ProcessHandle) -> Job? {
    if depth != Process.forkDepth { return nil }
    return jobs.last { $0.members.contains { $0 === process } }
  }

  /// Whether a process, or what is left of its job, is stopped.
  package func isStopped(_ process: ProcessHandle) -> Bool {
    (job(of: process)?.word ?? process.word) == "stopped"
  }

  /// Whether a job in the background could write into the line being typed.
  package var shareTerminal: Bool {
    depth == Process.forkDepth
      && jobs.contains { $0.sharesTerminal && $0.members.contains { $0.record == nil } }
  }
}

/// A Ctrl-C that came to this process while it waited for a job.
package struct JobInterrupt {
  let error: ErrorObject
  /// Whether it counts whatever became of the members.
  let isCertain: Bool
}

extension BroodHost {
  /// Waits for a job that has the foreground, and takes the terminal back.
  package func waitInForeground(
    _ job: Job, _ interpreter: Interpreter, _ isDone: (() -> Bool)? = nil
  ) throws -> (end: ForegroundWait.End, interrupt: JobInterrupt?) {
    var wait = ForegroundWait(job.members, self, interpreter)
    let end: ForegroundWait.End
    do {
      end = try wait.wait(isDone)
    } catch {
      jobControl?.takeBack(restoringModes: true)
      throw error
    }
    if let jobControl {
      var isDisorderly = true
      if case .ended = end {
        isDisorderly = try job.records(session).contains { $0.signal != nil && $0.signal != .pipe }
      }
      job.modes = jobControl.takeBack(restoringModes: isDisorderly)
    }
    let interrupt = wait.interrupt.map { JobInterrupt(error: $0, isCertain: wait.isInterrupted) }
    return (end, interrupt)
  }

  /// A Ctrl-C that a member died of, or none could take, ends what the shell does too; nil if there
  /// was none.
  package func interruption(_ records: [WaitRecord], _ interrupt: JobInterrupt?) -> ErrorObject? {
    if let interrupt, interrupt.isCertain { return interrupt.error }
    guard records.contains(where: { $0.signal == .int }) else { return nil }
    if let interrupt { return interrupt.error }
    // In a group of its own the program had the keyboard for itself.
    return jobControl == nil ? nil : ErrorObject(.interrupted, "interrupted")
  }

  /// Makes a stopped pipeline a job; yields what gives the prompt back.
  package func stopped(_ job: Job) -> ErrorObject {
    jobs.add(job)
    // The group is the job's from now on.
    jobControl?.endEntry()
    if job.last.stoppedBy == nil, let signal = job.stoppedBy {
      session.hooks.notices?(Notice(process: job.last, event: .stopped(signal)))
    }
    // The prompt's news tell of it; the terminal has echoed ^Z.
    writeError("\n")
    let error = ErrorObject(
      .interrupted, "'\(job.command)' was stopped", payload: ["process": .handle(job.last)])
    error.wasPrinted = true
    return error
  }
}
