import Channels
import Glibc
import Language
import Posix
import Processes
import Waits

extension Session {
  /// Adds a block of `on-exit`; the last one added runs first.
  public func onExit(_ block: Value) { exitBlocks.append(block) }

  /// The living children that the end of a script waits for: those that verbs of the session made,
  /// orphans of forked blocks among them; none when a signal ends this process.
  var joinable: [ProcessHandle] {
    if endingSignal != nil { return [] }
    return processes.all.filter { process in
      switch process.kind {
      case .helper, .leftover, .foreign: false
      default: !process.isDaemon && !process.isDetached && isLiving(process)
      }
    }
  }

  func isLiving(_ process: ProcessHandle) -> Bool {
    process.record == nil && (try? peek(process)) == .some(.none)
  }

  /// Ends this process as `exit` does: `on-exit` blocks, joining, flushing.
  ///
  /// Only the session's own process joins, and only a script's: at the prompt, and after HUP, TERM
  /// or Ctrl-C, children are ended instead. The guardian sees to what is left.
  public func end(_ status: Int32, _ interpreter: Interpreter) -> Never {
    var status = runExitBlocks(status, interpreter)
    for hook in hooks.beforeEnd { hook() }
    InterruptForwarder.end()
    writeRest(&status)
    if lostReader { endingSignal = endingSignal ?? .pipe }
    if !isChild, !processes.isEmpty || supervisor.hasGuardian {
      writeBox()
      sweep()
      if !isInteractive && endingSignal == nil {
        endStuckRest()
        finishSubmitted(&status, interpreter)
        join(interpreter)
      }
      endLeftovers(interpreter)
      tellDropped()
      pools.terminate()
      endMachines()
      endChildren(interpreter)
    }
    if isAttached {
      sweep()
      endChildren(interpreter)
    }
    if !isChild {
      let isAlone = endRest()
      removeSocketFiles()
      // What does not even obey KILL is left to it.
      if isAlone { dismissGuardian() }
    }
    writeRest(&status)
    // Of a signal that came since, and was not dealt with, this process dies as of any other. A
    // person at the prompt has said how it is to end.
    if !isInteractive, let last = handlers.last() {
      if endingSignal == nil, last == .int { tellOfInterrupt() }
      endingSignal = endingSignal ?? last
    }
    if Recorder.isOn {
      let cause = endingSignal.map { ExitInfo.Cause.signaled($0, core: false) }
      Recorder.write(.exit, number: RecordedEnding.number(cause ?? .exited(status)))
    }
    endRecording()
    if let endingSignal { Session.dieOf(endingSignal) }
    Process.exitNow(status)
  }

  /// What was submitted to pools is done, unless an error has ended the script.
  private func finishSubmitted(_ status: inout Int32, _ interpreter: Interpreter) {
    if hasFailed { return }
    do {
      try pools.finishSubmitted(self, interpreter)
    } catch {
      status = self.status(of: error)
    }
    writeRest(&status)
  }

  /// Says how much submitted work comes to nothing with this process.
  public func tellDropped() {
    let count = pools.submitted
    if count == 0 || isChild { return }
    Session.say(
      count == 1
        ? "brood: 1 submitted task was not finished, and is dropped"
        : "brood: \(count) submitted tasks were not finished, and are dropped")
  }

  /// Writes what is left of the output; what cannot be written is a failure of this process.
  private func writeRest(_ status: inout Int32) {
    // What was told to end does not wait for a reader that has stopped.
    if endingSignal != nil { output.timeout = Termination.graceOfSession }
    for _ in 0..<Session.mostAttempts {
      do {
        if let error = handlers.takePostponed() { throw error }
        try output.flush()
        return
      } catch {
        let failure = self.status(of: error)
        if status == 0 { status = failure }
        if endingSignal != nil { output.timeout = Termination.graceOfSession }
      }
    }
  }

  /// So often a signal may come between while the last output is written.
  private static let mostAttempts = 100

  private func runExitBlocks(_ status: Int32, _ interpreter: Interpreter) -> Int32 {
    var status = status
    // A block that adds a block again and again must not keep the process for ever.
    var turns = 0
    while turns < 10_000, endingSignal == nil || turns < 1000, let block = exitBlocks.popLast() {
      turns += 1
      do {
        try interpreter.printReport(try interpreter.invoke(block, [], wantsValue: false))
      } catch {
        status = self.status(of: error)
      }
    }
    return status
  }

  /// Waits until no child is left that is neither a daemon nor detached.
  ///
  /// When that takes long it says for whom it waits, lest one takes the script to hang.
  private func join(_ interpreter: Interpreter) {
    // Nothing more will come from this process: a waiter that has no other peer shall know.
    channels.leave()
    closeSockets()
    var named: Set<Int32> = []
    func isOver() -> Bool {
      sweep()
      let rest = joinable
      for process in rest where process.letter == "T" && named.insert(process.pid).inserted {
        note("waiting for process '\(process.name)' (\(process.pid)), which is stopped")
      }
      return rest.isEmpty
    }
    do {
      try noting(joinable, .all, until: nil) {
        let due = Clock.deadline(after: Session.noticeDelay)
        while true {
          if try pause(interpreter, until: due, done: isOver) { return }
          if Clock.monotonic < due { continue }
          let rest = joinable.filter { !named.contains($0.pid) }
          let waitsForDaemons = hasDaemons && rest.allSatisfy(channels.isWaiting)
          let why = waitsForDaemons ? ", for which only a daemon could do something" : ""
          if !rest.isEmpty, !isSilent { note("waiting for \(waitsText(rest))\(why)") }
          _ = try pause(interpreter, done: isOver)
          return
        }
      }
    } catch {
      _ = status(of: error)
    }
  }

  /// Processes, and what each of them waits for: `'p' (12), in lock acquire b (demo.brood:3)`.
  func waitsText(_ processes: [ProcessHandle], most: Int = 5) -> String {
    let notes = SessionMemory.own.map { SessionLook($0, of: .notes).graph() }
    let shown = processes.prefix(most).map { process in
      let name = "'\(process.name)' (\(process.pid))"
      return (notes?.sleep(of: process.pid)).flatMap(waitText).map { "\(name), in \($0)" } ?? name
    }
    if processes.count > most { return shown.joined(separator: "; ") + "; …" }
    return shown.joined(separator: "; ")
  }

  private var hasDaemons: Bool {
    processes.all.contains { $0.isDaemon && $0.kind != .helper && isLiving($0) }
  }

  private func note(_ text: String) {
    Session.say("brood: \(text); Ctrl-C ends it")
  }

  /// TERM to all living children that are not detached, and KILL to what is left after a while.
  private func endChildren(_ interpreter: Interpreter) {
    func living() -> [ProcessHandle] {
      processes.all.filter { !$0.isDetached && $0.kind != .foreign && isLiving($0) }
    }
    let first = living()
    if first.isEmpty { return }
    for process in first { Termination.request(process.pid) }
    let deadline = Clock.deadline(after: Termination.graceOfSession)
    var areGone = false
    postponing { areGone = try pause(interpreter, until: deadline) { living().isEmpty } }
    if areGone { return }
    for process in living() { Termination.force(process.pid) }
  }

  /// After how long a script that has come to its end tells whom it waits for (ns).
  ///
  /// Not before the look after a second has ended the waits that no process can end.
  private static let noticeDelay: Int64 = 1_500_000_000

  /// Ends this process by a signal, as its parent should see it.
  static func dieOf(_ signal: Signal) -> Never {
    try? Signals.set(signal, .default)
    Signals.unblock([signal])
    _ = kill(Process.pid, signal.number)
    Process.exitNow(128 + signal.number)
  }
}
