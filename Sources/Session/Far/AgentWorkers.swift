import Glibc
import Language
import Machines
import Pools
import Posix
import Processes
import Waits

/// A worker that an agent has forked: what it is told goes there by packets, as a pool does it.
final class AgentWorker {
  struct Batch {
    let number: UInt64
    let slot: Int
    let count: Int
    /// Of each task (ns); 0 for none.
    let timeout: Int64
    let grace: Int64
    let function: UInt32
    /// After a failure nothing more of its function is begun until the session has seen that.
    let mayHalt: Bool
    var reported = 0
  }

  let number: UInt32
  let process: ProcessHandle
  let socket: Int32
  let pidfd: Int32
  let ledger: TaskLedger
  /// By their slots.
  var batches: [Batch?] = [nil, nil]
  var unsent: [(bytes: [UInt8], descriptor: Int32)] = []
  var known: Set<UInt32> = []
  var directory = 0
  var watches: [Watch] = []
  var writeWatch: Watch?
  var capture: (output: Int32, error: Int32)?
  var isReady = false
  var isLate = false
  /// It was told to end, in whatever way.
  var isUnwanted = false
  /// When its time limit is looked at.
  var timer: TimerID?
  /// What of its results was seen in its ledger, and of these passed on.
  var seen = (round: UInt64(0), gathered: 0, passed: 0)

  init(
    _ number: UInt32, _ process: ProcessHandle, socket: Int32, pidfd: Int32, _ ledger: TaskLedger
  ) {
    self.number = number
    self.process = process
    self.socket = socket
    self.pidfd = pidfd
    self.ledger = ledger
  }

  /// The task that it has begun and not reported.
  var inHand: (batch: Batch, place: Int)? {
    for case let batch? in batches {
      let claimed = ledger.state(batch.slot).claimed
      if claimed > batch.reported, claimed <= batch.count { return (batch, claimed - 1) }
    }
    return nil
  }

  func slot(of batch: UInt64) -> Int? { batches.firstIndex { $0?.number == batch } }

  /// Sends a packet, or keeps it until there is room; the memory beside it is closed here.
  func give(_ bytes: [UInt8], memory: Int32 = -1, _ agent: FarAgent) {
    var memory = memory
    defer { Descriptors.close(memory) }
    if unsent.isEmpty {
      do throws(SystemError) {
        let descriptors = memory >= 0 ? [memory] : []
        if try Messages.send(socket, bytes, descriptors: descriptors) { return }
      } catch {
        // Its end is told by the pidfd.
        if error.code == EPIPE || error.code == ECONNRESET { return }
      }
    }
    if memory >= 0 {
      memory = (try? Descriptors.makePrivate(memory)) ?? memory
    }
    unsent.append((bytes, memory))
    memory = -1
    if writeWatch == nil {
      writeWatch = try? agent.session.loop.watch(socket, for: .write, as: .worker) {
        [weak self] in self?.flush(agent)
      }
    }
  }

  private func flush(_ agent: FarAgent) {
    while let (bytes, memory) = unsent.first {
      do throws(SystemError) {
        if try !Messages.send(socket, bytes, descriptors: memory >= 0 ? [memory] : []) { return }
      } catch {
        if error.code != EPIPE, error.code != ECONNRESET { return }
      }
      Descriptors.close(memory)
      unsent.removeFirst()
    }
    if let writeWatch { agent.session.loop.remove(writeWatch) }
    writeWatch = nil
  }

  func forget(_ function: UInt32, _ agent: FarAgent) {
    if known.remove(function) == nil { return }
    give(TaskPacket(.forget, number: function).bytes(with: []), agent)
  }

  /// A signal to it and what it has started.
  func send(_ signal: Signal, _ session: Session) {
    if (try? Process.send(signal, toGroup: process.group)) == nil {
      try? Process.send(signal, to: process.pid)
    }
    if signal == .term { try? Process.send(.cont, toGroup: process.group) }
    if signal == .kill, let mark = session.mark(of: process) { Guardian.send(.kill, toTask: mark) }
  }
}

extension TaskPacket {
  /// A packet with one entry, or none.
  func bytes(with payload: [UInt8]) -> [UInt8] {
    let size = TaskPacket.headSize + TaskPacket.entryHeadSize + payload.count
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      guard let base = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      write(to: base)
      count = TaskPacket.headSize
      count += payload.withUnsafeBytes {
        TaskEntries.write($0, mark: 0, to: base + TaskPacket.headSize)
      }
    }
  }
}

extension FarAgent {
  func obeyWorker(_ message: FarMessage) throws(FieldReader.Malformed) {
    var reader = FieldReader(message.bytes)
    guard let order = FarOrder.Worker(rawValue: try reader.number()) else {
      throw FieldReader.Malformed()
    }
    let number: UInt32 = try reader.number()
    let worker = workers[number]
    switch order {
    case .make:
      guard worker == nil else { throw FieldReader.Malformed() }
      do {
        try makeWorker(number)
      } catch {
        let text = (error as? ErrorObject)?.message ?? "\(error)"
        send(FarOrder.news(.unable, number, Array(text.utf8)))
        var writer = FieldWriter()
        FarEnd().write(to: &writer)
        send(FarOrder.news(.ended, number, writer.bytes))
      }
    case .stop: worker?.give(TaskPacket(.stop).bytes(with: []), self)
    case .terminate, .kill:
      worker?.isUnwanted = true
      worker?.send(order == .kill ? .kill : .term, session)
    }
  }

  // MARK: Making

  private func makeWorker(_ number: UInt32) throws {
    let ledger = try mapErrors("cannot make a worker") { try ledgers.take() }
    let (ours, theirs) = try mapErrors("cannot make a worker") { try Descriptors.messagePair() }
    defer { Descriptors.close(theirs) }
    let socket = try mapErrors { try Descriptors.makePrivate(ours) }
    var options = ForkOptions(
      name: "worker\(number)", kind: .helper, command: "worker of a pool elsewhere")
    options.isDaemon = true
    options.pool = 1
    options.group = 0
    let process = try session.fork(options, interpreter) { [self] in
      let socket = try mapErrors { try Descriptors.makePrivate(theirs) }
      try session.becomeWorker()
      if settings.memoryLimit > 0 {
        ledger.noteExhaustion()
        try mapErrors { try Process.limitMemory(of: 0, to: settings.memoryLimit) }
      }
      interpreter.hideCalls()
      let worker = PoolWorker(
        socket, ledger, of: .pool(1, of: session.rootPid), session, interpreter,
        sharesVariables: settings.sharesVariables, requiresDirectory: true)
      if let initializer {
        let codec = session.ownCodec(interpreter)
        let value = try initializer.withUnsafeBytes { try codec.value($0) }
        try worker.begin(by: value)
      }
      try worker.run()
      return .null
    }
    let pidfd = try mapErrors { try Process.descriptor(of: process.pid) }
    let worker = AgentWorker(number, process, socket: socket, pidfd: pidfd, ledger)
    workers[number] = worker
    worker.watches = try mapErrors("cannot watch a worker") {
      try [
        session.loop.watch(socket, for: .read, as: .worker) { [weak self, weak worker] in
          if let self, let worker { pass(worker, rounds: 4) }
        },
        session.loop.watchExit(pidfd, as: .worker) { [weak self, weak worker] in
          if let self, let worker { ended(worker) }
        },
      ]
    }
  }

  // MARK: Tasks

  func takeTask(_ message: FarMessage) throws(FieldReader.Malformed) {
    var reader = FieldReader(message.bytes)
    switch FarOrder.Work(rawValue: try reader.number()) {
    case .program: return try startProgram(message.attempt, &reader)
    case .batch: break
    case nil: throw FieldReader.Malformed()
    }
    let number: UInt32 = try reader.number()
    let slot = Int(try reader.number(UInt8.self))
    let count = Int(try reader.number(UInt32.self))
    let timeout: Int64 = try reader.number()
    let grace: Int64 = try reader.number()
    guard slot < 2, count > 0 else { throw FieldReader.Malformed() }
    // One that has just ended: that is on its way to the session.
    guard let worker = workers[number] else { return }
    guard worker.batches[slot] == nil else { throw FieldReader.Malformed() }
    var bytes = Array(reader.rest)
    let head = bytes.withUnsafeBytes { TaskPacket($0) }
    guard let head, head.kind == .batch, head.slot == slot else { throw FieldReader.Malformed() }
    introduce(head.number, to: worker)
    var memory: Int32 = -1
    if head.flags.contains(.isLarge) {
      memory =
        (try? bytes.withUnsafeBytes { all -> Int32 in
          try MemoryFile.sealed(
            "brood task", UnsafeRawBufferPointer(rebasing: all[TaskPacket.headSize...]))
        }) ?? -1
      bytes.removeLast(bytes.count - TaskPacket.headSize)
    }
    worker.ledger.begin(slot, count: count)
    worker.batches[slot] = AgentWorker.Batch(
      number: message.attempt, slot: slot, count: count, timeout: timeout, grace: grace,
      function: head.number, mayHalt: head.flags.contains(.mayHalt))
    worker.give(bytes, memory: memory, self)
    if timeout > 0 { check(worker, after: timeout) }
    if count > 1 { watchResults() }
  }

  /// Sees to it that a worker knows the function and the directory.
  private func introduce(_ function: UInt32, to worker: AgentWorker) {
    if worker.directory != directory.version {
      worker.directory = directory.version
      worker.give(TaskPacket(.directory).bytes(with: Array(directory.path.utf8)), self)
    }
    guard worker.known.insert(function).inserted, let code = functions[function] else { return }
    if code.count > TaskPacket.mostBytes {
      let memory = (try? code.withUnsafeBytes { try MemoryFile.sealed("brood function", $0) }) ?? -1
      let head = TaskPacket(.function, flags: .isLarge, number: function)
      worker.give(Array(head.bytes(with: []).prefix(TaskPacket.headSize)), memory: memory, self)
    } else {
      worker.give(TaskPacket(.function, number: function).bytes(with: code), self)
    }
  }

  func cancel(_ message: FarMessage) throws(FieldReader.Malformed) {
    if message.bytes == FarOrder.giveBack { return giveBack(message.attempt) }
    var reader = FieldReader(message.bytes)
    if let program = programs[message.attempt] {
      let isKill = try reader.flag()
      return program.end(isKill ? .kill : .terminate)
    }
    guard message.bytes.count == 8 else { return }
    let number: UInt32 = try reader.number()
    let most = Int(try reader.number(UInt32.self))
    var taken = 0
    if let worker = workers[number], let slot = worker.slot(of: message.attempt) {
      taken = worker.ledger.takeBack(slot, most: most).count
    }
    var writer = FieldWriter()
    writer.add(UInt32(clamping: taken))
    send(FarMessage(.back, message.attempt, writer.bytes))
  }

  /// Looks after a while whether the task in hand takes too long.
  private func check(_ worker: AgentWorker, after time: Int64) {
    if worker.timer != nil { return }
    worker.timer = session.loop.addTimer(at: Clock.deadline(after: time)) {
      [weak self, weak worker] in
      guard let self, let worker, workers[worker.number] === worker else { return }
      worker.timer = nil
      checkTime(of: worker)
    }
  }

  private func checkTime(of worker: AgentWorker) {
    let timed = worker.batches.compactMap { $0 }.filter { $0.timeout > 0 }
    guard let first = timed.first, !worker.isUnwanted else { return }
    guard let (batch, _) = worker.inHand, batch.timeout > 0 else {
      return check(worker, after: first.timeout)
    }
    let rest = worker.ledger.startedAt + batch.timeout - Clock.monotonic
    if rest > 0 { return check(worker, after: rest) }
    worker.isLate = true
    worker.isUnwanted = true
    send(FarOrder.news(.late, worker.number))
    worker.send(.term, session)
    let moment = Clock.deadline(after: batch.grace)
    _ = session.loop.addTimer(at: moment) { [weak self, weak worker] in
      guard let self, let worker, workers[worker.number] === worker else { return }
      worker.send(.kill, session)
    }
  }

  // MARK: What comes back

  private func pass(_ worker: AgentWorker, rounds: Int) {
    for _ in 0..<rounds {
      guard let message = try? Messages.receive(worker.socket, into: packet), message.count > 0
      else { return }
      let bytes = UnsafeRawBufferPointer(rebasing: packet[..<min(message.count, packet.count)])
      guard let head = TaskPacket(bytes) else { continue }
      switch head.kind {
      case .hello:
        worker.isReady = true
        var writer = FieldWriter()
        writer.add(worker.process.pid)
        send(FarOrder.news(.ready, worker.number, writer.bytes))
      case .unable: send(FarOrder.news(.unable, worker.number, Array(bytes)))
      case .capture where message.descriptors.count == 2:
        if let output = try? Descriptors.makePrivate(message.descriptors[0]),
          let error = try? Descriptors.makePrivate(message.descriptors[1])
        {
          worker.capture = (output, error)
        }
        continue
      case .results: passResults(head, bytes, message.descriptors, worker)
      default: break
      }
      for fd in message.descriptors { Descriptors.close(fd) }
    }
  }

  private func passResults(
    _ head: TaskPacket, _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32],
    _ worker: AgentWorker
  ) {
    guard var batch = worker.batches[head.slot],
      UInt32(truncatingIfNeeded: batch.number) == head.batch
    else { return }
    var entries = TaskEntries(bytes)
    var hasFailed = false
    while let (mark, _) = entries.next() {
      batch.reported = max(batch.reported, Int(mark >> 1) + 1)
      if mark & 1 == 1 { hasFailed = true }
    }
    worker.batches[head.slot] = batch
    // At once; but the session hears of the failure first, or it would give them out again.
    let returned = hasFailed && batch.mayHalt ? takeBack(batch.function) : []
    defer { for message in returned { send(message) } }
    var writer = FieldWriter()
    writer.add(worker.number)
    if let memory = descriptors.first {
      // The one entry, whole.
      var first = TaskEntries(bytes)
      guard let mark = first.next()?.mark, let content = try? MemoryFile.contents(of: memory) else {
        return
      }
      writer.add(rest: UnsafeRawBufferPointer(rebasing: bytes[..<TaskPacket.headSize]))
      writer.add(UInt32(truncatingIfNeeded: content.count))
      writer.add(mark)
      writer.add(rest: content)
    } else {
      writer.add(rest: bytes)
    }
    if head.flags.contains(.isFinished) { worker.batches[head.slot] = nil }
    send(FarMessage(.result, batch.number, writer.bytes))
  }

  /// Twice that, and results have left that stand in a ledger while the next task takes its time (ns).
  private static let timeOfResults: Int64 = 5_000_000

  private func watchResults() {
    if resultTimer != nil { return }
    let moment = Clock.deadline(after: FarAgent.timeOfResults)
    resultTimer = session.loop.addTimer(at: moment) { [weak self] in
      guard let self else { return }
      resultTimer = nil
      let several = workers.values.filter { worker in
        worker.batches.contains { $0.map { $0.count > 1 } ?? false }
      }
      for worker in several { passGathered(worker) }
      if !several.isEmpty { watchResults() }
    }
  }

  /// Passes on results that stood there the last time, too; its worker sends them once more later.
  private func passGathered(_ worker: AgentWorker) {
    let ledger = worker.ledger
    let (round, gathered) = (ledger.round, ledger.gathered)
    let before = worker.seen
    guard round == before.round, gathered == before.gathered else {
      let passed = round == before.round ? before.passed : TaskPacket.headSize
      worker.seen = (round, gathered, passed)
      return
    }
    guard gathered > before.passed else { return }
    let results = UnsafeRawBufferPointer(start: ledger.results, count: gathered)
    let bytes = Array(results[..<TaskPacket.headSize]) + Array(results[before.passed...])
    guard ledger.isStill(in: round) else { return }
    worker.seen.passed = gathered
    bytes.withUnsafeBytes { bytes in
      if let head = TaskPacket(bytes), head.kind == .results {
        passResults(head, bytes, [], worker)
      }
    }
  }

  /// What is not begun of a function goes back, so that the session decides whether it goes on.
  private func takeBack(_ function: UInt32) -> [FarMessage] {
    var messages: [FarMessage] = []
    for worker in workers.values {
      for case let batch? in worker.batches where batch.mayHalt && batch.function == function {
        let count = worker.ledger.takeBack(batch.slot).count
        if count == 0 { continue }
        var writer = FieldWriter()
        writer.add(UInt32(clamping: count))
        messages.append(FarMessage(.back, batch.number, writer.bytes))
      }
    }
    return messages
  }

  private func ended(_ worker: AgentWorker) {
    pass(worker, rounds: .max)
    let record = (try? session.reapNow(worker.process)) ?? worker.process.record
    let gathered = worker.ledger.gathered
    if gathered > TaskPacket.headSize {
      let bytes = UnsafeRawBufferPointer(start: worker.ledger.results, count: gathered)
      if let head = TaskPacket(bytes), head.kind == .results {
        // Some of it may have been sent already, and comes twice then.
        passResults(head, bytes, [], worker)
      }
    }
    var end = record.map { FarEnd($0.info) } ?? FarEnd()
    end.pid = worker.process.pid
    if let (batch, place) = worker.inHand {
      end.inHand = (batch.number, place)
      end.elapsed = max(0, Clock.monotonic - worker.ledger.startedAt)
    }
    end.isLate = worker.isLate
    end.isExhausted = worker.ledger.isExhausted
    if let capture = worker.capture {
      end.output = TaskCapture.contents(of: capture.output)
      end.error = TaskCapture.contents(of: capture.error)
    }
    if end.inHand != nil || worker.isUnwanted, let mark = session.mark(of: worker.process) {
      Guardian.send(.kill, toTask: mark)
    }
    release(worker)
    tell(end, wasWanted: worker.isUnwanted) { [weak self] in
      var writer = FieldWriter()
      end.write(to: &writer)
      self?.send(FarOrder.news(.ended, worker.number, writer.bytes))
    }
  }

  private func release(_ worker: AgentWorker) {
    workers[worker.number] = nil
    for watch in worker.watches + [worker.writeWatch].compactMap({ $0 }) {
      session.loop.remove(watch)
    }
    if let timer = worker.timer { session.loop.cancel(timer) }
    Descriptors.close(worker.socket)
    Descriptors.close(worker.pidfd)
    for packet in worker.unsent { Descriptors.close(packet.descriptor) }
    if let capture = worker.capture {
      Descriptors.close(capture.output)
      Descriptors.close(capture.error)
    }
    ledgers.giveBack(worker.ledger)
  }
}
