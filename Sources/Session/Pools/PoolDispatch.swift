import Language
import Posix

/// Giving tasks to workers.
extension Pool {
  /// Gives out what can be given out: first to workers that have nothing, then one batch ahead.
  func pump() {
    if isPumping {
      needsPump = true
      return
    }
    isPumping = true
    defer { isPumping = false }
    repeat {
      needsPump = false
      while !queue.isEmpty, let member = idle.popLast() {
        member.isListed = false
        guard member.isOpen, member.batchCount == 0 else { continue }
        let isGiven = give(to: member)
        // It has nothing either where the task could not be sent.
        if member.isOpen, member.batchCount == 0 { rest(member) }
        if !isGiven { break }
      }
      guard !queue.isEmpty else { continue }
      for member in members where member.batchCount == 1 && member.isOpen {
        if !give(to: member) { break }
      }
    } while needsPump
  }

  /// A worker has room: for the one at hand there is no need to look at all of them.
  func feed(_ member: PoolMember) {
    if isPumping {
      needsPump = true
      if member.batchCount == 0, member.isOpen { rest(member) }
      return
    }
    isPumping = true
    while member.isOpen, member.batchCount < TaskLedger.slots, give(to: member) {}
    isPumping = false
    if member.batchCount == 0, member.isOpen {
      rest(member)
      if queue.isEmpty { steal(for: member) }
    }
    if needsPump { pump() }
  }

  /// A worker has nothing to do.
  func rest(_ member: PoolMember) {
    if case .working = member.state { member.tell(waits: true) }
    if member.isListed { return }
    member.isListed = true
    idle.append(member)
  }

  /// Sends a worker a batch; false if there is none for it now.
  private func give(to member: PoolMember) -> Bool {
    guard !isPaused, let slot = member.freeSlot, let job = front() else { return false }
    if member.batchCount > 0, job.policy.isSingle { return false }
    if job.policy.rate != nil, !isDue(job) { return false }
    if job.isHeld {
      pumpLater(at: Clock.deadline(after: Pool.holdTime))
      return false
    }
    do {
      try introduce(job, to: member)
    } catch {
      // No descriptor or memory is left for it, and another task would fare no better.
      if let index = job.upcoming {
        job.take()
        fail(job, index, cannotSend(error))
        settle(job)
      }
      return true
    }
    fill(job, member, slot)
    return true
  }

  /// The first job that has a task.
  private func front() -> PoolJob? {
    while let job = queue.first {
      if job.hasTask { return job }
      job.isQueued = false
      queue.removeFirst()
      settle(job)
    }
    return nil
  }

  /// Whether a job with a rate may start a task now; else that is looked at again in time.
  private func isDue(_ job: PoolJob) -> Bool {
    let now = Clock.monotonic
    if job.nextStart <= now {
      let interval = Int64(1e9 / max(job.policy.rate ?? 1, 1e-6))
      // A pool that was busy does not make up for it in a rush.
      job.nextStart = max(job.nextStart, now) + interval
      return true
    }
    pumpLater(at: job.nextStart)
    return false
  }

  /// How long to wait before a job that is held is looked at again (ns).
  private static let holdTime: Int64 = 100_000_000

  private func pumpLater(at moment: Int64) {
    if pumpTimer != nil { return }
    pumpTimer = session.loop.addTimer(at: moment) { [weak self] in
      self?.pumpTimer = nil
      self?.pump()
    }
  }

  // MARK: Packets

  /// Sees to it that a worker knows a job's function and directory.
  private func introduce(_ job: PoolJob, to member: PoolMember) throws {
    if member.directory != directory.version {
      try sendSmall(TaskPacket(.directory), Array(directory.path.utf8), [], to: member)
      member.directory = directory.version
    }
    let function = job.function
    guard !member.known.contains(function.number) else { return }
    let message = function.message
    if message.bytes.count > TaskPacket.mostBytes {
      let memory = try message.bytes.withUnsafeBytes {
        try MemoryFile.sealed("brood function", $0)
      }
      defer { Descriptors.close(memory) }
      try sendSmall(
        TaskPacket(.function, flags: .isLarge, number: function.number), [],
        [memory] + message.descriptors, to: member)
    } else {
      try sendSmall(
        TaskPacket(.function, number: function.number), message.bytes, message.descriptors,
        to: member)
    }
    member.known.insert(function.number)
  }

  /// Fills the packet with a job's next tasks and sends it.
  private func fill(_ job: PoolJob, _ member: PoolMember, _ slot: Int) {
    guard let base = packet.baseAddress, let first = job.upcoming else { return }
    member.batchNumber &+= 1
    let batch = PoolMember.Batch(job, slot, member.batchNumber, first: first)
    let wanted = job.chunk(workers: target)
    var flags: TaskPacket.Flags = job.spreads ? .spreads : []
    if job.isNamed { flags.insert(.isNamed) }
    if job.policy.timeout != nil || job.policy.isRecorded { flags.insert(.isTimed) }
    if job.policy.isRecorded { flags.insert(.isRecorded) }
    if job.policy.isTagged { flags.insert(.isTagged) }
    if job.isEager { flags.insert(.isEager) }
    if job.policy.halt != .never { flags.insert(.mayHalt) }
    var size = TaskPacket.headSize
    var descriptors: [Int32] = []
    var memory: Int32 = -1
    var seed = job.seed
    defer { Descriptors.close(memory) }
    while batch.count < wanted, let index = job.upcoming {
      do {
        let message = try coder.encode(job.argument(index))
        let isAlone = !message.descriptors.isEmpty || message.bytes.count > TaskPacket.usualSize
        let end = size + TaskPacket.entryHeadSize + message.bytes.count
        if batch.count > 0, isAlone || end > TaskPacket.usualSize { break }
        if isAlone {
          memory = try MemoryFile.sealed("brood task", message.bytes)
          descriptors = [memory] + message.descriptors
          flags.insert(.isLarge)
          if seed != 0 { seed = RandomSource.taskSeed(seed, UInt32(truncatingIfNeeded: index)) }
        } else {
          let mark = UInt32(truncatingIfNeeded: index)
          size += TaskEntries.write(message.bytes, mark: mark, to: base + size)
        }
        job.take()
        batch.append(index)
        if isAlone { break }
      } catch {
        job.take()
        fail(job, index, cannotSend(error))
      }
    }
    guard batch.count > 0 else { return }
    TaskPacket(
      .batch, slot: slot, flags: flags, number: job.function.number, batch: batch.number,
      seed: seed
    ).write(to: base)
    member.ledger.begin(slot, count: batch.count)
    member.batches[slot] = batch
    member.batchCount += 1
    if member.batchCount == 1 {
      member.finishedAt = batch.sentAt
      member.tell(waits: false)
    }
    do throws(SystemError) {
      try send(UnsafeRawBufferPointer(start: base, count: size), descriptors, to: member)
    } catch {
      // No descriptors are left: a worker that never got its batch is of no use.
      happened(.unwanted(.retired), to: member)
    }
    if let timeout = job.policy.timeout { check(after: timeout) }
    if waiters == 0, !member.isAsynchronous { setAsynchronous(true) }
  }

  private func cannotSend(_ error: any Error) -> ErrorObject {
    switch error {
    case let error as SystemError: error.asError("cannot send a task to a worker")
    case let error as ErrorObject: error.copied
    default: ErrorObject(.system, "\(error)")
    }
  }

  /// A packet of a head and one payload.
  func sendSmall(
    _ head: TaskPacket, _ payload: [UInt8], _ descriptors: [Int32], to member: PoolMember
  ) throws(SystemError) {
    let size = TaskPacket.headSize + TaskPacket.entryHeadSize + payload.count
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    guard let base = buffer.baseAddress else { return }
    head.write(to: base)
    payload.withUnsafeBytes {
      _ = TaskEntries.write($0, mark: 0, to: base + TaskPacket.headSize)
    }
    try send(UnsafeRawBufferPointer(buffer), descriptors, to: member)
  }

  /// A packet without payload.
  func sendHead(_ head: TaskPacket, to member: PoolMember) {
    try? sendSmall(head, [], [], to: member)
  }

  /// Sends a packet now, or as soon as there is room.
  private func send(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32], to member: PoolMember
  ) throws(SystemError) {
    if member.unsent.isEmpty {
      do throws(SystemError) {
        if try Messages.send(member.socket, bytes, descriptors: descriptors) { return }
      } catch {
        // Of one that has ended the pidfd tells; anything else passes.
        if error.name == "EPIPE" || error.name == "ECONNRESET" { return }
      }
    }
    var copies: [Int32] = []
    for fd in descriptors { copies.append(try Descriptors.privateCopy(of: fd)) }
    member.unsent.append((Array(bytes), copies))
    if member.writeWatch == nil {
      member.writeWatch = try session.loop.watch(member.socket, for: .write) {
        [self] in flush(member)
      }
    }
  }

  /// A worker's socket has room again.
  private func flush(_ member: PoolMember) {
    while let (bytes, descriptors) = member.unsent.first {
      do throws(SystemError) {
        if try !Messages.send(member.socket, bytes, descriptors: descriptors) { return }
      } catch {
        if error.name != "EPIPE", error.name != "ECONNRESET" { return flushLater(member) }
      }
      for fd in descriptors { Descriptors.close(fd) }
      member.unsent.removeFirst()
    }
    if let watch = member.writeWatch { session.loop.remove(watch) }
    member.writeWatch = nil
    feed(member)
  }

  /// It has room, but the kernel has none: too many descriptors are under way, or too little memory
  /// is left, of which nothing tells when it passes.
  private func flushLater(_ member: PoolMember) {
    if let watch = member.writeWatch { session.loop.remove(watch) }
    member.writeWatch = nil
    after(Pool.holdTime) { [weak self, weak member] in
      if let member, let self, !member.isEnded { flush(member) }
    }
  }

  // MARK: Taking back

  /// A worker has nothing to do: it gets half of what waits at the one that has most.
  func steal(for member: PoolMember) {
    guard !isStealing, !isPaused else { return }
    var richest: PoolMember?
    var most = 0
    for other in members where other.batchCount > 0 && other !== member {
      let waiting = other.waiting
      if waiting > most { (richest, most) = (other, waiting) }
    }
    guard let richest, most > 0 else { return }
    takeBack((most + 1) / 2, from: richest)
    if !queue.isEmpty {
      isStealing = true
      pump()
      isStealing = false
    }
  }

  /// Takes unstarted tasks back from a worker, the last ones first.
  func takeBack(_ most: Int = .max, from member: PoolMember) {
    var rest = most
    for batch in member.batches.compactMap({ $0 }).sorted(by: { $0.sentAt > $1.sentAt }) {
      if rest <= 0 { return }
      let taken = member.ledger.takeBack(batch.slot, most: rest)
      if taken.isEmpty { continue }
      rest -= taken.count
      batch.job.giveBack(taken.map { batch[$0] })
      batch.shorten(to: taken.lowerBound)
      enqueue(batch.job)
      settle(batch.job)
    }
  }
}
