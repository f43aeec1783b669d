import Channels
import Glibc
import Language
import Posix
import Processes

extension Session {
  /// Makes this process, a fresh copy of its parent, one of its own (KERNEL.md).
  ///
  /// Does as little as it can: every page that a child writes is copied, which costs it more than
  /// a system call. What can tell by `Process.forkDepth` that it was inherited needs nothing.
  func becomeChild(_ slot: SlotID?) {
    if let slot { slots?.take(slot) }
    output.forgetAfterFork()
    interpreter?.forgetActiveCall()
    if endingSignal != nil { endingSignal = nil }
    if hasRedirectedOutput { hasRedirectedOutput = false }
    lookout.forgetAfterFork()
    handlers.forgetAfterFork()
    dueCalls.forgetAfterFork()
    if Recorder.isOn { Recorder.write(.start, other: getppid(), ownName ?? "") }
    for hook in hooks.afterForkInChild { hook() }
  }

  /// The whole life of a forked block.
  func runChild(
    _ options: ForkOptions, _ ticket: SpawnTicket, parent: Int32, terminal: Int32?,
    _ interpreter: Interpreter, _ body: () throws -> Value
  ) -> Never {
    becomeChild(ticket.slot)
    if !exitBlocks.isEmpty { exitBlocks = [] }
    if options.kind == .helper { isPoolWorker = true }
    var status: Int32 = 0
    do {
      try takePlace(options, parent: parent, terminal: terminal)
      try options.prepare?()
      Gate.current?.beginBlock()
      let result = try body()
      try interpreter.printReport(result)
      // What cannot be written is a failure, and then there is no value.
      try output.flush()
      try store(result, ticket.slot)
    } catch {
      if isLate(error, options, parent) {
        endingSignal = .term
      } else {
        status = self.status(of: error)
      }
    }
    end(status, interpreter)
  }

  /// Whether a daemon has only lost those that it waited for as its parent has ended, and it is about to
  /// end with it.
  private func isLate(_ error: any Error, _ options: ForkOptions, _ parent: Int32) -> Bool {
    options.isDaemon && [.closed, .peerDied].contains((error as? ErrorObject)?.kind)
      && Process.parentPid != parent
  }

  /// What the options ask of the child itself.
  private func takePlace(_ options: ForkOptions, parent: Int32, terminal: Int32?) throws {
    if let group = options.group { try mapErrors { try joinGroup(group) } }
    if options.isDaemon {
      do throws(SystemError) {
        try Process.dieWithParent(parent)
      } catch {
        Session.dieOf(.term)  // the parent has ended already
      }
      Peers.waitsForLeft = true
    }
    // The parent does the same, and may have been told another since.
    if let nice = options.nice, (try? Process.niceness(of: 0)) == options.inheritedNice {
      try mapErrors("cannot set the priority to \(nice)") {
        try Process.setNiceness(of: 0, to: nice)
      }
    }
    if options.isDetached { try detachSelf(leavesTerminal: isatty(0) == 1 || isatty(1) == 1) }
    if let terminal { try writeTo(terminal) }
  }

  /// Leaves the parent's process group, and what its terminal sent to that in the meantime.
  func joinGroup(_ group: Int32) throws(SystemError) {
    try Process.setGroup(of: 0, to: group)
    Signals.forgetKeys()
  }

  /// Makes a terminal what this process writes to.
  func writeTo(_ terminal: Int32) throws {
    // What was redirected stays so.
    for fd: Int32 in [1, 2] where isatty(fd) == 1 {
      try mapErrors { try Descriptors.copy(terminal, onto: fd) }
    }
    Descriptors.close(terminal)
    output.descriptorChanged()
  }

  private func detachSelf(leavesTerminal: Bool) throws {
    if Gate.endsWithRun { return }
    try mapErrors("cannot detach") {
      if Guardian.isMarked { try Guardian.setTask(0) }
      // The leader of a group cannot begin a session, but then it has one as good.
      try? Process.newSession()
      guard leavesTerminal else { return }
      let null = try Descriptors.open("/dev/null", O_RDWR)
      for fd: Int32 in 0...2 where isatty(fd) == 1 { try Descriptors.copy(null, onto: fd) }
      Descriptors.close(null)
    }
    output.descriptorChanged()
  }

  /// The status that an uncaught error ends a process with; prints it.
  public func status(of error: any Error) -> Int32 {
    if let exit = error as? ExitRequest { return exit.status }
    let error = error as? ErrorObject ?? ErrorObject(.system, "\(error)")
    if error.kind == .interrupted {
      if endingSignal == nil { tellOfInterrupt() }
      endingSignal = endingSignal ?? .int
      return 130
    }
    hasFailed = true
    if error.kind == .deadlock { noteDeadlock(error) }
    report(error)
    return error.exitStatus ?? 1
  }
}
