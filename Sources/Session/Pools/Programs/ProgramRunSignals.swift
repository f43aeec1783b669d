import Glibc
import Language
import Pools
import Posix

/// What signals mean to a run.
///
/// TSTP stops its programs with it. To `brood run` HUP lets those that run end, and USR1 has it tell
/// how far it is; in a script these end the script. A handler of the user's comes first, and a child
/// has none of this.
final class RunSignals {
  private let session: Session
  private var before: [(signal: Signal, disposition: Signals.Disposition)] = []
  private var hooksBefore: [Signal: () throws -> Void] = [:]

  init(_ session: Session) { self.session = session }

  /// Has a signal do something until `end`.
  func on(_ signal: Signal, _ body: @escaping () throws -> Void) {
    let handlers = session.handlers
    if session.isChild || handlers.blocks[signal] != nil || handlers.ignored.contains(signal) {
      return
    }
    let disposition = Signals.disposition(of: signal)
    // What nohup ignores stays ignored.
    if disposition == .ignore, Signals.ignoredOnEntry.contains(signal) { return }
    guard (try? Signals.set(signal, .record)) != nil else { return }
    before.append((signal, disposition))
    hooksBefore[signal] = handlers.hooks[signal]
    handlers.hooks[signal] = body
  }

  func end() {
    for (signal, disposition) in before {
      session.handlers.hooks[signal] = hooksBefore[signal]
      if session.handlers.blocks[signal] == nil { try? Signals.set(signal, disposition) }
    }
    before = []
  }
}

extension ProgramRun {
  /// Whether this process has a terminal that has not hung up (tty(4)).
  static var hasTerminal: Bool {
    guard let fd = try? Descriptors.open("/dev/tty", O_RDONLY | O_NOCTTY) else { return false }
    Descriptors.close(fd)
    return true
  }

  func handleSignals() -> RunSignals {
    let signals = RunSignals(session)
    signals.on(.tstp) { [weak self] in self?.stopOrContinue() }
    guard options.takesSignals else { return signals }
    let hadTerminal = ProgramRun.hasTerminal
    signals.on(.hup) { [weak self] in
      guard let self else { return }
      if isDraining || hadTerminal && !ProgramRun.hasTerminal { try session.endBy(.hup) }
      drain()
    }
    signals.on(.usr1) { [weak self] in self?.tellState() }
    return signals
  }

  var attempts: [ProgramAttempt] {
    scheduler.slots.compactMap { ($0.executor as? ProgramExecutor)?.attempt }
  }

  // MARK: HUP

  /// Starts no further program; those that run go on.
  private func drain() {
    isDraining = true
    let running = runningCount
    say("HUP: starts no further program; \(running) still \(running == 1 ? "runs" : "run")")
    scheduler.cancel(job, endsRunning: false)
    changes += 1
  }

  // MARK: USR1

  private func tellState() {
    let attempts = attempts
    let now = Clock.monotonic
    var running = attempts.prefix(5).map { attempt in
      let input = live[attempt.index]?.input.shortText ?? ""
      return "\(input) (\(attempt.process.pid)) for \(durationText(Int(now - attempt.begun)))"
    }
    if attempts.count > 5 { running.append("…") }
    let names = running.isEmpty ? "" : ": " + running.joined(separator: ", ")
    let known = isWhole ? "of \(count)" : "of \(count) so far"
    let hold = holdReason.map { "; no more are started: \($0)" } ?? ""
    say(
      "\(succeeded) \(known) succeeded, \(failed) failed, \(attempts.count) running\(names)\(hold)")
  }

  // MARK: TSTP

  /// Ctrl-Z: the programs are stopped, and this process, unless it is at a prompt, whose terminal it
  /// has; then Ctrl-Z again continues them.
  private func stopOrContinue() {
    if isStopped { return goOn() }
    for attempt in attempts { try? Process.send(.stop, toGroup: attempt.process.group) }
    far?.hosts.hold(true)
    isStopped = true
    stoppedAt = Clock.monotonic
    scheduler.pause()
    if session.isInteractive {
      say("the programs are stopped; Ctrl-Z continues them, Ctrl-C ends them")
      return
    }
    for attempt in attempts { takeTerminalBack(from: attempt.process.group) }
    // The shell's prompt comes where a line of progress stands.
    onShow?()
    try? Signals.set(.tstp, .default)
    // It returns when CONT has come.
    try? Process.send(.tstp, to: Process.pid)
    try? Signals.set(.tstp, .record)
    goOn()
  }

  /// How long all was stopped (ns).
  public var stoppedFor: Int64 {
    stoppedTime + (isStopped ? Clock.monotonic - stoppedAt : 0)
  }

  private func goOn() {
    isStopped = false
    far?.hosts.hold(false)
    let time = Clock.monotonic - stoppedAt
    stoppedTime += time
    for attempt in attempts {
      // The time limits are those of programs that run.
      attempt.begun += time
      giveTerminal(to: attempt)
      try? Process.send(.cont, toGroup: attempt.process.group)
    }
    scheduler.resume()
    scheduler.advance()
    changes += 1
  }

  // MARK: The terminal

  /// The terminal for programs that get it, one at a time; nil if there is none, or it is another
  /// job's.
  func openTerminal() -> Int32? {
    guard options.getsTerminal, options.jobs == 1,
      let fd = try? Descriptors.open("/dev/tty", O_RDWR)
    else { return nil }
    guard (try? Terminal.foreground(fd)) == Process.group else {
      Descriptors.close(fd)
      return nil
    }
    return try? Descriptors.makePrivate(fd)
  }

  /// Only from the program itself: by now another job may have it.
  private func takeTerminalBack(from group: Int32) {
    guard terminal >= 0, (try? Terminal.foreground(terminal)) == group else { return }
    try? Terminal.setForeground(terminal, Process.group)
  }

  /// Not where this process goes on in the background.
  private func giveTerminal(to attempt: ProgramAttempt) {
    guard terminal >= 0, (try? Terminal.foreground(terminal)) == Process.group else { return }
    try? Terminal.setForeground(terminal, attempt.process.group)
  }

  /// A program was stopped: told if it wants the terminal and does not get it; one that had it was
  /// stopped by Ctrl-Z, and the run with it.
  func lookAtStopped() {
    guard !isStopped else { return }
    for attempt in attempts {
      guard let signal = attempt.process.stoppedBy, attempt.process.record == nil else { continue }
      if terminal >= 0, signal == .tstp || signal == .stop {
        takeTerminalBack(from: attempt.process.group)
        return stopOrContinue()
      }
      guard signal == .ttin || signal == .ttou, !attempt.isToldStopped else { continue }
      attempt.isToldStopped = true
      let input = live[attempt.index]?.input.shortText ?? ""
      say(
        "\(input): the program (\(attempt.process.pid)) is stopped, since it wants the terminal; "
          + "with --tty programs get it, one at a time")
    }
  }

  /// A program that had the terminal has ended: Ctrl-C was meant for the run, too.
  func leaveTerminal(_ attempt: ProgramAttempt, _ ending: WaitRecord?) {
    guard terminal >= 0 else { return }
    takeTerminalBack(from: attempt.process.group)
    if ending?.signal == .int, problem == nil {
      problem = ErrorObject(.interrupted, "interrupted")
      scheduler.pause()
    }
  }
}
