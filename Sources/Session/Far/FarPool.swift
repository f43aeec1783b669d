import Glibc
import Language
import Machines
import Pools
import Posix
import Processes

/// What a pool has whose workers are on other machines.
final class FarCrew {
  let hosts: FarHosts
  var workers: [UInt32: FarWorker] = [:]
  private var count: UInt32 = 0
  let codec: ValueCodec
  /// The number that the user gave it; nil for as many as the hosts have.
  var fixedSize: Int?
  /// A task at which so many workers died alone, while their agents lived, is suspect.
  static let mostDeaths = 3

  init(_ placement: FarPlacement, _ name: String, _ session: Session, _ interpreter: Interpreter) {
    hosts = FarHosts(placement, title: "pool \(name)", session)
    codec = ValueCodec(interpreter, acceptsClosures: false, handles: FarHandles())
  }

  deinit { hosts.letGo() }

  func takeNumber() -> UInt32 {
    count &+= 1
    return count
  }

  func workers(at host: FarHost) -> [FarWorker] {
    workers.values.filter { $0.host === host }.sorted { $0.number < $1.number }
  }
}

extension Pool: FarClient {
  // MARK: Beginning

  func startFar(_ far: FarCrew) throws {
    far.hosts.client = self
    far.hosts.memoryLimit = memoryLimit ?? 0
    far.hosts.sharesVariables = !initialized.isEmpty
    if let initializer {
      try refuseHandles(in: initializer)
      far.hosts.initializer = try far.codec.copied(initializer)
    }
    try far.hosts.begin()
  }

  /// Throws if a function has something that only this machine has, naming the variable.
  func refuseHandles(in function: Value) throws {
    guard far != nil, let (name, handle) = FarHandles.variable(of: function, interpreter) else {
      return
    }
    throw FarHandles.error("the variable '\(name)' has a \(handle.typeName)")
  }

  func hireFar(_ far: FarCrew) -> HireOutcome {
    let candidates = far.hosts.ready.map { (host: $0, count: far.workers(at: $0).count) }
    let open = candidates.filter { far.fixedSize != nil || $0.count < $0.host.capacity ?? 0 }
    func load(_ entry: (host: FarHost, count: Int)) -> Double {
      Double(entry.count) / Double(max(1, entry.host.capacity ?? 1))
    }
    guard let host = open.min(by: { load($0) < load($1) })?.host else {
      return far.hosts.isHopeless ? .failed : .awaited
    }
    let worker = FarWorker(self, host, far.takeNumber())
    far.workers[worker.number] = worker
    host.send(FarOrder.worker(.make, worker.number))
    return .hired(worker, credit: TaskLedger.slots, isReady: false)
  }

  /// As many as the hosts have, unless the user gave a number.
  private func fitLimit(_ far: FarCrew) {
    if isClosed || far.fixedSize != nil { return }
    scheduler.setLimit(far.hosts.capacity)
  }

  // MARK: Hosts

  func isReady(_ host: FarHost) {
    guard let far else { return }
    fitLimit(far)
    scheduler.roomCame()
    act()
    if waiters == 0, !isIdle { setAsynchronous(true) }
  }

  func drains(_ host: FarHost) {
    guard let far else { return }
    let workers = far.workers(at: host)
    for worker in workers { if let slot = worker.slot { scheduler.leave(slot) } }
    if workers.isEmpty { host.dismiss() }
    fitLimit(far)
    act()
  }

  func isLost(_ host: FarHost, _ reason: String) {
    guard let far else { return }
    var (count, repeated) = (0, 0)
    for worker in far.workers(at: host) {
      if let (batch, place) = worker.taskInHand {
        if let ending = worker.slot?.reason {
          endLost(batch, place, of: worker, ending)
        } else {
          count += 1
          if lose(batch, place, of: worker, reason) { repeated += 1 }
        }
      }
      far.workers[worker.number] = nil
      if let slot = worker.slot { scheduler.ended(slot, isLost: true) }
    }
    if !scheduler.isClosed || count > 0 {
      far.hosts.tell(host, reason, lost: count, repeated: repeated, of: "task")
    }
    fitLimit(far)
    act()
  }

  /// An attempt went with its host: whether it is made again.
  private func lose(
    _ batch: TaskBatch, _ place: Int, of worker: FarWorker, _ reason: String
  ) -> Bool {
    guard let job = batch.job.client as? PoolJob else { return false }
    let host = worker.host
    host.lost += 1
    let isFutile = job.isCutOff(batch[place], since: worker.begun(batch), at: host)
    let error = job.lost(batch[place], with: host.name, reason, isFutile: isFutile)
    defer { job.hasProgressed() }
    return job.failed(batch, place, isFutile ? .futile : .lost, error)
  }

  /// What was to be ended anyway is not made again because its host was lost meanwhile.
  private func endLost(
    _ batch: TaskBatch, _ place: Int, of worker: FarWorker, _ reason: ExecutorSlot.Reason
  ) {
    guard let job = batch.job.client as? PoolJob else { return }
    var end = FarEnd()
    end.pid = worker.pid
    job.failed(batch, place, .ended, cause(worker, job, reason, end))
    job.hasProgressed()
  }

  func lostAll(_ reasons: [String]) {
    lastStartFailure = reasons.joined(separator: "; ")
    scheduler.giveUp()
    act()
  }

  // MARK: Messages

  func take(_ message: FarMessage, from host: FarHost) throws(FieldReader.Malformed) {
    guard let far else { return }
    var reader = FieldReader(message.bytes)
    switch message.kind {
    case .result:
      guard let worker = far.workers[try reader.number()], worker.host === host else { return }
      takeResult(message.attempt, Array(reader.rest), worker)
    case .back:
      let count = Int(try reader.number(UInt32.self))
      for worker in far.workers.values where worker.host === host {
        guard let batch = worker.batch(message.attempt) else { continue }
        scheduler.returned(batch, count)
        return act()
      }
    case .worker: try takeNews(&reader, host, far)
    case .output:
      let stream: UInt8 = try reader.number()
      guard stream == 1 || stream == 2 else { throw FieldReader.Malformed() }
      show(Array(reader.rest), on: Int32(stream))
    default: break
    }
  }

  private func show(_ bytes: [UInt8], on number: Int32) {
    session.postponing { try session.output.flush() }
    try? bytes.withUnsafeBytes { try Transfer.writeAll(number, $0) }
  }

  private func takeNews(
    _ reader: inout FieldReader, _ host: FarHost, _ far: FarCrew
  ) throws(FieldReader.Malformed) {
    guard let news = FarOrder.News(rawValue: try reader.number()) else {
      throw FieldReader.Malformed()
    }
    guard let worker = far.workers[try reader.number()], worker.host === host else { return }
    switch news {
    case .ready:
      worker.pid = try reader.number()
      becomeReady(worker)
    case .late:
      worker.isLate = true
      if let slot = worker.slot { scheduler.endSlot(slot, .timeout) }
    case .unable: takeStartFailure(Array(reader.rest), worker)
    case .ended: ended(worker, try FarEnd(&reader), far)
    }
    act()
  }

  private func becomeReady(_ worker: FarWorker) {
    guard let slot = worker.slot, !worker.isReady else { return }
    worker.isReady = true
    worker.reportedAt = Clock.monotonic
    scheduler.ready(slot)
  }

  private func takeStartFailure(_ bytes: [UInt8], _ worker: FarWorker) {
    let error = bytes.withUnsafeBytes { bytes -> ErrorObject? in
      guard TaskPacket(bytes) != nil else { return nil }
      var entries = TaskEntries(bytes)
      guard let entry = entries.next(), let far,
        case .error(let error)? = try? far.codec.value(entry.payload)
      else { return nil }
      return error
    }
    let message = error?.message ?? String(decoding: bytes.prefix(500), as: UTF8.self)
    worker.startFailure = message
    if !toldFailures.insert(message).inserted || toldFailures.count > 3 { return }
    session.report(error ?? ErrorObject(.failed, message))
  }

  private func takeResult(_ number: UInt64, _ bytes: [UInt8], _ worker: FarWorker) {
    becomeReady(worker)
    guard let batch = worker.batch(number), let far else { return }
    bytes.withUnsafeBytes { bytes in
      guard let head = TaskPacket(bytes), head.kind == .results else { return }
      let before = batch.reported
      let hasFailures = takeResults(
        bytes, of: batch, host: worker.host.name
      ) { try far.codec.value($0) }
      worker.reportedAt = Clock.monotonic
      worker.slot?.way = worker.host.roundTrip ?? 0
      worker.tasksDone += batch.reported - before
      worker.host.tasksDone += batch.reported - before
      if head.flags.contains(.isFinished) {
        worker.batches[batch.tag] = nil
        scheduler.finished(batch)
        act()
      } else if hasFailures {
        act()
      }
    }
  }

  private func ended(_ worker: FarWorker, _ end: FarEnd, _ far: FarCrew) {
    let (state, reason) = (worker.slot?.state ?? .ended, worker.slot?.reason)
    let isCutOff = reason == nil && worker.host.hasCutOff(end)
    var isExpected = reason != nil || isCutOff
    if state == .leaving, !isCutOff { isExpected = end.inHand == nil && end.exit != nil }
    if !isExpected {
      deaths += 1
      lastStartFailure = worker.startFailure ?? "\(worker.name) \(phrase(end))"
    }
    if let inHand = end.inHand, let batch = worker.batch(inHand.batch),
      let job = batch.job.client as? PoolJob, batch.reported < batch.count
    {
      if isCutOff {
        let isRepeated = lose(batch, batch.reported, of: worker, "its time has ended")
        far.hosts.tellEnd(of: worker.host, isRepeated: isRepeated, "task")
        return leave(worker, isLost: true, far)
      }
      let fault: TaskFault = reason != nil ? .ended : end.exit == nil ? .died : .error
      var error = cause(worker, job, reason, end)
      if fault == .died { error = job.noteDeath(of: batch[batch.reported], error) }
      job.failed(batch, batch.reported, fault, error)
      job.hasProgressed()
    }
    leave(worker, isLost: isCutOff, far)
  }

  private func leave(_ worker: FarWorker, isLost: Bool, _ far: FarCrew) {
    far.workers[worker.number] = nil
    if let slot = worker.slot { scheduler.ended(slot, isLost: isLost) }
    if worker.host.state == .draining, far.workers(at: worker.host).isEmpty {
      worker.host.dismiss()
    }
  }

  private func phrase(_ end: FarEnd) -> String {
    if end.isExhausted, let memoryLimit {
      return "ran out of memory (--memory \(sizeText(memoryLimit)))"
    }
    if let exit = end.exit { return "ended with exit status \(exit)" }
    return "was ended by \(Signal(end.signal)?.name ?? "a signal")"
  }

  /// Why an attempt came to nothing whose worker has ended.
  private func cause(
    _ worker: FarWorker, _ job: PoolJob, _ reason: ExecutorSlot.Reason?, _ end: FarEnd
  ) -> ErrorObject {
    let who = "(\(end.pid) on \(worker.host.name))"
    let error: ErrorObject
    switch reason {
    case .timeout:
      error = ErrorObject(.timeout, job.causeOfTimeout, exitStatus: ErrorObject.timeoutStatus)
    case .cancelled:
      error = ErrorObject(
        .failed, "the task was cancelled", payload: ["cancelled": .bool(true)])
    case .retired:
      error =
        wasTerminated
        ? terminated : ErrorObject(.closed, "the pool ended the worker \(who) while the task ran")
    case nil:
      error = ErrorObject(
        .peerDied, "the worker \(who) \(phrase(end)) while it had the task in hand",
        help: end.exit != nil
          ? "`exit` in a task ends its worker; to fail a task, use throw"
          : "with --retries N the task is tried again up to N times")
    }
    let exit = end.exit.map { Value.int(Int($0)) } ?? .null
    let signal = Signal(end.signal).map { Value.text($0.name) } ?? .null
    return error.amended { problem in
      problem.payload["pid"] = .int(Int(end.pid))
      problem.payload["host"] = .text(worker.host.name)
      problem.payload["worker"] = .text(worker.name)
      problem.payload["exit"] = exit
      problem.payload["signal"] = signal
      problem.payload["maxrss"] = .size(Int(end.maxRSS))
      guard job.policy.isRecorded else { return }
      let facts = MapObject()
      facts.set("pid", .int(Int(end.pid)))
      facts.set("host", .text(worker.host.name))
      facts.set("start", .time(Int(Clock.realtime - end.elapsed)))
      facts.set("elapsed", .duration(Int(end.elapsed)))
      facts.set("maxrss", .size(Int(end.maxRSS)))
      facts.set("exit", exit)
      facts.set("signal", signal)
      facts.set("output", TaskInput.value(end.output))
      facts.set("error", TaskInput.value(end.error))
      problem.take(record: facts)
    }
  }

  // MARK: Tasks

  /// Sends a worker tasks, as the scheduler wants it.
  func start(_ batch: TaskBatch, at worker: FarWorker) -> StartOutcome {
    guard let far, let job = batch.job.client as? PoolJob, worker.host.isConnected,
      let place = worker.batches.firstIndex(where: { $0 == nil })
    else { return .unavailable }
    introduce(job, to: worker.host)
    var flags = job.flags
    if batch.job.isEager { flags.insert(.isEager) }
    var payload: [UInt8] = []
    var seed = job.seed
    while let task = batch.upcoming {
      do {
        let bytes = try far.codec.copied(job.argument(task))
        let isAlone = bytes.count > TaskPacket.usualSize
        let size = TaskPacket.headSize + payload.count + TaskPacket.entryHeadSize + bytes.count
        if batch.count > 0, isAlone || size > TaskPacket.usualSize { break }
        batch.take()
        if isAlone {
          payload = bytes
          flags.insert(.isLarge)
          if seed != 0 { seed = RandomSource.taskSeed(seed, UInt32(truncatingIfNeeded: task)) }
          break
        }
        var writer = FieldWriter()
        writer.add(UInt32(bytes.count))
        writer.add(UInt32(truncatingIfNeeded: task))
        payload += writer.bytes
        payload += bytes
      } catch {
        job.refuse(batch, error as? ErrorObject ?? ErrorObject(.system, "\(error)"))
      }
    }
    guard batch.count > 0 else { return .started }
    let head = TaskPacket(
      .batch, slot: place, flags: flags, number: job.function.number,
      batch: UInt32(truncatingIfNeeded: batch.number), seed: seed)
    var writer = FieldWriter()
    writer.add(FarOrder.Work.batch.rawValue)
    writer.add(worker.number)
    writer.add(UInt8(place))
    writer.add(UInt32(batch.count))
    writer.add(batch.job.policy.timeout ?? 0)
    writer.add(batch.job.policy.grace)
    writer.add(rest: head.bytes(with: []).prefix(TaskPacket.headSize) + payload)
    batch.tag = place
    worker.batches[place] = batch
    worker.host.send(FarMessage(.task, batch.number, writer.bytes))
    if waiters == 0 { wantsSignals = true }
    return .started
  }

  private func introduce(_ job: PoolJob, to host: FarHost) {
    if host.hosts.placement.followsDirectory, host.directory != directory.path {
      host.directory = directory.path
      host.send(FarOrder.code(.directory, 0, Array(directory.path.utf8)))
    }
    if host.known.insert(job.function.number).inserted {
      host.send(FarOrder.code(.function, job.function.number, job.function.message.bytes))
    }
  }

  func forgetFar(_ far: FarCrew, _ number: UInt32) {
    for host in far.hosts.all where host.known.remove(number) != nil {
      host.send(FarOrder.code(.forget, number, []))
    }
  }
}
