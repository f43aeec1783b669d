import Glibc
import Language
import Pools
import Posix
import Processes

/// Starting and ending programs.
extension ProgramRun {
  /// Starts the next program.
  func start(_ batch: TaskBatch, in executor: ProgramExecutor) -> StartOutcome {
    guard let index = batch.upcoming, live[index] != nil else { return .impossible }
    batch.take()
    let place = places.take()
    do {
      let attempt = try spawnFitting(batch, index, place)
      executor.attempt = attempt
      if let journal, let record = live[index] { journal.began(record) }
      onProgress?()
      attempt.watch = try mapErrors("cannot watch a program") {
        try session.loop.watchExit(attempt.pidfd) { [weak self, weak executor] in
          if let self, let executor { ended(in: executor) }
        }
      }
      return .started
    } catch {
      places.giveBack(place)
      guard let attempt = executor.attempt else { return refusal(index, error) }
      // It has begun, and a second time was not asked for.
      abandon(attempt, executor)
      live[index]?.problem = (error as? ErrorObject)?.message ?? "\(error)"
      live[index]?.remedy = (error as? ErrorObject)?.help
      return .failed
    }
  }

  func spawn(
    _ batch: TaskBatch, _ record: TaskRecord, _ place: Int
  ) throws -> ProgramAttempt {
    var request = try self.request(record.input, record.index, place)
    var record = record
    record.slot = place
    live[record.index]?.slot = place
    if options.results != nil, record.key == nil {
      record.key = record.recalled?.key ?? key?(record.input, record.index)
      live[record.index]?.key = record.key
    }
    var hasBegun = false
    defer { if !hasBegun { options.results?.undo(record.index) } }
    let (output, errors) = try makeOutputs(record)
    do {
      let input = try pipe?.descriptor(record.index)
      request.descriptors = [(from: input ?? (terminal >= 0 ? terminal : nullInput), to: 0)]
      if terminal >= 0 { request.terminal = terminal }
      if let output, let errors {
        request.descriptors += [(from: output.writeEnd, to: 1), (from: errors.writeEnd, to: 2)]
      }
      request.group = .new
      let (process, pidfd, mark) = try spawn(request, record.index)
      hasBegun = true
      let attempt = ProgramAttempt(
        batch, record.index, place, process, pidfd, mark, output, errors)
      output?.release()
      errors?.release()
      pipe?.started(record.index)
      return attempt
    } catch {
      pipe?.refused(record.index)
      output?.close()
      errors?.close()
      throw error
    }
  }

  private func spawn(
    _ request: SpawnRequest, _ index: Int
  ) throws -> (ProcessHandle, pidfd: Int32, mark: UInt32?) {
    var request = request
    let command = ProgramRun.text(request)
    let ticket: SpawnTicket
    do {
      ticket = try session.prepareSpawn(name: nil, prefix: "run", command: command)
    } catch let error as ErrorObject where error.kind != .limit {
      // What was printed before cannot be written: that is no matter of this program.
      throw ProgramRefusal(error, isOfAll: true)
    }
    if options.isDetached || options.keepsBackground {
      request.task = 0
    } else if Guardian.isMarked, let slot = ticket.slot {
      request.task = Guardian.firstTask + UInt32(clamping: slot.place.number)
    }
    do {
      let (pid, pidfd) = try spawnNicely(request)
      let process = session.register(
        ticket, pid: pid, pidfd: -1, command: command, kind: .helper, group: pid,
        isDetached: options.isDetached)
      live[index]?.attempts += 1
      live[index]?.start = Clock.realtime
      live[index]?.pid = pid
      if let limit = options.memoryLimit {
        // It has hardly begun; the shell's own limit could not be lowered for the moment.
        try? Process.limitMemory(of: pid, to: limit)
        live[index]?.memoryLimit = limit
      }
      let mark = options.isDetached || options.keepsBackground ? nil : request.task
      if let mark { marks.insert(mark) }
      return (process, pidfd, mark)
    } catch {
      session.abandon(ticket)
      throw error
    }
  }

  private static func text(_ request: SpawnRequest) -> String {
    guard let words = request.argumentBytes else { return request.arguments.joined(separator: " ") }
    return String(decoding: Array(words.joined(separator: [0x20])), as: UTF8.self)
  }

  /// A program whose end would never be seen is ended at once, and reaped when it has.
  private func abandon(_ attempt: ProgramAttempt, _ executor: ProgramExecutor) {
    executor.attempt = nil
    attempt.send(.kill)
    pipe?.ended(attempt.index)
    Descriptors.close(attempt.pidfd)
    attempt.output?.close()
    attempt.error?.close()
  }

  // MARK: Refused starts

  /// What an error at a start means: there is no room for it now, it is of this input alone, or no
  /// program can be started.
  func refusal(_ index: Int, _ error: any Error) -> StartOutcome {
    let object: ErrorObject
    var isRoom = false
    var isProgram = false
    if let exit = error as? ExitRequest {
      self.exit = exit
      return .impossible
    } else if let error = error as? ProgramRefusal {
      object = error.error
      isProgram = isOneProgram || error.isOfAll
    } else if let error = error as? SystemError {
      isRoom = [EMFILE, ENFILE, EAGAIN, ENOMEM].contains(error.code)
      isProgram =
        isOneProgram
        && [ENOENT, EACCES, EPERM, ENOEXEC, ENOTDIR, EISDIR, ELOOP].contains(error.code)
      object = error.asError("cannot start '\(error.detail ?? "a program")'")
    } else {
      object = error as? ErrorObject ?? ErrorObject(.system, "\(error)")
      isRoom = object.kind == .limit
    }
    if isRoom {
      shortage = object
      return .noRoom
    }
    if isProgram || object.kind == .interrupted {
      if problem == nil { problem = object }
      return .impossible
    }
    live[index]?.problem = object.message
    live[index]?.remedy = object.help
    live[index]?.problemStatus = object.statusOfProgram
    return .failed
  }

  // MARK: Ends

  private func ended(in executor: ProgramExecutor) {
    guard let attempt = executor.attempt else { return }
    let reason = executor.slot?.reason
    executor.attempt = nil
    pipe?.ended(attempt.index)
    let ending = (try? session.reapNow(attempt.process)) ?? attempt.process.record
    Descriptors.close(attempt.pidfd)
    leaveTerminal(attempt, ending)
    places.giveBack(attempt.place)
    seal(attempt, isUnwanted: reason != nil)
    let elapsed = Clock.monotonic - attempt.begun
    guard reason == nil, let ending, ending.isOfTerm else {
      return conclude(attempt, ending, reason, elapsed)
    }
    _ = session.loop.addTimer(at: Clock.deadline(after: WaitRecord.timeOfEndings)) {
      [weak self, weak executor] in
      self?.conclude(attempt, ending, executor?.slot?.reason, elapsed)
    }
  }

  private func conclude(
    _ attempt: ProgramAttempt, _ ending: WaitRecord?, _ reason: ExecutorSlot.Reason?,
    _ elapsed: Int64
  ) {
    let fault: TaskFault = reason != nil ? .ended : ending?.signal != nil ? .died : .error
    conclude(
      attempt.batch, attempt.index, attempt.output, attempt.error, ending?.info, fault, reason,
      elapsed: elapsed)
  }

  /// An attempt is over, here or elsewhere.
  func conclude(
    _ batch: TaskBatch, _ index: Int, _ output: TaskOutput?, _ error: TaskOutput?,
    _ info: ExitInfo?, _ fault: TaskFault, _ reason: ExecutorSlot.Reason?, elapsed: Int64
  ) {
    changes += 1
    guard var record = live[index] else { return scheduler.finished(batch) }
    record.elapsed = elapsed
    record.info = info
    record.outputSize = output?.size ?? 0
    record.hasTimedOut = reason == .timeout
    record.isCancelled = reason == .cancelled
    record.lastLine = record.isOk ? nil : error?.lastLine
    live[index] = record
    if let output, let error { kept[index, default: []].append((output, error)) }
    if record.isOk {
      _ = scheduler.succeeded(batch, 0, took: record.elapsed)
      finish(index, record)
    } else {
      switch scheduler.failed(batch, 0, fault) {
      case .again where fault == .lost:
        // What it wrote belongs to no attempt that counts.
        if output != nil, error != nil { kept[index]?.removeLast() }
        options.results?.undo(index)
      case .again(let failures, let delay):
        if let results = options.results, let last = kept[index]?.last {
          results.setAside(failures, last.output, last.error)
        }
        tell(record, failures, of: Int(clamping: UInt(max(0, retries(of: index))) + 1), delay)
      case .final(let end):
        if end == .cancelled { record.isCancelled = true }
        finish(index, record)
      case .dropped: break
      }
    }
    scheduler.finished(batch)
  }

  /// Nothing more of what a program wrote is waited for.
  private func seal(_ attempt: ProgramAttempt, isUnwanted: Bool) {
    attempt.output?.drain()
    attempt.error?.drain()
    // Something that it has started is left, or was meant to be ended with it.
    let isHeld = attempt.output?.hasEnded == false || attempt.error?.hasEnded == false
    if isHeld || isUnwanted, let mark = attempt.mark {
      let count = Guardian.send(.kill, toTask: mark)
      if !isUnwanted { leftBehind += count }
      killedMarks.insert(mark)
      attempt.output?.drain()
      attempt.error?.drain()
    }
    attempt.output?.seal()
    attempt.error?.seal()
  }

  /// Kills what the programs have left behind, and counts what was not killed before.
  func endLeftBehind() {
    for (pid, mark) in Guardian.members(tasks: marks)
    where (try? Process.send(.kill, to: pid)) != nil && !killedMarks.contains(mark) {
      leftBehind += 1
    }
    marks = []
  }

  /// Says that a program is run again, since it may do something twice.
  private func tell(_ record: TaskRecord, _ failures: Int, of most: Int, _ delay: Int64) {
    var plain = record
    // What it wrote is shown in its turn.
    plain.lastLine = nil
    let time = delay > 0 ? " in \(durationText(Int(delay)))" : ""
    say(
      "\(record.input.shortText): \(plain.phrase); attempt \(failures + 1) of \(most) "
        + "follows\(time)")
  }
}

/// A program that cannot be found or run, whatever its input.
public struct ProgramRefusal: Error {
  let error: ErrorObject
  /// It is of all programs.
  let isOfAll: Bool

  public init(_ error: ErrorObject, isOfAll: Bool = false) {
    self.error = error
    self.isOfAll = isOfAll
  }
}
