import Glibc
import Language
import Posix

/// What happens to a worker.
enum MemberEvent {
  /// It was heard of.
  case ready
  /// Its task, or it, is not wanted any more.
  case unwanted(PoolMember.Reason)
  /// It is to stop when it has done what it has.
  case leave
  /// It has done all it had.
  case idle
  /// It had time enough to obey TERM.
  case graceOver
  /// Its pidfd says that it has ended.
  case ended
}

/// Looking after workers: what each event means in each state.
extension Pool {
  /// | | starting, working | leaving | ending |
  /// |---|---|---|---|
  /// | ready | is working | – | – |
  /// | unwanted | TERM, is ending | TERM, is ending | – |
  /// | leave | stops if it has nothing, is leaving | – | – |
  /// | idle | – | told to stop | – |
  /// | grace over | – | – | KILL |
  /// | ended | bury, replace | bury | bury, replace |
  func happened(_ event: MemberEvent, to member: PoolMember) {
    switch (event, member.state) {
    case (_, .ended): break
    case (.ready, .starting):
      member.state = .working
      failedStarts = 0
      if member.batchCount == 0 { member.tell(waits: true) }
    case (.ready, _): break
    case (.unwanted, .ending): break
    case (.unwanted(let reason), _): end(member, reason)
    case (.leave, .starting), (.leave, .working):
      takeBack(from: member)
      member.state = .leaving
      if member.batchCount == 0 { happened(.idle, to: member) }
    case (.leave, _): break
    case (.idle, .leaving): sendHead(TaskPacket(.stop), to: member)
    case (.idle, _): break
    case (.graceOver, .ending): strike(member, .kill)
    case (.graceOver, _): break
    case (.ended, _): bury(member)
    }
  }

  // MARK: Beginning

  /// Forks the first workers; throws if that fails.
  func start() throws {
    for _ in 0..<target { try addMember() }
  }

  /// Forks as many workers as are missing.
  func fill() {
    guard !isInherited, !isRestartDue, !isClosed || pending > 0 else { return }
    while livingCount < target {
      if failedStarts >= Pool.mostFailedStarts { return giveUp() }
      if failedStarts > 3 {
        // Something is wrong: slower and slower.
        isRestartDue = true
        return after(10_000_000 << Int64(failedStarts - 4)) { [weak self] in
          guard let self else { return }
          isRestartDue = false
          tryToAdd()
          fill()
          pump()
        }
      }
      tryToAdd()
    }
  }

  /// So many workers may end before they are ready, one after the other.
  static let mostFailedStarts = 10

  var livingCount: Int {
    members.count { member in
      switch member.state {
      case .starting, .working: true
      case .leaving, .ending, .ended: false
      }
    }
  }

  private func tryToAdd() {
    do {
      try addMember()
    } catch {
      failedStarts += 1
      lastStartFailure = (error as? ErrorObject)?.message ?? "\(error)"
    }
  }

  /// No worker can be started: nothing will be done any more.
  private func giveUp() {
    guard livingCount == 0 else { return }
    let reason = lastStartFailure.map { ": \($0)" } ?? ""
    let error = ErrorObject(
      .failed, "no worker of the pool '\(name)' can start\(reason)",
      help: "after \(Pool.mostFailedStarts) attempts one after the other")
    while let job = queue.first {
      queue.removeFirst()
      job.isQueued = false
      let before = job.failed
      job.abandon(error)
      failed += job.failed - before
      settle(job)
    }
  }

  private func addMember() throws {
    let number = freeNumbers.min() ?? highestNumber + 1
    let ledger = try asking("cannot make a worker") { try ledgers.take() }
    do {
      let (ours, theirs) = try asking("cannot make a worker") { try Descriptors.messagePair() }
      // Ours is private, so no worker has another's; theirs is made so in the child.
      var socket: Int32 = -1
      do {
        socket = try asking { try Descriptors.makePrivate(ours) }
        let process = try fork(number, theirs, ledger)
        Descriptors.close(theirs)
        try enter(process, number, socket, ledger)
      } catch {
        Descriptors.close(theirs)
        Descriptors.close(socket)
        throw error
      }
    } catch {
      ledgers.giveBack(ledger)
      throw error
    }
  }

  private func fork(_ number: Int, _ socket: Int32, _ ledger: TaskLedger) throws -> ProcessHandle {
    let wanted = "\(name).\(number)"
    var options = ForkOptions(
      name: session.names[wanted] == nil ? wanted : session.names.fresh("\(wanted)_"),
      kind: .helper, command: "worker of pool \(name)")
    options.isDaemon = true
    options.takesOrders = true
    options.group = 0
    return try session.fork(options, interpreter) { [self] in
      let socket = try asking { try Descriptors.makePrivate(socket) }
      try session.becomeWorker()
      if let memoryLimit {
        ledger.noteExhaustion()
        try asking { try Process.limitMemory(of: 0, to: memoryLimit) }
      }
      interpreter.hideCalls()
      let worker = PoolWorker(
        socket, ledger, session, interpreter, sharesVariables: !initialized.isEmpty)
      if let initializer { try worker.begin(by: initializer) }
      try worker.run()
      return .null
    }
  }

  private func enter(
    _ process: ProcessHandle, _ number: Int, _ socket: Int32, _ ledger: TaskLedger
  ) throws {
    var pidfd: Int32 = -1
    let member: PoolMember
    do throws(SystemError) {
      pidfd = try Process.descriptor(of: process.pid)
      member = PoolMember(number, process, socket: socket, pidfd: pidfd, ledger)
      try watch(member)
    } catch {
      // It has no task yet, and is reaped when it has ended.
      try? Process.send(.kill, to: process.pid)
      Descriptors.close(pidfd)
      throw error.asError("cannot watch a worker")
    }
    member.directory = directory.version
    highestNumber = max(highestNumber, number)
    freeNumbers.removeAll { $0 == number }
    members.append(member)
    rest(member)
  }

  /// Serves a worker from now on; on failure nothing of that is left.
  ///
  /// While one of its workers lives the pool does, also one that could not be made.
  private func watch(_ member: PoolMember) throws(SystemError) {
    let socketWatch = try session.loop.watch(member.socket, for: .read) { [self] in
      receive(member)
    }
    do throws(SystemError) {
      member.exitWatch = try session.loop.watchExit(member.pidfd) { [self] in
        member.exitWatch = nil
        happened(.ended, to: member)
      }
    } catch {
      session.loop.remove(socketWatch)
      throw error
    }
    member.socketWatch = socketWatch
  }

  // MARK: Ending

  /// TERM to a worker and what it started, KILL after a while; what it has not begun goes elsewhere.
  private func end(_ member: PoolMember, _ reason: PoolMember.Reason) {
    let grace = member.inHand?.batch.job.policy.grace ?? PoolPolicy().grace
    takeBack(from: member)
    member.state = .ending(reason)
    strike(member, .term)
    member.graceTimer = session.loop.addTimer(at: Clock.deadline(after: grace)) {
      [weak self, weak member] in
      if let self, let member { happened(.graceOver, to: member) }
    }
    fill()
  }

  private func strike(_ member: PoolMember, _ signal: Signal) {
    let process = member.process
    if (try? Process.send(signal, toGroup: process.group)) == nil {
      try? Process.send(signal, to: process.pid)
    }
    if signal == .kill {
      killRest(of: member)
    } else {
      try? Process.send(.cont, toGroup: process.group)
    }
  }

  /// Kills whatever a worker has started, wherever it went.
  private func killRest(of member: PoolMember) {
    guard let mark = session.mark(of: member.process) else { return }
    for _ in 0..<5 {
      if Guardian.send(.kill, toTask: mark) == 0 { return }
    }
  }

  /// What workers had started ends with the pool: their orphans, wherever they went.
  ///
  /// The number of a worker that has ended may be another process's by now, which began later.
  func endOrphans() {
    let marks = endedMarks
    endedMarks = [:]
    if marks.isEmpty { return }
    let orphans = Guardian.members(tasks: Set(marks.keys)).filter { pid, mark in
      guard let end = marks[mark], let stat = session.reader.stat(pid) else { return false }
      return stat.startTicks <= end && session.processes.child(pid)?.kind.isUsers != true
    }
    for (pid, _) in orphans { try? Process.send(.kill, to: pid) }
    // What was killed is gone within moments; a user looks for it next.
    let deadline = Clock.deadline(after: Pool.orphanTime)
    for (pid, _) in orphans {
      while Clock.monotonic < deadline {
        if let process = session.processes.child(pid) {
          if (try? session.reapNow(process)) != nil || process.record != nil { break }
        } else if (try? Reaper.reap(pid: pid)) != nil || session.reader.stat(pid) == nil {
          break
        }
        usleep(1000)
      }
    }
  }

  /// So long it is waited for what was killed, all together (ns).
  private static let orphanTime: Int64 = 200_000_000

  /// A worker has ended: what it sent counts, what it had in hand is lost, all else is not touched.
  private func bury(_ member: PoolMember) {
    let process = member.process
    drain(member)
    let wasStarting = if case .starting = member.state { true } else { false }
    if let mark = session.mark(of: process) { endedMarks[mark] = ProcessStat.ticksNow }
    let record = (try? session.reapNow(process)) ?? process.record
    var reason: PoolMember.Reason?
    if case .ending(let why) = member.state { reason = why }
    takeGathered(member)
    let inHand = member.inHand
    if inHand != nil || reason != nil { killRest(of: member) }
    var isExpected = reason != nil
    if case .leaving = member.state { isExpected = inHand == nil && record?.signal == nil }
    member.state = .ended
    if !isExpected { deaths += 1 }
    recover(member, inHand, reason, record)
    release(member)
    if wasStarting, reason == nil {
      failedStarts += 1
      lastStartFailure =
        member.startFailure ?? record.map { "\(process.name) \(ending(of: member, $0))" }
    }
    if isClosed { leaveIfDone() }
    fill()
    pump()
  }

  /// Results that stood in the ledger, not sent yet.
  private func takeGathered(_ member: PoolMember) {
    let size = member.ledger.gathered
    guard size > TaskPacket.headSize else { return }
    let bytes = UnsafeRawBufferPointer(start: member.ledger.results, count: size)
    guard let head = TaskPacket(bytes), head.kind == .results,
      let batch = member.batches[head.slot], batch.number == head.batch
    else { return }
    takeResults(bytes, [], of: batch, member)
  }

  /// What becomes of a dead worker's tasks.
  private func recover(
    _ member: PoolMember, _ inHand: (batch: PoolMember.Batch, place: Int)?,
    _ reason: PoolMember.Reason?, _ record: WaitRecord?
  ) {
    for batch in member.batches.compactMap({ $0 }) {
      var first = batch.reported
      if let inHand, inHand.batch === batch {
        first += 1
        let index = batch[inHand.place]
        if batch.job.policy.isTagged, !batch.job.policy.isRecorded, let capture = member.capture {
          // What it wrote before its end.
          let tag = TaskCapture.tag(of: batch.job.item(index))
          TaskCapture.show(capture.output, capture.error, tag: tag)
        }
        let isDeath = reason == nil && record?.signal != nil
        fail(batch.job, index, cause(member, batch.job, reason, record), isDeath: isDeath)
      }
      if first < batch.count {
        batch.job.giveBack((first..<batch.count).map { batch[$0] })
        enqueue(batch.job)
      }
      member.batches[batch.slot] = nil
      settle(batch.job)
    }
    member.batchCount = 0
  }

  private func release(_ member: PoolMember) {
    for watch in [member.socketWatch, member.exitWatch, member.writeWatch] {
      if let watch { session.loop.remove(watch) }
    }
    if let timer = member.graceTimer { session.loop.cancel(timer) }
    Descriptors.close(member.socket)
    Descriptors.close(member.pidfd)
    if let capture = member.capture {
      Descriptors.close(capture.output)
      Descriptors.close(capture.error)
    }
    for (_, descriptors) in member.unsent { for fd in descriptors { Descriptors.close(fd) } }
    member.unsent = []
    ledgers.giveBack(member.ledger)
    members.removeAll { $0 === member }
    idle.removeAll { $0 === member }
    freeNumbers.append(member.number)
  }
}
