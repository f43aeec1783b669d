import Glibc
import Language
import Pools
import Posix
import Processes

/// Sending tasks to workers.
extension Pool {
  /// Sends a worker tasks, as the scheduler wants it.
  func start(_ batch: TaskBatch, at worker: WorkerExecutor) -> StartOutcome {
    guard let job = batch.job.client as? PoolJob, let place = worker.freeSlot else {
      return .unavailable
    }
    do {
      try introduce(job, to: worker)
      return try fill(batch, job, worker, place)
    } catch {
      return refusal(batch, job, error)
    }
  }

  /// What an error means of which nothing was sent: there is no room for a task now, or it cannot
  /// be sent at all.
  private func refusal(_ batch: TaskBatch, _ job: PoolJob, _ error: any Error) -> StartOutcome {
    let object = cannotSend(error)
    if let error = error as? SystemError, Pool.shortages.contains(error.code) {
      shortage = object
      return .noRoom
    }
    if let task = batch.count > 0 ? batch[0] : batch.upcoming { job.note(object, of: task) }
    return .failed
  }

  /// What passes when something ends, or when messages under way are received.
  static let shortages: Set<Int32> = [
    EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS, ETOOMANYREFS,
  ]

  private func cannotSend(_ error: any Error) -> ErrorObject {
    switch error {
    case let error as SystemError: error.asError("cannot send a task to a worker")
    case let error as ErrorObject: error
    default: ErrorObject(.system, "\(error)")
    }
  }

  // MARK: Packets

  /// Sees to it that a worker knows a job's function and directory.
  private func introduce(_ job: PoolJob, to worker: WorkerExecutor) throws {
    if worker.directory != directory.version {
      try sendSmall(TaskPacket(.directory), Array(directory.path.utf8), [], to: worker)
      worker.directory = directory.version
    }
    let function = job.function
    guard !worker.known.contains(function.number) else { return }
    let message = function.message
    if message.bytes.count > TaskPacket.mostBytes {
      let memory = try message.bytes.withUnsafeBytes {
        try MemoryFile.sealed("brood function", $0)
      }
      defer { Descriptors.close(memory) }
      try sendSmall(
        TaskPacket(.function, flags: .isLarge, number: function.number), [],
        [memory] + message.descriptors, to: worker)
    } else {
      try sendSmall(
        TaskPacket(.function, number: function.number), message.bytes, message.descriptors,
        to: worker)
    }
    worker.known.insert(function.number)
  }

  /// Fills the packet with a job's next tasks and sends it; throws where it cannot be sent.
  private func fill(
    _ batch: TaskBatch, _ job: PoolJob, _ worker: WorkerExecutor, _ place: Int
  ) throws -> StartOutcome {
    guard let base = packet.baseAddress else { return .unavailable }
    var flags = job.flags
    if batch.job.isEager { flags.insert(.isEager) }
    var size = TaskPacket.headSize
    var descriptors: [Int32] = []
    var memory: Int32 = -1
    var seed = job.seed
    defer {
      Descriptors.close(memory)
      codec.letGo()
    }
    var run = batch.upcomingRun
    // Of that so many are in the packet, and not taken.
    var added = 0
    while !run.isEmpty {
      let task = run.lowerBound + added
      do {
        let message = try codec.message(job.argument(task), mayRecall: true)
        let isAlone = !message.descriptors.isEmpty || message.bytes.count > TaskPacket.usualSize
        let end = size + TaskPacket.entryHeadSize + message.bytes.count
        if batch.count + added > 0, isAlone || end > TaskPacket.usualSize {
          codec.recall()
          break
        }
        if isAlone {
          memory = try MemoryFile.sealed("brood task", message.bytes)
          descriptors = [memory] + message.descriptors
          flags.insert(.isLarge)
          if seed != 0 { seed = RandomSource.taskSeed(seed, UInt32(truncatingIfNeeded: task)) }
        } else {
          let mark = UInt32(truncatingIfNeeded: task)
          size += TaskEntries.write(message.bytes, mark: mark, to: base + size)
        }
        added += 1
        if isAlone { break }
        if added < run.count { continue }
      } catch let error as SystemError {
        codec.recall()
        if batch.count + added == 0 { throw error }
        break
      } catch {
        batch.take(count: added)
        added = 0
        job.refuse(batch, cannotSend(error))
      }
      batch.take(count: added)
      added = 0
      run = batch.upcomingRun
    }
    batch.take(count: added)
    guard batch.count > 0 else { return .started }
    TaskPacket(
      .batch, slot: place, flags: flags, number: job.function.number,
      batch: UInt32(truncatingIfNeeded: batch.number), seed: seed
    ).write(to: base)
    worker.ledger.begin(place, count: batch.count)
    do throws(SystemError) {
      try send(UnsafeRawBufferPointer(start: base, count: size), descriptors, batch, to: worker)
    } catch {
      worker.ledger.begin(place, count: 0)
      codec.recall()
      throw error
    }
    batch.tag = place
    worker.batches[place] = batch
    worker.batchCount += 1
    if worker.batchCount == 1 { worker.tell(waits: false) }
    if waiters == 0, !worker.isAsynchronous { wantsSignals = true }
    return .started
  }

  /// A packet of a head and one payload.
  private func sendSmall(
    _ head: TaskPacket, _ payload: [UInt8], _ descriptors: [Int32], to worker: WorkerExecutor
  ) throws(SystemError) {
    let size = TaskPacket.headSize + TaskPacket.entryHeadSize + payload.count
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    guard let base = buffer.baseAddress else { return }
    head.write(to: base)
    payload.withUnsafeBytes {
      _ = TaskEntries.write($0, mark: 0, to: base + TaskPacket.headSize)
    }
    try send(UnsafeRawBufferPointer(buffer), descriptors, nil, to: worker)
  }

  /// A function is not needed any more.
  func forget(_ number: UInt32) {
    if isInherited { return }
    if let far { return forgetFar(far, number) }
    for worker in workers where worker.known.remove(number) != nil {
      try? sendSmall(TaskPacket(.forget, number: number), [], [], to: worker)
    }
  }

  /// It gets nothing more: it ends when it has read that, or the end of what there is.
  func stop(_ worker: WorkerExecutor) {
    do throws(SystemError) {
      try sendSmall(TaskPacket(.stop), [], [], to: worker)
    } catch {
      shutdown(worker.socket, Int32(SHUT_WR))
    }
  }

  /// Sends a packet now, or as soon as there is room; throws if the kernel refuses it.
  private func send(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32], _ batch: TaskBatch?,
    to worker: WorkerExecutor
  ) throws(SystemError) {
    if worker.unsent.isEmpty {
      do throws(SystemError) {
        if try Messages.send(worker.socket, bytes, descriptors: descriptors) { return }
      } catch {
        // Of one that has ended the pidfd tells.
        if Pool.isEnd(error) { return }
        throw error
      }
    }
    var copies: [Int32] = []
    do throws(SystemError) {
      for fd in descriptors { copies.append(try Descriptors.privateCopy(of: fd)) }
      if worker.writeWatch == nil {
        worker.writeWatch = try session.loop.watch(worker.socket, for: .write) {
          [self] in flush(worker)
        }
      }
    } catch {
      for fd in copies { Descriptors.close(fd) }
      throw error
    }
    worker.unsent.append(UnsentPacket(bytes: Array(bytes), descriptors: copies, batch: batch))
  }

  private static func isEnd(_ error: SystemError) -> Bool {
    error.code == EPIPE || error.code == ECONNRESET
  }

  /// A worker's socket has room again.
  private func flush(_ worker: WorkerExecutor) {
    while let packet = worker.unsent.first {
      do throws(SystemError) {
        if try !Messages.send(worker.socket, packet.bytes, descriptors: packet.descriptors) {
          return
        }
      } catch {
        if !Pool.isEnd(error) {
          shortage = error.asError("cannot send a task to a worker")
          return takeUnsentBack(worker)
        }
      }
      for fd in packet.descriptors { Descriptors.close(fd) }
      worker.unsent.removeFirst()
    }
    unwatch(worker)
  }

  private func unwatch(_ worker: WorkerExecutor) {
    if let watch = worker.writeWatch { session.loop.remove(watch) }
    worker.writeWatch = nil
  }

  /// It has room, but the kernel has none: what was not sent is started anew, and waits or fails then.
  private func takeUnsentBack(_ worker: WorkerExecutor) {
    unwatch(worker)
    let packets = worker.unsent
    worker.unsent = []
    // Functions may be among them; to be sent one twice does no harm.
    worker.known = []
    worker.directory = 0
    for packet in packets {
      for fd in packet.descriptors { Descriptors.close(fd) }
      guard let batch = packet.batch, worker.batches[batch.tag] === batch else { continue }
      _ = worker.ledger.takeBack(batch.tag)
      finished(batch, worker)
    }
    if worker.state == .leaving, worker.batchCount == 0 { stop(worker) }
    act()
  }
}
