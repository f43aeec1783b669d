import Glibc
import Language
import Pools
import Posix
import Processes

/// Looking after workers: making them, and what follows from their ends.
extension Pool: ExecutorCrew {
  // MARK: Beginning

  /// Forks the first workers; throws if that fails.
  func start() throws {
    if let far { return try startFar(far) }
    for _ in 0..<scheduler.limit {
      scheduler.enter(try makeWorker(), credit: TaskLedger.slots, isReady: false)
    }
    act()
  }

  public func hire() -> HireOutcome {
    if isInherited { return .failed }
    if let far { return hireFar(far) }
    do {
      return .hired(try makeWorker(), credit: TaskLedger.slots, isReady: false)
    } catch {
      lastStartFailure = (error as? ErrorObject)?.message ?? "\(error)"
      return .failed
    }
  }

  private func makeWorker() throws -> WorkerExecutor {
    let ledger = try mapErrors("cannot make a worker") { try ledgers.take() }
    let number = numbers.take()
    do {
      let (ours, theirs) = try mapErrors("cannot make a worker") { try Descriptors.messagePair() }
      // Ours is private, so no worker has another's; theirs is made so in the child.
      let given = OwnedDescriptor(theirs)
      let socket = OwnedDescriptor(try mapErrors { try Descriptors.makePrivate(ours) })
      let process = try fork(number, given.number, ledger)
      let worker = try enter(process, number, socket.number, ledger)
      _ = socket.release()
      return worker
    } catch {
      numbers.giveBack(number)
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
    options.pool = ordinal
    options.group = 0
    return try session.fork(options, interpreter) { [self] in
      let socket = try mapErrors { try Descriptors.makePrivate(socket) }
      try session.becomeWorker()
      if let memoryLimit {
        ledger.noteExhaustion()
        try mapErrors { try Process.limitMemory(of: 0, to: memoryLimit) }
      }
      interpreter.hideCalls()
      let worker = PoolWorker(
        socket, ledger, of: objectID, session, interpreter, sharesVariables: !initialized.isEmpty)
      if let initializer { try worker.begin(by: initializer) }
      try worker.run()
      return .null
    }
  }

  private func enter(
    _ process: ProcessHandle, _ number: Int, _ socket: Int32, _ ledger: TaskLedger
  ) throws -> WorkerExecutor {
    var pidfd: Int32 = -1
    do throws(SystemError) {
      pidfd = try Process.descriptor(of: process.pid)
      let worker = WorkerExecutor(self, number, process, socket: socket, pidfd: pidfd, ledger)
      try watch(worker)
      worker.directory = directory.version
      workers.append(worker)
      return worker
    } catch {
      // It has no task yet, and is reaped when it has ended.
      try? Process.send(.kill, to: process.pid)
      Descriptors.close(pidfd)
      throw error.asError("cannot watch a worker")
    }
  }

  /// Serves a worker from now on; on failure nothing of that is left.
  ///
  /// While one of its workers lives the pool does, also one that could not be made.
  private func watch(_ worker: WorkerExecutor) throws(SystemError) {
    let socketWatch = try session.loop.watch(worker.socket, for: .read, as: .worker) { [self] in
      receive(worker)
    }
    do throws(SystemError) {
      worker.exitWatch = try session.loop.watchExit(worker.pidfd, as: .worker) { [self] in
        worker.exitWatch = nil
        ended(worker)
      }
    } catch {
      session.loop.remove(socketWatch)
      throw error
    }
    worker.socketWatch = socketWatch
  }

  // MARK: Ending

  /// A signal to a worker and what it started.
  func send(_ step: EndStep, to worker: WorkerExecutor) {
    let process = worker.process
    switch step {
    case .kill:
      Termination.force(group: process.group, leader: process.pid)
      killRest(of: worker)
    case .terminate: Termination.request(group: process.group, leader: process.pid)
    }
  }

  /// Kills whatever a worker has started, wherever it went.
  private func killRest(of worker: WorkerExecutor) {
    guard let mark = session.mark(of: worker.process) else { return }
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
  private func ended(_ worker: WorkerExecutor) {
    let process = worker.process
    drain(worker)
    let (state, reason) = (worker.state, worker.slot?.reason)
    if let mark = session.mark(of: process) { endedMarks[mark] = ProcessStat.ticksNow }
    let record = (try? session.reapNow(process)) ?? process.record
    takeGathered(worker)
    let inHand = worker.taskInHand
    if inHand != nil || reason != nil { killRest(of: worker) }
    var isExpected = reason != nil
    if state == .leaving { isExpected = inHand == nil && record?.signal == nil }
    if !isExpected {
      deaths += 1
      lastStartFailure =
        worker.startFailure ?? record.map { "\(process.name) \(ending(of: worker, $0))" }
    }
    if let inHand { lose(inHand.batch, worker, reason, record) }
    if let slot = worker.slot { scheduler.ended(slot) }
    release(worker)
    act()
  }

  /// Results that stood in the ledger, not sent yet.
  private func takeGathered(_ worker: WorkerExecutor) {
    let size = worker.ledger.gathered
    guard size > TaskPacket.headSize else { return }
    let bytes = UnsafeRawBufferPointer(start: worker.ledger.results, count: size)
    guard let head = TaskPacket(bytes), head.kind == .results, let batch = worker.batch(head)
    else { return }
    takeResults(bytes, [], of: batch, worker)
  }

  /// What a worker had in hand when it ended comes to nothing.
  private func lose(
    _ batch: TaskBatch, _ worker: WorkerExecutor, _ reason: ExecutorSlot.Reason?,
    _ record: WaitRecord?
  ) {
    guard let job = batch.job.client as? PoolJob, batch.reported < batch.count else { return }
    if job.policy.isTagged, !job.policy.isRecorded, let capture = worker.capture {
      // What it wrote before its end.
      let tag = TaskCapture.tag(of: job.item(batch[batch.reported]))
      TaskCapture.show(capture.output, capture.error, tag: tag)
    }
    let fault: TaskFault = reason != nil ? .ended : record?.signal != nil ? .died : .error
    job.failed(batch, batch.reported, fault, cause(worker, job, reason, record))
    job.hasProgressed()
  }

  private func release(_ worker: WorkerExecutor) {
    worker.isGone = true
    for watch in [worker.socketWatch, worker.exitWatch, worker.writeWatch] {
      if let watch { session.loop.remove(watch) }
    }
    (worker.socketWatch, worker.exitWatch, worker.writeWatch) = (nil, nil, nil)
    Descriptors.close(worker.socket)
    Descriptors.close(worker.pidfd)
    if let capture = worker.capture {
      Descriptors.close(capture.output)
      Descriptors.close(capture.error)
    }
    for packet in worker.unsent { for fd in packet.descriptors { Descriptors.close(fd) } }
    worker.unsent = []
    worker.batches = [nil, nil]
    worker.batchCount = 0
    ledgers.giveBack(worker.ledger)
    workers.removeAll { $0 === worker }
    numbers.giveBack(worker.number)
  }
}
