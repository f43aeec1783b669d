import CPosix
import Channels
import Glibc
import Language
import Posix
import Processes

extension Session {
  /// The one way to block: sleeps until `done` holds (true) or the deadline has passed (false).
  ///
  /// Meanwhile signal handlers run, children are looked after, and Ctrl-C throws `interrupted`.
  /// `done` is asked before each sleep and after whatever ended one.
  ///
  /// - Parameter deadline: a moment of `Clock.monotonic`; nil for none.
  public func pause(
    _ interpreter: Interpreter, until deadline: Int64? = nil, done: () throws -> Bool
  ) throws -> Bool {
    try output.flush()
    if let gate = Gate.current, gate.isLoose {
      if try done() { return true }
      return try gate.away { try pauseHere(interpreter, until: deadline, done: done) }
    }
    return try pauseHere(interpreter, until: deadline, done: done)
  }

  private func pauseHere(
    _ interpreter: Interpreter, until deadline: Int64?, done: () throws -> Bool
  ) throws -> Bool {
    let limit = deadline ?? .max
    let outer = sleepNotes.limit
    sleepNotes.limit = limit
    defer { sleepNotes.limit = outer }
    while true {
      let outcome = try mapErrors("cannot wait") {
        try loop.wait(until: min(limit, nextErrand), done: done)
      }
      switch outcome {
      case .satisfied: return true
      case .attention: try attend(interpreter)
      case .timedOut:
        if limit <= Clock.monotonic { return try done() }
        try runErrands()
      }
    }
  }

  /// Deals with recorded signals without sleeping; throws `interrupted` for Ctrl-C.
  public func attend(_ interpreter: Interpreter) throws {
    Attention.clear()
    defer { sleepNotes.hasJustEnded = false }
    if WaitLookout.takeTold() { try throwIfChosen() }
    if let error = handlers.takePostponed() {
      // What came after it waits for the next time.
      Attention.raise()
      throw error
    }
    if ProgramMemory.wasShort {
      // Once more when what has filled the memory is gone: for the reserve.
      Attention.raise()
      throw LargeMemory.exhausted()
    }
    ProgramMemory.fillReserve()
    takeSignals()
    // A timer of the loop may have put one there just now.
    if let error = handlers.takePostponed() {
      if !handlers.waiting.isEmpty { Attention.raise() }
      throw error
    }
    while let index = handlers.waiting.firstIndex(where: { !handlers.running.contains($0.signal) })
    {
      // The rest waits for the next time if this one throws.
      if handlers.waiting.count > 1 { Attention.raise() }
      try deal(with: handlers.waiting.remove(at: index), interpreter)
    }
    if handlers.waiting.isEmpty, Attention.isPending {
      Attention.clear()
      takeSignals()
      if !handlers.waiting.isEmpty { Attention.raise() }
    }
    if dueCalls.isDue { try runDueCalls(interpreter) }
  }

  /// Runs what must not throw here: an error, as of a Ctrl-C that came meanwhile, is thrown at the
  /// next chance instead of being lost.
  public func postponing(_ body: () throws -> Void) {
    do {
      try body()
    } catch {
      let kept: any Error
      if let error = error as? SystemError {
        kept = error.asError()
      } else if error is ErrorObject || error is ExitRequest {
        kept = error
      } else {
        return
      }
      // The first one tells most, but nothing counts more than a Ctrl-C.
      guard handlers.postponed == nil || ExitRequest.isStop(kept) else { return }
      handlers.postponed = kept
      Attention.raise()
    }
  }

  /// Replaces this process by a program, after whatever has come for it; throws `SystemError` where
  /// that fails.
  ///
  /// - Parameter hasChannels: whether it was entered as one that has the channels, and not as the
  ///   program that it is to be.
  public func become(
    _ request: SpawnRequest, _ interpreter: Interpreter, hasChannels: Bool = false
  ) throws -> Never {
    if Recorder.isOn { Recorder.write(.exec, hasPlace: true, request.path) }
    // The program keeps an alarm that is pending, which the kernel does not tell.
    if brood_alarm_is_pending() { WaitNote.begin(.other, [], until: .max, .more) }
    defer { WaitNote.end() }
    for hook in hooks.beforeBecoming { hook() }
    while true {
      InterruptForwarder.end()
      let own = hasChannels && Session.isProgram(request.path) ? SlotID.own : nil
      if let own {
        // First what stays open: at no moment is that missing.
        hooks.willSpawn?(own)
        channels.leaveToProgram()
      }
      do throws(SystemError) {
        try replaceProcess(request)
      } catch {
        if let own { channels.admit(own) }
        guard error.code == EINTR else { throw error }
        try attend(interpreter)
      }
    }
  }

  /// Whether a file begins as a program or a script does, so that execve(2) will hardly refuse it.
  private static func isProgram(_ path: String) -> Bool {
    // One that may be executed need not be readable.
    guard let file = try? Descriptors.open(path, O_RDONLY) else { return true }
    defer { Descriptors.close(file) }
    var magic: UInt32 = 0
    let count = withUnsafeMutableBytes(of: &magic) { read(file, $0.baseAddress, $0.count) }
    let isELF = count == 4 && UInt32(bigEndian: magic) == 0x7F45_4C46
    return isELF || Executable.looksLikeScript(path)
  }

  /// Whether Ctrl-C waits to be dealt with, for code that cannot let anything run now.
  public var isInterruptPending: Bool {
    guard Attention.isPending else { return false }
    if let postponed = handlers.postponed, ExitRequest.isStop(postponed) { return true }
    takeSignals()
    return handlers.waiting.contains {
      ($0.signal == .int || isInteractive && $0.signal == .quit)
        && handlers.blocks[$0.signal] == nil
    }
  }

  /// Whether a signal has come that a handler of the user's, or the end of this process, answers; what
  /// else has come is dealt with.
  var hasSignalToObey: Bool {
    guard Attention.isPending else { return false }
    takeSignals()
    if handlers.postponed != nil || dueCalls.isDue { return true }
    // The end of a handler raises attention for what waits for it.
    if handlers.waiting.contains(where: { !handlers.running.contains($0.signal) }) { return true }
    Attention.clear()
    return false
  }

  private func takeSignals() {
    for recorded in Signals.take() {
      switch recorded.signal {
      case .timer, .io:
        // Only a reason to look at the loop.
        _ = try? loop.poll(timeout: 0)
      case .chld:
        childrenChanged()
        if handlers.blocks[.chld] != nil { handlers.waiting.append(recorded) }
      default: handlers.waiting.append(recorded)
      }
    }
  }

  /// The reader of standard output has gone.
  ///
  /// As for any program, that is the end of this process: by PIPE, and quietly, but after `finally`
  /// and `on-exit`. It is an error where only one command's output went there, or the user has
  /// decided about PIPE.
  func outputBroke() -> ErrorObject? {
    if hasRedirectedOutput || handlers.blocks[.pipe] != nil || handlers.ignored.contains(.pipe) {
      return ErrorObject(
        .failed, "cannot write: no process reads the other end any more (broken pipe, EPIPE)",
        payload: ["signal": .text(Signal.pipe.name)])
    }
    lostReader = true
    if endingSignal == nil {
      handlers.waiting.append(RecordedSignal(signal: .pipe, count: 1, sender: 0))
      Attention.raise()
    }
    return nil
  }

  private func deal(with recorded: RecordedSignal, _ interpreter: Interpreter) throws {
    let signal = recorded.signal
    if signal == Session.attachSignal, attach(recorded.sender, interpreter) { return }
    if let block = handlers.blocks[signal] {
      if signal == .int, !isBranch { handlers.beforeInterrupt?() }
      handlers.running.insert(signal)
      noteHandled(signal, block)
      if Recorder.isOn { Recorder.write(.handler, number: UInt64(signal.number)) }
      defer {
        if Recorder.isOn { Recorder.write(.handled, number: UInt64(signal.number)) }
        handlers.running.remove(signal)
        if handlers.waiting.contains(where: { $0.signal == signal }) { Attention.raise() }
      }
      let facts: [Value] = [.text(signal.name), .int(Int(recorded.sender))]
      let wanted = min(interpreter.parameterCount(block), facts.count)
      try WaitNote.setAside {
        try codec.setAside {
          let work: () throws -> Void = {
            for _ in 0..<recorded.count {
              let result = try interpreter.invoke(
                block, Array(facts.prefix(wanted)), wantsValue: false)
              try interpreter.printReport(result)
            }
          }
          guard let gate = Gate.current else { return try work() }
          try gate.handle(block, interpreter, work)
        }
      }
      return
    }
    if !isBranch, let hook = handlers.hooks[signal] { return try hook() }
    switch signal {
    case .int:
      handlers.lastInterruptSender = recorded.sender
      WaitNote.cut(isOver: sleepNotes.hasJustEnded)
      noteInterrupt()
      throw ErrorObject(.interrupted, "interrupted")
    case .pipe:
      endingSignal = .pipe
      throw ExitRequest(128 + signal.number)
    case _ where SignalHandlers.ending.contains(signal):
      try endBy(signal)
    default: break
    }
  }

  /// Obeys a signal that ends this process, after `finally` and `on-exit`.
  func endBy(_ signal: Signal) throws -> Never {
    // A second one while the first is being obeyed does not wait.
    if endingSignal != nil { Session.dieOf(signal) }
    endingSignal = signal
    throw ExitRequest(128 + signal.number)
  }
}
