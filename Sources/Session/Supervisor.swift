import Channels
import Glibc
import Language
import Posix
import Processes

/// Looks after the guardian, and after children whose end no verb waits for.
final class Supervisor {
  var reapsAtOnce = false
  /// `config leftovers keep`.
  var keepsLeftovers = false
  /// Whether orphans may have gone elsewhere, so that not all processes are seen from here.
  var losesOrphans = false
  /// When ended children are to be looked for although no signal comes; `Int64.max` for never.
  var nextSweep = Int64.max
  fileprivate var lastSweep = Int64.min
  var guardian: Int32 = 0
  /// Children that this process had before it became a session: not ours to touch.
  var foreign: Set<Int32>?

  /// With more children than `few` they are looked through at most this often (ns).
  static let interval: Int64 = 20_000_000
  static let few = 64

  var hasGuardian: Bool { guardian != 0 }
}

extension Session {
  /// A SIGCHLD came: stops and continuations are noted, and ended children looked for.
  func childrenChanged() {
    while let stop = Reaper.nextStop() {
      if stop.pid == supervisor.guardian, stop.stoppedBy != nil { continueGuardian() }
      guard let process = processes.child(stop.pid) else { continue }
      process.stoppedBy = stop.stoppedBy
      process.wasToldStopped = false
      stops += 1
      WaitLookout.noteChange(isStop: stop.stoppedBy != nil)
      // The last process stands for its job also when it has ended before.
      let last = process.downstream.flatMap { $0.endInfo == nil ? nil : $0 }
      tell(last ?? process, stop.stoppedBy.map { .stopped($0) } ?? .continued)
    }
    // Signals that come together are merged, so a sweep must follow the last one.
    let now = Clock.monotonic
    let isDue =
      supervisor.lastSweep == .min || now - supervisor.lastSweep > Supervisor.interval
    if processes.count <= Supervisor.few || isDue {
      sweep(now)
    } else {
      sweepLater()
    }
  }

  /// A child was reaped without a look at the others.
  func sweepLater() {
    guard supervisor.nextSweep == .max else { return }
    let last = supervisor.lastSweep
    supervisor.nextSweep = last == .min ? 0 : last + Supervisor.interval
  }

  /// Looks through all children: notes which have ended, reaps orphans, adopts new ones.
  public func sweep(_ now: Int64 = Clock.monotonic) {
    supervisor.lastSweep = now
    supervisor.nextSweep = .max
    if supervisor.reapsAtOnce { reapAll() }
    for process in processes.all where process.endInfo == nil {
      guard let info = try? Reaper.peek(pid: process.pid) else { continue }
      noteEnd(of: process, info, now)
      if process.kind.isReapedAtOnce, let info = try? Reaper.reap(pid: process.pid) {
        finish(process, info)
      }
    }
    if !isChild { takeUnknownChildren() }
  }

  private func takeUnknownChildren() {
    for pid in reader.children(of: Process.pid) {
      if processes.child(pid) != nil || supervisor.foreign?.contains(pid) ?? false { continue }
      if pid == InterruptForwarder.pid { continue }
      if (try? Reaper.reap(pid: pid)) != nil {
        unknownChildEnded(pid)
      } else if pid != supervisor.guardian {
        adopt(pid)
      }
    }
  }

  /// An orphan has come to the session.
  private func adopt(_ pid: Int32) {
    let stat = reader.stat(pid)
    let kind = kind(ofOrphan: pid, stat)
    let known = kind == .adopted ? slots?.entries.byPid[pid]?.name : nil
    let name = known ?? stat?.name ?? "orphan"
    let command = reader.arguments(of: pid)?.joined(separator: " ") ?? ""
    var options = ForkOptions(kind: kind, command: command)
    options.isDetached = Guardian.isDetached(pid)
    if kind != .foreign, !options.isDetached, let stat { Guardian.know(stat) }
    let ticket = SpawnTicket(name: name, slot: nil, id: processes.takeID())
    let process = ProcessHandle(ticket, options)
    process.givenPid = pid
    // Its name means nothing here, and may be taken.
    processes.add(process)
  }

  /// Whether the session's own verbs made an orphan, one of its programs, or neither.
  private func kind(ofOrphan pid: Int32, _ stat: ProcessStat?) -> ProcessKind {
    if let stat, slots?.has(stat) ?? false { return .adopted }
    // The guardian of an inner session that has ended goes when it has done its work.
    if Guardian.isGuardian(pid) { return .foreign }
    // Only where there are processes that the session did not bring up, a missing mark tells them.
    let mayBeForeign = Process.pid == 1 || !(supervisor.foreign?.isEmpty ?? true)
    if mayBeForeign, !Guardian.isMarked || !Guardian.isMember(pid) { return .foreign }
    return .leftover
  }

  private func unknownChildEnded(_ pid: Int32) {
    guard pid == supervisor.guardian else { return }
    supervisor.guardian = 0
    slots?.guardian = 0
    try? startGuardian()
  }

  /// Reaps whatever has ended, as `config reap auto` wants it.
  private func reapAll() {
    while let info = try? Reaper.reapAny() { _ = reaped(info) }
  }

  /// Records a child that was reaped as one of all; nil for one that is not in the table.
  func reaped(_ info: ExitInfo) -> ProcessHandle? {
    guard let process = processes.child(info.pid) else {
      unknownChildEnded(info.pid)
      return nil
    }
    finish(process, info)
    return process
  }

  /// Remembers when and how a child ended, and tells the prompt.
  func noteEnd(of process: ProcessHandle, _ info: ExitInfo, _ now: Int64) {
    guard process.endInfo == nil else { return }
    process.endInfo = info
    process.endedAt = now
    if Recorder.isOn {
      Recorder.write(.wait, number: RecordedEnding.number(info.cause), other: process.pid)
    }
    if let slot = process.slot { slots?.noteEnd(slot, info) }
    WaitLookout.noteChange()
    process.stoppedBy = nil
    if process.isAlone { tell(process, .ended) }
  }

  /// A member of a job was reaped: the job may have ended with it.
  func noteMember(_ process: ProcessHandle) {
    guard let last = process.downstream, last.endInfo != nil, last.isAlone else { return }
    tell(last, .ended)
    // A verb that waits for the job may have seen its last process end before.
    Attention.raise()
  }

  private func tell(_ process: ProcessHandle, _ event: Notice.Event) {
    guard process.kind.isUsers, !isBranch, let notices = hooks.notices else { return }
    notices(Notice(process: process, event: event))
  }
}
