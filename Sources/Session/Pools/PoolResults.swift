import Glibc
import Language
import Posix

/// Taking results in.
extension Pool {
  /// Something has come from a worker.
  func receive(_ member: PoolMember) {
    // A few at a time, so that one worker does not keep the others waiting.
    for _ in 0..<4 {
      switch readPacket(member) {
      case .packet: if member.batchCount == 0 { return }
      case .nothing: return
      case .end:
        if let watch = member.socketWatch { session.loop.remove(watch) }
        member.socketWatch = nil
        return
      }
    }
  }

  /// All that a dead worker has sent.
  func drain(_ member: PoolMember) {
    while case .packet = readPacket(member) {}
  }

  private enum Reading { case packet, nothing, end }

  /// The kernel lacks something now: the worker's socket is read again after a while.
  private func receiveLater(_ member: PoolMember) {
    if let watch = member.socketWatch { session.loop.remove(watch) }
    member.socketWatch = nil
    after(Pool.shortageTime) { [weak self, weak member] in
      guard let self, let member, !member.isEnded, member.socketWatch == nil else { return }
      do throws(SystemError) {
        member.socketWatch = try session.loop.watch(member.socket, for: .read) { [self] in
          receive(member)
        }
      } catch {
        receiveLater(member)
      }
    }
  }

  /// How long to wait before something is tried again that the kernel had no room for (ns).
  private static let shortageTime: Int64 = 10_000_000

  private func readPacket(_ member: PoolMember) -> Reading {
    let message: ReceivedMessage?
    do throws(SystemError) {
      message = try Messages.receive(member.socket, into: incoming)
    } catch {
      if [ENOMEM, ENOBUFS, EMFILE, ENFILE, EINTR].contains(error.code) {
        if !member.isEnded { receiveLater(member) }
        return .nothing
      }
      return .end
    }
    guard let message else { return .nothing }
    if message.count == 0 { return .end }
    let bytes = incoming[..<min(message.count, incoming.count)]
    take(UnsafeRawBufferPointer(rebasing: bytes), message, from: member)
    return .packet
  }

  private func take(
    _ bytes: UnsafeRawBufferPointer, _ message: ReceivedMessage, from member: PoolMember
  ) {
    guard let head = TaskPacket(bytes) else { return }
    let descriptors = message.descriptors
    switch head.kind {
    case .hello: happened(.ready, to: member)
    case .capture: takeCapture(descriptors, from: member)
    case .unable: takeStartFailure(bytes, from: member)
    case .results:
      if case .starting = member.state { happened(.ready, to: member) }
      guard let batch = member.batches[head.slot], batch.number == head.batch else {
        for fd in descriptors { Descriptors.close(fd) }
        return
      }
      takeResults(bytes, descriptors, isCut: message.isCut, of: batch, member)
      if head.flags.contains(.isFinished) { finished(batch, member) }
    default: break
    }
  }

  /// A worker could not begin: the first of them that fails so is told of, the others likely share
  /// its fate.
  private func takeStartFailure(_ bytes: UnsafeRawBufferPointer, from member: PoolMember) {
    var entries = TaskEntries(bytes)
    guard let entry = entries.next(),
      case .error(let error)? = try? coder.decode(entry.payload, [])
    else { return }
    member.startFailure = error.message
    if !toldFailures.insert(error.message).inserted || toldFailures.count > 3 { return }
    session.report(error)
  }

  /// Results that a worker sent, or that were in its ledger when it died.
  func takeResults(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32], isCut: Bool = false,
    of batch: PoolMember.Batch, _ member: PoolMember
  ) {
    var entries = TaskEntries(bytes)
    let job = batch.job
    while let (mark, payload) = entries.next() {
      let place = Int(mark >> 1)
      // What was sent and still stood in the ledger comes twice.
      guard place == batch.reported, place < batch.count else {
        if let memory = descriptors.first { Descriptors.close(memory) }
        for fd in descriptors.dropFirst() { Descriptors.close(fd) }
        continue
      }
      batch.reported += 1
      member.tasksDone += 1
      let index = batch[place]
      do {
        if isCut { throw ReceivedMessage.cut.asError("its descriptors are lost") }
        let value: Value
        if let memory = descriptors.first {
          defer { Descriptors.close(memory) }
          value = try coder.decode(memory: memory, descriptors.dropFirst())
        } else {
          value = try coder.decode(payload, [])
        }
        if mark & 1 == 0 {
          succeeded += 1
          job.succeed(index, value)
        } else if case .error(let error) = value {
          fail(job, index, error)
        }
      } catch {
        let object = error as? ErrorObject ?? ErrorObject(.system, "\(error)")
        fail(
          job, index,
          ErrorObject(
            object.kind, "the result of a task cannot be read: \(object.message)",
            help: object.help))
      }
    }
  }

  /// An attempt failed.
  func fail(_ job: PoolJob, _ index: Int, _ error: ErrorObject, isDeath: Bool = false) {
    let before = job.failed
    job.fail(index, error, isDeath: isDeath)
    failed += job.failed - before
    if job.isHalted { takeBackAll(of: job) }
    enqueue(job)
  }

  private func finished(_ batch: PoolMember.Batch, _ member: PoolMember) {
    if batch.reported < batch.count {
      batch.job.giveBack((batch.reported..<batch.count).map { batch[$0] })
      batch.shorten(to: batch.reported)
      enqueue(batch.job)
    }
    let now = Clock.monotonic
    batch.job.note(batch.count, in: now - max(batch.sentAt, member.finishedAt))
    member.finishedAt = now
    member.batches[batch.slot] = nil
    member.batchCount -= 1
    settle(batch.job)
    feed(member)
    if case .leaving = member.state, member.batchCount == 0 { happened(.idle, to: member) }
    if isClosed { leaveIfDone() }
  }

  /// Takes back what was not started of a job that was halted.
  func takeBackAll(of job: PoolJob) {
    for member in members where member.batches.contains(where: { $0?.job === job }) {
      for batch in member.batches {
        guard let batch, batch.job === job else { continue }
        let taken = member.ledger.takeBack(batch.slot)
        if taken.isEmpty { continue }
        job.giveBack(taken.map { batch[$0] })
        batch.shorten(to: taken.lowerBound)
      }
    }
  }

  /// A job may be finished.
  func settle(_ job: PoolJob) {
    guard job.isFinished, !job.isSettled else { return }
    job.isSettled = true
    pending -= 1
    if job.isSubmitted { submitted -= 1 }
    job.finish()
  }

  /// Lets a job start nothing more; what runs goes on.
  func cancel(_ job: PoolJob) {
    // A forked child shares the ledgers, but the tasks are not its.
    if isInherited { return }
    job.halt()
    takeBackAll(of: job)
    settle(job)
  }

  /// Ends the tasks of a job that run now, and starts no more.
  func endTasks(of job: PoolJob) {
    if isInherited { return }
    job.halt()
    takeBackAll(of: job)
    for member in members {
      if let (batch, _) = member.inHand, batch.job === job {
        happened(.unwanted(.cancelled), to: member)
      }
    }
    settle(job)
  }
}
