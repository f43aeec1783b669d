import Channels
import Language
import Posix
import Waits

/// The life of a pool's worker, in the forked child: takes batches of tasks, runs them, and sends
/// what they yield.
///
/// Results gather in the ledger, so that not even those that are not sent yet die with it.
final class PoolWorker {
  private let socket: Int32
  let ledger: TaskLedger
  private let pool: ObjectID
  private let session: Session
  private let interpreter: Interpreter
  let codec: ValueCodec
  private let packet = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private var functions: [UInt32: WorkerFunction] = [:]
  private let depth = Process.forkDepth
  private var capture: TaskCapture?
  /// Whether functions come with the names of the variables that they share with --init.
  private let sharesVariables: Bool
  /// Tasks fail where the directory is not there, which is no error where it was there a while ago.
  private let requiresDirectory: Bool
  private var directoryProblem: ErrorObject?
  /// Variables that --init has set, which are this worker's own.
  private var own: [String: Cell] = [:]
  /// Results that have gathered are sent after this long (ns).
  private static let gatherTime: Int64 = 10_000_000
  /// What the kernel has no room for is tried again after this long (ns), and so often.
  private static let shortageTime: Int64 = 10_000_000
  private static let mostTries = 200

  /// - Parameter socket: private, so that no child of the worker has it.
  init(
    _ socket: Int32, _ ledger: TaskLedger, of pool: ObjectID, _ session: Session,
    _ interpreter: Interpreter, sharesVariables: Bool, requiresDirectory: Bool = false
  ) {
    self.pool = pool
    self.requiresDirectory = requiresDirectory
    self.sharesVariables = sharesVariables
    self.socket = socket
    self.ledger = ledger
    self.session = session
    self.interpreter = interpreter
    codec = session.ownCodec(interpreter)
  }

  /// Runs what a worker does before its first task; the pool tells of an error, once for all.
  func begin(by initializer: Value) throws {
    do {
      guard case .closure(let closure) = initializer else { return }
      let outer = try closure.outerVariables(interpreter)
      let before = outer.map(\.cell.value)
      _ = try interpreter.invoke(initializer, [])
      for (variable, value) in zip(outer, before) where !variable.cell.value.equals(value) {
        own[variable.name] = variable.cell
      }
      try interpreter.keepFunctions(declaredIn: closure)
    } catch {
      let failure = try failure(error)
      guard let message = try? codec.message(.error(failure)), message.descriptors.isEmpty,
        message.bytes.count <= TaskPacket.usualSize
      else { throw failure }
      try withUnsafeTemporaryAllocation(byteCount: TaskPacket.mostBytes, alignment: 16) { buffer in
        guard let base = buffer.baseAddress else { return }
        TaskPacket(.unable).write(to: base)
        let size = TaskEntries.write(message.bytes, mark: 0, to: base + TaskPacket.headSize)
        try send(UnsafeRawBufferPointer(start: base, count: TaskPacket.headSize + size))
      }
      session.end(1, interpreter)
    }
  }

  /// Works until it is told to stop, or the pool is gone.
  func run() throws {
    try send(TaskPacket(.hello))
    while let message = try receive() {
      let bytes = UnsafeRawBufferPointer(rebasing: packet[..<message.count])
      guard let head = TaskPacket(bytes) else { continue }
      switch head.kind {
      case .function: learn(head, bytes, message)
      case .batch: try work(head, bytes, message)
      case .forget: functions[head.number] = nil
      case .directory: enterDirectory(bytes)
      case .stop: return
      case .hello, .results, .capture, .unable: break
      }
    }
  }

  // MARK: Packets

  private func receive() throws -> ReceivedMessage? {
    defer { WaitNote.end() }
    var tries = 0
    while true {
      let message: ReceivedMessage?
      do throws(SystemError) {
        message = try Messages.receive(socket, into: packet)
      } catch {
        // The pool is gone.
        if error.name == "ECONNRESET" { return nil }
        tries += 1
        let passes = error.name == "ENOMEM" || error.name == "ENOBUFS"
        guard passes, tries < PoolWorker.mostTries else {
          throw error.asError("cannot receive a task")
        }
        try waitForRoom()
        continue
      }
      if let message { return message.count == 0 ? nil : message }
      try sleep()
    }
  }

  /// Sleeps until something comes; handlers run meanwhile.
  private func sleep() throws {
    WaitNote.begin(.other, WaitTarget(pool, .value), until: .max)
    var ready: UInt8 = 0
    try withUnsafePointer(to: socket) { socket in
      try session.sleep(
        on: UnsafeBufferPointer(start: socket, count: 1), ready: &ready, until: .max)
    }
  }

  private func waitForRoom() throws {
    let moment = Clock.deadline(after: PoolWorker.shortageTime)
    _ = try session.pause(interpreter, until: moment) { false }
  }

  func send(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32] = []) throws {
    var tries = 0
    while true {
      do throws(SystemError) {
        if try Messages.send(socket, bytes, descriptors: descriptors) { return }
      } catch {
        // The pool is gone.
        if error.name == "EPIPE" || error.name == "ECONNRESET" { session.end(0, interpreter) }
        tries += 1
        // Too many descriptors of this user are under way, wherever, or too little memory is left:
        // nothing tells when that passes.
        let passes = ["ETOOMANYREFS", "ENOMEM", "ENOBUFS"].contains(error.name)
        guard passes, tries < PoolWorker.mostTries else {
          throw error.asError("cannot send a result")
        }
        try waitForRoom()
      }
      try Transfer.waitWritable(socket) { [self] in try session.attend(interpreter) }
    }
  }

  private func send(_ head: TaskPacket) throws {
    try withUnsafeTemporaryAllocation(byteCount: TaskPacket.headSize, alignment: 8) { buffer in
      guard let base = buffer.baseAddress else { return }
      head.write(to: base)
      try send(UnsafeRawBufferPointer(buffer))
    }
  }

  // MARK: What comes

  private func learn(
    _ head: TaskPacket, _ bytes: UnsafeRawBufferPointer, _ message: ReceivedMessage
  ) {
    do {
      let value = try payload(head, bytes, message)
      if sharesVariables, case .list(let parts) = value, parts.items.count == 2,
        case .list(let names) = parts.items[1]
      {
        let shared = Set(names.items.map(\.asText))
        functions[head.number] = WorkerFunction(
          parts.items[0], own: own.filter { shared.contains($0.key) }, interpreter)
      } else {
        functions[head.number] = WorkerFunction(value, own: [:], interpreter)
      }
    } catch {
      functions[head.number] = WorkerFunction(failure: asObject(error))
    }
  }

  private func payload(
    _ head: TaskPacket, _ bytes: UnsafeRawBufferPointer, _ message: ReceivedMessage
  ) throws -> Value {
    if message.isCut { throw ReceivedMessage.cut.asError("a worker cannot receive its task") }
    let descriptors = message.descriptors
    if head.flags.contains(.isLarge), let memory = descriptors.first {
      defer { Descriptors.close(memory) }
      return try codec.value(memory: memory, descriptors.dropFirst())
    }
    var entries = TaskEntries(bytes)
    guard let entry = entries.next() else { return .null }
    return try codec.value(entry.payload, descriptors)
  }

  private func enterDirectory(_ bytes: UnsafeRawBufferPointer) {
    var entries = TaskEntries(bytes)
    guard let entry = entries.next() else { return }
    let path = String(decoding: entry.payload, as: UTF8.self)
    directoryProblem = nil
    do throws(SystemError) {
      try Directory.change(to: path)
    } catch {
      // Else relative paths will tell.
      guard requiresDirectory else { return }
      directoryProblem = ErrorObject(
        .missing, "there is no directory '\(path)' on \(Machine.hostName)",
        help: "tasks of a pool that was made with --cwd DIR run in DIR there")
    }
  }

  // MARK: Tasks

  private func work(
    _ head: TaskPacket, _ bytes: UnsafeRawBufferPointer, _ message: ReceivedMessage
  ) throws {
    let function = functions[head.number]
    begin(head)
    var entries = TaskEntries(bytes)
    var sentAt = Clock.coarse
    while true {
      // Before the claim: a task that is in hand has the time of its own beginning.
      let now = head.flags.contains(.isTimed) ? Clock.monotonic : Clock.coarse
      ledger.startedAt = now
      // What was taken back is at the end.
      guard let index = ledger.claim(head.slot) else { break }
      if now - sentAt > PoolWorker.gatherTime {
        try flush(head, isFinished: false)
        sentAt = now
      }
      var result: Value
      var isFailed = false
      var number = UInt64(index)
      do {
        guard let function else { throw ErrorObject(.system, "the function did not arrive") }
        if let directoryProblem { throw directoryProblem.rethrown }
        let argument: Value
        if head.flags.contains(.isLarge) {
          if Recorder.isOn { recordTask(.task, head, number) }
          argument = try payload(head, bytes, message)
          if head.seed != 0 { session.plant(task: head.seed) }
        } else {
          guard let entry = entries.next() else { break }
          number = UInt64(entry.mark)
          if Recorder.isOn { recordTask(.task, head, number) }
          argument = try codec.value(entry.payload)
          if head.seed != 0 {
            session.plant(task: RandomSource.taskSeed(head.seed, entry.mark))
          }
        }
        if head.flags.contains(.isRecorded) {
          result = try record(function, argument, head.flags)
        } else if head.flags.contains(.isTagged) {
          result = try tag(function, argument, head.flags)
        } else {
          result = try run(function, argument, head.flags)
        }
      } catch {
        result = .error(try failure(error))
        isFailed = true
      }
      if Process.forkDepth != depth { session.end(0, interpreter) }
      if session.output.isPending {
        do {
          try session.output.flush()
        } catch {
          // What a task could not write is its failure.
          result = .error(try failure(error))
          isFailed = true
        }
      }
      if Recorder.isOn { recordTask(.taskEnd, head, number, isFailed: isFailed) }
      try gather(result, index, isFailed, head)
      if isFailed, head.flags.contains(.mayHalt) {
        for slot in 0..<TaskLedger.slots { _ = ledger.takeBack(slot) }
      }
      if head.flags.contains(.isEager), ledger.hasMore(head.slot) {
        try flush(head, isFinished: false)
      }
    }
    try flush(head, isFinished: true)
  }

  /// A batch's number is one of an attempt: it is never used again.
  private func recordTask(
    _ what: Recorder.What, _ head: TaskPacket, _ number: UInt64, isFailed: Bool = false
  ) {
    let outcome = isFailed ? RecordedOutcome.other : .ok
    Recorder.write(
      what, number: number + 1, count: head.batch,
      id: pool.number & 0xFFFF_FFFF, outcome: outcome.rawValue)
  }

  private func run(
    _ function: WorkerFunction, _ argument: Value, _ flags: TaskPacket.Flags
  ) throws -> Value {
    if let failure = function.failure { throw failure }
    function.refresh()
    var arguments = [argument]
    var named: MapObject?
    if flags.contains(.isNamed), case .list(let parts) = argument, parts.items.count == 2,
      case .list(let list) = parts.items[0], case .map(let map) = parts.items[1]
    {
      (arguments, named) = (list.items, map)
    } else if flags.contains(.spreads), case .list(let list) = argument {
      arguments = list.items
    }
    if flags.contains([.isTagged, .isRecorded]) {
      session.output.linePrefix = TaskCapture.tag(of: arguments.first ?? .null)
    }
    defer { if flags.contains(.isTagged) { session.output.linePrefix = nil } }
    if let named, case .closure(let closure) = function.value {
      let all = try NamedArguments(of: closure.function).arranged(arguments, named)
      return try interpreter.invoke(
        function.value, all.positional, flags: all.flags, wantsValue: true)
    }
    return try interpreter.invoke(function.value, arguments)
  }

  /// Runs a task whose output is kept; what it yields is a part of its record.
  private func record(
    _ function: WorkerFunction, _ argument: Value, _ flags: TaskPacket.Flags
  ) throws -> Value {
    if session.output.isPending { try session.output.flush() }
    let capture = try capture ?? makeCapture()
    try mapErrors { try capture.begin() }
    session.output.descriptorChanged()
    var value = Value.null
    var thrown: (any Error)?
    do {
      value = try run(function, argument, flags)
      try session.output.flush()
    } catch {
      thrown = error
      try? session.output.flush()
    }
    capture.end()
    session.output.descriptorChanged()
    let facts = capture.facts
    guard let thrown else {
      facts.set("exit", .int(0))
      facts.set("value", value)
      return .map(facts)
    }
    let failure = try failure(thrown)
    facts.set("exit", .int(1))
    throw failure.amended { $0.take(record: facts) }
  }

  /// Runs a task, each line of whose output and that of its programs gets its item in front.
  private func tag(
    _ function: WorkerFunction, _ argument: Value, _ flags: TaskPacket.Flags
  ) throws -> Value {
    if session.output.isPending { try session.output.flush() }
    let capture = try capture ?? makeCapture()
    try mapErrors { try capture.begin() }
    session.output.descriptorChanged()
    defer {
      capture.end()
      session.output.descriptorChanged()
      var item = argument
      if flags.contains(.spreads), case .list(let list) = argument {
        item = list.items.first ?? .null
      }
      TaskCapture.show(capture.output, capture.error, tag: TaskCapture.tag(of: item))
    }
    let value = try run(function, argument, flags)
    try session.output.flush()
    return value
  }

  private func makeCapture() throws -> TaskCapture {
    let made = try mapErrors("cannot keep what a task writes") { try TaskCapture() }
    try withUnsafeTemporaryAllocation(byteCount: TaskPacket.headSize, alignment: 8) { buffer in
      guard let base = buffer.baseAddress else { return }
      TaskPacket(.capture).write(to: base)
      try send(UnsafeRawBufferPointer(buffer), [made.output, made.error])
    }
    capture = made
    return made
  }

  /// The error of a task; throws those that end a process.
  private func failure(_ error: any Error) throws -> ErrorObject {
    // `exit` and Ctrl-C end a worker as they end any child; the child of a classic fork too.
    if ExitRequest.isStop(error) || Process.forkDepth != depth { throw error }
    let object = asObject(error)
    if object.isOfTerm {
      // Where that came to all processes at once, it ends this one, too.
      let moment = Clock.deadline(after: WaitRecord.timeOfEndings)
      _ = try session.pause(interpreter, until: moment) { false }
    }
    return object
  }

  func asObject(_ error: any Error) -> ErrorObject {
    error as? ErrorObject ?? ErrorObject(.system, "\(error)")
  }
}

extension ErrorObject {
  /// Whether it is of a program that TERM ended, or whose child it ended, as shells tell.
  fileprivate var isOfTerm: Bool {
    if case .int(let status)? = payload["status"] { return status == 128 + Int(Signal.term.number) }
    return payload["signal"]?.asText == Signal.term.name
  }
}
