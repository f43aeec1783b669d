import Glibc
import Language
import Machines
import Pools
import Posix
import Processes

/// What a run has whose programs are on other machines.
final class FarRun {
  let hosts: FarHosts
  var places: [FarPlace] = []
  /// By the numbers of their batches.
  var running: [UInt64: FarPlace] = [:]
  var lostWith: [Int: [String]] = [:]
  /// How often the time of a host ended before a program that had had most of it.
  var cutOffs: [Int: Int] = [:]
  private var laneCount: UInt32 = 0
  /// What a program takes usually (ns).
  private var usualTime: Int64?
  /// The most programs that lie at a place, with the one that runs.
  static let mostCredit: Int64 = 64

  init(_ placement: FarPlacement, jobsAt: ((_ cpus: Int) -> Int)?, _ session: Session) {
    hosts = FarHosts(placement, title: "pool run", session)
    hosts.handlesStop = false
    hosts.jobsAt = jobsAt
  }

  deinit { hosts.letGo() }

  func takeLane() -> UInt32 {
    laneCount &+= 1
    return laneCount
  }

  func note(elapsed: Int64) {
    // Slower ones count at once.
    usualTime = usualTime.map { max(elapsed, ($0 + elapsed) / 2) } ?? elapsed
  }

  /// How many programs lie at a place of a host, so that it need not wait for the next one's way.
  func credit(at host: FarHost) -> Int {
    guard let usualTime, let trip = host.roundTrip else { return 1 }
    return Int(min(1 + trip / max(usualTime, 1), FarRun.mostCredit))
  }

  /// How many programs may lie at places behind others.
  var ahead: Int { places.reduce(0) { $0 + max(0, ($1.slot?.credit ?? 1) - 1) } }

  /// How many programs run, as far as is known.
  var busyCount: Int { places.count { !$0.attempts.isEmpty } }
}

extension ProgramRun: FarClient {
  func hireFar(_ far: FarRun) -> HireOutcome {
    let open = far.hosts.ready.map { host in
      (host: host, count: far.places.count { $0.host === host })
    }.filter { $0.count < $0.host.capacity ?? 0 }
    guard let host = open.min(by: { $0.count < $1.count })?.host else {
      return far.hosts.isHopeless ? .failed : .awaited
    }
    let place = FarPlace(self, host, lane: far.takeLane())
    far.places.append(place)
    return .hired(place, credit: 1, isReady: true)
  }

  func fitLimit(_ far: FarRun) {
    if scheduler.limit != far.hosts.capacity { scheduler.setLimit(far.hosts.capacity) }
  }

  func hasLeft(_ place: FarPlace, _ slot: ExecutorSlot) {
    far?.places.removeAll { $0 === place }
    scheduler.ended(slot)
    if let far, place.host.state == .draining,
      !far.places.contains(where: { $0.host === place.host })
    {
      place.host.dismiss()
    }
  }

  // MARK: Starting

  func start(_ batch: TaskBatch, at place: FarPlace) -> StartOutcome {
    guard place.host.isConnected else { return .unavailable }
    guard let index = batch.upcoming, var record = live[index] else { return .impossible }
    batch.take()
    let number = place.number ?? places.take()
    place.number = number
    do {
      let request = try self.request(record.input, record.index, number)
      let files = try filesToSend(record, number)
      record.slot = number
      live[index]?.slot = number
      if options.results != nil, record.key == nil {
        record.key = record.recalled?.key ?? key?(record.input, record.index)
        live[index]?.key = record.key
      }
      let (output, errors) = try makeOutputs(record)
      func far(_ output: TaskOutput?) -> FarOutput? {
        output.map { output in
          FarOutput(output, session.loop) { [weak place] count in
            var writer = FieldWriter()
            writer.add(UInt32(clamping: count))
            place?.host.send(FarMessage(.window, batch.number, writer.bytes))
          }
        }
      }
      let attempt = FarAttempt(
        batch, index, number, place.host, far(output), far(errors), request)
      let isFirst = place.attempts.isEmpty
      place.attempts.append(attempt)
      self.far?.running[batch.number] = place
      if files.isEmpty {
        send(request, batch, to: place)
      } else {
        attempt.phase = .sending
        send(files, for: attempt, at: place)
      }
      live[index]?.host = place.host.name
      if isFirst { noteBegun(attempt) }
      onProgress?()
      return .started
    } catch {
      release(place)
      return refusal(index, error)
    }
  }

  /// A program has begun, or may have.
  private func noteBegun(_ attempt: FarAttempt) {
    if attempt.isBegun { return }
    attempt.begin()
    live[attempt.index]?.attempts += 1
    live[attempt.index]?.start = Clock.realtime
    if let journal, let record = live[attempt.index] { journal.began(record) }
  }

  /// The number of a place is free when nothing is there.
  private func release(_ place: FarPlace) {
    guard place.attempts.isEmpty, let number = place.number else { return }
    places.giveBack(number)
    place.number = nil
  }

  /// An attempt is at its place no more; what came of its outputs until then is where it belongs.
  private func remove(_ attempt: FarAttempt, from place: FarPlace) {
    attempt.phase = .over
    place.attempts.removeAll { $0 === attempt }
    far?.running[attempt.batch.number] = nil
    release(place)
    for output in [attempt.output, attempt.error] { output?.finish() }
  }

  /// A program did not begin there, and is somebody else's again.
  private func unsend(_ attempt: FarAttempt, from place: FarPlace) {
    remove(attempt, from: place)
    for output in [attempt.output, attempt.error] { output?.output.close() }
    options.results?.undo(attempt.index)
    live[attempt.index]?.host = nil
  }

  /// Whether programs may lie at a place before they run: what they are is known beforehand, and nothing
  /// but the end of the one before decides when they begin.
  private var allowsCredit: Bool {
    plan == nil && options.sends == nil && options.fetches == nil && job.policy.allowsWaiting
  }

  func send(_ request: SpawnRequest, _ batch: TaskBatch, to place: FarPlace) {
    var program = FarProgram()
    program.lane = place.lane
    program.words = request.argumentBytes ?? request.arguments.map { Array($0.utf8) }
    program.environment = request.environment.map { Array($0.utf8) }
    program.directory = request.directory.map { Array($0.utf8) } ?? []
    program.memoryLimit = options.memoryLimit ?? 0
    program.niceness = options.niceness
    program.timeout = batch.job.policy.timeout ?? 0
    program.grace = batch.job.policy.grace
    program.keepsBackground = options.keepsBackground
    var writer = FieldWriter()
    writer.add(FarOrder.Work.program.rawValue)
    program.write(to: &writer)
    place.host.send(FarMessage(.task, batch.number, writer.bytes))
  }

  // MARK: Hosts

  func isReady(_ host: FarHost) {
    changes += 1
    guard let far else { return }
    fitLimit(far)
    scheduler.roomCame()
    scheduler.pump()
  }

  func drains(_ host: FarHost) {
    changes += 1
    guard let far else { return }
    for place in far.places where place.host === host {
      if let slot = place.slot { scheduler.leave(slot) }
    }
    if !far.places.contains(where: { $0.host === host }) { host.dismiss() }
    fitLimit(far)
    scheduler.pump()
  }

  func isLost(_ host: FarHost, _ reason: String) {
    changes += 1
    guard let far else { return }
    var lost: [FarPlace] = []
    for place in far.places where place.host === host { lost.append(place) }
    far.places.removeAll { $0.host === host }
    // What was to be ended anyway has ended.
    for place in lost {
      for attempt in place.attempts.dropFirst().reversed() { unsend(attempt, from: place) }
      // The one before it is done, so that it may have begun.
      if let attempt = place.attempt { noteBegun(attempt) }
    }
    let count = lost.count { $0.attempt != nil && $0.slot?.reason == nil }
    host.lost += count
    let isUseful = !job.isFinished
    let before = job.repeated
    for place in lost {
      if let attempt = place.attempt, place.slot?.reason != nil {
        conclude(place, attempt, nil, .ended)
      } else if let attempt = place.attempt {
        far.lostWith[attempt.index, default: []].append(host.name)
        conclude(place, attempt, nil, isCutOff(attempt, far) ? .futile : .lost)
      }
      if let slot = place.slot { scheduler.ended(slot, isLost: true) }
    }
    if count > 0 || isUseful {
      far.hosts.tell(host, reason, lost: count, repeated: job.repeated - before, of: "program")
    }
    fitLimit(far)
    scheduler.pump()
  }

  func lostAll(_ reasons: [String]) {
    changes += 1
    if job.isFinished { return }
    problem =
      problem ?? ErrorObject(.failed, "no host is left: \(reasons.joined(separator: "; "))")
    scheduler.giveUp()
    scheduler.pump()
  }

  // MARK: Messages

  func take(_ message: FarMessage, from host: FarHost) throws(FieldReader.Malformed) {
    guard let far, let place = far.running[message.attempt], place.host === host,
      let attempt = place.attempts.first(where: { $0.batch.number == message.attempt })
    else { return }
    var reader = FieldReader(message.bytes)
    switch message.kind {
    case .start:
      noteBegun(attempt)
      live[attempt.index]?.pid = try reader.number()
    case .back:
      changes += 1
      let batch = attempt.batch
      guard try reader.number(UInt32.self) > 0, !attempt.isBegun else {
        scheduler.returned(batch, 0)
        return scheduler.pump()
      }
      unsend(attempt, from: place)
      scheduler.returned(batch, 1)
      scheduler.finished(batch)
      scheduler.pump()
    case .output:
      let stream: UInt8 = try reader.number()
      guard let output = stream == 2 ? attempt.error : attempt.output else {
        // They write at once themselves.
        let bytes = Array(reader.rest)
        try? bytes.withUnsafeBytes { try Transfer.writeAll(stream == 2 ? 2 : 1, $0) }
        var writer = FieldWriter()
        writer.add(UInt32(clamping: bytes.count))
        return host.send(FarMessage(.window, message.attempt, writer.bytes))
      }
      output.take(reader.rest)
    case .result:
      changes += 1
      noteBegun(attempt)
      guard try reader.flag() else {
        live[attempt.index]?.problem = "\(try reader.text()) (on \(host.name))"
        live[attempt.index]?.problemStatus = try reader.number()
        conclude(place, attempt, nil, .unstartable)
        return scheduler.pump()
      }
      let end = try FarEnd(&reader)
      if allowsCredit, let slot = place.slot {
        far.note(elapsed: end.elapsed)
        scheduler.setCredit(slot, far.credit(at: host))
      }
      leftBehind += Int(try reader.number(UInt32.self))
      if end.isLate, let slot = place.slot { scheduler.endSlot(slot, .timeout) }
      let isUnwanted = place.slot?.reason != nil
      if !isUnwanted, end.exit == 0, let record = live[attempt.index] {
        let paths = (try? options.fetches?(record.input, record.index, attempt.place)) ?? []
        if !paths.isEmpty { return fetch(paths, attempt, end, at: place) }
      }
      if !isUnwanted, host.hasCutOff(end) {
        let before = job.repeated
        host.lost += 1
        far.lostWith[attempt.index, default: []].append(host.name)
        conclude(place, attempt, nil, isCutOff(attempt, far) ? .futile : .lost)
        far.hosts.tellEnd(of: host, isRepeated: job.repeated > before, "program")
        return scheduler.pump()
      }
      conclude(place, attempt, end, isUnwanted ? .ended : end.exit == nil ? .died : .error)
      scheduler.pump()
    default: break
    }
  }

  func conclude(
    _ place: FarPlace, _ attempt: FarAttempt, _ end: FarEnd?, _ fault: TaskFault
  ) {
    let reason = place.slot?.reason
    for number in attempt.files + attempt.transfers { place.host.files?.drop(number) }
    remove(attempt, from: place)
    for output in [attempt.output, attempt.error] {
      output?.output.drain()
      output?.output.seal()
    }
    if end?.exit != nil || end?.info != nil { place.host.tasksDone += 1 }
    if fault == .futile {
      let hosts = (far?.lostWith[attempt.index] ?? []).joined(separator: ", ")
      live[attempt.index]?.problem =
        "needs longer than the allocation: its host's time ended twice (\(hosts))"
    } else if fault == .lost {
      // What it wrote until then belongs to no attempt that counts.
      attempt.output?.output.close()
      attempt.error?.output.close()
      let hosts = far?.lostWith[attempt.index] ?? []
      live[attempt.index]?.problem =
        "lost with its host \(hosts.count == 1 ? "" : "\(hosts.count) times ")"
        + "(\(hosts.joined(separator: ", ")))"
    } else if let problem = attempt.problem {
      live[attempt.index]?.problem = "\(problem) (on \(place.host.name))"
      live[attempt.index]?.problemStatus = 1
    } else if fault != .unstartable {
      live[attempt.index]?.problem = nil
    }
    let elapsed = end?.elapsed ?? Clock.monotonic - attempt.begun
    conclude(
      attempt.batch, attempt.index, attempt.output?.output, attempt.error?.output, end?.info, fault,
      reason, elapsed: elapsed)
  }
}
