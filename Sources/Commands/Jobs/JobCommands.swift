import Language
import Posix
import Processes
import Session
import ShellHost

/// `jobs`, `fg` and `bg`.
public enum JobCommands {
  public static let family = CommandFamily("Jobs", [jobs, fg, bg])

  private static let process = Parameter(
    "process", .process, .optional, "a process, its name or pid; else the latest job")

  static let jobs = Command(
    "jobs", "List what runs in the background or is stopped",
    details: """
      A job is a child of this process that was not waited for yet: made by `fork`, `spawn` or `&`, \
      or stopped by Ctrl-Z in the foreground.
      """,
    traits: .reports,
    examples: [
      Example(
        "spawn --name nap sleep 100\njobs\nkill nap",
        "id…pid…state…name…command\n…nap…sleep 100")
    ]
  ) { call in
    let session = call.session
    guard let host = call.interpreter.host as? BroodHost else { return .items([]) }
    let records = host.listed(session).map { process in
      Value.record([
        "id": .int(process.id), "pid": .int(Int(process.pid)),
        "state": .text(host.jobs.job(of: process)?.word ?? process.word),
        "name": .text(process.name),
        "command": .text(host.jobs.job(of: process)?.command ?? process.command),
      ])
    }
    return .report(ReportObject(.items(records), text: records.isEmpty ? "no jobs" : nil))
  }

  static let fg = Command(
    "fg", "Continue a job in the foreground and wait for it",
    details: """
      At a prompt the job gets the terminal, and Ctrl-C and Ctrl-Z are for it. It throws `failed` as \
      a program in the foreground does.
      """,
    parameters: [process],
    examples: [Example("let p = spawn true\nfg $p\nprint $p.exit", "0")]
  ) { call in
    let (host, job) = try find(call, stoppedOnly: false)
    return try host.foreground(job, call)
  }

  static let bg = Command(
    "bg", "Continue a stopped job in the background; yields the process",
    parameters: [process],
    examples: [
      Example("let p = spawn sleep 100\nstop $p\nprint (type (bg $p))\nkill $p", "process")
    ]
  ) { call in
    let (host, job) = try find(call, stoppedOnly: true)
    host.jobs.add(job)
    host.jobControl?.stopsBackgroundOutput = host.jobs.shareTerminal
    job.send(.cont)
    try StopCommands.waitUntilContinued(job.members, call)
    return .handle(job.last)
  }

  /// The job that an argument means, or the latest one that is stopped, or the latest at all.
  private static func find(
    _ call: borrowing Call, stoppedOnly: Bool
  ) throws -> (BroodHost, Job) {
    guard let host = call.interpreter.host as? BroodHost else {
      throw call.error(.system, "there are no jobs here")
    }
    let known = host.listed(call.session).filter { $0.record == nil }
    var process: ProcessHandle?
    if call.has(0) {
      let target = try ProcessTarget(call, 0)
      process = target.handle
      // A small number is a job's, as `jobs` and the prompt show it.
      if process == nil, case .int(let id) = call[0] { process = known.last { $0.id == id } }
      if process == nil {
        throw call.error(.missing, "\(target.shown) is no job of this shell", at: 0)
      }
    } else {
      process = known.last(where: host.jobs.isStopped) ?? (stoppedOnly ? nil : known.last)
    }
    guard let process else {
      throw call.error(
        .missing, stoppedOnly ? "no job is stopped" : "there is no job",
        help: known.isEmpty ? nil : "jobs lists what runs")
    }
    if process.record == nil { try call.session.requireChild(process) }
    return (host, host.jobs.job(of: process) ?? Job([process], command: process.command))
  }
}

extension BroodHost {
  /// Children that a user deals with, in the order of their numbers.
  func listed(_ session: Session) -> [ProcessHandle] {
    session.processes.all.filter { process in
      process.kind.isUsers
    }
  }

  /// Continues a job, waits for it, and judges it as a program in the foreground.
  func foreground(_ job: Job, _ call: borrowing Call) throws -> Value {
    try flush()
    let records: [WaitRecord]
    if job.members.allSatisfy({ $0.record != nil }) {
      records = job.members.compactMap(\.record)
    } else {
      if let jobControl, job.group > 1 {
        writeError(TerminalText.lines(job.command) + "\n")
        // Without it a Ctrl-C just after the job's end would be lost, no more.
        _ = try? InterruptForwarder.start(in: job.group)
        jobControl.give(to: job.group, modes: job.modes)
      }
      defer { jobControl?.endEntry() }
      (session.hooks.backgroundOutput as? BackgroundTerminals)?.bringToForeground(job.last)
      job.send(.cont)
      let (end, interrupt) = try waitInForeground(job, call.interpreter)
      (session.hooks.backgroundOutput as? BackgroundTerminals)?.sendToBackground(job.last)
      if case .stopped = end { throw stopped(job) }
      jobs.remove(job)
      jobControl?.stopsBackgroundOutput = jobs.shareTerminal
      records = try job.records(session)
      lastStatus = (records.last?.failure ?? records.last)?.statusNumber ?? 0
      if let error = interruption(records, interrupt) { throw error }
    }
    guard let culprit = records.last?.failure else { return .null }
    throw call.error(
      .failed, "'\(job.command)' \(culprit.phrase)", help: culprit.statusMeaning
    ).amended { $0.payload = culprit.errorFacts }
  }
}
