import Channels
import Glibc
import Language
import Posix
import Processes
import Waits

extension Session {
  /// Waits until a child has ended and reaps it; nil when the deadline has passed.
  ///
  /// - Parameters:
  ///   - keepsZombie: only look, so that the child stays a zombie.
  ///   - isLeft: asked after each signal: whether to give up, as at the deadline.
  /// - Throws: `system` for a process that is no child of this one and was not waited for.
  public func wait(
    for process: ProcessHandle, _ interpreter: Interpreter, until deadline: Int64? = nil,
    keepsZombie: Bool = false, isLeft: (() -> Bool)? = nil
  ) throws -> WaitRecord? {
    if let record = process.record { return record }
    try requireChild(process)
    // A job has ended when all its members have.
    for member in process.upstream where member.record == nil {
      guard try wait(for: member, interpreter, until: deadline, isLeft: isLeft) != nil else {
        return nil
      }
    }
    try output.flush()
    if WaitNote.isOpen {
      return try sleep(for: process, interpreter, until: deadline, keepsZombie, isLeft)
    }
    WaitNote.begin(
      .processWait, WaitTarget(.process(process.pid), .end), until: deadline ?? .max)
    defer { WaitNote.end() }
    return try sleep(for: process, interpreter, until: deadline, keepsZombie, isLeft)
  }

  private func sleep(
    for process: ProcessHandle, _ interpreter: Interpreter, until deadline: Int64?,
    _ keepsZombie: Bool, _ isLeft: (() -> Bool)?
  ) throws -> WaitRecord? {
    guard let gate = Gate.current, gate.isLoose, try peekRecord(process) == nil else {
      return try sleepHere(for: process, interpreter, until: deadline, keepsZombie, isLeft)
    }
    return try gate.away {
      try sleepHere(for: process, interpreter, until: deadline, keepsZombie, isLeft)
    }
  }

  private func sleepHere(
    for process: ProcessHandle, _ interpreter: Interpreter, until deadline: Int64?,
    _ keepsZombie: Bool, _ isLeft: (() -> Bool)?
  ) throws -> WaitRecord? {
    var isDirect = loop.isIdle && !handlers.blocked.contains(.chld)
    if isDirect { noteSleep() }
    while isDirect {
      let limit = min(deadline ?? .max, nextErrand)
      let outcome = try mapErrors("cannot wait for process \(process.pid)") {
        try Reaper.wait(pid: process.pid, keepsZombie: keepsZombie, until: limit)
      }
      switch outcome {
      case .ended(let info):
        sweepLater()
        if keepsZombie { return try look(at: process, info) }
        return finish(process, info)
      case .attention:
        try attend(interpreter)
        if process.record == nil, isLeft?() ?? false { return nil }
      case .timedOut:
        if let deadline, deadline <= Clock.monotonic { return nil }
        try runErrands()
      }
      // A handler may have waited for it, or begun to watch something.
      if let record = process.record { return record }
      isDirect = loop.isIdle && !handlers.blocked.contains(.chld)
    }
    var record: WaitRecord?
    let isDone = try pauseForChildren([process], interpreter, until: deadline) {
      record = try keepsZombie ? peekRecord(process) : reapNow(process)
      return record != nil || isLeft?() ?? false
    }
    return isDone ? record : nil
  }

  /// Waits for the next of some children to end (nil: any of the user's) and reaps it; nil when
  /// the deadline has passed.
  ///
  /// - Throws: `missing` if there is no child that could end.
  public func waitAny(
    of processes: [ProcessHandle]?, _ interpreter: Interpreter, until deadline: Int64? = nil,
    keepsZombie: Bool = false
  ) throws -> ProcessHandle? {
    if let processes {
      for process in processes where process.record == nil { try requireChild(process) }
    }
    var ended: ProcessHandle?
    let watched = processes ?? self.processes.users
    let isDone = try noting(watched, [], until: deadline) {
      try pauseForChildren(watched, interpreter, until: deadline) {
        let users = self.processes.users
        // The one that reaps next must not take the last process of a job before its time.
        let isAny = processes == nil && !keepsZombie && users.allSatisfy(\.upstream.isEmpty)
        ended = try isAny ? nextEnded() : firstEnded(processes ?? users, keepsZombie)
        return ended != nil
      }
    }
    return isDone ? ended : nil
  }

  /// How a child ended, without reaping it; nil while it lives.
  public func peek(_ process: ProcessHandle) throws -> ExitInfo? {
    if let info = process.record?.info ?? process.endInfo { return info }
    try requireChild(process)
    let seen = try mapErrors { try Reaper.peek(pid: process.pid) }
    guard let info = seen else { return nil }
    noteEnd(of: process, info, Clock.monotonic)
    return info
  }

  /// The record of an ended child that stays a zombie; nil while it, or its job, lives.
  public func peekRecord(_ process: ProcessHandle) throws -> WaitRecord? {
    if let record = process.record { return record }
    if !process.isAlone { return nil }
    return try peek(process).map { try look(at: process, $0) }
  }

  /// Reaps a child if it, and its job, has ended.
  @discardableResult
  public func reapNow(_ process: ProcessHandle) throws -> WaitRecord? {
    if let record = process.record { return record }
    try requireChild(process)
    if !process.isAlone { return nil }
    let ended = try mapErrors { try Reaper.reap(pid: process.pid) }
    return ended.map { finish(process, $0) }
  }

  /// Waits for several children, of which each is asked for with `wait`; others who look see at once
  /// that all are waited for.
  public func waitForAll<R>(
    _ processes: [ProcessHandle], until deadline: Int64?, _ body: () throws -> R
  ) rethrows -> R {
    try noting(processes, .all, until: deadline, body)
  }

  // MARK: The steps

  private func nextEnded() throws -> ProcessHandle? {
    // waitpid(2) has an order of its own: whose end was seen earlier comes first.
    let seen = processes.users.filter { $0.endInfo != nil && $0.record == nil }
    if let first = seen.min(by: { $0.endedAt < $1.endedAt }),
      processes.child(first.pid) === first, try reapNow(first) != nil
    {
      return first
    }
    while true {
      let info: ExitInfo?
      do throws(SystemError) {
        info = try Reaper.reapAny()
      } catch {
        if error.code == ECHILD { throw nothingToWaitFor() }
        throw error.asError("cannot wait")
      }
      guard let info else {
        if processes.users.isEmpty { throw nothingToWaitFor() }
        return nil
      }
      if let process = reaped(info), process.kind.isUsers { return process }
    }
  }

  private func firstEnded(
    _ processes: [ProcessHandle], _ keepsZombie: Bool
  ) throws -> ProcessHandle? {
    if processes.isEmpty { throw nothingToWaitFor() }
    for process in processes {
      if try (keepsZombie ? peekRecord(process) : reapNow(process)) != nil { return process }
    }
    return nil
  }

  private func nothingToWaitFor() -> ErrorObject {
    ErrorObject(
      .missing, "there is no child to wait for",
      help: "children come from fork, spawn, & and process start")
  }

  /// Throws `system` unless this process can wait for it.
  public func requireChild(_ process: ProcessHandle) throws {
    if processes.child(process.pid) === process { return }
    throw ErrorObject(
      .system, "process '\(process.name)' (\(process.pid)) is not a child of this process",
      help: "only the process that made it can wait for it")
  }

  /// Pauses; while the user blocks SIGCHLD, pidfds tell of the ends.
  func pauseForChildren(
    _ watched: [ProcessHandle], _ interpreter: Interpreter, until deadline: Int64?,
    done: () throws -> Bool
  ) throws -> Bool {
    var watches: [Watch] = []
    defer { for watch in watches { loop.remove(watch) } }
    if handlers.blocked.contains(.chld) {
      for process in watched where process.record == nil {
        watches.append(
          try mapErrors { try loop.watchExit(process.descriptor()) { Attention.raise() } })
      }
    }
    return try pause(interpreter, until: deadline, done: done)
  }

  private func look(at process: ProcessHandle, _ info: ExitInfo) throws -> WaitRecord {
    noteEnd(of: process, info, Clock.monotonic)
    return WaitRecord(process, info, at: process.endedAt, value: value(of: process))
  }

  /// A child was reaped: its record is made, and what it held is free again.
  @discardableResult
  func finish(_ process: ProcessHandle, _ info: ExitInfo) -> WaitRecord {
    noteEnd(of: process, info, Clock.monotonic)
    let record = WaitRecord(process, info, at: process.endedAt, value: value(of: process))
    process.record = record
    process.reapedAt = Clock.monotonic
    if record.signal == .int { noteInterrupt(of: process.pid) }
    process.closeDescriptor()
    if process.kind == .member { noteMember(process) }
    if process.kind.isOrphan { Guardian.forget(process.pid) }
    leave(process)
    processes.remember(process)
    return record
  }

  /// `config reap manual` or `auto`.
  func setReaping(isAutomatic: Bool) {
    supervisor.reapsAtOnce = isAutomatic
    if isAutomatic { sweep() }
  }
}
