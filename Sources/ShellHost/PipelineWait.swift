import Glibc
import Language
import Posix
import Processes
import Session

/// Waiting for processes in the foreground.
package struct ForegroundWait {
  package enum End {
    case ended
    /// One of them was stopped, by Ctrl-Z or otherwise.
    case stopped
  }

  let members: [ProcessHandle]
  let host: BroodHost
  let interpreter: Interpreter
  /// Set when Ctrl-C came to this process meanwhile.
  private(set) var interrupt: ErrorObject?
  /// Whether it is for this process, whatever the members do: none of them could take it.
  private(set) var isInterrupted = false
  private var hasTold = false
  /// Whether a Ctrl-C came that not all members were there to get.
  private var cameBefore: Bool
  /// Those that had ended when no Ctrl-C had come yet.
  private let before = EndsBefore()

  init(_ members: [ProcessHandle], _ host: BroodHost, _ interpreter: Interpreter) {
    self.members = members
    self.host = host
    self.interpreter = interpreter
    if host.jobControl != nil { InterruptForwarder.settle() }
    cameBefore = host.session.isInterruptPending
  }

  private var living: [ProcessHandle] { members.filter { !hasEnded($0) } }

  /// Waits until all members have ended and `isDone` holds, or one was stopped at the prompt; those
  /// that have ended are to be reaped then.
  ///
  /// Ctrl-C is for the program first: if it catches or ignores it, it decides, and only if it dies
  /// of it the shell is interrupted too (Martin Cracauer, "Proper handling of SIGINT/SIGQUIT"). If
  /// no member could take it, since all had ended or would have died of it, it is for the shell.
  mutating func wait(_ isDone: (() -> Bool)?) throws -> End {
    Signals.setForeground(members.last?.pid ?? 0)
    defer { Signals.setForeground(0) }
    while true {
      // The output is not wanted any more.
      let isDone = isInterrupted ? nil : isDone
      do {
        let end = try host.jobControl == nil ? waitForEnd(isDone) : waitForChange(isDone)
        if case .ended = end { host.jobControl?.takeForeground() }
        // A Ctrl-C that came with the end.
        if Attention.isPending { try host.attend(interpreter) }
        if interrupt != nil, !isInterrupted, haveMissedIt { isInterrupted = true }
        return end
      } catch let error as ErrorObject where error.kind == .interrupted {
        interrupt = error
        takeInterrupt()
      } catch {
        end(living)
        throw error
      }
    }
  }

  /// Judges a Ctrl-C, and hands it on.
  private mutating func takeInterrupt() {
    var isTheirs = false
    for member in members where member.record == nil && !before.contains(member) {
      switch host.session.outlook(of: member, at: .int) {
      case .mayHaveDecided: if hasIt(member), isOld(member) || ran(member) { isTheirs = true }
      case .decides: if passOn(to: member, unlessItHasIt: true) { isTheirs = true }
      case .ended, .dies: if !hasEnded(member) { passOn(to: member) }
      }
    }
    if !isTheirs { isInterrupted = true }
    cameBefore = false
  }

  /// Whether what has ended with a Ctrl-C, and caught it, is taken to have ended by it.
  ///
  /// Nothing tells whether the signal came before the end or after it, where the kernel drops it. A
  /// shell catches it and lives for a millisecond: in a loop of those no press must be lost. What
  /// has lived for long hardly ends at that very moment by chance.
  private func isOld(_ member: ProcessHandle) -> Bool {
    Clock.monotonic - member.startedAt >= ForegroundWait.youth
  }

  /// Whether it still ran when the Ctrl-C came to this process.
  private func ran(_ member: ProcessHandle) -> Bool {
    member === members.last && Signals.foregroundRan
  }

  /// Up to which age a program that ends with a Ctrl-C is taken to have ended before it (ns).
  private static let youth: Int64 = 50_000_000

  /// Whether one that was to decide about a Ctrl-C has ended without having taken it.
  private var haveMissedIt: Bool {
    members.contains { member in
      guard member.record == nil, !before.contains(member),
        let status = host.session.reader.status(member.pid)
      else { return false }
      return status.pending.subtracting(status.blocked).contains(.int)
    }
  }

  private func hasEnded(_ member: ProcessHandle) -> Bool {
    member.record != nil || (try? host.session.peek(member)) != nil
  }

  /// Remembers which members have ended, unless something has come that may be a Ctrl-C.
  private func noteEnds() {
    let ended = members.filter(hasEnded)
    if !Attention.isPending { before.add(ended) }
  }

  private mutating func waitForEnd(_ isDone: (() -> Bool)?) throws -> End {
    let (session, interpreter) = (host.session, interpreter)
    if let isDone {
      try tellingOfStops { deadline, isLeft in
        try session.pause(interpreter, until: deadline) { isDone() || isLeft() } && isDone()
      }
    }
    for member in members {
      try tellingOfStops { deadline, isLeft in
        // Not reaped, so that one can see what it caught.
        try session.wait(
          for: member, interpreter, until: deadline, keepsZombie: true, isLeft: isLeft) != nil
      }
    }
    return .ended
  }

  /// Waits, and says so when a member stays stopped for a while: nothing else may tell of it.
  ///
  /// - Parameter wait: waits until a deadline or for as long as it need not leave; true at its end.
  private mutating func tellingOfStops(
    _ wait: (_ deadline: Int64?, _ isLeft: @escaping () -> Bool) throws -> Bool
  ) throws {
    let (members, own) = (members, self)
    func isStopped() -> Bool {
      own.noteEnds()
      return members.contains { $0.stoppedBy != nil && $0.record == nil }
    }
    func isOver() -> Bool {
      own.noteEnds()
      return false
    }
    while !hasTold {
      if try wait(nil, isStopped) { return noteEnds() }
      if try wait(Clock.deadline(after: ForegroundWait.timeout), isOver) { return noteEnds() }
      guard let stopped = members.first(where: { $0.stoppedBy != nil && $0.letter == "T" }) else {
        continue
      }
      hasTold = true
      let name = "'\(stopped.name)' (\(stopped.pid))"
      Session.say("brood: waiting for process \(name), which is stopped; Ctrl-C ends it")
    }
    _ = try wait(nil, isOver)
    noteEnds()
  }

  /// How long a program may be stopped before that is told (ns).
  private static let timeout: Int64 = 1_000_000_000

  private func waitForChange(_ isDone: (() -> Bool)?) throws -> End {
    let session = host.session
    var rest = members
    var end = End.ended
    let watches = try watchesInsteadOfSignals()
    defer { watches.close() }
    _ = try session.pause(interpreter) {
      try rest.removeAll { try $0.record != nil || session.peek($0) != nil }
      // What was noted may be out of date; the kernel knows.
      if rest.contains(where: { $0.stoppedBy != nil && $0.letter == "T" }) {
        end = .stopped
        return true
      }
      if rest.count < members.count { noteEnds() }
      return rest.isEmpty && isDone?() ?? true
    }
    return end
  }

  /// While the user blocks SIGCHLD, pidfds tell of the ends.
  private func watchesInsteadOfSignals() throws -> ExitWatches {
    let watches = ExitWatches(host.session.loop)
    guard host.session.handlers.blocked.contains(.chld) else { return watches }
    for member in members where member.record == nil { try watches.add(member.pid) }
    return watches
  }

  /// Hands a Ctrl-C on; whether it came in time for it to decide.
  ///
  /// The keyboard sends SIGINT to the foreground group, this process's or that of the entry's
  /// programs, a process to this one alone. What would have died of it and lives was started since;
  /// a second one harms nothing that dies of it.
  ///
  /// - Parameter unlessItHasIt: only if the Ctrl-C did not come to it.
  @discardableResult
  private func passOn(to member: ProcessHandle, unlessItHasIt: Bool = false) -> Bool {
    var isInTime = true
    if !unlessItHasIt || !hasIt(member) {
      try? Process.send(.int, to: member.pid)
      let isEnding = host.session.reader.stat(member.pid)?.isEnding ?? true
      isInTime = !isEnding || isOld(member)
    }
    // What is stopped could not even die of it.
    if member.letter == "T" { try? Process.send(.cont, to: member.pid) }
    return isInTime
  }

  /// Whether the last Ctrl-C came to a member, too.
  private func hasIt(_ member: ProcessHandle) -> Bool {
    if cameBefore || host.session.handlers.lastInterruptSender != 0 { return false }
    let group = member.group == 0 ? Process.group : member.group
    return group == Process.group || group == InterruptForwarder.group
  }

  /// Ends programs whose statement was left by an error, as a handler may throw one.
  private func end(_ living: [ProcessHandle]) {
    let session = host.session
    for member in living { Termination.request(member.pid) }
    let deadline = Clock.deadline(after: Termination.graceOfPipeline)
    for member in living {
      var hasEnded = false
      session.postponing {
        hasEnded = try session.wait(for: member, interpreter, until: deadline) != nil
      }
      if hasEnded { continue }
      // The shell ends it: that is no news of a job.
      member.wasReported = true
      Termination.force(member.pid)
      reap(member)
    }
  }

  /// Reaps what was sent KILL, whatever comes meanwhile.
  private func reap(_ member: ProcessHandle) {
    let deadline = Clock.deadline(after: 1_000_000_000)
    while member.record == nil, Clock.monotonic < deadline {
      if (try? host.session.reapNow(member)) != nil { return }
      // Its death takes microseconds; only one that the kernel keeps is left to the sweeps.
      usleep(500)
    }
  }
}

/// Which of the members of a pipeline had ended before a Ctrl-C came.
private final class EndsBefore {
  private var pids: Set<Int32> = []

  func add(_ members: [ProcessHandle]) { for member in members { pids.insert(member.pid) } }

  func contains(_ member: ProcessHandle) -> Bool { pids.contains(member.pid) }
}

/// Pidfds in the event loop that raise attention when their processes end.
private final class ExitWatches {
  private let loop: EventLoop
  private var entries: [(descriptor: Int32, watch: Watch)] = []

  init(_ loop: EventLoop) { self.loop = loop }

  func add(_ pid: Int32) throws {
    let descriptor = try mapErrors { try Process.descriptor(of: pid) }
    let watch = try mapErrors { try loop.watchExit(descriptor) { Attention.raise() } }
    entries.append((descriptor, watch))
  }

  func close() {
    for (descriptor, watch) in entries {
      loop.remove(watch)
      Descriptors.close(descriptor)
    }
    entries = []
  }
}
