import Channels
import Glibc
import Language
import Posix
import Processes
import Waits

/// What this process knows of the looks at all waits of its session.
///
/// Mostly the session's own process looks. Another one that has asked for a look comes back to see
/// whether there was one, and looks itself if not: then that one is stopped, or in a call that does
/// not end.
struct Lookout {
  var schedule = LookSchedule()
  /// When this process comes back although nothing has woken it (monotonic ns).
  var next = Int64.max
  /// How long it waited for that last (ns).
  var pause: Int64 = 0
  /// The descriptors on which it sleeps in a wait for a channel.
  var sleeping: UnsafeBufferPointer<Int32>?
  /// A look for a report that has begun, and how it goes on.
  var report = ReportStage.none
  /// When those were told who end their waits themselves if no process can act (monotonic ns), and
  /// what had changed by then (`WaitLookout.changes`).
  var told: (moment: Int64, changes: UInt64) = (0, 0)
  /// Processes that are ended with this one, since they could never go on.
  var rest: [Int32] = []
  /// What all processes waited for when Ctrl-C came last.
  var interrupted: [(pid: Int32, name: String, sleep: WaitProcess.Sleep)] = []
  /// `config stuck off` was said.
  var isSilenced = false
  /// The least time between two looks (ns): while something is explored, processes begin and end all
  /// the time.
  var spacing: Int64 = 0
  /// No look is due before this (monotonic ns).
  var earliest: Int64 = 0

  /// Many children never wait: nothing is written that is so already.
  mutating func forgetAfterFork() {
    if next != .max { next = .max }
    if case .none = report { return }
    report = .none
  }

  static let longest: Int64 = 60_000_000_000

  enum ReportStage {
    case none
    /// After those have had time to end their waits who can see themselves that they must.
    case planned(at: Int64)
    case begun(any StuckLook, at: Int64)
  }
}

extension Session {
  /// When there is something to do although nothing comes (monotonic ns).
  var nextErrand: Int64 {
    var next = min(supervisor.nextSweep, lookout.next)
    if !isChild { next = min(next, max(lookout.earliest, WaitLookout.due)) }
    switch lookout.report {
    case .none: return next
    case .planned(let moment), .begun(_, let moment): return min(next, moment)
    }
  }

  /// Does what is due, between two sleeps of one wait.
  ///
  /// - Throws: `deadlock` if this process is the one that ends a deadlock.
  func runErrands() throws {
    let now = Clock.monotonic
    if supervisor.nextSweep <= now { sweep(now) }
    if isChild {
      lookInstead(now)
    } else if max(lookout.earliest, WaitLookout.due) <= now {
      lookAtWaits(now)
    }
    switch lookout.report {
    case .none: break
    case .planned(let moment):
      if moment <= now { asleep { beginReport() } }
    case .begun(let look, let moment):
      guard moment <= now else { break }
      lookout.report = .none
      // Both looks are to see the same wait.
      if now - moment < Session.second { try asleep { try tell(look.finish()) } }
    }
  }

  private static let second: Int64 = 1_000_000_000

  /// This process goes on with its sleep afterwards, whatever it is.
  private func asleep<R>(_ body: () throws -> R) rethrows -> R {
    sleepNotes.begin()
    defer { sleepNotes.end() }
    return try body()
  }

  /// A wait has begun, or something has changed, and no look was due.
  func askForLook(_ now: Int64) {
    guard isChild else { return }
    WaitLookout.tell(rootPid)
    lookout.pause = LookSchedule.age + WaitLookout.late
    lookout.next = now + lookout.pause
  }

  private func lookInstead(_ now: Int64) {
    guard lookout.next <= now else { return }
    guard WaitNote.isOpen else {
      lookout.next = .max
      return
    }
    if WaitLookout.isOverdue(now) { lookAtWaits(now) }
    lookout.pause = min(2 * lookout.pause, Lookout.longest)
    lookout.next = now + lookout.pause
  }

  private func lookAtWaits(_ now: Int64) {
    if lookout.spacing > 0 { lookout.earliest = now + lookout.spacing }
    let last = WaitLookout.due
    let (looks, next) = lookout.schedule.step(WaitLookout.scan(now), at: now)
    WaitLookout.plan(next, since: last)
    guard looks, let memory = SessionMemory.own else { return }
    asleep {
      // What the table says is asked first: mostly it shows at once that a process can act.
      let notes = SessionLook(memory, of: .notes).graph()
      // Who is told wakes up, and is not seen to be stuck then: not each time.
      let tells = lookout.schedule.repeats % 2 == 0
      let areTold = tells && isAnyStranded(notes) && tellStranded(memory)
      tellOfStoppedChildren()
      // Of one that is stopped the table does not tell; nor of the looker, if another looks.
      let isOpen = isChild || WaitLookout.hadStops || mayBeStuck(notes)
      guard stuckMode != .off, case .none = lookout.report, isOpen else { return }
      if areTold {
        lookout.told = (now, WaitLookout.changes)
        lookout.report = .planned(at: now + Session.timeToGiveUp)
      } else {
        beginReport()
      }
    }
  }

  /// How long those who are told have to end their waits themselves (ns).
  private static let timeToGiveUp: Int64 = 400_000_000

  /// Tells all who seem to wait for what no process can bring about; whether there were some.
  ///
  /// Each looks itself before it gives up.
  private func tellStranded(_ memory: SessionMemory) -> Bool {
    let graph = SessionLook(memory).graph()
    let answers = graph.whoCanAct()
    var areTold = false
    for pid in graph.order {
      // Who was woken may have slept on, since another one took what had come, and has not said that
      // it waits again.
      if graph.processes[pid]?.state == .ready { WaitLookout.tell(pid) }
      if answers[pid] != .can, Session.givesUp(graph.sleep(of: pid)) {
        WaitLookout.tell(pid)
        areTold = true
      }
    }
    return areTold
  }

  /// Whether there may be one who waits at a channel for what no process can bring about.
  private func isAnyStranded(_ graph: WaitGraph) -> Bool {
    let answers = graph.whoCanAct()
    return graph.order.contains { answers[$0] != .can && Session.givesUp(graph.sleep(of: $0)) }
  }

  /// Whether a wait ends by itself when no process is left that could act.
  private static func givesUp(_ sleep: WaitProcess.Sleep?) -> Bool {
    guard let sleep, sleep.deadline == nil else { return false }
    return sleep.targets.contains { target in
      switch target.object.kind {
      case .lock, .memory: false
      default: target.object.kind.isChannel
      }
    }
  }
}

// MARK: Reports

/// What is done about processes that cannot go on: `config stuck`.
public enum StuckMode: String, CaseIterable, Sendable {
  case report, `throw`, off
}

/// A set of processes that cannot go on, as two looks have seen it.
public struct StuckReport {
  /// Those that hold each other up, then those that wait for them.
  public var core: [Int32], followers: [Int32]
  /// A ring in the core, each waiting for the next; empty if there is none.
  public var cycle: [Int32]
  public var verdict: Verdict
  /// When the last of the core fell asleep (monotonic ns).
  public var since: Int64
  /// Whether all of them are stopped.
  public var areAllStopped: Bool
  /// As `why` tells it.
  public var text: String

  public init(
    core: [Int32], followers: [Int32], cycle: [Int32], verdict: Verdict, since: Int64,
    areAllStopped: Bool, text: String
  ) {
    self.core = core
    self.followers = followers
    self.cycle = cycle
    self.verdict = verdict
    self.since = since
    self.areAllStopped = areAllStopped
    self.text = text
  }
}

/// A look at processes that has begun.
public protocol StuckLook: AnyObject {
  /// The second look, some time after the first, and what both say.
  func finish() -> [StuckReport]
}

extension Session {
  /// What this process does about processes that cannot go on.
  var stuckMode: StuckMode { StuckMode(rawValue: settings.text("stuck")) ?? .off }

  /// What counts while nothing was set.
  static var standardStuckMode: StuckMode {
    let word = Process.startEnvironment().first { $0.name == "BROOD_STUCK" }?.value
    return word.flatMap(StuckMode.init) ?? .report
  }

  /// Before anything runs: whether the order of locks is watched, as long as nothing is set.
  public func watchLockOrder() {
    // It costs each lock a third of its time: a script has to ask for it.
    guard isInteractive || getenv("BROOD_STUCK") != nil else { return }
    LockOrder.turn(on: Session.standardStuckMode != .off)
  }

  /// Tells of locks that are taken in orders that can deadlock.
  func tellOrder(_ text: String) {
    let line = "warning: \(text)"
    postponing { try output.flush() }
    tellStuck(line)
  }

  private func tellStuck(_ text: String) {
    isChild ? Session.say(FoldedText.lines(text, for: 2)) : hooks.tellStuck(text)
  }

  /// Whether a set may be found if more is read than the table: where all that is not known there
  /// could not act.
  private func mayBeStuck(_ graph: WaitGraph) -> Bool {
    let answers = graph.whoCanAct([])
    return graph.order.contains { pid in
      answers[pid] != .can
        && (graph.sleep(of: pid).map { $0.deadline == nil && !$0.targets.isEmpty } ?? false)
        && !(graph.processes[pid]?.flags.contains(.otherWays) ?? false)
    }
  }

  private func beginReport() {
    lookout.report = .none
    guard let memory = SessionMemory.own else { return }
    let pids = memory.pids
    let ownSleep = lookout.sleeping.map(Array.init) ?? []
    guard let look = hooks.beginStuckLook?(pids, ownSleep) else { return }
    // Where no person can act, verbs end by `closed` and `peer-died` about now: that comes first.
    let pause = isInteractive ? Session.betweenLooks : Session.betweenLooksOfScript
    lookout.report = .begun(look, at: Clock.deadline(after: pause))
  }

  private static let betweenLooks: Int64 = 60_000_000
  private static let betweenLooksOfScript: Int64 = 400_000_000

  /// Tells of each set once, or ends it.
  private func tell(_ reports: [StuckReport]) throws {
    let now = Clock.monotonic
    for report in reports where report.verdict.isStuck && !report.areAllStopped {
      // What began just now is looked at again.
      if now - report.since < LookSchedule.youth { continue }
      if mayDissolve(report, now) { continue }
      if stuckMode == .throw, let victim = victim(of: report) {
        if victim == Process.pid { throw deadlock(report) }
        // It looks itself first, and may not see the same at once: so again at the next look.
        WaitLookout.tellToThrow(victim)
        continue
      }
      guard WaitLookout.noteReport(of: report.core, report.verdict) else { continue }
      postponing { try output.flush() }
      tellStuck(isChild ? report.text : typeable(report))
    }
  }

  /// A report for the prompt, which has to be there again before anything can be typed at it.
  private func typeable(_ report: StuckReport) -> String {
    guard isInteractive, (report.core + report.followers).contains(rootPid) else {
      return report.text
    }
    let sign = "to go on: "
    return report.text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix(sign) ? "\(sign)Ctrl-C, then \($0.dropFirst(sign.count))" : String($0) }
      .joined(separator: "\n")
  }

  /// Whether one that holds the others up may be about to end its wait itself: it was not told since
  /// the last change, or is slow to look.
  private func mayDissolve(_ report: StuckReport, _ now: Int64) -> Bool {
    if now - report.since >= Session.longestToGiveUp { return false }
    let notes = waitNotes
    return report.core.contains { pid in
      guard let sleep = notes[pid]?.sleep, Session.endsItself(sleep),
        sleep.since <= lookout.told.moment, reader.stat(pid)?.state != UInt8(ascii: "T")
      else { return false }
      return WaitLookout.changes != lookout.told.changes
        || WaitLookout.stayed(pid) < lookout.told.moment
    }
  }

  private static let longestToGiveUp: Int64 = 6_000_000_000

  /// Whether a process sees by itself that its wait can never end, and ends it: not where it does not know
  /// all who could act, as at a raw pipe.
  static func endsItself(_ sleep: WaitProcess.Sleep) -> Bool {
    sleep.targets.count == 1 && !sleep.hasMore && givesUp(sleep)
  }

  /// Who throws: the session's own process if it is in the ring, else the youngest.
  private func victim(of report: StuckReport) -> Int32? {
    guard report.verdict == .stuck, !report.cycle.isEmpty else { return nil }
    if report.cycle.contains(rootPid) { return rootPid }
    let starts = report.cycle.map { (ticks: reader.stat($0)?.startTicks ?? 0, pid: $0) }
    return starts.max { ProcessStat.isOlder($0, than: $1) }?.pid
  }

  private func deadlock(_ report: StuckReport) -> ErrorObject {
    let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
    let head = lines.first.map { $0.drop { $0 != ":" }.dropFirst(2) } ?? ""
    let pids = report.core + report.followers
    return ErrorObject(
      .deadlock, "this wait can never end: \(head)",
      help: lines.dropFirst().map { $0.drop { $0 == " " } }.joined(separator: "\n"),
      payload: ["set": .items(pids.map { .int(Int($0)) })])
  }

  /// This process was told to look: it throws if it was chosen to end a deadlock that is still there.
  func throwIfChosen() throws {
    guard WaitLookout.isChosen(), let memory = SessionMemory.own,
      let look = hooks.beginStuckLook?(memory.pids, lookout.sleeping.map(Array.init) ?? [])
    else { return }
    var rest = timespec(tv_sec: 0, tv_nsec: Int(Session.betweenLooks))
    nanosleep(&rest, nil)
    let found = look.finish().first { report in
      report.verdict == .stuck && report.cycle.contains(Process.pid)
    }
    if let found { throw deadlock(found) }
  }

  /// A wait for a stopped child: it cannot end before that is continued.
  private func tellOfStoppedChildren() {
    guard !isChild, stuckMode == .off, !isSilent, let own = waitNotes[Process.pid] else { return }
    for target in own.sleep.targets {
      guard let pid = target.object.pid, let process = processes.child(pid),
        process.letter == "T", !process.wasToldStopped
      else { continue }
      process.wasToldStopped = true
      tellUser("waiting for process '\(process.name)' (\(pid)), which is stopped")
    }
  }

  /// Whether the user wants to know nothing of waits.
  var isSilent: Bool {
    lookout.isSilenced
      || Process.startEnvironment().contains { $0.name == "BROOD_STUCK" && $0.value == "off" }
  }

  /// The error of a deadlock ends this process: with the session's own one end those that it was stuck
  /// with.
  func noteDeadlock(_ error: ErrorObject) {
    guard !isChild, case .list(let list)? = error.payload["set"] else { return }
    for case .int(let pid) in list.items where pid != Int(Process.pid) {
      lookout.rest.append(Int32(truncatingIfNeeded: pid))
    }
  }

  /// Ends those of the session's children.
  func endStuckRest() {
    for pid in lookout.rest {
      guard let process = processes.child(pid), isLiving(process) else { continue }
      Termination.request(pid)
    }
    lookout.rest = []
  }
}
